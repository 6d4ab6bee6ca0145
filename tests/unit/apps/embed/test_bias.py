"""WEAT against sums done by hand, and hard debiasing against what it promises."""

import itertools

import numpy as np
import pytest

from tailrace.apps.embed.bias import (
    associations,
    clusters_apart,
    debiased,
    direction,
    effect_size,
    permutation_p,
    weat,
)
from tailrace.apps.embed.space import Space
from tailrace.apps.embed.word_sets import TESTS, Association

NAMES = ("x", "y", "a", "b")


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def test_associations_effect_and_p_in_the_plane():
    """Angles whose cosines are known: every figure can be had on paper.

    X at 0 and 60 degrees, Y at 90 and 120, A at 0, B at 90. s = cos t - sin t:
    1, (1 - sqrt 3) / 2, -1, -(1 + sqrt 3) / 2.
    """
    angles = np.radians([0, 60, 90, 120, 0, 0, 90, 90])
    lengths = np.arange(1, 9)
    matrix = (lengths * np.array([np.cos(angles), np.sin(angles)])).T
    space = Space(list("pqrsabcd"), matrix.astype(np.float32))
    found = weat(space, Association("t", NAMES, ("p", "q"), ("r", "s"), ("a", "b"), ("c", "d")))
    assert found is not None
    root = 3**0.5
    values = [1, (1 - root) / 2, -1, -(1 + root) / 2]
    np.testing.assert_allclose(found.associations, values, atol=1e-6)
    mean = sum(values) / 4
    deviation = (sum((v - mean) ** 2 for v in values) / 3) ** 0.5
    wanted = ((values[0] + values[1]) / 2 - (values[2] + values[3]) / 2) / deviation
    assert found.effect == pytest.approx(wanted, abs=1e-6)
    assert found.difference == pytest.approx((3 - root) / 4 + (3 + root) / 4, abs=1e-6)
    # of the six divisions only the one found has so large a difference
    assert found.exact
    assert found.p == pytest.approx(1 / 6)


def test_weat_is_the_papers_formula():
    random = np.random.default_rng(1)
    words = [f"w{i}" for i in range(20)]
    space = Space(words, random.standard_normal((20, 6)).astype(np.float32))
    X, Y, A, B = (tuple(words[i : i + 5]) for i in range(0, 20, 5))
    found = weat(space, Association("t", NAMES, X, Y, A, B))
    assert found is not None
    vector = {word: row.astype(float) for word, row in zip(words, space.matrix, strict=True)}

    def s(word: str) -> float:
        to_a = [cosine(vector[word], vector[a]) for a in A]
        to_b = [cosine(vector[word], vector[b]) for b in B]
        return sum(to_a) / len(to_a) - sum(to_b) / len(to_b)

    def difference(first: tuple[str, ...]) -> float:
        return sum(s(w) for w in first) - sum(s(w) for w in (*X, *Y) if w not in first)

    divisions = [difference(first) for first in itertools.combinations((*X, *Y), 5)]
    part = sum(d >= difference(X) - 1e-9 for d in divisions) / len(divisions)
    assert found.p == pytest.approx(part)
    effect = np.mean([s(x) for x in X]) - np.mean([s(y) for y in Y])
    effect /= np.std([s(w) for w in (*X, *Y)], ddof=1)
    assert found.effect == pytest.approx(effect, abs=1e-5)


def test_drawn_divisions_come_near_all_of_them():
    values = np.random.default_rng(0).standard_normal(14)
    values[:7] += 0.6
    exact, all_of_them = permutation_p(values, 7)
    drawn, none_of_them = permutation_p(values, 7, most_exact=0)
    assert all_of_them
    assert not none_of_them
    assert drawn == pytest.approx(exact, abs=0.005)


def test_words_that_lean_nowhere_have_no_effect():
    values = np.full(8, 0.25)
    values[3] += 1e-9
    assert effect_size(values, 4) == 0.0
    assert permutation_p(values, 4) == (1.0, True)


def test_a_test_needs_its_words_but_not_their_capitals():
    space = Space(
        ["John", "Paul", "amy", "joan", "salary", "office", "home"], np.eye(7, dtype=np.float32)
    )
    assert weat(space, TESTS["weat6"]) is None
    space = Space([*space.words, "parents", "john"], np.eye(9, dtype=np.float32))
    found = weat(space, TESTS["weat6"])
    assert found is not None
    assert found.X == ["john", "paul"]
    assert found.used == "2/8 2/8 2/8 2/8"


def test_clusters():
    rows = np.array([[1, 0.1], [1, 0], [1, -0.1], [-1, 0.1], [-1, 0], [-1, -0.1]])
    assert clusters_apart(rows, 3) == 1.0
    assert clusters_apart(rows[[0, 3, 1, 4]], 2) == 0.5


def test_hard_debiasing_keeps_its_promises():
    random = np.random.default_rng(2)
    words = ["he", "she", "man", "woman", "nurse", "engineer", "beard", "cup"]
    matrix = random.standard_normal((8, 5)) * 0.3
    matrix[[0, 2, 5], 0] += 2.0
    matrix[[1, 3, 4], 0] -= 2.0
    space = Space(words, matrix.astype(np.float32))
    pairs = [("he", "she"), ("man", "woman")]
    way = direction(space, pairs)
    assert np.linalg.norm(way) == pytest.approx(1)
    assert way[0] > 0.8
    mended = debiased(space, way, pairs, ["beard"])
    np.testing.assert_allclose(np.linalg.norm(mended.matrix, axis=1), 1, atol=1e-6)
    rows = dict(zip(words, mended.matrix.astype(float), strict=True))
    for word in ("nurse", "engineer", "cup"):
        assert rows[word] @ way == pytest.approx(0, abs=1e-6)
        # as near to one of a pair as to the other
        for first, second in pairs:
            assert rows[word] @ rows[first] == pytest.approx(rows[word] @ rows[second], abs=1e-6)
    np.testing.assert_allclose(rows["beard"], space.unit[6], atol=1e-6)
    for first, second in pairs:
        other = rows[first] - rows[second]
        np.testing.assert_allclose(other - (other @ way) * way, 0, atol=1e-6)
        assert rows[first] @ way > 0
    values = associations(
        mended.rows(["nurse", "engineer"]), mended.rows(["he"]), mended.rows(["she"])
    )
    np.testing.assert_allclose(values, 0, atol=1e-6)
