"""`tailrace denoise train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from tailrace.apps.common.settings import at_least, choice
from tailrace.apps.common.training import Training
from tailrace.apps.denoise.data import DEMONSTRATIONS, Data, open_data
from tailrace.apps.denoise.denoiser import Denoiser, Lesson, train_in_folder
from tailrace.apps.denoise.report import write_report
from tailrace.apps.denoise.settings import Settings
from tailrace.apps.denoise.trial import Trial, figures, table
from tailrace.apps.errors import UserError

DEFAULT_OUT = "denoise-model"
DEFAULT_SEEDS = 3
# settings that may be other ones when training goes on
CHANGEABLE = ("epochs", "minutes")


@dataclass
class Work:
    """A model under way in its folder."""

    data: Data
    test: list[Any]
    lesson: Lesson
    denoiser: Denoiser
    run: Run
    seeds: int


def train(args: argparse.Namespace) -> int:
    """Trains an autoencoder in a folder of its own; ends with a table and a report."""
    begin = time.perf_counter()
    stopped = resumed_folder(args, DEFAULT_OUT)
    work = _begun(args) if stopped is None else _resumed(args, stopped)
    folder = work.run.folder
    say(_introduction(work))
    if not train_in_folder(work.denoiser, work.lesson, work.run):
        say(f"Stopped and saved. To go on: tailrace denoise train --resume {folder}")
        return INTERRUPTED
    trials = [Trial(work.denoiser, work.lesson, work.test)]
    for number in range(1, work.seeds):
        if not (trial := _another(work, number)):
            say(
                f"Stopped. The model is in {folder}; to have the report, too: "
                f"tailrace denoise train --resume {folder}"
            )
            return INTERRUPTED
        trials.append(trial)
    found = table(trials)
    say()
    show(found)
    page = write_report(folder, work.data.text, trials, found, work.run.progress.history)
    write_figures(folder, "denoise", time.perf_counter() - begin, **figures(trials))
    say(
        f"\nThe model is in {folder}, the report in {page}. "
        f"Mend other pictures: tailrace denoise clean {folder} IMAGE... --out mended"
    )
    return 0


def _begun(args: argparse.Namespace) -> Work:
    settings = Settings.of(**Settings.given(args))
    seeds = DEFAULT_SEEDS if args.seeds is None else args.seeds
    at_least("seeds", seeds, 1)
    if args.folder is not None and args.demo is not None:
        raise UserError("a folder and --demo: give one of them")
    if args.demo is not None:
        choice("demo", args.demo, DEMONSTRATIONS)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder, hint=RESUME_HINT)
    work = _work(_opened(args, settings), settings, seeds, folder)
    make_folder(folder, hint=RESUME_HINT)
    return work


def _opened(args: argparse.Namespace, settings: Settings) -> Data:
    if args.folder is None:
        return open_data(args.demo or DEMONSTRATIONS[0], settings)
    # a folder may be called "digits"
    return open_data(str(Path(args.folder).absolute()), settings)


def _resumed(args: argparse.Namespace, folder: Path) -> Work:
    wanted = Settings.given(args)
    check_unchanged(wanted, CHANGEABLE, files=args.folder, demo=args.demo)
    found = read_stopped(folder, Denoiser.kind)
    with folders.damage_said(folder):
        settings = Settings.from_json({**found["settings"], **wanted})
        source, count = str(found["source"]), int(found["pictures"])
        seeds = int(found["seeds"]) if args.seeds is None else args.seeds
    at_least("seeds", seeds, 1)
    data = open_data(source, settings)
    if len(data.pictures) != count:
        raise UserError(f"{source}: has {len(data.pictures)} pictures now, not {count}")
    work = _work(data, settings, seeds, folder)
    work.run.resume(found)
    return work


def _work(data: Data, settings: Settings, seeds: int, folder: Path) -> Work:
    parts = data.divided(settings, settings.seed)
    lesson = Lesson.of(settings, parts.train, parts.validation)
    denoiser = Denoiser.new(lesson)

    about = {"source": data.source, "pictures": len(data.pictures), "seeds": seeds}
    run = denoiser.new_run(folder, lesson.course(), **about)
    return Work(data, parts.test, lesson, denoiser, run, seeds)


def _introduction(work: Work) -> str:
    settings, lesson = work.lesson.settings, work.lesson
    pixels = lesson.shape[0] * lesson.shape[1]
    tied = ", tied weights" if settings.tied else ""
    return (
        f"{work.data.text}: {len(lesson.train):,} to learn from, {len(lesson.validation):,} to "
        f"choose by, {len(work.test):,} to test on. {settings.corruption} of "
        f"{settings.amount:g}; {pixels} pixels, {settings.hidden} hidden units{tied}"
    )


def _another(work: Work, number: int) -> Trial | None:
    """The same from another seed: other parts, other weights; None if Ctrl-C ended it."""
    settings = work.lesson.settings
    settings = settings.with_(seed=settings.seed + number)
    parts = work.data.divided(settings, settings.seed)
    lesson = Lesson.of(settings, parts.train, parts.validation)
    denoiser, training = Denoiser.new(lesson), Training(lesson.course())
    with Bar("seed {}") as bar, stopping(training.stop):
        finished = denoiser.fit(
            training,
            lesson,
            lambda now: bar.step(now.done, f"loss {now.loss:.3f}", settings.seed),
        )
    if not finished:
        return None
    return Trial(denoiser, lesson, parts.test)
