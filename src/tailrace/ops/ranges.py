"""Sequences of numbers.

Source: TF 1.15 core/ops/math_ops.cc, core/kernels/sequence_ops.cc.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import INDEX, bfloat16, float32, float64, int32, int64
from tailrace.errors import ShapeError
from tailrace.registry import op, type_attr
from tailrace.shapes import with_rank


def _range_size(start, limit, delta):
    """How many numbers there are. Raises: ValueError when they never come to the limit."""
    if delta == 0:
        raise ValueError(f"Requires delta != 0: {delta}")
    if delta > 0 and start > limit:
        raise ValueError(f"Requires start <= limit when delta > 0: {start}/{limit}")
    if delta < 0 and start < limit:
        raise ValueError(f"Requires start >= limit when delta < 0: {start}/{limit}")
    if isinstance(start, int):
        return -((start - limit) // delta)
    return math.ceil(abs((limit - start) / delta))


@op(
    "Range",
    "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx",
    Tidx=type_attr((bfloat16, float32, float64, int32, int64), int32),
    _host=("start", "limit", "delta"),
    _static=True,
)
def range_(start, limit, delta, *, Tidx):
    """start, start + delta, start + 2 delta, ... below `limit` (above it, if delta is negative).

    Shapes: scalars -> output [n].
    """
    try:
        size = _range_size(start, limit, delta)
    except ValueError as error:
        raise errors.invalid(str(error)) from None
    dtype = arrays.torch_dtype(Tidx)
    if Tidx in INDEX:
        return torch.arange(start, start + size * delta, delta, dtype=dtype)
    # TF: each number is the one before plus delta, rounded
    steps = np.full(size, delta, Tidx.as_numpy_dtype)
    steps[:1] = start
    if Tidx is bfloat16:
        return _accumulated(
            torch.tensor(start, dtype=dtype), torch.tensor(delta, dtype=dtype), size
        )
    return torch.tensor(np.add.accumulate(steps))


def _accumulated(value, delta, size):
    values = []
    for _ in range(size):
        values.append(value)
        value = value + delta
    return torch.stack(values) if values else value.new_empty(0)


@range_.shape
def range_shape(start, limit, delta):
    for scalar in (start, limit, delta):
        with_rank(scalar, 0)
    values = [x.value for x in (start, limit, delta)]
    if any(value is None for value in values):
        return [[None]]
    try:
        return [[_range_size(*(value.item() for value in values))]]
    except ValueError as error:
        raise ShapeError(str(error)) from None


range_.no_gradient("TensorFlow declares none")


@op(
    "LinSpace",
    "start: T, stop: T, num: Tidx -> output: T",
    T=(bfloat16, float32, float64),
    Tidx=type_attr(INDEX, dtypes.int32),
    _host="num",
)
def lin_space(start, stop, num):
    """`num` numbers at equal distances, from `start` to `stop`.

    Shapes: scalars -> output [num].
    """
    if num <= 0:
        raise errors.invalid(f"Requires num > 0: {num}")
    if num == 1:
        return start.reshape(1).clone()
    step = (stop - start) / (num - 1)
    values = start + step * torch.arange(num, dtype=start.dtype, device=start.device)
    values[-1] = stop
    return values


@lin_space.shape
def lin_space_shape(start, stop, num):
    for scalar in (start, stop, num):
        with_rank(scalar, 0)
    if num.value is None:
        return [[None]]
    if num.value <= 0:
        raise ShapeError(f"Requires num > 0: {num.value}")
    return [[int(num.value)]]


lin_space.no_gradient("TensorFlow declares none")
