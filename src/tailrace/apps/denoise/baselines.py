"""What an autoencoder is compared with: doing nothing, a median filter, PCA, a linear map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tailrace.apps.denoise.corruption import Values
from tailrace.apps.denoise.denoiser import Lesson
from tailrace.apps.denoise.patches import mend

Method = Callable[[Values], Values]

# epochs of spoilt squares that the linear map learns from, and squares of them at most
LINEAR_EPOCHS, LINEAR_SQUARES = 10, 60000
# added to the moments, for pixels that never change
RIDGE = 1e-6


def methods(lesson: Lesson) -> tuple[dict[str, Method], int]:
    """Ways to mend a picture, by name, and PCA's number of components.

    They have learnt from what the autoencoder learns from.
    """
    components, reduced = principal(lesson)
    linear = least_squares(lesson)
    found: dict[str, Method] = {
        "nothing": lambda picture: picture,
        "median 3 x 3": median,
        "PCA": lambda picture: mend(picture, lesson.shape, reduced),
        "linear map": lambda picture: mend(picture, lesson.shape, linear),
    }
    return found, components


def median(picture: Values) -> Values:
    """Each pixel the median of the nine around it; the edge's pixels are repeated outwards."""
    around = sliding_window_view(np.pad(picture, 1, mode="edge"), (3, 3))
    return np.median(around, axis=(2, 3)).astype(np.float32)


def principal(lesson: Lesson) -> tuple[int, Method]:
    """Squares projected on the clean ones' first principal components.

    As many as mend the validation part best.
    """
    clean = lesson.squares(0)
    mean = clean.mean(0)
    axes = np.linalg.svd(clean - mean, full_matrices=False)[2].astype(np.float32)
    spoilt, wanted = lesson.checks()
    coordinates, truth = (spoilt - mean) @ axes.T, (wanted - mean) @ axes.T
    # an orthogonal projection: kept axes err by what was spoilt along them, others by all of it
    kept = np.square(coordinates - truth).sum(0, dtype=np.float64)
    dropped = np.square(truth).sum(0, dtype=np.float64)
    errors = [kept[:k].sum() + dropped[k:].sum() for k in range(1, len(axes) + 1)]
    best = int(np.argmin(errors)) + 1
    axes = axes[:best]
    return best, lambda rows: np.clip((rows - mean) @ axes.T @ axes + mean, 0, 1)


def least_squares(lesson: Lesson) -> Method:
    """The affine map from spoilt to clean squares of least squared error."""
    spoilt, clean = [], []
    for epoch in range(LINEAR_EPOCHS):
        squares = lesson.squares(epoch)[: LINEAR_SQUARES // LINEAR_EPOCHS]
        clean.append(squares)
        spoilt.append(lesson.spoilt(squares, epoch))
    inputs = _with_ones(np.concatenate(spoilt)).astype(np.float64)
    # by way of the moments: there are far more squares than pixels
    moments = inputs.T @ inputs / len(inputs) + RIDGE * np.eye(inputs.shape[1])
    found = np.linalg.solve(moments, inputs.T @ np.concatenate(clean) / len(inputs))
    solution = found.astype(np.float32)
    return lambda rows: np.clip(_with_ones(rows) @ solution, 0, 1)


def _with_ones(rows: Values) -> Values:
    return np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)
