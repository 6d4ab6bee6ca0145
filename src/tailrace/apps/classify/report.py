"""Reports: of one classifier with its words and mistakes, and of many side by side."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.classify.classifier import Classifier
from tailrace.apps.classify.comparison import Contest, Entry
from tailrace.apps.classify.explaining import Explanation, explain, words_of_classes
from tailrace.apps.common.report import FAINT, MAIN, OTHER, Report, new_figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# texts shown: of each class one that was told rightly, and mistakes
RIGHT, WRONG = 3, 8
WORDS = 12
# classes whose words get a picture
MOST_PICTURED = 6


def write_report(folder: Path, classifier: Classifier, contest: Contest, way: str) -> Path:
    """Writes the page of `train` and its pictures; returns the page's path."""
    entry, parts = contest.entries[0], contest.parts
    report = Report(f"{entry.name}: {parts.test.name}")
    report.text(
        f"{len(parts.train):,} examples to learn from, {len(parts.validation):,} to choose by, "
        f"{len(parts.test):,} to test on; {len(contest.classes)} classes."
        + "".join(f" Note: {note}." for note in parts.test.notes)
    )
    report.heading("On held-out examples")
    report.table(contest.table())
    report.text(_about(contest))
    if contest.kinds():
        report.heading("By kind of example", level=3)
        report.table(contest.kinds_table())
    report.heading("What is taken for what")
    report.image(
        "confusion.png", confusion_picture(entry, contest.classes), "Classes and answers to them"
    )
    if way != "none":
        _words(report, classifier, contest, way)
    report.heading("Training")
    report.image("training.png", _curve(entry), "Figures of each epoch")
    used = classifier.settings
    report.settings(used.with_(learning_rate=used.rate).to_json())
    return report.write(folder)


def write_comparison(folder: Path, contest: Contest) -> Path:
    """Writes the page of `compare` and its pictures; returns the page's path."""
    parts = contest.parts
    report = Report(f"Classifiers side by side: {parts.test.name}")
    report.text(
        f"{len(parts.train):,} examples to learn from, {len(parts.validation):,} to choose by, "
        f"{len(parts.test):,} to test on; {len(contest.classes)} classes."
        + "".join(f" Note: {note}." for note in parts.test.notes)
    )
    report.table(contest.table())
    report.text(_about(contest) + " The row in bold did best on the part to choose by.")
    report.image("accuracy.png", _bars(contest), "Accuracy of each method, a point per seed")
    if contest.kinds():
        report.heading("By kind of example")
        report.image("kinds.png", _kinds(contest), "Accuracy of each method on each kind")
    best = contest.groups()[contest.best()][0]
    report.heading(f"What the {best.name} takes for what")
    report.image(
        "confusion.png", confusion_picture(best, contest.classes), "Classes and answers to them"
    )
    report.heading("Training")
    report.image("training.png", _curves(contest), "Accuracy on the part to choose by")
    used = best.settings.with_(learning_rate=best.settings.rate)
    report.settings(used.to_json(), f"Settings of the {best.name}")
    return report.write(folder)


def _about(contest: Contest) -> str:
    count = len(contest.truth)
    # two more of each keep it above 0 where all is right (Agresti, Coull, 1998)
    right = (contest.entries[0].answers == contest.truth).sum()
    part = (right + 2) / (count + 4)
    error = np.sqrt(part * (1 - part) / count)
    return (
        "Seconds: processor time of training. With several seeds: mean ± standard deviation of "
        f"networks that begin differently, on the same parts. Another {count:,} examples "
        f"would move an accuracy by about {error:.3f} (standard error), whatever the seed."
    )


def _words(report: Report, classifier: Classifier, contest: Contest, way: str) -> None:
    test = contest.parts.test
    found = explain(classifier, test.inputs, way)
    columns = classifier.reader is None
    what = "columns" if columns else "words"
    report.heading(f"Which {what} mattered")
    report.text(
        "What speaks for a class, on average over the test examples that were taken for it: "
        + ("the gradient of its score times the input" if way == "gradient" else "")
        + (", for a bag its weights" if way == "gradient" and not columns else "")
        + ("how far its score falls without it" if way == "occlusion" else "")
        + " (score: above the mean of all classes', before the softmax)."
    )
    report.image("words.png", _top_words(found, contest.classes), "What speaks for each class")
    if columns:
        return
    report.heading("Texts", level=3)
    report.text(
        "Blue speaks for the answer, brown against it; the strongest word of each text "
        "has the full colour."
    )
    for number in _chosen(contest):
        truth, one = test.labels[number], found[number]
        said = one.label if truth == one.label else f"{one.label} (labelled {truth})"
        report.shaded(one.scaled(), before=f"{said}, {one.chance:.2f}:")


def _chosen(contest: Contest) -> list[int]:
    """Test examples to show: some told rightly, then mistakes."""
    right = contest.entries[0].answers == contest.truth
    of_class = [
        np.flatnonzero(right & (contest.truth == c))[:RIGHT] for c in range(len(contest.classes))
    ]
    good = np.concatenate(of_class[:MOST_PICTURED])
    return [*good.tolist(), *np.flatnonzero(~right)[:WRONG].tolist()]


def confusion_picture(entry: Entry, classes: list[str]) -> bytes:
    """Rows: true classes, columns: answers; shaded by the part of the row."""
    confusion = entry.quality.confusion
    size = 2.2 + 0.7 * len(classes)
    figure = new_figure(min(size + 1.2, 11), min(size, 10))
    axes = figure.subplots()
    parts = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    _grid(axes, parts, [[str(n) for n in row] for row in confusion.tolist()])
    _ticks(axes, classes, classes)
    axes.set(xlabel="answer", ylabel="true class")
    return png(figure)


def _grid(axes: Axes, values: NDArray[np.float64], texts: list[list[str]]) -> None:
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if values.size > 900:
        return
    for (i, j), value in np.ndenumerate(values):
        colour = "white" if value > 0.6 else "black"
        axes.text(j, i, texts[i][j], ha="center", va="center", color=colour, fontsize=9)


def _ticks(axes: Axes, across: list[str], down: list[str]) -> None:
    long = sum(map(len, across)) > 50
    axes.set_xticks(
        range(len(across)), across, rotation=30 if long else 0, ha="right" if long else "center"
    )
    axes.set_yticks(range(len(down)), down)


def _top_words(found: list[Explanation], classes: list[str]) -> bytes:
    shown = classes[:MOST_PICTURED]
    words = words_of_classes(found, classes, WORDS)
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    figure = new_figure(3.6 * across, 3.4 * down)
    grid = figure.subplots(down, across, squeeze=False)
    for axes, name in zip(grid.flat, shown, strict=False):
        pairs = words[name][::-1]
        axes.barh([_drawable(word) for word, _ in pairs], [value for _, value in pairs], color=MAIN)
        axes.set_title(name, fontsize=10)
        axes.tick_params(labelsize=8)
    for axes in grid.flat[len(shown) :]:
        axes.axis("off")
    return png(figure)


def _drawable(word: str) -> str:
    """A word whose signs beyond the usual planes, such as faces, are told by their names."""
    return "".join(
        f"({unicodedata.name(sign, 'sign').lower()})" if ord(sign) > 0xFFFF else sign
        for sign in word
    )


def _curve(entry: Entry) -> bytes:
    figure = new_figure(8, 3)
    axes = figure.subplots(1, 2)
    name = "error rate" if entry.settings.method == "perceptron" else "cross entropy"
    epochs = [row["epoch"] for row in entry.history]
    for one, key in zip(axes, (name, "accuracy"), strict=True):
        one.plot(epochs, [row[key] for row in entry.history], color=MAIN)
        one.set(xlabel="epoch", ylabel=f"{key}, part to choose by")
        one.locator_params(axis="x", integer=True)
    return png(figure)


def _bars(contest: Contest) -> bytes:
    groups = contest.groups()
    names = list(groups)[::-1]
    figure = new_figure(8, 1 + 0.4 * len(names))
    axes = figure.subplots()
    for place, name in enumerate(names):
        values = [entry.quality.accuracy for entry in groups[name]]
        axes.barh(place, float(np.mean(values)), color=MAIN if name == contest.best() else FAINT)
        axes.plot(values, [place] * len(values), "o", color=OTHER, ms=4)
    axes.axvline(contest.majority.accuracy, color="black", ls=":", lw=1)
    axes.text(contest.majority.accuracy, len(names) - 0.4, " most frequent class", fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="accuracy on the test part", xlim=(0, 1))
    return png(figure)


def _kinds(contest: Contest) -> bytes:
    groups, kinds = contest.groups(), contest.kinds()
    values = np.array([[contest.accuracy_of(k, group) for k in kinds] for group in groups.values()])
    figure = new_figure(2.5 + 0.9 * len(kinds), 1 + 0.4 * len(groups))
    axes = figure.subplots()
    _grid(axes, values, [[f"{v:.2f}" for v in row] for row in values.tolist()])
    _ticks(axes, kinds, list(groups))
    return png(figure)


def _curves(contest: Contest) -> bytes:
    figure = new_figure(9, 4)
    axes = figure.subplots()
    for name, group in contest.groups().items():
        rows = group[0].history
        axes.plot(
            [row["epoch"] for row in rows], [row["accuracy"] for row in rows], label=name, lw=1.2
        )
    axes.set(xlabel="epoch", ylabel="accuracy to choose by, first seed")
    axes.locator_params(axis="x", integer=True)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return png(figure)
