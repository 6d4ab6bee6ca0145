"""How often each class was taken for each other.

Source: TF 1.15 python/ops/confusion_matrix.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import checks
from tailrace.library.arithmetic import cast
from tailrace.library.array import ones_like, stack, zeros
from tailrace.library.control_flow import with_dependencies
from tailrace.library.reductions import reduce_max
from tailrace.library.weights import remove_squeezable_dimensions


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = dtypes.int32,
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """How often (or with which total weight) label i was predicted as j.

    Shapes: labels, predictions, weights [n] -> [num_classes, num_classes], without that number one
    more than the largest class. Raises: InvalidArgumentError for classes out of range.
    """
    with g.name_scope(name, "confusion_matrix"):
        labels = convert_to_tensor(labels, name="labels")
        predictions = convert_to_tensor(predictions, name="predictions")
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions = cast(predictions, dtypes.int64)
        labels = cast(labels, dtypes.int64)
        labels = _not_negative(labels, "labels")
        predictions = _not_negative(predictions, "predictions")
        if num_classes is None:
            num_classes = g.Maximum(reduce_max(predictions), reduce_max(labels)) + 1
        else:
            limit = cast(num_classes, dtypes.int64)
            labels = _below(labels, limit, "labels")
            predictions = _below(predictions, limit, "predictions")
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            predictions.get_shape().assert_is_compatible_with(weights.get_shape())
            weights = cast(weights, dtype)
        shape = stack([num_classes, num_classes])
        indices = stack([labels, predictions], axis=1)
        values = ones_like(predictions, as_dtype(dtype)) if weights is None else weights
        dense_shape = cast(shape, dtypes.int64)
        nothing = zeros(cast(shape, dtypes.int32), dtype)
        return g.SparseTensorDenseAdd(indices, values, dense_shape, nothing)


def _not_negative(x: Tensor, what: str) -> Tensor:
    check = checks.assert_non_negative(x, message=f"`{what}` contains negative values")
    return with_dependencies([check], x)


def _below(x: Tensor, limit: Tensor, what: str) -> Tensor:
    check = checks.assert_less(x, limit, message=f"`{what}` out of bound")
    return with_dependencies([check], x)
