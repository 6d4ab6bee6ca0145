"""The models a recurrent network is compared with, fitted and tuned on the same parts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.parts import Split
from tailrace.apps.lm.ngram import AddK, KneserNey, bits, tune_add_k, tune_kneser_ney
from tailrace.apps.lm.report import Score

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

# orders tried: how many symbols an n-gram has
ORDERS = {"char": range(2, 21), "word": range(1, 7)}
MARKOV_ORDERS = {"char": range(1, 8), "word": range(1, 4)}


@dataclass(frozen=True)
class Baselines:
    """The tuned models, and bits per symbol on the validation part of every order tried."""

    kneser_ney: KneserNey
    markov: AddK
    kneser_ney_orders: dict[int, float]
    markov_orders: dict[int, float]
    scores: list[Score]


def fit_baselines(
    parts: Split[Ids], vocabulary_size: int, level: str, orders: Iterable[int] | None = None
) -> Baselines:
    """Fits on the training part, tunes on the validation part, scores on both held-out ones."""
    smooth, smooth_tried = tune_kneser_ney(
        parts.train, parts.validation, vocabulary_size, orders or ORDERS[level]
    )
    markov, markov_tried = tune_add_k(
        parts.train, parts.validation, vocabulary_size, orders or MARKOV_ORDERS[level]
    )
    uniform = math.log2(vocabulary_size)
    scores = [
        _score(f"{smooth.order}-gram, Kneser-Ney", smooth, parts),
        _score(f"Markov, order {markov.order - 1}", markov, parts),
        Score("uniform", uniform, uniform),
    ]
    return Baselines(smooth, markov, smooth_tried, markov_tried, scores)


def mixing_weight(first: Floats, second: Floats) -> float:
    """The weight w of 0 to 1 that makes w * first + (1 - w) * second likeliest.

    The likelihood is concave in w, so its slope is followed by halving.
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        weight = (low + high) / 2
        slope = ((first - second) / (weight * first + (1 - weight) * second)).sum()
        low, high = (weight, high) if slope > 0 else (low, weight)
    return low if high < 1 else high


def _score(name: str, model: KneserNey | AddK, parts: Split[Ids]) -> Score:
    return Score(
        name,
        bits(model.probabilities(parts.validation, context=parts.train)),
        bits(model.probabilities(parts.test, context=parts.validation)),
    )
