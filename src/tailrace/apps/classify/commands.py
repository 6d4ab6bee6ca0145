"""`tailrace classify train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

from tailrace.apps.classify.classifier import Classifier, divide
from tailrace.apps.classify.comparison import Contest
from tailrace.apps.classify.data import Examples, Source
from tailrace.apps.classify.explaining import way_for
from tailrace.apps.classify.learner import Learner
from tailrace.apps.classify.report import write_report
from tailrace.apps.classify.settings import TITLES, Settings
from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, Bar, say, show, stopping
from tailrace.apps.common.figures import write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.common.parts import Split
from tailrace.apps.common.runs import (
    RESUME_HINT,
    Run,
    check_unchanged,
    read_stopped,
    resumed_folder,
)
from tailrace.apps.common.settings import at_least
from tailrace.apps.common.training import Figures, Training
from tailrace.apps.common.vectors import Vectors, read_vectors
from tailrace.apps.errors import UserError

DEFAULT_OUT = "classify-model"
# what every method is compared with
BASELINE = "logistic"
# settings that may be other ones when training goes on
CHANGEABLE = ("epochs", "patience")


@dataclass(frozen=True)
class _Task:
    """What is to be trained, where, and on what."""

    classifier: Classifier
    run: Run
    parts: Split[Examples]
    vectors: Vectors | None
    way: str


def train(args: argparse.Namespace) -> int:
    """Trains a classifier in a folder of its own; ends with a table and a report."""
    at_least("seeds", args.seeds, 1)
    begun, spent = time.perf_counter(), time.process_time()
    stopped = resumed_folder(args, DEFAULT_OUT)
    task = _new(args) if stopped is None else _resumed(args, stopped)
    classifier, run, parts = task.classifier, task.run, task.parts
    folder = run.folder
    say(introduction(parts, classifier))
    data = [classifier.rows(part.inputs, part.labels) for part in (parts.train, parts.validation)]
    learner = classifier.learner
    if not run.train(learner.batches(data[0]), learner.step, lambda: learner.look(data[1])):
        say(f"Stopped and saved. Go on with: tailrace classify train --resume {folder}")
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
    check_free(folder, hint=RESUME_HINT)
    source = Source.of(args)
    examples = source.read()
    parts = divide(examples, settings)
    if args.method is None and parts.train.texts is None:
        settings = settings.with_(method=BASELINE)
    vectors = vectors_of(args.embeddings, args.most)
    named = str(Path(args.embeddings).absolute()) if args.embeddings else ""
    classifier = Classifier.new(parts.train, settings, vectors, named)
    way = way_for(classifier, args.explain)
    make_folder(folder)
    run = _run(classifier, folder, source, examples)
    return _Task(classifier, run, parts, vectors, way)


def _resumed(args: argparse.Namespace, folder: Path) -> _Task:
    """A training that goes on with the data and settings it began with."""
    given, others = Settings.given(args), {"files": args.file, "embeddings": args.embeddings}
    others |= {name: getattr(args, name) for name in ("demo", "text", "label", "columns", "kind")}
    check_unchanged(given, CHANGEABLE, **others)
    saved = read_stopped(folder, Classifier.kind)
    with folders.damage_said(folder):
        classifier = Classifier.from_json({**saved, "settings": {**saved["settings"], **given}})
        source, fingerprint = Source(**saved["source"]), saved["fingerprint"]
    examples = source.read()
    if examples.fingerprint != fingerprint:
        raise UserError(f"{folder}: cannot go on: {examples.name} is not what it was")
    vectors = vectors_of(classifier.vectors, args.most)
    way = way_for(classifier, args.explain)
    run = _run(classifier, folder, source, examples)
    run.resume(saved)
    return _Task(classifier, run, divide(examples, classifier.settings), vectors, way)


def _conclude(task: _Task, contest: Contest, seconds: float) -> None:
    """Shows what came out of a training and writes its report."""
    folder = task.run.folder
    say()
    show(contest.table())
    page = write_report(folder, task.classifier, contest, task.way)
    is_baseline = task.classifier.settings.method == BASELINE
    figures = contest.figures(None if is_baseline else TITLES[BASELINE])
    write_figures(folder, "classify", seconds, **figures)
    say(
        f"\nThe model is in {folder}, the report in {page}. "
        f'Ask it: tailrace classify predict {folder} "..."'
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


def _run(classifier: Classifier, folder: Path, source: Source, examples: Examples) -> Run:
    about = {"source": vars(source), "fingerprint": examples.fingerprint}
    return classifier.new_run(folder, classifier.learner.course(), **about)


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
