"""Sets along the last dimension, `tf.sets`.

Source: TF 1.15 python/ops/sets_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor_or_sparse_tensor, g

_VALID = (
    dtypes.int8,
    dtypes.int16,
    dtypes.int32,
    dtypes.int64,
    dtypes.uint8,
    dtypes.uint16,
    dtypes.string,
)


def set_size(a: Any, validate_indices: bool = True) -> Tensor:
    """How many distinct values each row of a sparse tensor has."""
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if not isinstance(a, SparseTensor):
        raise TypeError(f"Expected `SparseTensor`, got {a}.")
    if a.values.dtype.base_dtype not in _VALID:
        raise TypeError(f"Invalid dtype {a.values.dtype}.")
    return g.SetSize(a.indices, a.values, a.dense_shape, validate_indices=validate_indices)


def _pair(a: Any, b: Any) -> tuple[Any, Any, bool]:
    """Both as tensors, the dense one first, and whether that exchanged them."""
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if a.dtype.base_dtype not in _VALID:
        raise TypeError(f"'a' invalid dtype {a.dtype}.")
    b = convert_to_tensor_or_sparse_tensor(b, name="b")
    if b.dtype.base_dtype is not a.dtype.base_dtype:
        raise TypeError(f"Types don't match, {a.dtype} vs {b.dtype}.")
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        return b, a, True
    return a, b, False


def _combined(a: Any, b: Any, operation: str, validate_indices: bool) -> SparseTensor:
    attrs = {"set_operation": operation, "validate_indices": validate_indices}
    second = (b.indices, b.values, b.dense_shape) if isinstance(b, SparseTensor) else (b,)
    if isinstance(a, SparseTensor):
        first = (a.indices, a.values, a.dense_shape)
        return SparseTensor(*g.SparseToSparseSetOperation(*first, *second, **attrs))
    if isinstance(b, SparseTensor):
        return SparseTensor(*g.DenseToSparseSetOperation(a, *second, **attrs))
    return SparseTensor(*g.DenseToDenseSetOperation(a, b, **attrs))


def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in the rows of both."""
    first, second, _ = _pair(a, b)
    return _combined(first, second, "intersection", validate_indices)


def set_difference(
    a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True
) -> SparseTensor:
    """What is in the rows of a and not of b, or the other way round."""
    first, second, exchanged = _pair(a, b)
    operation = "a-b" if aminusb is not exchanged else "b-a"
    return _combined(first, second, operation, validate_indices)


def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in the rows of either."""
    first, second, _ = _pair(a, b)
    return _combined(first, second, "union", validate_indices)
