"""What a detector is made of, how it learns and when it raises an alarm."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, within

METHODS = ("predictor", "autoencoder")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a detector.

    `window` is how many points the network sees while it learns, and what the autoencoder
    reconstructs; it should hold a period or two. `ahead`: the predictor says so many points.
    `stride` is the distance of the autoencoder's windows when it is asked, `smooth` over how many
    points a score is averaged. `false_alarms` is the part of normal points that may be marked; the
    threshold is chosen for it on normal data that nothing was learnt from. `held_out` is the part
    of a series kept for the test where no other series is given.
    """

    method: str = "predictor"
    size: int = 32
    window: int = 80
    ahead: int = 5
    stride: int = 8
    smooth: int = 8
    steps: int = 500
    batch: int = 16
    learning_rate: float = 0.01
    false_alarms: float = 0.005
    held_out: float = 0.3
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        choice("method", self.method, METHODS)
        for name in ("size", "ahead", "stride", "smooth", "steps", "batch"):
            at_least(name, getattr(self, name), 1)
        at_least("window", self.window, 4)
        # so that every point lies in a window
        within("stride", self.stride, 1, self.window + 1)
        above_zero("learning_rate", self.learning_rate)
        within("false_alarms", self.false_alarms, 1e-6, 0.5)
        within("held_out", self.held_out, 0.01, 0.9)
        at_least("seed", self.seed, 0)
