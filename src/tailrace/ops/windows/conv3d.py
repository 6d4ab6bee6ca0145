"""Conv3D and its gradients.

Source: TF 1.15 core/ops/nn_ops.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.dtypes import FLOATS, INDEX, float16, float32, float64, int32
from tailrace.ops.windows import conv
from tailrace.ops.windows.conv import Windows
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import with_rank

_STRIDES: dict[str, Any] = {
    "strides": Attr("list(int)", minimum=5),
    "padding": Attr("string", allowed=(b"SAME", b"VALID")),
}
_FACTS: dict[str, Any] = {
    "T": FLOATS,
    **_STRIDES,
    "data_format": Attr("string", b"NDHWC", (b"NDHWC", b"NCDHW")),
    "dilations": Attr("list(int)", [1, 1, 1, 1, 1]),
}
_OLD_FACTS: dict[str, Any] = {
    "T": (float16, float32, float64),
    **_STRIDES,
    "dilations": Attr("list(int)", [1, 1, 1, 1, 1]),
}


@op("Conv3D", "input: T, filter: T -> output: T", **_FACTS)
def conv3d(input, filter, *, strides, padding, data_format, dilations):
    """Convolution of volumes.

    Shapes: input [B, D, H, W, I] or [B, I, D, H, W] as data_format says, filter [d, h, w, I, O].
    """
    windows = Windows.of(strides, dilations, padding, data_format)
    return conv.forward(input, filter, windows)


@conv3d.shape
def conv3d_shape(input, filter, *, strides, padding, data_format, dilations):
    windows = Windows.of(strides, dilations, padding, data_format)
    return [conv.static_shape(input, filter, windows)]


@conv3d.flops
def conv3d_flops(outputs, input, filter):
    return conv.flops(outputs[0], filter)


@conv3d.gradient
def conv3d_gradient(g, op, dy):
    facts = conv.facts_of(op)
    return (
        g.Conv3DBackpropInputV2(g.shape(op.input), op.filter, dy, **facts),
        g.Conv3DBackpropFilterV2(op.input, g.shape(op.filter), dy, **facts),
    )


@op(
    "Conv3DBackpropInputV2",
    "input_sizes: Tshape, filter: T, out_backprop: T -> output: T",
    **_FACTS,
    Tshape=type_attr(INDEX, int32),
    _host="input_sizes",
)
def conv3d_backprop_input(
    input_sizes, filter, out_backprop, *, strides, padding, data_format, dilations
):
    """The gradient of Conv3D with respect to its input; also the transposed convolution."""
    windows = Windows.of(strides, dilations, padding, data_format)
    return conv.backprop_input(input_sizes, filter, out_backprop, windows)


@conv3d_backprop_input.shape
def conv3d_backprop_input_shape(input_sizes, filter, out_backprop):
    return [with_rank(input_sizes.as_shape(), 5)]


@conv3d_backprop_input.flops
def conv3d_backprop_input_flops(outputs, input_sizes, filter, out_backprop):
    return conv.flops(out_backprop, filter)


@conv3d_backprop_input.gradient
def conv3d_backprop_input_gradient(g, op, dy):
    facts = conv.facts_of(op)
    return (
        None,
        g.Conv3DBackpropFilterV2(dy, g.shape(op.filter), op.out_backprop, **facts),
        g.Conv3D(dy, op.filter, **facts),
    )


@op(
    "Conv3DBackpropFilterV2",
    "input: T, filter_sizes: int32, out_backprop: T -> output: T",
    **_FACTS,
    _host="filter_sizes",
)
def conv3d_backprop_filter(
    input, filter_sizes, out_backprop, *, strides, padding, data_format, dilations
):
    """The gradient of Conv3D with respect to its filter."""
    windows = Windows.of(strides, dilations, padding, data_format)
    return conv.backprop_filter(input, filter_sizes, out_backprop, windows)


@conv3d_backprop_filter.shape
def conv3d_backprop_filter_shape(input, filter_sizes, out_backprop):
    return [with_rank(filter_sizes.as_shape(), 5)]


@conv3d_backprop_filter.flops
def conv3d_backprop_filter_flops(outputs, input, filter_sizes, out_backprop):
    return conv.flops(out_backprop, outputs[0])


@conv3d_backprop_filter.gradient
def conv3d_backprop_filter_gradient(g, op, dy):
    facts = conv.facts_of(op)
    return (
        g.Conv3DBackpropInputV2(g.shape(op.input), dy, op.out_backprop, **facts),
        None,
        g.Conv3D(op.input, dy, **facts),
    )


# -- the older forms, which take a tensor for its shape --------------------------------------------


@op("Conv3DBackpropInput", "input: T, filter: T, out_backprop: T -> output: T", **_OLD_FACTS)
def conv3d_backprop_input_v1(input, filter, out_backprop, *, strides, padding, dilations):
    """As Conv3DBackpropInputV2, for an input of the shape of `input`."""
    windows = Windows.of(strides, dilations, padding, b"NDHWC")
    return conv.backprop_input(input.shape, filter, out_backprop, windows)


@conv3d_backprop_input_v1.shape
def conv3d_backprop_input_v1_shape(input, filter, out_backprop):
    return [with_rank(input, 5)]


conv3d_backprop_input_v1.flops(conv3d_backprop_input_flops)


@op("Conv3DBackpropFilter", "input: T, filter: T, out_backprop: T -> output: T", **_OLD_FACTS)
def conv3d_backprop_filter_v1(input, filter, out_backprop, *, strides, padding, dilations):
    """As Conv3DBackpropFilterV2, for a filter of the shape of `filter`."""
    windows = Windows.of(strides, dilations, padding, b"NDHWC")
    return conv.backprop_filter(input, filter.shape, out_backprop, windows)


@conv3d_backprop_filter_v1.shape
def conv3d_backprop_filter_v1_shape(input, filter, out_backprop):
    return [with_rank(filter, 5)]


conv3d_backprop_filter_v1.flops(conv3d_backprop_filter_flops)
