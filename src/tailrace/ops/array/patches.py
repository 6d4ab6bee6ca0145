"""Patches of pictures and volumes, laid out in the channels.

Source: TF 1.15 core/ops/array_ops.cc, core/kernels/extract_image_patches_op.cc,
python/ops/array_grad.py.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from tailrace import dtypes
from tailrace.dtypes import REAL
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank

_PADDING = Attr("string", allowed=(b"SAME", b"VALID"))
_SIZES = Attr("list(int)", minimum=4)
_SIZES_3D = Attr("list(int)", minimum=5)


def _count(size, kernel, stride, padding):
    """How many windows fit along an axis."""
    if padding == b"SAME":
        return -(-size // stride)
    return max(0, -(-(size - kernel + 1) // stride))


def _places(size, kernel, stride, rate, padding):
    """The positions along one axis, -1 in the padding. Shapes: -> [windows, kernel]."""
    reach = (kernel - 1) * rate + 1
    count = _count(size, reach, stride, padding)
    before = max(0, (count - 1) * stride + reach - size) // 2 if padding == b"SAME" else 0
    places = np.arange(count)[:, None] * stride + np.arange(kernel) * rate - before
    return np.where((places >= 0) & (places < size), places, -1)


def _extract(x, kernels, strides, rates, padding):
    """Shapes: x [N, S1 ... Sn, C] -> [N, O1 ... On, K1 * ... * Kn * C]."""
    dims = len(kernels)
    for axis in range(dims):
        size = x.shape[1 + 2 * axis]
        places = torch.from_numpy(_places(size, kernels[axis], strides[axis], rates[axis], padding))
        inside = places >= 0
        taken = x.index_select(1 + 2 * axis, places.clamp(min=0).reshape(-1).to(x.device))
        shape = x.shape[: 1 + 2 * axis] + places.shape + x.shape[2 + 2 * axis :]
        mask = inside.reshape(places.shape + (1,) * (len(shape) - 3 - 2 * axis)).to(x.device)
        x = taken.reshape(shape) * mask
    # now [N, O1, K1, O2, K2, ..., C]
    order = [0, *range(1, 2 * dims, 2), *range(2, 2 * dims + 1, 2), 2 * dims + 1]
    x = x.permute(order)
    return x.reshape(*x.shape[: 1 + dims], math.prod(kernels) * x.shape[-1])


def _patch_dims(x, kernels, strides, rates, padding):
    batch, *space, depth = with_rank(x, len(kernels) + 2, "input")
    if None in space:
        space = [None] * len(space)
    out = [
        None if s is None else _count(s, (k - 1) * r + 1, stride, padding)
        for s, k, stride, r in zip(space, kernels, strides, rates, strict=True)
    ]
    return [[batch, *out, None if depth is None else depth * math.prod(kernels)]]


@op(
    "ExtractImagePatches",
    "images: T -> patches: T",
    ksizes=_SIZES,
    strides=_SIZES,
    rates=_SIZES,
    T=REAL,
    padding=_PADDING,
)
def extract_image_patches(images, *, ksizes, strides, rates, padding):
    """Windows of pictures, each flattened into the channels.

    Shapes: images [N, H, W, C] -> [N, rows, columns, ksizes[1] * ksizes[2] * C].
    """
    return _extract(images, ksizes[1:3], strides[1:3], rates[1:3], padding)


@extract_image_patches.shape
def extract_image_patches_shape(images, *, ksizes, strides, rates, padding):
    return _patch_dims(images, ksizes[1:3], strides[1:3], rates[1:3], padding)


@extract_image_patches.gradient
def extract_image_patches_grad(g, op, dy):
    batch, rows, columns, channels = _parts(g.shape(op.images, out_type=dtypes.int64), 4)
    count = 1 + rows * columns
    numbers = _numbers(g, 1, count, (1, rows, columns, 1))
    attrs = {name: getattr(op, name) for name in ("ksizes", "strides", "rates", "padding")}
    sources = g.ExtractImagePatches(numbers, **attrs)
    out = g.shape(op.patches, out_type=dtypes.int64)
    rows_out, columns_out = out[1], out[2]
    _, height, width, _ = op.ksizes
    total = rows_out * columns_out * height * width
    targets = _numbers(g, 0, total, (1, rows_out, columns_out, height * width))
    jacobian = _jacobian(g, sources, targets, count, total, dy.dtype)
    wide = g.Reshape(dy, (batch, rows_out, columns_out, height, width, channels))
    flat = g.Reshape(g.transpose(wide, (1, 2, 3, 4, 0, 5)), (-1, batch * channels))
    back = g.Reshape(_product(g, jacobian, flat), (rows, columns, batch, channels))
    return g.transpose(back, (2, 0, 1, 3))


def _parts(vector, count):
    return [vector[i] for i in range(count)]


def _numbers(g, start, limit, shape):
    """The int64 numbers from start up to limit, in a shape."""
    with g.name_scope("range") as scope:
        start = g.convert(start, dtypes.int64, name="start")
        limit = g.convert(limit, dtypes.int64, name="limit")
        delta = g.convert(1, dtypes.int64, name="delta")
        numbers = g.Range(start, limit, delta, name=scope)
    return g.Reshape(numbers, shape)


def _sparse(g, indices, values, shape):
    """What making a SparseTensor adds to the graph."""
    with g.name_scope("SparseTensor"):
        return indices, values, g.convert(shape, dtypes.int64, name="dense_shape")


def _jacobian(g, sources, targets, count, total, dtype):
    """The sparse matrix of which output element comes from which input; row 0 is the padding."""
    pairs = [g.ExpandDims(sources, -1), g.ExpandDims(targets, -1)]
    indices = g.Reshape(g.ConcatV2(pairs, -1, name="concat"), (-1, 2))
    whole = _sparse(g, indices, g.ones([total], dtype), (count, total))
    size = (count - 1, total)
    start, size = g.convert((1, 0), dtypes.int64), g.convert(size, dtypes.int64)
    return _sparse(g, *g.SparseSlice(*whole, start, size))


def _product(g, sparse, dense):
    with g.name_scope("SparseTensorDenseMatMul"):
        return g.SparseTensorDenseMatMul(*sparse, dense)


@op(
    "ExtractVolumePatches",
    "input: T -> patches: T",
    ksizes=_SIZES_3D,
    strides=_SIZES_3D,
    T=REAL,
    padding=_PADDING,
)
def extract_volume_patches(input, *, ksizes, strides, padding):
    """Windows of volumes, each flattened into the channels.

    Shapes: input [N, D, H, W, C] -> [N, planes, rows, columns, window * C].
    """
    return _extract(input, ksizes[1:4], strides[1:4], [1, 1, 1], padding)


@extract_volume_patches.shape
def extract_volume_patches_shape(input, *, ksizes, strides, padding):
    return _patch_dims(input, ksizes[1:4], strides[1:4], [1, 1, 1], padding)


@extract_volume_patches.gradient
def extract_volume_patches_grad(g, op, dy):
    _, planes, rows, columns, _ = op.input.get_shape().as_list()
    size = g.shape(op.input)
    batch, channels = size[0], size[4]
    count = 1 + planes * rows * columns
    numbers = _numbers(g, 1, count, (1, planes, rows, columns, 1))
    attrs = {name: getattr(op, name) for name in ("ksizes", "strides", "padding")}
    sources = g.ExtractVolumePatches(numbers, **attrs)
    out = op.patches.get_shape().as_list()[1:4]
    window = op.ksizes[1:4]
    total = math.prod(out) * math.prod(window)
    targets = _numbers(g, 0, total, (1, *out, math.prod(window)))
    jacobian = _jacobian(g, sources, targets, count, total, dy.dtype)
    wide = g.Reshape(dy, (batch, *out, *window, channels))
    flat = g.Reshape(g.transpose(wide, (1, 2, 3, 4, 5, 6, 0, 7)), (-1, batch * channels))
    back = g.Reshape(_product(g, jacobian, flat), (planes, rows, columns, batch, channels))
    return g.transpose(back, (3, 0, 1, 2, 4))
