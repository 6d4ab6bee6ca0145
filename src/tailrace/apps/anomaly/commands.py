"""`tailrace anomaly train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

from tailrace.apps.anomaly.comparison import Contest
from tailrace.apps.anomaly.data import Series, read_series
from tailrace.apps.anomaly.detector import Detector, Parts
from tailrace.apps.anomaly.ecg import KINDS, demonstration
from tailrace.apps.anomaly.report import write_report
from tailrace.apps.anomaly.settings import Settings
from tailrace.apps.common.display import INTERRUPTED, Bar, say, show, stopping
from tailrace.apps.common.figures import write_figures
from tailrace.apps.common.files import free_folder, make_folder
from tailrace.apps.common.parts import sizes
from tailrace.apps.common.settings import at_least, choice
from tailrace.apps.errors import UserError

DEFAULT_OUT = "anomaly-model"


@dataclass(frozen=True)
class Data:
    """What to learn from and what to try it on."""

    normal: Series
    test: Series
    text: str


def train(args: argparse.Namespace) -> int:
    """Trains a detector in a folder of its own; ends with a table and a report."""
    begun = time.perf_counter()
    settings = Settings.of(**Settings.given(args))
    at_least("seeds", args.seeds, 1)
    data = _data(args, settings)
    parts = Parts.of(data.normal, settings)
    detector = Detector.new(parts, settings)
    detector.check(data.test)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    make_folder(folder)
    say(_introduction(data, settings))
    if not _fit(detector, parts):
        detector.save(folder)
        say(f"Stopped and saved. The model as far as it learnt is in {folder}")
        return INTERRUPTED
    detector.save(folder)
    contest = Contest(detector, parts, data.test)
    if not _compare(contest, settings, args.seeds):
        say(f"Stopped. The model is in {folder}, without a report")
        return INTERRUPTED
    say()
    show(contest.table())
    detector.results = contest.results()
    detector.save(folder)
    page = write_report(folder, detector, data.text, contest)
    write_figures(folder, "anomaly", time.perf_counter() - begun, **contest.figures())
    say(
        f"\nThe model is in {folder}, the report in {page}. "
        f"Let it watch: tail -f FILE.csv | tailrace anomaly watch {folder}"
    )
    return 0


def _data(args: argparse.Namespace, settings: Settings) -> Data:
    if args.file is None:
        odd = [name for name in ("test", "columns", "label") if getattr(args, name) is not None]
        if odd:
            raise UserError(f"--{odd[0]}: needs a CSV file to learn from")
        kind = args.demo or KINDS[0]
        choice("demo", kind, KINDS)
        found = demonstration(kind, settings.seed)
        return Data(found.normal, found.test, found.text)
    if args.demo is not None:
        raise UserError("--demo and a CSV file: give one of them")
    columns = [name.strip() for name in args.columns.split(",")] if args.columns else None
    if args.test is None:
        series = read_series(args.file, columns, args.label)
        learn = len(series.values) - sum(sizes(len(series.values), settings.held_out)[1:])
        return Data(series.part(slice(0, learn)), series.part(slice(learn, None)), args.file)
    normal = read_series(args.file, columns, args.label, may_lack_label=True)
    test = read_series(args.test, normal.channels, args.label)
    return Data(normal, test, f"{args.file}, tried on {args.test}")


def _introduction(data: Data, settings: Settings) -> str:
    bad = "" if data.test.labels is None else f", {data.test.labels.sum():,} of them bad"
    return (
        f"{data.normal.name} ({data.text}): {len(data.normal.channels)} channel(s), "
        f"{len(data.normal.values):,} points to learn from, {len(data.test.values):,} to try it "
        f"on{bad}. {settings.method}, {settings.size} units, window {settings.window}"
    )


def _fit(detector: Detector, parts: Parts) -> bool:
    name = detector.settings.method
    with Bar("{}") as bar, stopping(detector.learner.stop):
        finished = detector.fit(
            parts,
            lambda figures: bar.step(
                figures.done, f"step {figures.step}, loss {figures.loss:.3f}", name
            ),
        )
    if detector.learner.history:
        last = detector.learner.history[-1]
        say(f"{name}: step {last['step']}, held-out loss {last['validation']:.3f}")
    return finished


def _compare(contest: Contest, settings: Settings, seeds: int) -> bool:
    """Trains what the table compares with: the other network, and both from other seeds."""
    for number in range(seeds):
        for method in (settings.method, *contest.others):
            if number == 0 and method == settings.method:
                continue
            other = settings.with_(method=method, seed=settings.seed + number)
            rival = Detector.new(contest.parts, other)
            if not _fit(rival, contest.parts):
                return False
            contest.add(rival)
    return True
