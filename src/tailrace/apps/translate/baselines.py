"""What a translator is compared with: translations that need no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from tailrace.apps.common.vocabulary import join, tokenize
from tailrace.apps.translate.data import Pairs
from tailrace.apps.translate.settings import Settings

# rounds of the dictionary's estimation
ROUNDS = 5
# pairs that the dictionary is made from
ENOUGH = 20000
# texts that are compared with all learnt ones at once
AT_ONCE = 256


class MostFrequent:
    """The target that is there most often, whatever is asked."""

    name = "most frequent target"

    def __init__(self, pairs: Pairs, settings: Settings) -> None:
        self._target = Counter(pairs.targets).most_common(1)[0][0]

    def translate(self, texts: Sequence[str]) -> list[str]:
        """A translation of each text."""
        return [self._target] * len(texts)


class Nearest:
    """The target of the learnt source that is most alike, by its groups of 1 to 3 characters."""

    name = "nearest learnt source"

    def __init__(self, pairs: Pairs, settings: Settings) -> None:
        self._targets = pairs.targets
        self._vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
        self._rows = self._vectorizer.fit_transform(pairs.sources)

    def translate(self, texts: Sequence[str]) -> list[str]:
        """A translation of each text."""
        found = []
        for begin in range(0, len(texts), AT_ONCE):
            asked = self._vectorizer.transform(texts[begin : begin + AT_ONCE])
            likeness = (asked @ self._rows.T).toarray()
            found += [self._targets[row] for row in likeness.argmax(axis=1)]
        return found


class Dictionary:
    """Each source symbol's likeliest target symbol, in the source's order: IBM's model 1.

    p(t | s), with an empty source symbol in every pair, by expectation and maximisation.

    Source: Brown and others, "The Mathematics of Statistical Machine Translation", 1993.
    """

    name = "dictionary, symbol by symbol"

    def __init__(self, pairs: Pairs, settings: Settings) -> None:
        self._levels = settings.levels
        sides = [
            [list(tokenize(text, level)) for text in texts[:ENOUGH]]
            for texts, level in zip((pairs.sources, pairs.targets), self._levels, strict=True)
        ]
        # symbol 0 is the empty one
        sources = {"": 0}
        targets: dict[str, int] = {}
        own, other, group = [], [], []
        places = 0
        for left, right in zip(*sides, strict=True):
            numbers = [0, *(sources.setdefault(symbol, len(sources)) for symbol in left)]
            for symbol in right:
                own += numbers
                other += [targets.setdefault(symbol, len(targets))] * len(numbers)
                group += [places] * len(numbers)
                places += 1
        self._best = self._estimate(np.array(own), np.array(other), np.array(group), len(targets))
        self._numbers, self._symbols = sources, list(targets)

    @staticmethod
    def _estimate(
        own: np.ndarray, other: np.ndarray, group: np.ndarray, targets: int
    ) -> dict[int, int]:
        """The likeliest target of each source symbol; arrays have a row per possible link."""
        kinds, kind = np.unique(own * targets + other, return_inverse=True)
        source = kinds // targets
        p = np.ones(len(kinds))
        for _ in range(ROUNDS):
            weight = p[kind]
            share = weight / np.bincount(group, weight)[group]
            count = np.bincount(kind, share)
            p = count / np.bincount(source, count)[source]
        order = np.argsort(p, kind="stable")
        return dict(zip(source[order].tolist(), (kinds[order] % targets).tolist(), strict=True))

    def translate(self, texts: Sequence[str]) -> list[str]:
        """A translation of each text; symbols that were never seen stay as they are."""
        source_level, target_level = self._levels
        return [
            join([self._one(symbol) for symbol in tokenize(text, source_level)], target_level)
            for text in texts
        ]

    def _one(self, symbol: str) -> str:
        number = self._numbers.get(symbol)
        return symbol if number is None else self._symbols[self._best[number]]


BASELINES = (Nearest, Dictionary, MostFrequent)
