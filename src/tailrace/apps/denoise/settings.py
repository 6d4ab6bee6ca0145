"""What an autoencoder is made of, what it mends, and how it learns."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, within
from tailrace.apps.errors import UserError

CORRUPTIONS = ("masking", "salt-and-pepper", "gaussian")
ACTIVATIONS = ("sigmoid", "tanh", "relu")
OUTPUTS = ("sigmoid", "linear")
SMALLEST_PATCH, LARGEST_PATCH = 2, 64


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a denoising autoencoder.

    `corruption` is what spoils the pictures: `masking` blackens the part `amount` of the pixels,
    `salt-and-pepper` makes such a part black or white, `gaussian` adds noise of that deviation
    (pixels go from 0 to 1). `patch` is the side of the squares that the network sees; a larger
    picture is mended square by square, squares overlapping; 0 takes pictures whole. `tied`: the
    decoder's weights are the encoder's, transposed. `output` is sigmoid, learnt by cross-entropy,
    or linear, by squared error. `patches` is how many squares an epoch has where pictures are
    larger than them. `longest`: pictures to learn from are made smaller to so many pixels.
    """

    corruption: str = "salt-and-pepper"
    amount: float = 0.2
    hidden: int = 512
    patch: int = 8
    tied: bool = False
    activation: str = "relu"
    output: str = "sigmoid"
    weight_decay: float = 0.0
    epochs: int = 300
    minutes: float | None = None
    batch: int = 50
    patches: int = 20000
    longest: int = 512
    learning_rate: float = 0.003
    held_out: float = 0.4
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        choice("corruption", self.corruption, CORRUPTIONS)
        choice("activation", self.activation, ACTIVATIONS)
        choice("output", self.output, OUTPUTS)
        above_zero("amount", self.amount)
        if self.corruption != "gaussian":
            within("amount", self.amount, 0, 1)
        for name in ("hidden", "epochs", "batch", "patches"):
            at_least(name, getattr(self, name), 1)
        at_least("patch", self.patch, 0)
        if self.patch and not SMALLEST_PATCH <= self.patch <= LARGEST_PATCH:
            raise UserError(
                f"--patch {self.patch}: must be 0 or from {SMALLEST_PATCH} to {LARGEST_PATCH}"
            )
        at_least("longest", self.longest, 8)
        at_least("weight_decay", self.weight_decay, 0, whole=False)
        if self.minutes is not None:
            above_zero("minutes", self.minutes)
        above_zero("learning_rate", self.learning_rate)
        within("held_out", self.held_out, 0.01, 0.9)
        at_least("seed", self.seed, 0)
