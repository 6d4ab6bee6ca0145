"""The pictures to learn from: built-in ones, a folder's, or arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tailrace.apps.common import pictures
from tailrace.apps.common.parts import Split, shuffled
from tailrace.apps.denoise.corruption import Values
from tailrace.apps.denoise.patches import Shape
from tailrace.apps.denoise.settings import Settings
from tailrace.apps.errors import UserError

DEMONSTRATIONS = ("digits", "photos")
# side of the tiles that the two photographs are cut into
TILE = 64


@dataclass(frozen=True)
class Data:
    """Grey pictures [H, W] from 0 to 1."""

    name: str
    text: str
    pictures: list[Values]
    # "digits", "photos" or a folder: what `open_data` takes
    source: str

    def divided(self, settings: Settings, seed: int) -> Split[list[Values]]:
        """The parts. Raises: UserError for too few pictures."""
        rows = shuffled(len(self.pictures), settings.held_out, seed)
        return Split(*([self.pictures[i] for i in part] for part in vars(rows).values()))


def open_data(source: str, settings: Settings) -> Data:
    """Built-in pictures by name, or those of a folder.

    Raises: UserError where there are none, or one cannot be read.
    """
    if source == "digits":
        return _digits()
    if source == "photos":
        return _photos()
    files = pictures.in_folder(source)
    found = [pictures.read(file, longest=settings.longest) for file in files]
    name = Path(source).resolve().name
    return Data(name, f"{len(found)} pictures of {source}", found, str(Path(source).resolve()))


def _digits() -> Data:
    # a second to load, wanted here only
    from sklearn.datasets import load_digits

    data, _ = load_digits(return_X_y=True)
    images = np.asarray(data, np.float32).reshape(-1, 8, 8) / 16
    text = "scikit-learn's 1,797 handwritten digits, 8 x 8 pixels"
    return Data("digits", text, list(images), "digits")


def _photos() -> Data:
    from sklearn.datasets import load_sample_images

    tiles = []
    for photo in load_sample_images().images:
        grey = (photo @ np.array([0.299, 0.587, 0.114]) / 255).astype(np.float32)
        tiles += [
            grey[top : top + TILE, left : left + TILE]
            for top in range(0, grey.shape[0] - TILE + 1, TILE)
            for left in range(0, grey.shape[1] - TILE + 1, TILE)
        ]
    text = f"scikit-learn's two sample photographs, grey, cut into {len(tiles)} tiles"
    return Data("photos", text, tiles, "photos")


def from_arrays(X: ArrayLike | Sequence[ArrayLike]) -> tuple[list[Values], bool]:
    """Pictures of an array [N, H, W], of rows [N, P], or a list of arrays [H, W].

    Rows become squares where P is a square number, lines of P pixels elsewhere; the second value
    says whether X had rows.

    Raises: UserError for other shapes, and for values that are not from 0 to 1.
    """
    if isinstance(X, np.ndarray) or not isinstance(X, list | tuple):
        array = np.asarray(X)
        if array.ndim not in (2, 3):
            raise UserError(f"pictures have shape {array.shape}; [N, P] or [N, H, W] is needed")
        if array.ndim == 2:
            side = math.isqrt(array.shape[1])
            shape = (side, side) if side * side == array.shape[1] else (1, array.shape[1])
            return [_checked(row).reshape(shape) for row in array], True
        return [_checked(picture) for picture in array], False
    found = [_checked(picture) for picture in X]
    if any(picture.ndim != 2 for picture in found):
        raise UserError("a list of pictures must hold arrays [H, W]")
    return found, False


def _checked(picture: ArrayLike) -> Values:
    values = np.asarray(picture, np.float32)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise UserError("pixels must be from 0 to 1; divide them by the largest there can be")
    return values


def square_of(found: Sequence[Values], patch: int) -> Shape:
    """The shape of what the network sees.

    Raises: UserError where a picture is smaller, or, for patch 0, of another size than the others.
    """
    shapes = {picture.shape for picture in found}
    if patch == 0:
        if len(shapes) > 1:
            raise UserError("--patch 0: takes pictures whole, so they must be of one size")
        high, wide = next(iter(shapes))
        return high, wide
    least = min(min(shape) for shape in shapes)
    if least < patch:
        raise UserError(f"--patch {patch}: a picture is only {least} pixels high or wide")
    return patch, patch
