"""Which words mattered: for one text, and on the whole for each class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tailrace.apps.classify.classifier import Classifier, Inputs
from tailrace.apps.common.settings import choice

WAYS = ("gradient", "occlusion", "none")
# words are counted for a class if they occur so often
OFTEN = 3


@dataclass(frozen=True)
class Explanation:
    """An answer with what each word, or column, of the text has to do with it."""

    label: str
    chance: float
    pieces: list[tuple[str, float]]

    def strongest(self, count: int) -> list[tuple[str, float]]:
        """The pieces that speak most for the answer or against it, strongest first."""
        told = [piece for piece in self.pieces if piece[1]]
        return sorted(told, key=lambda piece: -abs(piece[1]))[:count]

    def scaled(self) -> list[tuple[str, float]]:
        """The pieces with values from -1 to 1, the strongest at an end."""
        most = max((abs(value) for _, value in self.pieces), default=0.0) or 1.0
        return [(word, value / most) for word, value in self.pieces]


def way_for(classifier: Classifier, given: str | None) -> str:
    """How to explain: as asked, else by the weights of a bag and by occlusion of a network."""
    if given is not None:
        choice("explain", given, WAYS)
        return given
    return "gradient" if classifier.settings.is_bag else "occlusion"


def explain(classifier: Classifier, inputs: Inputs, by: str) -> list[Explanation]:
    """The answers to some inputs, each with its reasons; `by` none gives no reasons."""
    chances = classifier.probabilities(inputs)
    answers = chances.argmax(1)
    pieces = [classifier.pieces(str(one)) for one in inputs]
    if by == "none":
        values = [np.zeros(len(words)) for words in pieces]
    else:
        values = classifier.contributions(inputs, answers, by=by)
    return [
        Explanation(
            classifier.classes[answer],
            float(row[answer]),
            [(word, float(v)) for word, v in zip(words, value, strict=True)],
        )
        for answer, row, words, value in zip(answers, chances, pieces, values, strict=True)
    ]


def words_of_classes(
    found: Sequence[Explanation], classes: Sequence[str], count: int
) -> dict[str, list[tuple[str, float]]]:
    """The words that spoke most for each class where it was the answer, by their mean value."""
    seen: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in classes}
    for one in found:
        for word, value in one.pieces:
            seen[one.label][word].append(value)
    means = {
        name: {w: sum(v) / len(v) for w, v in words.items() if len(v) >= OFTEN}
        for name, words in seen.items()
    }
    return {
        name: sorted(
            ((w, v) for w, v in words.items() if v > 0), key=lambda pair: (-pair[1], pair[0])
        )[:count]
        for name, words in means.items()
    }
