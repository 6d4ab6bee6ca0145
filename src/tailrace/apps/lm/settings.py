"""What a language model is made of and how it is trained: one flat record, checked."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any, Self

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, within
from tailrace.apps.errors import UserError

CELLS = (
    "lstm",
    "gru",
    "rnn",
    "lstm-basic",
    "lstm-block",
    "lstm-peephole",
    "lstm-layernorm",
    "lstm-prototype",
    "gru-block",
)
LEVELS = ("char", "word")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a model and its training; `minutes` or `epochs`, whichever comes first.

    `ngram_inputs` n: each step reads, besides its symbol, the groups of 2 to n symbols that end
    there; while it learns, the part `group_dropout` of them is made unknown, of rare ones that many
    things follow more (`group_noise`; see `SymbolGroups.drop_rates`). `match_length` m: it also
    reads what followed the longest match of up to m symbols in the training text (0: nothing;
    see `Matches`). `dropout` is the part
    of the layers' outputs dropped, `recurrent_dropout` that of the weights from their states.
    `held_out` is the part of the text kept for validation and test, half each. `threads` work
    inside one operation; more than one pays for large layers on idle cores only.
    """

    level: str = "char"
    cell: str = "lstm"
    size: int = 256
    layers: int = 1
    embedding: int = 64
    ngram_inputs: int = 4
    match_length: int = 16
    dropout: float = 0.45
    input_dropout: float = 0.1
    recurrent_dropout: float = 0.2
    group_dropout: float = 0.2
    group_noise: float = 1.5
    seq_len: int = 50
    batch: int = 16
    learning_rate: float = 0.01
    clip_norm: float = 1.0
    epochs: int | None = None
    minutes: float | None = 3.5
    held_out: float = 0.1
    vocabulary: int = 10000
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        choice("level", self.level, LEVELS)
        choice("cell", self.cell, CELLS)
        for name in ("size", "layers", "embedding", "ngram_inputs", "seq_len", "batch", "threads"):
            at_least(name, getattr(self, name), 1)
        at_least("match_length", self.match_length, 0)
        at_least("vocabulary", self.vocabulary, 2)
        for name in ("learning_rate", "clip_norm"):
            above_zero(name, getattr(self, name))
        for name in ("dropout", "input_dropout", "recurrent_dropout", "group_dropout"):
            within(name, getattr(self, name), 0.0, 1.0)
        at_least("group_noise", self.group_noise, 0, whole=False)
        within("held_out", self.held_out, 0.001, 0.9)
        at_least("seed", self.seed, 0)
        if self.epochs is not None:
            at_least("epochs", self.epochs, 1)
        if self.minutes is not None:
            above_zero("minutes", self.minutes)
        if self.epochs is None and self.minutes is None:
            raise UserError("one of epochs and minutes has to say when training ends")

    @classmethod
    def of(cls, **given: Any) -> Self:
        """The settings given, the others as they suit the level.

        Who says how long a model of words learns, in minutes alone, is not held to the epochs.
        """
        fitting = dict(_FOR_WORDS) if given.get("level") == "word" else {}
        if given.get("minutes") is not None:
            fitting.pop("epochs", None)
        return super().of(**{**fitting, **given})


# a text has far fewer words than characters, and far more different ones; a network that goes on
# learning them soon knows its text by heart, whatever time is left
_FOR_WORDS: dict[str, Any] = {
    "ngram_inputs": 1,
    "embedding": 128,
    "seq_len": 35,
    "batch": 20,
    "learning_rate": 0.005,
    "epochs": 6,
}


def given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that a command line says; of epochs and minutes, one alone is the only limit."""
    wanted = Settings.given(args)
    for one, other in (("epochs", "minutes"), ("minutes", "epochs")):
        if wanted.get(one) is not None:
            wanted.setdefault(other, None)
    return wanted
