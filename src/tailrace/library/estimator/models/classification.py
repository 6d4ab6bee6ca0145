"""The heads of classifications: softmax over several classes, logistic for two.

Source: TF 1.15 tensorflow_estimator/python/estimator/canned/head.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array, checks, math, strings
from tailrace.library.arithmetic import maximum, to_float
from tailrace.library.control_flow import no_op
from tailrace.library.estimator.export import (
    ClassificationOutput,
    PredictOutput,
    RegressionOutput,
)
from tailrace.library.estimator.models.checked import (
    checked_labels,
    checked_logits,
    checked_range,
)
from tailrace.library.estimator.models.head import (
    CLASSIFY,
    PREDICT,
    REGRESS,
    SERVING,
    Head,
    Loss,
    Outcome,
    mean_of,
)
from tailrace.library.losses import Reduction, sparse_softmax_cross_entropy
from tailrace.library.metrics import counts, means, thresholds
from tailrace.library.nn.activations import softmax
from tailrace.library.nn.cross_entropy import sigmoid_cross_entropy_with_logits
from tailrace.library.reductions import argmax
from tailrace.library.vocabularies import (
    index_table_from_tensor,
    index_to_string_table_from_tensor,
)
from tailrace.library.weights import broadcast_weights


class _Classification(Head):
    """`label_vocabulary`: the words that labels are, in the order of their classes."""

    _count: int

    def __init__(self, label_vocabulary: Any, weight_column: Any, loss_reduction: str) -> None:
        super().__init__(weight_column, loss_reduction)
        self._words = label_vocabulary

    def _numbers(self) -> Tensor:
        """The numbers of all classes, [n]."""
        return math.range(self._count)

    def _names(self) -> Any:
        """The names of all classes, [n]."""
        return self._words or strings.as_string(self._numbers())

    def _chosen(self, class_ids: Tensor) -> Tensor:
        """The names of the classes chosen, [B, 1]."""
        if not self._words:
            return strings.as_string(class_ids, name="str_classes")
        table = index_to_string_table_from_tensor(self._words, name="class_string_lookup")
        return table.lookup(class_ids)

    def _ids(self, labels: Tensor) -> Tensor:
        """Words as places in the vocabulary."""
        table = index_table_from_tensor(tuple(self._words), name="class_id_lookup")
        return table.lookup(labels)

    def _outputs(self, outcome: Outcome) -> dict[str, Any]:
        scores = outcome.predictions["probabilities"]
        classes = ClassificationOutput(scores=scores, classes=_for_each(self._names, scores))
        return {
            SERVING: classes,
            CLASSIFY: classes,
            PREDICT: PredictOutput(outcome.predictions),
        }


class MultiClassHead(_Classification):
    """One of n classes, n > 2. Shapes: logits [..., n], labels [..., 1]."""

    def __init__(
        self, n_classes: int, label_vocabulary: Any, weight_column: Any, loss_reduction: str
    ) -> None:
        if label_vocabulary is not None and not isinstance(label_vocabulary, (list, tuple)):
            raise ValueError(
                "label_vocabulary should be a list or a tuple. Given type: "
                f"{type(label_vocabulary)}"
            )
        super().__init__(label_vocabulary, weight_column, loss_reduction)
        if n_classes is None:
            raise ValueError("n_classes cannot be None")
        if isinstance(n_classes, int) and n_classes <= 2:
            raise ValueError(f"n_classes must be > 2: {n_classes}.")
        # TF: these nodes are in the graph in which the estimator is made
        more = checks.assert_greater(
            convert_to_tensor(n_classes), 2, message="n_classes must be greater than 2"
        )
        with g.control_dependencies([more]):
            no_op()
        self._count = self.logits_dimension = n_classes

    def _predict(self, logits: Tensor) -> Outcome:
        logits = checked_logits(logits, self._count)
        with g.name_scope(None, "predictions"):
            all_ids = _for_each(self._numbers, logits)
            all_names = _for_each(self._names, logits)
            chosen = array.expand_dims(argmax(logits, axis=-1, name="class_ids"), axis=-1)
            names = self._chosen(chosen)
            probabilities = softmax(logits, name="probabilities")
        predictions = {
            "logits": logits,
            "probabilities": probabilities,
            "class_ids": chosen,
            "classes": names,
            "all_class_ids": all_ids,
            "all_classes": all_names,
        }
        return Outcome(logits, predictions)

    def _loss(self, features: dict[str, Any], logits: Tensor, labels: Any) -> Loss:
        logits = convert_to_tensor(logits)
        labels = checked_labels(labels, logits, 1)
        if self._words is None and not labels.dtype.is_integer:
            raise ValueError(f"Labels dtype should be integer. Instead got {labels.dtype}.")
        if self._words is not None and labels.dtype != dtypes.string:
            raise ValueError(
                "Labels dtype should be string if there is a vocabulary. Instead got "
                f"{labels.dtype}"
            )
        ids = checked_range(labels if self._words is None else self._ids(labels), self._count)
        each = sparse_softmax_cross_entropy(ids, logits, reduction=Reduction.NONE)
        each = array.expand_dims(each, axis=-1)
        weights, total = self._weighted(features, logits, each, per_logit=False)
        return Loss(total, each, weights, ids)

    def _metrics(self, outcome: Outcome, labels: Any, loss: Loss) -> dict[str, Any]:
        chosen, weights = outcome.predictions["class_ids"], loss.weights
        with g.name_scope(None, "metrics"):
            return {
                "average_loss": means.mean(loss.each, weights=weights, name="average_loss"),
                "accuracy": means.accuracy(loss.labels, chosen, weights=weights, name="accuracy"),
            }


class BinaryHead(_Classification):
    """One of two classes by one logit. Shapes: logits and labels [..., 1]."""

    _count = 2
    logits_dimension = 1

    def __init__(self, label_vocabulary: Any, weight_column: Any, loss_reduction: str) -> None:
        if label_vocabulary is not None and not isinstance(label_vocabulary, (list, tuple)):
            raise TypeError(
                f"label_vocabulary should be a list or tuple. Given type: {type(label_vocabulary)}"
            )
        super().__init__(label_vocabulary, weight_column, loss_reduction)

    def _predict(self, logits: Tensor) -> Outcome:
        with g.name_scope(None, "predictions"):
            logits = checked_logits(logits, 1)
            logistic = math.sigmoid(logits, name="logistic")
            both = array.concat(
                (array.zeros_like(logits), logits), axis=-1, name="two_class_logits"
            )
            probabilities = softmax(both, name="probabilities")
            chosen = array.expand_dims(argmax(both, axis=-1, name="class_ids"), axis=-1)
            all_ids = _for_each(self._numbers, logits)
            all_names = _for_each(self._names, logits)
            names = self._chosen(chosen)
        predictions = {
            "logits": logits,
            "logistic": logistic,
            "probabilities": probabilities,
            "class_ids": chosen,
            "classes": names,
            "all_class_ids": all_ids,
            "all_classes": all_names,
        }
        return Outcome(logits, predictions)

    def _outputs(self, outcome: Outcome) -> dict[str, Any]:
        outputs = super()._outputs(outcome)
        return {**outputs, REGRESS: RegressionOutput(value=outcome.predictions["logistic"])}

    def _loss(self, features: dict[str, Any], logits: Tensor, labels: Any) -> Loss:
        logits = convert_to_tensor(logits)
        labels = checked_labels(labels, logits, 1)
        labels = to_float(labels if self._words is None else self._ids(labels))
        labels = checked_range(labels, 2)
        each = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
        weights, total = self._weighted(features, logits, each, per_logit=False)
        return Loss(total, each, weights, labels)

    def _metrics(self, outcome: Outcome, labels: Any, loss: Loss) -> dict[str, Any]:
        logistic, chosen = (outcome.predictions[key] for key in ("logistic", "class_ids"))
        truth, weights = loss.labels, loss.weights
        with g.name_scope(None, "metrics"):
            share = mean_of(truth, weights, "label/mean", "labels", "labels_mean")
            found = {
                "average_loss": means.mean(loss.each, weights=weights, name="average_loss"),
                "accuracy": means.accuracy(truth, chosen, weights=weights, name="accuracy"),
                "precision": counts.precision(truth, chosen, weights=weights, name="precision"),
                "recall": counts.recall(truth, chosen, weights=weights, name="recall"),
                "prediction/mean": mean_of(
                    logistic, weights, "prediction/mean", "predictions", "predictions_mean"
                ),
                "label/mean": share,
                "accuracy_baseline": _baseline(share),
                "auc": _auc(truth, logistic, weights, "ROC", "auc"),
            }
            key = "auc_precision_recall"
            return {**found, key: _auc(truth, logistic, weights, "PR", key)}


def _for_each(row: Callable[[], Any], examples: Tensor) -> Tensor:
    """A row [n] for each of the examples: [B, n]."""
    sizes: Any = array.shape(examples)
    batch = sizes[0]
    return array.tile(array.expand_dims(row(), axis=0), [batch, 1])


def _baseline(share: tuple[Any, Any]) -> tuple[Tensor, Tensor]:
    """How often the more frequent class is right."""
    with g.name_scope(None, "accuracy_baseline"):
        value, update = share
        return (
            maximum(value, 1.0 - value, name="value"),
            maximum(update, 1 - update, name="update_op"),
        )


def _auc(labels: Any, predictions: Any, weights: Any, curve: str, name: str) -> Any:
    with g.name_scope(name, "auc") as scope:
        predictions = to_float(predictions, name="predictions")
        if weights is not None:
            weights = broadcast_weights(weights, predictions)
        return thresholds.auc(labels, predictions, weights=weights, curve=curve, name=scope)


def classification_head(
    n_classes: int, weight_column: Any, label_vocabulary: Any, loss_reduction: str
) -> Head:
    """The head for so many classes."""
    if n_classes == 2:
        return BinaryHead(label_vocabulary, weight_column, loss_reduction)
    return MultiClassHead(n_classes, label_vocabulary, weight_column, loss_reduction)
