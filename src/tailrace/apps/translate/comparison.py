"""A translator beside the simple methods, on pairs that none has seen."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from tailrace.apps.common.display import Table
from tailrace.apps.common.quality import Entry, groups_table, is_right, judge, table
from tailrace.apps.common.vocabulary import tokenize
from tailrace.apps.translate.baselines import BASELINES
from tailrace.apps.translate.data import Pairs
from tailrace.apps.translate.learner import Learner, Translation

# where no form is given, accuracy is told for so many classes of length
CLASSES = 4


class Comparison:
    """All methods on the same pairs; the network first, as it is set, then without beams."""

    def __init__(self, learner: Learner, learnt: Pairs | None, test: Pairs) -> None:
        self.learner, self.test = learner, test
        settings = learner.settings
        self._level = settings.levels[1]
        self.entries: list[Entry] = []
        self.translations: list[Translation] = []
        for width in dict.fromkeys([settings.beam, 1]):
            begun = time.perf_counter()
            found = [some[0] for some in learner.translate(test.sources, beam=width)]
            looks = settings.attention if settings.attention != "none" else "no"
            name = f"network, {looks} attention, "
            self._add(name + (f"beam {width}" if width > 1 else "greedy"), begun, found)
            self.translations = self.translations or found
        if learnt is None:
            return
        for kind in BASELINES:
            baseline = kind(learnt, settings)
            begun = time.perf_counter()
            self._add(baseline.name, begun, baseline.translate(test.sources))

    def _add(self, name: str, begun: float, found: Sequence[Translation | str]) -> None:
        seconds = time.perf_counter() - begun
        texts = [one if isinstance(one, str) else one.text for one in found]
        wanted = [[target] for target in self.test.targets]
        self.entries.append(Entry(name, judge(texts, wanted, self._level), seconds))

    @property
    def simple(self) -> Entry:
        """The best of the simple methods."""
        return max(self.entries[-len(BASELINES) :], key=lambda entry: entry.quality.bleu)

    @property
    def right(self) -> list[bool]:
        """Of each pair, whether the network's translation is the target."""
        return [
            is_right(found.text, [wanted], self._level)
            for found, wanted in zip(self.translations, self.test.targets, strict=True)
        ]

    def table(self) -> Table:
        """A row for each method."""
        return table(self.entries, len(self.test), "pairs")

    def groups(self) -> Table:
        """How many are right of each form; where none is known, of each class of length."""
        right = self.right
        groups = [(name, [right[row] for row in members]) for name, members in self._groups()]
        head = "symbols of the source" if self.test.forms is None else "form"
        return groups_table(head, "pairs", groups)

    def _groups(self) -> list[tuple[str, list[int]]]:
        """Pairs that belong together, by row."""
        forms = self.test.forms
        if forms is not None:
            names = sorted(set(forms))
            return [(name, [row for row, own in enumerate(forms) if own == name]) for name in names]
        level = self.learner.settings.level
        lengths = np.array([len(tokenize(text, level)) for text in self.test.sources])
        groups = np.array_split(np.argsort(lengths, kind="stable"), CLASSES)
        return [
            (f"{lengths[group[0]]} to {lengths[group[-1]]}", group.tolist())
            for group in groups
            if len(group)
        ]

    def examples(self) -> list[int]:
        """A right one of each of some groups, by row: those whose sources are longest."""
        right, found = self.right, []
        for _, members in self._groups():
            known = [row for row in members if right[row]] or members
            found.append(max(known, key=lambda row: len(self.test.sources[row])))
        return found
