"""`tailrace classify train`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tailrace.apps.classify.classifier import KIND, Classifier, divide
from tailrace.apps.classify.comparison import Contest
from tailrace.apps.classify.data import Examples, from_arguments
from tailrace.apps.classify.explaining import way_for
from tailrace.apps.classify.learner import Learner
from tailrace.apps.classify.report import write_report
from tailrace.apps.classify.settings import TITLES, Settings
from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, Bar, say, show, stopping
from tailrace.apps.common.figures import write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.common.parts import Split
from tailrace.apps.common.runs import Run
from tailrace.apps.common.settings import at_least
from tailrace.apps.common.training import Figures, Training
from tailrace.apps.common.vectors import Vectors, read_vectors
from tailrace.apps.errors import UserError

DEFAULT_OUT = "classify-model"
# what every method is compared with
BASELINE = "logistic"


def train(args: argparse.Namespace) -> int:
    """Trains a classifier in a folder of its own; ends with a table and a report."""
    at_least("seeds", args.seeds, 1)
    begun = time.perf_counter()
    saved = folders.read(args.resume, KIND.application, KIND.format) if args.resume else None
    if saved:
        _check_alone(args)
    settings = (
        Settings.from_json(saved["settings"]) if saved else Settings.of(**Settings.given(args))
    )
    folder = Path(args.resume or args.out or free_folder(DEFAULT_OUT))
    if not saved:
        check_free(folder, hint="or go on with --resume")
    parts = divide(from_arguments(args), settings)
    if not saved and args.method is None and parts.train.texts is None:
        settings = settings.with_(method=BASELINE)
    vectors = None if saved else vectors_of(args)
    classifier = (
        Classifier.from_json(saved)
        if saved
        else Classifier.new(parts.train, settings, vectors, args.embeddings or "")
    )
    way = way_for(classifier, args.explain)
    if set(parts.train.labels) != set(classifier.classes):
        raise UserError(f"--resume {folder}: the model was trained on other classes; name its data")
    if not saved:
        make_folder(folder)
    say(introduction(parts, classifier))
    spent = time.process_time()
    run = _run(classifier, folder)
    if saved:
        run.resume(saved)
    data = [classifier.rows(part.inputs, part.labels) for part in (parts.train, parts.validation)]
    learner = classifier.learner
    if not run.train(learner.batches(data[0]), learner.step, lambda: learner.look(data[1])):
        say(
            f"Stopped and saved. Go on with the same data: tailrace classify train"
            f"{' ' + args.file if args.file else ''} --resume {folder}"
        )
        return INTERRUPTED
    contest = Contest(parts, classifier.classes)
    contest.add(classifier, time.process_time() - spent, run.progress.history)
    if not _rivals(contest, classifier.settings, vectors, args.seeds):
        say(f"Stopped. The model is in {folder}, without a report")
        return INTERRUPTED
    say()
    show(contest.table())
    classifier.results = contest.results()
    run.write()
    page = write_report(folder, classifier, contest, way)
    baseline = None if classifier.settings.method == BASELINE else TITLES[BASELINE]
    figures = contest.figures(baseline)
    write_figures(folder, "classify", time.perf_counter() - begun, **figures)
    say(
        f"\nThe model is in {folder}, the report in {page}. "
        f'Ask it: tailrace classify predict {folder} "..."'
    )
    return 0


def _check_alone(args: argparse.Namespace) -> None:
    """Raises UserError for what cannot be changed any more."""
    odd = [*Settings.given(args), *(["out"] if args.out else [])]
    odd += ["embeddings"] if args.embeddings else []
    if odd:
        raise UserError(
            f"--{odd[0].replace('_', '-')}: cannot be changed when training goes on (--resume)"
        )


def vectors_of(args: argparse.Namespace) -> Vectors | None:
    """The word vectors that a command line names."""
    if args.embeddings is None:
        return None
    at_least("most", args.most, 1)
    return read_vectors(args.embeddings, most=args.most)


def introduction(parts: Split[Examples], classifier: Classifier) -> str:
    """What is learnt from and by what."""
    data, reader = parts.train, classifier.reader
    notes = "".join(f"; {note}" for note in data.notes)
    sees = (
        f"{len(reader.vocabulary):,} words known, {reader.length} read of a text"
        if reader
        else f"{len(classifier.columns)} columns of numbers"
    )
    return (
        f"{data.name}: {len(data):,} examples to learn from, {len(parts.validation):,} to choose "
        f"by, {len(parts.test):,} to test on, {len(classifier.classes)} classes; {sees}{notes}"
    )


def _run(classifier: Classifier, folder: Path) -> Run:
    learner = classifier.learner
    variables = learner.network.variables
    course = learner.course()
    return Run(folder, KIND, learner.session, course, classifier.describe, variables=variables)


def _rivals(contest: Contest, settings: Settings, vectors: Vectors | None, seeds: int) -> bool:
    """Trains what the table compares with: other seeds, and the plain bag of words."""
    for number in range(seeds):
        seed = settings.seed + number
        if number and not fit_one(contest, settings.with_(seed=seed), vectors):
            return False
        if settings.method != BASELINE:
            plain = settings.with_(method=BASELINE, seed=seed, learning_rate=0.0, ngrams=1)
            if not fit_one(contest, plain, None):
                return False
    return True


def fit_one(contest: Contest, settings: Settings, vectors: Vectors | None) -> bool:
    """Trains one classifier of a contest; returns whether it came to the end."""
    if settings.is_bag:
        vectors = None
    classifier = Classifier.new(contest.parts.train, settings, vectors)
    begun = time.process_time()
    progress = fit_with_bar(classifier, contest.parts)
    if progress is None:
        return False
    entry = contest.add(classifier, time.process_time() - begun, progress)
    say(f"{entry.name}, seed {settings.seed}: accuracy {entry.quality.accuracy:.3f}")
    return True


def fit_with_bar(classifier: Classifier, parts: Split[Examples]) -> list[dict[str, float]] | None:
    """Trains with a bar; returns the figures of each epoch, or None if Ctrl-C ended it."""
    data = [classifier.rows(part.inputs, part.labels) for part in (parts.train, parts.validation)]
    learner: Learner = classifier.learner
    training = Training(learner.course())
    with Bar("{}") as bar, stopping(training.stop):

        def on_step(figures: Figures) -> None:
            bar.step(figures.done, f"loss {figures.loss:.3f}", learner.settings.method)

        finished = learner.train(training, *data, on_step=on_step)
    return training.progress.history if finished else None
