"""Labels, weights and logits as heads need them, checked when the graph is built or run.

Shapes: logits [..., n], labels [..., 1 or n], weights [..., 1 or n].

Source: TF 1.15 tensorflow_estimator/python/estimator/canned/head.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import (
    SparseTensor,
    Tensor,
    convert_to_tensor,
    convert_to_tensor_or_sparse_tensor,
    g,
)
from tailrace.library import array, checks, reductions
from tailrace.library.arithmetic import equal, to_float
from tailrace.library.control_flow import Assert
from tailrace.library.feature_columns.base import Features
from tailrace.library.feature_columns.dense import NumericColumn, numeric_column


def checked_logits(logits: Any, size: int) -> Tensor:
    """Logits [..., size] as float32. Raises: ValueError for another last dimension."""
    said = "logits shape must be [D0, D1, ... DN, logits_dimension]"
    with g.name_scope(None, "logits") as scope:
        logits = to_float(logits)
        shape: Any = array.shape(logits)
        ranked = checks.assert_rank_at_least(logits, 2, data=[shape], message=said)
        with g.control_dependencies([ranked]):
            known = logits.shape
            if known.ndims is not None and known.as_list()[-1] is not None:
                if known.as_list()[-1] != size:
                    raise ValueError(f"{said}, got {known}.")
                return logits
            fits = checks.assert_equal(size, shape[-1], data=[shape], message=said)
            with g.control_dependencies([fits]):
                return array.identity(logits, name=scope)


def checked_labels(labels: Any, logits: Tensor, size: int) -> Tensor:
    """Labels [..., size] for logits [..., n]; where `size` is 1, [...] will do.

    Raises: ValueError for none, sparse ones, and another last dimension.
    """
    if labels is None:
        raise ValueError(
            "You must provide a labels Tensor. Given: None. Check that input_fn returns labels."
        )
    with g.name_scope(None, "labels") as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            raise ValueError(
                f"SparseTensor labels are not supported: labels must be a Tensor of shape "
                f"[D0, D1, ..., DN, {size}]. tf.sparse_tensor_to_dense makes one."
            )
        if labels.shape.ndims is not None and labels.shape.ndims + 1 == logits.shape.ndims:
            labels = array.expand_dims(labels, -1)
        labels_shape: Any = array.shape(labels)
        logits_shape: Any = array.shape(logits)
        said = (
            f"labels shape must be [D0, D1, ... DN, {size}]. Suggested Fix: check your n_classes "
            "argument to the estimator and/or the shape of your label."
        )
        ranked = checks.assert_rank_at_least(labels, 2, message=said)
        with g.control_dependencies([ranked]):
            last = None if labels.shape.ndims is None else labels.shape.as_list()[-1]
            if last not in (None, size):
                raise ValueError(
                    f"Mismatched label shape. Expected labels dimension={size}. Received {last}. "
                    "Check n_classes, and that labels are no one-hot vectors."
                )
            expected = array.concat([logits_shape[:-1], [size]], axis=0)
            data = ["expected_labels_shape: ", expected, "labels_shape: ", labels_shape]
            fits = checks.assert_equal(expected, labels_shape, message=said, data=data)
            with g.control_dependencies([fits]):
                return array.identity(labels, name=scope)


def checked_weights(
    features: dict[str, Any], column: Any, logits: Tensor, per_logit: bool = False
) -> Any:
    """The weights of the examples from their feature, 1 without a column.

    Raises: TypeError for a column that is none of numbers.
    """
    said = "weights shape must be [D0, D1, ... DN]"
    many = ", [D0, D1, ... DN, 1] or [D0, D1, ... DN, logits_dimension]"
    said += many if per_logit else " or [D0, D1, ... DN, 1]"
    with g.name_scope(None, "weights") as scope:
        if column is None:
            return 1.0
        if isinstance(column, str):
            column = numeric_column(key=column, shape=(1,))
        if not isinstance(column, NumericColumn):
            raise TypeError(
                f"Weight column must be either a string or NumericColumn. Given type: "
                f"{type(column)}."
            )
        weights = to_float(column._get_dense_tensor(Features(features)), name="weights")
        weights_shape: Any = array.shape(weights, name="weights_shape")
        logits_shape: Any = array.shape(logits, name="logits_shape")
        data = ["logits_shape: ", logits_shape, "weights_shape: ", weights_shape]
        if weights.shape.ndims is not None and weights.shape.ndims + 1 == logits.shape.ndims:
            fits = checks.assert_equal(logits_shape[:-1], weights_shape, message=said, data=data)
            with g.control_dependencies([fits]):
                return array.expand_dims(weights, -1, name=scope)
        single = array.concat([logits_shape[:-1], [1]], axis=0)
        if per_logit:
            whole = reductions.reduce_all(equal(logits_shape, weights_shape))
            either = [whole, reductions.reduce_all(equal(single, weights_shape))]
            fits = Assert(condition=reductions.reduce_any(either), data=[said, *data])
        else:
            fits = checks.assert_equal(single, weights_shape, message=said, data=data)
        with g.control_dependencies([fits]):
            return array.identity(weights, name=scope)


def checked_range(labels: Tensor, n_classes: int) -> Tensor:
    """Labels from 0 to n_classes - 1."""
    with g.name_scope(None, "assert_range"):
        last = convert_to_tensor(n_classes - 1, dtype=labels.dtype)
        low = checks.assert_less_equal(labels, last, message="Labels must <= n_classes - 1")
        high = checks.assert_non_negative(labels, message="Labels must >= 0")
        with g.control_dependencies([low, high]):
            return array.identity(labels)
