"""What a training run leaves to look at: its curves, and the page with everything it found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from tailrace.apps.common.display import Table
from tailrace.apps.common.report import FAINT, MAIN, OTHER, Report, new_figure, png
from tailrace.apps.lm.folder import Contents
from tailrace.apps.lm.gates import GATES
from tailrace.apps.lm.pronounce import Spelling
from tailrace.apps.lm.settings import Settings

CURVE = "curve.png"


@dataclass(frozen=True)
class Score:
    """One row of the comparison; bits per symbol."""

    name: str
    validation_bits: float
    test_bits: float


@dataclass(frozen=True)
class Extras:
    """What the report shows besides the figures."""

    samples: list[tuple[str, str]] = field(default_factory=list)  # heading, text
    next_symbols: list[tuple[str, list[tuple[str, float]]]] = field(default_factory=list)
    spellings: list[Spelling] = field(default_factory=list)
    gates: bytes | None = None  # PNG


def unit(level: str) -> str:
    """What the figures of a level are counted in."""
    return "bits per character" if level == "char" else "bits per word"


def score_table(level: str, scores: list[Score]) -> Table:
    """The comparison, the best on the test part marked."""
    words = level == "word"
    columns = [unit(level), "validation", "test", *(["test perplexity"] if words else [])]
    rows = [
        [
            score.name,
            f"{score.validation_bits:.3f}",
            f"{score.test_bits:.3f}",
            *([f"{2**score.test_bits:.1f}"] if words else []),
        ]
        for score in scores
    ]
    best = min(range(len(scores)), key=lambda i: scores[i].test_bits)
    return Table(columns, rows, best=best)


def draw_curve(contents: Contents, scores: list[Score]) -> bytes:
    """The training and validation curves with the baselines, as PNG."""
    history = contents.progress.history
    figure = new_figure()
    axes = figure.add_subplot()
    minutes = [row["seconds"] / 60 for row in history]
    axes.plot(minutes, [r["loss"] / math.log(2) for r in history], color=FAINT, label="training")
    axes.plot(
        minutes,
        [r["bits"] for r in history],
        color=MAIN,
        linewidth=2,
        marker="o",
        markersize=3,
        label="validation",
    )
    # the uniform distribution is so far off that it would squeeze the curves; names stand in the
    # legend, since the curves end on these lines
    for score, style in zip(scores[1:3], ("--", ":"), strict=False):
        axes.axhline(
            score.validation_bits, color=OTHER, linestyle=style, linewidth=1.2, label=score.name
        )
    axes.set_xlabel("minutes of training")
    axes.set_ylabel(unit(contents.settings.level))
    axes.set_title(f"{contents.settings.cell} language model of {contents.text_name}", fontsize=10)
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    return png(figure)


def write_report(folder: Path, contents: Contents, scores: list[Score], extras: Extras) -> Path:
    """Writes the page and its pictures into the model folder; returns the page's path."""
    settings, progress = contents.settings, contents.progress
    report = Report(f"Language model of {contents.text_name}")
    report.text(
        f"{settings.layers} {settings.cell} layer{'s' * (settings.layers > 1)} of "
        f"{settings.size} units, trained on {settings.level}s for {progress.seconds / 60:.1f} "
        f"minutes ({progress.step} steps, {progress.epoch} whole passes over the text)."
    )
    report.text(_reads(settings))
    report.heading("On held-out text")
    report.table(score_table(settings.level, scores))
    report.text(
        "Lower is better. The models saw neither part while they learnt; the validation part "
        "chose the best moment of the network, the order of the n-gram models and the mixture's "
        "weight, the test part chose nothing in this run."
    )
    report.heading("Training")
    report.image(CURVE, draw_curve(contents, scores), "training curves")
    report.heading("What comes next")
    for text, candidates in extras.next_symbols:
        _add_next(report, text, candidates)
    _add_spellings(report, extras.spellings)
    if extras.gates is not None:
        report.heading("Gates")
        report.text(
            "How far the gates of the first layer's units open when a character is read, for the "
            "units that tell characters apart best."
        )
        report.image(GATES, extras.gates, "gates per unit and character")
    report.heading("Samples")
    for name, text in extras.samples:
        report.heading(name, level=3)
        report.listing(text)
    report.settings(settings.to_json())
    return report.write(folder)


def _reads(settings: Settings) -> str:
    """What the network reads, in words."""
    what = "character" if settings.level == "char" else "word"
    read = [f"the {what}"]
    if settings.ngram_inputs > 1:
        read.append(f"the groups of 2 to {settings.ngram_inputs} {what}s that end there")
    if settings.match_length:
        read.append(
            f"what followed the longest match, of up to {settings.match_length} {what}s, in the "
            "training text"
        )
    return f"At each step it reads {', and '.join(read)}."


def _add_next(report: Report, text: str, candidates: list[tuple[str, float]]) -> None:
    report.text("After", code=text, after=":")
    if not candidates:
        report.text("no word is likely to begin here.")
        return
    rows = [[repr(symbol)[1:-1], percent(probability)] for symbol, probability in candidates]
    report.table(Table(["", ""], rows))


def _add_spellings(report: Report, spellings: list[Spelling]) -> None:
    if not spellings:
        return
    report.heading("Spelling")
    report.text(
        "After the beginning of a word, letters that nobody can say in English should be unlikely. "
        "Parts of the probability of small letters:"
    )
    columns = ["after", "likeliest", "can be said", "cannot", "cannot, if all letters were alike"]
    rows = [
        [
            one.stem,
            ", ".join(f"{letter} {percent(p)}" for letter, p in one.likeliest),
            percent(one.sayable),
            percent(one.unsayable),
            percent(one.by_chance),
        ]
        for one in spellings
    ]
    report.table(Table(columns, rows, left=2))


def percent(probability: float) -> str:
    """A probability for people."""
    return f"{100 * probability:.1f} %"
