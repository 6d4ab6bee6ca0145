"""Snappy decompression, for table blocks that old writers compressed.

Source: Snappy's format_description.txt.
"""

from __future__ import annotations

from tailrace.formats.coding import read_varint


def decompress(data: bytes) -> bytes:
    """The plain bytes. Raises: ValueError for data that is not Snappy's."""
    try:
        size, position = read_varint(data, 0)
        plain = bytearray()
        while position < len(data):
            position = _element(data, position, plain)
    except IndexError:
        raise ValueError("Snappy data ends inside an element") from None
    if len(plain) != size:
        raise ValueError(f"Snappy data has {len(plain)} bytes instead of {size}")
    return bytes(plain)


def _element(data: bytes, position: int, plain: bytearray) -> int:
    """Appends one literal or copy; returns where the next element starts."""
    tag = data[position]
    position += 1
    kind, length = tag & 3, (tag >> 2) + 1
    if kind == 0:
        if length > 60:
            extra = length - 60
            length = int.from_bytes(_take(data, position, extra), "little") + 1
            position += extra
        plain += _take(data, position, length)
        return position + length
    if kind == 1:
        length = (tag >> 2 & 7) + 4
        offset = (tag >> 5) << 8 | data[position]
        size_bytes = 1
    else:
        size_bytes = 2 if kind == 2 else 4
        offset = int.from_bytes(_take(data, position, size_bytes), "little")
    if not 0 < offset <= len(plain):
        raise ValueError(f"Snappy copy reaches {offset} bytes back, {len(plain)} are there")
    start = len(plain) - offset
    if offset >= length:
        plain += plain[start : start + length]
    else:
        # the copy overlaps what it makes: the last `offset` bytes repeat
        repeated = plain[start:] * (length // offset + 1)
        plain += repeated[:length]
    return position + size_bytes


def _take(data: bytes, position: int, count: int) -> bytes:
    taken = data[position : position + count]
    if len(taken) != count:
        raise IndexError
    return taken
