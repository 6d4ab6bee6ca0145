"""A captioner beside the simple methods, on pictures that none has seen."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import numpy as np

from tailrace.apps.caption.data import Album
from tailrace.apps.caption.learner import LEVEL, Description, Learner
from tailrace.apps.common.display import Table
from tailrace.apps.common.quality import Entry, groups_table, is_right, judge, table
from tailrace.apps.common.vocabulary import tokenize

# pictures that are compared with all learnt ones at once
AT_ONCE = 256
# simple methods there are
SIMPLE = 2


def most_frequent(learnt: Album, asked: Album) -> list[str]:
    """The caption that is there most often, whatever is asked."""
    counted = Counter(text for captions in learnt.captions for text in captions)
    return [counted.most_common(1)[0][0]] * len(asked)


def nearest(learnt: Album, asked: Album) -> list[str]:
    """The caption of the learnt picture whose pixels are closest, by the sum of squares."""
    known = learnt.pictures.reshape(len(learnt), -1)
    squares = (known**2).sum(axis=1)
    found: list[str] = []
    for begin in range(0, len(asked), AT_ONCE):
        pixels = asked.pictures[begin : begin + AT_ONCE].reshape(-1, known.shape[1])
        closest = (squares - 2 * pixels @ known.T).argmin(axis=1)
        found += [learnt.captions[row][0] for row in closest]
    return found


class Comparison:
    """All methods on the same pictures; the network first, as it is set, then without beams."""

    def __init__(self, learner: Learner, learnt: Album | None, test: Album) -> None:
        self.learner, self.test = learner, test
        self._known = {text for some in learnt.captions for text in some} if learnt else None
        settings = learner.settings
        self.entries: list[Entry] = []
        self.descriptions: list[Description] = []
        looks = settings.attention if settings.attention != "none" else "no"
        for width in dict.fromkeys([settings.beam, 1]):
            begun = time.perf_counter()
            found = [some[0] for some in learner.describe(test.pictures, beam=width)]
            manner = f"beam {width}" if width > 1 else "greedy"
            self._add(f"network, {looks} attention, {manner}", begun, [one.text for one in found])
            self.descriptions = self.descriptions or found
        if learnt is None:
            return
        for name, method in (
            ("nearest learnt picture, by pixels", nearest),
            ("most frequent caption", most_frequent),
        ):
            begun = time.perf_counter()
            self._add(name, begun, method(learnt, test))

    def _add(self, name: str, begun: float, texts: Sequence[str]) -> None:
        seconds = time.perf_counter() - begun
        self.entries.append(Entry(name, judge(texts, self.test.captions, LEVEL), seconds))

    @property
    def simple(self) -> Entry:
        """The best of the simple methods."""
        return max(self.entries[-SIMPLE:], key=lambda entry: entry.quality.bleu)

    @property
    def right(self) -> list[bool]:
        """Of each picture, whether the network's caption is one of its captions."""
        return [
            is_right(found.text, wanted, LEVEL)
            for found, wanted in zip(self.descriptions, self.test.captions, strict=True)
        ]

    def table(self) -> Table:
        """A row for each method."""
        return table(self.entries, len(self.test), "pictures")

    def groups(self) -> Table:
        """How many are right: of captions that were learnt from and of others, and by length."""
        right, captions = np.array(self.right), [some[0] for some in self.test.captions]
        lengths = np.array([len(tokenize(text, LEVEL)) for text in captions])
        groups = [
            (f"caption of {n} words and signs", right[lengths == n].tolist())
            for n in np.unique(lengths)
        ]
        if self._known is not None:
            seen = np.array([text in self._known for text in captions])
            groups = [
                ("caption that was learnt from, of another picture", right[seen].tolist()),
                ("caption that was never learnt from", right[~seen].tolist()),
                *groups,
            ]
        return groups_table("pictures whose right one is a", "pictures", groups)
