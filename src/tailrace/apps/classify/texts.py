"""Texts as numbers: words in order, cut and filled up to one length, or bags of words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tailrace.apps.classify.settings import Settings
from tailrace.apps.common.vectors import Vectors
from tailrace.apps.common.vocabulary import PADDING, UNKNOWN, Ids, Vocabulary, pad
from tailrace.apps.errors import UserError

# so much of the texts is not cut off where the settings do not say a length
UNCUT = 0.99
# region sizes and pooling need a few words
SHORTEST = 8
USER, LINK = "<user>", "<link>"

_LINK, _USER = re.compile(r"(?:https?://|www\.)\S+"), re.compile(r"@\w+")
# signs that speak, hashtags, words with inner apostrophes, any other sign by itself
_WORD = re.compile(
    r"<(?:user|link|unk)>|[:;=][-']?[()dpo/|]|<3|#\w+|\w+(?:['\u2019\-]\w+)*|[^\w\s]"
)
_STRETCHED = re.compile(r"(.)\1{2,}")


def words(text: str) -> list[str]:
    """A message's words in small letters; users and links are one word each, "soooo" is "soo"."""
    text = _USER.sub(f" {USER} ", _LINK.sub(f" {LINK} ", text)).lower()
    return _WORD.findall(_STRETCHED.sub(r"\1\1", text.replace("\ufe0f", "")))


def ngrams(tokens: Sequence[str], longest: int) -> list[str]:
    """Every different sequence of 1 to `longest` words, in order."""
    found = [
        " ".join(tokens[i : i + n])
        for n in range(1, longest + 1)
        for i in range(len(tokens) - n + 1)
    ]
    return list(dict.fromkeys(found))


class Reader:
    """Turns texts into rows of numbers [B, T] and lengths [B]; 0 fills up, 1 is unknown."""

    def __init__(self, symbols: Sequence[str], settings: Settings, length: int) -> None:
        self.vocabulary = Vocabulary(symbols, "word")
        self.length = length
        self._ngrams = settings.ngrams if settings.is_bag else 1
        self._is_bag = settings.is_bag

    @classmethod
    def of(cls, texts: Iterable[str], settings: Settings, vectors: Vectors | None = None) -> Reader:
        """A reader that knows the words of texts, and those there are vectors of.

        Raises: UserError where there is no word.
        """
        bare = cls([PADDING, UNKNOWN], settings, 0)
        rows = [bare.tokens(text) for text in texts]
        counts = Counter(token for row in rows for token in dict.fromkeys(row))
        if not counts:
            raise UserError("the texts have no words")
        kept = [t for t, n in counts.most_common() if n >= settings.least]
        if vectors is not None and not settings.is_bag:
            kept = list(dict.fromkeys([*kept, *vectors.words]))
        longest = sorted(len(row) for row in rows)[int(UNCUT * (len(rows) - 1))]
        length = settings.length if settings.length and not settings.is_bag else longest
        return cls([PADDING, UNKNOWN, *kept], settings, max(length, SHORTEST))

    def tokens(self, text: str) -> list[str]:
        """What a text consists of: words in order, or the different n-grams of a bag."""
        found = words(text)
        return ngrams(found, self._ngrams) if self._is_bag else found

    def rows(self, texts: Iterable[str]) -> tuple[Ids, Ids]:
        """Numbers [B, T] of texts, T the reader's length, and how many are each one's own [B]."""
        return self.token_rows([self.tokens(text) for text in texts])

    def token_rows(self, rows: Sequence[Sequence[str]]) -> tuple[Ids, Ids]:
        """As `rows`, of texts that are tokens already."""
        numbers = [self.vocabulary.encode(list(row)) for row in rows]
        if self._is_bag:
            # a bag leaves out what it does not know
            numbers = [row[row != self.vocabulary.unknown] for row in numbers]
        found, lengths = pad(numbers, longest=self.length)
        filled = np.zeros((len(found), self.length), np.int64)
        filled[:, : found.shape[1]] = found
        return filled, lengths

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs."""
        return {"symbols": self.vocabulary.symbols, "length": self.length}

    @classmethod
    def from_json(cls, data: dict[str, Any], settings: Settings) -> Reader:
        """What `to_json` wrote."""
        return cls(list(data["symbols"]), settings, int(data["length"]))
