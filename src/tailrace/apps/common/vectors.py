"""Word vectors from files: GloVe's text, word2vec's text and binary, ConceptNet Numberbatch.

    text      a line per word: the word, then its numbers, separated by blanks. word2vec and
              Numberbatch put a line "COUNT DIMENSIONS" before them, GloVe does not. A word may hold
              blanks: the last DIMENSIONS cells are the numbers.
    binary    word2vec's: that line, then for each word its bytes, a blank and DIMENSIONS little-
              endian float32 numbers, perhaps with a line end before the next word
    .gz       any of these, compressed

Words that are ConceptNet's (`/c/en/ice_cream`) are taken where they are of the language wanted, and
lose the prefix.
"""

from __future__ import annotations

import gzip
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.files import write_file
from tailrace.apps.errors import UserError

# what a head line or a word of word2vec's binary format takes at most
LONGEST_HEAD, LONGEST_WORD = 64, 2000
# a word's numbers are no fewer: what looks like less is not a file of vectors
LEAST_DIMENSIONS = 2


@dataclass(frozen=True)
class Vectors:
    """Words and their vectors [V, D], in the order of their file, each word once."""

    words: list[str]
    matrix: NDArray[np.float32]

    @property
    def size(self) -> int:
        """How many numbers a vector has."""
        return self.matrix.shape[1]


def read_vectors(path: str | Path, *, most: int | None = None, language: str = "en") -> Vectors:
    """The vectors of a file, the first `most` of them where that is given.

    Raises: UserError where the file is missing, unreadable or has another form, with its line.
    """
    try:
        with _opened(path) as file:
            return _gathered(path, _entries(path, file), most, language)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder; name a file of vectors") from None
    except (OSError, EOFError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error


def write_vectors(path: Path, vectors: Vectors) -> None:
    """Writes word2vec's text format. Raises: UserError where that cannot be done."""
    lines = [f"{len(vectors.words)} {vectors.size}"]
    for word, row in zip(vectors.words, vectors.matrix, strict=True):
        lines.append(f"{word} {' '.join(f'{value:.7g}' for value in row)}")
    write_file(path, ("\n".join(lines) + "\n").encode())


def _opened(path: str | Path) -> IO[bytes]:
    opener = gzip.open if str(path).endswith(".gz") else open
    return cast(IO[bytes], opener(path, "rb"))


Entry = tuple[str, NDArray[np.float32]]


def _entries(path: str | Path, file: IO[bytes]) -> Iterator[Entry]:
    """Words and vectors, whatever the format."""
    first = file.readline(1 << 20)
    head = _head(first)
    if head is None:
        return _text(path, file, first, None)
    count, size = head
    start = file.tell()
    line = file.readline(1 << 20)
    if _numbers(line, size) is not None:
        return _text(path, file, line, size)
    file.seek(start)
    return _binary(path, file, count, size)


def _head(line: bytes) -> tuple[int, int] | None:
    """Count and dimensions of a head line, None where a line is something else."""
    cells = line.split()
    if len(line) > LONGEST_HEAD or len(cells) != 2 or not all(c.isdigit() for c in cells):
        return None
    return int(cells[0]), int(cells[1])


def _numbers(line: bytes, size: int) -> NDArray[np.float32] | None:
    """The last `size` cells of a line as finite numbers; None where they are not."""
    cells = line.split()[-size:]
    try:
        row = np.frombuffer(array("f", map(float, cells)), np.float32)
    except (ValueError, OverflowError):
        return None
    return row if len(row) == size and np.isfinite(row).all() else None


def _text(path: str | Path, file: IO[bytes], line: bytes, size: int | None) -> Iterator[Entry]:
    number = 1 if size is None else 2
    if size is None:
        size = _dimensions(line)
    while line:
        if line.strip():
            cells = line.rstrip().rsplit(None, size)
            row = _numbers(line, size) if len(cells) == size + 1 and size else None
            if row is None or size < LEAST_DIMENSIONS:
                raise UserError(
                    f"{path}: line {number} is not a word and its vector"
                    + (f" of {size} numbers" if size >= LEAST_DIMENSIONS else "")
                )
            yield cells[0].decode(errors="replace"), row
        line = file.readline(1 << 20)
        number += 1


def _dimensions(line: bytes) -> int:
    """How many numbers end a line; its first cell is a word even if it is a number."""
    count = 0
    for cell in reversed(line.split()[1:]):
        try:
            value = float(cell)
        except ValueError:
            break
        count += math.isfinite(value)
    return count


def _binary(path: str | Path, file: IO[bytes], count: int, size: int) -> Iterator[Entry]:
    for number in range(1, count + 1):
        word = bytearray()
        while (byte := file.read(1)) not in (b" ", b"") and len(word) < LONGEST_WORD:
            word += byte if word or byte not in b"\r\n" else b""
        data = file.read(4 * size)
        row = np.frombuffer(data, "<f4") if len(data) == 4 * size else np.zeros(0, np.float32)
        if not word or len(row) != size or not np.isfinite(row).all():
            raise UserError(
                f"{path}: is damaged, or not a file of vectors: word {number} of {count} cannot "
                f"be read with its {size} numbers"
            )
        yield word.decode(errors="replace"), row.astype(np.float32)


def _gathered(
    path: str | Path, entries: Iterator[Entry], most: int | None, language: str
) -> Vectors:
    rows: dict[str, NDArray[np.float32]] = {}
    skipped = 0
    for word, row in entries:
        name = _plain(word, language)
        if name is None:
            skipped += 1
            continue
        rows.setdefault(name, row)
        if most is not None and len(rows) >= most:
            break
    if not rows:
        why = f" of the language {language}" if skipped else ""
        raise UserError(f"{path}: has no word vectors{why}")
    return Vectors(list(rows), np.stack(list(rows.values())))


def _plain(word: str, language: str) -> str | None:
    """A word without ConceptNet's prefix; None where that is another language's."""
    if not word.startswith("/c/"):
        return word
    parts = word.split("/", 3)
    return parts[3] if len(parts) == 4 and parts[2] == language else None
