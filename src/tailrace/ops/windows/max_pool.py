"""Maximum pooling of images and volumes, and its first and second gradients.

Source: TF 1.15 core/ops/nn_ops.cc, core/kernels/maxpooling_op.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

from tailrace import ordering
from tailrace.dtypes import (
    FLOATS,
    INDEX,
    REAL,
    float32,
    int8,
    int16,
    int32,
    int64,
    qint8,
    uint8,
    uint16,
)
from tailrace.errors import invalid
from tailrace.native import max_pool as native
from tailrace.ops.windows import geometry, pooling
from tailrace.ops.windows.pooling import Pool
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, merge, with_rank

_POOL = {4: F.max_pool2d, 5: F.max_pool3d}
_IMAGES = (b"NHWC", b"NCHW")
_VOLUMES = (b"NDHWC", b"NCDHW")
_TYPES = type_attr((*FLOATS, int32, int64, uint8, int16, int8, uint16, qint8), float32)
_SINGLE = FLOATS[:3]


def _windows(x: torch.Tensor, pool: Pool) -> native.Windows | None:
    """The windows as the native library takes them, of images with the channels last."""
    if x.dim() != 4 or pool.layout.channel != 3:
        return None
    space = x.shape[1:3]
    sides = pool.window, pool.strides, [before for before, _ in pool.pads(space)], pool.sizes(space)
    return native.Windows(*[(height, width) for height, width in sides])


def _pooled(x: torch.Tensor, pool: Pool) -> torch.Tensor:
    """Shapes: x and result in the pool's layout."""
    windows = _windows(x, pool)
    y = None if windows is None else native.max_pool(x, windows)
    if y is not None:
        return y
    x = pool.layout.channels_first(x)
    padding, arguments = pool.as_torch(x.shape[2:])
    floats = geometry.pad(pooling.as_float(x), padding, -math.inf)
    y = _POOL[x.dim()](floats, pool.window, pool.strides, **arguments)
    if y.is_cpu and ordering.has_nan(y):
        # TF: NaN counts for nothing; a window of nothing else gives the lowest finite number
        known = ordering.without_nan(floats, torch.finfo(floats.dtype).min)
        y = _POOL[x.dim()](known, pool.window, pool.strides, **arguments)
    return pool.layout.restored(y.to(x.dtype))


def _places(x: torch.Tensor, pool: Pool) -> torch.Tensor:
    """Where in each channel, counted row by row, the maximum of each window is: the first one.

    Shapes: x [B, C, spatial...] -> int64 [B, C, windows...].
    """
    space = list(x.shape[2:])
    padding, arguments = pool.as_torch(space)
    floats = geometry.pad(pooling.as_float(x), padding, -math.inf)
    arguments["return_indices"] = True
    y, places = _POOL[x.dim()](floats, pool.window, pool.strides, **arguments)
    if y.is_cpu and ordering.has_nan(y):
        places = _places_among_nan(floats, pool, arguments)
    if not any(map(any, padding)):
        return places
    return _unpadded_places(places, space, padding)


def _places_among_nan(x: torch.Tensor, pool: Pool, arguments: dict[str, Any]) -> torch.Tensor:
    """TF: the first element of a window is its maximum until a larger one comes, NaN or not."""
    inside = torch.isneginf(x).logical_not()
    order = torch.arange(x[0, 0].numel(), dtype=torch.float64).reshape(x.shape[2:])
    order = torch.where(inside, order.expand_as(x), torch.inf)
    _, first = _POOL[x.dim()](-order, pool.window, pool.strides, **arguments)
    known = ordering.without_nan(x, -torch.inf)
    _, largest = _POOL[x.dim()](known, pool.window, pool.strides, **arguments)
    return torch.where(torch.isnan(_picked(x, first)), first, largest)


def _unpadded_places(
    places: torch.Tensor, space: list[int], padding: geometry.Pads
) -> torch.Tensor:
    """Positions in a padded channel as positions in the channel."""
    result, factor = torch.zeros_like(places), 1
    for size, (before, after) in zip(reversed(space), reversed(padding), strict=True):
        padded = size + before + after
        result += (places % padded - before) * factor
        places = places // padded
        factor *= size
    return result


def _spread(x_shape: Any, places: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Zeros of a shape [B, C, spatial...] with the gradients added at the places."""
    flat = gradient.new_zeros((x_shape[0], x_shape[1], math.prod(x_shape[2:])))
    flat.scatter_add_(2, places.flatten(2), gradient.flatten(2))
    return flat.reshape(tuple(x_shape))


def _gradient(orig_input: torch.Tensor, gradient: torch.Tensor, pool: Pool) -> torch.Tensor:
    layout = pool.layout
    x, dy = layout.channels_first(orig_input), layout.channels_first(gradient)
    _check_gradient(pool, x, dy)
    windows = _windows(orig_input, pool)
    dx = None if windows is None else native.max_pool_gradient(orig_input, gradient, windows)
    return dx if dx is not None else layout.restored(_spread(x.shape, _places(x, pool), dy))


def _second_gradient(orig_input: torch.Tensor, gradient: torch.Tensor, pool: Pool) -> torch.Tensor:
    layout = pool.layout
    x, ddx = layout.channels_first(orig_input), layout.channels_first(gradient)
    places = _places(x, pool)
    return layout.restored(_picked(ddx, places))


def _picked(x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    return x.flatten(2).gather(2, places.flatten(2)).reshape(places.shape)


def _check_gradient(pool: Pool, x: torch.Tensor, dy: torch.Tensor) -> None:
    wanted = [*x.shape[:2], *pool.sizes(x.shape[2:])]
    if list(dy.shape) != wanted:
        raise invalid(f"Expected grad shape to be {wanted}, but got {list(dy.shape)}")


def _zeros_of(g: Any, x: Any) -> Any:
    return g.zeros(g.shape(x), x.dtype)


# -- images ----------------------------------------------------------------------------------------


@op(
    "MaxPool",
    "input: T -> output: T",
    **pooling.facts(4, _TYPES, (*_IMAGES, b"NCHW_VECT_C")),
)
def max_pool(input, *, ksize, strides, padding, data_format):
    """The maximum of each window.

    Shapes: input [B, H, W, C] or [B, C, H, W] as data_format says.
    """
    return _pooled(input, Pool.of(ksize, strides, padding, data_format))


@max_pool.shape
def max_pool_shape(input, *, ksize, strides, padding, data_format):
    return [pooling.static_shape(input, ksize, strides, padding, data_format)]


@max_pool.gradient
def max_pool_gradient(g, op, dy):
    return g.MaxPoolGrad(op.input, op.output, dy, **pooling.facts_of(op))


_GRAD = "orig_input: T, orig_output: T, grad: T -> output: T"


@op("MaxPoolGrad", _GRAD, **pooling.facts(4, type_attr(REAL, float32), _IMAGES))
def max_pool_grad(orig_input, orig_output, grad, *, ksize, strides, padding, data_format):
    """The gradient of MaxPool: each window's goes to its maximum, the first of several."""
    return _gradient(orig_input, grad, Pool.of(ksize, strides, padding, data_format))


@max_pool_grad.shape
def max_pool_grad_shape(orig_input, orig_output, grad):
    return [with_rank(orig_input, 4)]


@max_pool_grad.gradient
def max_pool_grad_gradient(g, op, ddx):
    return (
        _zeros_of(g, op.orig_input),
        _zeros_of(g, op.orig_output),
        g.MaxPoolGradGrad(op.orig_input, op.orig_output, ddx, **pooling.facts_of(op)),
    )


@op("MaxPoolGradGrad", _GRAD, **pooling.facts(4, REAL, _IMAGES))
def max_pool_grad_grad(orig_input, orig_output, grad, *, ksize, strides, padding, data_format):
    """The second gradient of MaxPool: what there is at the maximum of each window."""
    return _second_gradient(orig_input, grad, Pool.of(ksize, strides, padding, data_format))


@max_pool_grad_grad.shape
def max_pool_grad_grad_shape(
    orig_input, orig_output, grad, *, ksize, strides, padding, data_format
):
    shape = pooling.static_shape(orig_input, ksize, strides, padding, data_format)
    return [merge(shape, orig_output)]


@max_pool_grad_grad.gradient
def max_pool_grad_grad_gradient(g, op, d):
    return (
        _zeros_of(g, op.orig_input),
        _zeros_of(g, op.orig_output),
        g.MaxPoolGrad(op.orig_input, op.orig_output, d, **pooling.facts_of(op)),
    )


# -- window and strides as inputs ------------------------------------------------------------------

_V2: dict[str, Any] = {
    "padding": Attr("string", allowed=(b"SAME", b"VALID")),
    "data_format": Attr("string", b"NHWC", _IMAGES),
    "_host": ("ksize", "strides"),
}


@op(
    "MaxPoolV2",
    "input: T, ksize: int32, strides: int32 -> output: T",
    T=_TYPES,
    **_V2 | {"data_format": Attr("string", b"NHWC", (*_IMAGES, b"NCHW_VECT_C"))},
)
def max_pool_v2(input, ksize, strides, *, padding, data_format):
    """MaxPool with window and strides computed in the graph."""
    return _pooled(input, Pool.of(ksize, strides, padding, data_format))


@max_pool_v2.shape
def max_pool_v2_shape(input, ksize, strides, *, padding, data_format):
    if ksize.value is None or strides.value is None:
        return [UNKNOWN]
    window, steps = ksize.value.tolist(), strides.value.tolist()
    return [pooling.static_shape(input, window, steps, padding, data_format)]


@max_pool_v2.gradient
def max_pool_v2_gradient(g, op, dy):
    facts = {"padding": op.padding, "data_format": op.data_format}
    dx = g.MaxPoolGradV2(op.input, op.output, dy, op.ksize, op.strides, **facts)
    return dx, None, None


_GRAD_V2 = "orig_input: T, orig_output: T, grad: T, ksize: int32, strides: int32 -> output: T"


@op("MaxPoolGradV2", _GRAD_V2, T=type_attr(REAL, float32), **_V2)
def max_pool_grad_v2(orig_input, orig_output, grad, ksize, strides, *, padding, data_format):
    """MaxPoolGrad with window and strides computed in the graph."""
    return _gradient(orig_input, grad, Pool.of(ksize, strides, padding, data_format))


@max_pool_grad_v2.shape
def max_pool_grad_v2_shape(orig_input, orig_output, grad, ksize, strides):
    return [with_rank(orig_input, 4)]


@max_pool_grad_v2.gradient
def max_pool_grad_v2_gradient(g, op, ddx):
    facts = {"padding": op.padding, "data_format": op.data_format}
    zeros = _zeros_of(g, op.orig_input), _zeros_of(g, op.orig_output)
    x, y = op.orig_input, op.orig_output
    return (*zeros, g.MaxPoolGradGradV2(x, y, ddx, op.ksize, op.strides, **facts), None, None)


@op("MaxPoolGradGradV2", _GRAD_V2, T=REAL, **_V2)
def max_pool_grad_grad_v2(orig_input, orig_output, grad, ksize, strides, *, padding, data_format):
    """MaxPoolGradGrad with window and strides computed in the graph."""
    return _second_gradient(orig_input, grad, Pool.of(ksize, strides, padding, data_format))


@max_pool_grad_grad_v2.shape
def max_pool_grad_grad_v2_shape(orig_input, orig_output, grad, ksize, strides):
    return [with_rank(orig_output, 4)]


# -- with the places of the maxima -----------------------------------------------------------------

_ARGMAX: dict[str, Any] = {
    "ksize": Attr("list(int)", minimum=4),
    "strides": Attr("list(int)", minimum=4),
    "padding": Attr("string", allowed=(b"SAME", b"VALID")),
    "include_batch_in_index": False,
    "T": REAL,
}


@op(
    "MaxPoolWithArgmax",
    "input: T -> output: T, argmax: Targmax",
    **_ARGMAX,
    Targmax=type_attr(INDEX, int64),
)
def max_pool_with_argmax(input, *, ksize, strides, padding, include_batch_in_index, Targmax):
    """The maximum of each window and its place, (y W + x) C + c, after b H W C if the batch counts.

    Shapes: input [B, H, W, C] -> both [B, H', W', C].
    """
    pool = Pool.of(ksize, strides, padding, b"NHWC")
    x = pool.layout.channels_first(input)
    places = _places(x, pool)
    y = _picked(x, places)
    batch, channels = x.shape[:2]
    flat = places * channels + torch.arange(channels, device=x.device).reshape(1, -1, 1, 1)
    if include_batch_in_index:
        flat = flat + torch.arange(batch, device=x.device).reshape(-1, 1, 1, 1) * x[0].numel()
    kind = torch.int32 if Targmax is int32 else torch.int64
    return pool.layout.restored(y), pool.layout.restored(flat.to(kind))


@max_pool_with_argmax.shape
def max_pool_with_argmax_shape(input, *, ksize, strides, padding):
    shape = pooling.static_shape(input, ksize, strides, padding, b"NHWC")
    return [shape, shape]


@max_pool_with_argmax.gradient
def max_pool_with_argmax_gradient(g, op, dy, _):
    names = ("ksize", "strides", "padding", "include_batch_in_index")
    facts = {name: op.node.attrs[name] for name in names}
    return g.MaxPoolGradWithArgmax(op.input, dy, op.argmax, **facts)


@op(
    "MaxPoolGradWithArgmax",
    "input: T, grad: T, argmax: Targmax -> output: T",
    **_ARGMAX,
    Targmax=INDEX,
)
def max_pool_grad_with_argmax(input, grad, argmax, *, include_batch_in_index):
    """The gradients added at the places of the maxima."""
    index = argmax.to(torch.int64)
    if not include_batch_in_index:
        examples = torch.arange(len(input), device=index.device)
        index = index + examples.reshape(-1, 1, 1, 1) * input[0].numel()
    flat = grad.new_zeros(input.numel())
    return flat.scatter_add_(0, index.reshape(-1), grad.reshape(-1)).reshape(input.shape)


@max_pool_grad_with_argmax.shape
def max_pool_grad_with_argmax_shape(input, grad, argmax):
    return [with_rank(input, 4)]


# -- volumes ---------------------------------------------------------------------------------------


@op("MaxPool3D", "input: T -> output: T", **pooling.facts(5, _SINGLE, _VOLUMES))
def max_pool_3d(input, *, ksize, strides, padding, data_format):
    """The maximum of each window of a volume."""
    return _pooled(input, Pool.of(ksize, strides, padding, data_format))


@max_pool_3d.shape
def max_pool_3d_shape(input, *, ksize, strides, padding, data_format):
    return [pooling.static_shape(input, ksize, strides, padding, data_format)]


@max_pool_3d.gradient
def max_pool_3d_gradient(g, op, dy):
    return g.MaxPool3DGrad(op.input, op.output, dy, **pooling.facts_of(op))


@op(
    "MaxPool3DGrad",
    "orig_input: TInput, orig_output: TInput, grad: T -> output: T",
    **pooling.facts(5, type_attr(_SINGLE, float32), _VOLUMES),
    TInput=type_attr(_SINGLE, float32),
)
def max_pool_3d_grad(orig_input, orig_output, grad, *, ksize, strides, padding, data_format):
    """The gradient of MaxPool3D."""
    return _gradient(orig_input, grad, Pool.of(ksize, strides, padding, data_format))


@max_pool_3d_grad.shape
def max_pool_3d_grad_shape(orig_input, orig_output, grad):
    return [with_rank(orig_input, 5)]


@max_pool_3d_grad.gradient
def max_pool_3d_grad_gradient(g, op, ddx):
    return (
        _zeros_of(g, op.orig_input),
        _zeros_of(g, op.orig_output),
        g.MaxPool3DGradGrad(op.orig_input, op.orig_output, ddx, **pooling.facts_of(op)),
    )


@op("MaxPool3DGradGrad", _GRAD, **pooling.facts(5, REAL, _VOLUMES))
def max_pool_3d_grad_grad(orig_input, orig_output, grad, *, ksize, strides, padding, data_format):
    """The second gradient of MaxPool3D."""
    return _second_gradient(orig_input, grad, Pool.of(ksize, strides, padding, data_format))


@max_pool_3d_grad_grad.shape
def max_pool_3d_grad_grad_shape(
    orig_input, orig_output, grad, *, ksize, strides, padding, data_format
):
    shape = pooling.static_shape(orig_input, ksize, strides, padding, data_format)
    return [merge(shape, orig_output)]


@max_pool_3d_grad_grad.gradient
def max_pool_3d_grad_grad_gradient(g, op, d):
    return (
        _zeros_of(g, op.orig_input),
        _zeros_of(g, op.orig_output),
        g.MaxPool3DGrad(op.orig_input, op.orig_output, d, **pooling.facts_of(op)),
    )
