"""A captioner at work: its network and vocabulary, how it learns, how it describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.caption.data import Album
from tailrace.apps.caption.model import build, grid
from tailrace.apps.caption.settings import Settings
from tailrace.apps.common.parts import generator
from tailrace.apps.common.quality import is_right
from tailrace.apps.common.runs import Kind
from tailrace.apps.common.sentences import MARKS, Sentence, with_end
from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.common.writer import Batch, Writer, marked

LEVEL = "word"
# of the validation part, so many pictures are looked at after each epoch
LOOKED_AT = 512
# pictures that are described at once
AT_ONCE = 64


@dataclass(frozen=True)
class Description:
    """A caption, and where the network looked for each word: [T, G, G], or None."""

    text: str
    words: list[str]
    log_prob: float
    looks: NDArray[np.float32] | None


class Learner(Writer):
    """A network and the vocabulary it writes with."""

    kind = Kind("caption", 1)

    def __init__(self, settings: Settings, vocabulary: Vocabulary, longest: int) -> None:
        self.settings = settings
        super().__init__(
            lambda start, end: build(settings, len(vocabulary), start, end),
            vocabulary,
            longest,
            settings.seed,
            1 - settings.dropout,
        )

    @classmethod
    def new(cls, data: Album, settings: Settings) -> Learner:
        """A captioner that has learnt nothing yet but the words."""
        plain = Vocabulary([], LEVEL)
        words = [plain.tokens(text) for captions in data.captions for text in captions]
        least = 1 if len(words) < LOOKED_AT else 2
        vocabulary = Vocabulary.of(
            [word for some in words for word in some],
            LEVEL,
            settings.vocabulary,
            least=least,
            marks=MARKS,
        )
        return cls(settings, vocabulary, max(map(len, words)))

    def batches(self, data: Album) -> Callable[[int], Iterator[Batch]]:
        """The batches of each epoch: every picture with each of its captions, in random order."""
        pairs = [(row, text) for row, some in enumerate(data.captions) for text in some]
        size = min(self.settings.batch, len(pairs))

        def of_epoch(epoch: int) -> Iterator[Batch]:
            order = generator(self.settings.seed, 10, epoch).permutation(len(pairs))
            for begin in range(0, len(order) - size + 1, size):
                yield self._batch(data, [pairs[i] for i in order[begin : begin + size]])

        return of_epoch

    def _batch(self, album: Album, pairs: list[tuple[int, str]]) -> Batch:
        pictures = album.pictures[[row for row, _ in pairs]]
        return (pictures, *with_end(self.vocabulary, [text for _, text in pairs]))

    def evaluate(self, data: Album) -> dict[str, float]:
        """Loss on pictures that nothing is learnt from, and per cent described right."""
        shown = data.rows(range(min(LOOKED_AT, len(data))))
        batches = (
            self._batch(shown, [(row, shown.captions[row][0]) for row in rows])
            for rows in _chunks(len(shown))
        )
        found = self.describe(shown.pictures, beam=1)
        right = [
            is_right(some[0].text, wanted, LEVEL)
            for some, wanted in zip(found, shown.captions, strict=True)
        ]
        return {"nats": self.loss(batches), "right %": 100 * sum(right) / len(right)}

    def describe(
        self,
        pictures: NDArray[np.float32],
        *,
        beam: int | None = None,
        length_penalty: float | None = None,
    ) -> list[list[Description]]:
        """The best captions of each of pictures [B, P, P, 3], best first."""
        width = self.settings.beam if beam is None else beam
        penalty = self.settings.length_penalty if length_penalty is None else length_penalty
        return [
            [self._description(one) for one in some]
            for rows in _chunks(len(pictures))
            for some in self.write([pictures[rows]], width, penalty)
        ]

    def _description(self, sentence: Sentence) -> Description:
        looks, side = sentence.attention, grid(self.settings.side)
        return Description(
            self.vocabulary.join([word for word in sentence.symbols if word]),
            sentence.symbols,
            sentence.log_prob,
            None if looks is None else looks.reshape(-1, side, side),
        )

    def to_json(self) -> dict[str, Any]:
        """What a model folder says of it."""
        return {
            "settings": self.settings.to_json(),
            "vocabulary": self.vocabulary.symbols,
            "longest": self.longest,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Learner:
        """What `to_json` gave, with a network that has learnt nothing.

        Raises: KeyError, TypeError, ValueError where the data cannot be one.
        """
        settings = Settings.from_json(data["settings"])
        vocabulary = marked(data["vocabulary"], "the vocabulary", LEVEL)
        return cls(settings, vocabulary, int(data["longest"]))


def _chunks(count: int) -> Iterator[range]:
    for begin in range(0, count, AT_ONCE):
        yield range(begin, min(begin + AT_ONCE, count))
