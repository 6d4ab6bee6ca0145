"""Reductions over segments of chosen rows: `data[indices]`, a segment id for each.

Source: TF 1.15 core/ops/math_ops.cc, core/kernels/segment_reduction_ops.cc,
python/ops/math_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import INDEX, REAL, float32, float64
from tailrace.registry import op, type_attr
from tailrace.shapes import at_least_rank, merge, with_rank

_INDEX = type_attr(INDEX, dtypes.int32)
_FLOAT = (float32, float64)


def _check(data, indices, segment_ids, num_segments):
    """How many segments there are. Raises: InvalidArgumentError for indices out of range."""
    if len(indices) != len(segment_ids):
        raise errors.invalid("segment_ids and indices should have same size.")
    if not len(segment_ids):
        return num_segments or 0
    last = int(segment_ids[-1]) + 1
    count = last if num_segments is None else num_segments
    if int(segment_ids[0]) < 0 or last > count:
        place = 0 if int(segment_ids[0]) < 0 else len(segment_ids) - 1
        raise errors.invalid(
            f"Segment id {int(segment_ids[place])} out of range [0, {count}), possibly because "
            "'segment_ids' input is not sorted."
        )
    if bool((segment_ids[1:] < segment_ids[:-1]).any()):
        raise errors.invalid("segment ids are not increasing")
    wrong = ((indices < 0) | (indices >= len(data))).nonzero()
    if len(wrong):
        place = int(wrong[0])
        raise errors.invalid(
            f"indices[{place}] == {int(indices[place])} out of range [0, {len(data)})"
        )
    return count


def _as_column(sizes, like):
    return sizes.to(like.dtype).reshape([-1] + [1] * (like.dim() - 1))


def _segment_sum(data, indices, segment_ids, num_segments=None):
    count = _check(data, indices, segment_ids, num_segments)
    out = data.new_zeros((count, *data.shape[1:]))
    return out.index_add_(0, segment_ids, data[indices.long()])


def _sizes(segment_ids, count):
    return torch.bincount(segment_ids, minlength=count).clamp_(min=1)


def _segment_mean(data, indices, segment_ids, num_segments=None):
    sums = _segment_sum(data, indices, segment_ids, num_segments)
    return sums / _as_column(_sizes(segment_ids, len(sums)), sums)


def _segment_sqrt_n(data, indices, segment_ids, num_segments=None):
    sums = _segment_sum(data, indices, segment_ids, num_segments)
    return sums / torch.sqrt(_as_column(_sizes(segment_ids, len(sums)), sums))


def sparse_segment_shape(data, indices, segment_ids):
    data = at_least_rank(data, 1)
    merge(with_rank(indices, 1), with_rank(segment_ids, 1), "indices and segment_ids")
    return [[None, *data[1:]]]


def sparse_segment_shape_with_count(data, indices, segment_ids, num_segments):
    ((_, *rest),) = sparse_segment_shape(data, indices, segment_ids)
    with_rank(num_segments, 0)
    count = num_segments.value
    return [[None if count is None else int(count), *rest]]


def sum_grad(g, op, dy):
    rows = g.shape(op.data)[0]
    gathered = g.gather(dy, op.segment_ids)
    return g.UnsortedSegmentSum(gathered, op.indices, rows), None, None


def mean_grad(g, op, dy):
    rows = g.shape(op.data)[0]
    return g.SparseSegmentMeanGrad(dy, op.indices, op.segment_ids, rows), None, None


def sqrt_n_grad(g, op, dy):
    rows = g.shape(op.data)[0]
    return g.SparseSegmentSqrtNGrad(dy, op.indices, op.segment_ids, rows), None, None


def _with_count(rule):
    return lambda g, op, dy: (*rule(g, op, dy), None)


def _define(name, function, rule, types, doc):
    def kernel(data, indices, segment_ids):
        return function(data, indices, segment_ids)

    def counted_kernel(data, indices, segment_ids, num_segments):
        return function(data, indices, segment_ids, num_segments)

    kernel.__doc__ = doc
    counted_kernel.__doc__ = doc + " The number of segments is given."
    signature = "data: T, indices: Tidx, segment_ids: int32 -> output: T"
    definition = op(name, signature, T=types, Tidx=_INDEX)(kernel)
    definition.shape(sparse_segment_shape)
    definition.gradient(rule)
    definition = op(
        f"{name}WithNumSegments",
        signature.replace(" ->", ", num_segments: Tnumsegments ->"),
        T=types,
        Tidx=_INDEX,
        Tnumsegments=_INDEX,
        _host="num_segments",
    )(counted_kernel)
    definition.shape(sparse_segment_shape_with_count)
    definition.gradient(_with_count(rule))


_define(
    "SparseSegmentSum",
    _segment_sum,
    sum_grad,
    REAL,
    "The sums of the rows `indices` of `data`, those with one segment id together.",
)
_define(
    "SparseSegmentMean",
    _segment_mean,
    mean_grad,
    _FLOAT,
    "The means of the rows `indices` of `data`, those with one segment id together.",
)
_define(
    "SparseSegmentSqrtN",
    _segment_sqrt_n,
    sqrt_n_grad,
    _FLOAT,
    "The sums of the rows of each segment, divided by the square root of their number.",
)


def _define_gradient(name, scale, doc):
    def kernel(grad, indices, segment_ids, output_dim0):
        sizes = _sizes(segment_ids, len(grad)).to(grad.dtype)
        scaled = grad / _as_column(scale(sizes), grad)
        out = grad.new_zeros((output_dim0, *grad.shape[1:]))
        return out.index_add_(0, indices, scaled[segment_ids.long()])

    kernel.__doc__ = doc
    definition = op(
        name,
        "grad: T, indices: Tidx, segment_ids: int32, output_dim0: int32 -> output: T",
        T=_FLOAT,
        Tidx=_INDEX,
        _host="output_dim0",
    )(kernel)
    definition.shape(gradient_shape)


def gradient_shape(grad, indices, segment_ids, output_dim0):
    with_rank(output_dim0, 0)
    grad = at_least_rank(grad, 1)
    merge(with_rank(indices, 1), with_rank(segment_ids, 1), "indices and segment_ids")
    rows = output_dim0.value
    return [[None if rows is None else int(rows), *grad[1:]]]


_define_gradient("SparseSegmentMeanGrad", lambda n: n, "The gradient of SparseSegmentMean.")
_define_gradient("SparseSegmentSqrtNGrad", torch.sqrt, "The gradient of SparseSegmentSqrtN.")
