"""Built-in pictures, drawn by rule: scenes of one to three shapes, each with its one right caption.

Where two shapes are, they may be small or large, and the caption says how they stand; three are
small and named from left to right. Shades, noise and the ground differ from picture to picture.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.caption.data import Album
from tailrace.apps.common.parts import generator
from tailrace.apps.common.pictures import Picture

SIDE = 32
COUNT = 8000
COLOURS = {
    "red": (0.85, 0.1, 0.1),
    "green": (0.1, 0.65, 0.15),
    "blue": (0.1, 0.2, 0.85),
    "yellow": (0.95, 0.85, 0.1),
    "purple": (0.55, 0.1, 0.65),
}
SHAPES = ("circle", "square", "triangle", "cross")
RADII = {"small": 3.0, "large": 6.0}
# of scenes with one, two and three shapes
PARTS = (0.15, 0.5, 0.35)
# pixels that shapes are apart at least, and by which "left" differs from "above" or comes first
APART, CLEAR = 1.5, 4.0
# each pixel is the mean of so many points squared
FINE = 3

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Thing:
    """A shape in a scene; places in pixels from the upper left corner."""

    colour: str
    shape: str
    size: str
    x: float
    y: float

    def covers(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> Mask:
        """Which points it covers."""
        across, down, radius = x - self.x, y - self.y, RADII[self.size]
        inside = (np.abs(across) <= radius) & (np.abs(down) <= radius)
        if self.shape == "circle":
            return across**2 + down**2 <= radius**2
        if self.shape == "triangle":
            # its tip is above
            return inside & (np.abs(across) <= (down + radius) / 2)
        if self.shape == "cross":
            arm = radius / 3
            return inside & ((np.abs(across) <= arm) | (np.abs(down) <= arm))
        return inside


def scenes(seed: int, count: int = COUNT) -> Album:
    """Pictures and captions, in random order."""
    random = generator(seed, 0)
    pictures, captions = [], []
    for _ in range(count):
        number = 1 + int(random.choice(3, p=PARTS))
        things = _things(random, number)
        pictures.append(_draw(things, random))
        captions.append([caption(things)])
    names = [f"scene {i}" for i in range(count)]
    return Album(np.stack(pictures), captions, names)


def _things(random: np.random.Generator, number: int) -> list[Thing]:
    """Shapes that do not touch, and whose caption is beyond doubt."""
    while True:
        things = []
        for _ in range(number):
            size = "small" if number == 3 else str(random.choice(list(RADII)))
            x, y = random.uniform(RADII[size] + 0.5, SIDE - RADII[size] - 0.5, 2)
            colour, shape = str(random.choice(list(COLOURS))), str(random.choice(SHAPES))
            things.append(Thing(colour, shape, size, float(x), float(y)))
        if _apart(things) and _clear(things):
            return things


def _apart(things: list[Thing]) -> bool:
    return all(
        max(abs(a.x - b.x), abs(a.y - b.y)) >= RADII[a.size] + RADII[b.size] + APART
        for i, a in enumerate(things)
        for b in things[:i]
    )


def _clear(things: list[Thing]) -> bool:
    """Whether it can be told how two stand, or in which order three come."""
    if len(things) == 2:
        a, b = things
        return abs(abs(a.x - b.x) - abs(a.y - b.y)) >= CLEAR
    places = sorted(thing.x for thing in things)
    return all(right - left >= CLEAR for left, right in itertools.pairwise(places))


def caption(things: list[Thing]) -> str:
    """What is to be said of a scene."""
    if len(things) == 1:
        return _sized(things[0])
    if len(things) == 2:
        a, b = things
        if abs(a.x - b.x) > abs(a.y - b.y):
            left, right = sorted(things, key=lambda thing: thing.x)
            return f"{_sized(left)} to the left of {_sized(right)}"
        above, below = sorted(things, key=lambda thing: thing.y)
        return f"{_sized(above)} above {_sized(below)}"
    first, second, third = (
        f"a {thing.colour} {thing.shape}" for thing in sorted(things, key=lambda thing: thing.x)
    )
    return f"{first}, {second} and {third}"


def _sized(thing: Thing) -> str:
    return f"a {thing.size} {thing.colour} {thing.shape}"


def _draw(things: list[Thing], random: np.random.Generator) -> Picture:
    """A scene [SIDE, SIDE, 3]: a ground that is lighter on one side, shapes, noise."""
    places = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    slope = random.uniform(-0.15, 0.15, 2)
    ground = random.uniform(0.7, 0.95) + slope[0] * places + slope[1] * places[:, None]
    picture = np.repeat(ground[..., None], 3, axis=2)
    points = (np.arange(SIDE * FINE) + 0.5) / FINE
    for thing in things:
        shade = np.array(COLOURS[thing.colour]) * random.uniform(0.8, 1.1)
        shade += random.uniform(-0.04, 0.04, 3)
        covered = thing.covers(points, points[:, None]).reshape(SIDE, FINE, SIDE, FINE)
        part = covered.mean(axis=(1, 3))[..., None]
        picture = picture * (1 - part) + shade * part
    picture += random.normal(0, 0.02, picture.shape)
    return np.clip(picture, 0, 1).astype(np.float32)
