"""Texts for a decoder to learn, and what it wrote as texts again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.vocabulary import END, PADDING, START, UNKNOWN, Ids, Vocabulary, pad

# the first symbols of a vocabulary that a decoder uses
MARKS = (PADDING, START, END, UNKNOWN)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sentence:
    """A text that was written: its symbols, without marks but `UNKNOWN`.

    attention [T, S]: of each symbol, how much each place of the memory had; None without attention.
    """

    symbols: list[str]
    log_prob: float
    attention: Floats | None


def with_end(vocabulary: Vocabulary, texts: Sequence[str]) -> tuple[Ids, Ids]:
    """Texts as numbers, the end mark behind each: [B, T], and lengths [B] with the mark."""
    end = vocabulary.number(END)
    return pad([np.append(vocabulary.encode(text), end) for text in texts])


def read_back(
    vocabulary: Vocabulary, ids: Ids, log_probs: Floats, alignments: Floats | None
) -> list[list[Sentence]]:
    """The K texts of each of B memories, best first, those that never came to be left out.

    Shapes: as of `decoder.Written`: ids [B, T, K], log_probs [B, K], alignments [T, B * K, S].
    """
    batch, steps, beams = ids.shape
    looks: list[Floats | None] = [None] * (batch * beams)
    if alignments is not None:
        looks = list(alignments.reshape(steps, batch * beams, -1).transpose(1, 0, 2))
    return [
        [
            _sentence(
                vocabulary, ids[row, :, beam], log_probs[row, beam], looks[row * beams + beam]
            )
            for beam in range(beams)
            if np.isfinite(log_probs[row, beam])
        ]
        for row in range(batch)
    ]


def _sentence(
    vocabulary: Vocabulary, ids: Ids, log_prob: float, attention: Floats | None
) -> Sentence:
    ends = np.flatnonzero((ids == vocabulary.number(END)) | (ids < 0))
    length = int(ends[0]) if len(ends) else len(ids)
    symbols = [vocabulary.symbols[number] for number in ids[:length]]
    hidden = {PADDING, START, END}
    return Sentence(
        ["" if symbol in hidden else symbol for symbol in symbols],
        float(log_prob),
        None if attention is None else attention[:length],
    )
