"""What a translator is made of, how it learns and how it writes."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, number, within

LEVELS = ("char", "word")
CELLS = ("gru", "lstm")
ATTENTIONS = ("luong", "bahdanau", "none")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a translator.

    Sources are read as characters or words (`level`), targets written so (`target_level`, the same
    where it is empty); a vocabulary has at most `vocabulary` symbols; pairs with a side of more
    than `longest` symbols are left out. `size` units in the decoder, half as many in each direction
    of the encoder. `beam` texts are kept while writing, and a text's log probability is divided by
    ((5 + symbols) / 6) ** `length_penalty`. Training ends after `epochs`, after `minutes`, or when
    `patience` epochs in a row were none the best. Half of the part `held_out` is for choosing the
    best epoch, half for the test.
    """

    level: str = "word"
    target_level: str = ""
    vocabulary: int = 10000
    longest: int = 60
    cell: str = "gru"
    size: int = 128
    embedding: int = 64
    layers: int = 1
    attention: str = "luong"
    dropout: float = 0.0
    batch: int = 64
    learning_rate: float = 0.004
    epochs: int | None = 20
    minutes: float | None = None
    patience: int = 5
    beam: int = 4
    length_penalty: float = 0.6
    held_out: float = 0.2
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        choice("level", self.level, LEVELS)
        choice("target_level", self.target_level, ("", *LEVELS))
        choice("cell", self.cell, CELLS)
        choice("attention", self.attention, ATTENTIONS)
        at_least("vocabulary", self.vocabulary, 5)
        at_least("size", self.size, 2)
        for name in ("longest", "embedding", "layers", "batch", "patience", "beam"):
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

    @property
    def levels(self) -> tuple[str, str]:
        """How sources and targets are divided into symbols."""
        return self.level, self.target_level or self.level
