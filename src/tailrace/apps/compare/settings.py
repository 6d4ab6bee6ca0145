"""What is compared, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, within
from tailrace.apps.errors import UserError

CELLS = ("rnn", "lstm", "gru")
ENGINES = ("tailrace", "torch", "tensorflow")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a comparison.

    `cells` is which ones, with commas; `steps` is T, the characters seen at once, `updates` how
    many batches each network learns from. `held_out` is the part of the text kept for the test.
    Weights are drawn anew for each of `seeds`, from `seed` on. `without` leaves engines out, with
    commas; `tf1_python` is a Python that has TensorFlow 1.15, the environment's
    TAILRACE_TF1_PYTHON by default.
    """

    cells: str = "rnn,lstm,gru"
    size: int = 128
    layers: int = 2
    batch: int = 50
    steps: int = 50
    updates: int = 200
    learning_rate: float = 0.004
    held_out: float = 0.1
    seed: int = 1
    seeds: int = 1
    without: str = ""
    tf1_python: str | None = None

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        for name in self.names_of_cells:
            if name not in CELLS:
                raise UserError(f"--cells {self.cells}: {name!r} is none of {', '.join(CELLS)}")
        for name in self.left_out:
            choice("without", name, ENGINES[1:])
        for name in ("size", "layers", "batch", "updates", "seeds"):
            at_least(name, getattr(self, name), 1)
        at_least("steps", self.steps, 2)
        above_zero("learning_rate", self.learning_rate)
        within("held_out", self.held_out, 0.01, 0.9)
        at_least("seed", self.seed, 0)

    @property
    def names_of_cells(self) -> list[str]:
        """The cells, each once."""
        return list(dict.fromkeys(name.strip() for name in self.cells.split(",")))

    @property
    def left_out(self) -> list[str]:
        """The engines that take no part."""
        return [name.strip() for name in self.without.split(",") if name.strip()]
