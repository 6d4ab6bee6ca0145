"""`tf.nn`: transposed convolutions of two and three dimensions.

Source: TF 1.15 python/ops/nn_ops.py.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import numpy as np

from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array, blocks
from tailrace.library.arguments import either
from tailrace.library.nn.convolution import channels_at, conv1d_transpose, per_dimension


def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: str = "SAME",
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose (the gradient) of `conv2d`.

    Shapes: value [B, H, W, I], filter [h, w, O, I], output_shape [4].
    """
    value = either("input", input, "value", value)
    filter = either("filters", filters, "filter", filter)
    with g.name_scope(name, "conv2d_transpose") as outer:
        return _conv2d_transpose(
            value, filter, output_shape, strides, padding, data_format, dilations, outer
        )


def _conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    with g.name_scope(name, "conv2d_transpose") as scope:
        data_format = data_format or "NHWC"
        channels = channels_at(data_format, 2)
        return g.Conv2DBackpropInput(
            output_shape,
            filters,
            input,
            strides=per_dimension(strides, 2, channels, "strides"),
            padding=padding,
            data_format=data_format,
            dilations=per_dimension(dilations, 2, channels, "dilations"),
            name=scope,
        )


def conv3d_transpose(
    value: Any,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: str = "SAME",
    data_format: str | None = "NDHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose (the gradient) of `conv3d`.

    Shapes: value [B, D, H, W, I], filter [d, h, w, O, I], output_shape [5].
    """
    value = either("input", input, "value", value)
    filter = either("filters", filters, "filter", filter)
    return _conv3d_transpose(
        value, filter, output_shape, strides, padding, data_format, dilations, name
    )


def _conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    with g.name_scope(name, "conv3d_transpose") as scope:
        data_format = data_format or "NDHWC"
        channels = channels_at(data_format, 3)
        return g.Conv3DBackpropInputV2(
            output_shape,
            filters,
            input,
            strides=per_dimension(strides, 3, channels, "strides"),
            padding=padding,
            data_format=data_format,
            dilations=per_dimension(dilations, 3, channels, "dilations"),
            name=scope,
        )


def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of a convolution over as many dimensions as `output_shape` says.

    Raises: ValueError when those are not one to three.
    """
    with g.name_scope(name, "conv_transpose") as scope:
        if isinstance(output_shape, Tensor):
            n = output_shape.shape.as_list()[0] - 2
        elif isinstance(output_shape, Sized):
            n = len(output_shape) - 2
        else:
            raise ValueError("output_shape must be a tensor or sized collection.")
        if not 1 <= n <= 3:
            raise ValueError(f"output_shape must be of length 3, 4 or 5 but was {n + 2}.")
        function = (conv1d_transpose, _conv2d_transpose, _conv3d_transpose)[n - 1]
        return function(
            input, filters, output_shape, strides, padding, data_format, dilations, scope
        )


def atrous_conv2d_transpose(
    value: Any,
    filters: Any,
    output_shape: Any,
    rate: int,
    padding: str,
    name: str | None = None,
) -> Tensor:
    """The transpose of `atrous_conv2d`.

    Raises: ValueError when channels do not match or the rate is not positive.
    """
    with g.name_scope(name, "atrous_conv2d_transpose"):
        value = convert_to_tensor(value, name="value")
        filters = convert_to_tensor(filters, name="filters")
        _check_channels(value.shape[3], filters.shape[3], "value's", "filters'")
        if rate < 1:
            raise ValueError(f"rate {rate} cannot be less than one")
        if rate == 1:
            facts = {"strides": [1, 1, 1, 1], "padding": padding, "data_format": "NHWC"}
            return conv2d_transpose(value, filters, output_shape, **facts)
        as_tensor = convert_to_tensor(output_shape, name="output_shape")
        if not as_tensor.shape.is_compatible_with([4]):
            raise ValueError(f"output_shape must have shape (4,), got {as_tensor.shape}")
        if isinstance(output_shape, (list, tuple, np.ndarray)):
            output_shape = list(output_shape)
            _check_channels(filters.shape[2], output_shape[3], "filter's", "output_shape's")
        return _atrous_transposed(value, filters, output_shape, rate, padding)


def _check_channels(a: Any, b: Any, of_a: str, of_b: str) -> None:
    if not a.is_compatible_with(b):
        raise ValueError(f"{of_a} channels do not match {of_b} channels, {a} != {b}")


def _atrous_transposed(
    value: Tensor, filters: Tensor, output_shape: Any, rate: int, padding: str
) -> Tensor:
    if padding == "SAME":
        static = filters.shape.is_fully_defined()
        shape = filters.shape.as_list() if static else array.shape(filters)
        pads = []
        extents = [shape[i] + (shape[i] - 1) * (rate - 1) for i in (0, 1)]
        for extra in [extent - 1 for extent in extents]:
            before = extra // 2
            pads.append((before, extra - before))
    elif padding == "VALID":
        pads = [(0, 0), (0, 0)]
    else:
        raise ValueError(f"padding must be either VALID or SAME: {padding}")
    (top, bottom), (left, right) = pads
    height = output_shape[1] + top + bottom
    width = output_shape[2] + left + right
    below = (rate - height % rate) % rate
    beside = (rate - width % rate) % rate
    value = blocks.space_to_batch(value, [[0, below], [0, beside]], block_size=rate)
    sizes = [
        rate * rate * output_shape[0],
        (height + below) // rate,
        (width + beside) // rate,
        output_shape[3],
    ]
    value = g.Conv2DBackpropInput(
        sizes, filters, value, strides=[1, 1, 1, 1], padding="VALID", data_format="NHWC"
    )
    crops = [[top, bottom + below], [left, right + beside]]
    return blocks.batch_to_space(value, crops, block_size=rate)
