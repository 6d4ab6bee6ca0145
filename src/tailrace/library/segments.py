"""Sums, means and extrema over segments: rows with the same segment id become one row.

Source: TF 1.15 python/ops/math_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.array import ones


def _segment(op_type: str, name: str, what: str) -> Callable[..., Tensor]:
    def function(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
        return getattr(g, op_type)(data, segment_ids, name=name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{what} of the rows of each segment; ids are sorted.

    Shapes: data [n, ...], segment_ids [n] -> [last id + 1, ...].
    """
    return function


segment_sum = _segment("SegmentSum", "segment_sum", "The sum")
segment_mean = _segment("SegmentMean", "segment_mean", "The mean")
segment_prod = _segment("SegmentProd", "segment_prod", "The product")
segment_max = _segment("SegmentMax", "segment_max", "The largest")
segment_min = _segment("SegmentMin", "segment_min", "The smallest")


def _unsorted(op_type: str, name: str, what: str) -> Callable[..., Tensor]:
    def function(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
        return getattr(g, op_type)(data, segment_ids, num_segments, name=name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{what} of the rows of each segment; ids in any order, negative ones drop.

    Shapes: data [n..., d...], segment_ids [n...] -> [num_segments, d...].
    """
    return function


unsorted_segment_sum = _unsorted("UnsortedSegmentSum", "unsorted_segment_sum", "The sum")
unsorted_segment_prod = _unsorted("UnsortedSegmentProd", "unsorted_segment_prod", "The product")
unsorted_segment_max = _unsorted("UnsortedSegmentMax", "unsorted_segment_max", "The largest")
unsorted_segment_min = _unsorted("UnsortedSegmentMin", "unsorted_segment_min", "The smallest")


def _segment_sizes(data: Tensor, segment_ids: Tensor, num_segments: Any) -> Tensor:
    """How many rows each segment has, at least 1, in a shape that broadcasts with the sums."""
    weights = ones(g.shape(segment_ids), dtype=data.dtype)
    sizes = g.UnsortedSegmentSum(weights, segment_ids, num_segments)
    inner_rank = data.shape.ndims - segment_ids.shape.ndims  # type: ignore[operator]
    sizes = g.Reshape(sizes, [num_segments] + [1] * inner_rank)
    return g.Maximum(sizes, 1)


def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The mean of the rows of each segment; ids in any order, negative ones drop."""
    with g.name_scope(name, "UnsortedSegmentMean"):
        data = convert_to_tensor(data)
        segment_ids = convert_to_tensor(segment_ids)
        sizes = _segment_sizes(data, segment_ids, num_segments)
        sums = g.UnsortedSegmentSum(data, segment_ids, num_segments)
        return sums / sizes


def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The sum of the rows of each segment divided by the square root of their number."""
    with g.name_scope(name, "UnsortedSegmentSqrtN"):
        data = convert_to_tensor(data)
        segment_ids = convert_to_tensor(segment_ids)
        sizes = _segment_sizes(data, segment_ids, num_segments)
        sums = g.UnsortedSegmentSum(data, segment_ids, num_segments)
        return sums / g.Sqrt(sizes)


def _sparse_segment(op_type: str, name: str, what: str) -> Callable[..., Tensor]:
    def function(
        data: Any,
        indices: Any,
        segment_ids: Any,
        name: str | None = None,
        num_segments: Any = None,
    ) -> Tensor:
        if num_segments is None:
            return getattr(g, op_type)(data, indices, segment_ids, name=name)
        counted = getattr(g, f"{op_type}WithNumSegments")
        return counted(data, indices, segment_ids, num_segments, name=name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{what} of the rows `data[indices]` that have the same segment id.

    Shapes: data [n, ...], indices [k], segment_ids [k], sorted -> [num_segments, ...].
    """
    return function


sparse_segment_sum = _sparse_segment("SparseSegmentSum", "sparse_segment_sum", "The sum")
sparse_segment_mean = _sparse_segment("SparseSegmentMean", "sparse_segment_mean", "The mean")
sparse_segment_sqrt_n = _sparse_segment(
    "SparseSegmentSqrtN", "sparse_segment_sqrt_n", "The sum over the root of the number"
)
