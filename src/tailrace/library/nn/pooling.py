"""`tf.nn`: pooling.

Source: TF 1.15 python/ops/nn_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array
from tailrace.library.arguments import either
from tailrace.library.nn.convolution import channels_at, per_dimension, strides_and_rates
from tailrace.library.nn.space_to_batch import with_space_to_batch

_Pool = Callable[..., Tensor]


def _pool2d(
    add: _Pool,
    default: str,
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    name: str | None,
) -> Tensor:
    with g.name_scope(name, default) as scope:
        data_format = data_format or "NHWC"
        channels = channels_at(data_format, 2)
        window = per_dimension(ksize, 2, channels, "ksize")
        steps = per_dimension(strides, 2, channels, "strides")
        if default == "MaxPool" and 0 in window:
            raise ValueError("ksize cannot be zero.")
        facts = {"padding": padding, "data_format": data_format, "name": scope}
        return add(input, ksize=window, strides=steps, **facts)


def max_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The maximum of each window of images [B, H, W, C] (or [B, C, H, W] in NCHW)."""
    value = either("input", input, "value", value)
    return _pool2d(g.MaxPool, "MaxPool", value, ksize, strides, padding, data_format, name)


def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NHWC",
    name: str | None = None,
) -> Tensor:
    """The maximum of each window of images."""
    return _pool2d(g.MaxPool, "MaxPool2d", input, ksize, strides, padding, data_format, name)


def avg_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The mean of each window of images [B, H, W, C] (or [B, C, H, W] in NCHW)."""
    value = either("input", input, "value", value)
    return _pool2d(g.AvgPool, "AvgPool", value, ksize, strides, padding, data_format, name)


def _pool1d(
    add: _Pool,
    default: str,
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    name: str | None,
) -> Tensor:
    """As images of one row."""
    with g.name_scope(name, default) as scope:
        data_format = data_format or "NWC"
        channels = channels_at(data_format, 1)
        window = [1, *per_dimension(ksize, 1, channels, "ksize")]
        steps = [1, *per_dimension(strides, 1, channels, "strides")]
        row = 1 if data_format == "NWC" else 2
        image_format = "NHWC" if data_format == "NWC" else "NCHW"
        images = array.expand_dims(input, row)
        facts = {"padding": padding, "data_format": image_format, "name": scope}
        return array.squeeze(add(images, ksize=window, strides=steps, **facts), row)


def max_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NWC",
    name: str | None = None,
) -> Tensor:
    """The maximum of each window of sequences [B, T, C] (or [B, C, T] in NCW)."""
    return _pool1d(g.MaxPool, "MaxPool1d", input, ksize, strides, padding, data_format, name)


def avg_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of sequences [B, T, C] (or [B, C, T] in NCW)."""
    return _pool1d(g.AvgPool, "AvgPool1D", input, ksize, strides, padding, data_format, name)


def _pool3d(
    add: _Pool,
    default: str,
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    name: str | None,
) -> Tensor:
    with g.name_scope(name, default) as scope:
        data_format = data_format or "NDHWC"
        channels = channels_at(data_format, 3)
        window = per_dimension(ksize, 3, channels, "ksize")
        steps = per_dimension(strides, 3, channels, "strides")
        facts = {"padding": padding, "data_format": data_format, "name": scope}
        return add(input, ksize=window, strides=steps, **facts)


def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The maximum of each window of volumes [B, D, H, W, C] (or [B, C, D, H, W] in NCDHW)."""
    return _pool3d(g.MaxPool3D, "MaxPool3D", input, ksize, strides, padding, data_format, name)


def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of volumes [B, D, H, W, C] (or [B, C, D, H, W] in NCDHW)."""
    return _pool3d(g.AvgPool3D, "AvgPool3D", input, ksize, strides, padding, data_format, name)


# -- any number of dimensions ----------------------------------------------------------------------


def _by_rank(
    functions: tuple[_Pool, _Pool, _Pool],
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    name: str | None,
) -> Tensor:
    rank = input.shape.ndims
    if rank is None and data_format is not None:
        rank = len(data_format)
    if rank is None:
        raise ValueError("The input must have a rank or a data format must be given.")
    if not 3 <= rank <= 5:
        raise ValueError(f"Input tensor must be of rank 3, 4 or 5 but was {rank}.")
    n = rank - 2
    channels = channels_at(data_format, n)
    window = per_dimension(ksize, n, channels, "ksize")
    steps = per_dimension(strides, n, channels, "strides")
    facts = {"padding": padding, "data_format": data_format, "name": name}
    return functions[n - 1](input, ksize=window, strides=steps, **facts)


def max_pool_v2(
    input: Tensor,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The maximum of each window over one, two or three dimensions."""
    functions = (max_pool1d, g.MaxPool, g.MaxPool3D)
    return _by_rank(functions, input, ksize, strides, padding, data_format, name)


def avg_pool_v2(
    input: Tensor,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The mean of each window over one, two or three dimensions."""
    functions = (avg_pool1d, g.AvgPool, g.AvgPool3D)
    return _by_rank(functions, input, ksize, strides, padding, data_format, name)


def pool(
    input: Any,
    window_shape: Sequence[int],
    pooling_type: str,
    padding: str,
    dilation_rate: Any = None,
    strides: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """Pooling ("MAX" or "AVG") over one to three dimensions, with strides or with gaps.

    Raises: ValueError for what TensorFlow does not do, such as strides beyond the window.
    """
    rate = either("dilations", dilations, "dilation_rate", dilation_rate)
    with g.name_scope(name, f"{pooling_type.lower()}_pool") as scope:
        input = convert_to_tensor(input, name="input")
        n = len(window_shape)
        if not 1 <= n <= 3:
            raise ValueError("It is required that 1 <= num_spatial_dims <= 3.")
        input.get_shape().with_rank(n + 2)
        steps, rate = strides_and_rates(n, strides, rate)
        _check_pool(padding, rate, steps, window_shape)
        function = _POOLING.get((pooling_type, n))
        if function is None:
            raise ValueError(f"{n}-D {pooling_type} pooling is not supported.")
        first = 2 if data_format is not None and data_format.startswith("NC") else 1

        def pooled(x: Tensor, _: int, padding: str) -> Tensor:
            return _pooled(function, x, window_shape, steps, padding, data_format, first, scope)

        dims = range(first, first + n)
        return with_space_to_batch(input, rate, padding, pooled, window_shape, dims)


_POOLING: dict[tuple[str, int], _Pool] = {
    ("MAX", 1): max_pool,
    ("MAX", 2): max_pool,
    ("MAX", 3): max_pool3d,
    ("AVG", 1): avg_pool,
    ("AVG", 2): avg_pool,
    ("AVG", 3): avg_pool3d,
}


def _check_pool(padding: str, rate: np.ndarray, strides: np.ndarray, window: Any) -> None:
    if padding == "SAME" and (rate > 1).any():
        raise ValueError("pooling with SAME padding is not implemented for dilation_rate > 1")
    if np.any(strides > window):
        raise ValueError(
            "strides > window_shape not supported due to inconsistency between CPU and GPU "
            "implementations"
        )


def _pooled(
    function: _Pool,
    x: Tensor,
    window: Sequence[int],
    strides: np.ndarray,
    padding: str,
    data_format: str | None,
    first: int,
    name: str,
) -> Tensor:
    steps = [int(s) for s in strides]
    if first == 2:
        size, steps = [1, 1, *window], [1, 1, *steps]
    else:
        size, steps = [1, *window, 1], [1, *steps, 1]
    if len(window) > 1:
        return function(x, size, steps, padding, name=name, data_format=data_format)
    formats = {None: "NHWC", "NWC": "NHWC", "NCW": "NCHW"}
    if data_format not in formats:
        raise ValueError('data_format must be either "NWC" or "NCW".')
    x = array.expand_dims(x, first)
    image_format = formats[data_format]
    y = function(x, [1, *size], [1, *steps], padding, name=name, data_format=image_format)
    return array.squeeze(y, [first])


# -- others ----------------------------------------------------------------------------------------


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    Targmax: Any = None,
    name: str | None = None,
    output_dtype: Any = None,
    include_batch_in_index: bool = False,
) -> tuple[Tensor, Tensor]:
    """The maximum of each window and where in the flattened image it is."""
    if data_format != "NHWC":
        raise ValueError("Data formats other than 'NHWC' are not yet supported")
    kind = either("output_dtype", output_dtype, "Targmax", Targmax)
    output, argmax = g.MaxPoolWithArgmax(
        input,
        ksize=ksize,
        strides=strides,
        padding=padding,
        Targmax=dtypes.int64 if kind is None else kind,
        include_batch_in_index=include_batch_in_index,
        name=name,
    )
    return output, argmax


def dilation2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: str | None = None,
    name: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Grey-scale dilation: the largest sum of an image and a filter [h, w, C] in each window."""
    filter = either("filters", filters, "filter", filter)
    rates = either("dilations", dilations, "rates", rates)
    facts = {"strides": strides, "rates": rates, "padding": padding, "name": name}
    return g.Dilation2D(input, filter, **facts)


def erosion2d(
    value: Any, kernel: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Tensor:
    """Grey-scale erosion: the dilation of the negative by the mirrored kernel, negated."""
    with g.name_scope(name, "erosion2d") as scope:
        dilated = g.Dilation2D(
            arithmetic.negative(value),
            array.reverse(kernel, [0, 1]),
            strides=strides,
            rates=rates,
            padding=padding,
            name=scope,
        )
        return arithmetic.negative(dilated)


def lrn(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """Local response normalization: each value over a power of the squares around it."""
    facts = {"depth_radius": depth_radius, "bias": bias, "alpha": alpha, "beta": beta}
    return g.LRN(input, **facts, name=name)
