"""Counting and sorting values into bins, and keeping them within limits.

Source: TF 1.15 core/ops/math_ops.cc, core/kernels/bincount_op.cc, bucketize_op.cc,
histogram_op.cc, compare_and_bitpack_op.cc, clip_op.cc.
"""

from __future__ import annotations

import itertools

import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import INDEX, NUMERIC, float16, float32, float64, int8, int16, int32, int64
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import at_least_rank, with_rank

_COUNTABLE = (int32, int64, float32, float64)
_COUNTS = "counts do not vary smoothly"


@op("Bincount", "arr: int32, size: int32, weights: T -> bins: T", T=_COUNTABLE, _host="size")
def bincount(arr, size, weights, *, T):
    """How often 0, 1, ..., size - 1 occur, or the sums of their weights; no values above.

    Shapes: arr any, weights that of arr or empty -> bins [size].
    """
    values = arr.reshape(-1)
    if bool((values < 0).any()):
        raise errors.invalid("Input arr must be non-negative!")
    if size < 0:
        raise errors.invalid(f"size ({size}) must be non-negative")
    kept = values < size
    values = values[kept]
    dtype = arrays.torch_dtype(T)
    weights = weights.reshape(-1)
    weights = (
        weights[kept] if len(weights) else torch.ones(len(values), dtype=dtype, device=arr.device)
    )
    return torch.zeros(size, dtype=dtype, device=arr.device).index_add_(0, values, weights)


@bincount.shape
def bincount_shape(arr, size, weights):
    with_rank(size, 0)
    if size.value is None:
        return [[None]]
    return [[int(size.value)]]


@op("Bucketize", "input: T -> output: int32", T=_COUNTABLE, boundaries=Attr("list(float)"))
def bucketize(input, *, boundaries):
    """Which interval between boundaries each value lies in; a boundary belongs to the upper one."""
    if any(a > b for a, b in itertools.pairwise(boundaries)):
        raise errors.invalid("Expected sorted boundaries")
    edges = torch.tensor(boundaries, dtype=_edge_type(input.dtype), device=input.device)
    return torch.bucketize(input, edges, out_int32=True, right=True)


def _edge_type(dtype):
    """The type boundaries are compared in: float32, which they are, or the wider float64."""
    return torch.float64 if dtype in (torch.float64, torch.int64, torch.int32) else torch.float32


@bucketize.shape
def bucketize_shape(input):
    return [input]


@op(
    "HistogramFixedWidth",
    "values: T, value_range: T, nbins: int32 -> out: dtype",
    T=_COUNTABLE,
    dtype=type_attr(INDEX, dtypes.int32),
    _host="nbins",
)
def histogram_fixed_width(values, value_range, nbins, *, dtype):
    """How many values lie in each of `nbins` intervals of equal width; outliers go to the ends.

    Shapes: values any, value_range [2], nbins scalar -> out [nbins].
    """
    if nbins <= 0:
        raise errors.invalid(f"nbins should be a positive number, but got '{nbins}'")
    low, high = value_range
    if bool(low >= high):
        raise errors.invalid(
            f"value_range should satisfy value_range[0] < value_range[1], but got '[{low}, {high}]'"
        )
    step = (high - low).double() / nbins
    places = torch.floor((values.reshape(-1) - low).double() / step).clamp(0, nbins - 1)
    counts = torch.bincount(places.long(), minlength=nbins)
    return counts.to(arrays.torch_dtype(dtype))


@histogram_fixed_width.shape
def histogram_fixed_width_shape(values, value_range, nbins):
    with_rank(value_range, 1)
    with_rank(nbins, 0)
    return [[None if nbins.value is None else int(nbins.value)]]


@op(
    "CompareAndBitpack",
    "input: T, threshold: T -> output: uint8",
    T=(dtypes.bool, float16, float32, float64, int8, int16, int32, int64),
)
def compare_and_bitpack(input, threshold):
    """Whether each element is above the threshold, eight answers to a byte, the first one highest.

    Shapes: input [..., 8 n], threshold scalar -> output [..., n].
    """
    if input.dim() < 1 or input.shape[-1] % 8:
        raise errors.invalid(
            f"Inner dimension of input should be divisible by 8, but shape is {list(input.shape)}"
        )
    bits = (input > threshold).reshape(*input.shape[:-1], -1, 8).to(torch.int64)
    weights = torch.tensor([128, 64, 32, 16, 8, 4, 2, 1], device=input.device)
    return (bits * weights).sum(-1).to(torch.uint8)


@compare_and_bitpack.shape
def compare_and_bitpack_shape(input, threshold):
    input = at_least_rank(input, 1)
    last = input[-1]
    return [[*input[:-1], None if last is None else last // 8]]


for _definition in (bucketize, histogram_fixed_width, compare_and_bitpack):
    _definition.no_gradient(_COUNTS)


@op("ClipByValue", "t: T, clip_value_min: T, clip_value_max: T -> output: T", T=NUMERIC)
def clip_by_value(t, clip_value_min, clip_value_max):
    """The elements, or the limits where they lie beyond.

    Shapes: limits scalars or of the shape of t.
    """
    for limit in (clip_value_min, clip_value_max):
        if limit.dim() and limit.shape != t.shape:
            raise errors.invalid(
                "clip_value_min and clip_value_max must be either of the same shape as input, "
                f"or a scalar. input shape: {list(t.shape)}, limit: {list(limit.shape)}"
            )
    return torch.maximum(torch.minimum(t, clip_value_max), clip_value_min)


@clip_by_value.shape
def clip_by_value_shape(t, clip_value_min, clip_value_max):
    return [t]
