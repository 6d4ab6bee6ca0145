"""Boxes cut out of images and resized, and its gradients.

Source: TF 1.15 core/ops/image_ops.cc, core/kernels/crop_and_resize_op.cc, python/ops/image_grad.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from tailrace import arrays
from tailrace.dtypes import (
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
from tailrace.registry import Attr, op
from tailrace.shapes import agree, with_rank

_IMAGES = (uint8, uint16, int8, int16, int32, int64, float16, float32, float64)
_METHOD = Attr("string", b"bilinear", (b"bilinear", b"nearest"))


class _Axis(NamedTuple):
    """Where the pixels of the crops lie along an axis. Shapes: [N, size] each."""

    places: torch.Tensor
    inside: torch.Tensor

    @property
    def low(self) -> torch.Tensor:
        return self.places.floor().to(torch.int64)

    @property
    def high(self) -> torch.Tensor:
        return self.places.ceil().to(torch.int64)

    @property
    def part(self) -> torch.Tensor:
        return self.places - self.places.floor()

    @property
    def nearest(self) -> torch.Tensor:
        return (self.places + 0.5).floor().to(torch.int64)


def _axis(first: torch.Tensor, last: torch.Tensor, size: int, wanted: int) -> _Axis:
    """Boxes go from `first` to `last` in shares of the picture [N]."""
    if wanted > 1:
        step = (last - first) * (size - 1) / (wanted - 1)
        offsets = torch.arange(wanted, dtype=torch.float32, device=first.device)
        places = first[:, None] * (size - 1) + offsets * step[:, None]
    else:
        places = (0.5 * (first + last) * (size - 1))[:, None]
    inside = (places >= 0) & (places <= size - 1)
    return _Axis(torch.where(inside, places, 0), inside)


def _axes(boxes: torch.Tensor, height: int, width: int, wanted: Any) -> tuple[_Axis, _Axis]:
    y1, x1, y2, x2 = boxes.unbind(1)
    return _axis(y1, y2, height, wanted[0]), _axis(x1, x2, width, wanted[1])


def _check_index(index: torch.Tensor, batch: int) -> torch.Tensor:
    index = index.to(torch.int64)
    if index.numel() and not (int(index.min()) >= 0 and int(index.max()) < batch):
        raise invalid(f"box_index has values outside [0, {batch})")
    return index


def _corners(rows: _Axis, columns: _Axis) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Rows, columns and weights of the four pixels around each place. Shapes: [N, h, w]."""
    down, right = rows.part[:, :, None], columns.part[:, None, :]
    pairs = []
    for y, wy in ((rows.low, 1 - down), (rows.high, down)):
        for x, wx in ((columns.low, 1 - right), (columns.high, right)):
            pairs.append((y[:, :, None], x[:, None, :], wy * wx))
    return pairs


@op(
    "CropAndResize",
    "image: T, boxes: float32, box_ind: int32, crop_size: int32 -> crops: float32",
    T=_IMAGES,
    method=_METHOD,
    extrapolation_value=0.0,
    _host="crop_size",
)
def crop_and_resize(image, boxes, box_ind, crop_size, *, method, extrapolation_value):
    """Boxes [y1, x1, y2, x2] in shares of the image, cut out and resized to one size.

    Shapes: image [B, H, W, C], boxes [N, 4], box_ind [N], crop_size [2] -> [N, h, w, C].
    """
    index = _check_index(box_ind, len(image))[:, None, None]
    rows, columns = _axes(boxes, image.shape[1], image.shape[2], crop_size)
    exact = image.to(torch.float32)
    if method == b"nearest":
        crops = exact[index, rows.nearest[:, :, None], columns.nearest[:, None, :]]
    else:
        crops = sum(exact[index, y, x] * w[..., None] for y, x, w in _corners(rows, columns))
    inside = (rows.inside[:, :, None] & columns.inside[:, None, :])[..., None]
    return torch.where(inside, crops, extrapolation_value)


@crop_and_resize.shape
def crop_and_resize_shape(image, boxes, box_ind, crop_size):
    image, boxes = with_rank(image, 4), with_rank(boxes, 2)
    count = agree(boxes[0], with_rank(box_ind, 1)[0], "numbers of boxes and of box_ind")
    value = crop_size.value
    height, width = (None, None) if value is None else (int(v) for v in value)
    return [[count, height, width, image[3]]]


@crop_and_resize.gradient
def crop_and_resize_gradient(g, op, dy):
    shape = op.image.get_shape()
    shape = shape.as_list() if shape.is_fully_defined() else g.shape(op.image)
    d_image = None
    if op.image.dtype in (float16, float32, float64):
        d_image = g.CropAndResizeGradImage(
            dy, op.boxes, op.box_ind, shape, T=op.T, method=op.method
        )
    return d_image, g.CropAndResizeGradBoxes(dy, op.image, op.boxes, op.box_ind), None, None


@op(
    "CropAndResizeGradImage",
    "grads: float32, boxes: float32, box_ind: int32, image_size: int32 -> output: T",
    T=(float32, float16, float64),
    method=_METHOD,
    _host="image_size",
)
def crop_and_resize_grad_image(grads, boxes, box_ind, image_size, *, method, T):
    """The gradient of CropAndResize with respect to the images."""
    batch, height, width = image_size[:3]
    index = _check_index(box_ind, batch)[:, None, None]
    rows, columns = _axes(boxes, height, width, grads.shape[1:3])
    inside = rows.inside[:, :, None] & columns.inside[:, None, :]
    image = grads.new_zeros(tuple(image_size))
    if method == b"nearest":
        pixels = [(rows.nearest[:, :, None], columns.nearest[:, None, :], inside.to(grads))]
    else:
        pixels = [(y, x, w * inside) for y, x, w in _corners(rows, columns)]
    for y, x, weight in pixels:
        places = torch.broadcast_tensors(index, y, x)
        image.index_put_(tuple(places), grads * weight[..., None], accumulate=True)
    return image.to(arrays.torch_dtype(T))


@crop_and_resize_grad_image.shape
def crop_and_resize_grad_image_shape(grads, boxes, box_ind, image_size):
    return [with_rank(image_size.as_shape(), 4)]


@op(
    "CropAndResizeGradBoxes",
    "grads: float32, image: T, boxes: float32, box_ind: int32 -> output: float32",
    T=_IMAGES,
    method=Attr("string", b"bilinear", (b"bilinear",)),
)
def crop_and_resize_grad_boxes(grads, image, boxes, box_ind):
    """The gradient of CropAndResize with respect to the boxes."""
    index = _check_index(box_ind, len(image))[:, None, None]
    height, width = image.shape[1:3]
    rows, columns = _axes(boxes, height, width, grads.shape[1:3])
    exact = image.to(torch.float32)
    (tl, tr), (bl, br) = (
        [exact[index, y[:, :, None], x[:, None, :]] for x in (columns.low, columns.high)]
        for y in (rows.low, rows.high)
    )
    down, right = rows.part[:, :, None, None], columns.part[:, None, :, None]
    inside = (rows.inside[:, :, None] & columns.inside[:, None, :])[..., None]
    dy = ((1 - right) * (bl - tl) + right * (br - tr)) * inside * grads
    dx = ((1 - down) * (tr - tl) + down * (br - bl)) * inside * grads
    parts = [
        _box_parts(dy.sum((2, 3)), height, grads.shape[1]),
        _box_parts(dx.sum((1, 3)), width, grads.shape[2]),
    ]
    return torch.stack([parts[0][0], parts[1][0], parts[0][1], parts[1][1]], 1)


def _box_parts(slopes: torch.Tensor, size: int, wanted: int) -> tuple[torch.Tensor, torch.Tensor]:
    """How the places' gradients [N, wanted] go to the box's first and last coordinate [N]."""
    if wanted == 1:
        half = slopes[:, 0] * 0.5 * (size - 1)
        return half, half
    ratio = (size - 1) / (wanted - 1)
    steps = torch.arange(wanted, dtype=slopes.dtype, device=slopes.device)
    return (slopes * (size - 1 - steps * ratio)).sum(1), (slopes * steps * ratio).sum(1)


@crop_and_resize_grad_boxes.shape
def crop_and_resize_grad_boxes_shape(grads, image, boxes, box_ind):
    return [boxes]
