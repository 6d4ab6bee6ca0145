"""Numbers for words: `CategoricalVocabulary`.

Source: TF 1.15 contrib/learn/python/learn/preprocessing/categorical_vocabulary.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any


class CategoricalVocabulary:
    """Gives each new word the next number; 0 is the unknown word."""

    def __init__(self, unknown_token: Hashable = "<UNK>", support_reverse: bool = True) -> None:
        self._unknown_token = unknown_token
        self._support_reverse = support_reverse
        self._numbers: dict[Hashable, int] = {unknown_token: 0}
        self._counts: Counter[Hashable] = Counter()
        self._frozen = False

    def __len__(self) -> int:
        """Number of words, the unknown one among them."""
        return len(self._numbers)

    def freeze(self, freeze: bool = True) -> None:
        """From here on new words are the unknown one, or with `freeze=False` no more."""
        self._frozen = freeze

    def get(self, category: Hashable) -> int:
        """The word's number; a new one for a new word."""
        if category in self._numbers:
            return self._numbers[category]
        if self._frozen:
            return 0
        return self._numbers.setdefault(category, len(self._numbers))

    def add(self, category: Hashable, count: int = 1) -> None:
        """Count the word `count` times more."""
        if self.get(category) > 0:
            self._counts[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Keep words counted more than `min_frequency` times, and less than `max_frequency` times
        if that is positive; they are numbered again, the most frequent first.
        """
        kept = [
            (word, count)
            for word, count in sorted(self._counts.items(), key=_rank)
            if count > min_frequency and not 0 < max_frequency <= count
        ]
        self._counts = Counter(dict(kept))
        self._numbers = {self._unknown_token: 0}
        self._numbers.update({word: place for place, (word, _) in enumerate(kept, start=1)})

    def reverse(self, class_id: int) -> Any:
        """The word of a number.

        Raises: ValueError if the vocabulary is not made for it, IndexError for no number of it.
        """
        if not self._support_reverse:
            raise ValueError(
                "This vocabulary wasn't initialized with support_reverse to support reverse() "
                "function."
            )
        return list(self._numbers)[class_id]

    def to_json(self) -> dict[str, Any]:
        """What `from_json` makes the same vocabulary of."""
        return {
            "words": list(self._numbers),
            "counts": [self._counts[word] for word in self._numbers],
            "frozen": self._frozen,
            "support_reverse": self._support_reverse,
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> CategoricalVocabulary:
        """The vocabulary that `to_json` described."""
        unknown, *words = fields["words"]
        made = cls(unknown, fields["support_reverse"])
        for word, count in zip(words, fields["counts"][1:], strict=True):
            made.get(word)
            if count:
                made._counts[word] = count
        made.freeze(fields["frozen"])
        return made


def _rank(item: tuple[Any, int]) -> tuple[int, bool, Any]:
    word, count = item
    return -count, isinstance(word, str), word
