"""Pictures as arrays: read from files, laid side by side, written as PNG, filmed as GIF.

A picture is an array [H, W] of grey values or [H, W, 3] of colours, from 0 to 1.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.errors import UserError

Picture = NDArray[np.float32]

# what a folder is searched for
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")


def in_folder(folder: str | Path) -> list[Path]:
    """The picture files of a folder, by name.

    Raises: UserError where it is no folder, or has no pictures.
    """
    path = Path(folder)
    if not path.is_dir():
        raise UserError(
            f"{path}: {'is a file; a folder is needed' if path.exists() else 'no such folder'}"
        )
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise UserError(f"{path}: holds no pictures ({', '.join(s[1:] for s in SUFFIXES)})")
    return found


def read(path: str | Path, *, colour: bool = False, longest: int | None = None) -> Picture:
    """A picture file; of a film the first picture. Transparent places are white.

    `longest` makes a picture smaller whose longer side has more pixels.

    Raises: UserError where it is missing or no picture.
    """
    # a moment to load, wanted here only
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return _values(image, colour, longest)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder; name the pictures in it") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UserError(f"{path}: is too large a picture; make it smaller first") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "cannot identify" in reason:
            reason = "no kind of picture that is known"
        raise UserError(f"{path}: cannot be read as a picture: {reason}") from None


def _values(image: Any, colour: bool, longest: int | None) -> Picture:
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        deep = np.asarray(image, np.float32)
        most = 65535.0 if deep.max() > 255 else 255.0
        image = Image.fromarray((255 * np.clip(deep / most, 0, 1)).astype(np.uint8))
    if image.has_transparency_data:
        whole = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole)
    image = image.convert("RGB" if colour else "L")
    if longest is not None and max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / np.float32(255)


def as_image(picture: NDArray[Any], *, enlarge: int = 1) -> Any:
    """A picture as Pillow has it, each pixel `enlarge` squared."""
    from PIL import Image

    levels = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    if enlarge > 1:
        levels = levels.repeat(enlarge, 0).repeat(enlarge, 1)
    return Image.fromarray(levels)


def encode(picture: NDArray[Any], suffix: str = ".png", *, enlarge: int = 1) -> bytes:
    """A picture as a file of that kind. Raises: UserError for a kind that cannot be written."""
    from PIL import Image

    kind = Image.registered_extensions().get(suffix.lower())
    if kind is None or kind not in Image.SAVE:
        raise UserError(f"no way to write a picture as {suffix or 'a file without suffix'}")
    data = io.BytesIO()
    as_image(picture, enlarge=enlarge).save(data, format=kind)
    return data.getvalue()


def film(frames: Sequence[NDArray[Any]], *, enlarge: int = 1, each_ms: int = 150) -> bytes:
    """A GIF that runs for ever, the last frame two seconds."""
    images = [as_image(frame, enlarge=enlarge) for frame in frames]
    data = io.BytesIO()
    times = [each_ms] * (len(images) - 1) + [2000]
    images[0].save(
        data, format="GIF", save_all=True, append_images=images[1:], duration=times, loop=0
    )
    return data.getvalue()


def mosaic(
    pictures: NDArray[Any], across: int, *, gap: int = 1, ground: float = 0.5
) -> NDArray[np.float32]:
    """Pictures [N, H, W] or [N, H, W, 3] of one size laid in rows of `across`."""
    count, high, wide = pictures.shape[:3]
    down = -(-count // across)
    shape = (down * (high + gap) + gap, across * (wide + gap) + gap, *pictures.shape[3:])
    whole = np.full(shape, ground, np.float32)
    for i, picture in enumerate(pictures):
        row, column = divmod(i, across)
        top, left = gap + row * (high + gap), gap + column * (wide + gap)
        whole[top : top + high, left : left + wide] = picture
    return whole
