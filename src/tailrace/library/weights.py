"""Weights of examples: how they go together with the values they weight.

Source: TF 1.15 python/ops/weights_broadcast_ops.py, confusion_matrix.py, losses/losses_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Operation, SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, control_flow

_CANNOT = "weights can not be broadcast to values."


def assert_broadcastable(weights: Any, values: Any) -> Operation:
    """Check that weights are a scalar, or have in each dimension the size of `values` or 1.

    Raises: ValueError at once when that is known not to hold.
    """
    with g.name_scope(None, "assert_broadcastable") as scope:
        weights, weights_shape, weights_rank = _described(weights, "weights")
        values, values_shape, values_rank = _described(values, "values")
        ranks = weights.shape.ndims, values.shape.ndims
        if None not in ranks:
            if ranks[0] == 0:
                return control_flow.no_op(name="static_scalar_check_success")
            if _known_to_fit(weights, values):
                return control_flow.no_op(name="static_dims_check_success")
        is_scalar = arithmetic.equal(0, weights_rank, name="is_scalar")
        data = [
            *[_CANNOT, "weights.shape=", weights.name, weights_shape],
            *["values.shape=", values.name, values_shape, "is_scalar=", is_scalar],
        ]
        fits = control_flow.cond(
            is_scalar,
            lambda: is_scalar,
            lambda: _dims_fit(weights_rank, weights_shape, values_rank, values_shape),
            name="is_valid_shape",
        )
        return control_flow.Assert(fits, data, name=scope)


def _described(value: Any, name: str) -> tuple[Tensor, Tensor, Tensor]:
    """The tensor, its shape and its rank."""
    with g.name_scope(None, name) as scope:
        value = convert_to_tensor(value, name=scope)
        return value, array.shape(value, name="shape"), array.rank(value, name="rank")


def _known_to_fit(weights: Tensor, values: Tensor) -> bool:
    """Whether all sizes are known and fit. Raises: ValueError when they are and do not."""
    of_weights, of_values = weights.shape, values.shape
    if of_weights.ndims != of_values.ndims:
        raise ValueError(
            f"{_CANNOT} values.rank={of_values.ndims}. weights.rank={of_weights.ndims}. "
            f"values.shape={of_values}. weights.shape={of_weights}."
        )
    if not (of_weights.is_fully_defined() and of_values.is_fully_defined()):
        return False
    for i, (m, n) in enumerate(zip(of_weights.as_list(), of_values.as_list(), strict=True)):
        if m not in (1, n):
            raise ValueError(
                f"{_CANNOT} Mismatch at dim {i}. values.shape={of_values} "
                f"weights.shape={of_weights}."
            )
    return True


def _dims_fit(
    weights_rank: Tensor, weights_shape: Tensor, values_rank: Tensor, values_shape: Tensor
) -> Tensor:
    with g.name_scope(None, "has_valid_nonscalar_shape") as scope:
        same_rank = arithmetic.equal(values_rank, weights_rank, name="is_same_rank")
        return control_flow.cond(
            same_rank,
            lambda: _all_dims_fit(weights_shape, values_shape),
            lambda: same_rank,
            name=scope,
        )


def _all_dims_fit(weights_shape: Tensor, values_shape: Tensor) -> Tensor:
    """Whether no weights' size is missing among the sizes of its dimension and 1."""
    with g.name_scope(None, "has_invalid_dims") as scope:
        column = array.expand_dims(values_shape, -1)
        allowed = array.concat((column, array.ones_like(column)), axis=1)
        wanted = array.expand_dims(weights_shape, -1)
        found = g.DenseToDenseSetOperation(wanted, allowed, set_operation="a-b")
        wrong = SparseTensor(*found)
        count = array.size(wrong.values, name="num_invalid_dims")
        return arithmetic.equal(0, count, name=scope)


def broadcast_weights(weights: Any, values: Any) -> Tensor:
    """The weights in the shape of the values.

    Raises: ValueError when that is known to be impossible.
    """
    with g.name_scope(None, "broadcast_weights") as scope:
        values = convert_to_tensor(values, name="values")
        weights = convert_to_tensor(weights, values.dtype.base_dtype, name="weights")
        known = weights.shape.is_fully_defined() and values.shape.is_fully_defined()
        if known and weights.shape.is_compatible_with(values.shape):
            return weights
        with g.control_dependencies([assert_broadcastable(weights, values)]):
            return arithmetic.multiply(weights, array.ones_like(values), name=scope)


# -- a last dimension of size one too many ---------------------------------------------------------


def remove_squeezable_dimensions(
    labels: Any, predictions: Any, expected_rank_diff: int = 0, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The two without a last dimension of size 1 that makes their ranks differ unexpectedly."""
    with g.name_scope(name, "remove_squeezable_dimensions"):
        predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
        ranks = predictions.shape.ndims, labels.shape.ndims
        if ranks[0] is not None and ranks[1] is not None:
            surplus = ranks[0] - ranks[1] - expected_rank_diff
            if surplus == 1:
                predictions = array.squeeze(predictions, [-1])
            elif surplus == -1:
                labels = array.squeeze(labels, [-1])
            return labels, predictions
        difference = array.rank(predictions) - array.rank(labels)
        if _may_end_in_one(predictions):
            predictions = _squeezed_if(expected_rank_diff + 1, difference, predictions)
        if _may_end_in_one(labels):
            labels = _squeezed_if(expected_rank_diff - 1, difference, labels)
        return labels, predictions


def _may_end_in_one(tensor: Tensor) -> bool:
    return tensor.shape.ndims is None or tensor.shape[-1].is_compatible_with(1)


def _squeezed_if(wanted: int, difference: Tensor, tensor: Tensor) -> Tensor:
    is_surplus = arithmetic.equal(wanted, difference)
    return control_flow.cond(is_surplus, lambda: array.squeeze(tensor, [-1]), lambda: tensor)


def squeeze_weights(labels: Tensor, weights: Any) -> Tensor:
    """The weights without a last dimension of size 1 that the labels do not have."""
    weights = convert_to_tensor(weights)
    ranks = weights.shape.ndims, labels.shape.ndims
    if ranks[0] is not None and ranks[1] is not None:
        return array.squeeze(weights, [-1]) if ranks[0] - ranks[1] == 1 else weights
    difference = array.rank(weights) - array.rank(labels)
    if ranks[0] is None or (ranks[0] > 0 and _may_end_in_one(weights)):
        return _squeezed_if(1, difference, weights)
    return weights
