"""Sets in the rows of matrices.

Source: TF 1.15 core/ops/set_ops.cc, core/kernels/set_kernels.cc.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch

from tailrace import arrays
from tailrace.dtypes import int8, int16, int32, int64, string, uint8, uint16
from tailrace.errors import invalid
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank

_OPERATIONS = {
    "a-b": lambda a, b: a - b,
    "b-a": lambda a, b: b - a,
    "intersection": lambda a, b: a & b,
    "union": lambda a, b: a | b,
}


@op(
    "DenseToDenseSetOperation",
    "set1: T, set2: T -> result_indices: int64, result_values: T, result_shape: int64",
    set_operation=Attr("string"),
    validate_indices=True,
    T=(int8, int16, int32, int64, uint8, uint16, string),
)
def dense_to_dense_set_operation(set1, set2, *, set_operation):
    """Difference, intersection or union of the sets in corresponding rows, as a sparse tensor.

    Shapes: set1 [..., m], set2 [..., n], of equal outer dimensions. Results are in order.
    """
    operation = _OPERATIONS.get(set_operation.decode().lower())
    if operation is None:
        raise invalid(f"Invalid set_operation: {set_operation.decode()}")
    a, b = arrays.to_numpy(set1), arrays.to_numpy(set2)
    if a.shape[:-1] != b.shape[:-1]:
        raise invalid(f"Mismatched group shapes: {list(a.shape[:-1])} and {list(b.shape[:-1])}")
    indices, values, longest = [], [], 0
    for group in itertools.product(*map(range, a.shape[:-1])):
        found = sorted(operation(set(a[group].tolist()), set(b[group].tolist())))
        longest = max(longest, len(found))
        values += found
        indices += [(*group, i) for i in range(len(found))]
    places = torch.tensor(indices, dtype=torch.int64).reshape(-1, a.ndim)
    shape = torch.tensor([*a.shape[:-1], longest], dtype=torch.int64)
    return places, arrays.to_torch(np.array(values, dtype=a.dtype)), shape


@dense_to_dense_set_operation.shape
def dense_to_dense_set_operation_shape(set1, set2):
    ranks = [s.rank for s in (set1, set2) if s.rank is not None]
    rank = ranks[0] if ranks else None
    for shape in (set1, set2):
        if rank is not None:
            with_rank(shape, rank)
    return [[None, rank], [None], [rank]]


dense_to_dense_set_operation.no_gradient("sets have no derivative")
