"""A recognizer beside simple ones, on recordings that none has learnt from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from tailrace.apps.common.display import Table
from tailrace.apps.common.figures import Figure
from tailrace.apps.common.parts import Split
from tailrace.apps.speech.baselines import Templates, most_frequent
from tailrace.apps.speech.data import Utterance
from tailrace.apps.speech.decoding import Errors, judge
from tailrace.apps.speech.recognizer import Heard, Recognizer

GREEDY, BEAM, RESCORED = "greedy", "beam search", "beam search, rescored"
FREQUENT, NEAREST = "most frequent transcript", "nearest recording (DTW)"
# recordings of single words that the comparison with templates takes, at most
MOST_WORDS = 100


class Trial:
    """What networks and baselines hear in the test part."""

    def __init__(
        self, recognizer: Recognizer, parts: Split[list[Utterance]], heard: Split[list[Heard]]
    ) -> None:
        self.recognizer, self.parts = recognizer, parts
        self.rows = heard.test
        self.said = [one.text for one in parts.test]
        self.errors: dict[str, list[Errors]] = {}
        self.words: dict[str, list[Errors]] = {}
        self._single = [i for i, text in enumerate(self.said) if " " not in text][:MOST_WORDS]
        self.heard: dict[str, list[str]] = {}
        self.add(recognizer)
        common = most_frequent([one.text for one in parts.train])
        self.errors[FREQUENT] = [judge([common] * len(self.said), self.said)]
        self._try_templates(heard)

    def add(self, recognizer: Recognizer) -> None:
        """One more network."""
        readings = recognizer.readings(self.rows)
        found = {GREEDY: recognizer.greedy(self.rows), BEAM: [one[0].text for one in readings]}
        if recognizer.letters is not None:
            found[RESCORED] = recognizer.chosen(readings)
        for name, texts in found.items():
            self.errors.setdefault(name, []).append(judge(texts, self.said))
            self.heard.setdefault(name, texts)
        if self._single:
            single = recognizer.chosen([readings[i] for i in self._single])
            said = [self.said[i] for i in self._single]
            self.words.setdefault("network", []).append(judge(single, said))

    def _try_templates(self, heard: Split[list[Heard]]) -> None:
        known = [i for i, one in enumerate(self.parts.train) if " " not in one.text]
        if not known or not self._single:
            self.words = {}
            return
        templates = Templates(
            [heard.train[i].features for i in known], [self.parts.train[i].text for i in known]
        )
        said = [self.said[i] for i in self._single]
        nearest = [templates.recognize(self.rows[i].features) for i in self._single]
        self.words[NEAREST] = [judge(nearest, said)]
        common = most_frequent([self.parts.train[i].text for i in known])
        self.words["most frequent word"] = [judge([common] * len(said), said)]

    @property
    def best(self) -> str:
        """How the recognizer decodes when it transcribes."""
        return RESCORED if RESCORED in self.errors else BEAM

    def tables(self) -> list[Table]:
        """Errors on all of the test part, and on its single words where there are any."""
        columns = ["held-out utterances", "letters wrong", "words wrong", "utterances wrong"]
        tables = [_table(columns, self.errors, lambda e: [e.letters, e.words, e.utterances])]
        if self.words:
            name = f"{len(self._single)} held-out single words"
            tables.append(_table([name, "words wrong"], self.words, lambda e: [e.words]))
        return tables

    def figures(self) -> dict[str, Figure]:
        """What the run came to."""
        frequent = self.errors[FREQUENT][0]
        best = self.errors[self.best]
        found = {
            "letters wrong": Figure(
                [100 * e.letters for e in best], (FREQUENT, 100 * frequent.letters), "%"
            ),
            "words wrong": Figure(
                [100 * e.words for e in best], (FREQUENT, 100 * frequent.words), "%"
            ),
        }
        if self.words:
            nearest = 100 * self.words[NEAREST][0].words
            found["single words wrong"] = Figure(
                [100 * e.words for e in self.words["network"]], (NEAREST, nearest), "%"
            )
        return found

    def results(self) -> dict[str, Any]:
        """The errors as JSON has them."""
        return {name: [asdict(e) for e in errors] for name, errors in self.errors.items()}


def _table(
    columns: Sequence[str],
    errors: dict[str, list[Errors]],
    rates: Callable[[Errors], list[float]],
) -> Table:
    rows = []
    for name, group in errors.items():
        every = zip(*(rates(e) for e in group), strict=True)
        rows.append([name, *(_percent(values) for values in every)])
    means = [sum(rates(e)[0] for e in group) / len(group) for group in errors.values()]
    return Table(columns, rows, best=means.index(min(means)))


def _percent(values: Sequence[float]) -> str:
    """Mean and sample deviation of some parts."""
    mean = 100 * sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:.2f} %"
    deviation = (sum((100 * v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.2f} ± {deviation:.2f} %"
