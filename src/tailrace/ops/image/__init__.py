"""Operations on pictures: resizing, colours, boxes, files."""

from tailrace.ops.image import boxes, codec, color, crops, distorted, resize

__all__ = ["boxes", "codec", "color", "crops", "distorted", "resize"]
