"""`tailrace embed train`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, Bar, clock, say, show, stopping
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.common.runs import (
    RESUME_HINT,
    Run,
    check_unchanged,
    read_stopped,
    resumed_folder,
)
from tailrace.apps.common.settings import at_least
from tailrace.apps.common.training import Figures, Training
from tailrace.apps.embed import corpus
from tailrace.apps.embed.comparison import Contest
from tailrace.apps.embed.embedding import Embedding, Parts
from tailrace.apps.embed.questions import read_questions
from tailrace.apps.embed.report import planted_correlation, write_report
from tailrace.apps.embed.settings import Settings
from tailrace.apps.embed.space import Question
from tailrace.apps.embed.text import Sentences, read_sentences
from tailrace.apps.errors import UserError

DEFAULT_OUT = "embed-model"
# settings that may be other ones when training goes on
CHANGEABLE = ("epochs", "minutes")


@dataclass(frozen=True)
class Source:
    """Where text and questions come from: files by their absolute paths, or built in."""

    file: str | None = None
    questions: str | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> Source:
        """What a command line names."""
        return cls(*(str(Path(n).absolute()) if n else None for n in (args.file, args.questions)))

    @property
    def name(self) -> str:
        """What it is, for people."""
        return "built-in text, made by rules" if self.file is None else Path(self.file).name

    def read(self) -> tuple[Sentences, Mapping[str, Sequence[Question]]]:
        """Sentences and analogies. Raises: UserError where they cannot be read."""
        questions = read_questions(self.questions) if self.questions else {}
        if self.file is None:
            return corpus.text(), questions or corpus.questions()
        sentences = read_sentences(self.file)
        if not sentences:
            raise UserError(f"{self.file}: has no sentence of two words or more")
        return sentences, questions


@dataclass(frozen=True)
class Task:
    """What is to be learnt, where, and on what."""

    embedding: Embedding
    run: Run
    source: Source
    parts: Parts
    questions: Mapping[str, Sequence[Question]]
    seeds: int


def train(args: argparse.Namespace) -> int:
    """Learns vectors in a folder of their own; ends with a table and a report."""
    begun = time.perf_counter()
    stopped = resumed_folder(args, DEFAULT_OUT)
    task = _new(args) if stopped is None else _resumed(args, stopped)
    parts, folder = task.parts, task.run.folder
    say(
        f"{task.source.name}: {len(parts.train.numbers):,} words to learn from, "
        f"{len(parts.test.numbers):,} to test on, {len(parts.vocabulary):,} different ones"
    )
    contest = Contest(parts, task.embedding.settings, task.questions)
    if not _fit_all(task, contest):
        say(
            f"Stopped and saved. Go on with: tailrace embed train --resume {folder}; "
            f"or use it as it is: tailrace embed near {folder} WORD"
        )
        return INTERRUPTED
    contest.add_baselines(time.process_time)
    task.embedding.results = contest.results()
    task.run.write()
    _finish(task, contest, begun)
    return 0


def _finish(task: Task, contest: Contest, begun: float) -> None:
    """Shows what came out, writes report and figures."""
    folder, words = task.run.folder, task.parts.vocabulary.symbols
    say()
    show(contest.table())
    if contest.relations():
        say()
        show(contest.relations_table())
    built_in = task.source.file is None
    history = task.run.progress.history
    page = write_report(
        folder, task.source.name, task.embedding, contest, history, built_in=built_in
    )
    figures = contest.figures()
    if built_in:
        figures["planted odds found again"] = _planted(contest)
    write_figures(folder, "embed", time.perf_counter() - begun, **figures)
    say(
        f"\nThe vectors are in {folder}, the report in {page}. "
        f"Ask them: tailrace embed near {folder} {words[len(words) // 2]}"
    )


def _new(args: argparse.Namespace) -> Task:
    settings, source = Settings.of(**Settings.given(args)), Source.of(args)
    seeds = 1 if args.seeds is None else args.seeds
    at_least("seeds", seeds, 1)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder, hint=RESUME_HINT)
    sentences, questions = source.read()
    parts = Parts.of(sentences, settings)
    embedding = Embedding.new(parts, settings)
    make_folder(folder, hint=RESUME_HINT)
    run = _run(embedding, folder, source, parts, seeds)
    return Task(embedding, run, source, parts, questions, seeds)


def _resumed(args: argparse.Namespace, folder: Path) -> Task:
    given = Settings.given(args)
    check_unchanged(given, CHANGEABLE, files=args.file, questions=args.questions)
    found = read_stopped(folder, Embedding.kind)
    with folders.damage_said(folder):
        embedding = Embedding.from_json({**found, "settings": {**found["settings"], **given}})
        source, fingerprint = Source(**found["source"]), found["fingerprint"]
        seeds = int(found["seeds"]) if args.seeds is None else args.seeds
    at_least("seeds", seeds, 1)
    sentences, questions = source.read()
    parts = Parts.of(sentences, embedding.settings)
    if parts.fingerprint != fingerprint:
        raise UserError(f"{folder}: cannot go on: {source.name} is not what it was")
    run = _run(embedding, folder, source, parts, seeds)
    run.resume(found)
    return Task(embedding, run, source, parts, questions, seeds)


def _run(embedding: Embedding, folder: Path, source: Source, parts: Parts, seeds: int) -> Run:
    about = {"source": vars(source), "fingerprint": parts.fingerprint, "seeds": seeds}
    return embedding.new_run(folder, embedding.learner.course(), **about)


def _fit_all(task: Task, contest: Contest) -> bool:
    """Trains in the folder, then from the other seeds; returns whether all came to their end."""
    parts, settings = task.parts, task.embedding.settings
    for number in range(task.seeds):
        begun = time.process_time()
        embedding = task.embedding
        if number:
            embedding = Embedding.new(parts, settings.with_(seed=settings.seed + number))
            finished = _fit(embedding, parts)
        else:
            finished = task.run.train(*embedding.lessons(parts))
        if not finished:
            return False
        title = f"{settings.method}, {settings.size} numbers"
        contest.add(title, embedding.learner.vectors(), time.process_time() - begun)
    return True


def _planted(contest: Contest) -> Figure:
    """The correlation of the built-in text's odds with the vectors that were learnt."""
    learnt, counted = list(contest.groups().values())[:2]
    found = [planted_correlation(entry.space) for entry in learnt]
    return Figure(found, (counted[0].name, planted_correlation(counted[0].space)))


def _fit(embedding: Embedding, parts: Parts) -> bool:
    """Trains in memory with a bar."""
    training, seed = Training(embedding.learner.course()), embedding.settings.seed
    with Bar("seed {}") as bar, stopping(training.stop):

        def on_step(figures: Figures) -> None:
            bar.step(figures.done, f"loss {figures.loss:.3f}, {clock(figures.left_s)} left", seed)

        return embedding.fit(parts, training, on_step)
