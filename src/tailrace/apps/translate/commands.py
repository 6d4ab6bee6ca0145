"""`tailrace translate train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, say, show
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import free_folder, make_folder
from tailrace.apps.common.parts import Split
from tailrace.apps.common.runs import Kind, Run
from tailrace.apps.common.settings import choice
from tailrace.apps.errors import UserError
from tailrace.apps.translate.comparison import Comparison
from tailrace.apps.translate.data import Pairs, divide, not_too_long, read_pairs
from tailrace.apps.translate.demonstrations import KINDS, SETTINGS, demonstration
from tailrace.apps.translate.learner import APPLICATION, FORMAT, Learner
from tailrace.apps.translate.report import write_report
from tailrace.apps.translate.settings import Settings

DEFAULT_OUT = "translate-model"
# settings that may be other ones when training goes on
CHANGEABLE = {"epochs", "minutes", "patience"}


@dataclass(frozen=True)
class Origin:
    """Where the pairs come from: a demonstration, or two files by their absolute paths."""

    demo: str | None
    files: list[str]

    def read(self, settings: Settings) -> Pairs:
        """All pairs that are not too long. Raises: UserError where there is none."""
        if self.demo is not None:
            return demonstration(self.demo, settings.seed)
        return not_too_long(read_pairs(*self.files), settings)

    @property
    def text(self) -> str:
        """What it is, for people."""
        if self.demo is not None:
            return f"built-in {self.demo}, made by rule"
        return " and ".join(Path(name).name for name in self.files)


@dataclass(frozen=True)
class Task:
    """What is to be trained, where."""

    learner: Learner
    parts: Split[Pairs]
    origin: Origin
    folder: Path
    run: Run

    @property
    def introduction(self) -> str:
        """A paragraph on the pairs and the network."""
        learner, parts = self.learner, self.parts
        settings = learner.settings
        return (
            f"{self.origin.text}: {len(parts.train):,} pairs to learn from, "
            f"{len(parts.validation):,} to choose by, {len(parts.test):,} to test on. "
            f"{len(learner.source):,} source symbols ({settings.levels[0]}), "
            f"{len(learner.target):,} target symbols ({settings.levels[1]}). {settings.cell}, "
            f"{settings.size} units, attention: {settings.attention}"
        )


def train(args: argparse.Namespace) -> int:
    """Trains a translator in a folder; ends with a table and a report."""
    begin = time.perf_counter()
    task = _resumed(args) if args.resume else _new(args)
    say(task.introduction)
    learner, parts = task.learner, task.parts
    finished = task.run.train(
        learner.batches(parts.train), learner.step, lambda: learner.evaluate(parts.validation)
    )
    if not finished:
        say(
            f"Stopped and saved. Go on with: tailrace translate train --resume {task.folder}; "
            f"or use it as it is: tailrace translate translate {task.folder} TEXT"
        )
        return INTERRUPTED
    comparison = Comparison(learner, parts.train, parts.test)
    say()
    show(comparison.table())
    say()
    show(comparison.forms())
    history = task.run.progress.history
    page = write_report(task.folder, comparison, task.introduction, history)
    _write_figures(task.folder, comparison, time.perf_counter() - begin)
    shown = parts.test.sources[0].replace('"', "'")
    say(
        f"\nThe model is in {task.folder}, the report in {page}. "
        f'Ask it: tailrace translate translate {task.folder} "{shown}"'
    )
    return 0


def _new(args: argparse.Namespace) -> Task:
    origin = _origin(args)
    given = Settings.given(args)
    if args.minutes is not None and args.epochs is None:
        given["epochs"] = None
    settings = Settings.of(**{**(SETTINGS[origin.demo] if origin.demo else {}), **given})
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    pairs = origin.read(settings)
    parts = divide(pairs, settings)
    learner = Learner.new(parts.train, settings)
    make_folder(folder, hint="or go on with --resume")
    return Task(learner, parts, origin, folder, _run(learner, pairs, origin, folder))


def _origin(args: argparse.Namespace) -> Origin:
    files = [name for name in (args.source, args.target) if name is not None]
    if args.demo is not None:
        choice("demo", args.demo, KINDS)
        if files:
            raise UserError("--demo and files: give one of them")
    if len(files) == 1:
        raise UserError(f"{files[0]}: a second file with the translations is needed, line by line")
    if files:
        return Origin(None, [str(Path(name).absolute()) for name in files])
    return Origin(args.demo or KINDS[0], [])


def _resumed(args: argparse.Namespace) -> Task:
    folder, given = Path(args.resume), Settings.given(args)
    others = sorted(set(given) - CHANGEABLE)
    if others or args.source or args.demo or args.out:
        what = f"--{others[0].replace('_', '-')}" if others else "files, --demo and --out"
        raise UserError(f"--resume: {what} cannot be changed; only --epochs, --minutes, --patience")
    data = folders.read(folder, APPLICATION, FORMAT)
    with folders.damage_said(folder):
        settings = Settings.from_json(data["settings"]).with_(**given)
        learner = Learner.from_json({**data, "settings": settings.to_json()})
        origin, fingerprint = Origin(data["demo"], list(data["files"])), data["fingerprint"]
    pairs = origin.read(settings)
    if pairs.fingerprint != fingerprint:
        raise UserError(f"{folder}: cannot go on: {origin.text} are not what they were")
    run = _run(learner, pairs, origin, folder)
    run.resume(data)
    return Task(learner, divide(pairs, settings), origin, folder, run)


def _run(learner: Learner, pairs: Pairs, origin: Origin, folder: Path) -> Run:
    def describe() -> dict[str, Any]:
        about = {"demo": origin.demo, "files": origin.files, "fingerprint": pairs.fingerprint}
        return {**learner.to_json(), **about}

    kind = Kind(APPLICATION, FORMAT)
    return Run(folder, kind, learner.session, learner.settings.course, describe)


def _write_figures(folder: Path, comparison: Comparison, seconds: float) -> None:
    mine, simple = comparison.entries[0].quality, comparison.simple
    write_figures(
        folder,
        APPLICATION,
        seconds,
        right=Figure([mine.exact], (simple.name, simple.quality.exact), "%"),
        BLEU=Figure([mine.bleu], (simple.name, simple.quality.bleu)),
        chrF=Figure([mine.chrf], (simple.name, simple.quality.chrf)),
    )
