"""`tf.image`: element types, brightness, contrast, hue, saturation, grey, standardization.

Source: TF 1.15 python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import (
    arithmetic,
    array,
    checks,
    control_flow,
    linalg,
    math,
    random,
    reductions,
)
from tailrace.library.image.checked import check, checked

_KEPT = (dtypes.float16, dtypes.float32)


def convert_image_dtype(
    image: Any, dtype: Any, saturate: bool = False, name: str | None = None
) -> Tensor:
    """The image as another type, its values in proportion: floats go from 0 to 1.

    Raises: AttributeError for types that are not numbers.
    """
    image = convert_to_tensor(image, name="image")
    wanted, given = as_dtype(dtype), image.dtype
    if not (wanted.is_floating or wanted.is_integer):
        raise AttributeError("dtype must be either floating point or integer")
    if wanted == given:
        return array.identity(image, name=name)
    cast = arithmetic.saturate_cast if saturate else arithmetic.cast
    with g.name_scope(name, "convert_image") as scope:
        if given.is_integer and wanted.is_integer:
            if given.max > wanted.max:
                scaled = arithmetic.div(image, (given.max + 1) // (wanted.max + 1))
                return cast(scaled, wanted, name=scope)
            factor = (wanted.max + 1) // (given.max + 1)
            return arithmetic.multiply(cast(image, wanted), factor, name=scope)
        if given.is_floating and wanted.is_floating:
            return arithmetic.cast(image, wanted, name=scope)
        if given.is_integer:
            exact = arithmetic.cast(image, wanted)
            return arithmetic.multiply(exact, 1.0 / given.max, name=scope)
        scaled = arithmetic.multiply(image, wanted.max + 0.5)
        return cast(scaled, wanted, name=scope)


def _as_float(image: Tensor) -> Tensor:
    return image if image.dtype in _KEPT else convert_image_dtype(image, dtypes.float32)


def per_image_standardization(image: Any) -> Tensor:
    """(x - mean) / max(deviation, 1 / sqrt(pixels)) of each image."""
    with g.name_scope(None, "per_image_standardization") as scope:
        image = checked(convert_to_tensor(image, name="image"))
        original = image.dtype
        image = _as_float(image)
        pixels = reductions.reduce_prod(array.shape(image)[-3:])
        axes = [-1, -2, -3]
        mean = reductions.reduce_mean(image, axis=axes, keepdims=True)
        deviation = reductions.reduce_std(image, axis=axes, keepdims=True)
        least = math.rsqrt(arithmetic.cast(pixels, image.dtype))
        deviation = arithmetic.maximum(deviation, least)
        image = arithmetic.div(image - mean, deviation, name=scope)
        return convert_image_dtype(image, original, saturate=True)


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """The image with delta added, a share of the largest value."""
    with g.name_scope(None, "adjust_brightness") as scope:
        image = convert_to_tensor(image, name="image")
        exact = _as_float(image)
        adjusted = arithmetic.add(exact, arithmetic.cast(delta, exact.dtype), name=scope)
        return convert_image_dtype(adjusted, image.dtype, saturate=True)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """(x - mean) * factor + mean, with the mean of each channel."""
    with g.name_scope(None, "adjust_contrast") as scope:
        images = convert_to_tensor(images, name="images")
        adjusted = g.AdjustContrastv2(_as_float(images), contrast_factor, name=scope)
        return convert_image_dtype(adjusted, images.dtype, saturate=True)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """gain * x ** gamma, of values from 0 to 1. Raises: ValueError for a negative gamma."""
    with g.name_scope(None, "adjust_gamma"):
        image = convert_to_tensor(image, name="image")
        exact = _as_float(image)
        found = check(gamma >= 0, "Gamma should be a non-negative real number.")
        if found:
            gamma = control_flow.with_dependencies(found, gamma)
        return convert_image_dtype(gain * exact**gamma, image.dtype, saturate=True)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """The hue turned by delta, a share of the full circle."""
    with g.name_scope(name, "adjust_hue"):
        image = convert_to_tensor(image, name="image")
        return convert_image_dtype(g.AdjustHue(_as_float(image), delta), image.dtype)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """The saturation times a factor."""
    with g.name_scope(name, "adjust_saturation"):
        image = convert_to_tensor(image, name="image")
        adjusted = g.AdjustSaturation(_as_float(image), saturation_factor)
        return convert_image_dtype(adjusted, image.dtype)


# -- by chance -------------------------------------------------------------------------------------


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """The brightness changed by up to max_delta. Raises: ValueError when that is negative."""
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, random.random_uniform([], -max_delta, max_delta, seed=seed))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """The contrast changed by a factor between two. Raises: ValueError for an empty range."""
    _check_range(lower, upper)
    return adjust_contrast(image, random.random_uniform([], lower, upper, seed=seed))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """The hue turned by up to max_delta. Raises: ValueError outside [0, 0.5]."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_hue(image, random.random_uniform([], -max_delta, max_delta, seed=seed))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """The saturation changed by a factor between two. Raises: ValueError for an empty range."""
    _check_range(lower, upper)
    return adjust_saturation(image, random.random_uniform([], lower, upper, seed=seed))


def _check_range(lower: float, upper: float) -> None:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


# -- colour spaces ---------------------------------------------------------------------------------

_GREY = [0.2989, 0.587, 0.114]
_RGB_TO_YIQ = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
_YIQ_TO_RGB = [
    [1, 1, 1],
    [0.95598634, -0.27201283, -1.10674021],
    [0.6208248, -0.64720424, 1.70423049],
]
_RGB_TO_YUV = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
_YUV_TO_RGB = [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]]


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """Grey values [..., 1] of colours [..., 3]."""
    with g.name_scope(name, "rgb_to_grayscale") as scope:
        images = convert_to_tensor(images, name="images")
        exact = convert_image_dtype(images, dtypes.float32)
        grey = array.expand_dims(linalg.tensordot(exact, _GREY, [-1, -1]), -1)
        return convert_image_dtype(grey, images.dtype, name=scope)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Colours [..., 3] of grey values [..., 1]. Raises: ValueError for other channels."""
    with g.name_scope(name, "grayscale_to_rgb") as scope:
        images = convert_to_tensor(_grey_checked(convert_to_tensor(images)), name="images")
        rank = array.expand_dims(array.rank(images) - 1, 0)
        ones = array.ones(rank, dtype=dtypes.int32)
        multiples = array.concat([ones, array.expand_dims(3, 0)], 0)
        rgb = array.tile(images, multiples, name=scope)
        rgb.set_shape(images.get_shape()[:-1].concatenate([3]))
        return rgb


def _grey_checked(images: Tensor) -> Tensor:
    shape = images.get_shape()
    if shape.ndims is not None and shape.ndims < 2:
        raise ValueError("A grayscale image must be at least two-dimensional.")
    if shape.is_fully_defined():
        if shape[-1] != 1:
            raise ValueError("Last dimension of a grayscale image should be size 1.")
        return control_flow.with_dependencies([], images)
    found = [
        checks.assert_equal(
            array.shape(images)[-1],
            1,
            message="Last dimension of a grayscale image should be size 1.",
        ),
        checks.assert_greater_equal(
            array.rank(images),
            3,
            message="A grayscale image must be at least two-dimensional.",
        ),
    ]
    return control_flow.with_dependencies(found, images)


def _transformed(images: Any, kernel: list[list[float]]) -> Tensor:
    images = convert_to_tensor(images, name="images")
    matrix = convert_to_tensor(kernel, images.dtype, name="kernel")
    last = len(images.get_shape()) - 1
    return linalg.tensordot(images, matrix, axes=[[last], [0]])


def rgb_to_yiq(images: Any) -> Tensor:
    """Luminance and two chrominances of colours [..., 3]."""
    return _transformed(images, _RGB_TO_YIQ)


def yiq_to_rgb(images: Any) -> Tensor:
    """Colours of luminance and two chrominances [..., 3]."""
    return _transformed(images, _YIQ_TO_RGB)


def rgb_to_yuv(images: Any) -> Tensor:
    """Luminance and two colour differences of colours [..., 3]."""
    return _transformed(images, _RGB_TO_YUV)


def yuv_to_rgb(images: Any) -> Tensor:
    """Colours of luminance and two colour differences [..., 3]."""
    return _transformed(images, _YUV_TO_RGB)


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Hue, saturation and value of colours [..., 3] from 0 to 1."""
    return g.RGBToHSV(images, name=name)


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Colours of hue, saturation and value [..., 3] from 0 to 1."""
    return g.HSVToRGB(images, name=name)
