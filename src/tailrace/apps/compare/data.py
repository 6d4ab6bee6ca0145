"""The text as batches, and what counting alone makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.compare.settings import Settings
from tailrace.apps.errors import UserError
from tailrace.apps.lm.corpus import load_text

# of the held-out text at most so many batches are used
MOST_HELD_OUT = 10
# how much the counts of single characters weigh where pairs are few
PAIR_PRIOR = 5.0

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Data:
    """A text's characters as numbers, in batches [N, B, T + 1] whose rows overlap by one."""

    name: str
    vocabulary: int
    batches: Ids
    held_out: Ids

    def write(self, file: Path) -> None:
        """Writes the batches for the engines."""
        np.savez(file, batches=self.batches, held_out=self.held_out)

    def seen(self, updates: int) -> Ids:
        """The batches that so many updates learn from."""
        return self.batches[: min(updates, len(self.batches))]


def open_data(files: Sequence[str], settings: Settings) -> Data:
    """The files' text, or the built-in one. Raises: UserError where it is too short."""
    return batched(*load_text(files), settings)


def batched(text: str, name: str, settings: Settings) -> Data:
    """A text in batches. Raises: UserError where it is too short."""
    cut = int(len(text) * (1 - settings.held_out))
    vocabulary = Vocabulary.of(text[:cut], "char")
    parts = [_batches(vocabulary.encode(part), settings) for part in (text[:cut], text[cut:])]
    if not all(len(part) for part in parts):
        least = settings.batch * (settings.steps + 1)
        raise UserError(
            f"{name}: {len(text):,} characters are too few: {least:,} are needed to learn from and "
            f"as many held out; give more text, or a smaller --batch or --steps"
        )
    return Data(name, len(vocabulary), parts[0], parts[1][:MOST_HELD_OUT])


def _batches(numbers: NDArray[np.int64], settings: Settings) -> Ids:
    """B rows of text that go on from batch to batch [N, B, T + 1]."""
    steps = settings.steps
    row = len(numbers) // settings.batch
    count = max(0, (row - 1) // steps)
    rows = numbers[: row * settings.batch].reshape(settings.batch, row)
    found = [rows[:, i * steps : (i + 1) * steps + 1] for i in range(count)]
    return np.asarray(found, np.int32)


def counted(data: Data, updates: int) -> dict[str, float]:
    """Nats per held-out character of single characters and of pairs, counted in what was seen."""
    seen, held_out = data.seen(updates), data.held_out
    pairs = np.zeros((data.vocabulary, data.vocabulary))
    np.add.at(pairs, (seen[..., :-1].ravel(), seen[..., 1:].ravel()), 1)
    singles = pairs.sum(0) + 1
    singles /= singles.sum()
    follow = (pairs + PAIR_PRIOR * singles) / (pairs.sum(1, keepdims=True) + PAIR_PRIOR)
    before, after = held_out[..., :-1].ravel(), held_out[..., 1:].ravel()
    return {
        "single characters": float(-np.log(singles[after]).mean()),
        "pairs of characters": float(-np.log(follow[before, after]).mean()),
    }
