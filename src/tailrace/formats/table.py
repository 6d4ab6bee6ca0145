"""Sorted string tables: the container of checkpoint indices (V2) and whole checkpoints (V1).

A table is data blocks of sorted (key, value) pairs, an index of the blocks and a footer; each
block ends in its compression type and a masked CRC-32C.

Source: TF 1.15 core/lib/io/{table_builder,block_builder,format}.cc.
"""

from __future__ import annotations

import bisect
import os
import struct
import weakref
from collections.abc import Iterator
from typing import BinaryIO

from tailrace.formats import snappy
from tailrace.formats.coding import read_varint, varints
from tailrace.formats.crc32c import crc32c, masked, unmasked
from tailrace.formats.files import data_loss, os_errors

_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
_TRAILER_BYTES = 5
_BLOCK_BYTES = 262144
_RESTART_INTERVAL = 16
_PLAIN, _SNAPPY = 0, 1


class _Block:
    """Pairs of one block; a key repeats only what differs from the key before it."""

    def __init__(self, restart_interval: int) -> None:
        self.interval = restart_interval
        self.content = bytearray()
        self.restarts = [0]
        self.count = 0
        self.last_key = b""

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self.count == self.interval:
            self.restarts.append(len(self.content))
            self.count = 0
        else:
            shared = _common_prefix(self.last_key, key)
        self.content += varints((shared, len(key) - shared, len(value))) + key[shared:] + value
        self.last_key = key
        self.count += 1

    def size_bytes(self) -> int:
        return len(self.content) + 4 * len(self.restarts) + 4

    def finished(self) -> bytes:
        numbers = (*self.restarts, len(self.restarts))
        return bytes(self.content) + struct.pack(f"<{len(numbers)}I", *numbers)


def _common_prefix(a: bytes, b: bytes) -> int:
    shortest = min(len(a), len(b))
    for i in range(shortest):
        if a[i] != b[i]:
            return i
    return shortest


def _separator(last: bytes, following: bytes) -> bytes:
    """A short key that is >= `last` and < `following`."""
    at = _common_prefix(last, following)
    if at < min(len(last), len(following)):
        byte = last[at]
        if byte < 0xFF and byte + 1 < following[at]:
            return last[:at] + bytes([byte + 1])
    return last


def _successor(key: bytes) -> bytes:
    """A short key that is >= `key`."""
    for i, byte in enumerate(key):
        if byte != 0xFF:
            return key[:i] + bytes([byte + 1])
    return key


class TableWriter:
    """Writes a table to an open file. Keys are added in rising order."""

    def __init__(self, file: BinaryIO) -> None:
        """Starts at the file's current place, which the handles count as 0."""
        self._file = file
        self._offset = 0
        self._data = _Block(_RESTART_INTERVAL)
        self._index = _Block(1)
        self._last_key = b""
        self._pending: bytes | None = None  # handle of the finished block not yet in the index

    def add(self, key: bytes, value: bytes) -> None:
        """Appends a pair."""
        assert key > self._last_key or not (self._offset or self._data.content), "keys must rise"
        if self._pending is not None:
            self._index.add(_separator(self._last_key, key), self._pending)
            self._pending = None
        self._data.add(key, value)
        self._last_key = key
        if self._data.size_bytes() >= _BLOCK_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._data.content:
            return
        self._pending = self._write_block(self._data.finished())
        self._data = _Block(_RESTART_INTERVAL)

    def _write_block(self, content: bytes) -> bytes:
        """Writes a block; returns its handle."""
        handle = varints((self._offset, len(content)))
        kind = bytes([_PLAIN])
        checksum = masked(crc32c(kind, crc32c(content)))
        self._file.write(content + kind + struct.pack("<I", checksum))
        self._offset += len(content) + _TRAILER_BYTES
        return handle

    def finish(self) -> None:
        """Writes what remains, the index and the footer; the file stays open."""
        self._flush()
        meta = self._write_block(_Block(_RESTART_INTERVAL).finished())
        if self._pending is not None:
            self._index.add(_successor(self._last_key), self._pending)
        index = self._write_block(self._index.finished())
        handles = (meta + index).ljust(_FOOTER_BYTES - 8, b"\0")
        self._file.write(handles + struct.pack("<Q", _MAGIC))


class TableReader:
    """Reads a table's file. `get` for single keys, iteration for all pairs in order.

    Raises: NotFoundError without the file, DataLossError where it is damaged.
    """

    def __init__(self, path: str) -> None:
        """Opens the file and reads its index; the file is closed with the last reference."""
        self.path = path
        with os_errors(path):
            self._descriptor = os.open(path, os.O_RDONLY)
            weakref.finalize(self, os.close, self._descriptor)
            self._size = os.fstat(self._descriptor).st_size
        index = self._read_index()
        self._last_keys = [key for key, _ in index]
        self._handles = [handle for _, handle in index]

    def _read_index(self) -> list[tuple[bytes, tuple[int, int]]]:
        if self._size < _FOOTER_BYTES:
            raise data_loss(
                self.path, f"{self._size} bytes: the file is too short to be an sstable"
            )
        footer = self._read(self._size - _FOOTER_BYTES, _FOOTER_BYTES)
        if struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
            raise data_loss(
                self.path,
                f"not an sstable (bad magic number in the last 8 of {self._size} bytes); "
                "truncated, or no checkpoint of this format",
            )
        try:
            position = 0
            for _ in range(2):
                _, position = read_varint(footer, position)
            offset, position = read_varint(footer, position)
            size, _ = read_varint(footer, position)
        except IndexError:
            raise data_loss(self.path, "unreadable block handle in the footer") from None
        index = []
        for key, value in self._block(offset, size):
            start, position = read_varint(value, 0)
            index.append((key, (start, read_varint(value, position)[0])))
        return index

    def _read(self, offset: int, size: int) -> bytes:
        if offset + size > self._size:
            raise data_loss(
                self.path, f"block at byte {offset} goes beyond the end at {self._size}"
            )
        with os_errors(self.path):
            data = os.pread(self._descriptor, size, offset)
        if len(data) != size:
            raise data_loss(self.path, f"read {len(data)} of {size} bytes at byte {offset}")
        return data

    def _block(self, offset: int, size: int) -> list[tuple[bytes, bytes]]:
        raw = self._read(offset, size + _TRAILER_BYTES)
        content, kind = raw[:size], raw[size]
        stored = unmasked(struct.unpack("<I", raw[size + 1 :])[0])
        if crc32c(raw[: size + 1]) != stored:
            raise data_loss(self.path, f"block checksum mismatch at byte {offset} ({size} bytes)")
        try:
            if kind == _SNAPPY:
                content = snappy.decompress(content)
            elif kind != _PLAIN:
                raise ValueError(f"compression type {kind} is unknown")
            return list(_pairs(content))
        except (ValueError, IndexError, struct.error) as error:
            raise data_loss(self.path, f"bad block at byte {offset}: {error}") from error

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None where it is missing."""
        place = bisect.bisect_left(self._last_keys, key)
        if place == len(self._handles):
            return None
        for found, value in self._block(*self._handles[place]):
            if found == key:
                return value
        return None

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """All pairs in the order of the keys."""
        for handle in self._handles:
            yield from self._block(*handle)


def _pairs(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    (restarts,) = struct.unpack("<I", content[-4:])
    end = len(content) - 4 * (restarts + 1)
    if end < 0:
        raise ValueError(f"{restarts} restart points do not fit")
    position, key = 0, b""
    while position < end:
        shared, position = read_varint(content, position)
        unshared, position = read_varint(content, position)
        size, position = read_varint(content, position)
        stop = position + unshared + size
        if shared > len(key) or stop > end:
            raise ValueError(f"entry at {position} does not fit")
        key = key[:shared] + content[position : position + unshared]
        yield key, content[position + unshared : stop]
        position = stop
