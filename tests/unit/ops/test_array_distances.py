"""The edit distance of sequences."""

import itertools

import pytest

from tailrace.ops.array.distances import levenshtein


def _plain(a, b):
    """By the definition."""
    if not a or not b:
        return len(a) + len(b)
    rest = _plain(a[1:], b[1:]) + (a[0] != b[0])
    return min(rest, _plain(a[1:], b) + 1, _plain(a, b[1:]) + 1)


def test_it_is_the_least_number_of_edits():
    words = ["".join(w) for n in range(4) for w in itertools.product("ab", repeat=n)]
    for a, b in itertools.product(words, repeat=2):
        assert levenshtein(list(a), list(b)) == _plain(a, b)


@pytest.mark.parametrize(
    ("a", "b", "distance"), [("kitten", "sitting", 3), ("", "abc", 3), ("flaw", "lawn", 2)]
)
def test_known_words(a, b, distance):
    assert levenshtein(list(a), list(b)) == distance
