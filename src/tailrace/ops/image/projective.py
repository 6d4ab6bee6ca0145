"""Images seen through a projective transform.

A transform [a0, a1, a2, b0, b1, b2, c0, c1] takes the point (x, y) of the output to the point
((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) of the image, with k = c0 x + c1 y + 1.

Source: TF 1.15 contrib/image/ops/image_ops.cc, kernels/image_ops.h, python/ops/image_ops.py.
"""

from __future__ import annotations

from typing import Any

import torch

from tailrace.dtypes import float16, float32, float64, int32, int64, uint8
from tailrace.errors import invalid
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import with_rank

_IMAGES = type_attr((uint8, int32, int64, float16, float32, float64))
_METHODS = (b"NEAREST", b"BILINEAR")


@op(
    "ImageProjectiveTransformV2",
    "images: dtype, transforms: float32, output_shape: int32 -> transformed_images: dtype",
    dtype=_IMAGES,
    interpolation=Attr("string"),
    _host="output_shape",
)
def image_projective_transform(images, transforms, output_shape, *, interpolation):
    """Each image through its transform, or all through one; 0 where the image ends.

    Shapes: images [B, H, W, C], transforms [B or 1, 8], output_shape [2] -> [B, h, w, C].
    """
    if interpolation not in _METHODS:
        raise invalid(f"unknown interpolation {interpolation!r}: NEAREST or BILINEAR")
    if transforms.ndim != 2 or transforms.shape[1] != 8 or len(transforms) not in (1, len(images)):
        raise invalid(
            "Input transform should be num_images x 8 or 1 x 8: "
            f"{list(transforms.shape)}, num_images {len(images)}"
        )
    height, width = output_shape
    if height <= 0 or width <= 0:
        raise invalid(f"new size must be positive, not {height} x {width}")
    x, y, seen = _places(transforms, height, width)
    if interpolation == b"NEAREST":
        result = _pixels(images, _rounded(y), _rounded(x), images.dtype)
    else:
        result = _between(images, x, y).to(images.dtype)
    return torch.where(seen[..., None], result, torch.zeros((), dtype=images.dtype))


def _places(
    transforms: torch.Tensor, height: int, width: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Where the output's pixels lie in the image, and whether they do [B or 1, h, w]."""
    a0, a1, a2, b0, b1, b2, c0, c1 = transforms[:, :, None, None].unbind(1)
    x = torch.arange(width, dtype=torch.float32, device=transforms.device)[None, None, :]
    y = torch.arange(height, dtype=torch.float32, device=transforms.device)[None, :, None]
    scale = c0 * x + c1 * y + 1.0
    seen = scale != 0
    scale = torch.where(seen, scale, 1.0)
    return (a0 * x + a1 * y + a2) / scale, (b0 * x + b1 * y + b2) / scale, seen


def _rounded(place: torch.Tensor) -> torch.Tensor:
    """The nearest whole number, away from 0 from halfway."""
    return torch.copysign((place.abs() + 0.5).floor(), place)


def _pixels(
    images: torch.Tensor, y: torch.Tensor, x: torch.Tensor, dtype: torch.dtype
) -> torch.Tensor:
    """The pixels at whole places [B or 1, h, w]; 0 beyond the image."""
    batch, height, width, _ = images.shape
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    rows = torch.where(inside, y, 0).to(torch.int64)
    columns = torch.where(inside, x, 0).to(torch.int64)
    index = torch.arange(batch, device=images.device)[:, None, None]
    found = images[index, rows, columns].to(dtype)
    return torch.where(inside[..., None], found, torch.zeros((), dtype=dtype))


def _between(images: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Weighted by how near each of the four pixels around a place is."""
    left, top = x.floor(), y.floor()
    right, bottom = left + 1, top + 1
    of_left, of_right = (right - x)[..., None], (x - left)[..., None]

    def row(at: torch.Tensor) -> torch.Tensor:
        near = _pixels(images, at, left, torch.float32)
        return of_left * near + of_right * _pixels(images, at, right, torch.float32)

    return (bottom - y)[..., None] * row(top) + (y - top)[..., None] * row(bottom)


@image_projective_transform.shape
def image_projective_transform_shape(images, transforms, output_shape):
    images = with_rank(images, 4)
    with_rank(transforms, 2)
    value = output_shape.value
    height, width = (None, None) if value is None else (int(v) for v in value)
    return [[images[0], height, width, images[3]]]


@image_projective_transform.gradient
def image_projective_transform_gradient(g, op, dy):
    """The gradient seen through the inverse transform (of which it is the inverse only nearly)."""
    inverse = g.MatrixInverse(_matrices(g, op.transforms))
    back = _flat(g, inverse)
    size = g.shape(op.images)[1:3]
    facts = {"interpolation": op.interpolation}
    return g.ImageProjectiveTransformV2(dy, back, size, **facts), None, None


def _matrices(g: Any, transforms: Any) -> Any:
    """The transforms [N, 8] as matrices [N, 3, 3]."""
    with g.name_scope("flat_transforms_to_matrices"):
        transforms = g.Reshape(transforms, g.constant([-1, 8]))
        count = g.shape(transforms)[0]
        one = g.ones([count, 1])
        whole = g.ConcatV2([transforms, one], 1, name="concat")
        return g.Reshape(whole, g.constant([-1, 3, 3]))


def _flat(g: Any, matrices: Any) -> Any:
    """Matrices [N, 3, 3] as transforms [N, 8]."""
    with g.name_scope("matrices_to_flat_transforms"):
        flat = g.Reshape(matrices, g.constant([-1, 9]))
        flat = flat / flat[:, 8:9]
        return flat[:, :8]
