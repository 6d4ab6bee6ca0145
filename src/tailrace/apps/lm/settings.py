"""What a language model is made of and how it is trained: one flat record, checked."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

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
class Settings:
    """The settings of a model and its training; `minutes` or `epochs`, whichever comes first.

    `ngram_inputs` n: each step reads, besides its symbol, the groups of 2 to n symbols that end
    there; while it learns, the part `group_dropout` of them is made unknown. `dropout` is the part
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
    dropout: float = 0.45
    input_dropout: float = 0.1
    recurrent_dropout: float = 0.15
    group_dropout: float = 0.4
    seq_len: int = 50
    batch: int = 16
    learning_rate: float = 0.01
    clip_norm: float = 1.0
    epochs: int | None = None
    minutes: float | None = 4.25
    held_out: float = 0.1
    vocabulary: int = 10000
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        _choice("level", self.level, LEVELS)
        _choice("cell", self.cell, CELLS)
        for name in ("size", "layers", "embedding", "ngram_inputs", "seq_len", "batch", "threads"):
            _at_least(name, getattr(self, name), 1, whole=True)
        _at_least("vocabulary", self.vocabulary, 2, whole=True)
        for name in ("learning_rate", "clip_norm"):
            _above_zero(name, getattr(self, name))
        for name in ("dropout", "input_dropout", "recurrent_dropout", "group_dropout"):
            _within(name, getattr(self, name), 0.0, 1.0)
        _within("held_out", self.held_out, 0.001, 0.9)
        _at_least("seed", self.seed, 0, whole=True)
        if self.epochs is not None:
            _at_least("epochs", self.epochs, 1, whole=True)
        if self.minutes is not None:
            _above_zero("minutes", self.minutes)
        if self.epochs is None and self.minutes is None:
            raise UserError("one of epochs and minutes has to say when training ends")

    @classmethod
    def of(cls, **given: Any) -> Settings:
        """The settings given, the others as they suit the level.

        Raises: UserError for a setting that is unknown or cannot be.
        """
        unknown = sorted(set(given) - {field.name for field in fields(cls)})
        if unknown:
            raise UserError(f"no such setting: {', '.join(unknown)}")
        return cls(**{**(_FOR_WORDS if given.get("level") == "word" else {}), **given})

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Settings:
        """The settings that `to_json` wrote.

        Raises: UserError where a setting is missing, unknown or impossible.
        """
        names = {field.name for field in fields(cls)}
        if set(data) != names:
            odd = ", ".join(sorted(set(data) ^ names))
            raise UserError(f"settings missing or unknown: {odd}")
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return asdict(self)

    def with_(self, **changes: Any) -> Settings:
        """These settings with some of them changed."""
        return replace(self, **changes)


# a text has far fewer words than characters, and far more different ones
_FOR_WORDS = {"ngram_inputs": 1, "embedding": 128, "seq_len": 35, "batch": 20}


def option(name: str) -> str:
    """A setting's name as an option of the command line."""
    return "--" + name.replace("_", "-")


def _choice(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UserError(f"{option(name)} {value}: must be one of {', '.join(allowed)}")


def _number(name: str, value: Any, *, whole: bool = False) -> None:
    kind = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind) or not math.isfinite(value):
        raise UserError(f"{option(name)} {value}: must be a {'whole ' if whole else ''}number")


def _at_least(name: str, value: Any, least: int, *, whole: bool) -> None:
    _number(name, value, whole=whole)
    if value < least:
        raise UserError(f"{option(name)} {value}: must be at least {least}")


def _above_zero(name: str, value: Any) -> None:
    _number(name, value)
    if value <= 0:
        raise UserError(f"{option(name)} {value}: must be above 0")


def _within(name: str, value: Any, low: float, high: float) -> None:
    _number(name, value)
    if not low <= value < high:
        raise UserError(f"{option(name)} {value}: must be from {low:g} to below {high:g}")
