"""Metrics of predictions in [0, 1] that count as true above each of many thresholds.

Source: TF 1.15 python/ops/metrics_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, g
from tailrace.library import (
    arithmetic,
    array,
    checks,
    indexing,
    logging,
    math,
    reductions,
    scans,
    state,
)
from tailrace.library.metrics.parts import collect, fitted, metric_variable
from tailrace.library.variable_scope import variable_scope
from tailrace.library.weights import broadcast_weights

Metric = tuple[Tensor, Tensor]
TINY = 1e-7
_NAMES = {
    "tp": "true_positives",
    "fn": "false_negatives",
    "tn": "true_negatives",
    "fp": "false_positives",
}


def confusions(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    includes: Sequence[str] = ("tp", "fn", "tn", "fp"),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """For each of `includes` the counts per threshold so far, and after the update."""
    zero = arithmetic.cast(0.0, predictions.dtype)
    message = "predictions must be in [0, 1]"
    low = checks.assert_greater_equal(predictions, zero, message=message)
    one = arithmetic.cast(1.0, predictions.dtype)
    high = checks.assert_less_equal(predictions, one, message=message)
    with g.control_dependencies([low, high]):
        predictions, labels, weights = fitted(
            arithmetic.cast(predictions, dtypes.float32),
            arithmetic.cast(labels, dtypes.bool),
            weights,
        )
    count = len(thresholds)
    column = array.reshape(predictions, [-1, 1])
    row = array.reshape(arithmetic.cast(labels, dtypes.bool), [1, -1])
    examples = column.get_shape().as_list()[0]
    examples = array.shape(column)[0] if examples is None else examples
    limits = array.expand_dims(constant(list(thresholds)), [1])
    limits = array.tile(limits, array.stack([1, examples]))
    positive = arithmetic.greater(array.tile(array.transpose(column), [count, 1]), limits)
    negative = None
    if "fn" in includes or "tn" in includes:
        negative = arithmetic.logical_not(positive)
    is_true = array.tile(row, [count, 1])
    is_false = None
    if "fp" in includes or "tn" in includes:
        is_false = arithmetic.logical_not(is_true)
    tiled = None
    if weights is not None:
        weights = broadcast_weights(arithmetic.cast(weights, dtypes.float32), predictions)
        tiled = array.tile(array.reshape(weights, [1, -1]), [count, 1])
        limits.get_shape().assert_is_compatible_with(tiled.get_shape())
    pairs = {
        "tp": (is_true, positive),
        "fn": (is_true, negative),
        "tn": (is_false, negative),
        "fp": (is_false, positive),
    }
    values, updates = {}, {}
    for key in _NAMES:
        if key in includes:
            values[key] = metric_variable([count], dtypes.float32, name=_NAMES[key])
            updates[key] = _add_pairs(values[key], pairs[key], tiled)
    return values, updates


def _add_pairs(variable: Any, pair: tuple[Any, Any], weights: Tensor | None) -> Any:
    both = arithmetic.cast(arithmetic.logical_and(*pair), dtypes.float32)
    both = both if weights is None else both * weights
    return state.assign_add(variable, reductions.reduce_sum(both, 1))


def even_thresholds(count: int) -> list[float]:
    """Thresholds from just below 0 to just above 1."""
    inner = [(i + 1) * 1.0 / (count - 1) for i in range(count - 2)]
    return [0.0 - TINY, *inner, 1.0 + TINY]


# -- the counts themselves -------------------------------------------------------------------------


def _counted(key: str) -> Callable[..., Metric]:
    default = _NAMES[key]

    def metric(
        labels: Any,
        predictions: Any,
        thresholds: Sequence[float],
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default, (predictions, labels, weights)):
            values, updates = confusions(labels, predictions, thresholds, weights, (key,))
            value = collect(metrics_collections, array.identity(values[key]))
            return value, collect(updates_collections, updates[key])

    metric.__name__ = metric.__qualname__ = f"{default}_at_thresholds"
    metric.__doc__ = f"The {default.replace('_', ' ')} at each threshold."
    return metric


true_positives_at_thresholds = _counted("tp")
false_negatives_at_thresholds = _counted("fn")
true_negatives_at_thresholds = _counted("tn")
false_positives_at_thresholds = _counted("fp")


def precision_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The precision at each threshold."""
    with variable_scope(name, "precision_at_thresholds", (predictions, labels, weights)):
        values, updates = confusions(labels, predictions, thresholds, weights, ("tp", "fp"))
        value = _share(values["tp"], values["fp"], "precision_value")
        collect(metrics_collections, value)
        update = _share(updates["tp"], updates["fp"], "precision_update_op")
        return value, collect(updates_collections, update)


def recall_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The recall at each threshold."""
    with variable_scope(name, "recall_at_thresholds", (predictions, labels, weights)):
        values, updates = confusions(labels, predictions, thresholds, weights, ("tp", "fn"))
        value = _share(values["tp"], values["fn"], "recall_value")
        collect(metrics_collections, value)
        update = _share(updates["tp"], updates["fn"], "recall_update_op")
        return value, collect(updates_collections, update)


def _share(right: Any, wrong: Any, name: str) -> Tensor:
    return arithmetic.div(right, TINY + right + wrong, name=name)


# -- the area under a curve ------------------------------------------------------------------------


def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """The area under the ROC or the precision-recall curve, approximated at the thresholds.

    Raises: ValueError for another curve or method.
    """
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
        if thresholds is None:
            limits = even_thresholds(num_thresholds)
        else:
            limits = [0.0 - TINY, *sorted(thresholds), 1.0 + TINY]
        values, updates = confusions(labels, predictions, limits, weights)
        value = _area(values, curve, summation_method, len(limits), "value")
        collect(metrics_collections, value)
        update = _area(updates, curve, summation_method, len(limits), "update_op")
        return value, collect(updates_collections, update)


def _area(counts: dict[str, Any], curve: str, method: str, count: int, name: str) -> Tensor:
    epsilon = 1e-6
    tp, fn, tn, fp = counts["tp"], counts["fn"], counts["tn"], counts["fp"]
    if curve == "PR" and method == "careful_interpolation":
        return _interpolated(tp, fp, fn, count)
    if curve == "PR" and method == "trapezoidal":
        logging.warning(
            "Trapezoidal rule is known to produce incorrect PR-AUCs; please switch to "
            '"careful_interpolation" instead.'
        )
    recall = arithmetic.div(tp + epsilon, tp + fn + epsilon)
    if curve == "ROC":
        x, y = arithmetic.div(fp, fp + tn + epsilon), recall
    else:
        x, y = recall, arithmetic.div(tp + epsilon, tp + fp + epsilon)
    last = count - 1
    if method in ("trapezoidal", "careful_interpolation"):
        widths = x[:last] - x[1:]
        heights = (y[:last] + y[1:]) / 2.0
    elif method in ("minoring", "majoring"):
        widths = x[:last] - x[1:]
        choose = arithmetic.minimum if method == "minoring" else arithmetic.maximum
        heights = choose(y[:last], y[1:])
    else:
        raise ValueError(f"Invalid summation_method: {method}")
    return reductions.reduce_sum(arithmetic.multiply(widths, heights), name=name)


def _interpolated(tp: Any, fp: Any, fn: Any, count: int) -> Tensor:
    """The area under precision and recall, true and false positives linear between thresholds.

    Source: Davis and Goadrich, 2006.
    """
    last = count - 1
    gained = tp[:last] - tp[1:]
    positive = tp + fp
    more = arithmetic.maximum(positive[:last] - positive[1:], 0)
    slope = arithmetic.div_no_nan(gained, more, name="prec_slope")
    intercept = tp[1:] - arithmetic.multiply(slope, positive[1:])
    both = arithmetic.logical_and(positive[:last] > 0, positive[1:] > 0)
    ratio = arithmetic.div_no_nan(
        positive[:last], arithmetic.maximum(positive[1:], 0), name="recall_relative_ratio"
    )
    ratio = indexing.where(both, ratio, array.ones_like(positive[1:]))
    increments = arithmetic.div_no_nan(
        slope * (gained + intercept * math.log(ratio)),
        arithmetic.maximum(tp[1:] + fn[1:], 0),
        name="pr_auc_increment",
    )
    return reductions.reduce_sum(increments, name="interpolate_pr_auc")


# -- one at a given value of the other -------------------------------------------------------------


def sensitivity_at_specificity(
    labels: Any,
    predictions: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The recall of true examples where that of false ones is nearest to `specificity`."""
    _check_share(specificity, "specificity")
    default = "sensitivity_at_specificity"
    with variable_scope(name, default, (predictions, labels, weights)):
        values, updates = confusions(labels, predictions, even_thresholds(num_thresholds), weights)
        value = _sensitivity(values, specificity, "value")
        collect(metrics_collections, value)
        update = _sensitivity(updates, specificity, "update_op")
        return value, collect(updates_collections, update)


def _sensitivity(counts: dict[str, Any], specificity: float, name: str) -> Tensor:
    tp, fn, tn, fp = counts["tp"], counts["fn"], counts["tn"], counts["fp"]
    found = arithmetic.div(tn, tn + fp + TINY)
    index = reductions.argmin(arithmetic.abs(found - specificity), 0)
    index = arithmetic.cast(index, dtypes.int32)
    return arithmetic.div(tp[index], tp[index] + fn[index] + TINY, name)


def specificity_at_sensitivity(
    labels: Any,
    predictions: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The recall of false examples where that of true ones is nearest to `sensitivity`."""
    _check_share(sensitivity, "sensitivity")
    default = "specificity_at_sensitivity"
    with variable_scope(name, default, (predictions, labels, weights)):
        # TF: here the last threshold is below 1
        limits = [*even_thresholds(num_thresholds)[:-1], 1.0 - TINY]
        values, updates = confusions(labels, predictions, limits, weights)
        value = _specificity(values, sensitivity, "value")
        collect(metrics_collections, value)
        update = _specificity(updates, sensitivity, "update_op")
        return value, collect(updates_collections, update)


def _specificity(counts: dict[str, Any], sensitivity: float, name: str) -> Tensor:
    """At the last threshold of those that are nearest."""
    tp, fn, tn, fp = counts["tp"], counts["fn"], counts["tn"], counts["fp"]
    found = arithmetic.div(tp, tp + fn + TINY)
    nearest = reductions.reduce_min(arithmetic.abs(found - sensitivity))
    is_nearest = arithmetic.equal(arithmetic.abs(found - sensitivity), nearest)
    ranks = scans.cumsum(arithmetic.cast(is_nearest, dtypes.int64))
    index = arithmetic.cast(reductions.argmax(ranks, 0), dtypes.int32)
    return arithmetic.div(tn[index], tn[index] + fp[index] + TINY, name)


def _check_share(value: float, name: str) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"`{name}` must be in the range [0, 1].")
