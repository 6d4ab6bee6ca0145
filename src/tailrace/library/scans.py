"""Running sums along an axis, and counts of values.

Source: TF 1.15 python/ops/math_ops.py, histogram_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.arithmetic import truediv
from tailrace.library.clip import clip_by_value
from tailrace.library.reductions import reduce_max, reduce_prod


def cumsum(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The sum of each element and those before it along `axis`; `exclusive` without itself."""
    with g.name_scope(name, "Cumsum") as scope:
        x = convert_to_tensor(x, name="x")
        return g.Cumsum(x, axis, exclusive=exclusive, reverse=reverse, name=scope)


def cumprod(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The product of each element and those before it along `axis`; `exclusive` without itself."""
    with g.name_scope(name, "Cumprod") as scope:
        x = convert_to_tensor(x, name="x")
        return g.Cumprod(x, axis, exclusive=exclusive, reverse=reverse, name=scope)


def cumulative_logsumexp(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """log(sum(exp)) of each element and those before it along `axis`."""
    with g.name_scope(name, "CumulativeLogsumexp") as scope:
        x = convert_to_tensor(x, name="x")
        return g.CumulativeLogsumexp(x, axis, exclusive=exclusive, reverse=reverse, name=scope)


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = dtypes.int32,
) -> Tensor:
    """How often each of the integers from 0 occurs in `arr`, or the sums of their weights.

    Shapes: arr any -> [largest value + 1], at least `minlength`, at most `maxlength`.
    """
    with g.name_scope("bincount"):
        arr = convert_to_tensor(arr, name="arr", dtype=dtypes.int32)
        nonempty = reduce_prod(g.shape(arr)) > 0
        size = g.cast(nonempty, dtypes.int32) * (reduce_max(arr) + 1)
        if minlength is not None:
            minlength = convert_to_tensor(minlength, name="minlength", dtype=dtypes.int32)
            size = g.Maximum(minlength, size)
        if maxlength is not None:
            maxlength = convert_to_tensor(maxlength, name="maxlength", dtype=dtypes.int32)
            size = g.Minimum(maxlength, size)
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            return g.UnsortedSegmentSum(weights, arr, size)
        return g.Bincount(arr, size, g.constant([], dtype))


def histogram_fixed_width_bins(
    values: Any,
    value_range: Any,
    nbins: Any = 100,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """Which of `nbins` equal intervals each value lies in; outliers lie in the ends.

    The result is int32 whatever `dtype` says, as in TensorFlow.
    """
    with g.name_scope(name, "histogram_fixed_width_bins"):
        values = convert_to_tensor(values, name="values")
        shape = g.shape(values)
        flat = g.Reshape(values, [-1])
        value_range = convert_to_tensor(value_range, name="value_range")
        nbins = convert_to_tensor(nbins, dtype=dtypes.int32, name="nbins")
        count = g.cast(nbins, flat.dtype)
        above = flat - value_range[0]
        share = truediv(above, value_range[1] - value_range[0], name="scaled_values")
        place = g.Floor(count * share, name="indices")
        return g.Reshape(g.cast(clip_by_value(place, 0, count - 1), dtypes.int32), shape)


def histogram_fixed_width(
    values: Any,
    value_range: Any,
    nbins: Any = 100,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """How many values lie in each of `nbins` equal intervals; outliers count at the ends."""
    with g.name_scope(name, "histogram_fixed_width") as scope:
        return g.HistogramFixedWidth(values, value_range, nbins, dtype=dtype, name=scope)
