"""From raw scores to alarms: smoothing, the threshold and the model of a predictor's errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.anomaly.windows import Floats
from tailrace.apps.errors import UserError

# keeps error models of nearly constant channels from dividing by nothing
RIDGE = 1e-4


def smoothed(scores: Floats, count: int) -> Floats:
    """The mean of each score and those before it, `count` in all, of those that there are."""
    known = ~np.isnan(scores)
    total = np.cumsum(np.concatenate([[0.0], np.where(known, scores, 0.0)]))
    number = np.cumsum(np.concatenate([[0], known]))
    first = np.maximum(np.arange(len(scores)) + 1 - count, 0)
    here = np.arange(1, len(scores) + 1)
    counted = number[here] - number[first]
    mean = (total[here] - total[first]) / np.maximum(counted, 1)
    return np.where(known, mean, np.nan)


def threshold(scores: Floats, rate: float) -> float:
    """The score that a normal point exceeds with the probability `rate` at most.

    It is the ceil((n + 1) (1 - rate))-th of n calibration scores in order: where scores may be
    exchanged for one another, the rate holds on average for new normal data. Scores of a series
    depend on their neighbours, so a run's own rate scatters more than n suggests.

    Raises: UserError where the scores are too few for the rate.
    """
    scores = np.sort(scores[~np.isnan(scores)])
    check_enough(len(scores), rate)
    rank = math.ceil((len(scores) + 1) * (1 - rate))
    return float(scores[rank - 1])


def check_enough(count: int, rate: float) -> None:
    """Raises UserError where so many normal points cannot show a rate of false alarms."""
    if math.ceil((count + 1) * (1 - rate)) > count:
        raise UserError(
            f"--false-alarms {rate:g}: needs {math.ceil(1 / rate)} normal points to calibrate on, "
            f"there are {count}; give more data, or allow more false alarms"
        )


@dataclass(frozen=True)
class Errors:
    """Normal errors of a predictor as one Gaussian (Malhotra, Vig, Shroff, Agarwal, 2015)."""

    mean: Floats  # [K]
    root: Floats  # [K, K], whitens errors

    @classmethod
    def fit(cls, errors: Floats) -> Errors:
        """The Gaussian of errors [T, K]."""
        covariance = np.atleast_2d(np.cov(errors.T))
        covariance += (
            RIDGE * max(np.trace(covariance) / len(covariance), RIDGE) * np.eye(len(covariance))
        )
        return cls(errors.mean(axis=0), np.linalg.inv(np.linalg.cholesky(covariance)))

    def scores(self, errors: Floats) -> Floats:
        """Squared Mahalanobis distances of errors [T, K] per dimension: 1 is usual."""
        return (((errors - self.mean) @ self.root.T) ** 2).mean(axis=1)

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"mean": self.mean.tolist(), "root": self.root.tolist()}

    @classmethod
    def from_json(cls, data: dict[str, Any], size: int) -> Errors:
        """What `to_json` wrote, for `size` dimensions."""
        mean, root = np.asarray(data["mean"], float), np.asarray(data["root"], float)
        if mean.shape != (size,) or root.shape != (size, size):
            raise ValueError("the error model does not fit the settings")
        return cls(mean, root)


def marked(scores: Floats, limit: float) -> NDArray[np.bool_]:
    """Which points are above the threshold."""
    # a point without a score is above nothing
    return np.nan_to_num(scores, nan=-np.inf) > limit
