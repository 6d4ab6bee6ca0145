"""Choosing boxes, and drawing them.

Source: TF 1.15 core/ops/image_ops.cc, core/kernels/non_max_suppression_op.cc,
draw_bounding_box_op.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from tailrace.dtypes import float16, float32
from tailrace.errors import invalid
from tailrace.registry import op, type_attr
from tailrace.shapes import agree, with_rank

_HALF = type_attr((float16, float32), float32)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of boxes given by two opposite corners."""
    (ay1, ax1, ay2, ax2), (by1, bx1, by2, bx2) = _ordered(a), _ordered(b)
    area_a, area_b = (ay2 - ay1) * (ax2 - ax1), (by2 - by1) * (bx2 - bx1)
    if area_a <= 0 or area_b <= 0:
        return 0.0
    height = max(min(ay2, by2) - max(ay1, by1), 0.0)
    width = max(min(ax2, bx2) - max(ax1, bx1), 0.0)
    both = height * width
    return both / (area_a + area_b - both)


def _ordered(box: Sequence[float]) -> tuple[float, float, float, float]:
    y1, x1, y2, x2 = box
    return min(y1, y2), min(x1, x2), max(y1, y2), max(x1, x2)


def _selected(
    boxes: torch.Tensor,
    scores: torch.Tensor,
    count: int,
    most: float,
    least: float = -math.inf,
) -> torch.Tensor:
    """The boxes by score, without those that overlap a better one too much."""
    if not 0 <= most <= 1:
        raise invalid("iou_threshold must be in [0, 1]")
    if len(scores) != len(boxes):
        raise invalid(f"scores has incompatible shape: {len(scores)} for {len(boxes)} boxes")
    corners, values = boxes.float().tolist(), scores.float()
    chosen: list[int] = []
    for i in torch.argsort(-values, stable=True).tolist():
        if len(chosen) >= count or not values[i] > least:
            break
        if all(overlap(corners[i], corners[j]) <= most for j in chosen):
            chosen.append(i)
    return torch.tensor(chosen, dtype=torch.int32)


@op(
    "NonMaxSuppression",
    "boxes: float32, scores: float32, max_output_size: int32 -> selected_indices: int32",
    iou_threshold=0.5,
    _host="max_output_size",
    _host_only=True,
)
def non_max_suppression(boxes, scores, max_output_size, *, iou_threshold):
    """The best boxes of which none overlaps a better one by more than the threshold.

    Shapes: boxes [N, 4] of two corners each, scores [N] -> [up to max_output_size].
    """
    return _selected(boxes, scores, max_output_size, iou_threshold)


@op(
    "NonMaxSuppressionV2",
    "boxes: T, scores: T, max_output_size: int32, iou_threshold: T_threshold "
    "-> selected_indices: int32",
    T=_HALF,
    T_threshold=_HALF,
    _host=("max_output_size", "iou_threshold"),
    _host_only=True,
)
def non_max_suppression_v2(boxes, scores, max_output_size, iou_threshold):
    """NonMaxSuppression with a threshold computed in the graph."""
    return _selected(boxes, scores, max_output_size, iou_threshold)


@op(
    "NonMaxSuppressionV3",
    "boxes: T, scores: T, max_output_size: int32, iou_threshold: T_threshold, "
    "score_threshold: T_threshold -> selected_indices: int32",
    T=_HALF,
    T_threshold=_HALF,
    _host=("max_output_size", "iou_threshold", "score_threshold"),
    _host_only=True,
)
def non_max_suppression_v3(boxes, scores, max_output_size, iou_threshold, score_threshold):
    """NonMaxSuppressionV2 of the boxes with a score above a threshold."""
    return _selected(boxes, scores, max_output_size, iou_threshold, score_threshold)


def _selection_shape(boxes: Any, scores: Any, *_: Any) -> list[Any]:
    agree(with_rank(boxes, 2)[0], with_rank(scores, 1)[0], "numbers of boxes and scores")
    return [[None]]


for _definition in (non_max_suppression, non_max_suppression_v2, non_max_suppression_v3):
    _definition.shape(_selection_shape)
    _definition.no_gradient("a selection")


# -- drawing ---------------------------------------------------------------------------------------

_COLORS = [
    (1, 1, 0, 1),
    (0, 0, 1, 1),
    (1, 0, 0, 1),
    (0, 1, 0, 1),
    (0.5, 0, 0.5, 1),
    (0.5, 0.5, 0, 1),
    (0.5, 0, 0, 1),
    (0, 0, 0.5, 1),
    (0, 1, 1, 1),
    (1, 0, 1, 1),
]


@op(
    "DrawBoundingBoxes",
    "images: T, boxes: float32 -> output: T",
    T=type_attr((float32, float16), float32),
    _host_only=True,
)
def draw_bounding_boxes(images, boxes):
    """The images with the outlines of boxes [y1, x1, y2, x2] in shares of their size.

    Shapes: images [B, H, W, C], boxes [B, N, 4]; colours go round.
    """
    result = images.clone()
    depth, height, width = images.shape[3], images.shape[1], images.shape[2]
    for b, rows in enumerate(boxes.tolist()):
        for i, (y1, x1, y2, x2) in enumerate(rows):
            color = _COLORS[i % len(_COLORS)]
            ink = images.new_tensor(color[:depth] if depth > 1 else (1.0,))
            top, bottom = int(y1 * (height - 1)), int(y2 * (height - 1))
            left, right = int(x1 * (width - 1)), int(x2 * (width - 1))
            _outline(result[b], ink, top, left, bottom, right)
    return result


def _outline(
    image: torch.Tensor, ink: torch.Tensor, top: int, left: int, bottom: int, right: int
) -> None:
    height, width = image.shape[:2]
    if top > bottom or left > right or top >= height or left >= width or bottom < 0 or right < 0:
        return
    rows = slice(max(top, 0), min(bottom, height - 1) + 1)
    columns = slice(max(left, 0), min(right, width - 1) + 1)
    for row in (top, bottom):
        if 0 <= row < height:
            image[row, columns] = ink
    for column in (left, right):
        if 0 <= column < width:
            image[rows, column] = ink


@draw_bounding_boxes.shape
def draw_bounding_boxes_shape(images, boxes):
    return [with_rank(images, 4)]


draw_bounding_boxes.no_gradient("pixels are overwritten")
