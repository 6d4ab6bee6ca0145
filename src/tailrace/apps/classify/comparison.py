"""Classifiers side by side on texts that none has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tailrace.apps.classify.classifier import Classifier
from tailrace.apps.classify.data import Examples
from tailrace.apps.classify.measures import Quality, judge, majority
from tailrace.apps.classify.settings import TITLES, Settings
from tailrace.apps.common.display import Table
from tailrace.apps.common.figures import Figure
from tailrace.apps.common.parts import Split, mean_and_deviation
from tailrace.apps.common.vocabulary import Ids

# a bag of short sequences of words is compared with, too
NGRAMS = 3


@dataclass(frozen=True)
class Entry:
    """What one classifier made of the test part."""

    name: str
    settings: Settings
    quality: Quality
    answers: Ids
    chosen: float  # the best epoch's accuracy on the validation part
    seconds: float  # processor time of training
    weights: int
    history: list[dict[str, float]]


class Contest:
    """All classifiers, judged on the same part."""

    def __init__(self, parts: Split[Examples], classes: list[str]) -> None:
        self.parts, self.classes = parts, classes
        number = {name: i for i, name in enumerate(classes)}
        self.truth = np.array([number[label] for label in parts.test.labels])
        learnt = np.array([number[label] for label in parts.train.labels])
        self.majority = majority(learnt, self.truth, len(classes))
        self.entries: list[Entry] = []

    def add(self, classifier: Classifier, seconds: float, history: list[dict[str, float]]) -> Entry:
        """One more classifier, perhaps of a name that is there already with another seed."""
        answers = classifier.probabilities(self.parts.test.inputs).argmax(1)
        variables = classifier.learner.network.variables
        entry = Entry(
            title(classifier.settings),
            classifier.settings,
            judge(self.truth, answers, len(self.classes)),
            answers,
            max((row["accuracy"] for row in history), default=0.0),
            seconds,
            sum(int(np.prod(v.shape.as_list())) for v in variables),
            history,
        )
        self.entries.append(entry)
        return entry

    def groups(self) -> dict[str, list[Entry]]:
        """Entries by name."""
        names = list(dict.fromkeys(entry.name for entry in self.entries))
        return {name: [e for e in self.entries if e.name == name] for name in names}

    def best(self) -> str:
        """The name of the one whose best epochs did best on the validation part."""
        groups = self.groups()
        return max(groups, key=lambda name: np.mean([e.chosen for e in groups[name]]))

    def table(self) -> Table:
        """A row for each; of several seeds mean and deviation."""
        rows = []
        for name, group in self.groups().items():
            accuracy = mean_and_deviation([e.quality.accuracy for e in group])
            f1 = mean_and_deviation([e.quality.macro_f1 for e in group])
            seconds = np.mean([e.seconds for e in group])
            rows.append([name, accuracy, f1, f"{group[0].weights:,}", f"{seconds:.1f}"])
        best = [row[0] for row in rows].index(self.best())
        frequent = [f"{self.majority.accuracy:.3f}", f"{self.majority.macro_f1:.3f}", "", ""]
        rows.append(["the most frequent class", *frequent])
        return Table(["", "accuracy", "macro F1", "weights", "seconds"], rows, best=best)

    def kinds(self) -> list[str]:
        """The kinds of examples in the test part, where these are known."""
        return list(dict.fromkeys(sorted(self.parts.test.kinds)))

    def accuracy_of(self, kind: str, group: list[Entry]) -> float:
        """The mean accuracy of some entries on the examples of one kind."""
        mine = np.array([k == kind for k in self.parts.test.kinds])
        return float(np.mean([(e.answers == self.truth)[mine].mean() for e in group]))

    def kinds_table(self) -> Table:
        """Accuracy by kind of example, a row for each classifier."""
        rows = [
            [name, *(f"{self.accuracy_of(kind, group):.2f}" for kind in self.kinds())]
            for name, group in self.groups().items()
        ]
        return Table(["accuracy", *self.kinds()], rows)

    def figures(self, baseline: str | None = None) -> dict[str, Figure]:
        """Accuracy and macro F1 of each, beside a baseline: a name, or the most frequent class."""
        groups = self.groups()
        compared = {
            "accuracy": ("most frequent class", self.majority.accuracy),
            "macro F1": ("most frequent class", self.majority.macro_f1),
        }
        if baseline in groups:
            found = [e.quality for e in groups[baseline]]
            compared = {
                "accuracy": (baseline, float(np.mean([q.accuracy for q in found]))),
                "macro F1": (baseline, float(np.mean([q.macro_f1 for q in found]))),
            }
        figures = {}
        for name, group in groups.items():
            if name == baseline:
                continue
            accuracies = [e.quality.accuracy for e in group]
            f1 = [e.quality.macro_f1 for e in group]
            figures[f"{name}: accuracy"] = Figure(accuracies, compared["accuracy"])
            figures[f"{name}: macro F1"] = Figure(f1, compared["macro F1"])
        return figures

    def results(self) -> dict[str, Any]:
        """The figures as JSON has them."""
        return {
            "test": len(self.truth),
            "majority": self.majority.accuracy,
            "classifiers": [
                {
                    "name": e.name,
                    "seed": e.settings.seed,
                    "accuracy": e.quality.accuracy,
                    "macro_f1": e.quality.macro_f1,
                    "confusion": e.quality.confusion.tolist(),
                }
                for e in self.entries
            ],
        }


def title(settings: Settings) -> str:
    """What a classifier is called in tables."""
    name = TITLES[settings.method]
    more = settings.is_bag and settings.ngrams > 1
    return f"{name}, 1- to {settings.ngrams}-grams" if more else name
