"""`tailrace lm train`."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import numpy as np

from tailrace.apps.common.display import INTERRUPTED, say, show
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import check_free, free_folder, make_folder
from tailrace.apps.common.runs import RESUME_HINT, check_unchanged, resumed_folder
from tailrace.apps.lm import gates
from tailrace.apps.lm.choice import Choice
from tailrace.apps.lm.corpus import load_text
from tailrace.apps.lm.generate import candidates, sample
from tailrace.apps.lm.pronounce import spellings
from tailrace.apps.lm.report import Extras, score_table, unit, write_report
from tailrace.apps.lm.runs import Comparison, Run
from tailrace.apps.lm.settings import Settings, given

DEFAULT_OUT = "lm-model"
SAMPLE_LENGTH = {"char": 600, "word": 120}
EXAMPLES = 3
# settings that may be other ones when training goes on
CHANGEABLE = ("epochs", "minutes")


def train(args: argparse.Namespace) -> int:
    """Trains a model in a folder of its own; ends with a table and a report."""
    stopped = resumed_folder(args, DEFAULT_OUT)
    run = _begun(args) if stopped is None else _resumed(args, stopped)
    folder, level = run.folder, run.contents.settings.level
    assert folder is not None
    say(_introduction(run))
    if not run.train():
        say(f"Stopped and saved. To go on: tailrace lm train --resume {folder}")
        return INTERRUPTED
    comparison = run.compare()
    say()
    show(score_table(level, comparison.scores))
    extras = _extras(run)
    run.keep(comparison.to_json())
    page = write_report(folder, run.contents, comparison.scores, extras)
    write_figures(folder, "lm", run.contents.progress.seconds, **_figures(level, comparison))
    for heading, text in extras.samples[:1]:
        say(f"\n{heading}:")
        print(text)
    say(
        f"\nThe model is in {folder}, the report in {page}. Ask it: tailrace lm next "
        f"{folder} {shlex.quote(_prompt(extras))}"
    )
    return 0


def _figures(level: str, comparison: Comparison) -> dict[str, Figure]:
    """The network's figures on the test part, beside the best baseline's."""
    network, best = comparison.scores[0], comparison.best_baseline
    figures = {"bits": Figure([network.test_bits], (best.name, best.test_bits), unit(level))}
    if level == "word":
        beside = best.name, 2**best.test_bits
        figures["perplexity"] = Figure([2**network.test_bits], beside)
    return figures


def _prompt(extras: Extras) -> str:
    """The last line of the first example, short enough to type."""
    lines = [line for text, _ in extras.next_symbols for line in text.split("\n") if line.strip()]
    return lines[-1].strip()[-40:] if lines else ""


def _begun(args: argparse.Namespace) -> Run:
    settings = Settings.of(**given(args))
    text, name = load_text(args.files)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    check_free(folder, hint=RESUME_HINT)
    files = [str(Path(file).resolve()) for file in args.files]
    run = Run.begin(text, name, files, settings, folder)
    make_folder(folder, hint=RESUME_HINT)
    return run


def _resumed(args: argparse.Namespace, folder: Path) -> Run:
    wanted = given(args)
    check_unchanged(wanted, CHANGEABLE, files=args.files)
    return Run.resume(folder, **wanted)


def _introduction(run: Run) -> str:
    settings, parts = run.contents.settings, run.parts
    kind = "characters" if settings.level == "char" else "words"
    return (
        f"{run.contents.text_name}: {len(parts.train):,} {kind} to learn, "
        f"{len(parts.validation):,} to choose by, {len(parts.test):,} to test on; "
        f"{len(run.contents.vocabulary):,} different ones. "
        f"{settings.cell}, {settings.layers} x {settings.size}"
    )


def _extras(run: Run) -> Extras:
    """Samples and examples for the report; the examples continue the test part."""
    contents, reader = run.contents, run.trainer.reader
    vocabulary, settings = contents.vocabulary, contents.settings
    length = SAMPLE_LENGTH[settings.level]
    samples = []
    for temperature in (0.8, 0.6, 1.0):
        pieces = sample(reader, vocabulary, "", length, Choice(temperature), seed=settings.seed)
        text = vocabulary.join([symbol for piece in pieces for symbol in piece])
        samples.append((f"Temperature {temperature:g}", text))
    examples = []
    reach = 60 if settings.level == "char" else 12
    for place in np.linspace(reach, len(run.parts.test) - 1, EXAMPLES + 1)[:-1].astype(int):
        known = run.parts.test[max(0, place - reach) : place]
        text = vocabulary.decode(known[known != 0])
        examples.append((text, candidates(reader, vocabulary, text, 5)))
    picture = None
    if settings.level == "char" and settings.cell in gates.CELLS:
        picture = gates.draw_gates(
            gates.observe(reader, run.parts.test[: gates.LENGTH]), vocabulary
        )
    return Extras(samples, examples, spellings(reader, vocabulary), picture)
