"""`tailrace classify compare`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tailrace.apps.classify.classifier import Classifier, divide
from tailrace.apps.classify.commands import fit_one, introduction, vectors_of
from tailrace.apps.classify.comparison import NGRAMS, Contest
from tailrace.apps.classify.data import Examples, from_arguments
from tailrace.apps.classify.report import write_comparison
from tailrace.apps.classify.settings import BAGS, METHODS, TITLES, Settings
from tailrace.apps.common.display import INTERRUPTED, say, show
from tailrace.apps.common.figures import write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.common.settings import at_least, choice

DEFAULT_OUT = "classify-comparison"


def compare(args: argparse.Namespace) -> int:
    """Trains every method from every seed on the same parts; ends with a table and a report."""
    at_least("seeds", args.seeds, 1)
    begun = time.perf_counter()
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder)
    given = Settings.given(args)
    examples = from_arguments(args)
    wanted = [Settings.of(**given).with_(**change) for change in _changes(args.methods, examples)]
    vectors = vectors_of(args.embeddings, args.most)
    parts = divide(examples, wanted[0])
    first = Classifier.new(parts.train, wanted[0])
    make_folder(folder)
    say(introduction(parts, first))
    contest, finished = Contest(parts, first.classes), True
    for number in range(args.seeds):
        for settings in wanted:
            finished = finished and fit_one(
                contest, settings.with_(seed=settings.seed + number), vectors
            )
    if not contest.entries:
        say("Stopped before there was anything to compare")
        return INTERRUPTED
    say()
    show(contest.table())
    if contest.kinds():
        say()
        show(contest.kinds_table())
    page = write_comparison(folder, contest)
    accuracies = {
        name: figure
        for name, figure in contest.figures(TITLES["logistic"]).items()
        if name.endswith("accuracy")
    }
    write_figures(folder, "classify", time.perf_counter() - begun, **accuracies)
    stopped = "" if finished else "Stopped; what was done till then is in the report. "
    say(f"\n{stopped}The report is in {page}")
    return 0 if finished else INTERRUPTED


def _changes(methods: str | None, examples: Examples) -> list[dict[str, object]]:
    """The settings that make up each row of the table."""
    if methods is not None:
        names = [name.strip() for name in methods.split(",")]
        for name in names:
            choice("methods", name, METHODS)
        return [{"method": name} for name in names]
    if examples.texts is None:
        return [{"method": name} for name in BAGS]
    plain: list[dict[str, object]] = [{"method": name} for name in METHODS]
    return [plain[0], {"method": METHODS[0], "ngrams": NGRAMS}, *plain[1:]]
