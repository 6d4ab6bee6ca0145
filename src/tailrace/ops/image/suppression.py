"""Later forms of non-maximum suppression: padded, with scores that fade, by given overlaps, for
several classes at once.

Source: TF 1.15 core/ops/image_ops.cc, core/kernels/non_max_suppression_op.cc;
Bodla et al. (2017).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import Any

import torch

from tailrace.dtypes import float16, float32
from tailrace.errors import invalid
from tailrace.ops.image.boxes import overlap
from tailrace.registry import op, type_attr
from tailrace.shapes import agree, with_rank

_HALF = type_attr((float16, float32), float32)


def _suppressed(
    scores: torch.Tensor,
    count: int,
    threshold: float,
    least: float,
    sigma: float,
    similarity: Callable[[int, int], float],
) -> tuple[list[int], list[float]]:
    """Numbers and scores of the boxes kept, the best first.

    With sigma > 0 boxes lose exp(-overlap² / 2 sigma) of their score for each better one instead of
    being dropped at the threshold.
    """
    values = scores.float().tolist()
    # (negative score, number, how many of the chosen it was compared with)
    queue = [(-value, i, 0) for i, value in enumerate(values) if value > least]
    heapq.heapify(queue)
    chosen: list[int] = []
    kept: list[float] = []
    scale = -0.5 / sigma if sigma > 0 else 0.0
    while queue and len(chosen) < count:
        negative, i, begin = heapq.heappop(queue)
        score, dropped = -negative, False
        for j in reversed(chosen[begin:]):
            common = similarity(i, j)
            if sigma > 0:
                score *= math.exp(scale * common * common) if common <= threshold else 0.0
            elif common > threshold:
                dropped = True
            if dropped or score <= least:
                break
        if dropped or score <= least:
            continue
        if score == -negative:
            chosen.append(i)
            kept.append(score)
        else:
            heapq.heappush(queue, (-score, i, len(chosen)))
    return chosen, kept


def _by_boxes(boxes: torch.Tensor) -> Callable[[int, int], float]:
    corners = boxes.float().tolist()
    return lambda i, j: overlap(corners[i], corners[j])


def _check(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> None:
    if not 0 <= threshold <= 1:
        raise invalid("iou_threshold must be in [0, 1]")
    if len(scores) != len(boxes):
        raise invalid(f"scores has incompatible shape: {len(scores)} for {len(boxes)} boxes")


def _padded(values: list[Any], count: int, pads: bool, dtype: torch.dtype) -> torch.Tensor:
    rest = [0] * (count - len(values)) if pads else []
    return torch.tensor([*values, *rest], dtype=dtype)


@op(
    "NonMaxSuppressionV4",
    "boxes: T, scores: T, max_output_size: int32, iou_threshold: T_threshold, "
    "score_threshold: T_threshold -> selected_indices: int32, valid_outputs: int32",
    T=_HALF,
    T_threshold=_HALF,
    pad_to_max_output_size=False,
    _host=("max_output_size", "iou_threshold", "score_threshold"),
    _host_only=True,
)
def non_max_suppression_v4(
    boxes, scores, max_output_size, iou_threshold, score_threshold, *, pad_to_max_output_size
):
    """NonMaxSuppressionV3, padded with zeros if wished, and how many boxes were found."""
    _check(boxes, scores, iou_threshold)
    chosen, _ = _suppressed(
        scores, max_output_size, iou_threshold, score_threshold, 0.0, _by_boxes(boxes)
    )
    found = _padded(chosen, max_output_size, pad_to_max_output_size, torch.int32)
    return found, torch.tensor(len(chosen), dtype=torch.int32)


@op(
    "NonMaxSuppressionV5",
    "boxes: T, scores: T, max_output_size: int32, iou_threshold: T, score_threshold: T, "
    "soft_nms_sigma: T -> selected_indices: int32, selected_scores: T, valid_outputs: int32",
    T=_HALF,
    pad_to_max_output_size=False,
    _host=("max_output_size", "iou_threshold", "score_threshold", "soft_nms_sigma"),
    _host_only=True,
)
def non_max_suppression_v5(
    boxes,
    scores,
    max_output_size,
    iou_threshold,
    score_threshold,
    soft_nms_sigma,
    *,
    pad_to_max_output_size,
):
    """NonMaxSuppressionV4 with the scores, which fade with overlaps if soft_nms_sigma > 0."""
    _check(boxes, scores, iou_threshold)
    if soft_nms_sigma < 0:
        raise invalid("soft_nms_sigma must be >= 0")
    chosen, kept = _suppressed(
        scores, max_output_size, iou_threshold, score_threshold, soft_nms_sigma, _by_boxes(boxes)
    )
    return (
        _padded(chosen, max_output_size, pad_to_max_output_size, torch.int32),
        _padded(kept, max_output_size, pad_to_max_output_size, scores.dtype),
        torch.tensor(len(chosen), dtype=torch.int32),
    )


def _size(max_output_size: Any, pads: bool) -> int | None:
    known = max_output_size.value
    return int(known) if pads and known is not None else None


def _check_shapes(boxes: Any, scores: Any) -> None:
    agree(with_rank(boxes, 2)[0], with_rank(scores, 1)[0], "numbers of boxes and scores")


@non_max_suppression_v4.shape
def non_max_suppression_v4_shape(
    boxes, scores, max_output_size, iou_threshold, score_threshold, *, pad_to_max_output_size
):
    _check_shapes(boxes, scores)
    return [[_size(max_output_size, pad_to_max_output_size)], []]


@non_max_suppression_v5.shape
def non_max_suppression_v5_shape(boxes, scores, max_output_size, *_, pad_to_max_output_size):
    _check_shapes(boxes, scores)
    size = _size(max_output_size, pad_to_max_output_size)
    return [[size], [size], []]


@op(
    "NonMaxSuppressionWithOverlaps",
    "overlaps: float32, scores: float32, max_output_size: int32, overlap_threshold: float32, "
    "score_threshold: float32 -> selected_indices: int32",
    _host=("max_output_size", "overlap_threshold", "score_threshold"),
    _host_only=True,
)
def non_max_suppression_with_overlaps(
    overlaps, scores, max_output_size, overlap_threshold, score_threshold
):
    """Suppression by a matrix of overlaps. Shapes: overlaps [N, N], scores [N]."""
    if overlaps.shape != (len(scores), len(scores)):
        raise invalid(f"overlaps must be square, as many as scores ({len(scores)})")
    rows = overlaps.tolist()
    chosen, _ = _suppressed(
        scores,
        max_output_size,
        overlap_threshold,
        score_threshold,
        0.0,
        lambda i, j: rows[i][j],
    )
    return torch.tensor(chosen, dtype=torch.int32)


@non_max_suppression_with_overlaps.shape
def non_max_suppression_with_overlaps_shape(overlaps, scores, *_):
    agree(with_rank(overlaps, 2)[0], with_rank(scores, 1)[0], "numbers of overlaps and scores")
    return [[None]]


# -- several classes -------------------------------------------------------------------------------


@op(
    "CombinedNonMaxSuppression",
    "boxes: float32, scores: float32, max_output_size_per_class: int32, max_total_size: int32, "
    "iou_threshold: float32, score_threshold: float32 -> nmsed_boxes: float32, "
    "nmsed_scores: float32, nmsed_classes: float32, valid_detections: int32",
    pad_per_class=False,
    clip_boxes=True,
    _host=("max_output_size_per_class", "max_total_size", "iou_threshold", "score_threshold"),
    _host_only=True,
)
def combined_non_max_suppression(
    boxes,
    scores,
    max_output_size_per_class,
    max_total_size,
    iou_threshold,
    score_threshold,
    *,
    pad_per_class,
    clip_boxes,
):
    """The best boxes of each class, then the best of those of all classes, for each picture.

    Shapes: boxes [B, N, q, 4] with q either 1 or C, scores [B, N, C] -> [B, size, 4], [B, size],
    [B, size], [B]; size is max_total_size, or with pad_per_class what C classes fill if less.
    """
    if not 0 <= iou_threshold <= 1:
        raise invalid("iou_threshold must be in [0, 1]")
    if max_output_size_per_class <= 0 or max_total_size <= 0:
        raise invalid("max_output_size_per_class and max_total_size must be > 0")
    size = max_total_size
    if pad_per_class:
        size = min(size, max_output_size_per_class * scores.shape[2])
    results = [
        _best_of_classes(b, s, max_output_size_per_class, size, iou_threshold, score_threshold)
        for b, s in zip(boxes, scores, strict=True)
    ]
    corners, values, classes, counts = (torch.stack(parts) for parts in zip(*results, strict=True))
    return corners.clamp(0, 1) if clip_boxes else corners, values, classes, counts


def _best_of_classes(boxes, scores, per_class, size, threshold, least):
    """Boxes, scores, classes and their number for one picture, padded with zeros."""
    found = []
    for c in range(scores.shape[1]):
        own = boxes[:, min(c, boxes.shape[1] - 1)]
        chosen, kept = _suppressed(scores[:, c], per_class, threshold, least, 0.0, _by_boxes(own))
        found += [(value, c, own[i]) for i, value in zip(chosen, kept, strict=True)]
    found.sort(key=lambda each: -each[0])
    found = found[:size]
    corners, values = boxes.new_zeros(size, 4), scores.new_zeros(size)
    for row, (value, _, corner) in enumerate(found):
        corners[row], values[row] = corner, value
    classes = _padded([float(c) for _, c, _ in found], size, True, torch.float32)
    return corners, values, classes, torch.tensor(len(found), dtype=torch.int32)


@combined_non_max_suppression.shape
def combined_non_max_suppression_shape(
    boxes, scores, max_output_size_per_class, max_total_size, *_, pad_per_class
):
    batch = agree(with_rank(boxes, 4)[0], with_rank(scores, 3)[0], "numbers of pictures")
    agree(boxes[1], scores[1], "numbers of boxes and scores")
    total, each, classes = max_total_size.value, max_output_size_per_class.value, scores[2]
    size = None if total is None else int(total)
    if size is not None and pad_per_class:
        size = None if each is None or classes is None else min(size, int(each) * classes)
    return [[batch, size, 4], [batch, size], [batch, size], [batch]]


combined_non_max_suppression.missing_gradient("a selection")

for _definition in (non_max_suppression_v4, non_max_suppression_v5):
    _definition.missing_gradient("a selection")
non_max_suppression_with_overlaps.no_gradient("a selection")
