"""The translator as a class, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tailrace.apps.common import folder as folders
from tailrace.apps.common.estimator import Estimator
from tailrace.apps.common.files import make_folder
from tailrace.apps.common.quality import Quality, judge
from tailrace.apps.common.training import Progress
from tailrace.apps.translate.data import divide, from_lists, not_too_long
from tailrace.apps.translate.learner import APPLICATION, FORMAT, Learner, Translation
from tailrace.apps.translate.settings import Settings


class Translator(Estimator[Settings]):
    """An encoder and a decoder with attention, which learn from pairs of texts.

    The parameters are those of `Settings`, by name: `Translator(level="char", epochs=5)`. Fitted
    attributes end in an underscore: `history_`, figures of each epoch.
    """

    settings_class = Settings

    def fit(self, X: Sequence[str], y: Sequence[str]) -> Self:
        """Learns from texts and their translations.

        Raises: UserError where there are too few, or one has no translation.
        """
        pairs = not_too_long(from_lists(list(X), list(y)), self._settings)
        parts = divide(pairs, self._settings)
        learner = Learner.new(parts.train, self._settings)
        # what is kept for a test elsewhere helps to choose here
        self.history_ = learner.fit(
            learner.settings.course,
            learner.batches(parts.train),
            lambda: learner.evaluate(parts.validation),
        )
        self._learner = learner
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

    def save(self, folder: str | Path) -> None:
        """Writes a model folder, which `load` and `tailrace translate` read.

        Raises: UserError where the folder holds something already or cannot be written.
        """
        learner, path = self._fitted(), Path(folder)
        make_folder(path)
        data: dict[str, Any] = {
            **learner.to_json(),
            "demo": None,
            "files": [],
            "fingerprint": "",
            "progress": vars(Progress(finished=True, history=self.history_)),
            "best": learner.save(path),
            "last": None,
        }
        folders.write(path, APPLICATION, FORMAT, data)

    @classmethod
    def load(cls, folder: str | Path) -> Translator:
        """The translator of a folder. Raises: UserError where it is none or is damaged."""
        learner, data = Learner.load(Path(folder))
        model = cls(**learner.settings.to_json())
        model._learner = learner
        with folders.damage_said(Path(folder)):
            model.history_ = data["progress"]["history"]
        return model

    def _is_fitted(self) -> bool:
        return hasattr(self, "_learner")

    def _fitted(self) -> Learner:
        self._check_fitted()
        return self._learner
