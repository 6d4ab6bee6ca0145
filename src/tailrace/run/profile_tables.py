"""What a profile prints: tables by operation type and by region."""

from __future__ import annotations

import collections
import dataclasses
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from tailrace.run.profile import Profiler, Record, Region

_WIDTH = 160  # columns of text
_FEW = 6  # operations that are named one by one
_FIGURES = ("calls", "total ms", "us/call", "share", "MFLOP", "GFLOP/s", "MB out")


@dataclasses.dataclass
class _Sum:
    calls: int = 0
    ns: int = 0
    flops: int = 0
    ns_of_flops: int = 0  # the time of those calls whose operations are known
    bytes: int = 0

    def add(self, record: Record) -> None:
        self.calls += 1
        self.ns += record.ns
        self.bytes += record.bytes
        if record.flops is not None:
            self.flops += record.flops
            self.ns_of_flops += record.ns

    def cells(self, overall: int) -> list[str]:
        rate = f"{self.flops / self.ns_of_flops:.2f}" if self.flops and self.ns_of_flops else "-"
        return [
            str(self.calls),
            f"{self.ns / 1e6:.3f}",
            f"{self.ns / 1e3 / self.calls:.2f}",
            f"{100 * self.ns / overall:.1f}%",
            f"{self.flops / 1e6:.2f}" if self.flops else "-",
            rate,
            f"{self.bytes / 1e6:.2f}",
        ]


def tables(profiler: Profiler, rows: int) -> str:
    """All there is to tell of a profile as text; tables show the `rows` that took longest."""
    records = profiler.records
    overall = sum(r.ns for r in records) or 1
    types = _sums((r.op_type, r) for r in records)
    regions = _sums((r.region, r) for r in records if r.region)
    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None, emoji=False)
    console.print(_by_type(types[:rows], overall))
    if regions:
        console.print()
        console.print(_by_region(regions[:rows], overall))
    loops = [f"'{r.name}' stays a loop: {r.stays}" for r, _ in regions if r.loop]
    for line in [*loops, *profiler.notes]:
        console.print(Text(line))
    console.print(
        Text(
            f"{profiler.runs} runs, {len(records)} steps, {overall / 1e6:.3f} ms in kernels, "
            f"at most {profiler.peak / 1e6:.2f} MB of values in a run"
        )
    )
    text = console.file.getvalue()  # type: ignore[attr-defined] - it is a StringIO
    return "\n".join(line.rstrip() for line in text.splitlines())


def _by_type(sums: list[tuple[str, _Sum]], overall: int) -> Table:
    table = _table("operation type")
    for kind, total in sums:
        table.add_row(Text(kind), *total.cells(overall))
    return table


def _by_region(sums: list[tuple[Region, _Sum]], overall: int) -> Table:
    table = _table("region")
    table.add_column("stands for", overflow="fold")
    for region, total in sums:
        table.add_row(Text(region.name), *total.cells(overall), Text(_members(region)))
    return table


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, overflow="fold", min_width=30)
    for name in _FIGURES:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _members(region: Region) -> str:
    """The operations in a region: by their names while there are few, else how many of a type."""
    if len(region.members) <= _FEW:
        return ", ".join(region.members)
    counts = collections.Counter(region.types)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


def _sums(pairs: Iterable[tuple[Any, Record]]) -> list[tuple[Any, _Sum]]:
    """The sum for each key, the longest first."""
    sums: dict[Any, _Sum] = collections.defaultdict(_Sum)
    for key, record in pairs:
        sums[key].add(record)
    return sorted(sums.items(), key=lambda item: -item[1].ns)
