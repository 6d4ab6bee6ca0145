"""Conv2D and its gradients.

Source: TF 1.15 core/ops/nn_ops.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.dtypes import FLOATS
from tailrace.ops.windows import conv
from tailrace.ops.windows.conv import Windows
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank

_FACTS: dict[str, Any] = {
    "T": FLOATS,
    "strides": Attr("list(int)"),
    "use_cudnn_on_gpu": True,
    "padding": Attr("string", allowed=(b"SAME", b"VALID", b"EXPLICIT")),
    "explicit_paddings": Attr("list(int)", []),
    "data_format": Attr("string", b"NHWC", (b"NHWC", b"NCHW")),
    "dilations": Attr("list(int)", [1, 1, 1, 1]),
}


@op("Conv2D", "input: T, filter: T -> output: T", **_FACTS)
def conv2d(input, filter, *, strides, padding, explicit_paddings, data_format, dilations):
    """Convolution (correlation, strictly) of images.

    Shapes: input [B, H, W, I] or [B, I, H, W] as data_format says, filter [h, w, I, O].
    """
    windows = Windows.of(strides, dilations, padding, data_format, explicit_paddings)
    return conv.forward(input, filter, windows)


@conv2d.shape
def conv2d_shape(input, filter, *, strides, padding, explicit_paddings, data_format, dilations):
    windows = Windows.of(strides, dilations, padding, data_format, explicit_paddings)
    return [conv.static_shape(input, filter, windows)]


@conv2d.flops
def conv2d_flops(outputs, input, filter):
    return conv.flops(outputs[0], filter)


@conv2d.gradient
def conv2d_gradient(g, op, dy):
    input_shape, filter_shape = g.ShapeN([op.input, op.filter])
    facts = conv.facts_of(op)
    return (
        g.Conv2DBackpropInput(input_shape, op.filter, dy, **facts),
        g.Conv2DBackpropFilter(op.input, filter_shape, dy, **facts),
    )


@op(
    "Conv2DBackpropInput",
    "input_sizes: int32, filter: T, out_backprop: T -> output: T",
    **_FACTS,
    _host="input_sizes",
)
def conv2d_backprop_input(
    input_sizes,
    filter,
    out_backprop,
    *,
    strides,
    padding,
    explicit_paddings,
    data_format,
    dilations,
):
    """The gradient of Conv2D with respect to its input; also the transposed convolution."""
    windows = Windows.of(strides, dilations, padding, data_format, explicit_paddings)
    return conv.backprop_input(input_sizes, filter, out_backprop, windows)


@conv2d_backprop_input.shape
def conv2d_backprop_input_shape(input_sizes, filter, out_backprop):
    return [with_rank(input_sizes.as_shape(), 4)]


@conv2d_backprop_input.flops
def conv2d_backprop_input_flops(outputs, input_sizes, filter, out_backprop):
    return conv.flops(out_backprop, filter)


@conv2d_backprop_input.gradient
def conv2d_backprop_input_gradient(g, op, dy):
    facts = conv.facts_of(op)
    return (
        None,
        g.Conv2DBackpropFilter(dy, g.shape(op.filter), op.out_backprop, **facts),
        g.Conv2D(dy, op.filter, **facts),
    )


@op(
    "Conv2DBackpropFilter",
    "input: T, filter_sizes: int32, out_backprop: T -> output: T",
    **_FACTS,
    _host="filter_sizes",
)
def conv2d_backprop_filter(
    input,
    filter_sizes,
    out_backprop,
    *,
    strides,
    padding,
    explicit_paddings,
    data_format,
    dilations,
):
    """The gradient of Conv2D with respect to its filter."""
    windows = Windows.of(strides, dilations, padding, data_format, explicit_paddings)
    return conv.backprop_filter(input, filter_sizes, out_backprop, windows)


@conv2d_backprop_filter.shape
def conv2d_backprop_filter_shape(input, filter_sizes, out_backprop):
    return [with_rank(filter_sizes.as_shape(), 4)]


@conv2d_backprop_filter.flops
def conv2d_backprop_filter_flops(outputs, input, filter_sizes, out_backprop):
    return conv.flops(out_backprop, outputs[0])


@conv2d_backprop_filter.gradient
def conv2d_backprop_filter_gradient(g, op, dy):
    facts = conv.facts_of(op)
    return (
        g.Conv2DBackpropInput(g.shape(op.input), dy, op.out_backprop, **facts),
        None,
        g.Conv2D(op.input, dy, **facts),
    )
