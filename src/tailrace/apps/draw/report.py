"""The report of DRAW: what it paints, how, and what it comes to beside others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tailrace.apps.common.parts import Split
from tailrace.apps.common.report import Report
from tailrace.apps.draw import pictures
from tailrace.apps.draw.contest import INDEPENDENT, MIXTURES, Contest
from tailrace.apps.draw.data import Values
from tailrace.apps.draw.painter import Painter

# pictures in the grid, in a strip, in the film
GRID, ACROSS, STRIP, FILM = 40, 10, 6, 8
SEED = 1


def write_report(
    folder: Path,
    text: str,
    painter: Painter,
    parts: Split[Values],
    contest: Contest,
    history: Sequence[dict[str, float]],
) -> Path:
    """Writes report.html and its pictures; returns the page's path."""
    settings = painter.settings
    side = (settings.read_side, settings.write_side)
    report = Report(painter.name)
    report.text(
        f"{text}; black and white by {settings.binarise}. {len(parts.train):,} to learn from, "
        f"{len(parts.validation):,} to choose by, {len(parts.test):,} to test on."
    )
    report.heading("What comes to its mind")
    report.text("Grey is a pixel's probability to be white. First what it painted, then real ones.")
    _samples(report, painter, parts, side)
    report.heading("Pictures it had never seen, looked at and painted")
    looks = " Green: where it looks; red: where it paints." if settings.attention else ""
    report.text(f"Glimpse after glimpse.{looks}")
    shown = parts.test[:STRIP]
    seen = painter.reconstruct(shown, SEED)
    originals = shown.reshape(-1, *painter.sides)
    image = pictures.strip(seen, side, originals)
    report.image("reconstructed.png", image, "Canvases of given pictures over time")
    report.heading("Beside others, on held-out pictures")
    report.table(contest.table())
    report.text(_about(len(contest.nats[painter.name])))
    if contest.divergences is not None:
        image = pictures.codes(contest.divergences)
        report.image("codes.png", image, "Nats of each glimpse's code")
    report.heading("Training")
    others = {name: float(np.mean(contest.nats[name])) for name in (INDEPENDENT, MIXTURES)}
    report.image("training.png", pictures.curve(history, others), "The bound during training")
    report.settings(settings.to_json())
    return report.write(folder)


def _samples(report: Report, painter: Painter, parts: Split[Values], side: tuple[int, int]) -> None:
    found = painter.sample(GRID, SEED)
    real = parts.train[:GRID].reshape(-1, *painter.sides)
    report.image("samples.png", pictures.grid(found.canvases[-1], ACROSS), "Painted pictures")
    report.image("real.png", pictures.grid(real, ACROSS), "Real pictures")
    boxes = " Red: where it paints." if painter.settings.attention else ""
    report.text(f"How it paints, glimpse after glimpse, below as a film.{boxes}")
    few = painter.sample(STRIP, SEED)
    report.image("strip.png", pictures.strip(few, side), "Canvases over time")
    film = pictures.animation(painter.sample(FILM, SEED), side, FILM // 2)
    report.image("painting.gif", film, "Canvases over time, as a film")


def _about(seeds: int) -> str:
    many = (
        " Mean ± standard deviation over seeds, each with its own division of the pictures and "
        "initial weights."
        if seeds > 1
        else ""
    )
    return (
        "Smaller is better. For networks it is the variational bound, at least what the picture "
        "truly costs them, a mean over 10 draws of the noise; for the others it is exact. Of the "
        "bound, the code is what the glimpses' z cost, the rest what the pixels then still cost. "
        "Independent pixels: each white with its own probability. The mixture is one of such "
        f"models, of as many (in brackets) as do best on the validation part.{many}"
    )
