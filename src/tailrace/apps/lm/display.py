"""Training as its user sees it: a moving bar on a terminal, a line per evaluation elsewhere."""

from __future__ import annotations

import math
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from tailrace.apps.lm.runs import Run
    from tailrace.apps.lm.training import Figures


class Display:
    """Shows loss, bits or perplexity, speed and the time left."""

    def __init__(self, console: Console, run: Run) -> None:
        self._console = console
        self._level = run.contents.settings.level
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[figures]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=1.0, epoch=1, figures="")

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def step(self, figures: Figures) -> None:
        """Moves the bar."""
        shown = (
            f"loss {figures.bits * math.log(2):.3f}  {self._amount(figures.bits)}  "
            f"{_speed(figures.symbols_per_s)}  {_clock(figures.left_s)} left"
        )
        self._progress.update(
            self._task, completed=figures.done, epoch=figures.epoch + 1, figures=shown
        )

    def evaluation(self, row: dict[str, float], best: bool) -> None:
        """Prints the figures of the held-out text."""
        mark = "  best so far" if best else ""
        self._console.print(
            f"{_clock(row['seconds']):>7}  step {row['step']:>6}  "
            f"training {self._amount(row['train_bits'])}  "
            f"held-out {self._amount(row['validation_bits'])}{mark}",
            soft_wrap=True,
        )

    def _amount(self, bits: float) -> str:
        return f"{bits:.3f} bits/char" if self._level == "char" else f"perplexity {2**bits:.1f}"


def _speed(symbols_per_s: float) -> str:
    return f"{symbols_per_s / 1000:.1f}k tokens/s"


def _clock(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
