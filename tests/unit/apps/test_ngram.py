"""n-gram models against the paper's formulas and against arithmetic by hand."""

import numpy as np
import pytest

from tailrace.apps.lm.ngram import (
    AddK,
    KneserNey,
    bits,
    count_ngrams,
    discounts,
    tune_add_k,
    tune_kneser_ney,
)

from .plain_kneser_ney import PlainKneserNey


def _text(length: int, vocabulary_size: int, seed: int = 0) -> np.ndarray:
    """A text with structure: each symbol often follows from the two before it."""
    random = np.random.default_rng(seed)
    text = [0, 1]
    while len(text) < length:
        likely = (2 * text[-1] + text[-2]) % vocabulary_size
        text.append(likely if random.random() < 0.6 else int(random.integers(vocabulary_size)))
    return np.array(text)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_kneser_ney_is_the_papers(order: int):
    text = _text(300, 6)
    model = KneserNey.fit(text, 6, order)
    plain = PlainKneserNey(text.tolist(), 6, order)
    held_out = _text(60, 6, seed=1)
    found = model.probabilities(held_out)
    expected = [
        plain.probability(tuple(held_out[max(0, i - order + 1) : i].tolist()), int(symbol))
        for i, symbol in enumerate(held_out)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_kneser_ney_by_hand():
    # a b a b a c: too few n-grams for counts of counts, so every discount is 0.75
    model = KneserNey.fit(np.array([0, 1, 0, 1, 0, 2]), 4, 2)
    # before a: b (one kind); before b: a; before c: a; each takes part in one pair type
    unigram = np.array([0.25 / 3] * 3 + [0.0]) + 0.75 * 0.25
    after_a = np.array([0, 2 - 0.75, 1 - 0.75, 0]) / 3 + (2 * 0.75 / 3) * unigram
    np.testing.assert_allclose(model.distribution(np.array([0])), after_a, rtol=1e-12)
    # nothing ever followed c
    np.testing.assert_allclose(model.distribution(np.array([2])), unigram, rtol=1e-12)


def test_discounts_follow_the_counts_of_counts():
    counts = np.repeat([1, 2, 3, 4, 9], [10, 4, 2, 1, 3])
    y = 10 / (10 + 2 * 4)
    expected = [0, 1 - 2 * y * 4 / 10, 2 - 3 * y * 2 / 4, 3 - 4 * y * 1 / 2]
    np.testing.assert_allclose(discounts(counts), expected)


@pytest.mark.parametrize("order", [1, 3, 6])
def test_probabilities_sum_to_one(order: int):
    text = _text(500, 7)
    model = KneserNey.fit(text, 9, order)
    for context in ([], [3], [8, 8], [0, 1, 2, 3, 4, 5], text[:40].tolist(), text[-6:].tolist()):
        distribution = model.distribution(np.array(context, dtype=np.int64))
        assert distribution.sum() == pytest.approx(1, abs=1e-12)
        assert (distribution > 0).all()


def test_one_symbol_at_a_time_is_the_same_as_all_at_once():
    text, held_out = _text(400, 5), _text(50, 5, seed=2)
    model = KneserNey.fit(text, 5, 4)
    context = text[-10:]
    at_once = model.probabilities(held_out, context=context)
    for i, symbol in enumerate(held_out):
        before = np.concatenate([context, held_out[:i]])
        assert model.distribution(before)[symbol] == pytest.approx(at_once[i], rel=1e-12)


def test_add_k_by_hand():
    model = AddK.fit(np.array([0, 1, 0, 1, 0, 2]), 4, 2, k=0.5)
    found = model.probabilities(np.array([0, 1, 3, 2]), context=np.array([0]))
    # a after a, b after a, an unseen d after b, c after the unseen d
    expected = [0.5 / (3 + 2), 2.5 / (3 + 2), 0.5 / (2 + 2), 0.25]
    np.testing.assert_allclose(found, expected)


def test_tables_count():
    tables = count_ngrams(np.array([0, 1, 0, 1, 0, 2]), 3, 2)
    assert tables[0].counts.tolist() == [3, 2, 1]
    # pairs ab, ac, ba
    assert tables[1].keys.tolist() == [0 * 3 + 1, 0 * 3 + 2, 1 * 3 + 0]
    assert tables[1].counts.tolist() == [2, 1, 2]
    assert tables[0].before.tolist() == [1, 1, 1]


def test_tuning_takes_the_order_that_predicts_best():
    train, held_out = _text(3000, 6), _text(500, 6, seed=3)
    model, tried = tune_kneser_ney(train, held_out, 6, range(1, 7))
    assert model.order == min(tried, key=tried.__getitem__) == 3
    assert bits(model.probabilities(held_out, context=train)) == pytest.approx(tried[3])
    markov, markov_tried = tune_add_k(train, held_out, 6, range(1, 5))
    assert markov.order == 3
    assert tried[3] <= markov_tried[3] + 0.02
    assert tried[1] < np.log2(6) + 0.01


def test_orders_longer_than_the_text_are_left_out():
    model, tried = tune_kneser_ney(np.array([0, 1, 0]), np.array([1, 0]), 2, range(2, 9))
    assert set(tried) == {2}
    assert model.order == 2
