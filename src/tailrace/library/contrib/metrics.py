"""`tf.contrib.metrics`: metrics over a stream of batches, predictions first.

Source: TF 1.15 contrib/metrics/python/ops/metric_ops.py, metrics/classification.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, control_flow, indexing, math, reductions, state
from tailrace.library.metrics import counts, means, thresholds
from tailrace.library.metrics.parts import collect, fitted, metric_variable
from tailrace.library.nn.activations import in_top_k
from tailrace.library.variable_scope import variable_scope
from tailrace.library.weights import broadcast_weights

Metric = tuple[Tensor, Tensor]


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Tensor:
    """The share of predictions that are right, of this batch alone.

    Raises: ValueError for labels that are floats, or not of the predictions' type.
    """
    if not (labels.dtype.is_integer or labels.dtype in (dtypes.bool, dtypes.string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype!r}")
    if not labels.dtype.is_compatible_with(predictions.dtype):
        raise ValueError(
            f"Dtypes of predictions and labels should match. Given: predictions "
            f"({predictions.dtype!r}) and labels ({labels.dtype!r})"
        )
    with g.name_scope(name, "accuracy"):
        right = arithmetic.cast(arithmetic.equal(predictions, labels), dtypes.float32)
        if weights is None:
            return reductions.reduce_mean(right)
        right = arithmetic.multiply(right, weights)
        total = arithmetic.multiply(weights, g.ones_like(right))
        return arithmetic.div(reductions.reduce_sum(right), reductions.reduce_sum(total))


def aggregate_metrics(*value_update_tuples: Metric) -> tuple[list[Any], list[Any]]:
    """Values, and updates, of several metrics. Raises: ValueError for none."""
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(
    names_to_tuples: Mapping[str, Metric],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values by name, and updates by name."""
    values = {name: pair[0] for name, pair in names_to_tuples.items()}
    return values, {name: pair[1] for name, pair in names_to_tuples.items()}


# -- those of tf.metrics ---------------------------------------------------------------------------


def _streaming(metric: Callable[..., Metric]) -> Callable[..., Metric]:
    """A metric of `tf.metrics` with predictions before labels; the rest is in the same order."""

    def streaming(predictions: Any, labels: Any, *args: Any, **kwargs: Any) -> Metric:
        return metric(labels, predictions, *args, **kwargs)

    streaming.__name__ = streaming.__qualname__ = f"streaming_{metric.__name__}"
    streaming.__doc__ = f"`tf.metrics.{metric.__name__}` with predictions before labels."
    return streaming


streaming_accuracy = _streaming(means.accuracy)
streaming_auc = _streaming(thresholds.auc)
streaming_false_negatives = _streaming(counts.false_negatives)
streaming_false_positives = _streaming(counts.false_positives)
streaming_mean_absolute_error = _streaming(means.mean_absolute_error)
streaming_mean_squared_error = _streaming(means.mean_squared_error)
streaming_precision = _streaming(counts.precision)
streaming_recall = _streaming(counts.recall)
streaming_root_mean_squared_error = _streaming(means.root_mean_squared_error)
streaming_true_negatives = _streaming(counts.true_negatives)
streaming_true_positives = _streaming(counts.true_positives)

streaming_mean_iou = _streaming(means.mean_iou)
streaming_mean_relative_error = _streaming(means.mean_relative_error)
streaming_precision_at_thresholds = _streaming(thresholds.precision_at_thresholds)
streaming_recall_at_thresholds = _streaming(thresholds.recall_at_thresholds)
streaming_sensitivity_at_specificity = _streaming(thresholds.sensitivity_at_specificity)
streaming_specificity_at_sensitivity = _streaming(thresholds.specificity_at_sensitivity)

streaming_mean = means.mean
streaming_mean_tensor = means.mean_tensor
streaming_percentage_less = means.percentage_below


# -- others ----------------------------------------------------------------------------------------


def streaming_recall_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of labels that are among the k best predictions."""
    found = arithmetic.cast(in_top_k(predictions, labels, k), dtypes.float32)
    return means.mean(
        found, weights, metrics_collections, updates_collections, name or f"recall_at_{k}"
    )


def streaming_mean_cosine_distance(
    predictions: Any,
    labels: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """1 - the mean of the products, summed along `dim`, of rows of length 1."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    products = arithmetic.multiply(predictions, labels)
    products = reductions.reduce_sum(products, axis=[dim], keepdims=True)
    value, update = means.mean(products, weights, None, None, name or "mean_cosine_distance")
    value, update = arithmetic.subtract(1.0, value), arithmetic.subtract(1.0, update)
    return collect(metrics_collections, value), collect(updates_collections, update)


def _rate(
    name: str,
    wrong: Callable[..., Metric],
    right: Callable[..., Metric],
) -> Callable[..., Metric]:
    """wrong / (wrong + right), 0 where there is neither."""

    def rate(
        predictions: Any,
        labels: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default, (predictions, labels, weights)):
            predictions, labels, weights = fitted(
                arithmetic.cast(predictions, dtypes.bool),
                arithmetic.cast(labels, dtypes.bool),
                weights,
            )
            bad, update_bad = wrong(labels=labels, predictions=predictions, weights=weights)
            good, update_good = right(labels=labels, predictions=predictions, weights=weights)

            def quotient(bad: Tensor, good: Tensor, name: str) -> Tensor:
                some = arithmetic.greater(bad + good, 0)
                return indexing.where(some, arithmetic.div(bad, bad + good), 0, name)

            value = quotient(bad, good, "value")
            update = quotient(update_bad, update_good, "update_op")
            return collect(metrics_collections, value), collect(updates_collections, update)

    default = name
    rate.__name__ = rate.__qualname__ = f"streaming_{default}"
    rate.__doc__ = f"The {default.replace('_', ' ')}."
    return rate


streaming_false_positive_rate = _rate(
    "false_positive_rate", counts.false_positives, counts.true_negatives
)
streaming_false_negative_rate = _rate(
    "false_negative_rate", counts.false_negatives, counts.true_positives
)


def count(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many values there have been, or the sum of their weights."""
    with variable_scope(name, "count", (values, weights)):
        total = metric_variable([], dtypes.float32, name="count")
        if weights is None:
            seen = arithmetic.cast(array.size(values), dtypes.float32)
        else:
            values, _, weights = fitted(arithmetic.cast(values, dtypes.float32), None, weights)
            weights = broadcast_weights(arithmetic.cast(weights, dtypes.float32), values)
            seen = reductions.reduce_sum(weights)
        with g.control_dependencies([values]):
            update = state.assign_add(total, seen)
        value = collect(metrics_collections, array.identity(total))
        return value, collect(updates_collections, update)


def f1_score(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The best harmonic mean of precision and recall at any threshold."""
    with variable_scope(name, "f1", (labels, predictions, weights)):
        predictions, labels, weights = fitted(predictions, labels, weights)
        limits = thresholds.even_thresholds(num_thresholds)
        included: Sequence[str] = ("tp", "fp", "fn")
        values, updates = thresholds.confusions(labels, predictions, limits, weights, included)

        def best(counts: dict[str, Any], name: str) -> Tensor:
            tp, tiny = counts["tp"], thresholds.TINY
            precision = arithmetic.div(tp, tiny + tp + counts["fp"], name=f"precision_{name}")
            recall = arithmetic.div(tp, tiny + tp + counts["fn"], name=f"recall_{name}")
            return reductions.reduce_max(2.0 * precision * recall / (precision + recall + tiny))

        value = collect(metrics_collections, best(values, "value"))
        return value, collect(updates_collections, best(updates, "update"))


# -- how two numbers vary together -----------------------------------------------------------------


def streaming_covariance(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The unbiased covariance; NaN for a single pair."""
    with variable_scope(name, "covariance", (predictions, labels, weights)):
        predictions, labels, weights = fitted(predictions, labels, weights)
        total, mean_prediction, mean_label, comoment = (
            metric_variable([], dtypes.float32, name=name)
            for name in ("count", "mean_prediction", "mean_label", "comoment")
        )
        weighted: tuple[Any, Any] = (predictions, labels)
        if weights is None:
            size = arithmetic.cast(array.size(labels), dtypes.float32)
        else:
            weights = broadcast_weights(weights, labels)
            size = reductions.reduce_sum(weights)
            weighted = (
                arithmetic.multiply(predictions, weights),
                arithmetic.multiply(labels, weights),
            )
        update_total = state.assign_add(total, size)
        before = update_total - size
        prediction, old_prediction = _moved(mean_prediction, weighted[0], size, update_total)
        label, old_label = _moved(mean_label, weighted[1], size, update_total)
        residuals = (predictions - prediction) * (labels - label)
        own = reductions.reduce_sum(residuals if weights is None else residuals * weights)
        drift = (old_prediction - prediction) * (old_label - label)
        delta = own + drift * (before * size / update_total)
        update_comoment = state.assign_add(comoment, delta)
        value = _of_comoment(comoment, total, "covariance")
        with g.control_dependencies([update_comoment]):
            update = _of_comoment(comoment, total, "update_op")
    return collect(metrics_collections, value), collect(updates_collections, update)


def _moved(mean: Any, values: Any, size: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of the batch, and the running mean before it."""
    own = arithmetic.div_no_nan(reductions.reduce_sum(values), size)
    delta = arithmetic.div_no_nan((own - mean) * size, total)
    update = state.assign_add(mean, delta)
    return own, update - delta


def _of_comoment(comoment: Any, total: Any, name: str) -> Tensor:
    few = arithmetic.less_equal(total, 1.0)
    return indexing.where(few, float("nan"), arithmetic.truediv(comoment, total - 1), name=name)


def streaming_pearson_correlation(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """covariance / sqrt(variance of predictions * variance of labels)."""
    with variable_scope(name, "pearson_r", (predictions, labels, weights)):
        predictions, labels, weights = fitted(predictions, labels, weights)
        if weights is not None:
            weights = broadcast_weights(weights, labels)
        pairs = [
            streaming_covariance(a, b, weights=weights, name=name)
            for a, b, name in (
                (predictions, labels, "covariance"),
                (predictions, predictions, "variance_predictions"),
                (labels, labels, "variance_labels"),
            )
        ]

        def quotient(i: int, name: str) -> Tensor:
            covariance, first, second = (pair[i] for pair in pairs)
            spread = arithmetic.multiply(math.sqrt(first), math.sqrt(second))
            return arithmetic.truediv(covariance, spread, name=name)

        value, update = quotient(0, "pearson_r"), quotient(1, "update_op")
    return collect(metrics_collections, value), collect(updates_collections, update)


# -- all values ------------------------------------------------------------------------------------


def _next_size(size: Tensor) -> Tensor:
    """The next power of 1.5, so that a growing array is copied few times."""
    factor = 1.5
    exponent = math.ceil(
        math.log(arithmetic.cast(size, dtypes.float32))
        / math.log(arithmetic.cast(factor, dtypes.float32))
    )
    return arithmetic.cast(math.ceil(factor**exponent), dtypes.int32)


def streaming_concat(
    values: Any,
    axis: int = 0,
    max_size: int | None = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """All values one after another along `axis`, or the first `max_size` of them.

    Raises: ValueError for an unknown rank or size of another axis, or an axis there is not.
    """
    with variable_scope(name, "streaming_concat", (values,)):
        values = convert_to_tensor(values)
        rank = values.get_shape().ndims
        if rank is None:
            raise ValueError("`values` must have known statically known rank")
        if not -rank <= axis < rank:
            raise ValueError(f"axis = {axis} not in [0, {rank})")
        axis %= rank
        fixed = [n for i, n in enumerate(values.get_shape().as_list()) if i != axis]
        if None in fixed:
            raise ValueError(
                "all dimensions of `values` other than the dimension to concatenate along must "
                "have statically known size"
            )
        kept = metric_variable(
            [max_size or 0, *fixed], values.dtype, name="array", validate_shape=False
        )
        size = metric_variable([], dtypes.int32, name="size")
        valid = kept[:size]
        valid.set_shape([None, *fixed])
        back = [0 if n == axis else n + 1 if n < axis else n for n in range(rank)]
        value = array.transpose(valid, back, name="concat")
        batch = array.shape(values)[axis]
        if max_size is not None:
            batch = arithmetic.minimum(batch, max_size - size)
        forth = [axis, *(n for n in range(rank) if n != axis)]
        rows = array.transpose(values, forth)[:batch]
        update = _append(kept, size, rows, batch, fixed)
        return collect(metrics_collections, value), collect(updates_collections, update)


def _append(kept: Any, size: Any, rows: Tensor, batch: Tensor, fixed: list[int]) -> Tensor:
    """The rows behind those there are, in an array grown if need be; gives their number."""
    new_size = size + batch

    def grown() -> Any:
        wider = array.stack([_next_size(new_size), *fixed])
        zeros = array.zeros(wider, dtype=rows.dtype)
        old = kept.value()
        with g.control_dependencies([old]):
            assigned = state.assign(kept, zeros, validate_shape=False)
        with g.control_dependencies([assigned]):
            copied = kept[:size].assign(old[:size])
        with g.control_dependencies([copied]):
            return control_flow.no_op()

    capacity = g.Shape(kept.value())[0]
    made_room = control_flow.cond(new_size > capacity, grown, control_flow.no_op)
    with g.control_dependencies([made_room]):
        appended = kept[size:new_size].assign(rows)
    with g.control_dependencies([appended]):
        return size.assign(new_size)
