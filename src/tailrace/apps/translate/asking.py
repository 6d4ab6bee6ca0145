"""`tailrace translate translate` and `eval`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tailrace.apps.common.display import INTERRUPTED, say, show
from tailrace.apps.common.files import write_file
from tailrace.apps.common.settings import at_least
from tailrace.apps.errors import UserError
from tailrace.apps.translate.comparison import Comparison
from tailrace.apps.translate.data import read_pairs
from tailrace.apps.translate.learner import AT_ONCE, Learner, Translation
from tailrace.apps.translate.report import attention_picture
from tailrace.apps.translate.settings import Settings


def translate(args: argparse.Namespace) -> int:
    """Prints the translation of each text, or of each line that comes in."""
    if args.best is not None:
        at_least("best", args.best, 1)
    learner = _opened(args)
    if args.picture and learner.settings.attention == "none":
        raise UserError(f"--picture: the model in {args.model} has no attention")
    drawn: list[Translation] = []
    try:
        for texts in _given(args.texts):
            found = learner.translate(texts, beam=_width(args, learner), copy=not args.no_copy)
            for text, some in zip(texts, found, strict=True):
                _print(text, some, args.best)
            drawn += [some[0] for some in found if some[0].symbols][: 1 if drawn else None]
    except KeyboardInterrupt:
        return INTERRUPTED
    except UnicodeDecodeError as error:
        raise UserError(f"standard input: is not text ({error.reason})") from None
    if args.picture:
        if not drawn:
            raise UserError("--picture: there is no translation to draw")
        write_file(Path(args.picture), attention_picture(drawn))
    return 0


def _given(texts: list[str]) -> Iterator[list[str]]:
    """The texts at once; lines of standard input as they come, or many at once from a file."""
    if texts:
        yield texts
        return
    at_once = 1 if sys.stdin.isatty() else AT_ONCE
    lines = (line.rstrip("\r\n") for line in sys.stdin)
    while some := list(islice(lines, at_once)):
        yield some


def _print(text: str, found: list[Translation], best: int | None) -> None:
    if best is None:
        print(found[0].text, flush=True)
        return
    print(text)
    for one in found[:best]:
        print(f"  {one.sentence.log_prob:9.3f}  {one.text}", flush=True)


def _opened(args: argparse.Namespace) -> Learner:
    """The model with the options for writing that were given."""
    learner = Learner.load(args.model)
    learner.settings = learner.settings.with_(**Settings.given(args))
    return learner


def _width(args: argparse.Namespace, learner: Learner) -> int:
    """As many beams as translations are asked for, at least."""
    return max(learner.settings.beam, args.best or 1)


def evaluate(args: argparse.Namespace) -> int:
    """Shows how good the translations of a file are."""
    pairs = read_pairs(args.source, args.target)
    comparison = Comparison(_opened(args), None, pairs)
    show(comparison.table())
    say()
    show(comparison.groups())
    return 0
