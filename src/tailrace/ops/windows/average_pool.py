"""Average pooling of images and volumes, and its gradient. Padding does not count.

Source: TF 1.15 core/ops/nn_ops.cc, core/kernels/avgpooling_op.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from tailrace.dtypes import FLOATS
from tailrace.errors import invalid
from tailrace.ops.windows import geometry, pooling
from tailrace.ops.windows.pooling import Pool
from tailrace.registry import op
from tailrace.shapes import with_rank

_POOL = {4: F.avg_pool2d, 5: F.avg_pool3d}
_BACKWARD = {4: torch.ops.aten.avg_pool2d_backward, 5: torch.ops.aten.avg_pool3d_backward}
_IMAGES = (b"NHWC", b"NCHW")
_VOLUMES = (b"NDHWC", b"NCDHW")


def _pooled(x: torch.Tensor, pool: Pool) -> torch.Tensor:
    """Shapes: x and result in the pool's layout."""
    x = pool.layout.channels_first(x)
    padding, arguments = pool.as_torch(x.shape[2:])
    pooled = _POOL[x.dim()]
    if not any(map(any, padding)):
        y = pooled(x, pool.window, pool.strides, count_include_pad=False, **arguments)
        return pool.layout.restored(y)
    y = pooled(geometry.pad(x, padding), pool.window, pool.strides, divisor_override=1)
    return pool.layout.restored(y / _counts(x, pool, padding))


def _counts(x: torch.Tensor, pool: Pool, padding: geometry.Pads) -> torch.Tensor:
    """How many elements that are not padding each window has. Shapes: -> [1, 1, windows...]."""
    ones = geometry.pad(x.new_ones((1, 1, *x.shape[2:])), padding)
    return _POOL[x.dim()](ones, pool.window, pool.strides, divisor_override=1)


def _gradient(sizes: Sequence[int], gradient: torch.Tensor, pool: Pool) -> torch.Tensor:
    layout = pool.layout
    dy = layout.channels_first(gradient)
    space = list(sizes[layout.spatial])
    if list(dy.shape[2:]) != pool.sizes(space):
        raise invalid(f"Expected grad of {pool.sizes(space)} windows, but got {list(dy.shape[2:])}")
    # only its shape and memory order matter
    like = layout.channels_first(dy.new_empty(tuple(sizes)))
    padding, arguments = pool.as_torch(space)
    if any(map(any, padding)):
        dy = dy / _counts(like, pool, padding)
        like = geometry.pad(like, padding)
    divisor = 1 if any(map(any, padding)) else None
    amount = arguments["padding"] or [0] * len(space)
    dx = _BACKWARD[dy.dim()](
        dy, like, pool.window, pool.strides, amount, arguments["ceil_mode"], False, divisor
    )
    return layout.restored(geometry.unpad(dx, padding))


# -- images ----------------------------------------------------------------------------------------


@op("AvgPool", "value: T -> output: T", **pooling.facts(4, FLOATS, _IMAGES))
def avg_pool(value, *, ksize, strides, padding, data_format):
    """The mean of each window.

    Shapes: value [B, H, W, C] or [B, C, H, W] as data_format says.
    """
    return _pooled(value, Pool.of(ksize, strides, padding, data_format))


@avg_pool.shape
def avg_pool_shape(value, *, ksize, strides, padding, data_format):
    return [pooling.static_shape(value, ksize, strides, padding, data_format)]


@avg_pool.gradient
def avg_pool_gradient(g, op, dy):
    return g.AvgPoolGrad(g.shape(op.value), dy, **pooling.facts_of(op))


_GRAD = "orig_input_shape: int32, grad: T -> output: T"


@op(
    "AvgPoolGrad",
    _GRAD,
    **pooling.facts(4, FLOATS, _IMAGES),
    _host="orig_input_shape",
)
def avg_pool_grad(orig_input_shape, grad, *, ksize, strides, padding, data_format):
    """The gradient of AvgPool: each window's in equal parts to its elements."""
    return _gradient(orig_input_shape, grad, Pool.of(ksize, strides, padding, data_format))


@avg_pool_grad.shape
def avg_pool_grad_shape(orig_input_shape, grad):
    return [with_rank(orig_input_shape.as_shape(), 4)]


@avg_pool_grad.gradient
def avg_pool_grad_gradient(g, op, ddx):
    stopped = g.StopGradient(op.orig_input_shape)
    return stopped, g.AvgPool(ddx, **pooling.facts_of(op))


# -- volumes ---------------------------------------------------------------------------------------


@op("AvgPool3D", "input: T -> output: T", **pooling.facts(5, FLOATS, _VOLUMES))
def avg_pool_3d(input, *, ksize, strides, padding, data_format):
    """The mean of each window of a volume."""
    return _pooled(input, Pool.of(ksize, strides, padding, data_format))


@avg_pool_3d.shape
def avg_pool_3d_shape(input, *, ksize, strides, padding, data_format):
    return [pooling.static_shape(input, ksize, strides, padding, data_format)]


@avg_pool_3d.gradient
def avg_pool_3d_gradient(g, op, dy):
    return g.AvgPool3DGrad(g.shape(op.input), dy, **pooling.facts_of(op))


@op(
    "AvgPool3DGrad",
    _GRAD,
    **pooling.facts(5, FLOATS, _VOLUMES),
    _host="orig_input_shape",
)
def avg_pool_3d_grad(orig_input_shape, grad, *, ksize, strides, padding, data_format):
    """The gradient of AvgPool3D."""
    return _gradient(orig_input_shape, grad, Pool.of(ksize, strides, padding, data_format))


@avg_pool_3d_grad.shape
def avg_pool_3d_grad_shape(orig_input_shape, grad):
    return [with_rank(orig_input_shape.as_shape(), 5)]


@avg_pool_3d_grad.gradient
def avg_pool_3d_grad_gradient(g, op, ddx):
    stopped = g.StopGradient(op.orig_input_shape)
    return stopped, g.AvgPool3D(ddx, **pooling.facts_of(op))
