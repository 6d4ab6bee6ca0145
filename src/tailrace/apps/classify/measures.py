"""How good answers are: accuracy, the classes' F1, confusion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.vocabulary import Ids


@dataclass(frozen=True)
class Quality:
    """Figures of some answers."""

    accuracy: float
    # mean over the classes of 2 P R / (P + R)
    macro_f1: float
    # [true class, answer]
    confusion: NDArray[np.int64]

    def of_classes(self) -> NDArray[np.float64]:
        """Precision, recall, F1 and number of each class, [C, 4]."""
        return per_class(self.confusion)


def judge(truth: Ids, answers: Ids, classes: int) -> Quality:
    """The quality of answers; classes that do not occur and are not answered count nothing."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (truth, answers), 1)
    seen = (confusion.sum(0) + confusion.sum(1)) > 0
    return Quality(
        float((truth == answers).mean()), float(per_class(confusion)[seen, 2].mean()), confusion
    )


def per_class(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Precision, recall, F1 (0 where nothing is right) and number of each class, [C, 4]."""
    right = np.diag(confusion).astype(float)
    precision = right / np.maximum(confusion.sum(0), 1)
    recall = right / np.maximum(confusion.sum(1), 1)
    f1 = 2 * right / np.maximum(confusion.sum(0) + confusion.sum(1), 1)
    return np.stack([precision, recall, f1, confusion.sum(1).astype(float)], axis=1)


def majority(learnt: Ids, truth: Ids, classes: int) -> Quality:
    """The quality of always answering with the class most frequent in what was learnt."""
    answer = int(np.bincount(learnt, minlength=classes).argmax())
    return judge(truth, np.full(len(truth), answer), classes)
