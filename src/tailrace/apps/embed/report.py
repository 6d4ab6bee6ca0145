"""Reports: of vectors learnt, and of their bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.labels import write_labels
from tailrace.apps.common.report import FAINT, MAIN, OTHER, Report, new_figure, png
from tailrace.apps.embed import corpus
from tailrace.apps.embed import word_sets as sets
from tailrace.apps.embed.bias import associations
from tailrace.apps.embed.comparison import Contest
from tailrace.apps.embed.embedding import Embedding
from tailrace.apps.embed.pictures import effects_picture, flat, map_picture, targets_picture
from tailrace.apps.embed.space import Space

if TYPE_CHECKING:
    from tailrace.apps.embed.biasing import Finding

# words drawn of a text of one's own, behind the most frequent, which say little
DRAWN, LEFT_OUT = 150, 30
# words drawn of each group of the built-in text
PICTURED = 14
# tests whose words are drawn
MOST_TESTS = 6


def write_report(
    folder: Path,
    name: str,
    embedding: Embedding,
    contest: Contest,
    history: Sequence[dict[str, float]],
    *,
    built_in: bool,
) -> Path:
    """Writes the page of `train` and its pictures; returns the page's path."""
    report, space = Report(f"Word vectors: {name}"), contest.entries[0].space
    report.text(
        f"{len(contest.parts.train.numbers):,} words to learn from, {len(space.words):,} "
        f"different ones, {len(contest.parts.test.numbers):,} held out."
    )
    report.heading("Beside others")
    report.table(contest.table())
    report.text(_about(contest))
    if contest.relations():
        report.heading("Analogies by relation", level=3)
        report.table(contest.relations_table())
    report.heading("Map")
    report.text("Words that are near in all their numbers are near here (t-SNE, cosine).")
    # of few words none is left out
    first = LEFT_OUT if len(space.words) >= 2 * LEFT_OUT else 0
    groups = _groups(space) if built_in else {"words": space.words[first : first + DRAWN]}
    report.image("map.png", map_picture(space, groups, "tsne"), "Words in the plane")
    if built_in:
        _capitals(report, space)
        _planted(report, space)
    report.heading("Training")
    report.image("training.png", _curve(history), "Loss of each pass")
    report.settings(embedding.settings.to_json())
    return report.write(folder)


def _about(contest: Contest) -> str:
    asked = (
        "Analogies: the part of the questions a : b = c : ? whose first answer among all words is "
        "right, by cos(d, b) - cos(d, a) + cos(d, c). "
        if contest.relations()
        else ""
    )
    return (
        f"{asked}Held-out neighbours: how often two words that are neighbours in sentences "
        "kept back have a larger cosine than a word and one drawn by frequency, 0.5 by chance. "
        "Seconds: processor time. With several seeds: mean ± standard deviation."
    )


def _groups(space: Space) -> Mapping[str, Sequence[str]]:
    """The words of the built-in text by what they are."""
    lines = corpus.COUNTRIES
    found = {
        "countries": [line[0] for line in lines],
        "capitals": [line[1] for line in lines],
        "languages": [line[2] for line in lines],
        "how big, how old, ...": [word for line in corpus.DEGREES for word in line[:3]],
        "animals and their young": [word for line in corpus.ANIMALS for word in line[:2]],
        "people": [word for line in corpus.PEOPLE for word in line[:2]],
        "professions": list(corpus.PROFESSIONS),
    }
    return {name: space.known(words)[:PICTURED] for name, words in found.items()}


def _capitals(report: Report, space: Space) -> None:
    pairs = [line[:2] for line in corpus.COUNTRIES if len(space.known(line[:2])) == 2]
    if len(pairs) < 2:
        return
    places = flat(space, [word for pair in pairs for word in pair], "pca", 1)
    figure = new_figure(8, 6)
    axes = figure.subplots()
    for number in range(len(pairs)):
        ends = places[2 * number : 2 * number + 2]
        axes.plot(ends[:, 0], ends[:, 1], color=FAINT, lw=0.8)
        for (x, y), colour in zip(ends, (MAIN, OTHER), strict=True):
            axes.plot([x], [y], "o", color=colour, ms=4)
    axes.set(xlabel="first component", ylabel="second component")
    axes.margins(x=0.12)
    words = [word for pair in pairs for word in pair]
    write_labels(axes, places, words, [MAIN, OTHER] * len(pairs))
    report.heading("Countries and capitals", level=3)
    report.image("capitals.png", png(figure), "Countries (blue) and their capitals (brown)")


def planted(space: Space) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """The built-in text's professions: logarithms of their odds of "he", their lean in a space."""
    names = space.known(corpus.PROFESSIONS)
    parts = np.array([corpus.PROFESSIONS[name] for name in names])
    male, female = (space.rows(space.known(words)) for words in (sets.MALE, sets.FEMALE))
    return names, np.log(parts / (1 - parts)), associations(space.rows(names), male, female)


def planted_correlation(space: Space) -> float:
    """How well a space says what the built-in text's odds are."""
    _, odds, lean = planted(space)
    return float(np.corrcoef(odds, lean)[0, 1])


def _planted(report: Report, space: Space) -> None:
    names, odds, lean = planted(space)
    figure = new_figure(7, 4.5)
    axes = figure.subplots()
    axes.plot(odds, lean, "o", color=MAIN, ms=4)
    axes.axhline(0, color=FAINT, lw=0.8)
    axes.set(
        xlabel='planted: logarithm of the odds of "he"', ylabel="s(w): nearer to male words above"
    )
    axes.margins(x=0.12)
    write_labels(axes, np.stack([odds, lean], 1), names, ["black"] * len(names))
    report.heading("Planted bias, found again", level=3)
    report.text(
        "The built-in text takes he or she in sentences about professions with odds that are "
        "known. How near the vectors are to male and to female words has a correlation of "
        f"{planted_correlation(space):.3f} with these. See tailrace embed bias."
    )
    report.image("planted.png", png(figure), "Planted odds and what the vectors say")


def _curve(history: Sequence[dict[str, float]]) -> bytes:
    figure = new_figure(7, 3)
    axes = figure.subplots()
    passes = [row["epoch"] for row in history]
    axes.plot(passes, [row["loss"] for row in history], "o-", color=FAINT, label="learnt from")
    axes.plot(passes, [row["nats"] for row in history], "o-", color=MAIN, label="held out")
    axes.set(xlabel="pass", ylabel="loss")
    axes.legend()
    return png(figure)


def write_bias_report(folder: Path, name: str, found: Finding) -> Path:
    """Writes the page of `bias` and its pictures; returns the page's path."""
    report = Report(f"Bias in word vectors: {name}")
    report.text(
        f"{len(found.space.words):,} words. Tests of association (WEAT, Caliskan, Bryson, "
        "Narayanan, 2017): an effect above 0 says that the first targets go with the first "
        "attributes, 2 is the most; p is the part of all divisions of the targets, or of drawn "
        "ones, with no smaller difference. Diff.: the difference of the targets' mean associations "
        "in cosines; a large effect of a small difference says that the targets are two close "
        "groups more than that they lean."
    )
    report.table(found.table(whole=True))
    report.text(_about_bias(found))
    picture = effects_picture(found.before, found.after)
    report.image("effects.png", picture, "Effects before and after")
    report.heading("Word by word")
    tests = list(zip(found.before, found.after, strict=True))[:MOST_TESTS]
    for number, (one, other) in enumerate(tests, 1):
        report.heading(one.test.title.capitalize(), level=3)
        report.image(f"test-{number}.png", targets_picture(one, other), one.test.title)
        sets = zip(one.test.names, (one.X, one.Y, one.A, one.B), strict=True)
        report.text("; ".join(f"{what}: {', '.join(words)}" for what, words in sets) + ".")
    return report.write(folder)


def _about_bias(found: Finding) -> str:
    clusters = (
        "Apart: how well two clusters of the targets' vectors are the two sets of targets, 0.5 "
        "not at all. Words: how many of each set are known."
    )
    if found.mended is None:
        return clusters
    pairs = ", ".join(f"{a}-{b}" for a, b in found.pairs)
    return (
        f"After: the direction that {pairs} differ in was taken out of all words that have no "
        "part in it by meaning, and pairs were made equal but for it (hard debiasing, Bolukbasi "
        "and others, 2016). Tests that have nothing to do with that direction should stay as they "
        f"were. {clusters} Where it stays high after debiasing, the bias is hidden rather than "
        "gone: words that leant the same way still stand together (Gonen, Goldberg, 2019)."
    )
