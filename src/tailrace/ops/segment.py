"""Reductions over segments: rows with the same segment id become one row.

Source: TF 1.15 core/ops/math_ops.cc, core/kernels/segment_reduction_ops.cc,
python/ops/math_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import errors, ordering
from tailrace.dtypes import INDEX, NUMERIC, REAL, int32
from tailrace.errors import ShapeError
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import Shape, agree, at_least_rank, with_rank

_INDEX = Attr("type", allowed=INDEX)


# -- what both kinds share -------------------------------------------------------------------------


def _added(out, ids, data):
    return out.index_add_(0, ids, data)


def _combined(how):
    def combine(out, ids, data):
        index = ids.long().reshape([-1] + [1] * (data.dim() - 1)).expand_as(data)
        return out.scatter_reduce_(0, index, data, how)

    return combine


_multiplied = _combined("prod")
_largest = _combined("amax")
_smallest = _combined("amin")


def _lowest(dtype):
    return -torch.inf if dtype.is_floating_point else torch.iinfo(dtype).min


def _highest(dtype):
    return torch.inf if dtype.is_floating_point else torch.iinfo(dtype).max


def _finite_lowest(dtype):
    return torch.finfo(dtype).min if dtype.is_floating_point else torch.iinfo(dtype).min


def _finite_highest(dtype):
    return torch.finfo(dtype).max if dtype.is_floating_point else torch.iinfo(dtype).max


# -- sorted ids ------------------------------------------------------------------------------------


def _segments(data, segment_ids):
    """How many segments there are. Raises: InvalidArgumentError for ids that are not sorted."""
    if segment_ids.dim() != 1:
        raise errors.invalid("segment_ids should be a vector.")
    if data.dim() < 1 or len(segment_ids) != len(data):
        raise errors.invalid("segment_ids should be the same size as dimension 0 of input.")
    if not len(segment_ids):
        return 0
    if int(segment_ids[0]) < 0:
        raise errors.invalid(f"segment ids must be >= 0, but begin with {int(segment_ids[0])}")
    if bool((segment_ids[1:] < segment_ids[:-1]).any()):
        raise errors.invalid("segment ids are not increasing")
    return int(segment_ids[-1]) + 1


def _sorted_kernel(combine, start, doc):
    def kernel(data, segment_ids):
        count = _segments(data, segment_ids)
        out = data.new_full((count, *data.shape[1:]), start(data.dtype))
        if start in (_lowest, _highest):
            combine(out, segment_ids, _without_nan(data, segment_ids, count, start))
            _clear_gaps(out, segment_ids)
        else:
            combine(out, segment_ids, data)
        return out

    kernel.__doc__ = doc
    return kernel


def _without_nan(data, segment_ids, count, start):
    """TF: NaN counts for nothing in the extrema, unless a segment has no other row."""
    if not (data.is_cpu and ordering.has_nan(data)):
        return data
    sizes = torch.bincount(segment_ids, minlength=count)[segment_ids.long()]
    several = (sizes > 1).reshape([-1] + [1] * (data.dim() - 1))
    return torch.where(several, ordering.without_nan(data, start(data.dtype)), data)


def _clear_gaps(out, segment_ids):
    """TF: a segment without rows is 0 in `SegmentMax` and `SegmentMin`."""
    gaps = torch.ones(len(out), dtype=torch.bool, device=out.device)
    gaps[segment_ids.long()] = False
    out[gaps] = 0


def segment_mean(data, segment_ids):
    """The mean of the rows of each segment; ids are sorted, empty segments are 0."""
    count = _segments(data, segment_ids)
    sums = _added(data.new_zeros((count, *data.shape[1:])), segment_ids, data)
    sizes = torch.bincount(segment_ids, minlength=count).clamp_(min=1)
    sizes = sizes.to(data.dtype).reshape([-1] + [1] * (data.dim() - 1))
    if data.is_floating_point() or data.is_complex():
        return sums / sizes
    return torch.div(sums, sizes, rounding_mode="trunc")


def segment_shape(data, segment_ids):
    data = at_least_rank(data, 1)
    with_rank(segment_ids, 1)
    return [[None, *data[1:]]]


def _segment_op(name, kernel, gradient, types=NUMERIC):
    signature = "data: T, segment_ids: Tindices -> output: T"
    definition = op(name, signature, T=types, Tindices=_INDEX)(kernel)
    definition.shape(segment_shape)
    if gradient is not None:
        definition.gradient(gradient)


def segment_sum_grad(g, op, dy):
    return g.gather(dy, op.segment_ids), None


def segment_mean_grad(g, op, dy):
    ids = op.segment_ids
    rank = g.rank(op.data)
    sizes_shape = g.ConcatV2([g.shape(ids), g.Fill(g.ExpandDims(rank - 1, 0), 1)], 0, name="concat")
    ones = g.Fill(sizes_shape, g.constant(1, dy.dtype))
    scaled = dy / g.SegmentSum(ones, ids)
    return g.gather(scaled, ids), None


def segment_extremum_grad(g, op, dy):
    """Equal extrema share the gradient."""
    data, ids = op.data, op.segment_ids
    zeros = g.zeros_like(data, dtype=data.dtype)
    chosen = g.Equal(data, g.gather(op.output, ids))
    count = g.SegmentSum(g.cast(chosen, dy.dtype), ids)
    shares = g.gather(dy / count, ids)
    return g.Select(chosen, shares, zeros), None


def _zero(dtype):
    return 0


def _one(dtype):
    return 1


_SUM = "The sum of the rows of each segment; ids are sorted, empty segments are 0."
_PROD = "The product of the rows of each segment; ids are sorted, empty segments are 1."
_MAX = "The largest of the rows of each segment; ids are sorted, empty segments are 0."
_MIN = "The smallest of the rows of each segment; ids are sorted, empty segments are 0."

_segment_op("SegmentSum", _sorted_kernel(_added, _zero, _SUM), segment_sum_grad)
_segment_op("SegmentMean", segment_mean, segment_mean_grad)
_segment_op("SegmentProd", _sorted_kernel(_multiplied, _one, _PROD), None)
_segment_op("SegmentMax", _sorted_kernel(_largest, _lowest, _MAX), segment_extremum_grad, REAL)
_segment_op("SegmentMin", _sorted_kernel(_smallest, _highest, _MIN), segment_extremum_grad, REAL)


# -- ids in any order ------------------------------------------------------------------------------


def _unsorted_rows(data, segment_ids, num_segments):
    """Ids as a vector and the rows they belong to."""
    ids_rank = segment_ids.dim()
    if data.shape[:ids_rank] != segment_ids.shape:
        raise errors.invalid(
            f"data.shape = {list(data.shape)} does not start with segment_ids.shape = "
            f"{list(segment_ids.shape)}"
        )
    if num_segments < 0:
        raise errors.invalid(f"Input num_segments == {num_segments} must not be negative.")
    if ids_rank == 1:
        return data, segment_ids
    count = segment_ids.numel()
    return data.reshape(count, *data.shape[ids_rank:]), segment_ids.reshape(-1)


def _valid_rows(rows, ids, num_segments):
    """Without negative ids. Raises: InvalidArgumentError for ids that are too large."""
    wrong = (ids >= num_segments).nonzero()
    if len(wrong):
        place = int(wrong[0])
        raise errors.invalid(
            f"segment_ids[{place}] = {int(ids[place])} is out of range [0, {num_segments})"
        )
    kept = ids >= 0
    return rows[kept], ids[kept]


def _one_by_one(choose):
    """Rows combined in their order. TF: NaN stays until the next row replaces it."""

    def combine(out, ids, data):
        for i, row in zip(ids.tolist(), data, strict=True):
            out[i] = choose(row, out[i])
        return out

    return combine


_AMONG_NAN = {_largest: _one_by_one(ordering.larger), _smallest: _one_by_one(ordering.smaller)}


def _unsorted_kernel(combine, start, doc):
    def kernel(data, segment_ids, num_segments):
        rows, ids = _unsorted_rows(data, segment_ids, num_segments)
        out = data.new_full((num_segments, *rows.shape[1:]), start(data.dtype))
        if combine in _AMONG_NAN and data.is_cpu and ordering.has_nan(rows):
            rows, ids = _valid_rows(rows, ids, num_segments)
            return _AMONG_NAN[combine](out, ids, rows)
        if data.device.type == "cpu":
            try:
                return combine(out, ids, rows)
            except (IndexError, RuntimeError):
                # an id that is no place; the ids are looked at only then
                out = data.new_full(out.shape, start(data.dtype))
        rows, ids = _valid_rows(rows, ids, num_segments)
        return combine(out, ids, rows)

    kernel.__doc__ = doc
    return kernel


def unsorted_segment_shape(data, segment_ids, num_segments):
    with_rank(num_segments, 0)
    if segment_ids.dims is None:
        return [Shape(None)]
    count = num_segments.value
    if count is not None and count < 0:
        raise ShapeError(f"num_segments must not be negative: {count}")
    ids_rank = len(segment_ids)
    data = at_least_rank(data, ids_rank)
    for i, size in enumerate(segment_ids if data.dims is not None else ()):
        agree(size, data[i], f"dimension {i} of segment_ids and data")
    return [[None if count is None else int(count), *data[ids_rank:]]]


def _unsorted_op(name, kernel, gradient, types=NUMERIC, **facts):
    definition = op(
        name,
        "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T",
        T=types,
        Tindices=_INDEX,
        Tnumsegments=type_attr(INDEX, int32),
        _host="num_segments",
        **facts,
    )(kernel)
    definition.shape(unsorted_segment_shape)
    definition.gradient(gradient)


def _gather_or_zero(g, params, ids, places=None, present=None):
    """Rows of `params` by id, zeros for negative ids; also the clipped ids and which are valid."""
    if places is None:
        places = g.Maximum(ids, g.zeros_like(ids))
    gathered = g.gather(params, places)
    if present is None:
        present = g.GreaterEqual(ids, 0)
        for _ in range(len(gathered._dims) - len(present._dims)):
            present = g.ExpandDims(present, -1)
        present = present & g.ones_like(gathered, dtype=present.dtype)
    zeros = g.zeros_like(gathered)
    return g.Select(present, gathered, zeros), places, present


def unsorted_segment_sum_grad(g, op, dy):
    return _gather_or_zero(g, dy, op.segment_ids)[0], None, None


def unsorted_segment_extremum_grad(g, op, dy):
    """Equal extrema share the gradient."""
    data, ids = op.data, op.segment_ids
    extrema, places, present = _gather_or_zero(g, op.output, ids)
    chosen = g.LogicalAnd(g.Equal(data, extrema), present)
    count = g.UnsortedSegmentSum(g.cast(chosen, dy.dtype), ids, op.num_segments)
    shares, _, _ = _gather_or_zero(g, dy / count, None, places, present)
    zeros = g.zeros_like(shares)
    return g.Select(chosen, shares, zeros), None, None


def unsorted_segment_prod_grad(g, op, dy):
    """Each factor's share is the product of the others; a segment may hold one zero or several."""
    data, ids, count = op.data, op.segment_ids, op.num_segments
    is_zero = g.Equal(data, 0)
    zeros_per_segment = g.UnsortedSegmentSum(g.cast(is_zero, int32), ids, count)
    several = g.Greater(zeros_per_segment, 1)
    dy = g.Select(several, g.zeros_like(dy), dy)
    without_zeros = g.Select(is_zero, g.ones_like(data), data)
    product_of_others = g.UnsortedSegmentProd(without_zeros, ids, count)
    places = g.Maximum(ids, g.zeros_like(ids))
    product = g.gather(op.output, places)
    nonzero_product = g.gather(product_of_others, places)
    quotient = product / data
    slope = g.Select(is_zero, nonzero_product, quotient)
    return _gather_or_zero(g, dy, ids, places)[0] * slope, None, None


_unsorted_op(
    "UnsortedSegmentSum",
    _unsorted_kernel(_added, _zero, "The sum of the rows of each segment; empty ones are 0."),
    unsorted_segment_sum_grad,
    _segments=True,
)
_unsorted_op(
    "UnsortedSegmentProd",
    _unsorted_kernel(_multiplied, _one, "The product of the rows of each segment; 1 of none."),
    unsorted_segment_prod_grad,
)
_unsorted_op(
    "UnsortedSegmentMax",
    _unsorted_kernel(_largest, _finite_lowest, "The largest row of each segment, or the lowest."),
    unsorted_segment_extremum_grad,
    REAL,
)
_unsorted_op(
    "UnsortedSegmentMin",
    _unsorted_kernel(
        _smallest, _finite_highest, "The smallest row of each segment, or the highest."
    ),
    unsorted_segment_extremum_grad,
    REAL,
)
