"""The head of regressions: squared errors.

Source: TF 1.15 tensorflow_estimator/python/estimator/canned/head.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, convert_to_tensor
from tailrace.library.arithmetic import to_float
from tailrace.library.estimator.export import PredictOutput, RegressionOutput
from tailrace.library.estimator.models.checked import checked_labels, checked_logits
from tailrace.library.estimator.models.head import (
    PREDICT,
    REGRESS,
    SERVING,
    Head,
    Loss,
    Outcome,
    mean_of,
)
from tailrace.library.losses import Reduction, mean_squared_error
from tailrace.library.metrics.means import mean


class RegressionHead(Head):
    """Predicts numbers [..., label_dimension]; the loss is (label - prediction)²."""

    def __init__(self, label_dimension: int, weight_column: Any, loss_reduction: str) -> None:
        super().__init__(weight_column, loss_reduction)
        if label_dimension < 1:
            raise ValueError(f"Invalid label_dimension {label_dimension}.")
        self.logits_dimension = label_dimension

    def _predict(self, logits: Tensor) -> Outcome:
        logits = checked_logits(logits, self.logits_dimension)
        return Outcome(logits, {"predictions": logits})

    def _outputs(self, outcome: Outcome) -> dict[str, Any]:
        numbers = RegressionOutput(value=outcome.logits)
        return {
            SERVING: numbers,
            REGRESS: numbers,
            PREDICT: PredictOutput(outcome.predictions),
        }

    def _loss(self, features: dict[str, Any], logits: Tensor, labels: Any) -> Loss:
        logits = convert_to_tensor(logits)
        labels = to_float(checked_labels(labels, logits, self.logits_dimension))
        each = mean_squared_error(labels, logits, reduction=Reduction.NONE)
        weights, total = self._weighted(features, logits, each, per_logit=True)
        return Loss(total, each, weights, labels)

    def _metrics(self, outcome: Outcome, labels: Any, loss: Loss) -> dict[str, Any]:
        weights = loss.weights
        key = "prediction/mean"
        # TF: the labels are those that were given
        return {
            "average_loss": mean(loss.each, weights=weights),
            key: mean_of(outcome.logits, weights, key, "predictions", "predictions_mean"),
            "label/mean": mean(labels, weights=weights),
        }
