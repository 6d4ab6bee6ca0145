"""PNG pictures, written.

Source: the PNG specification (ISO/IEC 15948), sections 5, 7, 9 and 11.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> grey, grey and alpha, RGB, RGB and alpha


def encode(pixels: np.ndarray, level: int = -1) -> bytes:
    """The file of a picture: [height, width, channels], 1 to 4 channels of 8 or 16 bits.

    `level` is zlib's: -1 its default, 0 no compression, 9 the best.
    """
    height, width, channels = pixels.shape
    bits = 8 * pixels.itemsize
    head = struct.pack(">IIBBBBB", width, height, bits, _COLOR_TYPES[channels], 0, 0, 0)
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1).view(np.uint8)
    unfiltered = np.zeros((height, 1), np.uint8)  # each row begins with the number of its filter
    data = zlib.compress(np.hstack([unfiltered, rows]).tobytes(), level)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
