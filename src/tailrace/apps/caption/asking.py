"""`tailrace caption describe` and `eval`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tailrace.apps.caption.comparison import Comparison
from tailrace.apps.caption.data import read_album, read_picture
from tailrace.apps.caption.learner import Learner
from tailrace.apps.caption.report import attention_picture
from tailrace.apps.caption.settings import Settings
from tailrace.apps.common.display import say, show
from tailrace.apps.common.files import write_file
from tailrace.apps.common.settings import at_least
from tailrace.apps.errors import UserError


def describe(args: argparse.Namespace) -> int:
    """Prints a caption of each picture."""
    if args.best is not None:
        at_least("best", args.best, 1)
    learner = _opened(args)
    if args.picture and learner.settings.attention == "none":
        raise UserError(f"--picture: the model in {args.model} has no attention")
    pictures = np.stack([read_picture(name, learner.settings.side) for name in args.images])
    found = learner.describe(pictures, beam=max(learner.settings.beam, args.best or 1))
    for name, some in zip(args.images, found, strict=True):
        if args.best is None:
            print(some[0].text if len(found) == 1 else f"{name}: {some[0].text}")
            continue
        print(name)
        for one in some[: args.best]:
            print(f"  {one.log_prob:9.3f}  {one.text}")
    if args.picture:
        write_file(Path(args.picture), attention_picture(pictures, [some[0] for some in found]))
    return 0


def _opened(args: argparse.Namespace) -> Learner:
    """The model with the options for writing that were given."""
    learner = Learner.load(args.model)
    learner.settings = learner.settings.with_(**Settings.given(args))
    return learner


def evaluate(args: argparse.Namespace) -> int:
    """Shows how good the captions of a folder's pictures are."""
    if args.captions is None:
        raise UserError(f"{args.folder}: --captions FILE says what is in its pictures")
    learner = _opened(args)
    album = read_album(args.folder, args.captions, learner.settings.side)
    comparison = Comparison(learner, None, album)
    show(comparison.table())
    say()
    show(comparison.groups())
    return 0
