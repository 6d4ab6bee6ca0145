"""What `tailrace som train` and `tailrace som map` do."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common import figures
from tailrace.apps.common.display import INTERRUPTED, Bar, Table, say, show, stopping
from tailrace.apps.common.figures import Figure
from tailrace.apps.common.files import check_free, free_folder, write_file
from tailrace.apps.common.parts import generator
from tailrace.apps.common.settings import within
from tailrace.apps.errors import UserError
from tailrace.apps.som import demonstration, table
from tailrace.apps.som.estimator import SelfOrganizingMap, Snapshot
from tailrace.apps.som.report import write_report
from tailrace.apps.som.settings import Settings

DEFAULT_OUT = "som-model"
# rows of a table printed at most
MOST_ROWS = 20


@dataclass(frozen=True)
class Parts:
    """The table's rows to learn from and to test on."""

    whole: table.Table
    train: table.Table
    test: table.Table


def train(args: argparse.Namespace) -> int:
    """Trains a map in a folder of its own; ends with a table and a report."""
    settings = Settings.of(**Settings.given(args))
    parts = _divide(_open(args), args.held_out, settings)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder)
    som = SelfOrganizingMap(**settings.to_json())
    say(_introduction(parts))
    stopped, begin = False, time.perf_counter()

    def stop() -> None:
        nonlocal stopped
        stopped = True

    with Bar("iteration {}") as bar, stopping(stop):

        def told(snapshot: Snapshot) -> bool:
            done = snapshot.iteration / settings.iterations
            bar.step(done, f"quantization error {snapshot.error:.3f}", snapshot.iteration)
            return stopped

        som.fit(_frame(parts.train), progress=told)
    som.save(folder)
    done = som.history_[-1].iteration
    if done < settings.iterations:
        say(
            f"Stopped after {done} of {settings.iterations} iterations; the map as it is then is "
            f"in {folder}. To have all of them, give the same command another --out."
        )
        return INTERRUPTED
    scores = compare(som, parts)
    say()
    show(scores)
    page = write_report(folder, som, parts.train, scores)
    _write_figures(folder, som, parts, time.perf_counter() - begin)
    grid = som.grid_
    say(
        f"\nThe map ({grid.rows} x {grid.cols} units) is in {folder}, the report in {page}. "
        f"Lay other rows on it: tailrace som map {folder} {args.file or 'FILE'}"
    )
    return 0


def _open(args: argparse.Namespace) -> table.Table:
    if args.file is None:
        if args.use or args.label or args.group:
            raise UserError("--use, --label and --group are for a file; name one")
        return demonstration.load(args.demo or "countries")
    if args.demo:
        raise UserError("give a file or --demo, not both")
    use = [name.strip() for name in args.use.split(",")] if args.use else []
    frame = table.read_frame(args.file)
    name = Path(args.file).name
    return table.from_frame(frame, name, use=use, label=args.label, group=args.group)


def _divide(whole: table.Table, held_out: float, settings: Settings) -> Parts:
    within("held_out", held_out, 0.0, 0.9)
    rows = np.arange(len(whole.values))
    missing = np.isnan(whole.values)
    wanted = ~missing.all(1) if settings.missing != "drop" else ~missing.any(1)
    if not wanted.all():
        whole.notes.append(f"{(~wanted).sum()} rows left out for what they lack")
    rows = generator(settings.seed, 3).permutation(rows[wanted])
    test = max(1, round(len(rows) * held_out))
    if len(rows) - test < 2:
        raise UserError(f"{whole.name}: {len(rows)} usable rows are too few for a map")
    train, rest = np.sort(rows[test:]), np.sort(rows[:test])
    empty = np.flatnonzero(missing[train].all(0))
    if len(empty):
        raise UserError(
            f"{whole.name}: column {whole.columns[empty[0]]!r} has no values to learn from"
        )
    return Parts(whole, whole.part(train), whole.part(rest))


def _frame(part: table.Table) -> Any:
    # a frame, so that the map knows the columns' names
    return table.pd.DataFrame(part.values, columns=part.columns)


def _introduction(parts: Parts) -> str:
    values = parts.whole.values
    missing = (
        f", {np.isnan(values).mean():.1%} of the values missing" if np.isnan(values).any() else ""
    )
    notes = "".join(f"; {note}" for note in parts.whole.notes)
    return (
        f"{parts.whole.name}: {len(parts.train.values):,} rows to learn, "
        f"{len(parts.test.values):,} to test on, {values.shape[1]} columns{missing}{notes}"
    )


def _write_figures(folder: Path, som: SelfOrganizingMap, parts: Parts, seconds: float) -> None:
    test = _frame(parts.test)
    centres = som.baseline("k-means").quantization_error(test)
    figures.write_figures(
        folder,
        "som",
        seconds,
        quantization_error=Figure([som.quantization_error(test)], ("k-means", centres)),
        topographic_error=Figure([100 * som.topographic_error(test)], unit="%"),
    )


def compare(som: SelfOrganizingMap, parts: Parts) -> Table:
    """Errors of the map, of maps that have learnt nothing, and of k-means."""
    data = [_frame(parts.train), _frame(parts.test)]

    def row(name: str, model: SelfOrganizingMap, *, ordered: bool = True) -> list[str]:
        errors = [f"{model.quantization_error(part):.3f}" for part in data]
        jumps = [f"{model.topographic_error(part):.1%}" if ordered else "" for part in data]
        return [name, *errors, *jumps]

    rows = [
        row("map", som),
        row("start: plane", som.baseline("pca")),
        row("start: random", som.baseline("random")),
        row("k-means", som.baseline("k-means"), ordered=False),
    ]
    columns = ["", "quantization error", "held out", "topographic error", "held out"]
    return Table(columns, rows)


def map_rows(args: argparse.Namespace) -> int:
    """Says which unit each row of a table belongs to."""
    som = SelfOrganizingMap.load(args.model)
    frame = table.read_frame(args.file)
    name = Path(args.file).name
    rows = table.from_frame(_as_trained(frame, som), name, use=som.columns_, label=args.label)
    units, errors = som.predict(rows.values), som.errors(rows.values)
    groups = som.clusters()
    cells = _rows(rows, som, units, errors, groups)
    columns = ["row", "unit row", "unit column", "cluster", "distance"]
    if args.to:
        text = "\n".join(",".join(_quoted(cell) for cell in row) for row in [columns, *cells])
        write_file(Path(args.to), (text + "\n").encode())
        say(f"{len(cells):,} rows written to {args.to}")
        return 0
    show(Table(columns, cells[:MOST_ROWS]))
    if len(cells) > MOST_ROWS:
        say(f"and {len(cells) - MOST_ROWS:,} more; --to FILE writes all of them")
    return 0


def _as_trained(frame: Any, som: SelfOrganizingMap) -> Any:
    """The table with the logarithms that the built-in demonstration takes."""
    return demonstration.with_logarithms(frame, som.columns_)


def _rows(
    rows: table.Table,
    som: SelfOrganizingMap,
    units: NDArray[np.int64],
    errors: NDArray[Any],
    groups: NDArray[np.int64],
) -> list[list[str]]:
    labels = rows.labels or [str(i + 1) for i in range(len(units))]
    found = []
    for label, unit, error in zip(labels, units, errors, strict=True):
        row, col = divmod(int(unit), som.grid_.cols)
        found.append([label, str(row + 1), str(col + 1), str(groups[unit] + 1), f"{error:.3f}"])
    return found


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell
