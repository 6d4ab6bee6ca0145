"""Groups of symbols as inputs."""

import numpy as np
import pytest

from tailrace.apps import UserError
from tailrace.apps.lm.features import SymbolGroups

TEXT = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 3])


def test_groups_seen_three_times_have_rows():
    groups = SymbolGroups.fit(TEXT, 4, 3)
    # pairs 01 (4 times), 12, 20 (3 times); triples 012, 120, 201 (3 times)
    assert groups.rows == 4 + (1 + 3) + (1 + 3)
    rows = groups.encode(np.array([0, 1, 2, 3, 0, 1]))
    unknown_pair, unknown_triple = 4, 8
    assert rows[:, 0].tolist() == [0, 1, 2, 3, 0, 1]
    assert rows[:, 1].tolist() == [unknown_pair, 5, 6, unknown_pair, unknown_pair, 5]
    assert rows[:, 2].tolist() == [unknown_triple] * 2 + [9] + [unknown_triple] * 3


def test_every_row_is_one_group():
    groups = SymbolGroups.fit(np.random.default_rng(0).integers(0, 5, 2000), 5, 4)
    text = np.random.default_rng(1).integers(0, 5, 3000)
    rows = groups.encode(text)
    for n in (2, 3, 4):
        meaning: dict[int, tuple] = {}
        for end in range(n - 1, len(text)):
            row = int(rows[end, n - 1])
            group = tuple(text[end - n + 1 : end + 1].tolist())
            if row != groups.unknown_rows()[n - 2]:
                assert meaning.setdefault(row, group) == group
        assert len(meaning) > 20


def test_text_in_pieces_gives_the_same_rows():
    groups = SymbolGroups.fit(TEXT, 4, 3)
    whole = groups.encode(TEXT)
    pieces = [groups.encode(TEXT[i : i + 2], TEXT[:i]) for i in range(0, len(TEXT), 2)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_dropped_groups_take_the_longer_ones_along():
    groups = SymbolGroups.fit(TEXT, 4, 3)
    rows = np.broadcast_to(groups.encode(TEXT)[5], (2000, 3)).copy()
    assert rows[0].tolist() == [2, 6, 9]
    dropped = groups.drop(rows, np.full(groups.rows, 0.25), np.random.default_rng(0))
    assert (dropped[:, 0] == 2).all()
    pair_lost = dropped[:, 1] == 4
    assert (dropped[pair_lost, 2] == 8).all()
    assert pair_lost.mean() == pytest.approx(0.25, abs=0.04)
    assert (dropped[:, 2] == 8).mean() == pytest.approx(1 - 0.75**2, abs=0.04)
    assert rows[0].tolist() == [2, 6, 9]


def test_rare_groups_with_many_followers_are_dropped_more():
    groups = SymbolGroups.fit(TEXT, 4, 3)
    rates = groups.drop_rates(TEXT, 0.2, 1.5)
    # 01 comes 4 times before two different symbols, 12 and 20 3 times before one
    assert rates[5:8] == pytest.approx([0.2 + 0.8 * 1.5 * n for n in (2 / 4, 1 / 3, 1 / 3)])
    # 012 3 times before one; 201 before two
    assert rates[[9, 11]] == pytest.approx([0.2 + 0.8 * 1.5 / 3, 1.0])
    np.testing.assert_array_equal(groups.drop_rates(TEXT, 0.3, 0.0), 0.3)


def test_json_and_back():
    groups = SymbolGroups.fit(TEXT, 4, 3)
    again = SymbolGroups.from_json(groups.to_json(), 4)
    np.testing.assert_array_equal(again.encode(TEXT), groups.encode(TEXT))
    with pytest.raises(UserError):
        SymbolGroups.from_json([[3, 1]], 4)


def test_symbols_alone():
    groups = SymbolGroups.fit(TEXT, 4, 1)
    assert groups.rows == 4
    rows = groups.encode(TEXT)
    assert rows.tolist() == TEXT[:, None].tolist()
    np.testing.assert_array_equal(
        groups.drop(rows, np.full(4, 0.5), np.random.default_rng(0)), rows
    )


def test_no_group_often_enough():
    groups = SymbolGroups.fit(np.array([0, 1, 2, 3]), 4, 3)
    assert groups.encode(np.array([0, 1])).tolist() == [[0, 4, 5], [1, 4, 5]]


def test_texts_without_some_of_the_symbols():
    """Numbers that the text lacks shift nothing: the unknown symbol is often one of them."""
    text = np.array([1, 3, 1, 3, 1, 3, 5, 1, 3])
    groups = SymbolGroups.fit(text, 6, 2)
    assert groups.keys[0].tolist() == [1 * 6 + 3]
    assert groups.encode(np.array([1, 3, 5])).tolist() == [[1, 6], [3, 7], [5, 6]]
    assert SymbolGroups.from_json(groups.to_json(), 6).keys[0].tolist() == [9]
