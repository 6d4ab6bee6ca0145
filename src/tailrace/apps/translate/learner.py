"""A translator at work: its network and vocabularies, how it learns, how it translates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tailrace.apps.common.parts import Ids, generator
from tailrace.apps.common.quality import is_right
from tailrace.apps.common.runs import Kind
from tailrace.apps.common.sentences import MARKS, Sentence, with_end
from tailrace.apps.common.vocabulary import UNKNOWN, Vocabulary, pad
from tailrace.apps.common.writer import Batch, Writer, marked
from tailrace.apps.translate.data import Pairs
from tailrace.apps.translate.model import build
from tailrace.apps.translate.settings import Settings

# of the validation part, so many pairs are looked at after each epoch
LOOKED_AT = 512
# texts that are translated at once
AT_ONCE = 64
# batches whose pairs are put in order of their length, so that few places are empty
SORTED = 16
# sequences are filled up to a multiple of this: fewer different sizes, fewer plans to make
STEP = 4
# symbols seen less often than this while learning are unknown
LEAST = {"char": 1, "word": 2}


@dataclass(frozen=True)
class Translation:
    """A text, what it came from, and how it was written."""

    text: str
    source: list[str]
    sentence: Sentence

    @property
    def symbols(self) -> list[str]:
        """The symbols written, before unknown ones were copied."""
        return self.sentence.symbols


class Learner(Writer):
    """A network and its vocabularies.

    Source symbols have the marks of `sentences.MARKS` too; padding is number 0 in both.
    """

    kind = Kind("translate", 1)

    def __init__(
        self, settings: Settings, source: Vocabulary, target: Vocabulary, longest: int
    ) -> None:
        self.settings, self.source, self.target = settings, source, target
        sizes = len(source), len(target)
        super().__init__(
            lambda start, end: build(settings, sizes, start, end),
            target,
            longest,
            settings.seed,
            1 - settings.dropout,
        )

    @classmethod
    def new(cls, data: Pairs, settings: Settings) -> Learner:
        """A translator that has learnt nothing yet but the symbols."""
        found, longest = [], 0
        for texts, level in zip((data.sources, data.targets), settings.levels, strict=True):
            vocabulary = Vocabulary([], level)
            tokens = [vocabulary.tokens(text) for text in texts]
            longest = max(map(len, tokens))
            found.append(
                Vocabulary.of(
                    [symbol for symbols in tokens for symbol in symbols],
                    level,
                    settings.vocabulary,
                    least=LEAST[level],
                    marks=MARKS,
                )
            )
        source, target = found
        return cls(settings, source, target, longest)

    # -- learning ----------------------------------------------------------------------------------

    def batches(self, data: Pairs) -> Callable[[int], Iterator[Batch]]:
        """The batches of each epoch: pairs of like length together, batches in random order."""
        size = min(self.settings.batch, len(data))
        lengths = np.array([len(self.source.tokens(text)) for text in data.sources])

        def of_epoch(epoch: int) -> Iterator[Batch]:
            random = generator(self.settings.seed, 10, epoch)
            drawn = random.permutation(len(data))
            groups = np.array_split(drawn, max(1, len(drawn) // (SORTED * size)))
            rows = np.concatenate([g[np.argsort(lengths[g], kind="stable")] for g in groups])
            count = len(rows) // size
            for number in random.permutation(count):
                yield self._batch(data.rows(rows[number * size : (number + 1) * size]))

        return of_epoch

    def _batch(self, pairs: Pairs) -> Batch:
        return (*self._sources(pairs.sources), *_rounded(with_end(self.target, pairs.targets)))

    def _sources(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        return _rounded(pad([self.source.encode(text) for text in texts]))

    def evaluate(self, data: Pairs) -> dict[str, float]:
        """Loss on pairs that nothing is learnt from, and per cent translated right."""
        shown = data.rows(range(min(LOOKED_AT, len(data))))
        order = np.argsort([len(text) for text in shown.sources], kind="stable")
        level = self.settings.levels[1]
        written = self.translate(shown.sources, beam=1)
        right = [
            is_right(found[0].text, [wanted], level)
            for found, wanted in zip(written, shown.targets, strict=True)
        ]
        return {
            "nats": self.loss(self._batch(shown.rows(rows)) for rows in _chunks(order)),
            "right %": 100 * sum(right) / len(right),
        }

    # -- translating -------------------------------------------------------------------------------

    def translate(
        self,
        texts: Sequence[str],
        *,
        beam: int | None = None,
        length_penalty: float | None = None,
        copy: bool = True,
    ) -> list[list[Translation]]:
        """The best translations of each text, best first; a text without symbols has itself.

        With `copy`, a word that is not in the vocabulary is taken from the source, from where the
        network looked.
        """
        width = self.settings.beam if beam is None else beam
        penalty = self.settings.length_penalty if length_penalty is None else length_penalty
        tokens = [list(self.source.tokens(text.strip())) for text in texts]
        order = [row for row in np.argsort(list(map(len, tokens)), kind="stable") if tokens[row]]
        nothing = Sentence([], 0.0, None)
        found = [[Translation(text, [], nothing)] for text in texts]
        for rows in _chunks(order):
            shown = _rounded(pad([self.source.encode(tokens[row]) for row in rows]))
            sentences = self.write(shown, width, penalty)
            for row, some in zip(rows, sentences, strict=True):
                found[row] = [self._translation(tokens[row], one, copy) for one in some]
        return found

    def _translation(self, source: list[str], sentence: Sentence, copy: bool) -> Translation:
        symbols = sentence.symbols
        if sentence.attention is not None and copy:
            looked = sentence.attention[:, : len(source)].argmax(axis=1)
            symbols = [
                source[place] if symbol == UNKNOWN else symbol
                for symbol, place in zip(symbols, looked, strict=True)
            ]
        text = self.target.join([symbol for symbol in symbols if symbol])
        return Translation(text, source, sentence)

    # -- the folder --------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """What a model folder says of it."""
        return {
            "settings": self.settings.to_json(),
            "source": self.source.symbols,
            "target": self.target.symbols,
            "longest": self.longest,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Learner:
        """What `to_json` gave, with a network that has learnt nothing.

        Raises: KeyError, TypeError, ValueError where the data cannot be one.
        """
        settings = Settings.from_json(data["settings"])
        source, target = (
            marked(data[side], side, level)
            for side, level in zip(("source", "target"), settings.levels, strict=True)
        )
        return cls(settings, source, target, int(data["longest"]))


def _rounded(padded: tuple[Ids, Ids]) -> tuple[Ids, Ids]:
    """Rows filled up to a multiple of `STEP`."""
    rows, lengths = padded
    more = -rows.shape[1] % STEP
    return np.pad(rows, [(0, 0), (0, more)]), lengths


def _chunks(rows: Sequence[int] | Ids) -> Iterator[Sequence[int] | Ids]:
    for begin in range(0, len(rows), AT_ONCE):
        yield rows[begin : begin + AT_ONCE]
