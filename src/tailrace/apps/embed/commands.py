"""`tailrace embed train`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tailrace.apps.common.display import INTERRUPTED, Bar, clock, say, show, stopping
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
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


def train(args: argparse.Namespace) -> int:
    """Learns vectors in a folder of their own; ends with a table and a report."""
    settings = Settings.of(**Settings.given(args))
    at_least("seeds", args.seeds, 1)
    begun = time.perf_counter()
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder)
    name, sentences, questions = _data(args)
    parts = Parts.of(sentences, settings)
    make_folder(folder)
    say(
        f"{name}: {len(sentences):,} sentences, {len(parts.train.numbers):,} words to learn from, "
        f"{len(parts.vocabulary):,} different ones"
    )
    contest = Contest(parts, settings, questions)
    first = _fit_all(contest, folder, args.seeds)
    if first is None:
        say(
            f"Stopped and saved: the vectors as far as they were learnt are in {folder}. "
            "To have all of it, give the same command another --out."
        )
        return INTERRUPTED
    contest.add_baselines(time.process_time)
    embedding, history = first
    embedding.results = contest.results()
    embedding.save(folder)
    say()
    show(contest.table())
    if contest.relations():
        say()
        show(contest.relations_table())
    built_in = args.file is None
    page = write_report(folder, name, embedding, contest, history, built_in=built_in)
    figures = contest.figures()
    if built_in:
        figures["planted odds found again"] = _planted(contest)
    write_figures(folder, "embed", time.perf_counter() - begun, **figures)
    word = parts.vocabulary.symbols[len(parts.vocabulary) // 2]
    say(
        f"\nThe vectors are in {folder}, the report in {page}. "
        f"Ask them: tailrace embed near {folder} {word}"
    )
    return 0


def _fit_all(
    contest: Contest, folder: Path, seeds: int
) -> tuple[Embedding, list[dict[str, float]]] | None:
    """Trains from each seed; gives the first one, saved, and its course, or None if stopped."""
    parts, settings = contest.parts, contest.settings
    found: list[tuple[Embedding, list[dict[str, float]]]] = []
    for number in range(seeds):
        begun = time.process_time()
        embedding = Embedding.new(parts, settings.with_(seed=settings.seed + number))
        training = _fit(embedding, parts, told=not number)
        if not found:
            embedding.save(folder)
        if not training.progress.finished:
            return None
        found.append((embedding, training.progress.history))
        title = f"{settings.method}, {settings.size} numbers"
        contest.add(title, embedding.learner.vectors(), time.process_time() - begun)
    return found[0]


def _data(args: argparse.Namespace) -> tuple[str, Sentences, Mapping[str, Sequence[Question]]]:
    questions = read_questions(args.questions) if args.questions else {}
    if args.file is None:
        return "built-in text, made by rules", corpus.text(), questions or corpus.questions()
    sentences = read_sentences(args.file)
    if not sentences:
        raise UserError(f"{args.file}: has no sentence of two words or more")
    return Path(args.file).name, sentences, questions


def _planted(contest: Contest) -> Figure:
    """The correlation of the built-in text's odds with the vectors that were learnt."""
    learnt, counted = list(contest.groups().values())[:2]
    found = [planted_correlation(entry.space) for entry in learnt]
    return Figure(found, (counted[0].name, planted_correlation(counted[0].space)))


def _fit(embedding: Embedding, parts: Parts, *, told: bool) -> Training:
    """Trains with a bar, and a line for each pass where that is `told`."""
    learner = embedding.learner
    training = Training(learner.course())
    with Bar("epoch {}") as bar, stopping(training.stop):

        def on_step(figures: Figures) -> None:
            said = f"loss {figures.loss:.3f}, {clock(figures.left_s)} left"
            bar.step(figures.done, said, figures.epoch + 1)

        def on_evaluation(row: dict[str, float], best: bool) -> None:
            if told:
                bar.line(
                    f"epoch {row['epoch']}: loss {row['loss']:.3f}, "
                    f"on held-out sentences {row['held-out loss']:.3f}"
                )

        training.run(
            learner.batches(parts.train),
            learner.step,
            lambda: learner.look(parts.test),
            on_step=on_step,
            on_evaluation=on_evaluation,
        )
    return training
