"""Simple recognizers that the network has to be better than."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.speech.waves import Floats

# recordings kept of each word
TEMPLATES = 8


def most_frequent(texts: Sequence[str]) -> str:
    """The transcript that comes most often."""
    return Counter(texts).most_common(1)[0][0]


class Templates:
    """Single words by the recording that is nearest after warping its time (DTW).

    The distance of two recordings is the least mean distance of their features over all ways to
    walk through both together (Sakoe, Chiba, 1978).
    """

    def __init__(self, features: Sequence[Floats], words: Sequence[str]) -> None:
        kept: Counter[str] = Counter()
        self._words, self._templates = [], []
        for one, word in zip(features, words, strict=True):
            if kept[word] < TEMPLATES:
                kept[word] += 1
                self._words.append(word)
                self._templates.append(one)
        self._lengths = np.array([len(one) for one in self._templates])
        self._table = np.zeros([len(self._words), self._lengths.max(), features[0].shape[1]])
        for row, one in zip(self._table, self._templates, strict=True):
            row[: len(one)] = one

    def recognize(self, features: Floats) -> str:
        """The word whose recording is nearest to [T, F]."""
        return self._words[int(np.argmin(self.distances(features)))]

    def distances(self, features: Floats) -> NDArray[np.float64]:
        """Of [T, F] to each template."""
        table, count = self._table, len(self._table)
        apart = np.full([count, table.shape[1] + 1], np.inf)
        apart[:, 0] = 0.0
        for frame in features:
            cost = np.sqrt(((table - frame) ** 2).sum(2))
            before, apart = apart, np.full_like(apart, np.inf)
            # to stay at a template's frame or to come from the one before, then to run ahead
            reached = np.minimum(before[:, 1:], before[:, :-1]) + cost
            for j in range(cost.shape[1]):
                apart[:, j + 1] = np.minimum(reached[:, j], apart[:, j] + cost[:, j])
        ends = apart[np.arange(count), self._lengths]
        return ends / (self._lengths + len(features))
