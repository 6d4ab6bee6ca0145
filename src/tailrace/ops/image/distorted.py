"""Boxes drawn at random that still show enough of some object.

Source: TF 1.15 core/ops/image_ops.cc, core/kernels/sample_distorted_bounding_box_op.cc.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from tailrace.arrays import torch_dtype
from tailrace.dtypes import DType, int8, int16, int32, int64, uint8
from tailrace.errors import invalid
from tailrace.native.philox import Draws, Generator
from tailrace.registry import Attr, op, type_attr

_RATIO, _AREA = (0.75, 1.33), (0.05, 1.0)
_single = np.float32


class _Box(NamedTuple):
    """Sides of a rectangle in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels inside; 0 for a box that is turned inside out."""
        return max(self.right - self.left, 0) * max(self.bottom - self.top, 0)

    def common(self, other: _Box) -> _Box:
        """Where two boxes overlap."""
        return _Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )


def _size(
    width: int, height: int, areas: tuple[float, float], ratio: np.float32, draws: Draws
) -> tuple[int, int] | None:
    """Width and height of a crop of this aspect ratio, its area drawn; None when none fits."""
    pixels = _single(width) * _single(height)
    least, most = _single(areas[0]) * pixels, _single(areas[1]) * pixels
    tall = round(float(np.sqrt(least / ratio)))
    tallest = round(float(np.sqrt(most / ratio)))
    if round(float(_single(tallest) * ratio)) > width:
        tallest = int((width + 0.5 - 1e-7) / float(ratio))
        tallest -= round(float(_single(tallest) * ratio)) > width
    tallest = min(tallest, height)
    tall = min(tall, tallest)
    if tall < tallest:
        tall += draws.below(tallest - tall + 1)
    wide = round(float(_single(tall) * ratio))
    for out, step in ((lambda a: a < least, 1), (lambda a: a > most, -1)):
        if out(_single(wide * tall)):
            tall += step
            wide = round(float(_single(tall) * ratio))
    fits = least <= _single(wide * tall) <= most and 0 < wide <= width and 0 < tall <= height
    return (wide, tall) if fits else None


def _crop(
    width: int, height: int, areas: tuple[float, float], ratio: np.float32, draws: Draws
) -> _Box | None:
    if areas[1] <= 0 or ratio <= 0 or width <= 0 or height <= 0 or areas[0] > areas[1]:
        return None
    size = _size(width, height, areas, ratio, draws)
    if size is None:
        return None
    wide, tall = size
    top = draws.below(height - tall) if tall < height else 0
    left = draws.below(width - wide) if wide < width else 0
    return _Box(left, top, left + wide, top + tall)


def _shows(crop: _Box, objects: list[_Box], share: float) -> bool:
    """Whether a crop holds this share of some object."""
    seen = (crop.common(box).area / box.area for box in objects if box.area >= 1)
    return crop.area >= 1 and any(_single(part) >= _single(share) for part in seen)


def _objects(boxes: list[Any], width: int, height: int, whole: bool) -> list[_Box]:
    flat = [box for rows in boxes for box in rows]
    if any(not 0 <= side <= 1 for box in flat for side in box):
        raise invalid("All bounding box coordinates must be in [0.0, 1.0]")
    if not flat and not whole:
        raise invalid(
            "No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes "
            "if you wish to not provide any bounding boxes."
        )
    scales = [_single(s) for s in (height, width, height, width)]
    objects = []
    for box in flat:
        y1, x1, y2, x2 = (int(_single(side) * s) for side, s in zip(box, scales, strict=True))
        objects.append(_Box(x1, y1, x2, y2))
    return objects or [_Box(0, 0, width, height)]


def _sample(
    ctx: Any,
    kind: DType,
    image_size: list[int],
    boxes: torch.Tensor,
    share: float,
    ratios: tuple[float, float],
    areas: tuple[float, float],
    attempts: int,
    whole: bool,
) -> tuple[torch.Tensor, ...]:
    if len(image_size) != 3:
        raise invalid(f"image_size must contain 3 elements, but has {len(image_size)}")
    if boxes.ndim != 3 or boxes.shape[2] != 4:
        raise invalid(f"bounding_boxes must have shape [batch, boxes, 4], not {tuple(boxes.shape)}")
    height, width = image_size[:2]
    objects = _objects(boxes.tolist(), width, height, whole)
    stream = ctx.state.setdefault("stream", Generator(ctx.attr("seed"), ctx.attr("seed2")))
    draws = Draws(stream.reserve(attempts))
    crop = _Box(0, 0, width, height)
    low, high = _single(ratios[0]), _single(ratios[1])
    for _ in range(attempts):
        candidate = _crop(width, height, areas, draws.float32() * (high - low) + low, draws)
        if candidate is not None and _shows(candidate, objects, share):
            crop = candidate
            break
    integers = torch_dtype(kind)
    corners = [crop.top / height, crop.left / width, crop.bottom / height, crop.right / width]
    return (
        torch.tensor([crop.top, crop.left, 0], dtype=integers),
        torch.tensor([crop.bottom - crop.top, crop.right - crop.left, -1], dtype=integers),
        torch.tensor([[corners]], dtype=torch.float32),
    )


_FACTS: dict[str, Any] = {
    "T": type_attr((uint8, int8, int16, int32, int64)),
    "seed": 0,
    "seed2": 0,
    "aspect_ratio_range": Attr("list(float)", _RATIO),
    "area_range": Attr("list(float)", _AREA),
    "max_attempts": 100,
    "use_image_if_no_bounding_boxes": False,
    "_stateful": True,
    "_context": True,
}


@op(
    "SampleDistortedBoundingBox",
    "image_size: T, bounding_boxes: float32 -> begin: T, size: T, bboxes: float32",
    min_object_covered=0.1,
    _host="image_size",
    **_FACTS,
)
def sample_distorted_bounding_box(
    ctx,
    image_size,
    bounding_boxes,
    *,
    T,
    min_object_covered,
    aspect_ratio_range,
    area_range,
    max_attempts,
    use_image_if_no_bounding_boxes,
):
    """A crop at random, of the ratio and area wanted, that holds enough of one of the boxes.

    Shapes: image_size [3] of height, width and depth, boxes [B, N, 4] in shares of the image
    -> begin [3] and size [3] as for Slice, box [1, 1, 4]. The whole image when no attempt succeeds.
    """
    limits = aspect_ratio_range, area_range, max_attempts, use_image_if_no_bounding_boxes
    return _sample(ctx, T, image_size, bounding_boxes, min_object_covered, *limits)


@op(
    "SampleDistortedBoundingBoxV2",
    "image_size: T, bounding_boxes: float32, min_object_covered: float32 "
    "-> begin: T, size: T, bboxes: float32",
    _host=("image_size", "min_object_covered"),
    **_FACTS,
)
def sample_distorted_bounding_box_v2(
    ctx,
    image_size,
    bounding_boxes,
    min_object_covered,
    *,
    T,
    aspect_ratio_range,
    area_range,
    max_attempts,
    use_image_if_no_bounding_boxes,
):
    """SampleDistortedBoundingBox with a share computed in the graph."""
    limits = aspect_ratio_range, area_range, max_attempts, use_image_if_no_bounding_boxes
    return _sample(ctx, T, image_size, bounding_boxes, min_object_covered, *limits)


def _sample_shape(*_: Any) -> list[Any]:
    return [[3], [3], [1, 1, 4]]


for _definition in (sample_distorted_bounding_box, sample_distorted_bounding_box_v2):
    _definition.shape(_sample_shape)
    _definition.no_gradient("what is drawn does not depend on the inputs")
