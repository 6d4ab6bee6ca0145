"""The grid of units: where they lie, how far apart, and which are neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# unlike 1, what neighbours' distances come to after rounding
TOUCH = 1 + 1e-6


@dataclass(frozen=True)
class Grid:
    """Units numbered row by row; 1 is the distance of a unit to the next in its row.

    On a hexagonal grid odd rows lie half a unit to the right and rows sqrt(3)/2 apart, so that all
    six neighbours are at distance 1. On a torus the last row and column touch the first.
    """

    rows: int
    cols: int
    hexagonal: bool = True
    torus: bool = False

    @property
    def units(self) -> int:
        """How many units there are."""
        return self.rows * self.cols

    @cached_property
    def places(self) -> Floats:
        """Where the units lie, [units, 2] as x and y; y grows downwards."""
        row, col = np.divmod(np.arange(self.units), self.cols)
        if not self.hexagonal:
            return np.stack([col, row], 1).astype(float)
        return np.stack([col + 0.5 * (row % 2), row * math.sqrt(0.75)], 1)

    @property
    def size(self) -> Floats:
        """Width and height after which a torus begins anew."""
        return np.array([self.cols, self.rows * (math.sqrt(0.75) if self.hexagonal else 1.0)])

    @cached_property
    def steps(self) -> Floats:
        """The way from each unit to each other, the shortest on a torus, [units, units, 2]."""
        way = self.places[None] - self.places[:, None]
        if self.torus:
            way -= self.size * np.round(way / self.size)
        return way

    @cached_property
    def squared(self) -> Floats:
        """Squared distances between units, [units, units]."""
        return (self.steps**2).sum(2)

    @cached_property
    def touching(self) -> NDArray[np.bool_]:
        """Which units touch, [units, units]: 6 around one of a hexagonal grid, else 8."""
        reach = 1.0 if self.hexagonal else 2.0
        return (self.squared <= reach * TOUCH) & ~np.eye(self.units, dtype=bool)

    @cached_property
    def edges(self) -> list[tuple[int, int, float, float]]:
        """Each pair of neighbours once, with the place between them: unit, unit, x, y.

        Neighbours share a side here: 6 or 4. The place is where a picture has room for it, right
        of or below the first unit (on a hexagonal grid also left below it).
        """
        found = []
        for a, b in np.argwhere(self.squared <= TOUCH):
            x, y = self.steps[a, b]
            if a != b and (y > 0.1 or (abs(y) < 0.1 and x > 0)):
                place = self.places[a] + self.steps[a, b] / 2
                found.append((int(a), int(b), float(place[0]), float(place[1])))
        return found


def shape_for(count: int, spread: tuple[float, float]) -> tuple[int, int]:
    """Rows and columns for so many vectors: 5 sqrt(count) units, after Vesanto's SOM Toolbox.

    `spread` are the deviations along the first two principal components; their ratio, 1 to 1.6, is
    the grid's. Rows are even, so that a hexagonal torus closes.
    """
    units = max(4.0, min(5 * math.sqrt(count), count, 2500))
    ratio = min(1.6, max(1.0, spread[0] / spread[1])) if spread[1] > 0 else 1.6
    rows = max(2, 2 * round(math.sqrt(units / ratio) / 2))
    return rows, max(2, round(units / rows))
