"""Sums and maxima over the dimensions of sparse tensors.

Source: TF 1.15 core/ops/sparse_ops.cc, core/kernels/sparse_reduce_op.cc, python/ops/sparse_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import NUMERIC, REAL
from tailrace.ops.sparse.places import coordinates, numbers, size_of
from tailrace.registry import op
from tailrace.shapes import UNKNOWN

_INPUTS = "input_indices: int64, input_values: T, input_shape: int64, reduction_axes: int32"
_HOST = ("input_shape", "reduction_axes")


def _kept_axes(shape, axes):
    rank = len(shape)
    axes = axes if isinstance(axes, list) else [axes]
    if any(not -rank <= a < rank for a in axes):
        raise errors.invalid(f"Invalid reduction dimension in {axes} for {rank} dimensions")
    gone = {a % rank for a in axes} or set(range(rank))
    return [i for i in range(rank) if i not in gone]


def _groups(indices, shape, axes, keep_dims):
    """Which output element each element goes to, the shape of the kept axes, the output's shape."""
    kept = _kept_axes(shape, axes)
    inner = [shape[i] for i in kept]
    whole = [d if i in kept else 1 for i, d in enumerate(shape)] if keep_dims else inner
    return numbers(indices[:, kept], inner), inner, whole


def _sums(values, groups, count):
    return values.new_zeros(count).index_add_(0, groups, values)


def _maxima(values, groups, count):
    """TF: the maximum of the elements that are there; zero where there is none."""
    zeros = values.new_zeros(count)
    return zeros.scatter_reduce_(0, groups, values, "amax", include_self=False)


def _dense(name, reduce, types, doc):
    @op(name, f"{_INPUTS} -> output: T", keep_dims=False, T=types, _host=_HOST)
    def reduction(input_indices, input_values, input_shape, reduction_axes, *, keep_dims):
        groups, inner, whole = _groups(input_indices, input_shape, reduction_axes, keep_dims)
        return reduce(input_values, groups, size_of(inner)).reshape(whole)

    @reduction.shape
    def reduction_shape(input_indices, input_values, input_shape, reduction_axes, *, keep_dims):
        sizes, axes = input_shape.value, reduction_axes.value
        if sizes is None or axes is None:
            return [UNKNOWN]
        shape = sizes.tolist()
        kept = _kept_axes(shape, axes.reshape(-1).tolist())
        if keep_dims:
            return [[d if i in kept else 1 for i, d in enumerate(shape)]]
        return [[shape[i] for i in kept]]

    reduction.__doc__ = doc
    return reduction


sparse_reduce_sum = _dense("SparseReduceSum", _sums, NUMERIC, "Sums over some axes, dense.")
sparse_reduce_max = _dense("SparseReduceMax", _maxima, REAL, "Maxima over some axes, dense.")
sparse_reduce_max.missing_gradient("TensorFlow has none")


@sparse_reduce_sum.gradient
def sparse_reduce_sum_grad(g, op, dy):
    kept = g.reduced_shape(op.input_shape, op.reduction_axes)
    wide = g.Reshape(dy, kept)
    scale = op.input_shape // g.cast(kept, dtypes.int64)
    return None, g.GatherNd(wide, op.input_indices // scale), None, None


def _sparse(name, reduce, types, doc):
    outputs = "output_indices: int64, output_values: T, output_shape: int64"

    @op(name, f"{_INPUTS} -> {outputs}", keep_dims=False, T=types, _host=_HOST)
    def reduction(input_indices, input_values, input_shape, reduction_axes, *, keep_dims):
        groups, _, whole = _groups(input_indices, input_shape, reduction_axes, keep_dims)
        places, rows = torch.unique(groups, return_inverse=True)
        values = reduce(input_values, rows, len(places))
        return coordinates(places, whole), values, torch.tensor(whole, dtype=torch.int64)

    @reduction.shape
    def reduction_shape(input_indices, input_values, input_shape, reduction_axes):
        return [UNKNOWN] * 3

    reduction.__doc__ = doc
    reduction.missing_gradient("TensorFlow has none")
    return reduction


sparse_reduce_sum_sparse = _sparse(
    "SparseReduceSumSparse", _sums, NUMERIC, "Sums over some axes, sparse."
)
sparse_reduce_max_sparse = _sparse(
    "SparseReduceMaxSparse", _maxima, REAL, "Maxima over some axes, sparse."
)
