"""What a painter is made of and how it learns."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, within
from tailrace.apps.errors import UserError

BINARISATIONS = ("threshold", "sample")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of DRAW.

    `attention`: read and write through windows of `read_side` and `write_side` filters squared;
    without it the whole picture is seen and painted at every glimpse. `glimpses` is T, `size` the
    units of encoder and decoder each, `latent` those of z at each glimpse. `binarise`: how grey
    becomes black and white, at the middle, or by a draw with the grey as probability, once for
    all.
    """

    attention: bool = True
    glimpses: int = 8
    size: int = 96
    latent: int = 6
    read_side: int = 5
    write_side: int = 5
    binarise: str = "threshold"
    epochs: int = 100
    minutes: float | None = None
    batch: int = 50
    learning_rate: float = 0.005
    held_out: float = 0.4
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        if not isinstance(self.attention, bool):
            raise UserError(f"--attention {self.attention}: must be true or false")
        choice("binarise", self.binarise, BINARISATIONS)
        for name in ("glimpses", "size", "latent", "read_side", "write_side", "epochs", "batch"):
            at_least(name, getattr(self, name), 1)
        if self.minutes is not None:
            above_zero("minutes", self.minutes)
        above_zero("learning_rate", self.learning_rate)
        within("held_out", self.held_out, 0.01, 0.9)
        at_least("seed", self.seed, 0)
