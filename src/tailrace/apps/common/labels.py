"""Names beside points of a picture, placed so that they do not hide one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# a letter's width and a line's height, of the size of the type
WIDE, HIGH = 0.58, 1.15
# half the side of a point, in points of type
POINT = 2.0
# ways that a name may lie from its point, the best first, and how far off, in sizes of the type
WAYS = (45, -45, 135, -135, 90, -90, 0, 180)
DISTANCES = (0.35, 1.1, 2.0, 3.0)
# from so far on a line joins name and point
JOINED = 1.0
# a name that hides a point costs that part of one that hides a name as large as the point
POINTS_PART = 0.7

Boxes = NDArray[np.float64]  # [N, 4]: left, bottom, right, top


def write_labels(
    axes: Axes,
    places: ArrayLike,
    names: Sequence[str],
    colours: Sequence[str],
    size: float = 7,
) -> None:
    """Writes a name beside each of the points [N, 2] that are drawn already, in its colour.

    To be called when the limits of the axes are what they will be.
    """
    found = np.asarray(places, float).reshape(-1, 2)
    axes.set_xlim(axes.get_xlim())
    axes.set_ylim(axes.get_ylim())
    # points of type, 72 to an inch
    scale = 72 / axes.figure.dpi
    points = axes.transData.transform(found) * scale
    for place, name, colour, offset in zip(
        found, names, colours, offsets(points, names, size), strict=True
    ):
        far = math.hypot(*offset) > JOINED * size + POINT
        line = {"arrowstyle": "-", "color": colour, "lw": 0.4, "shrinkA": 0, "shrinkB": 1}
        axes.annotate(
            name,
            tuple(place),
            offset,
            textcoords="offset points",
            ha=_side(offset[0], "left", "right"),
            va=_side(offset[1], "bottom", "top"),
            fontsize=size,
            color=colour,
            arrowprops=line if far else None,
        )


def offsets(points: Boxes, names: Sequence[str], size: float) -> list[tuple[float, float]]:
    """How far each name's nearest corner or edge lies from its point; all in points of type.

    One name after the other takes the place where it hides least of the points and of the names
    that have theirs.
    """
    taken = np.concatenate([points - POINT, points + POINT], axis=1)
    weights = np.full(len(points), POINTS_PART)
    found = []
    for (x, y), name in zip(points, names, strict=True):
        wide, high = WIDE * size * len(name), HIGH * size
        best, least, kept = (0.0, 0.0), math.inf, (x, y, x, y)
        for distance in DISTANCES:
            for way in WAYS:
                offset = _offset(math.radians(way), distance * size + POINT)
                box = _box(x, y, offset, wide, high)
                # of two that hide as much, the nearer one
                cost = _hidden(box, taken, weights) + 0.05 * distance
                if cost < least:
                    best, least, kept = offset, cost, box
        found.append(best)
        taken = np.concatenate([taken, [kept]])
        weights = np.append(weights, 1.0)
    return found


def _offset(way: float, distance: float) -> tuple[float, float]:
    # to the side, no farther than is needed
    x, y = math.cos(way) * distance, math.sin(way) * distance
    return (0.0 if abs(x) < 1e-9 else x), (0.0 if abs(y) < 1e-9 else y)


def _side(offset: float, positive: str, negative: str) -> str:
    return "center" if not offset else positive if offset > 0 else negative


def _box(
    x: float, y: float, offset: tuple[float, float], wide: float, high: float
) -> tuple[float, float, float, float]:
    """Where a name lies: left, bottom, right, top."""
    left = x + offset[0] - (wide if offset[0] < 0 else 0 if offset[0] > 0 else wide / 2)
    bottom = y + offset[1] - (high if offset[1] < 0 else 0 if offset[1] > 0 else high / 2)
    return left, bottom, left + wide, bottom + high


def _hidden(box: tuple[float, float, float, float], taken: Boxes, weights: Boxes) -> float:
    """The weighted area of what a box lies over."""
    wide = np.minimum(box[2], taken[:, 2]) - np.maximum(box[0], taken[:, 0])
    high = np.minimum(box[3], taken[:, 3]) - np.maximum(box[1], taken[:, 1])
    return float((weights * np.maximum(wide, 0) * np.maximum(high, 0)).sum())
