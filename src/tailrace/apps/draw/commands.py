"""`tailrace draw train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, Bar, say, show, stopping
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.common.parts import Split
from tailrace.apps.common.runs import (
    RESUME_HINT,
    Run,
    check_unchanged,
    read_stopped,
    resumed_folder,
)
from tailrace.apps.common.settings import at_least, choice
from tailrace.apps.common.training import Training
from tailrace.apps.draw.contest import MIXTURES, Contest
from tailrace.apps.draw.data import DEMONSTRATIONS, Data, Values, open_data
from tailrace.apps.draw.painter import Painter
from tailrace.apps.draw.report import write_report
from tailrace.apps.draw.settings import Settings
from tailrace.apps.errors import UserError

DEFAULT_OUT = "draw-model"
# settings that may be other ones when training goes on
CHANGEABLE = ("epochs", "minutes")


@dataclass
class Work:
    """A model under way in its folder."""

    data: Data
    parts: Split[Values]
    painter: Painter
    run: Run
    # networks of each kind, and whether the kind asked for is the only one
    seeds: int
    alone: bool


def train(args: argparse.Namespace) -> int:
    """Trains DRAW in a folder of its own; ends with a table and a report."""
    begin = time.perf_counter()
    stopped = resumed_folder(args, DEFAULT_OUT)
    work = _begun(args) if stopped is None else _resumed(args, stopped)
    painter, parts, run = work.painter, work.parts, work.run
    folder = run.folder
    say(_introduction(work))
    finished = run.train(
        lambda epoch: painter.batches(parts.train, epoch),
        painter.step,
        lambda: painter.evaluate(parts.validation),
    )
    if not finished:
        say(f"Stopped and saved. To go on: tailrace draw train --resume {folder}")
        return INTERRUPTED
    contest = Contest()
    contest.add_network(painter, parts.test)
    contest.add_simple(parts, painter.settings.seed)
    if not _compare(work, contest):
        say(
            f"Stopped. The model is in {folder}; to have the report, too: "
            f"tailrace draw train --resume {folder}"
        )
        return INTERRUPTED
    say()
    show(contest.table())
    page = write_report(folder, work.data.text, painter, parts, contest, run.progress.history)
    mixtures = contest.nats[MIXTURES]
    bound = Figure(contest.nats[painter.name], (MIXTURES, sum(mixtures) / len(mixtures)), "nats")
    write_figures(folder, "draw", time.perf_counter() - begin, bound=bound)
    say(
        f"\nThe model is in {folder}, the report in {page}. "
        f"Let it paint: tailrace draw sample {folder} --count 40 --out painted"
    )
    return 0


def _begun(args: argparse.Namespace) -> Work:
    settings = Settings.of(**Settings.given(args))
    at_least("seeds", args.seeds, 1)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder, hint=RESUME_HINT)
    data = open_data(_source(args))
    work = _work(data, settings, args.seeds, args.alone, folder)
    make_folder(folder, hint=RESUME_HINT)
    return work


def _source(args: argparse.Namespace) -> list[str]:
    """What to open: files by their absolute paths, or a demonstration."""
    if not args.files:
        choice("demo", args.demo or DEMONSTRATIONS[0], DEMONSTRATIONS)
        return [args.demo or DEMONSTRATIONS[0]]
    if args.demo is not None:
        raise UserError("files and --demo: give one of them")
    return [str(Path(name).absolute()) for name in args.files]


def _resumed(args: argparse.Namespace, folder: Path) -> Work:
    wanted = Settings.given(args)
    check_unchanged(wanted, CHANGEABLE, files=args.files, demo=args.demo)
    found = read_stopped(folder, Painter.kind)
    with folders.damage_said(folder):
        settings = Settings.from_json({**found["settings"], **wanted})
        source, count = [str(name) for name in found["source"]], int(found["pictures"])
        seeds, alone = int(found["seeds"]), bool(found["alone"])
    data = open_data(source)
    if len(data.pictures) != count:
        raise UserError(f"{source[0]}: has {len(data.pictures)} pictures now, not {count}")
    work = _work(data, settings, seeds, alone, folder)
    work.run.resume(found)
    return work


def _work(data: Data, settings: Settings, seeds: int, alone: bool, folder: Path) -> Work:
    parts = data.divided(settings, settings.seed)
    painter = Painter(settings, data.sides, float(parts.train.mean()))
    known = {"source": data.source, "pictures": len(data.pictures)}
    course = painter.course(len(parts.train))
    run = painter.new_run(folder, course, **known, seeds=seeds, alone=alone)
    return Work(data, parts, painter, run, seeds, alone)


def _introduction(work: Work) -> str:
    settings, parts = work.painter.settings, work.parts
    windows = (
        f"windows of {settings.read_side} x {settings.read_side} and "
        f"{settings.write_side} x {settings.write_side}, "
        if settings.attention
        else ""
    )
    return (
        f"{work.data.text}: {len(parts.train):,} to learn from, {len(parts.validation):,} to "
        f"choose by, {len(parts.test):,} to test on. {work.painter.name}: {settings.glimpses} "
        f"glimpses, {windows}{settings.size} units"
    )


def _compare(work: Work, contest: Contest) -> bool:
    """Trains what the table compares with; returns whether all came to their end."""
    settings = work.painter.settings
    for number in range(work.seeds):
        seed = settings.seed + number
        parts = work.data.divided(settings, seed) if number else work.parts
        if number:
            contest.add_simple(parts, seed)
        here = settings.with_(seed=seed)
        other = here.with_(attention=not settings.attention)
        kinds = [(here, False)] if number else []
        kinds += [] if work.alone else [(other, False), (here, True)]
        for chosen, plain in kinds:
            mean = float(parts.train.mean())
            rival = Painter(chosen, work.data.sides, mean, plain=plain)
            if not _fit(rival, parts):
                return False
            contest.add_network(rival, parts.test)
    return True


def _fit(painter: Painter, parts: Split[Values]) -> bool:
    training = Training(painter.course(len(parts.train)))
    name = f"{painter.name}, seed {painter.settings.seed}"
    with Bar("{}") as bar, stopping(training.stop):
        return painter.fit(
            training,
            parts.train,
            parts.validation,
            lambda now: bar.step(now.done, f"loss {now.loss:.2f}", name),
        )
