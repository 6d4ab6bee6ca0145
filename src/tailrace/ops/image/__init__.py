"""Operations on pictures: resizing, colours, boxes, files."""

from tailrace.ops.image import (
    boxes,
    codec,
    color,
    color_gradient,
    crops,
    distorted,
    glimpses,
    projective,
    resize,
    suppression,
)

__all__ = [
    "boxes",
    "codec",
    "color",
    "color_gradient",
    "crops",
    "distorted",
    "glimpses",
    "projective",
    "resize",
    "suppression",
]
