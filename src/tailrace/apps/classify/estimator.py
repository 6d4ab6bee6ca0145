"""The classifier as a class, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailrace.apps.classify.classifier import Classifier, Inputs, divide
from tailrace.apps.classify.data import Examples, check_classes
from tailrace.apps.classify.explaining import Explanation, explain, way_for
from tailrace.apps.classify.settings import Settings
from tailrace.apps.common.estimator import KeptEstimator
from tailrace.apps.common.training import Training
from tailrace.apps.common.vectors import read_vectors
from tailrace.apps.errors import UserError


class TextClassifier(KeptEstimator[Settings, Classifier]):
    """Sorts texts, or rows of numbers, into classes.

    The parameters are those of `Settings`, by name: `TextClassifier(method="cnn", size=32)`. Texts
    are a sequence of strings; numbers, for the methods that take them, an array [N, D]. Of what
    `fit` gets the part `held_out / 2` chooses the best epoch, and the other half of `held_out` is
    left alone; `history_` has its figures. `classes_` are the labels in order.
    """

    settings_class = Settings
    kept_class = Classifier

    def fit(
        self, X: Sequence[str] | ArrayLike, y: Sequence[Any], *, embeddings: str | None = None
    ) -> TextClassifier:
        """Learns from texts or rows with their labels; `embeddings` is a file of word vectors.

        Raises: UserError where there is too little to learn from.
        """
        labels = list(y)
        if len(labels) != len(_inputs(X)):
            raise UserError(f"{len(_inputs(X))} examples have {len(labels)} labels")
        names = {str(label): label for label in labels}
        examples = _examples(X, [str(label) for label in labels])
        check_classes(examples.name, examples.labels)
        parts = divide(examples, self._settings)
        vectors = read_vectors(embeddings) if embeddings else None
        found = Classifier.new(parts.train, self._settings, vectors, embeddings or "")
        training = Training(found.learner.course())
        data = [found.rows(part.inputs, part.labels) for part in (parts.train, parts.validation)]
        found.learner.train(training, *data)
        found.history, self._kept = training.progress.history, found
        self.classes_ = np.array([names[name] for name in found.classes])
        return self

    def predict_proba(self, X: Sequence[str] | ArrayLike) -> NDArray[np.float64]:
        """Chances of each class, [N, C]; those of a perceptron are no more than scores in order."""
        return self._fitted().probabilities(_inputs(X))

    def predict(self, X: Sequence[str] | ArrayLike) -> NDArray[Any]:
        """The label of each example, [N]."""
        answers = self.predict_proba(X).argmax(1)
        return self.classes_[answers]

    def score(self, X: Sequence[str] | ArrayLike, y: Sequence[Any]) -> float:
        """The part of the examples that get their label."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def explain(self, X: Sequence[str] | ArrayLike, *, by: str | None = None) -> list[Explanation]:
        """The answers with what each word does for them; `by` gradient or occlusion."""
        found = self._fitted()
        return explain(found, _inputs(X), way_for(found, by))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The classifier of a folder; its labels are strings.

        Raises: UserError where it is none or is damaged.
        """
        model = super().load(folder)
        model.classes_ = np.array(model._kept.classes)
        return model


def _inputs(X: Any) -> Inputs:
    """Texts as a list, numbers as an array [N, D]."""
    if isinstance(X, str):
        raise UserError("a sequence of texts is needed, not one text")
    rows = X if isinstance(X, np.ndarray) else list(X)
    if len(rows) and isinstance(rows[0], str):
        return [str(row) for row in rows]
    try:
        values = np.asarray(rows, float)
    except (TypeError, ValueError):
        raise UserError("the examples are neither texts nor rows of numbers") from None
    if values.ndim != 2:
        raise UserError(f"the examples have shape {list(values.shape)}; texts or [N, D] are needed")
    return values


def _examples(X: Any, labels: list[str]) -> Examples:
    inputs = _inputs(X)
    if isinstance(inputs, np.ndarray):
        columns = [f"column {i + 1}" for i in range(inputs.shape[1])]
        return Examples("the data", labels, None, inputs, columns)
    return Examples("the texts", labels, list(inputs))
