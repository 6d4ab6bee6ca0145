"""Where a series comes from: files, or a demonstration."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from tailrace.apps.anomaly.data import Series, read_series
from tailrace.apps.anomaly.ecg import KINDS, demonstration
from tailrace.apps.anomaly.settings import Settings
from tailrace.apps.common.parts import sizes
from tailrace.apps.common.settings import choice
from tailrace.apps.errors import UserError


@dataclass(frozen=True)
class Source:
    """Files by their absolute paths, the channels and the column of labels; or built in."""

    demo: str | None = None
    file: str | None = None
    test: str | None = None
    columns: list[str] | None = None
    label: str | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> Source:
        """What a command line names. Raises: UserError where that does not fit together."""
        if args.file is None:
            odd = [name for name in ("test", "columns", "label") if getattr(args, name) is not None]
            if odd:
                raise UserError(f"--{odd[0]}: needs a CSV file to learn from")
            kind = args.demo or KINDS[0]
            choice("demo", kind, KINDS)
            return cls(kind)
        if args.demo is not None:
            raise UserError("--demo and a CSV file: give one of them")
        columns = [name.strip() for name in args.columns.split(",")] if args.columns else None
        file, test = (
            None if name is None else str(Path(name).absolute()) for name in (args.file, args.test)
        )
        return cls(None, file, test, columns, args.label)

    def read(self, settings: Settings) -> tuple[Series, Series, str]:
        """A series to learn from, one to try it on, and what they are.

        Raises: UserError where they cannot be read.
        """
        if self.file is None:
            found = demonstration(self.demo or KINDS[0], settings.seed)
            return found.normal, found.test, found.text
        name = Path(self.file).name
        if self.test is None:
            series = read_series(self.file, self.columns, self.label)
            learn = len(series.values) - sum(sizes(len(series.values), settings.held_out)[1:])
            return series.part(slice(0, learn)), series.part(slice(learn, None)), name
        normal = read_series(self.file, self.columns, self.label, may_lack_label=True)
        test = read_series(self.test, normal.channels, self.label)
        return normal, test, f"{name}, tried on {Path(self.test).name}"
