"""What a captioner is made of, how it learns and how it writes."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, number, within

CELLS = ("lstm", "gru")
ATTENTIONS = ("luong", "bahdanau", "none")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a captioner.

    Pictures are made squares of `side` pixels. The first convolution has `filters` filters, those
    behind it twice and four times as many; `size` units write. `beam` captions are kept while
    writing, and a caption's log probability is divided by ((5 + words) / 6) ** `length_penalty`.
    Training ends after `epochs`, after `minutes`, or when `patience` epochs in a row were none the
    best. Half of the part `held_out` is for choosing the best epoch, half for the test.
    """

    side: int = 32
    filters: int = 16
    vocabulary: int = 10000
    cell: str = "lstm"
    size: int = 96
    embedding: int = 48
    attention: str = "luong"
    dropout: float = 0.0
    batch: int = 32
    learning_rate: float = 0.003
    epochs: int | None = 12
    minutes: float | None = None
    patience: int = 5
    beam: int = 3
    length_penalty: float = 0.6
    held_out: float = 0.2
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        choice("cell", self.cell, CELLS)
        choice("attention", self.attention, ATTENTIONS)
        at_least("side", self.side, 8)
        at_least("vocabulary", self.vocabulary, 5)
        for name in ("filters", "size", "embedding", "batch", "patience", "beam"):
            at_least(name, getattr(self, name), 1)
        within("dropout", self.dropout, 0, 1)
        above_zero("learning_rate", self.learning_rate)
        if self.epochs is not None:
            at_least("epochs", self.epochs, 1)
        if self.minutes is not None:
            above_zero("minutes", self.minutes)
        number("length_penalty", self.length_penalty)
        within("held_out", self.held_out, 0.01, 0.9)
        at_least("seed", self.seed, 0)
