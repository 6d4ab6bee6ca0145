"""`tf.image`: how much two images differ, and edges.

Source: TF 1.15 python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library import arithmetic, array, control_flow, math, reductions
from tailrace.library.image.color import convert_image_dtype
from tailrace.library.nn.activations import relu, softmax
from tailrace.library.nn.convolution import depthwise_conv2d
from tailrace.library.nn.pooling import avg_pool

# of the finest to the coarsest scale
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def _compared(a: Tensor, b: Tensor) -> tuple[list[Tensor], list[Any]]:
    """Shapes of two images, or batches, and assertions that they can be compared.

    Raises: ValueError when it is known that they cannot.
    """
    of_a = a.get_shape().with_rank_at_least(3)
    of_b = b.get_shape().with_rank_at_least(3)
    of_a[-3:].assert_is_compatible_with(of_b[-3:])
    if of_a.ndims is not None and of_b.ndims is not None:
        outer = zip(reversed(of_a[:-3].dims), reversed(of_b[:-3].dims), strict=False)
        for m, n in outer:
            if not (m == 1 or n == 1 or m.is_compatible_with(n)):
                raise ValueError(f"Two images are not compatible: {of_a} and {of_b}")
    shape_a, shape_b = array.shape_n([a, b])
    deep = arithmetic.greater_equal(array.size(shape_a), 3)
    first = control_flow.Assert(deep, [shape_a, shape_b], summarize=10)
    same = reductions.reduce_all(arithmetic.equal(shape_a[-3:], shape_b[-3:]))
    return [shape_a, shape_b], [
        first,
        control_flow.Assert(same, [shape_a, shape_b], summarize=10),
    ]


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """The peak signal-to-noise ratio in dB: 10 log10(max_val ** 2 / mean((a - b) ** 2))."""
    with g.name_scope(name, "PSNR"):
        max_val = arithmetic.cast(max_val, a.dtype)
        max_val = convert_image_dtype(max_val, dtypes.float32)
        a, b = convert_image_dtype(a, dtypes.float32), convert_image_dtype(b, dtypes.float32)
        error = reductions.reduce_mean(arithmetic.squared_difference(a, b), [-3, -2, -1])
        signal = 20 * math.log(max_val) / math.log(10.0)
        noise = np.float32(10 / np.log(10)) * math.log(error)
        value = arithmetic.subtract(signal, noise, name="psnr")
        with g.control_dependencies(_compared(a, b)[1]):
            return array.identity(value)


def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """The structural similarity (Wang, 2004), the mean over channels and Gaussian windows."""
    with g.control_dependencies(_compared(img1, img2)[1]):
        img1 = array.identity(img1)
    max_val = convert_image_dtype(arithmetic.cast(max_val, img1.dtype), dtypes.float32)
    img1 = convert_image_dtype(img1, dtypes.float32)
    img2 = convert_image_dtype(img2, dtypes.float32)
    value, _ = _ssim_per_channel(img1, img2, max_val, filter_size, filter_sigma, k1, k2)
    return reductions.reduce_mean(value, [-1])


def _ssim_per_channel(
    img1: Tensor,
    img2: Tensor,
    max_val: Tensor,
    filter_size: int,
    filter_sigma: float,
    k1: float,
    k2: float,
) -> tuple[Tensor, Tensor]:
    """The similarity, and its contrast and structure alone, of each channel. Shapes: [..., C]."""
    size = constant(filter_size, dtypes.int32)
    sigma = constant(filter_sigma, img1.dtype)
    shapes = array.shape_n([img1, img2])
    checks = [
        control_flow.Assert(
            reductions.reduce_all(arithmetic.greater_equal(shape[-3:-1], size)),
            [shape, size],
            summarize=8,
        )
        for shape in shapes
    ]
    with g.control_dependencies(checks):
        img1 = array.identity(img1)
    kernel = array.tile(_gaussian(size, sigma), [1, 1, shapes[0][-1], 1])
    luminance, contrast = _ssim_parts(img1, img2, kernel, max_val, k1, k2)
    axes = constant([-3, -2], dtypes.int32)
    value = reductions.reduce_mean(luminance * contrast, axes)
    return value, reductions.reduce_mean(contrast, axes)


def ssim_multiscale(
    img1: Any,
    img2: Any,
    max_val: Any,
    power_factors: Sequence[float] = _SCALE_WEIGHTS,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """The structural similarity over scales, each half as large as the one before (Wang, 2003)."""
    with g.name_scope(None, "MS-SSIM"):
        img1 = convert_to_tensor(img1, name="img1")
        img2 = convert_to_tensor(img2, name="img2")
        shapes, checks = _compared(img1, img2)
        with g.control_dependencies(checks):
            img1 = array.identity(img1)
        max_val = convert_image_dtype(arithmetic.cast(max_val, img1.dtype), dtypes.float32)
        images = [convert_image_dtype(image, dtypes.float32) for image in (img1, img2)]
        heads, tails = [s[:-3] for s in shapes], [s[-3:] for s in shapes]
        halves = constant([2, 2, 1], dtypes.int32)
        scores: list[Tensor] = []
        similarity = None
        for k in range(len(power_factors)):
            with g.name_scope(None, f"Scale{k}"):
                if k > 0:
                    images, tails = _halved(images, heads, tails, halves)
                similarity, contrast = _ssim_per_channel(
                    images[0], images[1], max_val, filter_size, filter_sigma, k1, k2
                )
                scores.append(relu(contrast))
        # the last scale counts with its luminance
        scores[-1] = relu(similarity)
        each = array.stack(scores, axis=-1)
        product = reductions.reduce_prod(arithmetic.pow(each, power_factors), [-1])
        return reductions.reduce_mean(product, [-1])


def _halved(
    images: list[Tensor], heads: list[Tensor], tails: list[Tensor], halves: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """Pictures of half the size, padded before if that is odd; and the ends of their shapes."""
    flat = [
        array.reshape(x, array.concat([[-1], tail], 0))
        for x, tail in zip(images, tails, strict=True)
    ]
    remainder = tails[0] % halves

    def padded() -> list[Tensor]:
        padding = array.pad(array.expand_dims(remainder, -1), [[1, 0], [1, 0]])
        return [array.pad(x, padding, mode="SYMMETRIC") for x in flat]

    odd = reductions.reduce_any(arithmetic.not_equal(remainder, 0))
    even = control_flow.cond(odd, padded, lambda: flat)
    window = [1, 2, 2, 1]
    small = [avg_pool(x, ksize=window, strides=window, padding="VALID") for x in even]
    tails = [shape[1:] for shape in array.shape_n(small)]
    each = zip(small, heads, tails, strict=True)
    return [array.reshape(x, array.concat([h, t], 0)) for x, h, t in each], tails


def _gaussian(size: Tensor, sigma: Tensor) -> Tensor:
    """A window that sums to 1. Shapes: -> [size, size, 1, 1]."""
    size = convert_to_tensor(size, dtypes.int32)
    places = arithmetic.cast(math.range(size), sigma.dtype)
    places -= arithmetic.cast(size - 1, sigma.dtype) / 2.0
    logs = math.square(places)
    logs *= -0.5 / math.square(sigma)
    logs = array.reshape(logs, [1, -1]) + array.reshape(logs, [-1, 1])
    window = softmax(array.reshape(logs, [1, -1]))
    return array.reshape(window, [size, size, 1, 1])


def _ssim_parts(
    x: Tensor, y: Tensor, kernel: Tensor, max_val: Tensor, k1: float, k2: float
) -> tuple[Tensor, Tensor]:
    """Luminance, and contrast with structure, of each window and channel."""

    def averaged(image: Tensor) -> Tensor:
        shape = array.shape(image)
        flat = array.reshape(image, array.concat([[-1], shape[-3:]], 0))
        means = depthwise_conv2d(flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
        return array.reshape(means, array.concat([shape[:-3], array.shape(means)[1:]], 0))

    c1 = (k1 * max_val) ** 2
    c2 = (k2 * max_val) ** 2
    mean_x, mean_y = averaged(x), averaged(y)
    product = mean_x * mean_y * 2.0
    squares = math.square(mean_x) + math.square(mean_y)
    luminance = (product + c1) / (squares + c1)
    both = averaged(x * y) * 2.0
    own = averaged(math.square(x) + math.square(y))
    c2 *= 1.0
    return luminance, (both - product + c2) / (own - squares + c2)


# -- edges -----------------------------------------------------------------------------------------


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of the absolute differences of neighbouring pixels, of each image."""
    with g.name_scope(name, "total_variation"):
        ndims = images.get_shape().ndims
        axes: list[int] | None
        if ndims == 3:
            down, right = images[1:, :, :] - images[:-1, :, :], images[:, 1:, :] - images[:, :-1, :]
            axes = None
        elif ndims == 4:
            down = images[:, 1:, :, :] - images[:, :-1, :, :]
            right = images[:, :, 1:, :] - images[:, :, :-1, :]
            axes = [1, 2, 3]
        else:
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        first = reductions.reduce_sum(arithmetic.abs(down), axis=axes)
        return first + reductions.reduce_sum(arithmetic.abs(right), axis=axes)


def image_gradients(image: Tensor) -> tuple[Tensor, Tensor]:
    """The differences to the pixel below and to the right, 0 at the border.

    Shapes: image [B, H, W, C] -> the same, twice.
    """
    if image.get_shape().ndims != 4:
        raise ValueError(
            f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.get_shape()}."
        )
    shape = array.shape(image)
    batch, height, width, depth = array.unstack(shape)
    dy = image[:, 1:, :, :] - image[:, :-1, :, :]
    dx = image[:, :, 1:, :] - image[:, :, :-1, :]
    row = array.stack([batch, 1, width, depth])
    dy = array.reshape(array.concat([dy, array.zeros(row, image.dtype)], 1), shape)
    column = array.stack([batch, height, 1, depth])
    dx = array.reshape(array.concat([dx, array.zeros(column, image.dtype)], 2), shape)
    return dy, dx


def sobel_edges(image: Tensor) -> Tensor:
    """Sobel's vertical and horizontal derivatives. Shapes: [B, H, W, C] -> [B, H, W, C, 2]."""
    static = image.get_shape()
    shape = array.shape(image)
    vertical = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    kernels = np.stack([vertical, vertical.T], -1)[:, :, None, :]
    filters = constant(kernels, image.dtype)
    filters = array.tile(filters, [1, 1, shape[-1], 1], name="sobel_filters")
    padded = array.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    output = depthwise_conv2d(padded, filters, [1, 1, 1, 1], "VALID")
    output = array.reshape(output, array.concat([shape, [2]], 0))
    output.set_shape(static.concatenate([2]))
    return output
