"""Squares cut out of pictures, and pictures put together again from squares that overlap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tailrace.apps.denoise.corruption import Values

Shape = tuple[int, int]
Mend = Callable[[Values], Values]

# squares that are mended at once
AT_ONCE = 8192


def draw(
    pictures: Sequence[Values], shape: Shape, count: int, random: np.random.Generator
) -> Values:
    """Squares from random places, large pictures giving more [count, H W].

    Pictures that are squares themselves are all taken, whole, in random order.
    """
    if all(picture.shape == shape for picture in pictures):
        rows = np.stack(pictures).reshape(len(pictures), -1)
        return rows[random.permutation(len(rows))]
    places = np.array([_places(picture, shape) for picture in pictures])
    chosen = random.choice(len(pictures), count, p=places / places.sum())
    squares = np.empty((count, *shape), np.float32)
    for i, number in enumerate(chosen):
        picture = pictures[number]
        top = random.integers(picture.shape[0] - shape[0] + 1)
        left = random.integers(picture.shape[1] - shape[1] + 1)
        squares[i] = picture[top : top + shape[0], left : left + shape[1]]
    return squares.reshape(count, -1)


def _places(picture: Values, shape: Shape) -> int:
    return (picture.shape[0] - shape[0] + 1) * (picture.shape[1] - shape[1] + 1)


def mend(picture: Values, shape: Shape, rows: Mend) -> Values:
    """A picture [H, W], at least of the squares' size, mended square by square by `rows`.

    Squares are a quarter of their side apart; each pixel is the mean of what its squares say.
    """
    if picture.shape == shape:
        return rows(picture.reshape(1, -1)).reshape(shape)
    tops, lefts = (_starts(side, part) for side, part in zip(picture.shape, shape, strict=True))
    windows = sliding_window_view(picture, shape)
    total = np.zeros(picture.shape, np.float32)
    covered = np.zeros(picture.shape, np.float32)
    band = max(1, AT_ONCE // len(lefts))
    for first in range(0, len(tops), band):
        some = tops[first : first + band]
        squares = windows[some][:, lefts].reshape(len(some) * len(lefts), -1)
        mended = rows(squares).reshape(len(some), len(lefts), *shape)
        for i, top in enumerate(some):
            for j, left in enumerate(lefts):
                here = np.s_[top : top + shape[0], left : left + shape[1]]
                total[here] += mended[i, j]
                covered[here] += 1
    return total / covered


def _starts(side: int, part: int) -> list[int]:
    """Where squares begin: a quarter of a square apart, the last one at the end."""
    last = side - part
    return sorted({*range(0, last + 1, max(1, part // 4)), last})
