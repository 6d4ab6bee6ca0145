"""`tf.image`: cropping and padding.

Source: TF 1.15 python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, control_flow, indexing
from tailrace.library.arguments import either
from tailrace.library.image.checked import as_batch, check, checks_of_image, is_tensor, sizes_of


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """The image at an offset in a picture of zeros. Raises: ValueError when it does not fit."""
    with g.name_scope(None, "pad_to_bounding_box"):
        image, is_batch = as_batch(convert_to_tensor(image, name="image"))
        checks = checks_of_image(image)
        batch, height, width, depth = sizes_of(image, 4)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        checks += check(offset_height >= 0, "offset_height must be >= 0")
        checks += check(offset_width >= 0, "offset_width must be >= 0")
        checks += check(right >= 0, "width must be <= target - offset")
        checks += check(below >= 0, "height must be <= target - offset")
        image = control_flow.with_dependencies(checks, image)
        amounts = array.stack([0, 0, offset_height, below, offset_width, right, 0, 0])
        padded = array.pad(image, array.reshape(amounts, [4, 2]))
        padded.set_shape(_known([batch, target_height, target_width, depth]))
        return padded if is_batch else array.squeeze(padded, axis=[0])


def _known(sizes: list[Any]) -> list[Any]:
    return [None if is_tensor(size) else size for size in sizes]


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """A part of the image. Raises: ValueError when it does not lie within."""
    with g.name_scope(None, "crop_to_bounding_box"):
        image, is_batch = as_batch(convert_to_tensor(image, name="image"))
        checks = checks_of_image(image)
        batch, height, width, depth = sizes_of(image, 4)
        checks += check(offset_width >= 0, "offset_width must be >= 0.")
        checks += check(offset_height >= 0, "offset_height must be >= 0.")
        checks += check(target_width > 0, "target_width must be > 0.")
        checks += check(target_height > 0, "target_height must be > 0.")
        checks += check(width >= target_width + offset_width, "width must be >= target + offset.")
        checks += check(
            height >= target_height + offset_height, "height must be >= target + offset."
        )
        image = control_flow.with_dependencies(checks, image)
        begin = array.stack([0, offset_height, offset_width, 0])
        cropped = indexing.slice(image, begin, array.stack([-1, target_height, target_width, -1]))
        cropped.set_shape(_known([batch, target_height, target_width, depth]))
        return cropped if is_batch else array.squeeze(cropped, axis=[0])


def _larger(x: Any, y: Any) -> Any:
    return arithmetic.maximum(x, y) if is_tensor(x) or is_tensor(y) else max(x, y)


def _smaller(x: Any, y: Any) -> Any:
    return arithmetic.minimum(x, y) if is_tensor(x) or is_tensor(y) else min(x, y)


def _same(x: Any, y: Any) -> Any:
    return arithmetic.equal(x, y) if is_tensor(x) or is_tensor(y) else x == y


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """The middle of the image, or the image in the middle of zeros."""
    with g.name_scope(None, "resize_image_with_crop_or_pad"):
        image, is_batch = as_batch(convert_to_tensor(image, name="image"))
        checks = checks_of_image(image)
        checks += check(target_width > 0, "target_width must be > 0.")
        checks += check(target_height > 0, "target_height must be > 0.")
        image = control_flow.with_dependencies(checks, image)
        if is_tensor(target_height):
            target_height = control_flow.with_dependencies(checks, target_height)
        if is_tensor(target_width):
            target_width = control_flow.with_dependencies(checks, target_width)
        _, height, width, _ = sizes_of(image, 4)
        more = target_width - width
        crop_left, pad_left = _larger(-more // 2, 0), _larger(more // 2, 0)
        more = target_height - height
        crop_top, pad_top = _larger(-more // 2, 0), _larger(more // 2, 0)
        cropped = crop_to_bounding_box(
            image,
            crop_top,
            crop_left,
            _smaller(target_height, height),
            _smaller(target_width, width),
        )
        resized = pad_to_bounding_box(cropped, pad_top, pad_left, target_height, target_width)
        _, new_height, new_width, _ = sizes_of(resized, 4)
        checks = check(_same(new_height, target_height), "resized height is not correct.")
        checks += check(_same(new_width, target_width), "resized width is not correct.")
        resized = control_flow.with_dependencies(checks, resized)
        return resized if is_batch else array.squeeze(resized, axis=[0])


resize_with_crop_or_pad = resize_image_with_crop_or_pad


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle of the image, a share of its height and width.

    Raises: ValueError for a share outside (0, 1], or other ranks than 3 and 4.
    """
    with g.name_scope(None, "central_crop"):
        image = convert_to_tensor(image, name="image")
        if not 0.0 < central_fraction <= 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return image
        control_flow.with_dependencies(checks_of_image(image), image)
        rank = image.get_shape().ndims
        if rank not in (3, 4):
            raise ValueError(
                f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {rank}."
            )
        first = rank - 3
        sizes = [_size(image, first), _size(image, first + 1)]
        starts = [_central_start(size, central_fraction) for size in sizes]
        extents = [size - start * 2 for size, start in zip(sizes, starts, strict=True)]
        begin = array.stack([*[0] * first, *starts, 0])
        size = array.stack([*[-1] * first, *extents, -1])
        shape = image.get_shape().as_list()
        image = indexing.slice(image, begin, size)
        image.set_shape([*shape[:first], *_known(extents), shape[-1]])
        return image


def _size(image: Tensor, axis: int) -> Any:
    known = image.get_shape()[axis].value
    return array.shape(image)[axis] if known is None else known


def _central_start(size: Any, fraction: float) -> Any:
    if is_tensor(size):
        exact = arithmetic.cast(size, dtypes.float64)
        return arithmetic.cast((exact - exact * fraction) / 2, dtypes.int32)
    return int((float(size) - float(size) * fraction) / 2)


# -- boxes -----------------------------------------------------------------------------------------


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Tensor:
    """Boxes [y1, x1, y2, x2] in shares of their image, cut out and resized to one size.

    Shapes: image [B, H, W, C], boxes [N, 4], box_ind [N], crop_size [2] -> [N, h, w, C].
    """
    index = either("box_indices", box_indices, "box_ind", box_ind)
    facts = {"method": method, "extrapolation_value": extrapolation_value, "name": name}
    return g.CropAndResize(image, boxes, index, crop_size, **facts)


def draw_bounding_boxes(
    images: Any, boxes: Any, name: str | None = None, colors: Any = None
) -> Tensor:
    """The images with the outlines of boxes [y1, x1, y2, x2] in shares of their size.

    Raises: NotImplementedError when colours are given.
    """
    if colors is not None:
        raise NotImplementedError("draw_bounding_boxes draws in its own colours only")
    return g.DrawBoundingBoxes(images, boxes, name=name)


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: int | None = None,
    seed2: int | None = None,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> Any:
    """Begin, size and box of a crop drawn at random that still shows enough of some object."""
    with g.name_scope(name, "sample_distorted_bounding_box"):
        return g.SampleDistortedBoundingBoxV2(
            image_size,
            bounding_boxes,
            min_object_covered,
            seed=seed,
            seed2=seed2,
            aspect_ratio_range=aspect_ratio_range,
            area_range=area_range,
            max_attempts=max_attempts,
            use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
            name=name,
        )


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """The best boxes of which none overlaps a better one by more than the threshold."""
    with g.name_scope(name, "non_max_suppression"):
        overlap = convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert_to_tensor(score_threshold, name="score_threshold")
        return g.NonMaxSuppressionV3(boxes, scores, max_output_size, overlap, least)


def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    soft_nms_sigma: Any = 0.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """The boxes and their scores; with soft_nms_sigma > 0 overlaps lower scores (soft-NMS)."""
    with g.name_scope(name, "non_max_suppression_with_scores"):
        overlap = convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert_to_tensor(score_threshold, name="score_threshold")
        sigma = convert_to_tensor(soft_nms_sigma, name="soft_nms_sigma")
        indices, kept, _ = g.NonMaxSuppressionV5(
            boxes, scores, max_output_size, overlap, least, sigma, pad_to_max_output_size=False
        )
        return indices, kept


def non_max_suppression_padded(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    pad_to_max_output_size: bool = False,
    name: str | None = None,
) -> Any:
    """The boxes, padded with zeros to max_output_size if wished, and how many they are."""
    with g.name_scope(name, "non_max_suppression_padded"):
        overlap = convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert_to_tensor(score_threshold, name="score_threshold")
        return g.NonMaxSuppressionV4(
            boxes,
            scores,
            max_output_size,
            overlap,
            least,
            pad_to_max_output_size=pad_to_max_output_size,
        )


def combined_non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size_per_class: Any,
    max_total_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    pad_per_class: bool = False,
    clip_boxes: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The best boxes of all classes: boxes, scores, classes, and how many are not padding.

    Shapes: boxes [B, N, 1 or C, 4], scores [B, N, C] -> [B, size, 4], [B, size], [B, size], [B].
    """
    with g.name_scope(name, "combined_non_max_suppression"):
        iou = convert_to_tensor(iou_threshold, dtypes.float32, name="iou_threshold")
        least = convert_to_tensor(score_threshold, dtypes.float32, name="score_threshold")
        return g.CombinedNonMaxSuppression(
            boxes,
            scores,
            max_output_size_per_class,
            max_total_size,
            iou,
            least,
            pad_per_class=pad_per_class,
            clip_boxes=clip_boxes,
        )


def non_max_suppression_overlaps(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """Non-maximum suppression by given overlaps. Shapes: overlaps [N, N], scores [N]."""
    with g.name_scope(name, "non_max_suppression_overlaps"):
        most = convert_to_tensor(overlap_threshold, name="overlap_threshold")
        return g.NonMaxSuppressionWithOverlaps(
            overlaps, scores, max_output_size, most, score_threshold
        )


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    uniform_noise: bool = True,
    name: str | None = None,
) -> Tensor:
    """A window of each picture, noise where it leaves the picture.

    Shapes: input [B, H, W, C], size [2], offsets [B, 2] -> [B, size..., C].
    """
    return g.ExtractGlimpse(
        input,
        size,
        offsets,
        centered=centered,
        normalized=normalized,
        uniform_noise=uniform_noise,
        name=name,
    )


def extract_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Tensor:
    """Windows of pictures, each flattened into the channels."""
    return g.ExtractImagePatches(
        images, ksizes=sizes, strides=strides, rates=rates, padding=padding, name=name
    )
