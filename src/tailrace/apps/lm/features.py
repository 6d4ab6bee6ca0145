"""What the network reads at each step: its symbol, and the groups of symbols that end there.

A symbol group (2 to n symbols) that the training text holds often enough has a row of the embedding
table, as a symbol has; all others of its length share one. This is how a recurrent network gets
for nothing what a Markov model starts from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.errors import UserError
from tailrace.apps.lm.ngram import UNSEEN, count_ngrams, look_up

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST_COUNT = 3


class SymbolGroups:
    """Numbers of the symbols and groups of a text, as rows of one embedding table.

    Row v is symbol v. Behind the V symbols come the pairs, first the row of the unknown pair, then
    the triples, and so on. `keys[n - 2]` are the known groups of n symbols in rising order, each
    as place of its first n - 1 symbols (a symbol's place is its number) times V + last symbol.
    """

    def __init__(self, keys: list[Ids], vocabulary_size: int) -> None:
        self.vocabulary_size = vocabulary_size
        self.keys = keys

    @classmethod
    def fit(
        cls, ids: Ids, vocabulary_size: int, longest: int, least: int = LEAST_COUNT
    ) -> SymbolGroups:
        """The groups up to `longest` symbols that the text `ids` [T] has at least so often."""
        tables = count_ngrams(ids, vocabulary_size, min(longest, len(ids)))
        # a symbol's place is its number, also where the text has not all symbols
        places = tables[0].keys
        keys = []
        for table in tables[1:]:
            known = np.flatnonzero(table.counts >= least)
            first = places[table.context_of(vocabulary_size)[known]]
            keys.append(first * vocabulary_size + table.keys[known] % vocabulary_size)
            places = np.full(len(table.keys), UNSEEN)
            places[known] = np.arange(len(known))
        return cls(keys, vocabulary_size)

    @property
    def longest(self) -> int:
        """Symbols of the longest groups."""
        return len(self.keys) + 1

    @property
    def rows(self) -> int:
        """Rows of the embedding table."""
        return self.vocabulary_size + sum(len(keys) + 1 for keys in self.keys)

    def encode(self, ids: Ids, context: Ids | None = None) -> NDArray[np.int32]:
        """Rows of the table per position of `ids` [T], which follow on `context`: [T, n]."""
        context = np.zeros(0, np.int64) if context is None else np.asarray(context, np.int64)
        context = context[max(0, len(context) - self.longest + 1) :]
        text = np.concatenate([context, np.asarray(ids, np.int64)])
        columns = [text]
        places, base = text, self.vocabulary_size
        for keys in self.keys:
            before = np.concatenate([[UNSEEN], places[:-1]])
            places = look_up(keys, before, text, self.vocabulary_size)
            columns.append(base + 1 + places)
            base += len(keys) + 1
        return np.stack(columns, axis=-1)[len(context) :].astype(np.int32)

    def flat_keys(self) -> Ids:
        """One rising array for all lengths: row of the shorter group times V + last symbol.

        The known group of place f here has the row V + f + its length - 1.
        """
        size = self.vocabulary_size
        # the row of the first of the shorter groups
        first, next_first, found = 0, size + 1, [np.zeros(0, np.int64)]
        for keys in self.keys:
            found.append(first * size + keys)
            first, next_first = next_first, next_first + len(keys) + 1
        return np.concatenate(found)

    def drop_rates(self, ids: Ids, least: float, noise: float) -> Floats:
        """How often each row [R] is to be made unknown while the text `ids` [T] is learnt.

        least + (1 - least) min(1, noise N / C), where C is how often the group occurs and N after
        how many of these something new follows: what Kneser-Ney smoothing keeps for shorter groups,
        of whose place in network training Xie et al., "Data noising as smoothing in neural network
        language models", 2017, tell. A rare group would else be trusted too much, since the very
        place that is to be predicted was learnt by heart.
        """
        rows, size = self.encode(ids)[:-1, 1:].astype(np.int64), self.vocabulary_size
        counts = np.bincount(rows.ravel(), minlength=self.rows)
        different = np.unique(rows * size + np.asarray(ids)[1:, None]) // size
        followers = np.bincount(different, minlength=self.rows)
        given_up = np.minimum(1.0, noise * followers / np.maximum(counts, 1))
        return least + (1 - least) * given_up

    def drop(
        self, rows: NDArray[np.int32], rates: Floats, random: np.random.Generator
    ) -> NDArray[np.int32]:
        """A copy of `rows` [..., n] where groups are made unknown, each with its rate [R].

        With a group go the longer ones that end as it does. What stands behind the groups stays.
        """
        groups = rows[..., 1 : self.longest]
        kept = random.random(groups.shape) >= rates[groups]
        result = rows.copy()
        known = np.logical_and.accumulate(kept, axis=-1)
        result[..., 1 : self.longest] = np.where(known, groups, self.unknown_rows())
        return result

    def unknown_rows(self) -> NDArray[np.int32]:
        """The unknown group's row per group length, [n - 1]."""
        sizes = [len(keys) + 1 for keys in self.keys]
        return (self.vocabulary_size + np.cumsum([0, *sizes[:-1]])[: len(sizes)]).astype(np.int32)

    def to_json(self) -> list[list[int]]:
        """The known groups as JSON has them."""
        return [keys.tolist() for keys in self.keys]

    @classmethod
    def from_json(cls, data: list[list[int]], vocabulary_size: int) -> SymbolGroups:
        """What `to_json` wrote. Raises: UserError where it is not such lists."""
        keys = [np.asarray(numbers) for numbers in data]
        if any(k.ndim != 1 or k.dtype.kind != "i" or (np.diff(k) <= 0).any() for k in keys):
            raise UserError("symbol groups are not rising whole numbers")
        return cls([k.astype(np.int64) for k in keys], vocabulary_size)
