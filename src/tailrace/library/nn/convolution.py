"""`tf.nn`: convolutions and their transposes.

Source: TF 1.15 python/ops/nn_ops.py, nn_impl.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array
from tailrace.library.arguments import either
from tailrace.library.nn.space_to_batch import SpaceToBatch, with_space_to_batch
from tailrace.shapes import TensorShape


def per_dimension(value: Any, n: int, channel_index: int, name: str) -> list[Any]:
    """An entry per dimension from one number, one per spatial dimension, or all of them.

    Raises: ValueError for another count.
    """
    value = [1] if value is None else value
    value = list(value) if hasattr(value, "__len__") else [value]
    if len(value) == n + 2:
        return value
    if len(value) not in (1, n):
        raise ValueError(f"{name} should be of length 1, {n} or {n + 2} but was {len(value)}")
    value = value * n if len(value) == 1 else value
    return [1, 1, *value] if channel_index == 1 else [1, *value, 1]


def channels_at(data_format: str | None, n: int) -> int:
    """The dimension of the channels among n spatial ones."""
    return 1 if data_format is not None and data_format.startswith("NC") else n + 1


def _explicit(padding: Any) -> tuple[str, list[int]]:
    """The padding's name and amounts, from a name or [[before, after], ...] per dimension."""
    if isinstance(padding, str) and padding == "EXPLICIT":
        raise ValueError(
            '"EXPLICIT" is not a valid value for the padding parameter. To use explicit padding, '
            "the padding parameter must be a list."
        )
    if not isinstance(padding, (list, tuple)):
        return padding, []
    for i, pair in enumerate(padding):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(
                "When padding is a list, each element of padding must be a list/tuple of size 2. "
                f"Element with index {i} of padding is {pair!r}"
            )
    if len(padding) != 4:
        raise ValueError(
            f"When padding is a list, it must be of size 4. Got padding of size: {len(padding)}"
        )
    return "EXPLICIT", [amount for pair in padding for amount in pair]


# -- two and three dimensions ----------------------------------------------------------------------


def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str | None = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """Convolution of images.

    Shapes: input [B, H, W, I] (or [B, I, H, W] in NCHW), filter [h, w, I, O].
    """
    filter = either("filters", filters, "filter", filter)
    padding, explicit = _explicit(padding)
    data_format = data_format or "NHWC"
    channels = channels_at(data_format, 2)
    return g.Conv2D(
        input,
        filter,
        strides=per_dimension(strides, 2, channels, "strides"),
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=per_dimension(dilations, 2, channels, "dilations"),
        name=name,
    )


def conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of `conv2d` with respect to its filter."""
    padding, explicit = _explicit(padding)
    return g.Conv2DBackpropFilter(
        input,
        filter_sizes,
        out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


def conv2d_backprop_input(
    input_sizes: Any,
    filter: Any = None,
    out_backprop: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """The gradient of `conv2d` with respect to its input."""
    filter = either("filters", filters, "filter", filter)
    padding, explicit = _explicit(padding)
    return g.Conv2DBackpropInput(
        input_sizes,
        filter,
        out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: str = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """Convolution of volumes.

    Shapes: input [B, D, H, W, I] (or [B, I, D, H, W] in NCDHW), filter [d, h, w, I, O].
    """
    filter = either("filters", filters, "filter", filter)
    return g.Conv3D(
        input,
        filter,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


# -- one dimension ---------------------------------------------------------------------------------


def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool | None = None,
    data_format: str | None = None,
    name: str | None = None,
    input: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Convolution of sequences, as images of one row.

    Shapes: value [B, T, I] (or [B, I, T] in NCW), filters [t, I, O].
    Raises: ValueError for another data format.
    """
    value = either("input", input, "value", value)
    with g.name_scope(name, "conv1d") as scope:
        data_format, space, channels = _of_sequences(data_format)
        strides = [1, *per_dimension(stride, 1, channels, "stride")]
        dilations = [1, *per_dimension(dilations, 1, channels, "dilations")]
        value = array.expand_dims(value, space)
        result = g.Conv2D(
            value,
            array.expand_dims(filters, 0),
            strides=strides,
            padding=padding,
            use_cudnn_on_gpu=use_cudnn_on_gpu,
            data_format=data_format,
            dilations=dilations,
            name=scope,
        )
        return array.squeeze(result, [space])


def _of_sequences(data_format: str | None) -> tuple[str, int, int]:
    """The format of images of one row, the row's dimension, and the sequence's of channels."""
    if data_format in (None, "NHWC", "NWC"):
        return "NHWC", 1, 2
    if data_format in ("NCHW", "NCW"):
        return "NCHW", 2, 1
    raise ValueError('data_format must be "NWC" or "NCW".')


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str | None = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv1d`.

    Shapes: input [B, T, I], filters [t, O, I], output_shape [3].
    """
    with g.name_scope(name, "conv1d_transpose") as scope:
        if data_format not in (None, "NWC", "NCW"):
            raise ValueError('data_format must be "NWC" or "NCW".')
        data_format, space, channels = _of_sequences(data_format)
        strides = [1, *per_dimension(strides, 1, channels, "stride")]
        dilations = [1, *per_dimension(dilations, 1, channels, "dilations")]
        input = array.expand_dims(input, space)
        filters = array.expand_dims(filters, 0)
        shape = output_shape if isinstance(output_shape, Tensor) else list(output_shape)
        result = g.Conv2DBackpropInput(
            array.concat([shape[:space], [1], shape[space:]], 0),
            filters,
            input,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilations=dilations,
            name=scope,
        )
        return array.squeeze(result, space)


# -- any number of dimensions ----------------------------------------------------------------------


def convolution(
    input: Any,
    filter: Any = None,
    padding: str = "VALID",
    strides: Any = None,
    dilation_rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Convolution over one, two or three spatial dimensions, with strides or with gaps.

    Raises: ValueError for other ranks, or strides along with dilations.
    """
    filter = either("filters", filters, "filter", filter)
    rate = either("dilations", dilations, "dilation_rate", dilation_rate)
    n = _spatial_rank(input, filter)
    channels = channels_at(data_format, n)
    strides = per_dimension(strides, n, channels, "strides")
    rate = per_dimension(rate, n, channels, "dilations")
    with g.name_scope(name, "convolution") as scope:
        if all(r == 1 for r in rate):
            add = (conv1d, g.Conv2D, g.Conv3D)[n - 1]
            key = "stride" if n == 1 else "strides"
            facts = {key: strides, "padding": padding, "data_format": data_format}
            return add(input, filter, dilations=rate, name=scope, **facts)
        space = slice(2, None) if channels == 1 else slice(1, -1)
        facts = {"padding": padding, "data_format": data_format}
        return Convolution(
            TensorShape(input.shape),
            TensorShape(filter.shape),
            strides=strides[space],
            dilation_rate=rate[space],
            name=scope,
            **facts,
        )(input, filter)


def _spatial_rank(input: Any, filter: Any) -> int:
    ranks = [len(s) for s in (input.shape, filter.shape) if TensorShape(s).rank is not None]
    if not ranks:
        raise ValueError("rank of input or filter must be known")
    if not 3 <= ranks[0] <= 5:
        raise ValueError(f"Input tensor must be of rank 3, 4 or 5 but was {ranks[0]}.")
    return ranks[0] - 2


def strides_and_rates(n: int, strides: Any, rate: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of n numbers. Raises: ValueError when one is not positive or both are used."""
    rate = [1] * n if rate is None else rate
    strides = [1] * n if strides is None else strides
    for given, what in ((rate, "dilation_rate"), (strides, "strides")):
        if len(given) != n:
            raise ValueError(f"len({what})={len(given)} but should be {n}")
        if any(v < 1 for v in given):
            raise ValueError(f"all values of {what} must be positive")
    if max(strides) > 1 and max(rate) > 1:
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    return np.array(strides, np.int32), np.array(rate, np.int32)


class Convolution:
    """A convolution set up for shapes of input and filter, to be applied to tensors of them."""

    def __init__(
        self,
        input_shape: TensorShape,
        filter_shape: TensorShape,
        padding: str,
        strides: Any = None,
        dilation_rate: Any = None,
        name: str | None = None,
        data_format: str | None = None,
    ) -> None:
        """Raises: ValueError for unknown ranks, depths that differ, strides with dilations."""
        total = filter_shape.ndims if filter_shape.ndims is not None else input_shape.ndims
        if total is None:
            raise ValueError("rank of input or filter must be known")
        n = total - 2
        input_shape.with_rank(total)
        filter_shape.with_rank(total)
        place = channels_at(data_format, n)
        _check_depths(input_shape, filter_shape, place, n)
        first = 2 if place == 1 else 1
        self.strides, rate = strides_and_rates(n, strides, dilation_rate)
        self.name = name
        self.data_format = data_format
        self._call = SpaceToBatch(
            input_shape,
            rate,
            padding,
            lambda _, inner: lambda x, f: self._convolve(x, f, inner),
            filter_shape=filter_shape,
            spatial_dims=range(first, first + n),
            data_format=data_format,
        )

    def __call__(self, input: Tensor, filter: Tensor) -> Tensor:
        """The convolution of `input` with `filter`."""
        return self._call(input, filter)

    def _convolve(self, input: Tensor, filter: Tensor, padding: str) -> Tensor:
        """Without gaps: they have been moved to the batch."""
        steps = [int(s) for s in self.strides]
        facts: dict[str, Any] = {"padding": padding, "name": self.name}
        if len(steps) == 1:
            return conv1d(input, filter, steps[0], data_format=self.data_format or "NWC", **facts)
        first = self.data_format is not None and self.data_format.startswith("NC")
        facts["strides"] = [1, 1, *steps] if first else [1, *steps, 1]
        if len(steps) == 2:
            return conv2d(input, filter, data_format=self.data_format or "NHWC", **facts)
        return g.Conv3D(input, filter, data_format=self.data_format, **facts)


def _check_depths(input_shape: TensorShape, filter_shape: TensorShape, place: int, n: int) -> None:
    if input_shape.ndims is None or filter_shape.ndims is None:
        return
    depth, wanted = input_shape[place], filter_shape[n]
    if not depth.is_compatible_with(wanted):
        raise ValueError(
            "number of input channels does not match corresponding dimension of filter, "
            f"{depth} != {wanted}"
        )


def atrous_conv2d(
    value: Any, filters: Any, rate: int, padding: str, name: str | None = None
) -> Tensor:
    """Convolution with gaps of `rate` - 1 between the filter's elements."""
    return convolution(value, filters, padding, dilation_rate=[rate, rate], name=name)


# -- depthwise -------------------------------------------------------------------------------------


def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Convolution of each channel by itself; strides has four entries.

    Shapes: input [B, H, W, C], filter [h, w, C, M] -> [B, H', W', C M].
    """
    return g.DepthwiseConv2dNative(
        input,
        filter,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: str,
    rate: Sequence[int] | None = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Convolution of each channel by itself, with gaps of rate - 1 between filter elements.

    Shapes: input [B, H, W, C], filter [h, w, C, M] -> [B, H', W', C M].
    """
    rate = either("dilations", dilations, "rate", rate)
    with g.name_scope(name, "depthwise") as scope:
        input = convert_to_tensor(input, name="tensor_in")
        filter = convert_to_tensor(filter, name="filter_in")
        rate = [1, 1] if rate is None else rate

        def convolve(x: Tensor, _: Any, padding: str) -> Tensor:
            facts = {"padding": padding, "data_format": data_format, "name": scope}
            return depthwise_conv2d_native(x, filter, strides, **facts)

        return with_space_to_batch(
            input, rate, padding, convolve, array.shape(filter), data_format=data_format
        )


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: str,
    rate: Sequence[int] | None = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """A depthwise convolution followed by one that mixes the channels at each place.

    Shapes: depthwise_filter [h, w, C, M], pointwise_filter [1, 1, C M, O].
    """
    rate = either("dilations", dilations, "rate", rate)
    with g.name_scope(name, "separable_conv2d") as scope:
        input = convert_to_tensor(input, name="tensor_in")
        depthwise_filter = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise_filter = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        mixing = pointwise_filter.get_shape().with_rank(4)
        mixing[0].assert_is_compatible_with(1)
        mixing[1].assert_is_compatible_with(1)
        rate = [1, 1] if rate is None else rate

        def convolve(x: Tensor, _: Any, padding: str) -> Tensor:
            facts = {"padding": padding, "data_format": data_format, "name": "depthwise"}
            return depthwise_conv2d_native(x, depthwise_filter, strides, **facts)

        depthwise = with_space_to_batch(
            input, rate, padding, convolve, array.shape(depthwise_filter), data_format=data_format
        )
        facts = {"padding": "VALID", "data_format": data_format, "name": scope}
        return conv2d(depthwise, pointwise_filter, [1, 1, 1, 1], **facts)
