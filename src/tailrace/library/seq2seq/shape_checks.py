"""A tensor that must have the shape of another, checked at once or in the run.

Source: TF 1.15 contrib/framework/python/framework/tensor_util.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array
from tailrace.library.arithmetic import equal, logical_and, logical_or
from tailrace.library.control_flow import Assert
from tailrace.library.reductions import reduce_all
from tailrace.library.scopes import name_scope


def with_same_shape(expected: Tensor, tensor: Tensor) -> Tensor:
    """`tensor`, with a check that it has the shape of `expected`.

    Raises: ValueError when the shapes are known and differ.
    """
    with name_scope(f"{tensor.op.name}/", values=[expected, tensor]):
        static = expected.get_shape()
        if not static.is_fully_defined():
            return _checked(array.shape(expected, name="expected_shape"), tensor)
        sizes = np.array(static.as_list(), dtype=np.int32)
        actual = tensor.get_shape()
        if not actual.is_fully_defined():
            return _checked(sizes, tensor)
        if not actual.is_compatible_with(static):
            raise ValueError(
                f"Invalid shape for tensor {tensor.name}, expected {sizes}, got {actual}."
            )
        return tensor


def _checked(expected: Any, tensor: Tensor) -> Tensor:
    with name_scope(f"{tensor.op.name}/", values=[tensor]):
        if not isinstance(expected, Tensor) and not len(expected):
            return array.reshape(tensor, [])
        with g.control_dependencies([_assertion(expected, tensor)]):
            result = array.identity(tensor)
        if not isinstance(expected, Tensor):
            result.set_shape(expected.tolist())
        return result


def _assertion(expected: Any, tensor: Tensor) -> Any:
    with name_scope("assert_shape", values=[tensor]) as scope:
        actual = array.shape(tensor, name="actual")
        right = _is_shape(expected, tensor, actual)
        message = f"Wrong shape for {tensor.name} [expected] [actual]."
        return Assert(right, [message, expected, actual], name=scope)


def _is_shape(expected: Any, tensor: Tensor, actual: Tensor) -> Tensor:
    with name_scope("is_shape", values=[tensor]) as scope:
        wanted = array.size(expected)
        with name_scope("is_rank", values=[tensor]) as rank_scope:
            wanted = convert_to_tensor(wanted, name="expected")
            right_rank = equal(wanted, array.rank(tensor, name="actual"), name=rank_scope)
        with name_scope("shape_tensor_equal", values=[expected, actual]) as equal_scope:
            any_size = equal(expected, -1)
            same = equal(expected, actual, "equal")
            fits = logical_or(any_size, same, name="exclude_partial_shape")
            right_sizes = reduce_all(fits, name=equal_scope)
        return logical_and(right_rank, right_sizes, name=scope)
