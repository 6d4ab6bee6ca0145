"""From the network's readings to text: which of them is likeliest, and how wrong it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.errors import UserError
from tailrace.apps.lm.ngram import KneserNey

# weights of the n-gram model that are tried, and rewards per letter
WEIGHTS = (0.0, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5)
REWARDS = (0.0, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Reading:
    """A text that the network may have heard, and its log-probability."""

    text: str
    score: float


class LetterModel:
    """An n-gram model of transcripts, letter by letter; it knows where they begin and end."""

    def __init__(self, texts: Sequence[str], characters: str, order: int) -> None:
        self._number = {character: i for i, character in enumerate(characters)}
        self._end = len(characters)
        self._cache: dict[str, float] = {}
        ids = np.concatenate([[self._end], *(self._ids(text) for text in texts)])
        order = min(order, len(ids) - 1)
        self._model = KneserNey.fit(ids, len(characters) + 1, order)

    def _ids(self, text: str) -> NDArray[np.int64]:
        return np.array([*(self._number[character] for character in text), self._end])

    def score(self, text: str) -> float:
        """log P(text)."""
        if text not in self._cache:
            found = self._model.probabilities(self._ids(text), np.array([self._end]))
            self._cache[text] = float(np.log(found).sum())
        return self._cache[text]


@dataclass(frozen=True)
class Rescoring:
    """log P(text | sound) + weight * log P(text) + reward * letters of the text."""

    weight: float = 0.0
    reward: float = 0.0

    def best(self, readings: Sequence[Reading], letters: LetterModel | None) -> str:
        """The likeliest of some readings; without a letter model, the first."""
        if letters is None or not self.weight:
            return readings[0].text
        return max(
            readings,
            key=lambda one: (
                one.score + self.weight * letters.score(one.text) + self.reward * len(one.text)
            ),
        ).text

    @classmethod
    def tuned(
        cls, readings: Sequence[Sequence[Reading]], truths: Sequence[str], letters: LetterModel
    ) -> Rescoring:
        """The weights with the fewest wrong letters; the smallest such."""
        tried = [cls(weight, reward) for weight in WEIGHTS for reward in REWARDS]

        def wrong(one: Rescoring) -> float:
            return judge([one.best(r, letters) for r in readings], truths).letters

        return min(tried, key=wrong)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Rescoring:
        """What `vars` gave. Raises: TypeError, ValueError."""
        return cls(float(data["weight"]), float(data["reward"]))


@dataclass(frozen=True)
class Errors:
    """Rates of errors on some utterances."""

    letters: float  # insertions, deletions and substitutions per letter said
    words: float
    utterances: float  # part with any error


def judge(heard: Sequence[str], said: Sequence[str]) -> Errors:
    """How wrong what was heard is."""
    wrong = [distance(list(a), list(b)) for a, b in zip(heard, said, strict=True)]
    words = [distance(a.split(), b.split()) for a, b in zip(heard, said, strict=True)]
    return Errors(
        sum(wrong) / sum(len(text) for text in said),
        sum(words) / sum(len(text.split()) for text in said),
        sum(number > 0 for number in wrong) / len(wrong),
    )


def distance(a: Sequence[str], b: Sequence[str]) -> int:
    """The least number of insertions, deletions and substitutions that make `a` to `b`."""
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        before, row = row, [i]
        for j, other in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other)))
    return row[-1]


class Alphabet:
    """The characters of transcripts by number; the blank of CTC is one more, the last."""

    def __init__(self, characters: str) -> None:
        if not characters or len(set(characters)) != len(characters):
            raise ValueError("the characters are not different from one another")
        self.characters = characters
        self._number = {character: i for i, character in enumerate(characters)}

    @classmethod
    def of(cls, texts: Sequence[str]) -> Alphabet:
        """All characters of some transcripts."""
        return cls("".join(sorted(set("".join(texts)))))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str, name: str) -> list[int]:
        """A transcript's numbers. Raises: UserError for a character that is not there."""
        odd = sorted(set(text) - set(self.characters))
        if odd:
            raise UserError(f"{name}: the model does not know the character {odd[0]!r}")
        return [self._number[character] for character in text]

    def decode(self, numbers: NDArray[Any]) -> str:
        """The text of numbers; what is below 0 is nothing."""
        return "".join(self.characters[number] for number in numbers if number >= 0)
