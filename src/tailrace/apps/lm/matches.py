"""What followed the longest match: the end of a text is looked for in the training text, and what

came after its longest ending found there is an input of the network.

Groups of symbols have to be frequent for their embeddings to be learnt; long ones are not. A match
needs no embedding of its own, only the symbol that it foretells and its kind: how long it is, and
how surely the symbol followed. (Compressors have such models: Mahoney, "Adaptive weighing of
context models for lossless data compression", 2005.)

While the network learns, a piece of the training text is matched against the other pieces only. So
matches are there as long and as trustworthy as in a text that is new.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.lm.features import SymbolGroups

Ids = NDArray[np.int64]

# kinds: matches of 1 symbol, of 2, 3, up to 5 ..., and per length four degrees of sureness
LENGTHS = np.array([2, 3, 4, 6, 8, 10, 13])
ONCE, ALWAYS, MOSTLY, SELDOM = range(4)
KINDS = 4 * (len(LENGTHS) + 1)
UNTOLD = -1
# so many pieces at most; fewer of long texts, where a piece is much anyway and each costs a fit
PIECES, MOST_SYMBOLS = 10, 5_000_000


class Followers(NamedTuple):
    """Per context: how often something follows, the likeliest symbol, and its times."""

    total: Ids
    symbol: Ids
    times: Ids


class Matches:
    """The contexts of a text, up to a length, and what is foretold after each.

    `foretold` [R] is per row of `contexts` a code, symbol times `KINDS` plus kind, or `UNTOLD`.
    """

    def __init__(self, ids: Ids, vocabulary_size: int, longest: int) -> None:
        longest = min(longest, len(ids))
        self.vocabulary_size = vocabulary_size
        self.contexts = SymbolGroups.fit(ids, vocabulary_size, longest, least=1)
        self.foretold = np.full(self.contexts.rows, UNTOLD)
        rows = self.contexts.encode(ids)[:-1]
        for length, column in enumerate(rows.T, 1):
            context, followers = _followers(column.astype(np.int64), ids[1:], vocabulary_size)
            self.foretold[context] = _codes(length, followers)
        self.foretold[self.contexts.unknown_rows()] = UNTOLD

    @property
    def nothing(self) -> int:
        """The code of a text without any match."""
        return self.vocabulary_size * KINDS

    @property
    def longest(self) -> int:
        """Symbols of the longest contexts."""
        return self.contexts.longest

    def encode(self, ids: Ids, context: Ids | None = None) -> Ids:
        """Codes per position of `ids` [T], which follow on `context`."""
        codes = self.foretold[self.contexts.encode(ids, context)][:, ::-1]
        longest = np.argmax(codes != UNTOLD, axis=1)[:, None]
        found = np.take_along_axis(codes, longest, axis=1)[:, 0]
        return np.where(found == UNTOLD, self.nothing, found)


def encode_training(ids: Ids, vocabulary_size: int, longest: int) -> Ids:
    """Codes per position of the training text itself [T], each piece matched with the others."""
    count = max(2, min(PIECES, MOST_SYMBOLS // len(ids)))
    pieces = [piece for piece in np.array_split(ids, count) if len(piece)]
    found = []
    for number, piece in enumerate(pieces):
        others = np.concatenate([*pieces[:number], *pieces[number + 1 :]] or [piece])
        context = pieces[number - 1] if number else None
        found.append(Matches(others, vocabulary_size, longest).encode(piece, context))
    return np.concatenate(found)


def _followers(contexts: Ids, following: Ids, vocabulary_size: int) -> tuple[Ids, Followers]:
    """The different ones of contexts [T], and what follows each."""
    keys, counts = np.unique(contexts * vocabulary_size + following, return_counts=True)
    context, symbol = keys // vocabulary_size, keys % vocabulary_size
    begins = np.flatnonzero(np.diff(context, prepend=-1))
    # one number to compare by: the count, then the more frequent symbol, whose number is lower
    rank = counts * vocabulary_size + (vocabulary_size - 1 - symbol)
    best = np.maximum.reduceat(rank, begins)
    likeliest = vocabulary_size - 1 - best % vocabulary_size
    total = np.add.reduceat(counts, begins)
    return context[begins], Followers(total, likeliest, best // vocabulary_size)


def _codes(length: int, followers: Followers) -> Ids:
    """Codes of contexts of one length."""
    total, symbol, times = followers
    sure = np.select(
        [total == 1, times == total, 2 * times >= total], [ONCE, ALWAYS, MOSTLY], SELDOM
    )
    return symbol * KINDS + 4 * np.searchsorted(LENGTHS, length, side="right") + sure
