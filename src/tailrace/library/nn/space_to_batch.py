"""Gaps in a window by rearranging the image: every rate-th pixel becomes an image of its own.

Source: TF 1.15 python/ops/nn_ops.py (with_space_to_batch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array, blocks
from tailrace.shapes import TensorShape

Function = Callable[[Tensor, Any], Tensor]


def with_space_to_batch(
    input: Any,
    dilation_rate: Any,
    padding: str,
    op: Callable[[Tensor, int, str], Tensor],
    filter_shape: Any = None,
    spatial_dims: Iterable[int] | None = None,
    data_format: str | None = None,
) -> Tensor:
    """`op(input, spatial rank, padding)` as if its window had gaps of dilation_rate - 1."""
    input = convert_to_tensor(input, name="input")

    def build(n: int, padding: str) -> Function:
        return lambda x, _: op(x, n, padding)

    facts = {"filter_shape": filter_shape, "spatial_dims": spatial_dims, "data_format": data_format}
    return SpaceToBatch(input.get_shape(), dilation_rate, padding, build, **facts)(input, None)


class SpaceToBatch:
    """The rearrangement set up for an input's shape; `build(n, padding)` gives what works within.

    Raises: ValueError for rates that are not positive, dimensions out of order, unknown padding.
    """

    def __init__(
        self,
        input_shape: TensorShape,
        dilation_rate: Any,
        padding: str,
        build: Callable[[int, str], Function],
        filter_shape: Any = None,
        spatial_dims: Iterable[int] | None = None,
        data_format: str | None = None,
    ) -> None:
        """The data format says where the spatial dimensions begin unless they are given."""
        self.rate = convert_to_tensor(dilation_rate, dtypes.int32, name="dilation_rate")
        n = _rank(self.rate)
        first_channels = data_format is not None and data_format.startswith("NC")
        start = 2 if first_channels else 1
        self.spatial_dims = _checked_dims(spatial_dims, range(start, start + n))
        last = self.spatial_dims[-1]
        input_shape.with_rank_at_least(last if first_channels else last + 1)
        known = g.known(self.rate)
        self.rate_or_known = self.rate if known is None else known
        if known is not None and (known < 1).any():
            raise ValueError("dilation_rate must be positive")
        self.trivial = known is not None and bool((known == 1).all())
        self.function = build(n, padding if self.trivial else "VALID")
        self.input_shape = input_shape
        self.data_format = data_format
        self.n = n
        if not self.trivial:
            self.base_paddings = self._base_paddings(padding, filter_shape)

    def _base_paddings(self, padding: str, filter_shape: Any) -> Any:
        if padding == "VALID":
            return np.zeros([self.n, 2], np.int32)
        if padding != "SAME":
            raise ValueError(f"Invalid padding method {padding!r}")
        if filter_shape is None:
            raise ValueError("filter_shape must be specified for SAME padding")
        if not (isinstance(filter_shape, TensorShape) and not filter_shape.is_fully_defined()):
            shape = convert_to_tensor(filter_shape, name="filter_shape")
            known = g.known(shape)
            if known is not None:
                return _paddings_of(known, self.n, self.rate_or_known)
        return None

    def __call__(self, input: Tensor, filter: Any) -> Tensor:
        """The function applied to the rearranged input, and the result arranged back."""
        if self.trivial:
            return self.function(input, filter)
        sizes = self._spatial_sizes(input)
        base = self.base_paddings
        if base is None:
            base = _paddings_of(array.shape(filter), self.n, self.rate_or_known)
        paddings, crops = blocks.required_space_to_batch_paddings(
            input_shape=sizes, base_paddings=base, block_shape=self.rate
        )
        rate = _with_gaps(self.rate, 1, self.spatial_dims)
        paddings = _with_gaps(paddings, 0, self.spatial_dims)
        crops = _with_gaps(crops, 0, self.spatial_dims)
        moved = blocks.space_to_batch_nd(input, rate, paddings)
        result = blocks.batch_to_space_nd(self.function(moved, filter), rate, crops)
        first = self.data_format is not None and self.data_format.startswith("NC")
        if first and filter is not None and result.shape[1].value is None:
            dims = result.shape.as_list()
            dims[1] = filter.shape[-1]
            result.set_shape(dims)
        return result

    def _spatial_sizes(self, input: Tensor) -> Any:
        if self.input_shape.ndims is not None:
            dims = self.input_shape.as_list()
            sizes = [dims[i] for i in self.spatial_dims]
            if None not in sizes:
                return sizes
        shape = array.shape(input)
        return array.stack([shape[i] for i in self.spatial_dims])


def _rank(rate: Tensor) -> int:
    if rate.shape.ndims != 1:
        raise ValueError("rate must be rank 1")
    if not rate.shape.is_fully_defined():
        raise ValueError("rate must have known shape")
    return rate.shape.as_list()[0]


def _checked_dims(given: Iterable[int] | None, default: range) -> list[int]:
    dims = list(default if given is None else given)
    if sorted({int(d) for d in dims}) != dims or any(d < 1 for d in dims):
        raise ValueError(
            "spatial_dims must be a montonically increasing sequence of positive integers"
        )
    return dims


def _paddings_of(filter_shape: Any, n: int, rate: Any) -> Tensor:
    """What SAME pads around a filter with gaps. Shapes: -> [n, 2]."""
    window = filter_shape[:n]
    extra = window + (window - 1) * (rate - 1) - 1
    before = extra // 2
    after = extra - before
    return array.stack([[before[i], after[i]] for i in range(n)])


def _with_gaps(values: Tensor, fill: int, dims: list[int]) -> Any:
    """Values per spatial dimension with fillings for the dimensions between them."""
    known = g.known(values)
    rest = values.get_shape().as_list()[1:]
    source: Any = values if known is None else known
    parts = []
    previous = i = 0
    while i < len(dims):
        start = i
        if dims[i] > 1:
            shape = [dims[i] - 1 - previous, *rest]
            parts.append(np.full(shape, fill, values.dtype.as_numpy_dtype))
        while i + 1 < len(dims) and dims[i + 1] == dims[i] + 1:
            i += 1
        parts.append(source[start : i + 1])
        previous = dims[i]
        i += 1
    return array.concat(parts, 0) if known is None else np.concatenate(parts)
