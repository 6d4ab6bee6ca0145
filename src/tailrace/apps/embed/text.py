"""Sentences as numbers, and the pairs of neighbours in them.

Sentences are kept end to end: N numbers, and for each the number of its sentence; neighbours are of
the same sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.files import read_text
from tailrace.apps.common.vocabulary import Ids, Vocabulary, tokenize
from tailrace.apps.embed.settings import Settings
from tailrace.apps.errors import UserError

Sentences = Sequence[Sequence[str]]

# signs that end a sentence
_ENDS = frozenset(".!?\n")
# numbers that make up a part of a pass over the text, so that memory stays small
CHUNK = 200_000


def read_sentences(path: str) -> list[list[str]]:
    """The sentences of a text file, as words in small letters without signs.

    Raises: UserError where the file cannot be read.
    """
    found: list[list[str]] = [[]]
    for token in tokenize(read_text(path).lower(), "word"):
        if token in _ENDS:
            found.append([])
        elif token[0].isalnum():
            found[-1].append(token)
    return [sentence for sentence in found if len(sentence) > 1]


@dataclass(frozen=True)
class Text:
    """Known words of sentences, end to end: numbers [N], and each one's sentence [N]."""

    numbers: Ids
    sentences: Ids

    @classmethod
    def of(cls, sentences: Sentences, vocabulary: Vocabulary) -> Text:
        """The words of sentences that are known; the others leave no gap, as in word2vec."""
        numbers = [[vocabulary.number(w) for w in s if w in vocabulary] for s in sentences]
        counts = [len(row) for row in numbers]
        flat = np.fromiter((n for row in numbers for n in row), np.int64, sum(counts))
        return cls(flat, np.repeat(np.arange(len(counts)), counts))


def known_words(sentences: Sentences, settings: Settings) -> tuple[Vocabulary, NDArray[np.int64]]:
    """The words that are seen often enough, most frequent first, and how often each is.

    Raises: UserError where there are too few.
    """
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = sorted(
        ((w, n) for w, n in counts.items() if n >= settings.least), key=lambda e: (-e[1], e[0])
    )[: settings.words]
    if len(kept) < 3:
        raise UserError(
            f"only {len(kept)} words are seen {settings.least} times or more; give more text, or a "
            "smaller --least"
        )
    return Vocabulary([w for w, _ in kept], "word"), np.array([n for _, n in kept])


def neighbours(text: Text, window: int, reach: Ids) -> tuple[Ids, Ids]:
    """Places [P] of words and of their neighbours, up to `reach` [N] words away, both sides."""
    places = np.arange(len(text.numbers))
    centres, others = [], []
    for distance in range(1, window + 1):
        same = text.sentences[distance:] == text.sentences[:-distance]
        for here, there in (
            (places[:-distance], places[distance:]),
            (places[distance:], places[:-distance]),
        ):
            kept = same & (reach[here] >= distance)
            centres.append(here[kept])
            others.append(there[kept])
    return np.concatenate(centres), np.concatenate(others)


def thinned(
    text: Text, counts: NDArray[np.int64], rate: float, random: np.random.Generator
) -> Text:
    """A text with frequent words left out by lot."""
    if not rate:
        return text
    parts = counts / counts.sum()
    keep = np.minimum(1.0, np.sqrt(rate / np.maximum(parts, 1e-12)))
    kept = random.random(len(text.numbers)) < keep[text.numbers]
    return Text(text.numbers[kept], text.sentences[kept])


def pairs(text: Text, settings: Settings, random: np.random.Generator) -> Iterator[tuple[Ids, Ids]]:
    """Parts of a pass over a text: words [P] and what they stand beside.

    For skip-gram that is one neighbour each [P]; for cbow the neighbours [P, 2 window], -1 where
    there is none. How far neighbours may be is drawn for each word, as in word2vec.
    """
    for start in range(0, len(text.numbers), CHUNK):
        rows = slice(start, start + CHUNK)
        part = Text(text.numbers[rows], text.sentences[rows])
        if len(part.numbers) <= settings.window:
            continue
        reach = random.integers(1, settings.window + 1, len(part.numbers))
        centres, others = neighbours(part, settings.window, reach)
        if settings.method == "skip-gram":
            order = random.permutation(len(centres))
            yield part.numbers[centres[order]], part.numbers[others[order]]
        else:
            yield _around(part, centres, others, settings.window, random)


def _around(
    text: Text, centres: Ids, others: Ids, window: int, random: np.random.Generator
) -> tuple[Ids, Ids]:
    found = np.full((len(text.numbers), 2 * window), -1, np.int64)
    distance = others - centres
    # two places for each distance
    columns = 2 * (np.abs(distance) - 1) + (distance > 0)
    found[centres, columns] = text.numbers[others]
    order = random.permutation(np.flatnonzero((found >= 0).any(1)))
    return text.numbers[order], found[order]
