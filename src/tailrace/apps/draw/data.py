"""Pictures in black and white: scikit-learn's digits, MNIST files, or arrays."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailrace.apps.common.files import read_bytes
from tailrace.apps.common.parts import Split, generator, shuffled
from tailrace.apps.draw.settings import Settings
from tailrace.apps.errors import UserError

Values = NDArray[np.float32]

# files of MNIST's folder: to learn from, to test on
TRAIN, TEST = "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"
# of what there is to learn from, where the test pictures are a file of their own
VALIDATION = 1 / 6
DEMONSTRATIONS = ("digits", "scattered")
# side of the field that digits are scattered on
FIELD = 16
# what random numbers are for
BINARISE, SCATTER = 1, 5


@dataclass(frozen=True)
class Data:
    """Grey pictures [N, H, W] from 0 to 1, before they are divided."""

    text: str
    # a demonstration, or the files' absolute paths: what `open_data` takes
    source: list[str]
    pictures: Values
    test: Values | None = None

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width."""
        return self.pictures.shape[1], self.pictures.shape[2]

    def divided(self, settings: Settings, seed: int) -> Split[Values]:
        """The parts, black and white [N, P]. Raises: UserError for too few pictures."""
        bits = binarised(self.pictures, settings, seed)
        if self.test is None:
            rows = shuffled(len(bits), settings.held_out, seed)
            return Split(bits[rows.train], bits[rows.validation], bits[rows.test])
        order = generator(seed, 0).permutation(len(bits))
        chosen = max(1, round(len(bits) * VALIDATION))
        if len(bits) <= chosen:
            raise UserError(f"{len(bits)} pictures are too few to learn from")
        test = binarised(self.test, settings, seed + 1)
        return Split(bits[order[chosen:]], bits[order[:chosen]], test)


def binarised(pictures: Values, settings: Settings, seed: int) -> Values:
    """Grey pictures [N, H, W] in black and white, 0 and 1, as rows [N, P]."""
    grey = pictures.reshape(len(pictures), -1)
    if settings.binarise == "threshold":
        return (grey >= 0.5).astype(np.float32)
    drawn = generator(seed, BINARISE).random(grey.shape, np.float32)
    return (drawn < grey).astype(np.float32)


def open_data(source: list[str]) -> Data:
    """The built-in digits, or pictures of MNIST files: one, one with test pictures, or a folder.

    Raises: UserError where they are missing or not such files.
    """
    if len(source) == 1 and source[0] in DEMONSTRATIONS:
        return _digits(scattered=source[0] == "scattered")
    files = [Path(name) for name in source]
    if len(files) == 1 and files[0].is_dir():
        files = [_in_folder(files[0], TRAIN), *_optional(files[0], TEST)]
    if len(files) > 2:
        raise UserError("give one file, or one to learn from and one to test on, or a folder")
    parts = [read_idx(file) for file in files]
    if len(parts) == 2 and parts[0].shape[1:] != parts[1].shape[1:]:
        raise UserError(f"{files[1]}: its pictures are of another size than those of {files[0]}")
    count, high, wide = parts[0].shape
    text = f"{files[0]}: {count:,} pictures, {wide} x {high} pixels"
    named = [str(file.resolve()) for file in files]
    return Data(text, named, parts[0], parts[1] if len(parts) == 2 else None)


def _digits(*, scattered: bool) -> Data:
    # a second to load, wanted here only
    from sklearn.datasets import load_digits

    rows, _ = load_digits(return_X_y=True)
    pictures = np.asarray(rows, np.float32).reshape(-1, 8, 8) / np.float32(16)
    text = "scikit-learn's 1,797 handwritten digits, 8 x 8 pixels"
    if not scattered:
        return Data(text, ["digits"], pictures)
    field = np.zeros((len(pictures), FIELD, FIELD), np.float32)
    places = generator(0, SCATTER).integers(0, FIELD - 7, (len(pictures), 2))
    for whole, picture, (top, left) in zip(field, pictures, places, strict=True):
        whole[top : top + 8, left : left + 8] = picture
    return Data(f"{text}, each anywhere in {FIELD} x {FIELD}", ["scattered"], field)


def _optional(folder: Path, name: str) -> list[Path]:
    return [p for p in (folder / name, folder / f"{name}.gz") if p.is_file()][:1]


def _in_folder(folder: Path, name: str) -> Path:
    if found := _optional(folder, name):
        return found[0]
    raise UserError(f"{folder}: has no {name} or {name}.gz")


def read_idx(path: str | Path) -> Values:
    """The pictures of an IDX file (LeCun's format of MNIST), plain or compressed [N, H, W].

    Raises: UserError where it is missing, no such file, damaged or without pictures.
    """
    data = read_bytes(path)
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{path}: is damaged: {error}") from None
    if len(data) < 4 or data[:2] != b"\0\0":
        raise UserError(f"{path}: is not an IDX file, as MNIST's are")
    kind, dimensions = data[2], data[3]
    if kind != 8 or dimensions != 3:
        raise UserError(
            f"{path}: is an IDX file of type {kind:#04x} with {dimensions} dimensions; pictures "
            "have type 0x08 and 3"
        )
    if len(data) < 16:
        raise UserError(f"{path}: is damaged: it ends within its head")
    count, high, wide = struct.unpack(">3I", data[4:16])
    if len(data) != 16 + count * high * wide:
        raise UserError(
            f"{path}: is damaged: it has {len(data):,} bytes, not {16 + count * high * wide:,}"
        )
    if not count * high * wide:
        raise UserError(f"{path}: has no pictures")
    values = np.frombuffer(data, np.uint8, offset=16).astype(np.float32) / np.float32(255)
    return values.reshape(count, high, wide)


def from_array(X: ArrayLike) -> Values:
    """Pictures of an array [N, H, W], or of rows [N, P] that are squares.

    Raises: UserError for other shapes, and for values that are not from 0 to 1.
    """
    values = np.asarray(X, np.float32)
    if values.ndim == 2 and math.isqrt(values.shape[1]) ** 2 == values.shape[1]:
        values = values.reshape(len(values), math.isqrt(values.shape[1]), -1)
    if values.ndim != 3 or not values.size:
        raise UserError(
            f"pictures have shape {np.shape(X)}; [N, H, W], or squares [N, P], are needed"
        )
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise UserError("pixels must be from 0 to 1; divide them by the largest there can be")
    return values
