"""Training as its user sees it: loss, bits or perplexity, speed and the time left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tailrace.apps.common.display import Bar, clock

if TYPE_CHECKING:
    from tailrace.apps.lm.training import Figures


class Display:
    """Tells a bar how training goes, in the words of a level."""

    def __init__(self, bar: Bar, level: str) -> None:
        self._bar = bar
        self._level = level

    def step(self, figures: Figures) -> None:
        """Moves the bar."""
        shown = (
            f"loss {figures.bits * math.log(2):.3f}  {self._amount(figures.bits)}  "
            f"{figures.symbols_per_s / 1000:.1f}k tokens/s  {clock(figures.left_s)} left"
        )
        self._bar.step(figures.done, shown, figures.epoch + 1)

    def evaluation(self, row: dict[str, float], best: bool) -> None:
        """Prints the figures of the held-out text."""
        mark = "  best so far" if best else ""
        self._bar.line(
            f"{clock(row['seconds']):>7}  step {row['step']:>6}  "
            f"training {self._amount(row['train_bits'])}  "
            f"held-out {self._amount(row['validation_bits'])}{mark}"
        )

    def _amount(self, bits: float) -> str:
        return f"{bits:.3f} bits/char" if self._level == "char" else f"perplexity {2**bits:.1f}"
