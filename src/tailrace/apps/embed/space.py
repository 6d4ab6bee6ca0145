"""Words in a space: which are near, what is to c as b is to a."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.vectors import Vectors
from tailrace.apps.errors import UserError

Floats = NDArray[np.float32]
Question = tuple[str, str, str, str]

# keeps 3CosMul from dividing by nothing
EPSILON = 1e-3


@dataclass(frozen=True)
class Space:
    """Words and their vectors [V, D], which are made to have length 1 for every comparison."""

    words: list[str]
    matrix: Floats

    @classmethod
    def of(cls, vectors: Vectors) -> Space:
        """The space of vectors."""
        return cls(vectors.words, vectors.matrix)

    @cached_property
    def unit(self) -> Floats:
        """Vectors of length 1, [V, D]; those of length 0 stay so."""
        length = np.linalg.norm(self.matrix, axis=1, keepdims=True)
        return (self.matrix / np.maximum(length, 1e-12)).astype(np.float32)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    @cached_property
    def _folded(self) -> dict[str, int]:
        """Small letters to the first word that is so written."""
        found: dict[str, int] = {}
        for i, word in enumerate(self.words):
            found.setdefault(word.lower(), i)
        return found

    def find(self, word: str) -> int | None:
        """A word's number, whatever its letters' size; None where it is not there."""
        found = self._number.get(word)
        return self._folded.get(word.lower()) if found is None else found

    def number(self, word: str) -> int:
        """A word's number. Raises: UserError where it is not there, with words like it."""
        found = self.find(word)
        if found is None:
            close = difflib.get_close_matches(word.lower(), self.words[:50_000], 3)
            hint = f"; near it there are {', '.join(close)}" if close else ""
            raise UserError(f"there is no vector of the word {word!r}{hint}")
        return found

    def known(self, words: Iterable[str]) -> list[str]:
        """Those of some words that are there."""
        return [word for word in words if self.find(word) is not None]

    def rows(self, words: Sequence[str]) -> Floats:
        """Unit vectors of words, [N, D]."""
        return self.unit[[self.number(word) for word in words]]

    def near(self, words: Sequence[str], count: int) -> list[tuple[str, float]]:
        """The words whose vectors have the largest cosine with the mean of some words', best first.

        The words asked about are left out.
        """
        asked = [self.number(word) for word in words]
        mean = self.unit[asked].mean(0)
        return self._best(
            self.unit @ (mean / max(float(np.linalg.norm(mean)), 1e-12)), asked, count
        )

    def analogy(
        self, a: str, b: str, c: str, count: int, *, product: bool = False
    ) -> list[tuple[str, float]]:
        """The words that are to c as b is to a, best first, without a, b and c.

        By cos(d, b) - cos(d, a) + cos(d, c) (Mikolov, Yih, Zweig, 2013), or `product`: by
        cos(d, b) cos(d, c) / cos(d, a), cosines moved to 0 ... 1 (Levy, Goldberg, 2014).
        """
        asked = [self.number(word) for word in (a, b, c)]
        return self._best(self._scores(asked, product)[0], asked, count)

    def _scores(
        self, asked: Sequence[int] | NDArray[np.int64], product: bool
    ) -> NDArray[np.floating]:
        """Scores of all words for analogies a, b, c [Q, 3] or [3], [Q, V]."""
        a, b, c = np.atleast_2d(np.asarray(asked)).T
        to_a, to_b, to_c = (self.unit[part] @ self.unit.T for part in (a, b, c))
        if not product:
            return to_b - to_a + to_c
        to_a, to_b, to_c = ((part + 1) / 2 for part in (to_a, to_b, to_c))
        return to_b * to_c / (to_a + EPSILON)

    def _best(
        self, scores: NDArray[np.floating], without: Sequence[int], count: int
    ) -> list[tuple[str, float]]:
        scores = scores.copy()
        scores[list(without)] = -np.inf
        order = np.argsort(-scores, kind="stable")[: min(count, len(scores) - len(set(without)))]
        return [(self.words[i], float(scores[i])) for i in order]

    def answer(
        self, questions: Mapping[str, Sequence[Question]], *, product: bool = False
    ) -> dict[str, tuple[int, int]]:
        """Of each group of analogies: how many are answered rightly, of how many that can be asked.

        An analogy whose words are not all there is not counted.
        """
        found = {}
        for name, group in questions.items():
            rows = [[self.find(word) for word in question] for question in group]
            known = np.array([row for row in rows if None not in row], np.int64).reshape(-1, 4)
            right = 0
            for part in np.array_split(known, max(1, len(known) // 200)):
                scores = self._scores(part[:, :3], product)
                np.put_along_axis(scores, part[:, :3], -np.inf, axis=1)
                right += int((scores.argmax(1) == part[:, 3]).sum())
            found[name] = (right, len(known))
        return found
