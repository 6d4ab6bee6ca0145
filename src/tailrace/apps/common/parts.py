"""Data divided for learning, choosing and testing; random numbers; figures over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.errors import UserError

Ids = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True)
class Split(Generic[T]):
    """The parts of some data: to learn from, to choose by, and to test on."""

    train: T
    validation: T
    test: T


def sizes(count: int, held_out: float) -> tuple[int, int, int]:
    """How many go into each part: of the part `held_out`, half is for validation, half for test."""
    test = int(count * held_out / 2)
    validation = int(count * held_out) - test
    return count - validation - test, validation, test


def in_order(count: int, held_out: float) -> Split[slice]:
    """The parts of a series or a text: contiguous, each follows on the one before."""
    train, validation, _ = sizes(count, held_out)
    return Split(
        slice(0, train), slice(train, train + validation), slice(train + validation, count)
    )


def shuffled(
    count: int, held_out: float, seed: int, classes: Sequence[int] | Ids | None = None
) -> Split[Ids]:
    """Row numbers of the parts of independent rows, drawn by lot; each class in proportion.

    Raises: UserError where a part would be empty.
    """
    random = np.random.default_rng(seed)
    groups = [np.arange(count)]
    if classes is not None:
        classes = np.asarray(classes)
        groups = [np.flatnonzero(classes == value) for value in np.unique(classes)]
    found: list[list[Ids]] = [[], [], []]
    for group in groups:
        rows = random.permutation(group)
        train, validation, _ = sizes(len(rows), held_out)
        for part, taken in zip(found, np.split(rows, [train, train + validation]), strict=True):
            part.append(taken)
    parts = [random.permutation(np.concatenate(part)) for part in found]
    if any(not len(part) for part in parts):
        raise UserError(f"{count} rows are too few to be divided; give more, or hold out more")
    return Split(*parts)


def generator(*numbers: int) -> np.random.Generator:
    """Random numbers of a seed and what they are for; other numbers, other independent stream."""
    return np.random.default_rng(list(numbers))


def mean_and_deviation(values: Sequence[float]) -> str:
    """Mean and sample standard deviation of figures over seeds, as `0.912 ± 0.004`."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:.3f}"
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return f"{mean:.3f} ± {deviation:.3f}"
