"""Pictures with captions: a folder and a CSV file, and their parts."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.files import read_text
from tailrace.apps.common.parts import Ids, Split, shuffled
from tailrace.apps.common.pictures import as_image, read
from tailrace.apps.errors import UserError

COLUMNS = ("file", "caption")


@dataclass(frozen=True)
class Album:
    """Pictures [N, side, side, 3] from 0 to 1, the right captions of each, and their names."""

    pictures: NDArray[np.float32]
    captions: list[list[str]]
    names: list[str]

    def __len__(self) -> int:
        return len(self.pictures)

    def rows(self, numbers: Sequence[int] | Ids) -> Album:
        """Some of the pictures."""
        return Album(
            self.pictures[np.asarray(numbers, int)],
            [self.captions[i] for i in numbers],
            [self.names[i] for i in numbers],
        )

    @property
    def fingerprint(self) -> str:
        """Tells two albums apart."""
        found = hashlib.sha256(repr((self.names, self.captions)).encode())
        found.update(np.rint(255 * self.pictures).astype(np.uint8).tobytes())
        return found.hexdigest()


def read_album(folder: str | Path, captions: str | Path, side: int) -> Album:
    """The pictures that a CSV file names, columns file and caption, a line per caption.

    Raises: UserError where a file is missing or cannot be read, or nothing is said of a picture.
    """
    base = Path(folder)
    if not base.is_dir():
        raise UserError(f"{base}: {'is a file; a folder' if base.exists() else 'no such folder'}")
    found: dict[str, list[str]] = {}
    for number, (name, caption) in enumerate(_lines(captions), 2):
        if not caption:
            raise UserError(f"{captions}, line {number}: {name} has no caption")
        if not (base / name).is_file():
            raise UserError(f"{captions}, line {number}: {base / name}: no such file")
        found.setdefault(name, []).append(caption)
    if not found:
        raise UserError(f"{captions}: has a head line, but no captions")
    pictures = [read_picture(base / name, side) for name in found]
    return Album(np.stack(pictures), list(found.values()), list(found))


def _lines(path: str | Path) -> list[tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(read_text(path)), strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or [])]
        if missing:
            raise UserError(
                f"{path}: has no column {missing[0]}; its first line must name the columns "
                f"{' and '.join(COLUMNS)}"
            )
        return [((row["file"] or "").strip(), (row["caption"] or "").strip()) for row in rows]
    except csv.Error as error:
        raise UserError(f"{path}, line {rows.line_num}: is not CSV: {error}") from None


def read_picture(path: str | Path, side: int) -> NDArray[np.float32]:
    """A picture as a square of `side` pixels, stretched where it is none.

    Raises: UserError where it cannot be read.
    """
    picture = read(path, colour=True)
    if picture.shape[:2] == (side, side):
        return picture
    image = as_image(picture).resize((side, side))
    return np.asarray(image, np.float32) / np.float32(255)


def divide(album: Album, held_out: float, seed: int) -> Split[Album]:
    """The parts of an album, drawn by lot. Raises: UserError where one would be empty."""
    parts = shuffled(len(album), held_out, seed)
    return Split(album.rows(parts.train), album.rows(parts.validation), album.rows(parts.test))
