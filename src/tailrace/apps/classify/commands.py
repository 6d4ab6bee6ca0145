"""`tailrace classify train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class _Task:
    """What is to be trained, where, and on what; `saved` is what there was of it before."""

    classifier: Classifier
    folder: Path
    parts: Split[Examples]
    vectors: Vectors | None
    way: str
    saved: dict[str, Any] | None


def train(args: argparse.Namespace) -> int:
    """Trains a classifier in a folder of its own; ends with a table and a report."""
    at_least("seeds", args.seeds, 1)
    begun, spent = time.perf_counter(), time.process_time()
    task = _resumed(args) if args.resume else _new(args)
    classifier, folder, parts = task.classifier, task.folder, task.parts
    say(introduction(parts, classifier))
    run = _run(classifier, folder)
    if task.saved:
        run.resume(task.saved)
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
    if not _rivals(contest, classifier.settings, task.vectors, args.seeds):
        say(f"Stopped. The model is in {folder}, without a report")
        return INTERRUPTED
    classifier.results = contest.results()
    run.write()
    _conclude(task, contest, time.perf_counter() - begun)
    return 0


def _new(args: argparse.Namespace) -> _Task:
    """A training as the command line says it, in a folder that is made for it."""
    settings = Settings.of(**Settings.given(args))
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder, hint="or go on with --resume")
    parts = divide(from_arguments(args), settings)
    if args.method is None and parts.train.texts is None:
        settings = settings.with_(method=BASELINE)
    vectors = vectors_of(args.embeddings, args.most)
    classifier = Classifier.new(parts.train, settings, vectors, args.embeddings or "")
    way = way_for(classifier, args.explain)
    make_folder(folder)
    return _Task(classifier, folder, parts, vectors, way, None)


def _resumed(args: argparse.Namespace) -> _Task:
    """A training that goes on with the settings it began with."""
    _check_alone(args)
    saved = folders.read(args.resume, KIND.application, KIND.format)
    with folders.damage_said(Path(args.resume)):
        classifier = Classifier.from_json(saved)
    parts = divide(from_arguments(args), classifier.settings)
    if set(parts.train.labels) != set(classifier.classes):
        raise UserError(
            f"--resume {args.resume}: the model was trained on other classes; name its data"
        )
    vectors = vectors_of(classifier.vectors, args.most)
    way = way_for(classifier, args.explain)
    return _Task(classifier, Path(args.resume), parts, vectors, way, saved)


def _conclude(task: _Task, contest: Contest, seconds: float) -> None:
    """Shows what came out of a training and writes its report."""
    say()
    show(contest.table())
    page = write_report(task.folder, task.classifier, contest, task.way)
    is_baseline = task.classifier.settings.method == BASELINE
    figures = contest.figures(None if is_baseline else TITLES[BASELINE])
    write_figures(task.folder, "classify", seconds, **figures)
    say(
        f"\nThe model is in {task.folder}, the report in {page}. "
        f'Ask it: tailrace classify predict {task.folder} "..."'
    )


def _check_alone(args: argparse.Namespace) -> None:
    """Raises UserError for what cannot be changed any more."""
    odd = [*Settings.given(args), *(["out"] if args.out else [])]
    odd += ["embeddings"] if args.embeddings else []
    if odd:
        raise UserError(
            f"--{odd[0].replace('_', '-')}: cannot be changed when training goes on (--resume)"
        )


def vectors_of(path: str | None, most: int) -> Vectors | None:
    """The first word vectors of a file, if one is named."""
    if path is None:
        return None
    at_least("most", most, 1)
    return read_vectors(path, most=most)


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
