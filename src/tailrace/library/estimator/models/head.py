"""What stands on a model's logits: predictions, loss, metrics, training, outputs for export.

Source: TF 1.15 tensorflow_estimator/python/estimator/canned/{head,metric_keys,prediction_keys}.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tailrace.graph import Tensor, g
from tailrace.library import array, reductions, summary
from tailrace.library.arithmetic import to_float
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.control_flow import group
from tailrace.library.estimator.models.checked import checked_weights
from tailrace.library.estimator.spec import EstimatorSpec, ModeKeys
from tailrace.library.global_step import get_global_step
from tailrace.library.losses import Reduction, compute_weighted_loss
from tailrace.library.metrics.means import mean
from tailrace.library.weights import broadcast_weights

# export_saved_model's signatures
SERVING, CLASSIFY, REGRESS, PREDICT = (
    "serving_default",
    "classification",
    "regression",
    "predict",
)


class Loss(NamedTuple):
    """The loss to train by, that of each example, their weights, the labels as they were used."""

    total: Tensor
    each: Tensor
    weights: Any
    labels: Tensor


class Outcome(NamedTuple):
    """Predictions by name, and what metrics and export are made of."""

    logits: Tensor
    predictions: dict[str, Tensor]


class Head:
    """The base of heads. A kind defines what has an underscore, and `logits_dimension`."""

    logits_dimension: int

    def __init__(self, weight_column: Any, loss_reduction: str) -> None:
        if loss_reduction not in Reduction.all() or loss_reduction == Reduction.NONE:
            raise ValueError(f"Invalid loss_reduction: {loss_reduction}")
        self._weight_column = weight_column
        self._loss_reduction = loss_reduction

    def _predict(self, logits: Tensor) -> Outcome:
        raise NotImplementedError

    def _outputs(self, outcome: Outcome) -> dict[str, Any]:
        raise NotImplementedError

    def _loss(self, features: dict[str, Any], logits: Tensor, labels: Any) -> Loss:
        raise NotImplementedError

    def _metrics(self, outcome: Outcome, labels: Any, loss: Loss) -> dict[str, Any]:
        raise NotImplementedError

    def create_estimator_spec(
        self,
        features: dict[str, Any],
        mode: str,
        logits: Tensor,
        labels: Any = None,
        optimizer: Any = None,
        train_op_fn: Callable[[Tensor], Any] | None = None,
    ) -> EstimatorSpec:
        """What a model function returns; training is by the optimizer or by `train_op_fn`."""
        train_op: Any = None
        average: Any = None
        with g.name_scope(None, "head"):
            outcome = self._predict(logits)
            if mode == ModeKeys.PREDICT:
                outputs = self._outputs(outcome)
                return EstimatorSpec(mode, outcome.predictions, export_outputs=outputs)
            loss = self._loss(features, outcome.logits, labels)
            if mode == ModeKeys.TRAIN:
                train_op = self._train_op(loss.total, optimizer, train_op_fn)
                average = self._average(loss)
        if mode == ModeKeys.EVAL:
            metrics = self._metrics(outcome, labels, loss)
            return EstimatorSpec(mode, outcome.predictions, loss.total, eval_metric_ops=metrics)
        with g.name_scope(""):
            summary.scalar("loss", loss.total)
            if average is not None:
                summary.scalar("average_loss", average)
        return EstimatorSpec(mode, outcome.predictions, loss.total, train_op)

    def _weighted(self, features: Any, logits: Tensor, each: Tensor, per_logit: bool) -> Any:
        """The weights, and the sum of the losses with them."""
        weights = checked_weights(features, self._weight_column, logits, per_logit)
        total = compute_weighted_loss(each, weights=weights, reduction=self._loss_reduction)
        return weights, total

    def _train_op(self, loss: Tensor, optimizer: Any, train_op_fn: Any) -> Any:
        if train_op_fn is None:
            train_op = optimizer.minimize(loss, global_step=get_global_step())
        else:
            train_op = train_op_fn(loss)
        updates = get_collection(GraphKeys.UPDATE_OPS)
        return group(train_op, *updates) if updates else train_op

    def _average(self, loss: Loss) -> Any:
        """The loss of an example; None where that is the loss to train by."""
        if self._loss_reduction != Reduction.SUM:
            return None
        return loss.total / reductions.reduce_sum(loss.weights * array.ones_like(loss.each))


# -- metrics that heads share ----------------------------------------------------------------------


def mean_of(values: Any, weights: Any, name: str, inner: str, scope: str) -> Any:
    """The weighted mean of predictions or labels, as a metric."""
    with g.name_scope(name, scope) as scope:
        values = to_float(values, name=inner)
        if weights is not None:
            weights = broadcast_weights(weights, values)
        return mean(values, weights=weights, name=scope)
