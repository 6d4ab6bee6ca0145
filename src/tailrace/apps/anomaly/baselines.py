"""Simple detectors that a network has to be better than.

Each is fitted on normal standardized values [T, C] and gives raw scores [T], larger where stranger.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from tailrace.apps.anomaly.windows import Floats, cut, spread

# windows flatter than this, in standard deviations of the series, are not blown up to shapes
FLAT = 0.1
# the part of the variance that the linear autoencoder keeps
KEPT = 0.95
BLOCK = 256


class Baseline(Protocol):
    """A detector without a network."""

    name: str

    def raw_scores(self, values: Floats) -> Floats:
        """Scores [T] of standardized values [T, C]."""
        ...


class MovingZScore:
    """How far a point is from the mean of the `window` points before it, in their deviations."""

    name = "moving z-score"

    def __init__(self, window: int) -> None:
        self._window = window

    def raw_scores(self, values: Floats) -> Floats:
        """Squared distances, the largest over the channels; none for the first points."""
        scores = np.full(len(values), np.nan)
        before = np.lib.stride_tricks.sliding_window_view(values[:-1], self._window, axis=0)
        deviation = np.maximum(before.std(axis=2), FLAT)
        distance = (values[self._window :] - before.mean(axis=2)) / deviation
        scores[self._window :] = (distance**2).max(axis=1)
        return scores


class Discord:
    """How unlike its nearest neighbour among the normal ones a window's shape is.

    This is the matrix profile of a series joined with the normal one (Yeh and others, 2016): the
    least Euclidean distance of standardized windows, here as one product of matrices, which for
    tens of thousands of points is quick enough.
    """

    name = "discord"

    def __init__(self, normal: Floats, window: int, stride: int) -> None:
        self._window, self._stride = window, stride
        self._known = _shapes(cut(normal, window))

    def raw_scores(self, values: Floats) -> Floats:
        """Squared distances, averaged over all windows that hold a point."""
        shapes = _shapes(cut(values, self._window, self._stride))
        squares = (self._known**2).sum(axis=1)
        nearest = [
            (squares - 2 * block @ self._known.T).min(axis=1) + (block**2).sum(axis=1)
            for block in np.split(shapes, range(BLOCK, len(shapes), BLOCK))
        ]
        distances = np.repeat(np.concatenate(nearest)[:, None], self._window, axis=1)
        return spread(distances, len(values), self._stride)


class LinearAutoencoder:
    """What the principal components of normal windows leave unexplained of a window."""

    name = "linear autoencoder"

    def __init__(self, normal: Floats, window: int, stride: int) -> None:
        self._window, self._stride = window, stride
        rows = cut(normal, window).reshape(-1, window * normal.shape[1])
        self._mean = rows.mean(axis=0)
        _, sizes, directions = np.linalg.svd(rows - self._mean, full_matrices=False)
        explained = np.cumsum(sizes**2) / np.maximum((sizes**2).sum(), 1e-12)
        self._directions = directions[: int(np.searchsorted(explained, KEPT)) + 1]

    def raw_scores(self, values: Floats) -> Floats:
        """Squared errors of the reconstruction, averaged over all windows that hold a point."""
        windows = cut(values, self._window, self._stride)
        rows = windows.reshape(len(windows), -1) - self._mean
        rest = rows - rows @ self._directions.T @ self._directions
        errors = (rest.reshape(windows.shape) ** 2).sum(axis=2)
        return spread(errors, len(values), self._stride)


def fit_baselines(normal: Floats, window: int, stride: int) -> list[Baseline]:
    """All of them, fitted on normal values [T, C]."""
    return [
        MovingZScore(window),
        Discord(normal, window, stride),
        LinearAutoencoder(normal, window, stride),
    ]


def _shapes(windows: Floats) -> Floats:
    """Windows [N, L, C] standardized each by itself, as rows [N, L C]."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    deviation = np.maximum(windows.std(axis=1, keepdims=True), FLAT)
    return (centred / deviation).reshape(len(windows), -1)
