"""`tailrace translate train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailrace.apps.common.display import say
from tailrace.apps.common.files import free_folder
from tailrace.apps.common.runs import check_unchanged, resumed_folder
from tailrace.apps.common.schooling import CHANGEABLE, School, Task
from tailrace.apps.common.settings import choice
from tailrace.apps.errors import UserError
from tailrace.apps.translate.comparison import Comparison
from tailrace.apps.translate.data import Pairs, divide, not_too_long, read_pairs
from tailrace.apps.translate.demonstrations import KINDS, SETTINGS, demonstration
from tailrace.apps.translate.learner import Learner
from tailrace.apps.translate.report import write_report
from tailrace.apps.translate.settings import Settings

DEFAULT_OUT = "translate-model"


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

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it."""
        return {"demo": self.demo, "files": self.files}


def _about(task: Task) -> str:
    learner, parts = task.learner, task.parts
    settings = learner.settings
    return (
        f"{task.origin.text}: {len(parts.train):,} pairs to learn from, "
        f"{len(parts.validation):,} to choose by, {len(parts.test):,} to test on. "
        f"{len(learner.source):,} source symbols ({settings.levels[0]}), "
        f"{len(learner.target):,} target symbols ({settings.levels[1]}). {settings.cell}, "
        f"{settings.size} units, attention: {settings.attention}"
    )


def _example(task: Task) -> str:
    return '"{}"'.format(task.parts.test.sources[0].replace('"', "'"))


SCHOOL = School(
    learner=Learner,
    divide=divide,
    origin=lambda data: Origin(data["demo"], list(data["files"])),
    contest=Comparison,
    report=write_report,
    about=_about,
    ask=("translate", _example),
)


def train(args: argparse.Namespace) -> int:
    """Trains a translator in a folder; ends with a table and a report."""
    begin = time.perf_counter()
    folder = resumed_folder(args, DEFAULT_OUT)
    task = _new(args) if folder is None else _resumed(args, folder)
    say(_about(task))
    return SCHOOL.train(task, begin)


def _new(args: argparse.Namespace) -> Task:
    origin = _origin(args)
    given = Settings.given(args)
    if args.minutes is not None and args.epochs is None:
        given["epochs"] = None
    settings = Settings.of(**{**(SETTINGS[origin.demo] if origin.demo else {}), **given})
    return SCHOOL.new(origin, settings, Path(args.out) if args.out else free_folder(DEFAULT_OUT))


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


def _resumed(args: argparse.Namespace, folder: Path) -> Task:
    given = Settings.given(args)
    check_unchanged(given, CHANGEABLE, files=args.source, demo=args.demo)
    return SCHOOL.resumed(folder, given)
