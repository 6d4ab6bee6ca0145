"""Precision and recall of ranges in time.

After Tatbul, Lee, Zdonik, Alam, Gottschlich, "Precision and recall for time series", 2018: a range
counts by how much of it is overlapped, less where several ranges share it, and recall also by
whether it was noticed at all. The position within a range does not matter (the paper's flat bias);
n overlapping ranges count 1/n. Nothing is point-adjusted: marking one point of a range does not
count as marking all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# first point and the one behind the last
Range = tuple[int, int]
# how much of a range's recall is for its being noticed at all
NOTICED = 0.5


@dataclass(frozen=True)
class Quality:
    """How well marks agree with the truth."""

    found: int  # ranges touched by a mark
    ranges: int
    recall: float
    precision: float
    false_alarms: float  # part of the normal points that were marked
    average_precision: float  # of the points' scores, whatever the threshold

    @property
    def f1(self) -> float:
        """The harmonic mean of recall and precision."""
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total else 0.0


def to_ranges(mask: NDArray[np.bool_]) -> list[Range]:
    """The runs of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _overlap(one: Range, others: Sequence[Range]) -> tuple[float, int]:
    """The part of a range that others cover, and how many do."""
    shared = [max(0, min(one[1], b) - max(one[0], a)) for a, b in others]
    return sum(shared) / (one[1] - one[0]), sum(map(bool, shared))


def _reward(one: Range, others: Sequence[Range]) -> float:
    part, count = _overlap(one, others)
    return part / count if count else 0.0


def recall(real: Sequence[Range], marked: Sequence[Range], noticed: float = NOTICED) -> float:
    """How much of the real ranges was marked, 0 to 1; 0 where there are none."""
    scores = [
        noticed * bool(_overlap(one, marked)[1]) + (1 - noticed) * _reward(one, marked)
        for one in real
    ]
    return sum(scores) / len(scores) if scores else 0.0


def precision(real: Sequence[Range], marked: Sequence[Range]) -> float:
    """How much of the marked ranges was real, 0 to 1; 0 where nothing is marked."""
    scores = [_reward(one, real) for one in marked]
    return sum(scores) / len(scores) if scores else 0.0


def average_precision(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """The mean over real points of the precision where they are reached, highest score first."""
    order = np.argsort(-scores, kind="stable")
    hits = labels[order]
    ranks = np.flatnonzero(hits) + 1
    return float((np.arange(1, len(ranks) + 1) / ranks).mean()) if len(ranks) else 0.0


def judge(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], marks: NDArray[np.bool_]
) -> Quality:
    """The quality of marks and scores [T]; points without a score yet (NaN) come last."""
    real, marked = to_ranges(labels), to_ranges(marks)
    found = sum(bool(_overlap(one, marked)[1]) for one in real)
    return Quality(
        found,
        len(real),
        recall(real, marked),
        precision(real, marked),
        float(marks[~labels].mean()) if (~labels).any() else 0.0,
        average_precision(labels, np.nan_to_num(scores, nan=-np.inf)),
    )
