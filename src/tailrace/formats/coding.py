"""Integers and keys as TensorFlow's tables write them: varints and the order-preserving code.

Encoded keys compare as bytes the way their parts compare, which keeps a variable's slices together.

Source: TF 1.15 core/lib/core/coding.h, core/lib/strings/ordered_code.cc.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np


def varint(number: int) -> bytes:
    """A non-negative integer, 7 bits a byte, low bits first."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def varints(numbers: Iterable[int]) -> bytes:
    """Several integers one after the other."""
    return b"".join(map(varint, numbers))


def read_varint(data: bytes | memoryview | np.ndarray, position: int) -> tuple[int, int]:
    """The integer at `position` and the position after it; IndexError past the end."""
    number = shift = 0
    while True:
        byte = int(data[position])
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7


def ordered_number(number: int) -> bytes:
    """A non-negative integer: its length in bytes, then its bytes, high ones first."""
    size_bytes = (number.bit_length() + 7) // 8
    return bytes([size_bytes]) + number.to_bytes(size_bytes, "big")


def ordered_string(text: bytes) -> bytes:
    """A string, its 0x00 and 0xff bytes escaped, closed by 00 01."""
    escaped = re.sub(b"[\x00\xff]", lambda m: m[0] + bytes([m[0][0] ^ 0xFF]), text, flags=re.DOTALL)
    return escaped + b"\x00\x01"


def ordered_signed(number: int) -> bytes:
    """A signed integer in n bytes: n one bits, a zero, its 7n - 1 low bits; negative: inverted."""
    magnitude = ~number if number < 0 else number
    size_bytes = magnitude.bit_length() // 7 + 1
    header = ((1 << size_bytes) - 1) << (7 * size_bytes)
    encoded = (header ^ magnitude).to_bytes(size_bytes, "big")
    return bytes(byte ^ 0xFF for byte in encoded) if number < 0 else encoded
