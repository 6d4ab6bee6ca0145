"""`tailrace anomaly train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

from tailrace.apps.anomaly.comparison import Contest
from tailrace.apps.anomaly.data import Series
from tailrace.apps.anomaly.detector import Detector, Parts
from tailrace.apps.anomaly.report import write_report
from tailrace.apps.anomaly.settings import Settings
from tailrace.apps.anomaly.sources import Source
from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, Bar, say, show, stopping
from tailrace.apps.common.figures import write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.common.runs import (
    RESUME_HINT,
    Run,
    check_unchanged,
    read_stopped,
    resumed_folder,
)
from tailrace.apps.common.settings import at_least
from tailrace.apps.errors import UserError

DEFAULT_OUT = "anomaly-model"


@dataclass(frozen=True)
class Task:
    """What is to be trained, where, and on what."""

    detector: Detector
    run: Run
    parts: Parts
    test: Series
    text: str

    @property
    def introduction(self) -> str:
        """A paragraph on the series and the network."""
        settings, test = self.detector.settings, self.test
        bad = "" if test.labels is None else f", {test.labels.sum():,} of them bad"
        points = sum(len(p.values) for p in vars(self.parts).values())
        return (
            f"{self.text}: {len(self.detector.channels)} channel(s), {points:,} points to learn "
            f"from, {len(test.values):,} to try it on{bad}. {settings.method}, {settings.size} "
            f"units, window {settings.window}"
        )


def train(args: argparse.Namespace) -> int:
    """Trains a detector in a folder of its own; ends with a table and a report."""
    begun = time.perf_counter()
    at_least("seeds", args.seeds, 1)
    stopped = resumed_folder(args, DEFAULT_OUT)
    task = _new(args) if stopped is None else _resumed(args, stopped)
    detector, run = task.detector, task.run
    folder = run.folder
    say(task.introduction)
    if not detector.fit_in(run, task.parts):
        say(
            f"Stopped and saved. Go on with: tailrace anomaly train --resume {folder}; "
            f"or use it as it is: tailrace anomaly watch {folder}"
        )
        return INTERRUPTED
    contest = Contest(detector, task.parts, task.test)
    if not _compare(contest, detector.settings, args.seeds):
        say(
            f"Stopped. The model is in {folder}; to have the report, too: "
            f"tailrace anomaly train --resume {folder}"
        )
        return INTERRUPTED
    say()
    show(contest.table())
    detector.results = contest.results()
    run.write()
    page = write_report(folder, detector, task.text, contest)
    write_figures(folder, "anomaly", time.perf_counter() - begun, **contest.figures())
    say(
        f"\nThe model is in {folder}, the report in {page}. "
        f"Let it watch: tail -f FILE.csv | tailrace anomaly watch {folder}"
    )
    return 0


def _new(args: argparse.Namespace) -> Task:
    settings, source = Settings.of(**Settings.given(args)), Source.of(args)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder, hint=RESUME_HINT)
    normal, test, text = source.read(settings)
    parts = Parts.of(normal, settings)
    detector = Detector.new(parts, settings)
    detector.check(test)
    make_folder(folder, hint=RESUME_HINT)
    return Task(detector, _run(detector, folder, source, normal), parts, test, text)


def _resumed(args: argparse.Namespace, folder: Path) -> Task:
    names = ("demo", "test", "columns", "label")
    others = {name: getattr(args, name) for name in names}
    check_unchanged(Settings.given(args), (), files=args.file, **others)
    found = read_stopped(folder, Detector.kind)
    with folders.damage_said(folder):
        detector = Detector.from_json(found)
        source, fingerprint = Source(**found["source"]), found["fingerprint"]
    normal, test, text = source.read(detector.settings)
    if normal.fingerprint != fingerprint:
        raise UserError(f"{folder}: cannot go on: {text} is not what it was")
    run = _run(detector, folder, source, normal)
    run.resume(found)
    return Task(detector, run, Parts.of(normal, detector.settings), test, text)


def _run(detector: Detector, folder: Path, source: Source, normal: Series) -> Run:
    about = {"source": vars(source), "fingerprint": normal.fingerprint}
    return detector.new_run(folder, detector.learner.course(), **about)


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


def _fit(detector: Detector, parts: Parts) -> bool:
    """Trains in memory with a bar; returns whether it came to the end."""
    name, training = detector.settings.method, detector.new_training()
    with Bar("{}") as bar, stopping(training.stop):
        finished = detector.fit(
            parts,
            training,
            lambda figures: bar.step(
                figures.done, f"step {figures.step}, loss {figures.loss:.3f}", name
            ),
        )
    if detector.history:
        last = detector.history[-1]
        say(f"{name}: step {last['step']}, held-out loss {last['validation']:.3f}")
    return finished
