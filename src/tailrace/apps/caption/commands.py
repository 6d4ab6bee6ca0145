"""`tailrace caption train`."""

from __future__ import annotations

import argparse
import csv
import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailrace.apps.caption.comparison import Comparison
from tailrace.apps.caption.data import COLUMNS, Album, divide, read_album
from tailrace.apps.caption.learner import APPLICATION, FORMAT, Learner
from tailrace.apps.caption.report import write_report
from tailrace.apps.caption.scenes import SIDE, scenes
from tailrace.apps.caption.settings import Settings
from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, say, show
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder, write_file
from tailrace.apps.common.parts import Split
from tailrace.apps.common.pictures import encode
from tailrace.apps.common.runs import Kind, Run
from tailrace.apps.errors import UserError

DEFAULT_OUT = "caption-model"
# settings that may be other ones when training goes on
CHANGEABLE = {"epochs", "minutes", "patience"}
# scenes that are written as files where that is wanted
KEPT_SCENES = 20


@dataclass(frozen=True)
class Origin:
    """Where the pictures come from: a folder and a CSV file by absolute paths, or built in."""

    folder: str | None
    captions: str | None

    def read(self, settings: Settings) -> Album:
        """All pictures. Raises: UserError where they cannot be read."""
        if self.folder is None or self.captions is None:
            return scenes(settings.seed)
        return read_album(self.folder, self.captions, settings.side)

    @property
    def text(self) -> str:
        """What it is, for people."""
        return self.folder or "built-in scenes of shapes, drawn by rule"


@dataclass(frozen=True)
class Task:
    """What is to be trained, where."""

    learner: Learner
    parts: Split[Album]
    origin: Origin
    folder: Path
    run: Run

    @property
    def introduction(self) -> str:
        """A paragraph on the pictures and the network."""
        settings, parts = self.learner.settings, self.parts
        return (
            f"{self.origin.text}: {len(parts.train):,} pictures to learn from, "
            f"{len(parts.validation):,} to choose by, {len(parts.test):,} to test on, "
            f"{settings.side} x {settings.side} pixels. {len(self.learner.vocabulary):,} words and "
            f"marks. {settings.cell}, {settings.size} units, attention: {settings.attention}"
        )


def train(args: argparse.Namespace) -> int:
    """Trains a captioner in a folder; ends with a table and a report."""
    begin = time.perf_counter()
    task = _resumed(args) if args.resume else _new(args)
    say(task.introduction)
    learner, parts = task.learner, task.parts
    if args.pictures:
        _write_scenes(Path(args.pictures), parts.test)
    finished = task.run.train(
        learner.batches(parts.train), learner.step, lambda: learner.evaluate(parts.validation)
    )
    if not finished:
        say(
            f"Stopped and saved. Go on with: tailrace caption train --resume {task.folder}; "
            f"or use it as it is: tailrace caption describe {task.folder} IMAGE"
        )
        return INTERRUPTED
    comparison = Comparison(learner, parts.train, parts.test)
    say()
    show(comparison.table())
    say()
    show(comparison.groups())
    history = task.run.progress.history
    page = write_report(task.folder, comparison, task.introduction, history)
    _write_figures(task.folder, comparison, time.perf_counter() - begin)
    say(
        f"\nThe model is in {task.folder}, the report in {page}. "
        f"Ask it: tailrace caption describe {task.folder} IMAGE"
    )
    return 0


def _new(args: argparse.Namespace) -> Task:
    origin, given = _origin(args), Settings.given(args)
    if args.minutes is not None and args.epochs is None:
        given["epochs"] = None
    settings = Settings.of(**given)
    if origin.folder is None and settings.side != SIDE:
        raise UserError(f"--side {settings.side}: the built-in scenes have {SIDE} pixels")
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    album = origin.read(settings)
    parts = divide(album, settings.held_out, settings.seed)
    learner = Learner.new(parts.train, settings)
    if args.pictures:
        check_free(Path(args.pictures))
    make_folder(folder, hint="or go on with --resume")
    return Task(learner, parts, origin, folder, _run(learner, album, origin, folder))


def _origin(args: argparse.Namespace) -> Origin:
    if args.folder is None:
        if args.captions is not None:
            raise UserError("--captions: a folder of pictures is needed too")
        return Origin(None, None)
    if args.captions is None:
        raise UserError(f"{args.folder}: --captions FILE says what is in its pictures")
    if args.pictures is not None:
        raise UserError("--pictures writes built-in scenes; with a folder there are none")
    return Origin(str(Path(args.folder).absolute()), str(Path(args.captions).absolute()))


def _resumed(args: argparse.Namespace) -> Task:
    folder, given = Path(args.resume), Settings.given(args)
    others = sorted(set(given) - CHANGEABLE)
    if others or args.folder or args.captions or args.out or args.pictures:
        what = f"--{others[0].replace('_', '-')}" if others else "files and folders"
        raise UserError(f"--resume: {what} cannot be changed; only --epochs, --minutes, --patience")
    data = folders.read(folder, APPLICATION, FORMAT)
    with folders.damage_said(folder):
        settings = Settings.from_json(data["settings"]).with_(**given)
        learner = Learner.from_json({**data, "settings": settings.to_json()})
        origin, fingerprint = Origin(data["pictures"], data["captions"]), data["fingerprint"]
    album = origin.read(settings)
    if album.fingerprint != fingerprint:
        raise UserError(f"{folder}: cannot go on: {origin.text} are not what they were")
    run = _run(learner, album, origin, folder)
    run.resume(data)
    parts = divide(album, settings.held_out, settings.seed)
    return Task(learner, parts, origin, folder, run)


def _run(learner: Learner, album: Album, origin: Origin, folder: Path) -> Run:
    about = {
        "pictures": origin.folder,
        "captions": origin.captions,
        "fingerprint": album.fingerprint,
    }

    def describe() -> dict[str, Any]:
        return {**learner.to_json(), **about}

    kind = Kind(APPLICATION, FORMAT)
    return Run(folder, kind, learner.session, learner.settings.course, describe)


def _write_scenes(folder: Path, album: Album) -> None:
    """Writes some pictures with their captions, as `train` and `eval` read them."""
    make_folder(folder)
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(COLUMNS)
    for picture, captions, name in zip(
        album.pictures[:KEPT_SCENES], album.captions, album.names, strict=False
    ):
        file = f"{name.replace(' ', '-')}.png"
        write_file(folder / file, encode(picture))
        writer.writerows([file, text] for text in captions)
    write_file(folder / "captions.csv", rows.getvalue().encode())
    say(f"{min(KEPT_SCENES, len(album))} of the test scenes and captions.csv are in {folder}")


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
