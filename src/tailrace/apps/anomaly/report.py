"""The report of a detector: the series with its score and marks, the table, how it learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tailrace.apps.anomaly.comparison import Contest, Entry
from tailrace.apps.anomaly.data import Series
from tailrace.apps.anomaly.detector import Detector
from tailrace.apps.anomaly.ranges import to_ranges
from tailrace.apps.common.report import FAINT, MAIN, OTHER, Report, new_figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAD = "#d9a441"
# points in the picture of one place, and channels shown
CLOSE, SHOWN = 450, 4


def write_report(folder: Path, detector: Detector, data: str, contest: Contest) -> Path:
    """Writes report.html and its pictures; returns the page's path."""
    test, settings = contest.test, detector.settings
    report = Report(f"Anomalies: {test.name}")
    report.text(
        f"{data}. {len(contest.parts.train.values):,} points to learn from, "
        f"{len(contest.parts.validation.values):,} to choose by, "
        f"{len(contest.parts.calibration.values):,} normal ones to calibrate on, "
        f"{len(test.values):,} to try it on."
    )
    report.heading("What was found")
    report.text(_legend(contest))
    report.image("series.png", _whole(detector, contest), "The test series, its score and marks")
    report.heading("A closer look", level=3)
    report.image("close.png", _close(contest), "One place, and what each detector says of it")
    report.heading("Beside others, on held-out data")
    report.table(contest.table())
    report.text(_about(contest, settings.false_alarms))
    report.heading("Training")
    report.image("training.png", _curve(detector), "Loss during training")
    report.settings(settings.to_json())
    return report.write(folder)


def _legend(contest: Contest) -> str:
    truth = " What is known to be bad is shaded in yellow." if contest.labelled else ""
    return (
        "Above the series, below the score of each point on a logarithmic scale, with the "
        f"threshold as a dashed line; points above it are marked.{truth}"
    )


def _about(contest: Contest, rate: float) -> str:
    common = (
        f"Every threshold is set so that {100 * rate:g} % of normal points are marked, on normal "
        "data that no detector learnt from."
    )
    if not contest.labelled:
        return common
    return (
        f"{common} False: the part of normal test points that was marked; detectors that "
        "look at whole windows also mark what surrounds a bad place, and a predictor what comes "
        "right behind one. Recall and precision are "
        "those of ranges (Tatbul and others, 2018; half of a range's recall is for being noticed, "
        "flat bias, n parts count 1/n), not point-adjusted. Mean prec.: average precision of "
        "single points, which needs no threshold. ms: to score the test series. With several "
        "seeds: mean ± standard deviation, of the networks' seeds on the same series."
    )


def series_picture(series: Series, scores: np.ndarray, limit: float, marks: np.ndarray) -> bytes:
    """A series with marks above its score, as PNG."""
    shown = min(SHOWN, series.values.shape[1])
    figure = new_figure(11, 2.2 * (shown + 1))
    axes = np.atleast_1d(figure.subplots(shown + 1, 1, sharex=True))
    for i in range(shown):
        _draw(axes[i], series.values[:, i], series, 0)
        _mark(axes[i], series.values[:, i], marks, 0)
        axes[i].set_ylabel(series.channels[i])
    _shade(axes[-1], series, 0)
    axes[-1].semilogy(np.maximum(scores, 1e-6), color=MAIN, lw=0.7)
    axes[-1].axhline(limit, color=OTHER, ls="--", lw=1)
    axes[-1].set(ylabel="score", xlabel="point")
    axes[-1].set_xlim(0, len(scores))
    return png(figure)


def _whole(detector: Detector, contest: Contest) -> bytes:
    chosen = contest.chosen
    return series_picture(contest.test, chosen.scores, detector.threshold, chosen.marks)


def _draw(axes: Axes, values: np.ndarray, series: Series, first: int) -> None:
    axes.plot(np.arange(first, first + len(values)), values, color=FAINT, lw=0.8)
    _shade(axes, series, first, first + len(values))


def _shade(axes: Axes, series: Series, first: int, last: int | None = None) -> None:
    for begin, end in to_ranges(series.bad):
        if end > first and (last is None or begin < last):
            axes.axvspan(begin, end, color=BAD, alpha=0.35, lw=0)


def _mark(axes: Axes, values: np.ndarray, marks: np.ndarray, first: int) -> None:
    here = np.flatnonzero(marks)
    axes.plot(first + here, values[here], ".", color=OTHER, ms=3)


def _close(contest: Contest) -> bytes:
    """A bad place, or the highest score where none is known, as every detector sees it."""
    test, entries = contest.test, contest.first_of_each()
    bad = to_ranges(test.bad)
    scores = np.nan_to_num(contest.chosen.scores, nan=-np.inf)
    middle = sum(bad[len(bad) // 2]) // 2 if bad else int(np.argmax(scores))
    first = max(0, min(middle - CLOSE // 2, len(test.values) - CLOSE))
    where = slice(first, first + CLOSE)
    figure = new_figure(11, 2.4 + 1.3 * len(entries))
    ratios = [2.0, *[1.0] * len(entries)]
    axes = figure.subplots(len(entries) + 1, 1, sharex=True, height_ratios=ratios)
    _draw(axes[0], test.values[where, 0], test, first)
    _mark(axes[0], test.values[where, 0], contest.chosen.marks[where], first)
    axes[0].set_ylabel(test.channels[0])
    for axis, entry in zip(axes[1:], entries, strict=True):
        _score(axis, entry, where, test)
    axes[-1].set_xlabel("point")
    axes[-1].set_xlim(first, first + CLOSE)
    return png(figure)


def _score(axes: Axes, entry: Entry, where: slice, series: Series) -> None:
    """Scores in thresholds."""
    scores = entry.scores[where] / entry.threshold
    points = np.arange(where.start, where.start + len(scores))
    _shade(axes, series, where.start, where.start + len(scores))
    axes.plot(points, scores, color=MAIN, lw=1)
    axes.fill_between(points, 1, scores, where=list(scores > 1), color=OTHER, alpha=0.5)
    axes.axhline(1, color=OTHER, ls="--", lw=1)
    axes.set_ylim(0, max(2.0, float(np.nanmax(scores)) * 1.05))
    axes.set_title(f"{entry.name}: score / threshold", loc="left", fontsize=8)


def _curve(detector: Detector) -> bytes:
    rows: Sequence[dict[str, float]] = detector.history
    figure = new_figure(7, 3)
    axes = figure.subplots()
    steps = [row["step"] for row in rows]
    axes.plot(steps, [row["loss"] for row in rows], color=FAINT, label="training")
    axes.plot(steps, [row["validation"] for row in rows], color=MAIN, label="validation part")
    axes.set(xlabel="step", ylabel="squared error", yscale="log")
    axes.legend()
    return png(figure)
