"""Pictures of painting: the canvas over time with its windows, as strip and as GIF."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tailrace.apps.common.pictures import as_image, film, mosaic
from tailrace.apps.common.report import FAINT, MAIN, OTHER, new_figure, png
from tailrace.apps.draw.data import Values
from tailrace.apps.draw.painter import Paintings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# colours of windows: where it looks, where it paints
READ, WRITE = (0.10, 0.75, 0.30), (0.90, 0.20, 0.15)
# a film's picture is at least so many pixels high
FILM_PIXELS = 72
# what is shown around pictures that have windows, as a part of them, and its grey
MARGIN, AROUND = 0.15, 0.8


def grid(pictures: Values, across: int) -> bytes:
    """Pictures [N, H, W] laid out in rows, as PNG."""
    enlarge = max(1, 48 // pictures.shape[1])
    data = io.BytesIO()
    as_image(mosaic(pictures, across), enlarge=enlarge).save(data, format="PNG")
    return data.getvalue()


def strip(paintings: Paintings, side: tuple[int, int], originals: Values | None = None) -> bytes:
    """A row of canvases for each picture, glimpse after glimpse, windows drawn on them.

    `side` is the number of filters of the windows read and written.
    """
    steps, count = paintings.canvases.shape[:2]
    columns = steps + (originals is not None)
    figure = new_figure(max(3.0, 0.95 * columns), 1.0 * count + 0.35)
    axes = figure.subplots(count, columns, squeeze=False)
    for row in range(count):
        for step in range(steps):
            axis = axes[row, step]
            _show(axis, paintings.canvases[step, row])
            windows = _windows(paintings, side, step)
            for places, filters, colour in windows:
                _outline(axis, places[row], filters, colour)
            if windows:
                high, wide = paintings.canvases.shape[2:]
                around = MARGIN * max(high, wide) + 0.5
                axis.set(xlim=(-around, wide - 1 + around), ylim=(high - 1 + around, -around))
                axis.set_facecolor(str(AROUND))
            if row == 0:
                axis.set_title(str(step + 1), fontsize=8)
        if originals is not None:
            _show(axes[row, -1], originals[row])
            axes[0, -1].set_title("original", fontsize=8)
    return png(figure)


def _show(axes: Axes, picture: Values) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])


def _windows(paintings: Paintings, side: tuple[int, int], step: int) -> list[tuple]:
    """Places [N, 5] of the windows of a glimpse, their filters, their colour."""
    kinds = ((paintings.reads, side[0], READ), (paintings.writes, side[1], WRITE))
    return [(places[step], filters, colour) for places, filters, colour in kinds if len(places)]


def box(place: Values, filters: int) -> tuple[float, float, float, float]:
    """A window's left, top, width and thickness of line, in pixels counted from 0.

    It goes from the first filter's centre to the last one's, half a deviation beyond.
    """
    x, y, distance, variance = (float(value) for value in place[:4])
    deviation = math.sqrt(variance)
    width = (filters - 1) * distance + deviation
    return x - 1 - width / 2, y - 1 - width / 2, width, deviation


def _outline(axes: Axes, place: Values, filters: int, colour: Any) -> None:
    # a moment to load, wanted here only
    from matplotlib.patches import Rectangle

    left, top, width, deviation = box(place, filters)
    thickness = 0.8 + min(2.0, deviation)
    window = Rectangle((left, top), width, width, fill=False, ec=colour, lw=thickness, clip_on=True)
    axes.add_patch(window)


def animation(paintings: Paintings, side: tuple[int, int], across: int) -> bytes:
    """A GIF of the pictures being painted, with the windows of each glimpse, then without."""
    canvases = paintings.canvases
    enlarge = max(1, -(-FILM_PIXELS // canvases.shape[2]))
    around = round(MARGIN * max(canvases.shape[2:])) if len(paintings.writes) else 0
    frames = []
    for step, pictures in enumerate(canvases):
        large = _large(pictures, enlarge, around)
        for places, filters, colour in _windows(paintings, side, step):
            for picture, place in zip(large, places, strict=True):
                _draw_box(picture, place, filters, colour, enlarge, around)
        frames.append(mosaic(large, across, gap=4))
    last = mosaic(_large(canvases[-1], enlarge, around), across, gap=4)
    return film([*frames, last], each_ms=300)


def _large(pictures: Values, enlarge: int, around: int) -> Values:
    """Pictures [N, H, W] in colours, each pixel `enlarge` squared, with a margin of pixels."""
    sides = ((0, 0), (around, around), (around, around))
    padded = np.pad(pictures, sides, constant_values=AROUND)
    return padded.repeat(enlarge, 1).repeat(enlarge, 2)[..., None].repeat(3, 3)


def _draw_box(
    picture: Values, place: Values, filters: int, colour: Any, enlarge: int, around: int
) -> None:
    """Draws a window's outline into an enlarged picture with a margin [H, W, 3]."""
    left, top, width, deviation = box(place, filters)
    thick = max(1, round(enlarge * min(0.5, 0.2 * deviation)))
    # the centre of pixel 0 is half a pixel from the edge
    edges = [
        round(enlarge * (value + 0.5 + around)) for value in (left, top, left + width, top + width)
    ]
    x0, y0, x1, y1 = edges
    high, wide = picture.shape[:2]
    inside = np.zeros((high, wide), bool)
    inside[_span(y0, y1 + thick, high), _span(x0, x1 + thick, wide)] = True
    inside[_span(y0 + thick, y1, high), _span(x0 + thick, x1, wide)] = False
    picture[inside] = colour


def _span(first: int, end: int, most: int) -> slice:
    return slice(max(0, min(first, most)), max(0, min(end, most)))


def curve(history: Sequence[dict[str, float]], others: dict[str, float]) -> bytes:
    """The bound while it learns, beside what simple models come to."""
    figure = new_figure(8, 3.6)
    axes = figure.subplots()
    steps = [row["step"] for row in history]
    axes.plot(steps, [row["loss"] for row in history], color=FAINT, label="DRAW, learnt from")
    axes.plot(steps, [row["bound"] for row in history], color=MAIN, label="DRAW, validation part")
    for (name, nats), dash in zip(others.items(), ("--", ":", "-."), strict=False):
        axes.axhline(nats, color=OTHER, ls=dash, lw=1, label=f"{name}, test part")
    axes.set(xlabel="step", ylabel="nats per picture")
    axes.legend(fontsize=8)
    return png(figure)


def codes(divergences: Values) -> bytes:
    """How many nats each glimpse's code has, a mean over pictures [T]."""
    figure = new_figure(7, 2.6)
    axes = figure.subplots()
    axes.bar(range(1, len(divergences) + 1), divergences, color=MAIN)
    axes.set(xlabel="glimpse", ylabel="nats of the code")
    return png(figure)
