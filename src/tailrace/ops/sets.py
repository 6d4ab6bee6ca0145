"""Sets along the last dimension: sizes, unions, intersections, differences.

Source: TF 1.15 core/ops/set_ops.cc, core/kernels/set_kernels.cc.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN

_TYPES = type_attr(
    (
        dtypes.int8,
        dtypes.int16,
        dtypes.int32,
        dtypes.int64,
        dtypes.uint8,
        dtypes.uint16,
        dtypes.string,
    )
)
_OUTPUTS = "result_indices: int64, result_values: T, result_shape: int64"
_ATTRS = {
    "set_operation": Attr("string"),
    "validate_indices": True,
    "T": _TYPES,
    "_host_only": True,
}
_COMBINE = {
    b"a-b": lambda a, b: a - b,
    b"b-a": lambda a, b: b - a,
    b"intersection": lambda a, b: a & b,
    b"union": lambda a, b: a | b,
}
_WHY = "membership does not vary smoothly"


def _dense_sets(values):
    """Place in the leading dimensions -> set, and those dimensions."""
    array = arrays.to_numpy(values)
    if array.ndim < 2:
        raise errors.invalid(f"Input must be at least rank 2, but has shape {list(array.shape)}")
    groups = array.shape[:-1]
    return {place: set(array[place].tolist()) for place in np.ndindex(groups)}, groups


def _sparse_sets(indices, values, shape):
    found: dict[tuple[int, ...], set[object]] = {}
    items = arrays.to_numpy(values).tolist()
    for place, item in zip(indices.tolist(), items, strict=True):
        found.setdefault(tuple(place[:-1]), set()).add(item)
    return found, tuple(shape[:-1])


def _combined(a, b, set_operation, dtype):
    (sets_a, groups), (sets_b, groups_b) = a, b
    if groups != groups_b:
        raise errors.invalid(f"Shapes of the groups differ: {list(groups)} and {list(groups_b)}")
    if set_operation.lower() not in _COMBINE:
        raise errors.invalid(f"Invalid set_operation {set_operation.decode()}.")
    combine, empty = _COMBINE[set_operation.lower()], set()
    indices, items, longest = [], [], 0
    for place in sorted(sets_a.keys() | sets_b.keys()):
        members = sorted(combine(sets_a.get(place, empty), sets_b.get(place, empty)))
        indices.extend([*place, i] for i in range(len(members)))
        items.extend(members)
        longest = max(longest, len(members))
    values = np.empty(len(items), dtype=dtype.as_numpy_dtype)
    values[:] = items
    places = torch.tensor(indices, dtype=torch.int64).reshape(len(items), len(groups) + 1)
    shape = torch.tensor([*groups, longest], dtype=torch.int64)
    return places, arrays.to_torch(values), shape


def _result_shape(*inputs):
    rank = next((len(x) for x in inputs if x.dims is not None and len(x) >= 2), None)
    return [[None, rank], [None], [rank]]


@op("DenseToDenseSetOperation", f"set1: T, set2: T -> {_OUTPUTS}", **_ATTRS)
def dense_to_dense_set_operation(set1, set2, *, set_operation, T):
    """The rows of two dense tensors combined as sets."""
    return _combined(_dense_sets(set1), _dense_sets(set2), set_operation, T)


@dense_to_dense_set_operation.shape
def dense_to_dense_shape(set1, set2):
    return _result_shape(set1, set2)


_SECOND = "set2_indices: int64, set2_values: T, set2_shape: int64"


@op("DenseToSparseSetOperation", f"set1: T, {_SECOND} -> {_OUTPUTS}", _host="set2_shape", **_ATTRS)
def dense_to_sparse_set_operation(set1, set2_indices, set2_values, set2_shape, *, set_operation, T):
    """The rows of a dense and a sparse tensor combined as sets."""
    second = _sparse_sets(set2_indices, set2_values, set2_shape)
    return _combined(_dense_sets(set1), second, set_operation, T)


@dense_to_sparse_set_operation.shape
def dense_to_sparse_shape(set1, set2_indices, set2_values, set2_shape):
    rank = set1.rank if set1.rank is not None else set2_shape.as_shape().rank
    return [[None, rank], [None], [rank]]


@op(
    "SparseToSparseSetOperation",
    f"set1_indices: int64, set1_values: T, set1_shape: int64, {_SECOND} -> {_OUTPUTS}",
    _host=("set1_shape", "set2_shape"),
    **_ATTRS,
)
def sparse_to_sparse_set_operation(
    set1_indices,
    set1_values,
    set1_shape,
    set2_indices,
    set2_values,
    set2_shape,
    *,
    set_operation,
    T,
):
    """The rows of two sparse tensors combined as sets."""
    first = _sparse_sets(set1_indices, set1_values, set1_shape)
    second = _sparse_sets(set2_indices, set2_values, set2_shape)
    return _combined(first, second, set_operation, T)


@sparse_to_sparse_set_operation.shape
def sparse_to_sparse_shape(
    set1_indices, set1_values, set1_shape, set2_indices, set2_values, set2_shape
):
    ranks = [s.dims[0] for s in (set1_shape, set2_shape) if s.dims]
    rank = next((r for r in ranks if r is not None), None)
    return [[None, rank], [None], [rank]]


@op(
    "SetSize",
    "set_indices: int64, set_values: T, set_shape: int64 -> size: int32",
    validate_indices=True,
    T=_TYPES,
    _host_only=True,
    _host="set_shape",
)
def set_size(set_indices, set_values, set_shape):
    """How many distinct values each row of a sparse tensor has."""
    sets, groups = _sparse_sets(set_indices, set_values, set_shape)
    sizes = torch.zeros(groups, dtype=torch.int32)
    for place, members in sets.items():
        sizes[place] = len(members)
    return sizes


@set_size.shape
def set_size_shape(set_indices, set_values, set_shape):
    return [UNKNOWN]


for _each in (
    dense_to_dense_set_operation,
    dense_to_sparse_set_operation,
    sparse_to_sparse_set_operation,
    set_size,
):
    _each.no_gradient(_WHY)
