"""Words in the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.labels import write_labels
from tailrace.apps.common.report import MAIN, OTHER, new_figure, png
from tailrace.apps.embed.bias import Effect
from tailrace.apps.embed.space import Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WAYS = ("tsne", "pca")
COLOURS = (MAIN, OTHER, "#5b8c3a", "#8a4f9e", "#b8860b", "#3f6f6f", "#5f6b76")


def flat(space: Space, words: Sequence[str], way: str, seed: int) -> NDArray[np.float64]:
    """Places [N, 2] of words, by principal components or t-SNE of their unit vectors."""
    rows = np.asarray(space.rows(words), float)
    if way == "pca":
        # two components of two words or numbers there need not be
        left, values, _ = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
        found = (left * values)[:, :2]
        return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))
    # a second to load, wanted here only
    from sklearn.manifold import TSNE

    perplexity = min(6.0, (len(rows) - 1) / 3)
    made = TSNE(2, perplexity=perplexity, init="random", metric="cosine", random_state=seed)
    return np.asarray(made.fit_transform(rows), float)


def map_picture(
    space: Space, groups: Mapping[str, Sequence[str]], way: str, seed: int = 1
) -> bytes:
    """A map of words, a colour for each group."""
    words = [word for group in groups.values() for word in group]
    places = flat(space, words, way, seed)
    figure = new_figure(10, 7.5)
    axes = figure.subplots()
    colours: list[str] = []
    for number, (name, group) in enumerate(groups.items()):
        colour = COLOURS[number % len(COLOURS)]
        part = places[len(colours) : len(colours) + len(group)]
        axes.plot(part[:, 0], part[:, 1], "o", color=colour, ms=3, label=name)
        colours += [colour] * len(group)
    if len(groups) > 1:
        figure.legend(loc="outside lower center", ncols=4, fontsize=8)
    axes.set(xticks=[], yticks=[])
    # room for the names of the outermost
    axes.margins(0.08)
    write_labels(axes, places, words, colours)
    return png(figure)


def effects_picture(before: Sequence[Effect], after: Sequence[Effect | None]) -> bytes:
    """Effects of tests, before and after debiasing."""
    figure = new_figure(8, 1.2 + 0.5 * len(before))
    axes = figure.subplots()
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        axes.barh(place - 0.18, one.effect, 0.34, color=MAIN)
        if other is not None:
            axes.barh(place + 0.18, other.effect, 0.34, color=OTHER)
    axes.set_yticks(range(len(before)), [one.test.title for one in before])
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=0.8)
    axes.set(xlabel="WEAT effect size, blue: before, brown: after", xlim=(-2.05, 2.05))
    return png(figure)


def targets_picture(before: Effect, after: Effect | None) -> bytes:
    """Each target word's association with the two attribute sets, before and after."""
    words = [*before.X, *before.Y]
    figure = new_figure(8, 1 + 0.22 * len(words))
    axes = figure.subplots()
    order = np.argsort(before.associations)
    for place, i in enumerate(order):
        colour = MAIN if i < len(before.X) else OTHER
        _arrow(axes, place, float(before.associations[i]), after, int(i), colour)
    axes.set_yticks(range(len(words)), [words[i] for i in order], fontsize=7)
    axes.axvline(0, color="black", lw=0.8)
    test = before.test
    axes.set(
        xlabel=f"nearer to {test.names[3]}  <   s(w)   >  nearer to {test.names[2]}",
        title=f"{test.names[0]} (blue) and {test.names[1]} (brown); circles: after debiasing",
    )
    return png(figure)


def _arrow(axes: Axes, place: int, value: float, after: Effect | None, i: int, colour: str) -> None:
    axes.plot([value], [place], "o", color=colour, ms=4)
    if after is not None:
        end = after.associations[i]
        axes.plot([value, end], [place, place], color=colour, lw=0.7, alpha=0.5)
        axes.plot([end], [place], "o", mfc="white", mec=colour, ms=4)
