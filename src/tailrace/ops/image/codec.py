"""Picture files: PNG, JPEG, BMP and GIF, read and written by Pillow.

Source: TF 1.15 core/ops/image_ops.cc, core/kernels/decode_image_op.cc, encode_png_op.cc.
"""

from __future__ import annotations

import importlib
import io
from typing import Any

import numpy as np
import torch

from tailrace import arrays
from tailrace.dtypes import int32, int64, uint8, uint16
from tailrace.errors import ShapeError, invalid
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import with_rank

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def _pillow() -> Any:
    """Loaded when the first picture is."""
    return importlib.import_module("PIL.Image")


def _bytes(contents: Any) -> bytes:
    return contents if isinstance(contents, bytes) else contents.item()


def _opened(contents: Any, formats: tuple[str, ...]) -> Any:
    data = _bytes(contents)
    try:
        picture = _pillow().open(io.BytesIO(data), formats=formats)
        picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise invalid(f"Invalid {'/'.join(formats)} data, size {len(data)}: {error}") from None
    return picture


def _pixels(picture: Any, channels: int, deep: bool = False) -> torch.Tensor:
    """The picture with so many channels, its own if 0. Shapes: -> [H, W, C]."""
    if deep and picture.mode.startswith("I"):
        return torch.from_numpy(np.asarray(picture).astype(np.uint16))[:, :, None]
    if channels not in (0, 1, 3, 4):
        raise invalid(f"channels must be 0, 1, 3 or 4, got {channels}")
    own = {"1": "L", "P": "RGB", "CMYK": "RGB", "YCbCr": "RGB"}.get(picture.mode, picture.mode)
    if picture.mode == "P" and "transparency" in picture.info:
        own = "RGBA"
    array = np.array(picture.convert(_MODES.get(channels, own)))
    array = array if array.ndim == 3 else array[:, :, None]
    if deep:
        return torch.from_numpy(array.astype(np.uint16) * np.uint16(257))
    return torch.from_numpy(array)


def _decoded_shape(contents: Any, channels: int) -> list[Any]:
    with_rank(contents, 0)
    if channels < 0:
        raise ShapeError(f"channels must be non-negative, got {channels}")
    return [[None, None, channels or None]]


@op(
    "DecodePng",
    "contents: string -> image: dtype",
    channels=0,
    dtype=type_attr((uint8, uint16), uint8),
)
def decode_png(contents, *, channels, dtype):
    """A PNG file's pixels; of the other formats as well, as TensorFlow reads them here."""
    picture = _opened(contents, ("PNG", "JPEG", "GIF", "BMP"))
    return _pixels(picture, channels, deep=dtype is uint16)


decode_png.shape(lambda contents, *, channels: _decoded_shape(contents, channels))

_JPEG: dict[str, Any] = {
    "channels": 0,
    "ratio": 1,
    "fancy_upscaling": True,
    "try_recover_truncated": False,
    "acceptable_fraction": 1.0,
    "dct_method": "",
}


def _jpeg(contents: Any, channels: int, ratio: int) -> torch.Tensor:
    pixels = _pixels(_opened(contents, ("JPEG", "PNG", "GIF", "BMP")), channels)
    if ratio == 1:
        return pixels
    height, width, depth = pixels.shape
    rows, columns = -(-height // ratio), -(-width // ratio)
    padded = torch.nn.functional.pad(
        pixels.movedim(2, 0).float(),
        (0, columns * ratio - width, 0, rows * ratio - height),
        mode="replicate",
    )
    blocks = padded.reshape(depth, rows, ratio, columns, ratio).mean((2, 4))
    return blocks.round().to(torch.uint8).movedim(0, 2).contiguous()


@op("DecodeJpeg", "contents: string -> image: uint8", **_JPEG)
def decode_jpeg(contents, *, channels, ratio):
    """A JPEG file's pixels, made smaller by a ratio of 1, 2, 4 or 8."""
    return _jpeg(contents, channels, ratio)


decode_jpeg.shape(lambda contents, *, channels: _decoded_shape(contents, channels))


@op(
    "DecodeAndCropJpeg",
    "contents: string, crop_window: int32 -> image: uint8",
    **_JPEG,
    _host="crop_window",
)
def decode_and_crop_jpeg(contents, crop_window, *, channels, ratio):
    """The part [y, x, height, width] of a JPEG file's pixels."""
    pixels = _jpeg(contents, channels, ratio)
    y, x, height, width = crop_window
    if min(y, x) < 0 or y + height > pixels.shape[0] or x + width > pixels.shape[1]:
        raise invalid(f"Invalid JPEG data or crop window {crop_window}")
    return pixels[y : y + height, x : x + width].contiguous()


@decode_and_crop_jpeg.shape
def decode_and_crop_jpeg_shape(contents, crop_window, *, channels):
    window = crop_window.value
    height, width = (None, None) if window is None else (int(window[2]), int(window[3]))
    return [[height, width, channels or None]]


@op("DecodeBmp", "contents: string -> image: uint8", channels=0)
def decode_bmp(contents, *, channels):
    """A BMP file's pixels."""
    return _pixels(_opened(contents, ("BMP",)), channels)


decode_bmp.shape(lambda contents, *, channels: _decoded_shape(contents, channels))


@op("DecodeGif", "contents: string -> image: uint8")
def decode_gif(contents):
    """The frames of a GIF file. Shapes: -> [frames, H, W, 3]."""
    picture = _opened(contents, ("GIF",))
    frames = []
    for i in range(picture.n_frames):
        picture.seek(i)
        frames.append(np.array(picture.convert("RGB")))
    return torch.from_numpy(np.stack(frames))


@decode_gif.shape
def decode_gif_shape(contents):
    with_rank(contents, 0)
    return [[None, None, None, 3]]


@op(
    "ExtractJpegShape",
    "contents: string -> image_shape: output_type",
    output_type=type_attr((int32, int64), int32),
)
def extract_jpeg_shape(contents, *, output_type):
    """Height, width and channels of a JPEG file, without decoding it."""
    picture = _pillow().open(io.BytesIO(_bytes(contents)), formats=("JPEG",))
    sizes = [picture.height, picture.width, len(picture.getbands())]
    return torch.tensor(sizes, dtype=arrays.torch_dtype(output_type))


@extract_jpeg_shape.shape
def extract_jpeg_shape_shape(contents):
    with_rank(contents, 0)
    return [[3]]


# -- writing ---------------------------------------------------------------------------------------


def _encoded(image: torch.Tensor, kind: str, **options: Any) -> np.ndarray:
    array = arrays.to_numpy(image)
    if array.ndim != 3 or array.shape[2] not in _MODES:
        raise invalid(f"image must be [height, width, 1 to 4 channels], not {list(array.shape)}")
    flat = array[:, :, 0] if array.shape[2] == 1 else array
    if flat.dtype == np.uint16 and flat.ndim == 3:
        raise invalid("16-bit pictures are written with one channel only")
    stream = io.BytesIO()
    _pillow().fromarray(np.ascontiguousarray(flat)).save(stream, kind, **options)
    result = np.empty((), dtype=object)
    result[()] = stream.getvalue()
    return result


@op(
    "EncodePng",
    "image: T -> contents: string",
    compression=-1,
    T=type_attr((uint8, uint16), uint8),
)
def encode_png(image, *, compression):
    """A PNG file. Shapes: image [H, W, 1 to 4]."""
    options = {} if compression < 0 else {"compress_level": compression}
    return _encoded(image, "PNG", **options)


@encode_png.shape
def encode_png_shape(image):
    with_rank(image, 3)
    return [[]]


@op(
    "EncodeJpeg",
    "image: uint8 -> contents: string",
    format=Attr("string", b"", (b"", b"grayscale", b"rgb")),
    quality=95,
    progressive=False,
    optimize_size=False,
    chroma_downsampling=True,
    density_unit=Attr("string", b"in", (b"in", b"cm")),
    x_density=300,
    y_density=300,
    xmp_metadata="",
)
def encode_jpeg(image, *, quality, progressive, optimize_size, chroma_downsampling, format):
    """A JPEG file. Shapes: image [H, W, 1 or 3]."""
    channels = {b"grayscale": 1, b"rgb": 3}.get(format, image.shape[-1])
    if image.dim() != 3 or image.shape[2] != channels or channels not in (1, 3):
        raise invalid(f"image must have 1 or 3 channels, got shape {list(image.shape)}")
    return _encoded(
        image,
        "JPEG",
        quality=quality,
        progressive=progressive,
        optimize=optimize_size,
        subsampling=2 if chroma_downsampling else 0,
    )


encode_jpeg.shape(encode_png_shape)


@op(
    "EncodeJpegVariableQuality",
    "images: uint8, quality: int32 -> contents: string",
    _host="quality",
)
def encode_jpeg_variable_quality(images, quality):
    """A JPEG file of a quality computed in the graph. Shapes: images [H, W, 1 or 3]."""
    if not 0 <= quality <= 100:
        raise invalid(f"quality must be in [0,100], got {quality}")
    return _encoded(images, "JPEG", quality=quality, subsampling=2)


@encode_jpeg_variable_quality.shape
def encode_jpeg_variable_quality_shape(images, quality):
    with_rank(images, 3)
    return [[]]
