"""`tf.image`: resizing, with the coordinates TensorFlow 1 takes.

Source: TF 1.15 python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.graph.constants import static_as_shape
from tailrace.library import arithmetic, array, control_flow, math
from tailrace.library.image.checked import as_batch, check, checks_of_image, sizes_of
from tailrace.library.image.crops import pad_to_bounding_box


class ResizeMethod:
    """How the pixels between pixels are found."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_METHODS: dict[Any, int] = {"bilinear": 0, "nearest": 1, "bicubic": 2, "area": 3}


def resize_images(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Tensor:
    """Images of a size [height, width], as float32 unless the method is nearest neighbour.

    With align_corners the corner pixels keep their places.
    Shapes: images [B, H, W, C] or [H, W, C].
    Raises: ValueError for other ranks, sizes or methods.
    """
    method = _METHODS.get(method, method)

    def resized(x: Tensor, new_size: Tensor) -> Tensor:
        functions = (g.ResizeBilinear, g.ResizeNearestNeighbor, g.ResizeBicubic, g.ResizeArea)
        if method not in range(4):
            raise ValueError("Resize method is not implemented.")
        return functions[method](x, new_size, align_corners=align_corners)

    return _resized(images, resized, size, preserve_aspect_ratio, name)


resize = resize_images


def _resized(
    images: Any,
    function: Callable[[Tensor, Tensor], Tensor],
    size: Any,
    keep_ratio: bool,
    name: str | None,
) -> Tensor:
    with g.name_scope(name, "resize"):
        images = convert_to_tensor(images, name="images")
        if images.get_shape().ndims is None:
            raise ValueError("'images' contains no shape.")
        if images.get_shape().ndims not in (3, 4):
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        images, is_batch = as_batch(images)
        size, wanted = _size_tensor(size)
        if keep_ratio:
            size, wanted = _within(images, wanted)
        now = images.get_shape().as_list()[1:3]
        if None not in [*wanted, *now] and now == wanted:
            return images if is_batch else array.squeeze(images, axis=[0])
        images = function(images, size)
        images.set_shape([None, *wanted, None])
        return images if is_batch else array.squeeze(images, axis=[0])


def _size_tensor(size: Any) -> tuple[Tensor, list[int | None]]:
    """The size as a tensor, and as far as it is known."""
    try:
        tensor = convert_to_tensor(size, dtypes.int32, name="size")
    except (TypeError, ValueError):
        raise ValueError("'size' must be a 1-D int32 Tensor") from None
    if not tensor.get_shape().is_compatible_with([2]):
        raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
    return tensor, list(static_as_shape(tensor).dims or (None, None))


def _within(images: Tensor, wanted: list[Any]) -> tuple[Tensor, list[int | None]]:
    """The largest size within the one wanted that keeps the ratio of height and width."""
    _, height, width, _ = sizes_of(images, 4)

    def as_float(value: Any) -> Tensor:
        return arithmetic.cast(value, dtypes.float32)

    by_height = as_float(wanted[0]) / as_float(height)
    by_width = as_float(wanted[1]) / as_float(width)
    factor = arithmetic.minimum(by_height, by_width)
    sizes = [
        arithmetic.cast(math.round(factor * as_float(now)), dtypes.int32) for now in (height, width)
    ]
    size = convert_to_tensor(sizes, dtypes.int32, name="size")
    return size, list(static_as_shape(size).dims or (None, None))


def resize_image_with_pad(
    image: Any,
    target_height: Any,
    target_width: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Tensor:
    """The image as large as fits, in the middle of zeros."""
    with g.name_scope(None, "resize_image_with_pad"):
        image, is_batch = as_batch(convert_to_tensor(image, name="image"))
        checks = checks_of_image(image)
        checks += check(target_width > 0, "target_width must be > 0.")
        checks += check(target_height > 0, "target_height must be > 0.")
        image = control_flow.with_dependencies(checks, image)
        _, height, width, _ = sizes_of(image, 4)
        sizes, pads = _fitted(height, width, target_height, target_width)
        resized = resize_images(image, sizes, method, align_corners=align_corners)
        top, left = pads
        padded = pad_to_bounding_box(resized, top, left, target_height, target_width)
        sizes_of(padded, 4)
        return padded if is_batch else array.squeeze(padded, axis=[0])


def _fitted(height: Any, width: Any, target_height: Any, target_width: Any) -> Any:
    """The size the image gets, and how much is padded above and beside it."""

    def exact(value: Any) -> Tensor:
        return arithmetic.cast(value, dtypes.float64)

    h, w = exact(height), exact(width)
    th, tw = exact(target_height), exact(target_width)
    ratio = arithmetic.maximum(w / tw, h / th)
    new_h, new_w = h / ratio, w / ratio
    sizes = [arithmetic.cast(math.floor(new), dtypes.int32) for new in (new_h, new_w)]
    margins = [(th - new_h) / 2, (tw - new_w) / 2]
    floors = [math.floor(margin) for margin in margins]
    pads = [arithmetic.maximum(0, arithmetic.cast(f, dtypes.int32)) for f in floors]
    return sizes, pads


# -- one operation each ----------------------------------------------------------------------------


def resize_bilinear(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Bilinear interpolation of images [B, H, W, C]."""
    facts = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return g.ResizeBilinear(images, size, **facts, name=name)


def resize_bicubic(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Bicubic interpolation of images [B, H, W, C]."""
    facts = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return g.ResizeBicubic(images, size, **facts, name=name)


def resize_nearest_neighbor(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """The nearest pixels of images [B, H, W, C]."""
    facts = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return g.ResizeNearestNeighbor(images, size, **facts, name=name)


def resize_area(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None
) -> Tensor:
    """Means over the areas of the new pixels, of images [B, H, W, C]."""
    return g.ResizeArea(images, size, align_corners=align_corners, name=name)
