"""CRC-32C (Castagnoli), the checksum of checkpoints and records, and TensorFlow's masked form.

The native library computes it. Without that, long data is cut into equal lanes whose checksums
advance side by side in NumPy and are then combined: the checksum is linear over GF(2),
so appending n zero bytes is a 32x32 bit matrix.

Source: RFC 3720 appendix B.4; TF 1.15 core/lib/hash/crc32c.h (mask).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tailrace.native.crc32c import native_crc32c

_POLYNOMIAL = 0x82F63B78  # reflected
_MASK_DELTA = 0xA282EAD8
_SHORT_BYTES = 4096  # below this the byte loop is quicker
_MOST_LANES = 1 << 13


def masked(crc: int) -> int:
    """The form stored beside data, so that a checksum of checksummed data stays useful."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def unmasked(stored: int) -> int:
    """The checksum whose masked form is `stored`."""
    rotated = (stored - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def crc32c(data: Any, crc: int = 0) -> int:
    """The checksum of a contiguous buffer, going on from that of the data before it."""
    native = native_crc32c()
    if native is None:
        return numpy_crc32c(data, crc)
    if isinstance(data, bytes):
        return native(crc, data, len(data))
    view = np.frombuffer(data, dtype=np.uint8)
    return native(crc, view.ctypes.data, view.size)


def numpy_crc32c(data: Any, crc: int = 0) -> int:
    """The same checksum without the native library."""
    view = np.frombuffer(data, dtype=np.uint8)
    if view.size < _SHORT_BYTES:
        return _bytewise(view.tobytes(), crc)
    return _lanewise(view, crc)


@functools.cache
def _byte_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


def _bytewise(data: bytes, crc: int) -> int:
    table = _byte_table()
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@functools.cache
def _half_word_tables() -> tuple[np.ndarray, np.ndarray]:
    """What the low and the high 16 bits of a register become after four zero bytes."""
    table = np.array(_byte_table(), dtype=np.uint32)
    halves = np.arange(1 << 16, dtype=np.uint32)
    after_two = halves
    for _ in range(2):
        after_two = after_two >> 8 ^ table[after_two & 0xFF]
    low = after_two
    for _ in range(2):
        low = low >> 8 ^ table[low & 0xFF]
    return low, after_two


def _lanewise(data: np.ndarray, crc: int) -> int:
    lanes = min(_MOST_LANES, 1 << (data.size // 64).bit_length() - 1)
    words = data.size // (4 * lanes)
    body = words * 4 * lanes
    columns = np.ascontiguousarray(data[:body].view("<u4").reshape(lanes, words).T)
    low, high = _half_word_tables()
    registers = np.zeros(lanes, dtype=np.uint32)
    registers[0] = crc ^ 0xFFFFFFFF
    for column in columns:
        registers ^= column
        registers = low[registers & 0xFFFF] ^ high[registers >> 16]
    crc = _combined(registers, words * 4) ^ 0xFFFFFFFF
    return _bytewise(data[body:].tobytes(), crc)


def _combined(registers: np.ndarray, lane_bytes: int) -> int:
    """The register after all lanes, each of which started from zero at its place."""
    matrix = _zeros_matrix(lane_bytes)
    while registers.size > 1:
        registers = _apply(matrix, registers[0::2]) ^ registers[1::2]
        matrix = _apply(matrix, matrix)
    return int(registers[0])


def _apply(matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Products with a bit matrix, given as the images of the 32 unit vectors."""
    result = np.zeros_like(vectors)
    for bit in range(32):
        result ^= matrix[bit] * (vectors >> np.uint32(bit) & np.uint32(1))
    return result


def _zeros_matrix(size_bytes: int) -> np.ndarray:
    """The matrix that appends `size_bytes` zero bytes to a register."""
    result = np.uint32(1) << np.arange(32, dtype=np.uint32)
    for power in range(size_bytes.bit_length()):
        if size_bytes >> power & 1:
            result = _apply(_power_matrix(power), result)
    return result


@functools.cache
def _power_matrix(power: int) -> np.ndarray:
    """The matrix that appends 2**power zero bytes."""
    if power:
        half = _power_matrix(power - 1)
        return _apply(half, half)
    units = np.uint32(1) << np.arange(32, dtype=np.uint32)
    return units >> 8 ^ np.array(_byte_table(), dtype=np.uint32)[units & 0xFF]
