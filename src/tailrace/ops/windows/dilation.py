"""Grey-scale dilation (and through it erosion) of images, and its gradients.

Source: TF 1.15 core/ops/nn_ops.cc, core/kernels/dilation_ops.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

from tailrace import ordering
from tailrace.dtypes import REAL
from tailrace.ops.windows import geometry
from tailrace.registry import Attr, op
from tailrace.shapes import agree, with_rank

_FACTS: dict[str, Any] = {
    "T": REAL,
    "strides": Attr("list(int)", minimum=4),
    "rates": Attr("list(int)", minimum=4),
    "padding": Attr("string", allowed=(b"SAME", b"VALID")),
}


def _candidates(x: torch.Tensor, filter: torch.Tensor, strides: Any, rates: Any, padding: bytes):
    """All sums of which the output takes the largest, and the padding they were made with.

    Shapes: x [B, H, W, C], filter [h, w, C] -> [B, C, h w, H' W'].
    """
    rows, columns, channels = filter.shape
    window, steps, spread = (rows, columns), tuple(strides[1:3]), tuple(rates[1:3])
    padded = geometry.pads(x.shape[1:3], window, steps, spread, padding)
    image = geometry.pad(x.movedim(-1, 1).to(torch.float64), padded, -math.inf)
    patches = F.unfold(image, window, dilation=spread, stride=steps)
    patches = patches.reshape(len(x), channels, rows * columns, -1)
    return patches + filter.reshape(rows * columns, channels).t()[None, :, :, None], padded


def _output_space(x: Any, filter: Any, strides: Any, rates: Any, padding: bytes) -> list[Any]:
    return [
        geometry.output_size(x[i], filter[i - 1], strides[i], rates[i], padding) for i in (1, 2)
    ]


@op("Dilation2D", "input: T, filter: T -> output: T", **_FACTS)
def dilation2d(input, filter, *, strides, rates, padding):
    """The largest sum of image and filter in each window.

    Shapes: input [B, H, W, C], filter [h, w, C] -> [B, H', W', C].
    """
    sums, _ = _candidates(input, filter, strides, rates, padding)
    space = _output_space(input.shape, filter.shape, strides, rates, padding)
    # TF: NaN counts for nothing
    sums = ordering.without_nan(sums, torch.finfo(torch.float32).min)
    largest = sums.amax(2).reshape(*sums.shape[:2], *space)
    return largest.movedim(1, -1).to(input.dtype).contiguous()


@dilation2d.shape
def dilation2d_shape(input, filter, *, strides, rates, padding):
    x, f = with_rank(input, 4), with_rank(filter, 3)
    depth = agree(x[3], f[2], "depths of input and filter")
    return [[x[0], *_output_space(x, f, strides, rates, padding), depth]]


@dilation2d.gradient
def dilation2d_gradient(g, op, dy):
    facts = {"strides": op.strides, "rates": op.rates, "padding": op.padding}
    return (
        g.Dilation2DBackpropInput(op.input, op.filter, dy, **facts),
        g.Dilation2DBackpropFilter(op.input, op.filter, dy, **facts),
    )


def _at_maxima(input: Any, filter: Any, dy: Any, strides: Any, rates: Any, padding: bytes):
    """The gradients where the largest sums are. Shapes: -> [B, C, h w, H' W'], and the padding."""
    sums, padded = _candidates(input, filter, strides, rates, padding)
    gradient = dy.movedim(-1, 1).flatten(2).to(torch.float64).unsqueeze(2)
    return torch.zeros_like(sums).scatter_(2, sums.argmax(2, keepdim=True), gradient), padded


@op(
    "Dilation2DBackpropInput",
    "input: T, filter: T, out_backprop: T -> in_backprop: T",
    **_FACTS,
)
def dilation2d_backprop_input(input, filter, out_backprop, *, strides, rates, padding):
    """The gradient of Dilation2D with respect to the image."""
    spread, padded = _at_maxima(input, filter, out_backprop, strides, rates, padding)
    size = tuple(s + sum(p) for s, p in zip(input.shape[1:3], padded, strict=True))
    image = F.fold(
        spread.flatten(1, 2),
        size,
        tuple(filter.shape[:2]),
        dilation=tuple(rates[1:3]),
        stride=tuple(strides[1:3]),
    )
    return geometry.unpad(image, padded).movedim(1, -1).to(input.dtype).contiguous()


@dilation2d_backprop_input.shape
def dilation2d_backprop_input_shape(input, filter, out_backprop):
    return [input]


@op(
    "Dilation2DBackpropFilter",
    "input: T, filter: T, out_backprop: T -> filter_backprop: T",
    **_FACTS,
)
def dilation2d_backprop_filter(input, filter, out_backprop, *, strides, rates, padding):
    """The gradient of Dilation2D with respect to the filter."""
    spread, _ = _at_maxima(input, filter, out_backprop, strides, rates, padding)
    return spread.sum((0, 3)).t().reshape(filter.shape).to(filter.dtype)


@dilation2d_backprop_filter.shape
def dilation2d_backprop_filter_shape(input, filter, out_backprop):
    return [filter]
