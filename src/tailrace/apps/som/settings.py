"""What a self-organizing map is made of and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, number
from tailrace.apps.errors import UserError

TOPOLOGIES = ("hexagonal", "rectangular")
SURFACES = ("plane", "torus")
TRAININGS = ("batch", "online")
NEIGHBOURHOODS = ("gaussian", "bubble", "mexican-hat")
DECAYS = ("exponential", "linear", "inverse", "constant")
STARTS = ("pca", "random")
SCALES = ("standard", "range", "none")
MISSING = ("mask", "mean", "median", "neighbours", "drop")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a map; those that are 0 are chosen for the data.

    `rows` and `cols`: of the grid. `sigma` is the neighbourhood's radius at the start, in distances
    of two units (0: half the longer side), `sigma_end` at the end; `alpha` is the learning rate of
    online training. `missing` says what becomes of values that are not there: left out of every
    distance (mask), filled with the column's mean or median or from the most similar rows
    (neighbours), or the row is dropped. `clusters` is how many groups of units are drawn.
    """

    rows: int = 0
    cols: int = 0
    topology: str = "hexagonal"
    surface: str = "plane"
    training: str = "batch"
    iterations: int = 40
    neighbourhood: str = "gaussian"
    sigma: float = 0.0
    sigma_end: float = 0.7
    sigma_decay: str = "exponential"
    alpha: float = 0.5
    alpha_end: float = 0.01
    alpha_decay: str = "linear"
    start: str = "pca"
    scale: str = "standard"
    missing: str = "mask"
    clusters: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        self._check_choices()
        for name, least in (("rows", 0), ("cols", 0), ("iterations", 1), ("clusters", 0)):
            at_least(name, getattr(self, name), least)
        at_least("seed", self.seed, 0)
        for name in ("sigma_end", "alpha", "alpha_end"):
            above_zero(name, getattr(self, name))
        number("sigma", self.sigma)
        if self.sigma and self.sigma < self.sigma_end:
            raise UserError(
                f"--sigma {self.sigma:g}: must not be below --sigma-end {self.sigma_end:g}"
            )
        if self.alpha > 1:
            raise UserError(f"--alpha {self.alpha:g}: must be at most 1")
        if bool(self.rows) != bool(self.cols) or self.rows * self.cols == 1:
            raise UserError("--rows and --cols: give both, 2 units at least, or neither")
        self._check_together()

    def _check_choices(self) -> None:
        allowed: dict[str, Any] = {
            "topology": TOPOLOGIES,
            "surface": SURFACES,
            "training": TRAININGS,
            "neighbourhood": NEIGHBOURHOODS,
            "sigma_decay": DECAYS,
            "alpha_decay": DECAYS,
            "start": STARTS,
            "scale": SCALES,
            "missing": MISSING,
        }
        for name, values in allowed.items():
            choice(name, getattr(self, name), values)

    def _check_together(self) -> None:
        if self.neighbourhood == "mexican-hat" and self.training == "batch":
            raise UserError(
                "--neighbourhood mexican-hat: pushes units away, which an average cannot; "
                "it needs --training online"
            )
        if self.surface == "torus" and self.topology == "hexagonal" and self.rows % 2:
            raise UserError(
                f"--rows {self.rows}: a hexagonal torus closes with an even number of rows only"
            )
        if self.clusters == 1 or (self.rows and self.clusters > self.rows * self.cols):
            raise UserError(
                f"--clusters {self.clusters}: must be from 2 to the number of units, or 0"
            )
