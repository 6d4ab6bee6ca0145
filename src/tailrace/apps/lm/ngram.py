"""Markov models of text: what a recurrent network has to beat.

`KneserNey` is the n-gram model with interpolated modified Kneser-Ney smoothing, `AddK` the plain
Markov model of one order whose counts all start at k. Both hold a table of the n-grams of the
training text per order, sorted by key, and score whole arrays at once.

A key is `context_id * V + symbol`, where the context's id is its place in the table one order
lower. So a table needs no symbols of its own, and an n-gram of any order is one integer.

Source: Chen, Goodman, "An empirical study of smoothing techniques for language modeling", Harvard
TR-10-98, 1998, section 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

UNSEEN = -1
# where a text has too few n-grams to tell the discounts from its counts of counts
FALLBACK_DISCOUNT = 0.75
LEAST_DISCOUNT = 0.01


@dataclass(frozen=True)
class Table:
    """The n-grams of one order: keys in rising order, and per n-gram what belongs to it.

    `before` counts the different symbols seen before the n-gram; an n-gram that only the start of
    the text holds counts as seen after one.
    """

    keys: Ids
    counts: Ids
    before: Ids
    contexts: int

    def context_of(self, vocabulary_size: int) -> Ids:
        """The context's place in the table one order lower, per n-gram."""
        return self.keys // vocabulary_size


def count_ngrams(ids: Ids, vocabulary_size: int, order: int) -> list[Table]:
    """Tables of orders 1 to `order` of the text `ids` [T], which is longer than `order`."""
    ids = np.asarray(ids, dtype=np.int64)
    # id of the n-gram that ends at a position, from the first position where one does
    ending = np.zeros(len(ids) + 1, dtype=np.int64)
    keys, counts, before, contexts = [], [], [], [1]
    for n in range(1, order + 1):
        ending_shorter = ending
        key = ending_shorter[:-1] * vocabulary_size + ids[n - 1 :]
        table, first, ending, count = np.unique(
            key, return_index=True, return_inverse=True, return_counts=True
        )
        if n > 1:
            # every different n-gram is one more symbol before its last n - 1
            shorter = ending_shorter[1:][first]
            before.append(np.maximum(np.bincount(shorter, minlength=len(keys[-1])), 1))
        keys.append(table)
        counts.append(count)
        contexts.append(len(table))
    before.append(counts[-1])
    return [Table(*row) for row in zip(keys, counts, before, contexts, strict=False)]


def discounts(counts: Ids) -> Floats:
    """What n-grams seen 0, 1, 2, 3 or more times give away, [4]."""
    n = [int((counts == times).sum()) for times in range(1, 5)]
    if 0 in n[:3]:
        return np.array([0.0, *[FALLBACK_DISCOUNT] * 3])
    y = n[0] / (n[0] + 2 * n[1])
    raw = [i + 1 - (i + 2) * y * n[i + 1] / n[i] for i in range(3)]
    return np.array([0.0, *(min(max(d, LEAST_DISCOUNT), i + 1) for i, d in enumerate(raw))])


class KneserNey:
    """Interpolated modified Kneser-Ney model of the given order.

    P_n(w | c) = max(C(c w) - D(C(c w)), 0) / C(c) + gamma(c) P_{n-1}(w | c without its oldest),
    with C the count at the highest order and the number of different predecessors below it, and
    P_0 = 1/V. A context that was never seen leaves all to the shorter one.

    Per order, `keys` are those of the table, `own` the first part of P_n per n-gram, and `rest`
    gamma per context.
    """

    def __init__(self, tables: list[Table], vocabulary_size: int) -> None:
        self.vocabulary_size = vocabulary_size
        self.order = len(tables)
        self.keys = [table.keys for table in tables]
        self.own: list[Floats] = []
        self.rest: list[Floats] = []
        for n, table in enumerate(tables, start=1):
            count = table.counts if n == self.order else table.before
            given = discounts(count)[np.minimum(count, 3)]
            context = table.context_of(vocabulary_size)
            total = np.bincount(context, weights=count, minlength=table.contexts)
            rest = np.bincount(context, weights=given, minlength=table.contexts)
            self.own.append((count - given) / total[context])
            # the text's last n-gram may be nobody's context
            self.rest.append(np.where(total > 0, rest / np.maximum(total, 1), 1.0))

    @classmethod
    def fit(cls, ids: Ids, vocabulary_size: int, order: int) -> KneserNey:
        """The model of the text `ids` [T]."""
        return cls(count_ngrams(ids, vocabulary_size, order), vocabulary_size)

    def probabilities(self, ids: Ids, context: Ids | None = None) -> Floats:
        """P(symbol | all before it) per position of `ids` [T], which follow on `context`."""
        context = _tail(context, self.order - 1)
        text = np.concatenate([context, np.asarray(ids, dtype=np.int64)])
        found = np.zeros(len(text) + 1, dtype=np.int64)
        result = np.full(len(text), 1 / self.vocabulary_size)
        for level in range(self.order):
            # place of the context of each position; what reaches past the start is unseen
            contexts = found[:-1]
            result, places = self._level(level, contexts, text, result)
            found = np.concatenate([[UNSEEN], places])
        return result[len(context) :]

    def distribution(self, context: Ids) -> Floats:
        """P(symbol | context) for every symbol, [V]."""
        context = _tail(context, self.order - 1)
        everything = np.arange(self.vocabulary_size)
        result = np.full(self.vocabulary_size, 1 / self.vocabulary_size)
        for level in range(min(self.order, len(context) + 1)):
            place = self._find(context[len(context) - level :])
            result, _ = self._level(level, np.full_like(everything, place), everything, result)
        return result

    def _level(
        self, level: int, contexts: Ids, symbols: Ids, shorter: Floats
    ) -> tuple[Floats, Ids]:
        """Probabilities one order up from `shorter`, and the places of the n-grams met."""
        places = look_up(self.keys[level], contexts, symbols, self.vocabulary_size)
        own = np.where(places == UNSEEN, 0.0, self.own[level][places])
        rest = np.where(contexts == UNSEEN, 1.0, self.rest[level][contexts])
        return own + rest * shorter, places

    def _find(self, ngram: Ids) -> int:
        """Place of an n-gram in the table of its order."""
        place = np.zeros(1, dtype=np.int64)
        for level, symbol in enumerate(ngram):
            place = look_up(self.keys[level], place, np.array([symbol]), self.vocabulary_size)
        return int(place[0])


class AddK:
    """Markov model of one order: (C(c w) + k) / (C(c) + k V), no shorter contexts asked."""

    def __init__(self, tables: list[Table], vocabulary_size: int, k: float) -> None:
        self.vocabulary_size = vocabulary_size
        self.order = len(tables)
        self.k = k
        self._keys = [table.keys for table in tables]
        self._counts = tables[-1].counts
        context = tables[-1].context_of(vocabulary_size)
        self._totals = np.bincount(context, weights=self._counts, minlength=tables[-1].contexts)

    @classmethod
    def fit(cls, ids: Ids, vocabulary_size: int, order: int, k: float = 0.1) -> AddK:
        """The model of the text `ids` [T]."""
        return cls(count_ngrams(ids, vocabulary_size, order), vocabulary_size, k)

    def probabilities(self, ids: Ids, context: Ids | None = None) -> Floats:
        """P(symbol | the order - 1 before it) per position of `ids` [T]."""
        context = _tail(context, self.order - 1)
        text = np.concatenate([context, np.asarray(ids, dtype=np.int64)])
        found = np.zeros(len(text) + 1, dtype=np.int64)
        contexts = found[:-1]
        for keys in self._keys:
            contexts = found[:-1]
            places = look_up(keys, contexts, text, self.vocabulary_size)
            found = np.concatenate([[UNSEEN], places])
        count = np.where(found[1:] == UNSEEN, 0, self._counts[found[1:]])
        total = np.where(contexts == UNSEEN, 0, self._totals[contexts])
        return ((count + self.k) / (total + self.k * self.vocabulary_size))[len(context) :]


def bits(probabilities: Floats) -> float:
    """Mean -log2 of probabilities: bits per symbol."""
    return float(-np.log2(probabilities).mean())


def tune_kneser_ney(
    train: Ids, held_out: Ids, vocabulary_size: int, orders: Iterable[int]
) -> tuple[KneserNey, dict[int, float]]:
    """The model whose order predicts `held_out` best, and bits per symbol of each order tried."""
    orders = _feasible(orders, len(train))
    tables = count_ngrams(train, vocabulary_size, max(orders))
    tried: dict[int, float] = {}
    best: KneserNey | None = None
    for order in orders:
        model = KneserNey(tables[:order], vocabulary_size)
        tried[order] = bits(model.probabilities(held_out, context=train))
        if best is None or tried[order] < tried[best.order]:
            best = model
    assert best is not None
    return best, tried


def tune_add_k(
    train: Ids, held_out: Ids, vocabulary_size: int, orders: Iterable[int]
) -> tuple[AddK, dict[int, float]]:
    """As `tune_kneser_ney`, for the Markov model; k is tuned too, its best counts per order."""
    orders = _feasible(orders, len(train))
    tables = count_ngrams(train, vocabulary_size, max(orders))
    tried: dict[int, float] = {}
    best: tuple[float, AddK] | None = None
    for order in orders:
        for k in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003):
            model = AddK(tables[:order], vocabulary_size, k)
            score = bits(model.probabilities(held_out, context=train))
            tried[order] = min(score, tried.get(order, score))
            if best is None or score < best[0]:
                best = score, model
    assert best is not None
    return best[1], tried


def _feasible(orders: Iterable[int], length: int) -> list[int]:
    return [order for order in orders if order < length] or [1]


def _tail(context: Ids | None, length: int) -> Ids:
    """The last `length` symbols of a context."""
    if context is None or length == 0:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(context, dtype=np.int64)[-length:]


def look_up(keys: Ids, contexts: Ids, symbols: Ids, vocabulary_size: int) -> Ids:
    """Places in `keys` of symbols after contexts; UNSEEN where there is none."""
    if not len(keys):
        return np.full(np.shape(symbols), UNSEEN)
    key = contexts * vocabulary_size + symbols
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    return np.where((contexts != UNSEEN) & (keys[place] == key), place, UNSEEN)
