"""Bias in word vectors: how strong it is, and what is left when its direction is taken out.

WEAT (Caliskan, Bryson, Narayanan, 2017), targets X, Y and attributes A, B:

    s(w) = mean cos(w, a) - mean cos(w, b)
    effect = (mean s(x) - mean s(y)) / standard deviation of s over X and Y (of a sample: n - 1)
    p = part of the divisions of X and Y into sets of their sizes whose difference of means is not
        below the one found: of all of them where these are few, else of drawn ones and the found

The effect is free of scale, and words of a set lean alike for any reason that they share: groups of
words that are each close together have large effects of small differences. So the difference of
means is told, too.

Hard debiasing (Bolukbasi, Chang, Zou, Saligrama, Kalai, 2016): the direction g is the first
component of the pairs' deviations from their means; words that have no gender by meaning lose their
part along g; both words of an equal pair become nu + g z and nu - g z, nu being their mean without
its part along g, and z such that the length is 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.parts import generator
from tailrace.apps.embed.space import Space
from tailrace.apps.embed.word_sets import Association

# divisions that are all looked at; where there are more, so many are drawn
MOST_EXACT, DRAWN = 200_000, 100_000
# associations that differ by less are all the same: what rounding leaves of float32 vectors
FLAT = 1e-6
# targets of each set that a test needs
LEAST = 2

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Effect:
    """What a test found, with the words that it could use."""

    test: Association
    effect: float
    p: float
    exact: bool
    X: list[str]
    Y: list[str]
    A: list[str]
    B: list[str]
    # s(w) of X, then Y
    associations: NDArray[np.float64]
    # part of X and Y that two clusters of their vectors put apart
    clusters: float

    @property
    def difference(self) -> float:
        """Mean s(x) - mean s(y), in cosines: how large what the effect measures is."""
        count = len(self.X)
        return float(self.associations[:count].mean() - self.associations[count:].mean())

    @property
    def used(self) -> str:
        """How many words of each set were there."""
        test = self.test
        sets = ((self.X, test.X), (self.Y, test.Y), (self.A, test.A), (self.B, test.B))
        return " ".join(f"{len(found)}/{len(wanted)}" for found, wanted in sets)


def associations(targets: Floats, first: Floats, second: Floats) -> NDArray[np.float64]:
    """s(w) of unit vectors [N, D], for attributes [A, D] and [B, D]."""
    to_first = np.asarray(targets, float) @ np.asarray(first, float).T
    to_second = np.asarray(targets, float) @ np.asarray(second, float).T
    return to_first.mean(1) - to_second.mean(1)


def effect_size(values: NDArray[np.float64], count: int) -> float:
    """The effect of associations [N], the first `count` of which are X's; 0 where all are equal."""
    deviation = values.std(ddof=1)
    if deviation < FLAT:
        return 0.0
    return float((values[:count].mean() - values[count:].mean()) / deviation)


def permutation_p(
    values: NDArray[np.float64], count: int, most_exact: int = MOST_EXACT
) -> tuple[float, bool]:
    """The one-sided p of associations [N], and whether all divisions were looked at.

    Whatever the division, the difference of means grows with the sum over its first set, so sums
    are compared.
    """
    if values.std(ddof=1) < FLAT:
        return 1.0, True
    found = values[:count].sum()
    # what rounding moves
    slack = 1e-9 * max(1.0, float(np.abs(values).sum()))
    divisions = math.comb(len(values), count)
    if divisions <= most_exact:
        chosen = np.fromiter(
            (i for rows in combinations(range(len(values)), count) for i in rows),
            np.int64,
            divisions * count,
        )
        sums = values[chosen.reshape(-1, count)].sum(1)
        return float((sums >= found - slack).mean()), True
    random = generator(0, 11)
    drawn = 0
    for _ in range(DRAWN // 1000):
        order = random.random((1000, len(values))).argpartition(count - 1, axis=1)[:, :count]
        drawn += int((values[order].sum(1) >= found - slack).sum())
    return (1 + drawn) / (1 + DRAWN), False


def weat(space: Space, test: Association) -> Effect | None:
    """What a test finds in a space; None where it lacks too many of the words.

    A word that stands for the same vector as another one of its set counts once.
    """
    X, Y, A, B = (_there(space, words) for words in (test.X, test.Y, test.A, test.B))
    if min(len(X), len(Y), len(A), len(B)) < LEAST:
        return None
    targets = space.rows([*X, *Y])
    values = associations(targets, space.rows(A), space.rows(B))
    p, exact = permutation_p(values, len(X))
    apart = clusters_apart(targets, len(X))
    return Effect(test, effect_size(values, len(X)), p, exact, X, Y, A, B, values, apart)


def _there(space: Space, words: Iterable[str]) -> list[str]:
    found = {space.find(word): word for word in words}
    return [word for number, word in found.items() if number is not None]


def clusters_apart(targets: Floats, count: int) -> float:
    """How well two clusters of vectors are the two sets: 0.5 not at all, 1 wholly.

    What debiasing leaves: Gonen, Goldberg, "Lipstick on a pig" (2019).
    """
    # a second to load, wanted here only
    from sklearn.cluster import KMeans

    # as scikit-learn's types have it, a number of beginnings is none
    kind: Any = KMeans
    found = kind(2, n_init=10, random_state=0).fit_predict(np.asarray(targets, float))
    right = ((found == 0) == (np.arange(len(targets)) < count)).mean()
    return float(max(right, 1 - right))


def direction(space: Space, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """The unit direction that pairs differ in, towards their first words [D]."""
    rows = np.stack([space.rows(pair) for pair in pairs]).astype(float)
    deviations = rows - rows.mean(1, keepdims=True)
    _, _, ways = np.linalg.svd(deviations.reshape(-1, rows.shape[2]), full_matrices=False)
    way = ways[0]
    return way * np.sign(deviations[:, 0].mean(0) @ way or 1.0)


def debiased(
    space: Space,
    way: NDArray[np.float64],
    equal: Sequence[tuple[str, str]],
    keep: Iterable[str],
) -> Space:
    """A space of unit vectors in which all words but `keep` and those of `equal` have no part of a
    direction, and the pairs of `equal` differ in it alone."""
    rows = np.asarray(space.unit, float).copy()
    paired = {space.number(word) for pair in equal for word in pair}
    kept = {number for word in keep if (number := space.find(word)) is not None}
    plain = np.array([i not in paired | kept for i in range(len(rows))])
    rows[plain] -= np.outer(rows[plain] @ way, way)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    for pair in equal:
        first, second = (space.number(word) for word in pair)
        mean = (space.unit[first].astype(float) + space.unit[second]) / 2
        centre = mean - (mean @ way) * way
        part = math.sqrt(max(0.0, 1 - float(centre @ centre)))
        side = 1.0 if (space.unit[first] - space.unit[second]) @ way >= 0 else -1.0
        rows[first], rows[second] = centre + side * part * way, centre - side * part * way
    return Space(space.words, rows.astype(np.float32))
