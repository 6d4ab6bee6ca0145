"""How good a map is, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.som.grid import TOUCH, Grid

# groups that are tried when their number is not given
MOST_CLUSTERS = 8


def topographic_error(best_two: NDArray[np.int64], grid: Grid) -> float:
    """Part of the vectors whose two best units do not touch (Kiviluoto 1996)."""
    return float(1 - grid.touching[best_two[:, 0], best_two[:, 1]].mean())


@dataclass(frozen=True)
class Heights:
    """Cells of a U-matrix: places [cells,2], distances, and which of the cells are units."""

    places: NDArray[np.float64]
    values: NDArray[np.float64]
    is_unit: NDArray[np.bool_]


def u_matrix(weights: NDArray[Any], grid: Grid) -> Heights:
    """Distances between the weights of neighbours, at cells between them (Ultsch 1990).

    A unit's own cell, and on a rectangular grid the cell between four units, has the mean of the
    cells around it.
    """
    around: list[list[float]] = [[] for _ in range(grid.units)]
    cells: list[tuple[float, float, float]] = []
    for a, b, x, y in grid.edges:
        distance = float(np.linalg.norm(weights[a] - weights[b]))
        around[a].append(distance)
        around[b].append(distance)
        cells.append((x, y, distance))
    if not grid.hexagonal:
        cells += _corners(cells)
    places = np.concatenate([grid.places, np.array([c[:2] for c in cells])])
    values = np.array([np.mean(own) for own in around] + [c[2] for c in cells])
    return Heights(places, values, np.arange(len(values)) < grid.units)


def _corners(cells: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """The cells between four units of a rectangular grid: the mean of the two to four beside."""
    known = {(round(2 * x), round(2 * y)): value for x, y, value in cells}
    found = []
    for x, y in {
        (x + dx, y + dy) for x, y in known for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1))
    }:
        if x % 2 and y % 2:
            beside = [known.get(p) for p in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))]
            values = [value for value in beside if value is not None]
            if len(values) > 1:
                found.append((x / 2, y / 2, float(np.mean(values))))
    return sorted(found)


def clusters(weights: NDArray[Any], grid: Grid, count: int, seed: int) -> NDArray[np.int64]:
    """Groups of units, each in one piece on the map (Ward's method), numbered from 0.

    Without a `count` the number, up to 8, with the highest mean silhouette is taken.
    """
    # a second to load, wanted here only
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import silhouette_score

    touching = (grid.squared <= TOUCH).astype(float)

    def grouped(number: int) -> NDArray[np.int64]:
        return AgglomerativeClustering(number, connectivity=touching).fit_predict(weights)

    if count:
        return grouped(count)
    best, best_score = np.zeros(grid.units, np.int64), -np.inf
    for number in range(2, min(MOST_CLUSTERS, grid.units - 1) + 1):
        groups = grouped(number)
        score = float(silhouette_score(weights, groups, random_state=seed))
        if score > best_score:
            best, best_score = groups, score
    return best


def centres(vectors: NDArray[Any], units: int, seed: int) -> NDArray[np.float32]:
    """As many k-means centres as there are units; some twice where the vectors are fewer."""
    # a second to load, wanted here only
    from sklearn.cluster import KMeans

    count = min(units, len(np.unique(vectors, axis=0)))
    # by default it starts once
    model = KMeans(count, random_state=seed).fit(vectors)
    return np.resize(model.cluster_centers_, (units, vectors.shape[1])).astype(np.float32)
