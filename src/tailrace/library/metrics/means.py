"""Metrics that are means: accuracy and the errors of regression.

Each gives the value so far and the operation that updates it with a batch and gives the new value.

Source: TF 1.15 python/ops/metrics_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, g
from tailrace.library import arithmetic, array, indexing, math, reductions, state
from tailrace.library.array_more import diag_part
from tailrace.library.confusion import confusion_matrix
from tailrace.library.metrics.parts import collect, fitted, metric_variable
from tailrace.library.variable_scope import variable_scope
from tailrace.library.weights import broadcast_weights, remove_squeezable_dimensions

Metric = tuple[Tensor, Tensor]


def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The weighted mean of all elements."""
    with variable_scope(name, "mean", (values, weights)):
        values = arithmetic.cast(values, dtypes.float32)
        total = metric_variable([], dtypes.float32, name="total")
        count = metric_variable([], dtypes.float32, name="count")
        if weights is None:
            number = arithmetic.cast(array.size(values), dtypes.float32)
        else:
            values, weights = _weighted(values, weights)
            number = reductions.reduce_sum(weights)
        add_total = state.assign_add(total, reductions.reduce_sum(values))
        with g.control_dependencies([values]):
            add_count = state.assign_add(count, number)
        return _quotients(
            total, count, add_total, add_count, metrics_collections, updates_collections
        )


def mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The weighted mean of each element over the batches."""
    with variable_scope(name, "mean", (values, weights)):
        values = arithmetic.cast(values, dtypes.float32)
        total = metric_variable(values.get_shape(), dtypes.float32, name="total_tensor")
        count = metric_variable(values.get_shape(), dtypes.float32, name="count_tensor")
        number = array.ones_like(values)
        if weights is not None:
            values, weights = _weighted(values, weights)
            number = arithmetic.multiply(number, weights)
        add_total = state.assign_add(total, values)
        with g.control_dependencies([values]):
            add_count = state.assign_add(count, number)
        return _quotients(
            total, count, add_total, add_count, metrics_collections, updates_collections
        )


def _weighted(values: Tensor, weights: Any) -> tuple[Tensor, Tensor]:
    values, _, weights = fitted(values, None, weights)
    weights = broadcast_weights(arithmetic.cast(weights, dtypes.float32), values)
    return arithmetic.multiply(values, weights), weights


def _quotients(
    total: Any, count: Any, add_total: Any, add_count: Any, values: Any, updates: Any
) -> Metric:
    """total / count, before and after the update, in their collections."""
    value = arithmetic.div_no_nan(total, arithmetic.maximum(count, 0), name="value")
    collect(values, value)
    count_now = arithmetic.maximum(add_count, 0)
    update = arithmetic.div_no_nan(add_total, count_now, name="update_op")
    return value, collect(updates, update)


def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How often predictions equal labels."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    predictions.get_shape().assert_is_compatible_with(labels.get_shape())
    if labels.dtype != predictions.dtype:
        predictions = arithmetic.cast(predictions, labels.dtype)
    right = arithmetic.cast(arithmetic.equal(predictions, labels), dtypes.float32)
    return mean(right, weights, metrics_collections, updates_collections, name or "accuracy")


def percentage_below(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of values below the threshold."""
    below = arithmetic.cast(arithmetic.less(values, threshold), dtypes.float32)
    name = name or "percentage_below_threshold"
    return mean(below, weights, metrics_collections, updates_collections, name)


# -- errors ----------------------------------------------------------------------------------------


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of (label - prediction) ** 2."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    errors = arithmetic.squared_difference(labels, predictions)
    name = name or "mean_squared_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


def root_mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The root of the mean of (label - prediction) ** 2."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    name = name or "root_mean_squared_error"
    squared, update = mean_squared_error(labels, predictions, weights, None, None, name)
    value = collect(metrics_collections, math.sqrt(squared))
    return value, collect(updates_collections, math.sqrt(update))


def mean_absolute_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of |prediction - label|."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    errors = arithmetic.abs(predictions - labels)
    name = name or "mean_absolute_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


def mean_relative_error(
    labels: Any,
    predictions: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of |label - prediction| / normalizer, 0 where the normalizer is 0."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    predictions, normalizer = remove_squeezable_dimensions(predictions, normalizer)
    predictions.get_shape().assert_is_compatible_with(normalizer.get_shape())
    no_scale = arithmetic.equal(normalizer, 0.0)
    zeros = array.zeros_like(labels)
    relative = arithmetic.div(arithmetic.abs(labels - predictions), normalizer)
    errors = indexing.where(no_scale, zeros, relative)
    name = name or "mean_relative_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


def mean_cosine_distance(
    labels: Any,
    predictions: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """1 - the mean scalar product along `dim`, of vectors that have unit length."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    products = arithmetic.multiply(predictions, labels)
    products = reductions.reduce_sum(products, axis=[dim], keepdims=True)
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    value, update = arithmetic.subtract(1.0, value), arithmetic.subtract(1.0, update)
    return collect(metrics_collections, value), collect(updates_collections, update)


# -- per class -------------------------------------------------------------------------------------


def mean_per_class_accuracy(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean over the classes of how often examples of a class are predicted to be of it."""
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = _flat(arithmetic.cast(labels, dtypes.int64))
        predictions = _flat(predictions)
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        total = metric_variable([num_classes], dtypes.float32, name="total")
        count = metric_variable([num_classes], dtypes.float32, name="count")
        ones = array.ones([array.size(labels)], dtypes.float32)
        if labels.dtype != predictions.dtype:
            predictions = arithmetic.cast(predictions, labels.dtype)
        right = arithmetic.cast(arithmetic.equal(predictions, labels), dtypes.float32)
        if weights is not None:
            weights = arithmetic.cast(_flat(weights), dtypes.float32)
            right, ones = right * weights, ones * weights
        add_total = state.scatter_add(total, labels, ones)
        add_count = state.scatter_add(count, labels, right)
        per_class = arithmetic.div_no_nan(count, arithmetic.maximum(total, 0))
        value = reductions.reduce_mean(per_class, name="mean_accuracy")
        collect(metrics_collections, value)
        total_now = arithmetic.maximum(add_total, 0)
        update = arithmetic.div_no_nan(add_count, total_now, name="update_op")
        return value, collect(updates_collections, update)


def _flat(tensor: Tensor) -> Tensor:
    rank = tensor.get_shape().ndims
    return array.reshape(tensor, [-1]) if rank is not None and rank > 1 else tensor


def mean_iou(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean over the classes of intersection over union of predictions and labels."""
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        total = metric_variable(
            [num_classes, num_classes], dtypes.float64, name="total_confusion_matrix"
        )
        update = _add_confusions(total, labels, predictions, num_classes, weights)
        value = collect(metrics_collections, _mean_iou(total))
        return value, collect(updates_collections, update)


def _add_confusions(
    total: Any, labels: Any, predictions: Any, num_classes: Any, weights: Any
) -> Tensor:
    predictions = arithmetic.cast(predictions, dtypes.int64)
    labels = arithmetic.cast(labels, dtypes.int64)
    num_classes = arithmetic.cast(num_classes, dtypes.int64)
    predictions, labels = _flat(predictions), _flat(labels)
    weights = None if weights is None else _flat(weights)
    matrix = confusion_matrix(
        labels, predictions, num_classes, weights=weights, dtype=dtypes.float64
    )
    return state.assign_add(total, matrix)


def _mean_iou(matrix: Any) -> Tensor:
    rows = arithmetic.cast(reductions.reduce_sum(matrix, 0), dtypes.float32)
    columns = arithmetic.cast(reductions.reduce_sum(matrix, 1), dtypes.float32)
    both = arithmetic.cast(diag_part(matrix), dtypes.float32)
    union = rows + columns - both
    seen = arithmetic.cast(arithmetic.not_equal(union, 0), dtypes.float32)
    classes = reductions.reduce_sum(seen)
    some = arithmetic.greater(union, 0)
    union = indexing.where(some, union, array.ones_like(union))
    shares = arithmetic.div(both, union)
    any_class = arithmetic.greater(classes, 0)
    average = reductions.reduce_sum(shares, name="mean_iou") / classes
    return indexing.where(any_class, average, 0)
