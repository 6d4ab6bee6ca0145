"""What the commands of `tailrace lm` do; each returns its exit status."""

from __future__ import annotations

import argparse
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tailrace.apps.errors import UserError
from tailrace.apps.lm import folder as folders
from tailrace.apps.lm.baselines import fit_baselines
from tailrace.apps.lm.corpus import load_text, read_text
from tailrace.apps.lm.display import Display
from tailrace.apps.lm.generate import begin, next_symbols, next_words, sample
from tailrace.apps.lm.reading import Reader
from tailrace.apps.lm.report import REPORT, Extras, Score, unit, write_report
from tailrace.apps.lm.runs import Run, encode_parts, open_model
from tailrace.apps.lm.settings import Settings, option

DEFAULT_OUT = "lm-model"
INTERRUPTED = 130
SAMPLE_LENGTH = {"char": 600, "word": 120}
EXAMPLES = 3

_console = Console(highlight=False)


def train(args: argparse.Namespace) -> int:
    """`tailrace lm train`."""
    run = _resumed(args) if args.resume else _begun(args)
    folder = run.folder
    assert folder is not None
    _console.print(_introduction(run), soft_wrap=True)
    with Display(_console, run) as display, _stopping(run):
        finished = run.train(display.step, display.evaluation)
    if not finished:
        _console.print(
            f"Stopped and saved. To go on: tailrace lm train --resume --out {folder}",
            soft_wrap=True,
        )
        return INTERRUPTED
    reader = run.use_best()
    scores = run.scores(reader)
    _print_scores(run.contents.settings.level, scores)
    extras = _extras(run, reader)
    run.contents.results = {"scores": [vars(score) for score in scores]}
    folders.write(folder, run.contents)
    write_report(folder, run.contents, scores, extras)
    for heading, text in extras.samples[:1]:
        _console.print(f"\n{heading}:")
        print(text)
    _console.print(
        f"\nThe model is in {folder}, the report in {folder / REPORT}. Ask it: tailrace lm next "
        f"{folder} {shlex.quote(_prompt(extras))}",
        soft_wrap=True,
    )
    return 0


def _prompt(extras: Extras) -> str:
    """The last line of the first example, short enough to type."""
    lines = [line for text, _ in extras.next_symbols for line in text.split("\n") if line.strip()]
    return lines[-1].strip()[-40:] if lines else ""


def _begun(args: argparse.Namespace) -> Run:
    settings = Settings.of(**_given(args))
    text, name = load_text(args.files)
    folder = Path(args.out) if args.out else _free_folder()
    folders.check_free(folder)
    files = [str(Path(file).resolve()) for file in args.files]
    run = Run.begin(text, name, files, settings, folder)
    folders.make(folder)
    return run


def _resumed(args: argparse.Namespace) -> Run:
    if args.files:
        raise UserError("--resume takes no files: it goes on with those of the model")
    given = _given(args)
    odd = sorted(option(name) for name in given if name not in {"epochs", "minutes"})
    if odd:
        raise UserError(
            f"--resume goes on with the model's own settings: {', '.join(odd)} cannot be changed "
            "(--epochs and --minutes can)"
        )
    folder = Path(args.out or DEFAULT_OUT)
    run = Run.resume(folder, **given)
    if run.trainer.done >= 1.0:
        settings = run.contents.settings
        ends = [f"--{n} {v:g}" for n in ("epochs", "minutes") if (v := getattr(settings, n))]
        raise UserError(
            f"{folder}: training has come to its end ({', '.join(ends)}); to go on, give more"
        )
    return run


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that the command line says."""
    names = [field.name for field in fields(Settings)]
    given = {name: getattr(args, name, None) for name in names}
    given = {name: value for name, value in given.items() if value is not None}
    if "epochs" in given and "minutes" not in given:
        given["minutes"] = None
    return given


def _free_folder() -> Path:
    """`lm-model`, or the first of `lm-model-2`, ... that is free."""
    folder, number = Path(DEFAULT_OUT), 1
    while folder.exists():
        number += 1
        folder = Path(f"{DEFAULT_OUT}-{number}")
    return folder


def _introduction(run: Run) -> str:
    settings, parts = run.contents.settings, run.parts
    kind = "characters" if settings.level == "char" else "words"
    return (
        f"{run.contents.text_name}: {len(parts.train):,} {kind} to learn, "
        f"{len(parts.validation):,} to choose by, {len(parts.test):,} to test on; "
        f"{len(run.contents.vocabulary):,} different ones. "
        f"{settings.cell}, {settings.layers} x {settings.size}"
    )


@contextmanager
def _stopping(run: Run) -> Iterator[None]:
    """Ctrl-C ends training after the step under way; a second one ends the program at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: object) -> None:
        run.trainer.stop()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _print_scores(level: str, scores: list[Score]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(unit(level))
    table.add_column("validation", justify="right")
    table.add_column("test", justify="right")
    if level == "word":
        table.add_column("test perplexity", justify="right")
    for score in scores:
        figures = [f"{score.validation_bits:.3f}", f"{score.test_bits:.3f}"]
        if level == "word":
            figures.append(f"{2**score.test_bits:.1f}")
        table.add_row(score.name, *figures)
    _console.print()
    _console.print(table)


def _extras(run: Run, reader: Reader) -> Extras:
    """Samples and examples for the report; the examples continue the test part."""
    contents = run.contents
    vocabulary, settings = contents.vocabulary, contents.settings
    length = SAMPLE_LENGTH[settings.level]
    samples = [
        (
            f"Temperature {temperature:g}",
            vocabulary.join(
                list(
                    sample(
                        reader, vocabulary, "", length, temperature=temperature, seed=settings.seed
                    )
                )
            ),
        )
        for temperature in (0.8, 0.6, 1.0)
    ]
    examples = []
    reach = 60 if settings.level == "char" else 12
    for place in np.linspace(reach, len(run.parts.test) - 1, EXAMPLES + 1)[:-1].astype(int):
        known = run.parts.test[max(0, place - reach) : place]
        text = vocabulary.decode(known[known != 0])
        examples.append((text, _candidates(reader, contents, text, 5)))
    return Extras(samples, examples)


def _candidates(
    reader: Reader, contents: folders.Contents, text: str, count: int
) -> list[tuple[str, float]]:
    if contents.settings.level == "char":
        return next_words(reader, contents.vocabulary, text, count)
    probabilities, _ = begin(reader, contents.vocabulary, text)
    return next_symbols(probabilities, contents.vocabulary, count)


def ask_next(args: argparse.Namespace) -> int:
    """`tailrace lm next`."""
    if args.count < 1:
        raise UserError(f"--count {args.count}: must be at least 1")
    contents, reader = open_model(args.model)
    candidates = _candidates(reader, contents, args.text, args.count)
    _print_candidates("word", candidates)
    if contents.settings.level == "char":
        probabilities, _ = begin(reader, contents.vocabulary, args.text)
        _print_candidates("character", next_symbols(probabilities, contents.vocabulary, args.count))
    return 0


def _print_candidates(what: str, candidates: list[tuple[str, float]]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"next {what}")
    table.add_column("probability", justify="right")
    for symbol, probability in candidates:
        shown = symbol if symbol.isprintable() and symbol.strip() else repr(symbol)
        table.add_row(shown, f"{100 * probability:.1f} %", style=None)
    _console.print(table, markup=False)


def draw(args: argparse.Namespace) -> int:
    """`tailrace lm sample`."""
    contents, reader = open_model(args.model)
    vocabulary = contents.vocabulary
    symbols = sample(
        reader,
        vocabulary,
        args.prime,
        args.length,
        temperature=args.temperature,
        top_k=args.top_k,
        seed=args.seed,
    )
    if vocabulary.level == "char":
        print(args.prime, end="")
        for symbol in symbols:
            print(symbol, end="", flush=True)
        print()
    else:
        print(vocabulary.join([*vocabulary.tokens(args.prime), *symbols]))
    return 0


def evaluate(args: argparse.Namespace) -> int:
    """`tailrace lm eval`."""
    contents, reader = open_model(args.model)
    vocabulary, level = contents.vocabulary, contents.settings.level
    ids = vocabulary.encode(read_text(args.files))
    mean = float(reader.bits(ids).mean())
    kind = "characters" if level == "char" else "words"
    print(f"{len(ids)} {kind}, {int((ids == 0).sum())} of them unknown to the model")
    print(f"{mean:.4f} {unit(level)}, perplexity {2**mean:.4g}")
    return 0


def compare(args: argparse.Namespace) -> int:
    """`tailrace lm baseline`."""
    given = _given(args)
    settings = Settings.of(**given)
    if args.order is not None and args.order < 1:
        raise UserError(f"--order {args.order}: must be at least 1")
    text, _ = load_text(args.files)
    parts, vocabulary = encode_parts(text, settings)
    if min(len(parts.train), len(parts.validation), len(parts.test)) < 2:
        raise UserError("the text is too short to be divided")
    if args.order is not None and args.order >= len(parts.train):
        raise UserError(f"--order {args.order}: the text is too short for it")
    orders = None if args.order is None else [args.order]
    models = fit_baselines(parts, len(vocabulary), settings.level, orders)
    _print_orders(models.kneser_ney_orders, models.markov_orders)
    _print_scores(settings.level, models.scores)
    if args.next is not None:
        distribution = models.kneser_ney.distribution(vocabulary.encode(args.next))
        _console.print()
        what = "character" if settings.level == "char" else "word"
        _print_candidates(what, next_symbols(distribution, vocabulary, 5))
    return 0


def _print_orders(smooth: dict[int, float], markov: dict[int, float]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("validation bits of an n-gram, n")
    table.add_column("Kneser-Ney", justify="right")
    table.add_column("Markov, add k", justify="right")
    for order in sorted({*smooth, *markov}):
        row = [f"{t[order]:.3f}" if order in t else "" for t in (smooth, markov)]
        table.add_row(str(order), *row)
    _console.print(table)
