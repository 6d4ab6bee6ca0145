"""`tf.image`: picture files.

Source: TF 1.15 python/ops/image_ops_impl.py, gen_image_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, control_flow, indexing, random
from tailrace.library.image.checked import is_tensor
from tailrace.library.image.color import convert_image_dtype


def decode_png(
    contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """The pixels [H, W, channels] of a PNG file, its own channels if 0."""
    return g.DecodePng(contents, channels=channels, dtype=dtype, name=name)


def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """The pixels [H, W, channels] of a JPEG file, made smaller by a ratio of 1, 2, 4 or 8."""
    return g.DecodeJpeg(
        contents,
        channels=channels,
        ratio=ratio,
        fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction,
        dct_method=dct_method,
        name=name,
    )


def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """The part [y, x, height, width] of the pixels of a JPEG file."""
    return g.DecodeAndCropJpeg(
        contents,
        crop_window,
        channels=channels,
        ratio=ratio,
        fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction,
        dct_method=dct_method,
        name=name,
    )


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """The pixels of a BMP file."""
    return g.DecodeBmp(contents, channels=channels, name=name)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """The frames [N, H, W, 3] of a GIF file."""
    return g.DecodeGif(contents, name=name)


def extract_jpeg_shape(
    contents: Any, output_type: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Height, width and channels of a JPEG file."""
    return g.ExtractJpegShape(contents, output_type=output_type, name=name)


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """A PNG file of an image [H, W, 1 to 4]."""
    return g.EncodePng(image, compression=compression, name=name)


def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Tensor:
    """A JPEG file of an image [H, W, 1 or 3]."""
    return g.EncodeJpeg(
        image,
        format=format,
        quality=quality,
        progressive=progressive,
        optimize_size=optimize_size,
        chroma_downsampling=chroma_downsampling,
        density_unit=density_unit,
        x_density=x_density,
        y_density=y_density,
        xmp_metadata=xmp_metadata,
        name=name,
    )


def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Whether a file begins as JPEG files do."""
    with g.name_scope(name, "is_jpeg"):
        start = g.Substr(contents, 0, 3)
        return arithmetic.equal(start, b"\xff\xd8\xff", name=name)


def _is_png(contents: Any) -> Tensor:
    with g.name_scope(None, "is_png"):
        return arithmetic.equal(g.Substr(contents, 0, 3), b"\x89PN")


def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = dtypes.uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Tensor:
    """The pixels of a JPEG, PNG, GIF or BMP file; [frames, H, W, 3] of a GIF file.

    Raises: ValueError for other numbers of channels than 0, 1, 3 and 4.
    """
    dtype = as_dtype(dtype)
    with g.name_scope(name, "decode_image"):
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError("channels must be in (None, 0, 1, 3, 4)")
        start = g.Substr(contents, 0, 3)
        wanted = channels or 0

        def bmp() -> Tensor:
            return _decoded_bmp(contents, wanted, dtype)

        def gif() -> Tensor:
            return _decoded_gif(contents, wanted, dtype, expand_animations)

        def gif_or_bmp() -> Tensor:
            is_gif = arithmetic.equal(start, b"GIF", name="is_gif")
            return control_flow.cond(is_gif, gif, bmp, name="cond_gif")

        def png() -> Tensor:
            depth = dtypes.uint8 if dtype is dtypes.uint8 else dtypes.uint16
            return convert_image_dtype(decode_png(contents, wanted, dtype=depth), dtype)

        def other() -> Tensor:
            return control_flow.cond(_is_png(contents), png, gif_or_bmp, name="cond_png")

        def jpeg() -> Tensor:
            right = arithmetic.not_equal(wanted, 4, name="check_jpeg_channels")
            message = "Channels must be in (None, 0, 1, 3) when decoding JPEG images"
            with g.control_dependencies([control_flow.Assert(right, [message])]):
                return convert_image_dtype(decode_jpeg(contents, wanted), dtype)

        return control_flow.cond(is_jpeg(contents), jpeg, other, name="cond_jpeg")


def _decoded_bmp(contents: Any, channels: int, dtype: dtypes.DType) -> Tensor:
    is_bmp = arithmetic.equal(g.Substr(contents, 0, 2), "BM", name="is_bmp")
    known = control_flow.Assert(is_bmp, ["Unable to decode bytes as JPEG, PNG, GIF, or BMP"])
    right = arithmetic.not_equal(channels, 1, name="check_channels")
    message = "Channels must be in (None, 0, 3) when decoding BMP images"
    with g.control_dependencies([known, control_flow.Assert(right, [message])]):
        return convert_image_dtype(decode_bmp(contents), dtype)


def _decoded_gif(contents: Any, channels: int, dtype: dtypes.DType, expand: bool) -> Tensor:
    right = arithmetic.logical_and(
        arithmetic.not_equal(channels, 1, name="check_gif_channels"),
        arithmetic.not_equal(channels, 4, name="check_gif_channels"),
    )
    message = "Channels must be in (None, 0, 3) when decoding GIF images"
    with g.control_dependencies([control_flow.Assert(right, [message])]):
        frames = convert_image_dtype(decode_gif(contents), dtype)
        return frames if expand else indexing.gather(frames, 0)


def adjust_jpeg_quality(image: Any, jpeg_quality: Any, name: str | None = None) -> Tensor:
    """The image as it comes out of a JPEG file of this quality, from 0 to 100."""
    with g.name_scope(name, "adjust_jpeg_quality"):
        image = convert_to_tensor(image, name="image")
        original = image.dtype
        image = convert_image_dtype(image, dtypes.uint8)
        if not is_tensor(jpeg_quality):
            jpeg_quality = convert_to_tensor(jpeg_quality, dtypes.int32)
        encoded = g.EncodeJpegVariableQuality(image, jpeg_quality)
        return convert_image_dtype(decode_jpeg(encoded), original)


def random_jpeg_quality(
    image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None
) -> Tensor:
    """The image as it comes out of a JPEG file of random quality.

    Raises: ValueError for an empty range, or one outside [0, 100].
    """
    if min(min_jpeg_quality, max_jpeg_quality) < 0 or max(min_jpeg_quality, max_jpeg_quality) > 100:
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if min_jpeg_quality >= max_jpeg_quality:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")
    quality = random.random_uniform(
        [], min_jpeg_quality, max_jpeg_quality, seed=seed, dtype=dtypes.int32
    )
    return adjust_jpeg_quality(image, quality)
