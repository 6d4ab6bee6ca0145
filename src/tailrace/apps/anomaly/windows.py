"""Windows over a series, and what they say of its points.

Arrays: T points, C channels, N windows of L points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def starts(length: int, window: int, stride: int) -> NDArray[np.int64]:
    """Where windows begin: every `stride` points, and once more so that the last one ends last."""
    found = np.arange(0, length - window + 1, stride)
    if len(found) and found[-1] != length - window:
        found = np.append(found, length - window)
    return found


def cut(values: Floats, window: int, stride: int = 1) -> Floats:
    """Windows [N, L, C] of a series [T, C]."""
    every = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)
    return every[starts(len(values), window, stride)].transpose(0, 2, 1)


def spread(errors: Floats, length: int, stride: int) -> Floats:
    """The mean over all windows that hold a point: errors [N, L] to [T]."""
    window = errors.shape[1]
    total, count = np.zeros(length), np.zeros(length)
    for start, error in zip(starts(length, window, stride), errors, strict=True):
        total[start : start + window] += error
        count[start : start + window] += 1
    return total / count


def clean(mask: NDArray[np.bool_], window: int) -> NDArray[np.int64]:
    """Where windows begin that hold no marked point."""
    if len(mask) < window:
        return np.zeros(0, np.int64)
    return np.flatnonzero(~np.lib.stride_tricks.sliding_window_view(mask, window).any(axis=1))
