"""Colours: contrast, hue, saturation, and hue-saturation-value.

Source: TF 1.15 core/ops/image_ops.cc, core/kernels/colorspace_op.h, adjust_contrast_op.cc,
adjust_hue_op.cc, adjust_saturation_op.cc.
"""

from __future__ import annotations

from typing import Any

import torch

from tailrace.dtypes import FLOATS, float16, float32
from tailrace.errors import invalid
from tailrace.registry import op, type_attr
from tailrace.shapes import at_least_rank

_HALF = type_attr((float16, float32), float32)


def _images_shape(images: Any) -> list[Any]:
    return [at_least_rank(images, 3)]


@op("AdjustContrastv2", "images: T, contrast_factor: float32 -> output: T", T=_HALF)
def adjust_contrast(images, contrast_factor):
    """(x - mean) * factor + mean, with the mean of each channel of each image."""
    exact = images.to(torch.float32)
    mean = exact.mean((-3, -2), keepdim=True)
    return ((exact - mean) * contrast_factor + mean).to(images.dtype)


adjust_contrast.shape(lambda images, contrast_factor: _images_shape(images))


def _to_hsv(rgb: torch.Tensor) -> torch.Tensor:
    """Hue, saturation and value, each in [0, 1]. Shapes: [..., 3] -> [..., 3]."""
    red, green, blue = rgb.unbind(-1)
    value = rgb.amax(-1)
    spread = value - rgb.amin(-1)
    saturation = torch.where(value > 0, spread / value, 0)
    norm = 1 / (6 * spread)
    hue = torch.where(
        red == value,
        norm * (green - blue),
        torch.where(green == value, norm * (blue - red) + 2 / 6, norm * (red - green) + 4 / 6),
    )
    hue = torch.where(spread > 0, hue, 0)
    hue = torch.where(hue < 0, hue + 1, hue)
    return torch.stack([hue, saturation, value], -1)


def _to_rgb(hsv: torch.Tensor) -> torch.Tensor:
    """Shapes: [..., 3] -> [..., 3]."""
    hue, saturation, value = hsv.unbind(-1)
    turn = hue * 6
    parts = [
        ((turn - 3).abs() - 1).clamp(0, 1),
        (2 - (turn - 2).abs()).clamp(0, 1),
        (2 - (turn - 4).abs()).clamp(0, 1),
    ]
    return torch.stack([((1 - saturation) + saturation * part) * value for part in parts], -1)


def _check_channels(images: torch.Tensor) -> None:
    if images.dim() < 1 or images.shape[-1] != 3:
        raise invalid(f"input must have 3 channels but instead has shape {list(images.shape)}")


@op("RGBToHSV", "images: T -> output: T", T=type_attr(FLOATS, float32))
def rgb_to_hsv(images):
    """Hue, saturation and value of red, green and blue in [0, 1]."""
    _check_channels(images)
    return _to_hsv(images)


@op("HSVToRGB", "images: T -> output: T", T=type_attr(FLOATS, float32))
def hsv_to_rgb(images):
    """Red, green and blue of hue, saturation and value in [0, 1]."""
    _check_channels(images)
    return _to_rgb(images)


def _colors_shape(images: Any) -> list[Any]:
    images = at_least_rank(images, 1)
    return [[*images[:-1], 3]]


rgb_to_hsv.shape(_colors_shape)
hsv_to_rgb.shape(_colors_shape)
hsv_to_rgb.no_gradient("TensorFlow 1 declares it not differentiable")


@op("AdjustHue", "images: T, delta: float32 -> output: T", T=_HALF)
def adjust_hue(images, delta):
    """The hue turned by delta, a share of the full circle."""
    _check_channels(images)
    hsv = _to_hsv(images.to(torch.float32))
    hue = torch.remainder(hsv[..., 0] + delta, 1)
    return _to_rgb(torch.stack([hue, hsv[..., 1], hsv[..., 2]], -1)).to(images.dtype)


adjust_hue.shape(lambda images, delta: _images_shape(images))


@op("AdjustSaturation", "images: T, scale: float32 -> output: T", T=_HALF)
def adjust_saturation(images, scale):
    """The saturation times a factor, at most 1."""
    _check_channels(images)
    hsv = _to_hsv(images.to(torch.float32))
    saturation = (hsv[..., 1] * scale).clamp(0, 1)
    return _to_rgb(torch.stack([hsv[..., 0], saturation, hsv[..., 2]], -1)).to(images.dtype)


adjust_saturation.shape(lambda images, scale: _images_shape(images))
