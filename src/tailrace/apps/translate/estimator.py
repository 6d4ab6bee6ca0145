"""The translator as a class, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from tailrace.apps.common.estimator import KeptEstimator
from tailrace.apps.common.quality import Quality, judge
from tailrace.apps.translate.data import divide, from_lists, not_too_long
from tailrace.apps.translate.learner import Learner, Translation
from tailrace.apps.translate.settings import Settings


class Translator(KeptEstimator[Settings, Learner]):
    """An encoder and a decoder with attention, which learn from pairs of texts.

    The parameters are those of `Settings`, by name: `Translator(level="char", epochs=5)`. Fitted
    attributes end in an underscore: `history_`, figures of each epoch.
    """

    settings_class = Settings
    kept_class = Learner

    def fit(self, X: Sequence[str], y: Sequence[str]) -> Self:
        """Learns from texts and their translations.

        Raises: UserError where there are too few, or one has no translation.
        """
        pairs = not_too_long(from_lists(list(X), list(y)), self._settings)
        parts = divide(pairs, self._settings)
        learner = Learner.new(parts.train, self._settings)
        learner.fit(parts)
        self._kept = learner
        return self

    def predict(self, X: Sequence[str]) -> list[str]:
        """The best translation of each text."""
        return [found[0].text for found in self.translations(X)]

    def translations(self, X: Sequence[str]) -> list[list[Translation]]:
        """The best translations of each text, best first, with attention and probability."""
        return self._fitted().translate(list(X))

    def score(self, X: Sequence[str], y: Sequence[str]) -> float:
        """The part of the texts whose translation is `y` to the last symbol."""
        return self.quality(X, y).exact / 100

    def quality(self, X: Sequence[str], y: Sequence[str]) -> Quality:
        """Per cent that are right, BLEU and chrF."""
        return judge(self.predict(X), [[one] for one in y], self._settings.levels[1])
