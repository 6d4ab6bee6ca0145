"""What `tailrace som train` and `tailrace som map` do."""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common import figures
from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, Bar, Table, say, show, stopping
from tailrace.apps.common.figures import Figure
from tailrace.apps.common.files import check_free, free_folder, make_folder, write_file
from tailrace.apps.common.parts import generator
from tailrace.apps.common.report import REPORT
from tailrace.apps.common.runs import LOGS, RESUME_HINT, Curves, check_unchanged, resumed_folder
from tailrace.apps.common.settings import within
from tailrace.apps.errors import UserError
from tailrace.apps.som import demonstration, table
from tailrace.apps.som.estimator import APPLICATION, FORMAT, SelfOrganizingMap, Snapshot
from tailrace.apps.som.report import write_report
from tailrace.apps.som.settings import Settings

DEFAULT_OUT = "som-model"
# rows of a table printed at most
MOST_ROWS = 20
# part of the rows kept for the test
HELD_OUT = 0.2
# while it is trained, the map is written this often
KEPT_EVERY_S = 20.0


@dataclass(frozen=True)
class Source:
    """Where a table comes from: a file by its absolute path, and columns of it; or built in."""

    file: str | None = None
    demo: str | None = None
    use: str | None = None
    label: str | None = None
    group: str | None = None
    held_out: float = HELD_OUT

    @classmethod
    def of(cls, args: argparse.Namespace) -> Source:
        """What a command line names. Raises: UserError where that does not fit together."""
        held_out = HELD_OUT if args.held_out is None else args.held_out
        within("held_out", held_out, 0.0, 0.9)
        if args.file is None:
            if args.use or args.label or args.group:
                raise UserError("--use, --label and --group are for a file; name one")
            return cls(demo=args.demo or "countries", held_out=held_out)
        if args.demo:
            raise UserError("give a file or --demo, not both")
        file = str(Path(args.file).absolute())
        return cls(file, None, args.use, args.label, args.group, held_out)

    def read(self) -> table.Table:
        """The table. Raises: UserError where it cannot be read."""
        if self.file is None:
            return demonstration.load(self.demo or "countries")
        use = [name.strip() for name in self.use.split(",")] if self.use else []
        frame, name = table.read_frame(self.file), Path(self.file).name
        return table.from_frame(frame, name, use=use, label=self.label, group=self.group)


@dataclass(frozen=True)
class Parts:
    """The table's rows to learn from and to test on."""

    whole: table.Table
    train: table.Table
    test: table.Table

    @property
    def fingerprint(self) -> str:
        """Tells two tables apart."""
        found = hashlib.sha256(repr(self.whole.columns).encode())
        found.update(np.ascontiguousarray(self.whole.values).tobytes())
        return found.hexdigest()


@dataclass(frozen=True)
class Task:
    """What is to be trained, on what, where; `begun` says that training goes on."""

    som: SelfOrganizingMap
    parts: Parts
    source: Source
    folder: Path
    begun: bool

    def train(self, progress: Callable[[Snapshot], bool]) -> None:
        """Trains, and keeps the map; from time to time meanwhile, so that little can be lost."""
        kept = time.monotonic()

        def told(snapshot: Snapshot) -> bool:
            nonlocal kept
            stop = progress(snapshot)
            if time.monotonic() - kept > KEPT_EVERY_S:
                self.keep()
                kept = time.monotonic()
            return stop

        data = _frame(self.parts.train)
        if self.begun:
            self.som.go_on(data, progress=told)
        else:
            self.som.fit(data, progress=told)
        self.keep()

    def keep(self) -> None:
        """Writes the map as it is."""
        about = {"source": vars(self.source), "fingerprint": self.parts.fingerprint}
        self.som.write(self.folder, **about)


def train(args: argparse.Namespace) -> int:
    """Trains a map in a folder of its own; ends with a table and a report."""
    begin = time.perf_counter()
    stopped = resumed_folder(args, DEFAULT_OUT)
    task = _new(args) if stopped is None else _resumed(args, stopped)
    som, parts, folder = task.som, task.parts, task.folder
    say(_introduction(parts))
    done, total = _train(task)
    if done < total:
        say(
            f"Stopped after {done} of {total} iterations and saved. Go on with: "
            f"tailrace som train --resume {folder}; or use it as it is: tailrace som map {folder} "
            f"{args.file or 'FILE'}"
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


def _train(task: Task) -> tuple[int, int]:
    """Trains with a bar and curves, until Ctrl-C; returns iterations done and those wanted."""
    stopped, total = False, task.som.get_params()["iterations"]

    def stop() -> None:
        nonlocal stopped
        stopped = True

    with Bar("iteration {}") as bar, stopping(stop), Curves(task.folder / LOGS) as curves:

        def told(snapshot: Snapshot) -> bool:
            said = f"quantization error {snapshot.error:.3f}"
            bar.step(snapshot.iteration / total, said, snapshot.iteration)
            curves.add(snapshot.iteration, {"train/quantization error": snapshot.error})
            return stopped

        task.train(told)
    return task.som.history_[-1].iteration, total


def _new(args: argparse.Namespace) -> Task:
    settings, source = Settings.of(**Settings.given(args)), Source.of(args)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder, hint=RESUME_HINT)
    parts = _divide(source.read(), source.held_out, settings)
    make_folder(folder, hint=RESUME_HINT)
    som = SelfOrganizingMap(**settings.to_json())
    return Task(som, parts, source, folder, begun=False)


def _resumed(args: argparse.Namespace, folder: Path) -> Task:
    names = ("demo", "use", "label", "group", "held_out")
    others = {name: getattr(args, name) for name in names}
    check_unchanged(Settings.given(args), (), files=args.file, **others)
    som = SelfOrganizingMap.load(folder)
    found = folders.read(folder, APPLICATION, FORMAT)
    if "source" not in found:
        raise UserError(f"{folder}: was saved from a program; there is nothing to go on from")
    with folders.damage_said(folder):
        source, fingerprint = Source(**found["source"]), found["fingerprint"]
    settings = Settings.of(**som.get_params())
    if som.history_[-1].iteration >= settings.iterations and (folder / REPORT).exists():
        raise UserError(f"{folder}: training has come to its end")
    parts = _divide(source.read(), source.held_out, settings)
    if parts.fingerprint != fingerprint:
        raise UserError(f"{folder}: cannot go on: {parts.whole.name} is not what it was")
    return Task(som, parts, source, folder, begun=True)


def _divide(whole: table.Table, held_out: float, settings: Settings) -> Parts:
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
