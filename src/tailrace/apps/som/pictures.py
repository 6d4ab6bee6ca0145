"""Pictures of a map: planes of its dimensions, U-matrix, hits, groups, and how it came about."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.report import MAIN, new_figure, png
from tailrace.apps.som.estimator import Snapshot
from tailrace.apps.som.grid import Grid
from tailrace.apps.som.measures import Heights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure

# planes drawn at most, vectors labelled at most, pictures of the animation at most
MOST_PLANES, MOST_LABELS, MOST_FRAMES = 24, 120, 50
PLANES_ABREAST = 4
# of names on pale grounds
KIND_COLOURS = (
    "#0b5394",
    "#a64d00",
    "#2b7a2b",
    "#a11d1d",
    "#6a3d9a",
    "#5d4037",
    "#a0206f",
    "#333333",
)


def _corners(hexagonal: bool, size: float) -> NDArray[np.float64]:
    """The outline of a cell around (0, 0) whose neighbours are `size` away."""
    if hexagonal:
        turns = np.pi / 6 + np.arange(6) * np.pi / 3
        return size / math.sqrt(3) * np.stack([np.cos(turns), np.sin(turns)], 1)
    return size / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])


def draw_cells(
    axes: Axes,
    places: NDArray[np.float64],
    values: NDArray[Any],
    grid: Grid,
    *,
    colours: str = "viridis",
    size: float = 1.0,
    limits: tuple[float, float] | None = None,
    edges: str = "face",
) -> PolyCollection:
    """Cells side by side, coloured by their values."""
    # half a second to load, wanted here only
    from matplotlib.collections import PolyCollection

    outlines = places[:, None] + _corners(grid.hexagonal, size)[None]
    cells = PolyCollection(list(outlines), array=values, cmap=colours, edgecolors=edges, lw=0.4)
    if limits is not None:
        cells.set_clim(*limits)
    axes.add_collection(cells)
    low, high = outlines.min((0, 1)), outlines.max((0, 1))
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]), aspect="equal", xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return cells


def scattered(mapping: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
    """Where to draw vectors: in their unit's cell, those of one cell in a sunflower's order."""
    places = grid.places[mapping].copy()
    for unit in np.unique(mapping):
        rows = np.flatnonzero(mapping == unit)
        n = np.arange(len(rows))
        radius = 0.36 * np.sqrt(n / len(rows))
        turns = n * math.pi * (3 - math.sqrt(5))
        places[rows] += radius[:, None] * np.stack([np.cos(turns), np.sin(turns)], 1)
    return places


def _panels(count: int, grid: Grid, width: float = 11.0) -> tuple[Figure, list[Axes]]:
    abreast = min(count, PLANES_ABREAST)
    rows = math.ceil(count / abreast)
    wide, high = grid.size
    each = width / abreast
    figure = new_figure(width, rows * (each * 0.85 * high / wide + 0.35))
    axes = [figure.add_subplot(rows, abreast, i + 1) for i in range(count)]
    return figure, axes


def planes(
    weights: NDArray[Any], columns: Sequence[str], mapping: NDArray[np.int64], grid: Grid
) -> bytes:
    """Each dimension's weights over the grid, in the data's units, with the vectors on it."""
    shown = list(columns)[:MOST_PLANES]
    figure, panels = _panels(len(shown), grid)
    dots = scattered(mapping, grid)
    for i, (axes, name) in enumerate(zip(panels, shown, strict=True)):
        cells = draw_cells(axes, grid.places, weights[:, i], grid)
        figure.colorbar(cells, ax=axes, shrink=0.8)
        axes.plot(*dots.T, "o", ms=1.6, mfc="white", mec="black", mew=0.25)
        axes.set_title(name, fontsize=9)
    return png(figure)


def _one(grid: Grid, extra: float = 1.0) -> tuple[Figure, Axes]:
    wide, high = grid.size
    figure = new_figure(9, min(14.0, 9 * 0.85 * high / wide + 0.4) * extra)
    return figure, figure.add_subplot()


def u_matrix(
    heights: Heights, grid: Grid, mapping: NDArray[np.int64], labels: Sequence[str]
) -> bytes:
    """Distances between neighbours: dark valleys are groups, bright ridges part them."""
    figure, axes = _one(grid)
    cells = draw_cells(axes, heights.places, heights.values, grid, colours="magma", size=0.5)
    figure.colorbar(cells, ax=axes, shrink=0.8, label="distance to the neighbour")
    named = _write_labels(axes, mapping, labels, grid, [], dark=True)
    bare = np.setdiff1d(np.arange(grid.units), mapping) if named else slice(None)
    axes.plot(*grid.places[bare].T, ".", color="white", ms=1.5)
    return png(figure)


def hits(mapping: NDArray[np.int64], grid: Grid) -> bytes:
    """How many vectors each unit has."""
    counts = np.bincount(mapping, minlength=grid.units)
    figure, axes = _one(grid)
    cells = draw_cells(axes, grid.places, counts, grid, colours="Blues", edges="#c5ccd3")
    figure.colorbar(cells, ax=axes, shrink=0.8, label="vectors")
    for (x, y), count in zip(grid.places, counts, strict=True):
        if count:
            dark = count > 0.6 * counts.max()
            axes.text(
                x,
                y,
                str(count),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if dark else "black",
            )
    return png(figure)


def groups(
    unit_groups: NDArray[np.int64],
    mapping: NDArray[np.int64],
    labels: Sequence[str],
    kinds: Sequence[str],
    grid: Grid,
) -> bytes:
    """The groups of units, with the vectors: by name, or as dots coloured by their kind."""
    figure, axes = _one(grid)
    draw_cells(
        axes, grid.places, unit_groups, grid, colours="Pastel1", limits=(-0.5, 8.5), edges="white"
    )
    names = sorted(set(kinds))
    colours = {kind: KIND_COLOURS[i % len(KIND_COLOURS)] for i, kind in enumerate(names)}
    written = _write_labels(axes, mapping, labels, grid, [colours[kind] for kind in kinds])
    dots = scattered(mapping, grid)
    for kind, colour in colours.items():
        chosen = np.array([k == kind for k in kinds])
        # where there are names, these have the colours
        size = 0 if written else 4
        axes.plot(*dots[chosen].T, "o", ms=size, color=colour)
        axes.plot([], [], "o", ms=5, color=colour, label=kind)
    if names:
        figure.legend(loc="outside lower center", ncols=min(6, len(names)), fontsize=8)
    return png(figure)


def _write_labels(
    axes: Axes,
    mapping: NDArray[np.int64],
    labels: Sequence[str],
    grid: Grid,
    colours: Sequence[str],
    *,
    dark: bool = False,
) -> bool:
    """Names in their units' cells, a few each, in their colours (without: black, white on dark).

    Returns whether they were written: not where they would be too many to read.
    """
    # a moment to load, wanted here only
    from matplotlib.patheffects import withStroke

    if not labels or len(labels) > MOST_LABELS:
        return False
    plain, ground = ("white", "black") if dark else ("black", "white")
    around = [withStroke(linewidth=1.5, foreground=ground)]
    for unit in np.unique(mapping):
        rows = np.flatnonzero(mapping == unit)
        lines = [(str(labels[i])[:14], colours[i] if colours else plain) for i in rows[:3]]
        if len(rows) > 3:
            lines.append((f"+{len(rows) - 3}", plain))
        x, y = grid.places[unit]
        for i, (text, colour) in enumerate(lines):
            axes.annotate(
                text,
                (x, y),
                (0, 7.5 * ((len(lines) - 1) / 2 - i)),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=6.5,
                color=colour,
                path_effects=around,
            )
    return True


def animation(history: Sequence[Snapshot], columns: Sequence[str], grid: Grid) -> bytes:
    """A GIF: the planes of up to four dimensions, with the vectors, iteration after iteration."""
    # a moment to load, wanted here only
    from PIL import Image

    every = max(1, math.ceil(len(history) / MOST_FRAMES))
    frames = [*history[:-1:every], history[-1]]
    shown = list(columns)[:PLANES_ABREAST]
    last = history[-1].weights
    pictures = []
    for frame in frames:
        figure, panels = _panels(len(shown), grid, width=2.4 * len(shown))
        figure.set_dpi(90)
        dots = scattered(frame.mapping, grid)
        for i, (axes, name) in enumerate(zip(panels, shown, strict=True)):
            limits = (float(last[:, i].min()), float(last[:, i].max()))
            draw_cells(axes, grid.places, frame.weights[:, i], grid, limits=limits)
            axes.plot(*dots.T, "o", ms=1.4, mfc="white", mec="black", mew=0.2)
            axes.set_title(name, fontsize=8)
        figure.suptitle(f"iteration {frame.iteration}", fontsize=9)
        data = io.BytesIO()
        figure.savefig(data, format="png", dpi=90)
        pictures.append(Image.open(data).convert("P", palette=Image.Palette.ADAPTIVE, colors=128))
    result = io.BytesIO()
    times = [120] * (len(pictures) - 1) + [2000]
    pictures[0].save(
        result, format="GIF", save_all=True, append_images=pictures[1:], duration=times, loop=0
    )
    return result.getvalue()


def learning(history: Sequence[Snapshot]) -> bytes:
    """The quantization error over the iterations."""
    figure = new_figure(8, 3.2)
    axes = figure.add_subplot()
    axes.plot([s.iteration for s in history], [s.error for s in history], color=MAIN)
    axes.set(xlabel="iteration", ylabel="quantization error", ylim=(0, None))
    return png(figure)
