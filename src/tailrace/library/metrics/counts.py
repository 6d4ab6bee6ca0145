"""Metrics that count: true and false positives and negatives, precision, recall.

Source: TF 1.15 python/ops/metrics_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, g
from tailrace.library import arithmetic, array, checks, indexing, reductions, state
from tailrace.library.metrics.parts import collect, fitted, metric_variable
from tailrace.library.variable_scope import variable_scope

Metric = tuple[Tensor, Tensor]


def _count(values: Tensor, weights: Any, metrics: Any, updates: Any) -> Metric:
    """How many hold, or how much they weigh."""
    checks.assert_type(values, dtypes.bool)
    count = metric_variable([], dtypes.float32, name="count")
    values = arithmetic.cast(values, dtypes.float32)
    if weights is not None:
        check = checks.assert_rank_in(weights, (0, array.rank(values)))
        with g.control_dependencies([check]):
            weights = arithmetic.cast(weights, dtypes.float32)
            values = arithmetic.multiply(values, weights)
    value = collect(metrics, array.identity(count))
    update = state.assign_add(count, reductions.reduce_sum(values))
    return value, collect(updates, update)


def _fitted_bools(predictions: Any, labels: Any, weights: Any) -> tuple[Tensor, Tensor, Any]:
    predictions = arithmetic.cast(predictions, dtypes.bool)
    return fitted(predictions, arithmetic.cast(labels, dtypes.bool), weights)


def _counted(name: str, label: bool, prediction: bool, what: str) -> Callable[..., Metric]:
    default = name

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default, (predictions, labels, weights)):
            predictions, labels, weights = _fitted_bools(predictions, labels, weights)
            is_label = arithmetic.equal(labels, label)
            is_prediction = arithmetic.equal(predictions, prediction)
            both = arithmetic.logical_and(is_label, is_prediction)
            return _count(both, weights, metrics_collections, updates_collections)

    metric.__name__ = metric.__qualname__ = default
    metric.__doc__ = f"How many {what}: the value so far, and the operation that updates it."
    return metric


true_positives = _counted("true_positives", True, True, "true examples are predicted to be true")
true_negatives = _counted(
    "true_negatives", False, False, "false examples are predicted to be false"
)
false_positives = _counted(
    "false_positives", False, True, "false examples are predicted to be true"
)
false_negatives = _counted(
    "false_negatives", True, False, "true examples are predicted to be false"
)


def precision(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of the examples predicted to be true that are; 0 when there are none."""
    with variable_scope(name, "precision", (predictions, labels, weights)):
        predictions, labels, weights = _fitted_bools(predictions, labels, weights)
        right = true_positives(labels, predictions, weights)
        wrong = false_positives(labels, predictions, weights)
        return _shares(right, wrong, metrics_collections, updates_collections)


def recall(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of the true examples that are predicted to be; 0 when there are none."""
    with variable_scope(name, "recall", (predictions, labels, weights)):
        predictions, labels, weights = _fitted_bools(predictions, labels, weights)
        right = true_positives(labels, predictions, weights)
        missed = false_negatives(labels, predictions, weights)
        return _shares(right, missed, metrics_collections, updates_collections)


def _shares(right: Metric, wrong: Metric, metrics: Any, updates: Any) -> Metric:
    value = collect(metrics, _share(right[0], wrong[0], "value"))
    return value, collect(updates, _share(right[1], wrong[1], "update_op"))


def _share(right: Tensor, wrong: Tensor, name: str) -> Tensor:
    some = arithmetic.greater(right + wrong, 0)
    return indexing.where(some, arithmetic.div(right, right + wrong), 0, name)
