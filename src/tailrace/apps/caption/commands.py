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
from tailrace.apps.caption.learner import Learner
from tailrace.apps.caption.report import write_report
from tailrace.apps.caption.scenes import SIDE, scenes
from tailrace.apps.caption.settings import Settings
from tailrace.apps.common.display import say
from tailrace.apps.common.files import check_free, free_folder, make_folder, write_file
from tailrace.apps.common.pictures import encode
from tailrace.apps.common.runs import check_unchanged, resumed_folder
from tailrace.apps.common.schooling import CHANGEABLE, School, Task
from tailrace.apps.errors import UserError

DEFAULT_OUT = "caption-model"
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

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it."""
        return {"pictures": self.folder, "captions": self.captions}


def _about(task: Task) -> str:
    settings, parts = task.learner.settings, task.parts
    return (
        f"{task.origin.text}: {len(parts.train):,} pictures to learn from, "
        f"{len(parts.validation):,} to choose by, {len(parts.test):,} to test on, "
        f"{settings.side} x {settings.side} pixels. {len(task.learner.vocabulary):,} words and "
        f"marks. {settings.cell}, {settings.size} units, attention: {settings.attention}"
    )


SCHOOL = School(
    learner=Learner,
    divide=lambda album, settings: divide(album, settings.held_out, settings.seed),
    origin=lambda data: Origin(data["pictures"], data["captions"]),
    contest=Comparison,
    report=write_report,
    about=_about,
    ask=("describe", lambda task: "IMAGE"),
)


def train(args: argparse.Namespace) -> int:
    """Trains a captioner in a folder; ends with a table and a report."""
    begin = time.perf_counter()
    folder = resumed_folder(args, DEFAULT_OUT)
    task = _new(args) if folder is None else _resumed(args, folder)
    say(_about(task))
    if args.pictures:
        _write_scenes(Path(args.pictures), task.parts.test)
    return SCHOOL.train(task, begin)


def _new(args: argparse.Namespace) -> Task:
    origin, given = _origin(args), Settings.given(args)
    if args.minutes is not None and args.epochs is None:
        given["epochs"] = None
    settings = Settings.of(**given)
    if origin.folder is None and settings.side != SIDE:
        raise UserError(f"--side {settings.side}: the built-in scenes have {SIDE} pixels")
    if args.pictures:
        check_free(Path(args.pictures))
    return SCHOOL.new(origin, settings, Path(args.out) if args.out else free_folder(DEFAULT_OUT))


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


def _resumed(args: argparse.Namespace, folder: Path) -> Task:
    given = Settings.given(args)
    others = {"captions": args.captions, "pictures": args.pictures}
    check_unchanged(given, CHANGEABLE, files=args.folder, **others)
    return SCHOOL.resumed(folder, given)


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
