"""Metrics of the first k: how much of what was asked for is among the k best predictions.

Each gives the value so far and the operation that updates it with a batch and gives the new value.
Labels are class numbers, dense [..., labels] or sparse; predictions [..., classes], or the numbers
of the k best, [..., k].

Source: TF 1.15 python/ops/metrics_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor_or_sparse_tensor, g
from tailrace.library import arithmetic, array, control_flow, indexing, reductions, scans, state
from tailrace.library import sparse as sparse_ops
from tailrace.library.metrics.parts import collect, metric_variable
from tailrace.library.nn.activations import top_k
from tailrace.library.sets import set_difference, set_intersection, set_size
from tailrace.library.weights import assert_broadcastable, broadcast_weights

Metric = tuple[Tensor, Tensor]


def _name(what: str, k: int | None = None, class_id: int | None = None) -> str:
    name = f"{what}_at_k" if k is None else f"{what}_at_{k}"
    return name if class_id is None else f"{name}_class{class_id}"


# -- labels ----------------------------------------------------------------------------------------


def _with_last_axis(labels: Any, predictions: Tensor) -> Any:
    """Labels of one number each as lists of one."""
    with g.name_scope(None, "expand_labels") as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            return _sparse_with_last_axis(labels, predictions, scope)
        rank, wanted = labels.get_shape().ndims, predictions.get_shape().ndims
        if rank is not None and wanted is not None:
            if wanted == rank:
                return labels
            if wanted == rank + 1:
                return array.expand_dims(labels, -1, name=scope)
            raise ValueError(
                f"Unexpected labels shape {labels.get_shape()} for predictions shape "
                f"{predictions.get_shape()}."
            )
        missing: Any = arithmetic.equal(array.rank(predictions), array.rank(labels) + 1)
        return control_flow.cond(
            missing, lambda: array.expand_dims(labels, -1, name=scope), lambda: labels
        )


def _sparse_with_last_axis(labels: SparseTensor, predictions: Tensor, scope: str) -> Any:
    missing = arithmetic.equal(array.rank(predictions), array.size(labels.dense_shape) + 1)

    def expanded() -> SparseTensor:
        shape = array.concat((labels.dense_shape, (1,)), 0)
        return sparse_ops.sparse_reshape(labels, shape, name=scope)

    return control_flow.cond(missing, expanded, lambda: labels)


def _only_class(ids: Any, class_id: int) -> SparseTensor:
    """Which of the ids are those of a class."""
    ids = convert_to_tensor_or_sparse_tensor(ids)
    if isinstance(ids, SparseTensor):
        return sparse_ops.retain(ids, arithmetic.equal(ids.values, class_id))
    shape = array.shape(ids, out_type=dtypes.int64)
    last = array.size(shape) - 1
    rows = g.reduced_shape(shape, array.reshape(last, [1]))
    wanted = array.fill(rows, arithmetic.cast(class_id, dtypes.int64))
    found = set_intersection(wanted, ids)
    return SparseTensor(found.indices, found.values, shape)


def _count(
    scope: str, sets: Callable[[Any, Any], Any], labels: Any, best: Any, class_id: Any, weights: Any
) -> Tensor:
    """The sizes of the sets of labels and predictions, weighted, for each example."""
    with g.name_scope(None, scope):
        if class_id is not None:
            labels, best = _only_class(labels, class_id), _only_class(best, class_id)
        count: Any = arithmetic.cast(set_size(sets(best, labels)), dtypes.float64)
        if weights is None:
            return count
        with g.control_dependencies([assert_broadcastable(weights, count)]):
            return arithmetic.multiply(count, arithmetic.cast(weights, dtypes.float64))


# what is counted: its scope, and the set of predictions and labels
_COUNTS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "true_positive": ("true_positives", set_intersection),
    "false_positive": ("false_positives", set_difference),
    "false_negative": (
        "false_negatives",
        lambda best, labels: set_difference(best, labels, aminusb=False),
    ),
}


def _counted(what: str, labels: Any, best: Tensor, k: Any, class_id: Any, weights: Any) -> Any:
    """A variable that counts, and its update."""
    with g.name_scope(None, _name(what, k, class_id)) as scope:
        count = _count(*_COUNTS[what], labels, best, class_id, weights)
        batch = arithmetic.cast(reductions.reduce_sum(count), dtypes.float64)
        variable = metric_variable([], dtypes.float64, name=scope)
        return variable, state.assign_add(variable, batch, name="update")


def _share_at_top_k(
    what: str,
    against: str,
    labels: Any,
    predictions_idx: Any,
    k: int | None,
    class_id: int | None,
    weights: Any,
    metrics_collections: Any,
    updates_collections: Any,
    name: str | None,
) -> Metric:
    """True positives / (they and what speaks against)."""
    with g.name_scope(name, _name(what, k, class_id)) as scope:
        labels = _with_last_axis(labels, predictions_idx)
        best = arithmetic.cast(predictions_idx, dtypes.int64)
        right, add_right = _counted("true_positive", labels, best, k, class_id, weights)
        wrong, add_wrong = _counted(against, labels, best, k, class_id, weights)
        value = arithmetic.div(right, arithmetic.add(right, wrong), name=scope)
        collect(metrics_collections, value)
        update = arithmetic.div(add_right, arithmetic.add(add_right, add_wrong), name="update")
        return value, collect(updates_collections, update)


def recall_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Which share of the labels is among the predictions, given by their numbers, [..., k].

    With `class_id` only this class counts. Raises: ValueError for labels of another rank.
    """
    return _share_at_top_k(
        "recall",
        "false_negative",
        labels,
        predictions_idx,
        k,
        class_id,
        weights,
        metrics_collections,
        updates_collections,
        name,
    )


def precision_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Which share of the predictions, given by their numbers, [..., k], is among the labels.

    With `class_id` only this class counts. Raises: ValueError for labels of another rank.
    """
    return _share_at_top_k(
        "precision",
        "false_positive",
        labels,
        predictions_idx,
        k,
        class_id,
        weights,
        metrics_collections,
        updates_collections,
        name,
    )


def recall_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Which share of the labels is among the k classes predicted highest."""
    with g.name_scope(name, _name("recall", k, class_id)) as scope:
        _, best = top_k(predictions, k)
        return recall_at_top_k(
            labels, best, k, class_id, weights, metrics_collections, updates_collections, scope
        )


def precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Which share of the k classes predicted highest is among the labels."""
    with g.name_scope(name, _name("precision", k, class_id)) as scope:
        _, best = top_k(predictions, k)
        return precision_at_top_k(
            labels, best, k, class_id, weights, metrics_collections, updates_collections, scope
        )


sparse_precision_at_k = precision_at_k  # its older name


# -- average precision -----------------------------------------------------------------------------


def _repeated(labels: Any, count: int) -> Any:
    """Labels [..., L] as [..., count, L]."""
    with g.name_scope("labels_per_k", "expand_and_tile") as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            shape = labels.dense_shape
            before = array.reshape(array.size(shape) + -1, [1])
            sizes = (indexing.slice(shape, [0], before), [1], indexing.slice(shape, before, [-1]))
            shape = array.concat(sizes, 0, name="expanded_shape")
            expanded = sparse_ops.sparse_reshape(labels, shape, name="expand")
            if count == 1:
                return expanded
            return sparse_ops.sparse_concat(-2, [expanded] * count, name=scope)
        expanded = array.expand_dims(labels, -2, name="expand")
        if count == 1:
            return expanded
        ones: Any = array.ones_like(array.shape(labels))
        multiples = array.concat((ones[:-1], (count,), ones[-1:]), 0, name="multiples")
        return array.tile(expanded, multiples, name=scope)


def _number_relevant(labels: Any, k: int) -> Tensor:
    """How many labels each example has, k at most."""
    with g.name_scope(None, "num_relevant") as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            return arithmetic.minimum(set_size(labels), k, name=scope)
        counted = indexing.where_v2(
            arithmetic.greater_equal(labels, 0),
            array.ones_like(labels),
            array.zeros_like(labels),
        )
        return arithmetic.minimum(reductions.reduce_sum(counted, axis=-1), k, name=scope)


def _average_precision(labels: Any, best: Any) -> Tensor:
    """The mean precision at the places of the relevant among the k best, of each example."""
    with g.name_scope(None, "average_precision") as scope:
        best = arithmetic.cast(best, dtypes.int64, name="predictions_idx")
        if best.get_shape().ndims == 0:
            raise ValueError("The rank of predictions_idx must be at least 1.")
        k = best.get_shape().as_list()[-1]
        if k is None:
            raise ValueError("The last dimension of predictions_idx must be set.")
        labels = _with_last_axis(labels, best)
        alone = array.expand_dims(best, -1, name="predictions_idx_per_k")
        repeated = _repeated(labels, k)
        relevant = _count("relevant_per_k", set_intersection, repeated, alone, None, None)
        right = scans.cumsum(relevant, axis=-1, name="tp_per_k")
        given = scans.cumsum(array.ones_like(relevant), axis=-1, name="retrieved_per_k")
        precision = arithmetic.div(right, given, name="precision_per_k")
        shares = arithmetic.multiply(precision, relevant, name="relevant_precision_per_k")
        total = reductions.reduce_sum(shares, axis=(-1,), name="precision_sum")
        count = arithmetic.cast(_number_relevant(labels, k), dtypes.float64)
        return arithmetic.div(total, count, name=scope)


def _without_unknown_classes(labels: Any, classes: Any) -> Any:
    """Labels that are no class as -1."""
    is_sparse = hasattr(labels, "dense_shape")

    def cleaned(values: Any) -> Tensor:
        unknown = arithmetic.greater_equal(values, classes)
        return indexing.where_v2(unknown, -1 * array.ones_like(values), values)

    def all_cleaned() -> Any:
        if is_sparse:
            return type(labels)(labels.indices, cleaned(labels.values), labels.dense_shape)
        return cleaned(labels)

    highest = reductions.reduce_max(labels.values if is_sparse else labels)
    return control_flow.cond(
        arithmetic.greater_equal(highest, classes), all_cleaned, lambda: labels
    )


def average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of the examples' average precision among the k classes predicted highest.

    Raises: ValueError for k below 1.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}.")
    with g.name_scope(name, _name("average_precision", k)) as scope:
        _, best = top_k(predictions, k)
        sizes: Any = array.shape(predictions)
        labels = _without_unknown_classes(labels, arithmetic.cast(sizes[-1], dtypes.int64))
        return _mean_of_averages(
            labels, best, weights, metrics_collections, updates_collections, scope
        )


def _mean_of_averages(
    labels: Any, best: Any, weights: Any, metrics: Any, updates: Any, name: str
) -> Metric:
    with g.name_scope(name, "average_precision_at_top_k") as scope:
        average: Any = _average_precision(labels, best)
        if weights is not None:
            weights = broadcast_weights(arithmetic.cast(weights, dtypes.float64), average)
            average = arithmetic.multiply(average, weights)
        with g.name_scope(None, "max") as inner:
            most = metric_variable([], dtypes.float64, name=inner)
            if weights is None:
                batch = arithmetic.cast(array.size(average, name="batch_max"), dtypes.float64)
            else:
                batch = reductions.reduce_sum(weights, name="batch_max")
            add_most = state.assign_add(most, batch, name="update")
        with g.name_scope(None, "total") as inner:
            total = metric_variable([], dtypes.float64, name=inner)
            batch = reductions.reduce_sum(average, name="batch_total")
            add_total = state.assign_add(total, batch, name="update")
        value = arithmetic.div_no_nan(total, most, name="mean")
        collect(metrics, value)
        update = arithmetic.div_no_nan(add_total, add_most, name=scope)
        return value, collect(updates, update)


sparse_average_precision_at_k = average_precision_at_k  # its older name
