"""The picture functions that `scipy.misc` had until SciPy 1.2, by Pillow as there.

Arrays of pictures are [rows, columns], or with a channel axis of 3 or 4.

Source: SciPy 1.2, scipy/misc/pilutil.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "lanczos": Image.Resampling.LANCZOS,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "cubic": Image.Resampling.BICUBIC,
}
_OF_CHANNELS = {3: ("RGB", "YCbCr"), 4: ("RGBA", "CMYK")}


def bytescale(
    data: Any, cmin: Any = None, cmax: Any = None, high: int = 255, low: int = 0
) -> np.ndarray:
    """`data` as bytes from `low` to `high`, stretched from `cmin` and `cmax`; bytes stay as is."""
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    if not 0 <= low <= high <= 255:
        raise ValueError(f"low {low} and high {high} must be in order and between 0 and 255")
    cmin = data.min() if cmin is None else cmin
    cmax = data.max() if cmax is None else cmax
    if cmax < cmin:
        raise ValueError(f"cmax {cmax} is less than cmin {cmin}")
    scale = float(high - low) / ((cmax - cmin) or 1)
    return (((data - cmin) * scale + low).clip(low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: Any,
    high: int = 255,
    low: int = 0,
    cmin: Any = None,
    cmax: Any = None,
    pal: Any = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Image.Image:
    """A Pillow picture; numbers that are not bytes are stretched to all of 0 to 255."""
    data = np.asarray(arr)
    if np.iscomplexobj(data):
        raise ValueError("Cannot convert a complex-valued array.")
    if data.ndim == 2:
        return _grey(data, lambda: bytescale(data, cmin, cmax, high, low), high, pal, mode)
    if data.ndim != 3:
        raise ValueError("'arr' does not have a suitable array shape for any mode.")
    axis = _channel_axis(data.shape) if channel_axis is None else channel_axis
    channels = data.shape[axis]
    if channels not in _OF_CHANNELS:
        raise ValueError("Channel axis dimension is not valid.")
    if mode is not None and mode not in _OF_CHANNELS[channels]:
        raise ValueError(f"Mode {mode} does not fit {channels} channels.")
    pixels = np.moveaxis(bytescale(data, cmin, cmax, high, low), axis, 2)
    return _picture(mode or _OF_CHANNELS[channels][0], pixels)


def _channel_axis(shape: tuple[int, ...]) -> int:
    for channels in _OF_CHANNELS:
        if channels in shape:
            return shape.index(channels)
    raise ValueError("'arr' does not have a suitable array shape for any mode.")


def _grey(data: np.ndarray, scaled: Any, high: int, pal: Any, mode: str | None) -> Image.Image:
    match mode:
        case None | "L" | "P":
            picture = _picture("L", scaled())
            if pal is not None or mode == "P":
                grey = np.repeat(np.arange(256, dtype=np.uint8), 3)
                picture.putpalette((grey if pal is None else np.asarray(pal, np.uint8)).tobytes())
            return picture
        case "F":
            return _picture("F", data.astype(np.float32))
        case "I":
            return _picture("I", data.astype(np.uint32))
        case "1":
            return Image.fromarray(data > high)
    raise ValueError(f"Mode {mode} does not fit an array of two dimensions.")


def _picture(mode: str, pixels: np.ndarray) -> Image.Image:
    rows, columns = pixels.shape[:2]
    return Image.frombytes(mode, (columns, rows), np.ascontiguousarray(pixels).tobytes())


def fromimage(im: Image.Image, flatten: bool = False, mode: str | None = None) -> np.ndarray:
    """The array of a Pillow picture; `flatten`: one channel of float32."""
    if mode is not None:
        im = im if mode == im.mode else im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":
        im = im.convert("L")
    return np.array(im)


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> np.ndarray:
    """The array of a file; `flatten`: one channel of float32; `mode`: Pillow's, to convert to."""
    with Image.open(name) as picture:
        return fromimage(picture, flatten, mode)


def imsave(name: Any, arr: Any, format: str | None = None) -> None:
    """Writes an array [rows, columns] or [rows, columns, channels] to a file."""
    toimage(arr, channel_axis=2).save(name, format)


def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: str | None = None) -> np.ndarray:
    """A picture of another size: per cent (int), a factor (float), or (rows, columns); bytes."""
    picture = toimage(arr, mode=mode)
    if np.ndim(size) == 0:
        factor = size / 100.0 if np.issubdtype(type(size), np.signedinteger) else size
        columns, rows = (int(length * factor) for length in picture.size)
    else:
        rows, columns = size
    return fromimage(picture.resize((int(columns), int(rows)), _FILTERS[interp]))


def imrotate(arr: Any, angle: float, interp: str = "bilinear") -> np.ndarray:
    """A picture turned counter-clockwise by `angle` degrees about its middle; bytes."""
    return fromimage(toimage(arr).rotate(angle, _FILTERS[interp]))
