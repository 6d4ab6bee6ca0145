"""How symbols are drawn, and texts by lot one symbol after the other, outside the graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.settings import above_zero, at_least
from tailrace.apps.errors import UserError
from tailrace.apps.lm.reading import Reader, Reading

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

# what is added to logits that no noise may lift; the unknown symbol's is the lowest of all
NEVER, UNKNOWN = -1e30, -1e36


@dataclass(frozen=True)
class Choice:
    """How symbols are drawn.

    `temperature` below 1 prefers the likely ones (0: always the likeliest). `top_k` allows only
    the k likeliest, `top_p` only the fewest likeliest ones that have that probability together,
    `no_repeat` n only those with which no group of n symbols comes a second time.
    `repetition_penalty` r makes P^r of the probability P of those among the last
    `repetition_window` symbols (as Keskar et al., "CTRL", 2019, but on the log-probability, which
    does not depend on where logits have their zero).
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    no_repeat: int | None = None
    repetition_penalty: float | None = None
    repetition_window: int = 50

    def __post_init__(self) -> None:
        """Raises UserError for a value that cannot be."""
        at_least("temperature", self.temperature, 0, whole=False)
        if self.top_k is not None:
            at_least("top_k", self.top_k, 1)
        if self.top_p is not None:
            above_zero("top_p", self.top_p)
            if self.top_p > 1:
                raise UserError(f"--top-p {self.top_p:g}: must be at most 1")
        if self.no_repeat is not None:
            at_least("no_repeat", self.no_repeat, 2)
        if self.repetition_penalty is not None:
            at_least("repetition_penalty", self.repetition_penalty, 1, whole=False)
        at_least("repetition_window", self.repetition_window, 1)

    def weights(self, probabilities: Floats, text: Ids) -> Floats:
        """How likely each symbol is drawn after `text`, [V], given what is expected there."""
        logits = np.log(np.maximum(probabilities, np.finfo(float).tiny))
        if self.repetition_penalty is not None:
            logits[np.unique(text[-self.repetition_window :])] *= self.repetition_penalty
        if self.no_repeat is not None:
            logits[_again(text, self.no_repeat)] += NEVER
        logits[0] = UNKNOWN
        order = np.argsort(-logits, kind="stable")
        weights = _softmax(logits, self.temperature)
        if self.top_k is not None:
            weights[order[self.top_k :]] = 0
        if self.top_p is not None:
            weights /= weights.sum()
            before = np.cumsum(weights[order]) - weights[order]
            weights[order[before >= self.top_p]] = 0
        return weights / weights.sum()


def _softmax(logits: Floats, temperature: float) -> Floats:
    """exp(logits / temperature), normalized; all on the first of the highest at temperature 0."""
    if not temperature:
        return np.eye(len(logits))[np.argmax(logits)]
    weights = np.exp((logits - logits.max()) / temperature)
    return weights / weights.sum()


def _again(text: Ids, size: int) -> Ids:
    """Symbols that would make a group of `size` symbols come again."""
    if len(text) < size:
        return np.zeros(0, np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(text, size)
    same = (windows[:, :-1] == text[len(text) - size + 1 :]).all(axis=1)
    return np.unique(windows[same, -1])


def draw_step_by_step(
    reader: Reader, reading: Reading, ids: Ids, length: int, choice: Choice, seed: int
) -> Iterator[Ids]:
    """As `generation.draw`, for readers whose n-gram model the graph does not know."""
    random = np.random.default_rng(seed)
    text = ids
    for _ in range(length):
        probabilities, reading = reader.read(reading, text[None, -1:])
        weights = choice.weights(probabilities[0], text)
        text = np.append(text, random.choice(len(weights), p=weights))
        yield text[-1:]
