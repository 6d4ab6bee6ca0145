"""`tailrace embed bias`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.display import Table, say, show
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.common.settings import choice
from tailrace.apps.common.vectors import Vectors, write_vectors
from tailrace.apps.embed.asking import opened
from tailrace.apps.embed.bias import LEAST, Effect, debiased, direction, weat
from tailrace.apps.embed.report import write_bias_report
from tailrace.apps.embed.space import Space
from tailrace.apps.embed.word_sets import EQUAL_PAIRS, GENDER_PAIRS, GENDERED, TESTS, Association
from tailrace.apps.errors import UserError

DEFAULT_OUT = "embed-bias"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Finding:
    """A space and the tests of it, before and after its direction is taken out."""

    space: Space
    before: list[Effect]
    after: list[Effect | None]
    # pairs whose direction was taken out, and that space; nothing where no pair is known
    pairs: Pairs
    mended: Space | None
    way: NDArray[np.float64] | None

    def table(self, *, whole: bool = False) -> Table:
        """A row for each test; the `whole` one says what was asked and how many words are known."""
        measured = ["effect", "diff.", "p", *(["apart"] if whole else [])]
        columns = ["test", *measured]
        columns += ["effect after", *measured[1:]] if self.mended else []
        rows = []
        for one, other in zip(self.before, self.after, strict=True):
            row = [_title(one, whole), *_cells(one, whole)]
            row += _cells(other, whole) if other else []
            rows.append([*row, *([one.used] if whole else [])])
        return Table([*columns, *(["words known"] if whole else [])], rows)


def _title(effect: Effect, whole: bool) -> str:
    test = effect.test
    return f"{test.title} with {test.names[2]} and {test.names[3]}" if whole else test.title


def _cells(effect: Effect, whole: bool) -> list[str]:
    p = f"{effect.p:.4f}" if effect.p >= 0.0001 else "<0.0001"
    cells = [f"{effect.effect:+.2f}", f"{effect.difference:+.3f}", p]
    return [*cells, *([f"{effect.clusters:.2f}"] if whole else [])]


def bias(args: argparse.Namespace) -> int:
    """Measures bias, takes a direction out, measures again."""
    begun = time.perf_counter()
    tests = _tests(args)
    pairs = _pairs(args.pairs) if args.pairs else None
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder)
    space = opened(args)
    found = measure(space, tests, pairs)
    if not found.before:
        lacking = ", ".join(tests)
        raise UserError(
            f"{args.vectors}: has too few of the words of any test ({lacking}): {LEAST} of each "
            "set are needed; give your own with --targets and --attributes"
        )
    if found.mended is None and (pairs is not None or args.write):
        raise UserError(
            f"{args.vectors}: has both words of no pair of "
            f"{args.pairs or 'those that say what gender is'}; give others with --pairs"
        )
    make_folder(folder)
    show(found.table())
    if found.mended is None:
        say("\nNo pair that says what gender is is known, so nothing was taken out.")
    if args.write and found.mended is not None:
        write_vectors(Path(args.write), Vectors(found.mended.words, found.mended.matrix))
        say(f"\nThe debiased vectors are in {args.write}")
    page = write_bias_report(folder, args.vectors, found)
    write_figures(folder, "embed", time.perf_counter() - begun, **_figures(found))
    say(f"\nThe report is in {page}")
    return 0


def measure(space: Space, tests: dict[str, Association], pairs: Pairs | None = None) -> Finding:
    """Tests a space before and after what `pairs` differ in is taken out; by default gender."""
    before = [effect for test in tests.values() if (effect := weat(space, test)) is not None]
    wanted = GENDER_PAIRS if pairs is None else pairs
    known = [pair for pair in wanted if len(space.known(pair)) == 2]
    if not known:
        return Finding(space, before, [None] * len(before), [], None, None)
    way = direction(space, known)
    equal = EQUAL_PAIRS if pairs is None else pairs
    equal = [pair for pair in equal if len(space.known(pair)) == 2]
    mended = debiased(space, way, equal, GENDERED if pairs is None else ())
    after = [weat(mended, effect.test) for effect in before]
    return Finding(space, before, after, known, mended, way)


def _tests(args: argparse.Namespace) -> dict[str, Association]:
    if bool(args.targets) != bool(args.attributes):
        raise UserError("--targets and --attributes: a test needs both, or neither")
    if args.targets:
        if args.tests:
            raise UserError("--tests and --targets: give one of them")
        X, Y = _two("targets", args.targets)
        A, B = _two("attributes", args.attributes)
        return {"own": Association("own test", (X[0], Y[0], A[0], B[0]), X, Y, A, B)}
    if args.tests is None:
        return TESTS
    names = [name.strip() for name in args.tests.split(",")]
    for name in names:
        choice("tests", name, list(TESTS))
    return {name: TESTS[name] for name in names}


def _two(option: str, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Two lists of words, "a,b:c,d"."""
    sides = [tuple(w.strip() for w in side.split(",") if w.strip()) for side in text.split(":")]
    if len(sides) != 2 or not all(len(side) >= LEAST for side in sides):
        raise UserError(
            f"--{option} {text}: must be two lists of {LEAST} words or more, as oak,elm:cat,dog"
        )
    return sides[0], sides[1]


def _pairs(text: str) -> list[tuple[str, str]]:
    """Pairs of words, "a:b,c:d"."""
    found = []
    for cell in text.split(","):
        words = [word.strip() for word in cell.split(":")]
        if len(words) != 2 or not all(words):
            raise UserError(f"--pairs {text}: must be pairs, as he:she,man:woman")
        found.append((words[0], words[1]))
    return found


def _figures(found: Finding) -> dict[str, Figure]:
    figures = {}
    for one, other in zip(found.before, found.after, strict=True):
        compared = None if other is None else ("after debiasing", other.effect)
        figures[f"{one.test.title}: effect"] = Figure([one.effect], compared)
    return figures
