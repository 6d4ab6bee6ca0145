"""The report of an autoencoder: pictures before and after, its filters, the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tailrace.apps.common.display import Table
from tailrace.apps.common.pictures import mosaic
from tailrace.apps.common.report import FAINT, MAIN, OTHER, Report, new_figure, png
from tailrace.apps.denoise.corruption import Values
from tailrace.apps.denoise.trial import AUTOENCODER, Trial

# filters shown, in rows of
FILTERS, ACROSS = 100, 20
# pixels of a row of pictures, side of a large picture's middle that is shown
ROW_PIXELS, LARGEST = 400, 96
COLOURS = {AUTOENCODER: MAIN, "PCA": OTHER, "linear map": "#5b8c3e", "median 3 x 3": "#8a6bb1"}


def write_report(
    folder: Path,
    text: str,
    trials: Sequence[Trial],
    found: Table,
    history: Sequence[dict[str, float]],
) -> Path:
    """Writes report.html and its pictures; returns the page's path."""
    trial = trials[0]
    lesson = trial.lesson
    report = Report("A denoising autoencoder")
    report.text(
        f"{text}: {len(lesson.train):,} to learn from, {len(lesson.validation):,} to choose by, "
        f"{len(trial.clean):,} to test on. Pixels go from 0 to 1."
    )
    report.heading("Pictures it had never seen")
    report.image(
        "rows.png", rows(trial), "Originals, spoilt pictures, and what methods make of them"
    )
    report.heading("Beside others, on held-out pictures")
    report.table(found)
    report.text(
        "All methods get the same spoilt pictures. PCA projects them on the principal components "
        "of clean ones, as many as do best on the validation part; the linear map is the best one "
        "from spoilt to clean in the sense of least squares. PSNR is that of the mean squared "
        "error over all test pixels."
        + (
            " Mean ± standard deviation over seeds, each with its own division of the pictures, "
            "noise and initial weights."
            if len(trials) > 1
            else ""
        )
    )
    report.heading("More and less corruption than it learnt")
    report.image("amounts.png", amounts(trial), "Decibels of each method by amount of corruption")
    report.heading("What the hidden units look for")
    report.text(
        f"The encoder's weights into {min(FILTERS, lesson.settings.hidden)} of "
        f"{lesson.settings.hidden} hidden units, the strongest first; grey is 0."
    )
    report.image("filters.png", filters(trial), "Weights of hidden units")
    report.heading("Training")
    report.image("training.png", curve(history), "Error during training")
    report.settings(lesson.settings.to_json())
    return report.write(folder)


def rows(trial: Trial) -> bytes:
    """Test pictures in columns: original, spoilt, then by each method."""
    side = min(LARGEST, *(min(picture.shape) for picture in trial.clean))
    lined = min(picture.shape[0] for picture in trial.clean) == 1
    across = 1 if lined else max(3, min(len(trial.clean), 14, ROW_PIXELS // max(side, 20)))
    chosen = range(min(across, len(trial.clean)))
    shown = {
        "original": [trial.clean[i] for i in chosen],
        "spoilt": [trial.spoilt[i] for i in chosen],
    }
    for name, method in trial.methods.items():
        if name != "nothing":
            shown[name] = [method(trial.spoilt[i]) for i in chosen]
    figure = new_figure(11, (0.3 + 10.7 / len(chosen)) * len(shown) * (0.1 if lined else 1))
    axes = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for axis, (name, found) in zip(axes, shown.items(), strict=True):
        middles = np.stack([picture if lined else _middle(picture, side) for picture in found])
        axis.imshow(
            mosaic(middles, len(found), ground=1.0),
            cmap="gray",
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
        axis.set(xticks=[], yticks=[])
        axis.set_title(name, loc="left", fontsize=9, pad=2)
        for spine in axis.spines.values():
            spine.set_visible(False)
    return png(figure)


def _middle(picture: Values, side: int) -> Values:
    top, left = ((size - side) // 2 for size in picture.shape)
    return picture[top : top + side, left : left + side]


def filters(trial: Trial) -> bytes:
    """The strongest hidden units' weights as pictures, each to its own scale."""
    found = trial.denoiser.weights()
    strength = np.square(found).sum((1, 2))
    chosen = found[np.argsort(-strength)[:FILTERS]]
    scaled = chosen / np.abs(chosen).max((1, 2), keepdims=True)
    whole = mosaic(scaled, min(ACROSS, len(scaled)), ground=1.0)
    figure = new_figure(11, 0.2 + 11 * whole.shape[0] / whole.shape[1])
    axes = figure.subplots()
    axes.imshow(whole, cmap="gray", vmin=-1, vmax=1)
    axes.set_axis_off()
    return png(figure)


def amounts(trial: Trial) -> bytes:
    """Decibels of each method for other amounts of corruption than the one learnt."""
    levels, found = trial.levels()
    figure = new_figure(8, 4)
    axes = figure.subplots()
    for name, decibels in found.items():
        width = 2.2 if name == AUTOENCODER else 1.2
        axes.plot(
            levels, decibels, "o-", ms=3, lw=width, color=COLOURS.get(name, FAINT), label=name
        )
    axes.axvline(trial.lesson.settings.amount, color=FAINT, ls=":", lw=1)
    kind = trial.lesson.settings.corruption
    axes.set(xlabel=f"amount of corruption ({kind}); dotted: learnt", ylabel="PSNR, dB")
    axes.legend(fontsize=8)
    return png(figure)


def curve(history: Sequence[dict[str, float]]) -> bytes:
    """The validation part's error at each evaluation."""
    figure = new_figure(7, 3)
    axes = figure.subplots()
    axes.plot([row["step"] for row in history], [row["error"] for row in history], color=MAIN)
    axes.set(xlabel="step", ylabel="squared error, validation", yscale="log")
    return png(figure)
