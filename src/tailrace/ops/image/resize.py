"""Resizing, with the coordinates TensorFlow 1 takes: pixel i of the result lies at i * in / out.

Bilinear, bicubic and area resizing are products with a matrix for the rows and one for the columns;
their gradients are the products with the transposes.

Source: TF 1.15 core/ops/image_ops.cc, core/kernels/resize_bilinear_op.cc, resize_bicubic_op.cc,
resize_area_op.cc, resize_nearest_neighbor_op.cc, python/ops/image_grad.py.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch

from tailrace.dtypes import (
    FLOATS,
    bfloat16,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
)
from tailrace.errors import invalid
from tailrace.registry import op
from tailrace.shapes import with_rank

_IMAGES = (int8, uint8, int16, uint16, int32, int64, float16, float32, float64)
_FACTS: dict[str, Any] = {"align_corners": False, "half_pixel_centers": False}
_TABLE = 1024  # cubic weights are looked up at this many places between two pixels


# -- where the pixels of the result lie ------------------------------------------------------------


def _scale(size: int, wanted: int, align_corners: bool) -> np.float32:
    if align_corners and wanted > 1:
        return np.float32((size - 1) / np.float32(wanted - 1))
    return np.float32(np.float32(size) / np.float32(wanted))


def _positions(size: int, wanted: int, align_corners: bool, half_pixel: bool) -> np.ndarray:
    """The coordinates in the picture of the pixels of the result."""
    scale, places = _scale(size, wanted, align_corners), np.arange(wanted, dtype=np.float32)
    if half_pixel:
        return (places + np.float32(0.5)) * scale - np.float32(0.5)
    return places * scale


@functools.lru_cache(maxsize=64)
def _bilinear(size: int, wanted: int, align_corners: bool, half_pixel: bool) -> torch.Tensor:
    """Shapes: -> [wanted, size]."""
    places = _positions(size, wanted, align_corners, half_pixel)
    below = np.floor(places)
    part = (places - below).astype(np.float32)
    lower = np.clip(below, 0, size - 1).astype(np.int64)
    upper = np.clip(np.ceil(places), 0, size - 1).astype(np.int64)
    matrix = np.zeros((wanted, size), np.float32)
    np.add.at(matrix, (np.arange(wanted), lower), 1 - part)
    np.add.at(matrix, (np.arange(wanted), upper), part)
    return torch.from_numpy(matrix)


def _cubic_weights(a: float) -> np.ndarray:
    """Weights of a pixel at distance x and 1 + x, x = 0, 1/1024, .... Shapes: -> [2, 1025]."""
    x = np.arange(_TABLE + 1, dtype=np.float32) / np.float32(_TABLE)
    a32 = np.float32(a)
    near = ((a32 + 2) * x - (a32 + 3)) * x * x + 1
    x = x + 1
    far = ((a32 * x - 5 * a32) * x + 8 * a32) * x - 4 * a32
    return np.stack([near, far])


@functools.lru_cache(maxsize=64)
def _bicubic(size: int, wanted: int, align_corners: bool, half_pixel: bool) -> torch.Tensor:
    """Shapes: -> [wanted, size]."""
    places = _positions(size, wanted, align_corners, half_pixel)
    below = np.floor(places)
    offset = np.rint((places - below) * np.float32(_TABLE)).astype(np.int64)
    # TF: another constant with half-pixel centres, and no weight for pixels beyond the border
    near, far = _cubic_weights(-0.5 if half_pixel else -0.75)
    weights = np.stack([far[offset], near[offset], near[_TABLE - offset], far[_TABLE - offset]])
    indices = below.astype(np.int64) + np.arange(-1, 3)[:, None]
    inside = (indices >= 0) & (indices < size)
    if half_pixel:
        weights = np.where(inside, weights, 0)
        weights = weights / weights.sum(0)
    matrix = np.zeros((wanted, size), np.float32)
    rows = np.broadcast_to(np.arange(wanted), indices.shape)
    np.add.at(matrix, (rows, np.clip(indices, 0, size - 1)), weights.astype(np.float32))
    return torch.from_numpy(matrix)


@functools.lru_cache(maxsize=64)
def _area(size: int, wanted: int, align_corners: bool) -> torch.Tensor:
    """Each pixel of the result is the mean of what it covers. Shapes: -> [wanted, size]."""
    scale = _scale(size, wanted, align_corners)
    matrix = np.zeros((wanted, size), np.float32)
    for i in range(wanted):
        start, end = np.float32(i) * scale, np.float32(i + 1) * scale
        for j in range(int(np.floor(start)), int(np.ceil(end))):
            share = min(end, j + 1) - max(start, j)
            matrix[i, min(max(j, 0), size - 1)] += share / scale
    return torch.from_numpy(matrix)


def _apply(images: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Shapes: images [B, H, W, C], rows [h, H], columns [w, W] -> [B, h, w, C]."""
    batch, _, _, channels = images.shape
    flat = images.reshape(batch, images.shape[1], -1)
    tall = torch.matmul(rows.to(images), flat).reshape(-1, images.shape[2], channels)
    wide = torch.matmul(columns.to(images), tall)
    return wide.reshape(batch, len(rows), len(columns), channels)


def _check(images: torch.Tensor, size: Any) -> tuple[int, int]:
    if images.dim() != 4 or len(size) != 2:
        raise invalid(f"images must be 4-D and size 2 numbers: {list(images.shape)}, {size}")
    if min(size) <= 0 or 0 in images.shape[1:3]:
        raise invalid(f"output dimensions must be positive: {size}")
    return size[0], size[1]


def _resized_shape(images: Any, size: Any) -> list[Any]:
    images = with_rank(images, 4)
    value = size.value
    height, width = (None, None) if value is None else (int(v) for v in value)
    return [[images[0], height, width, images[3]]]


# -- bilinear --------------------------------------------------------------------------------------


@op(
    "ResizeBilinear",
    "images: T, size: int32 -> resized_images: float32",
    T=(*_IMAGES, bfloat16),
    **_FACTS,
    _host="size",
)
def resize_bilinear(images, size, *, align_corners, half_pixel_centers):
    """Bilinear interpolation, as float32. Shapes: images [B, H, W, C], size [2]."""
    height, width = _check(images, size)
    facts = align_corners, half_pixel_centers
    rows = _bilinear(images.shape[1], height, *facts)
    columns = _bilinear(images.shape[2], width, *facts)
    return _apply(images.to(torch.float32), rows, columns)


resize_bilinear.shape(_resized_shape)


@resize_bilinear.gradient
def resize_bilinear_gradient(g, op, dy):
    facts = {"align_corners": op.align_corners, "half_pixel_centers": op.half_pixel_centers}
    return g.ResizeBilinearGrad(dy, op.images, **facts), None


@op(
    "ResizeBilinearGrad",
    "grads: float32, original_image: T -> output: T",
    T=FLOATS,
    **_FACTS,
)
def resize_bilinear_grad(grads, original_image, *, align_corners, half_pixel_centers):
    """The gradient of ResizeBilinear."""
    facts = align_corners, half_pixel_centers
    rows = _bilinear(original_image.shape[1], grads.shape[1], *facts)
    columns = _bilinear(original_image.shape[2], grads.shape[2], *facts)
    return _apply(grads, rows.t(), columns.t()).to(original_image.dtype)


@resize_bilinear_grad.shape
def resize_bilinear_grad_shape(grads, original_image):
    return [original_image]


# -- bicubic ---------------------------------------------------------------------------------------


@op(
    "ResizeBicubic",
    "images: T, size: int32 -> resized_images: float32",
    T=_IMAGES,
    **_FACTS,
    _host="size",
)
def resize_bicubic(images, size, *, align_corners, half_pixel_centers):
    """Bicubic interpolation, as float32. Shapes: images [B, H, W, C], size [2]."""
    height, width = _check(images, size)
    facts = align_corners, half_pixel_centers
    rows = _bicubic(images.shape[1], height, *facts)
    columns = _bicubic(images.shape[2], width, *facts)
    return _apply(images.to(torch.float32), rows, columns)


resize_bicubic.shape(_resized_shape)


@resize_bicubic.gradient
def resize_bicubic_gradient(g, op, dy):
    if op.images.dtype not in (float32, float64):
        return None, None
    facts = {"align_corners": op.align_corners, "half_pixel_centers": op.half_pixel_centers}
    return g.ResizeBicubicGrad(dy, op.images, **facts), None


@op(
    "ResizeBicubicGrad",
    "grads: float32, original_image: T -> output: T",
    T=(float32, float64),
    **_FACTS,
)
def resize_bicubic_grad(grads, original_image, *, align_corners, half_pixel_centers):
    """The gradient of ResizeBicubic."""
    facts = align_corners, half_pixel_centers
    rows = _bicubic(original_image.shape[1], grads.shape[1], *facts)
    columns = _bicubic(original_image.shape[2], grads.shape[2], *facts)
    return _apply(grads, rows.t(), columns.t()).to(original_image.dtype)


resize_bicubic_grad.shape(resize_bilinear_grad_shape)


# -- area ------------------------------------------------------------------------------------------


@op(
    "ResizeArea",
    "images: T, size: int32 -> resized_images: float32",
    T=_IMAGES,
    align_corners=False,
    _host="size",
)
def resize_area(images, size, *, align_corners):
    """Means over the area of each pixel, as float32. Shapes: images [B, H, W, C], size [2]."""
    height, width = _check(images, size)
    rows = _area(images.shape[1], height, align_corners)
    columns = _area(images.shape[2], width, align_corners)
    return _apply(images.to(torch.float32), rows, columns)


resize_area.shape(_resized_shape)


# -- nearest neighbour -----------------------------------------------------------------------------


def _nearest(size: int, wanted: int, align_corners: bool, half_pixel: bool) -> torch.Tensor:
    """The pixel that each pixel of the result takes. Shapes: -> [wanted]."""
    scale, places = _scale(size, wanted, align_corners), np.arange(wanted, dtype=np.float32)
    places = (places + np.float32(0.5)) * scale if half_pixel else places * scale
    # halves are rounded away from zero
    chosen = np.floor(places + np.float32(0.5)) if align_corners else np.floor(places)
    return torch.tensor(np.clip(chosen, 0, size - 1).astype(np.int64))


@op(
    "ResizeNearestNeighbor",
    "images: T, size: int32 -> resized_images: T",
    T=_IMAGES,
    **_FACTS,
    _host="size",
)
def resize_nearest_neighbor(images, size, *, align_corners, half_pixel_centers):
    """The nearest pixel. Shapes: images [B, H, W, C], size [2]."""
    height, width = _check(images, size)
    facts = align_corners, half_pixel_centers
    rows = _nearest(images.shape[1], height, *facts)
    columns = _nearest(images.shape[2], width, *facts)
    return images[:, rows][:, :, columns]


resize_nearest_neighbor.shape(_resized_shape)


@resize_nearest_neighbor.gradient
def resize_nearest_neighbor_gradient(g, op, dy):
    shape = op.images.get_shape()[1:3]
    if not shape.is_fully_defined():
        shape = g.shape(op.images)[1:3]
    facts = {"align_corners": op.align_corners, "half_pixel_centers": op.half_pixel_centers}
    return g.ResizeNearestNeighborGrad(dy, shape, **facts), None


@op(
    "ResizeNearestNeighborGrad",
    "grads: T, size: int32 -> output: T",
    T=(uint8, int8, int32, float16, float32, float64),
    **_FACTS,
    _host="size",
)
def resize_nearest_neighbor_grad(grads, size, *, align_corners, half_pixel_centers):
    """The gradient of ResizeNearestNeighbor: sums over the pixels that took one."""
    facts = align_corners, half_pixel_centers
    rows = _nearest(size[0], grads.shape[1], *facts).to(grads.device)
    columns = _nearest(size[1], grads.shape[2], *facts).to(grads.device)
    batch, _, width, channels = grads.shape
    tall = grads.new_zeros((batch, size[0], width, channels)).index_add_(1, rows, grads)
    return grads.new_zeros((batch, size[0], size[1], channels)).index_add_(2, columns, tall)


resize_nearest_neighbor_grad.shape(_resized_shape)
