"""What a command shows while it works: tables, a moving bar, and how Ctrl-C ends it."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table as RichTable
from rich.text import Text

# a command's exit status after Ctrl-C
INTERRUPTED = 130

console = Console(highlight=False)


def say(text: str = "") -> None:
    """Prints a line as it is: no markup, not broken to the terminal's width."""
    console.print(text, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class Table:
    """Rows to print and to put into a report; the first `left` columns are text, others figures.

    `best` is the number of the row that came out best, marked in reports.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1
    best: int | None = None


def show(table: Table) -> None:
    """Prints a table."""
    shown = RichTable(box=None, pad_edge=False)
    for i, name in enumerate(table.columns):
        shown.add_column(Text(name), justify="left" if i < table.left else "right")
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row))
    console.print(shown)


class Bar:
    """A bar that moves on a terminal, with figures beside it; elsewhere only its lines are shown.

    `with Bar("epoch {}") as bar: bar.step(0.25, "loss 1.2", 3); bar.line("...")`
    """

    def __init__(self, heading: str = "{}") -> None:
        self._heading = heading
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[figures]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=1.0, figures="")

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

    def step(self, done: float, figures: str, *heading: object) -> None:
        """Moves the bar to `done`, 0 to 1; `heading` fills the constructor's."""
        self._progress.update(
            self._task,
            completed=done,
            figures=figures,
            description=self._heading.format(*heading),
        )

    def line(self, text: str) -> None:
        """Prints a line above the bar."""
        say(text)


def clock(seconds: float) -> str:
    """A time as minutes and seconds; "?" where it is not known."""
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C calls `stop`, which asks for an end soon; a second one ends the program at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def asked(number: int, frame: object) -> None:
        stop()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
