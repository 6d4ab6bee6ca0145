"""Word vectors as a class, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.estimator import KeptEstimator
from tailrace.apps.common.training import Training
from tailrace.apps.common.vectors import read_vectors
from tailrace.apps.embed.bias import Effect, weat
from tailrace.apps.embed.biasing import measure
from tailrace.apps.embed.embedding import Embedding, Parts
from tailrace.apps.embed.settings import Settings
from tailrace.apps.embed.space import Space
from tailrace.apps.embed.word_sets import TESTS, Association
from tailrace.apps.errors import UserError


class WordEmbedding(KeptEstimator[Settings, Embedding]):
    """Vectors of words, learnt from sentences or read from a file.

    The parameters are those of `Settings`, by name: `WordEmbedding(method="cbow", size=100)`.
    Fitted attributes: `words_`, `vectors_` [V, D], `history_`.
    """

    settings_class = Settings
    kept_class = Embedding

    def fit(self, X: Sequence[Sequence[str]], y: None = None) -> WordEmbedding:
        """Learns from sentences, each a list of words.

        Raises: UserError where there is too little to learn from.
        """
        if isinstance(X, str) or any(isinstance(sentence, str) for sentence in X):
            raise UserError("sentences are needed, each a list of words")
        parts = Parts.of([list(sentence) for sentence in X], self._settings)
        found = Embedding.new(parts, self._settings)
        found.fit(parts, Training(found.learner.course()))
        self._kept, self._space = found, found.space()
        return self

    @classmethod
    def read(cls, path: str | Path, *, most: int | None = None) -> WordEmbedding:
        """The vectors of a file: GloVe, word2vec (text or binary), ConceptNet Numberbatch."""
        model = cls()
        model._space = Space.of(read_vectors(path, most=most))
        return model

    @property
    def words_(self) -> list[str]:
        """The words, most frequent first."""
        return self.space_.words

    @property
    def vectors_(self) -> NDArray[np.float32]:
        """Their vectors, [V, D]."""
        return self.space_.matrix

    @property
    def space_(self) -> Space:
        """The words in their space."""
        self._check_fitted()
        return self._space

    def transform(self, X: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of words, [N, D]. Raises: UserError for a word that is not known."""
        space = self.space_
        return space.matrix[[space.number(word) for word in X]]

    def near(self, *words: str, count: int = 10) -> list[tuple[str, float]]:
        """The words nearest to a word, or to the mean of several, with cosines."""
        return self.space_.near(words, count)

    def analogy(
        self, a: str, b: str, c: str, *, count: int = 5, product: bool = False
    ) -> list[tuple[str, float]]:
        """What is to c as b is to a, best first."""
        return self.space_.analogy(a, b, c, count, product=product)

    def weat(self, test: str | Association) -> Effect | None:
        """A test of bias, by name (`weat1` ...) or its own; None where too few words are known."""
        if isinstance(test, str) and test not in TESTS:
            raise UserError(f"there is no test {test!r}; there are {', '.join(TESTS)}")
        return weat(self.space_, TESTS[test] if isinstance(test, str) else test)

    def debiased(self, pairs: Sequence[tuple[str, str]] | None = None) -> WordEmbedding:
        """These vectors with what pairs differ in taken out; by default, gender.

        Raises: UserError where both words of no pair are known.
        """
        mended = measure(self.space_, {}, pairs).mended
        if mended is None:
            raise UserError("both words of no pair are known")
        model = type(self)(**self._settings.to_json())
        model._space = mended
        return model

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The vectors of a folder. Raises: UserError where it is none or is damaged."""
        model = super().load(folder)
        model._space = model._kept.space()
        return model

    def _is_fitted(self) -> bool:
        return hasattr(self, "_space")

    def _fitted(self) -> Embedding:
        self._check_fitted()
        if not hasattr(self, "_kept"):
            raise UserError("only vectors that `fit` learnt make a model folder")
        return self._kept
