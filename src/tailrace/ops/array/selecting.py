"""Which elements: where, unique, set difference, places in a sorted sequence.

Source: TF 1.15 core/ops/array_ops.cc, core/kernels/unique_op.cc, list_diff op, searchsorted_op.cc.
"""

from __future__ import annotations

from math import prod

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import ANY, INDEX, NUMERIC
from tailrace.native import bundles
from tailrace.registry import op, type_attr
from tailrace.shapes import with_rank

_INDEX = type_attr(INDEX, dtypes.int32)
_DISCRETE = "which elements are chosen does not vary smoothly"


@op("Where", "input: T -> index: int64", T=type_attr((*NUMERIC, dtypes.bool), dtypes.bool))
def where(input):
    """The places of the elements that are not zero, in row-major order.

    Shapes: input [...] of rank r -> [n, r].
    """
    if not input.ndim:
        raise errors.invalid("WhereOp : a scalar has no places")
    return input.nonzero()


@where.shape
def where_shape(input):
    return [[None, input.rank]]


where.no_gradient(_DISCRETE)


def _first_seen(x):
    """Distinct values in order of first occurrence, the number of each element's, their counts."""
    values, first, numbers, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return values[order], place[numbers], counts[order]


def _index_tensor(array, dtype):
    return torch.from_numpy(array).to(arrays.torch_dtype(dtype))


def _unique(x, out_idx):
    values, numbers, counts = _first_seen(arrays.to_numpy(x.cpu() if hasattr(x, "cpu") else x))
    found = arrays.to_torch(values)
    if isinstance(x, torch.Tensor):
        found = found.to(x.device)
    return found, _index_tensor(numbers, out_idx), _index_tensor(counts, out_idx)


@op(
    "Unique",
    "x: T -> y: T, idx: out_idx",
    T=ANY,
    out_idx=_INDEX,
    _distinct=True,
    _host_only=True,
)
def unique(x, *, out_idx):
    """The distinct elements of a vector in order of first occurrence; x is y[idx]."""
    return _unique(x, out_idx)[:2]


@unique.shape
def unique_shape(x):
    return [[None], with_rank(x, 1, "x")]


unique.missing_gradient(_DISCRETE)


@op(
    "UniqueWithCounts",
    "x: T -> y: T, idx: out_idx, count: out_idx",
    T=ANY,
    out_idx=_INDEX,
    _host_only=True,
)
def unique_with_counts(x, *, out_idx):
    """The distinct elements of a vector in order of first occurrence, and how often each occurs."""
    return _unique(x, out_idx)


@unique_with_counts.shape
def unique_with_counts_shape(x):
    return [[None], with_rank(x, 1, "x"), [None]]


unique_with_counts.missing_gradient(_DISCRETE)


@op("ListDiff", "x: T, y: T -> out: T, idx: out_idx", T=ANY, out_idx=_INDEX, _host_only=True)
def list_diff(x, y, *, out_idx):
    """The elements of x that are not in y, and their places in x."""
    if isinstance(x, np.ndarray):
        gone = set(y.tolist())
        places = np.array([i for i, item in enumerate(x.tolist()) if item not in gone], np.int64)
        return x[places], _index_tensor(places, out_idx)
    kept = torch.isin(x, y, invert=True).nonzero().reshape(-1)
    return x[kept], kept.to(arrays.torch_dtype(out_idx))


@list_diff.shape
def list_diff_shape(x, y):
    with_rank(x, 1, "x")
    with_rank(y, 1, "y")
    return [[None], [None]]


list_diff.missing_gradient(_DISCRETE)


def _bound(name, right, what):
    @op(name, "sorted_inputs: T, values: T -> output: out_type", T=ANY, out_type=_INDEX)
    def bound(sorted_inputs, values, *, out_type):
        places = torch.searchsorted(sorted_inputs.contiguous(), values.contiguous(), right=right)
        return places.to(arrays.torch_dtype(out_type))

    @bound.shape
    def bound_shape(sorted_inputs, values):
        with_rank(sorted_inputs, 2, "sorted_inputs")
        return [with_rank(values, 2, "values")]

    @bound.small
    def bound_small(sorted_inputs, values):
        if prod(values) > bundles.MANY:
            return None
        params = (right, sorted_inputs[0], sorted_inputs[1], values[1])
        return bundles.Instruction("search", (0, 1), params)

    bound.__doc__ = f"Per row, the first place in the sorted row whose element is {what} the value."
    bound.no_gradient(_DISCRETE)
    return bound


lower_bound = _bound("LowerBound", False, "not less than")
upper_bound = _bound("UpperBound", True, "greater than")
