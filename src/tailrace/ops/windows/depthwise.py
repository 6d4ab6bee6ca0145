"""Depthwise convolution, each channel with filters of its own, and its gradients.

Source: TF 1.15 core/ops/nn_ops.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from tailrace.dtypes import FLOATS
from tailrace.errors import invalid
from tailrace.ops.windows import conv
from tailrace.ops.windows.conv import Windows
from tailrace.registry import Attr, op
from tailrace.shapes import agree, with_rank

_FACTS: dict[str, Any] = {
    "T": FLOATS,
    "strides": Attr("list(int)"),
    "padding": Attr("string", allowed=(b"SAME", b"VALID")),
    "data_format": Attr("string", b"NHWC", (b"NHWC", b"NCHW")),
    "dilations": Attr("list(int)", [1, 1, 1, 1]),
}


def _weight(filter: torch.Tensor) -> torch.Tensor:
    """A filter [h, w, C, M] as a weight of C groups, [C M, 1, h, w]."""
    h, w, channels, multiplier = filter.shape
    return filter.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, h, w)


def _check(channels: int, filter: Sequence[int]) -> None:
    if channels != filter[2]:
        raise invalid(f"input and filter must have the same depth: {channels} vs {filter[2]}")


@op("DepthwiseConv2dNative", "input: T, filter: T -> output: T", **_FACTS)
def depthwise_conv2d(input, filter, *, strides, padding, data_format, dilations):
    """Convolution of each channel by itself with M filters.

    Shapes: input [B, H, W, C], filter [h, w, C, M] -> [B, H', W', C M].
    """
    windows = Windows.of(strides, dilations, padding, data_format)
    channels = input.shape[windows.layout.channel]
    _check(channels, filter.shape)
    return conv.convolve(input, _weight(filter), windows, channels)


@depthwise_conv2d.shape
def depthwise_conv2d_shape(input, filter, *, strides, padding, data_format, dilations):
    windows = Windows.of(strides, dilations, padding, data_format)
    x, filter = with_rank(input, 4, "input"), with_rank(filter, 4, "filter")
    agree(x[windows.layout.channel], filter[2], "depths of input and filter")
    channels, multiplier = filter[2], filter[3]
    total = None if None in (channels, multiplier) else channels * multiplier
    return [conv.output_shape(list(x), [*filter[:3], total], windows)]


@depthwise_conv2d.flops
def depthwise_conv2d_flops(outputs, input, filter):
    return conv.flops(outputs[0], filter[:3])


@depthwise_conv2d.gradient
def depthwise_conv2d_gradient(g, op, dy):
    facts = conv.facts_of(op)
    return (
        g.DepthwiseConv2dNativeBackpropInput(g.shape(op.input), op.filter, dy, **facts),
        g.DepthwiseConv2dNativeBackpropFilter(op.input, g.shape(op.filter), dy, **facts),
    )


@op(
    "DepthwiseConv2dNativeBackpropInput",
    "input_sizes: int32, filter: T, out_backprop: T -> output: T",
    **_FACTS,
    _host="input_sizes",
)
def depthwise_backprop_input(
    input_sizes, filter, out_backprop, *, strides, padding, data_format, dilations
):
    """The gradient of the depthwise convolution with respect to its input."""
    windows = Windows.of(strides, dilations, padding, data_format)
    channels = input_sizes[windows.layout.channel]
    _check(channels, filter.shape)
    return conv.input_gradient(input_sizes, _weight(filter), out_backprop, windows, channels)


@depthwise_backprop_input.shape
def depthwise_backprop_input_shape(input_sizes, filter, out_backprop):
    return [with_rank(input_sizes.as_shape(), 4)]


@depthwise_backprop_input.flops
def depthwise_backprop_input_flops(outputs, input_sizes, filter, out_backprop):
    return conv.flops(out_backprop, filter[:3])


@depthwise_backprop_input.gradient
def depthwise_backprop_input_gradient(g, op, dy):
    facts = conv.facts_of(op)
    shape = g.shape(op.filter)
    return (
        None,
        g.DepthwiseConv2dNativeBackpropFilter(dy, shape, op.out_backprop, **facts),
        g.DepthwiseConv2dNative(dy, op.filter, **facts),
    )


@op(
    "DepthwiseConv2dNativeBackpropFilter",
    "input: T, filter_sizes: int32, out_backprop: T -> output: T",
    **_FACTS,
    _host="filter_sizes",
)
def depthwise_backprop_filter(
    input, filter_sizes, out_backprop, *, strides, padding, data_format, dilations
):
    """The gradient of the depthwise convolution with respect to its filter."""
    windows = Windows.of(strides, dilations, padding, data_format)
    h, w, channels, multiplier = filter_sizes
    _check(input.shape[windows.layout.channel], filter_sizes)
    shape = [channels * multiplier, 1, h, w]
    weight = conv.weight_gradient(input, shape, out_backprop, windows, channels)
    return weight.reshape(channels, multiplier, h, w).permute(2, 3, 0, 1).contiguous()


@depthwise_backprop_filter.shape
def depthwise_backprop_filter_shape(input, filter_sizes, out_backprop):
    return [with_rank(filter_sizes.as_shape(), 4)]


@depthwise_backprop_filter.flops
def depthwise_backprop_filter_flops(outputs, input, filter_sizes, out_backprop):
    return conv.flops(out_backprop, outputs[0][:3])


@depthwise_backprop_filter.gradient
def depthwise_backprop_filter_gradient(g, op, dy):
    facts = conv.facts_of(op)
    shape = g.shape(op.input)
    return (
        g.DepthwiseConv2dNativeBackpropInput(shape, dy, op.out_backprop, **facts),
        None,
        g.DepthwiseConv2dNative(op.input, dy, **facts),
    )
