"""TFRecord files: a row of byte strings, each with its length and two checksums.

A record is: length (uint64), masked CRC-32C of those eight bytes, the data, masked CRC-32C of the
data; all numbers little-endian. The whole file may be a zlib or gzip stream.

Source: TF 1.15 core/lib/io/record_writer.cc, record_reader.cc.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from tailrace.formats.crc32c import crc32c, masked
from tailrace.formats.files import data_loss, os_errors

_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")
_CHUNK_BYTES = 1 << 18


def encode_record(data: bytes) -> bytes:
    """The record as it stands in the file."""
    length = _LENGTH.pack(len(data))
    head = length + _CRC.pack(masked(crc32c(length)))
    return head + data + _CRC.pack(masked(crc32c(data)))


def read_records(path: str, compression: str = "") -> Iterator[bytes]:
    """The records of a file; `compression` is "", "ZLIB" or "GZIP".

    Raises: NotFoundError and its relatives when the file cannot be opened, DataLossError where it
    is damaged or ends within a record.
    """
    offset = 0
    with os_errors(path), open(path, "rb") as file:
        read = _reader(path, file, compression)
        while head := read(_LENGTH.size + _CRC.size):
            length = _checked(path, head, _LENGTH.size, offset)
            size = _LENGTH.unpack(length)[0]
            yield _checked(path, read(size + _CRC.size), size, offset)
            offset += _LENGTH.size + size + 2 * _CRC.size


def _checked(path: str, stored: bytes, size: int, offset: int) -> bytes:
    """The data before the checksum, which has to be right; `offset` is the record's."""
    if len(stored) < size + _CRC.size:
        raise data_loss(path, f"truncated record at {offset}")
    data = stored[:size]
    if _CRC.unpack(stored[size:])[0] != masked(crc32c(data)):
        raise data_loss(path, f"corrupted record at {offset}: its checksum is wrong")
    return data


def _reader(path: str, file: BinaryIO, compression: str) -> Any:
    """A function like `file.read`, over what the stream unpacks to."""
    if not compression:
        return file.read
    if compression == "GZIP":
        stream = gzip.GzipFile(fileobj=file)
        return _guarded(path, stream.read)
    return _guarded(path, _Inflated(file).read)


def _guarded(path: str, read: Any) -> Any:
    def guarded(size: int) -> bytes:
        try:
            return read(size)
        except (zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise data_loss(path, f"not a valid compressed stream ({error})") from error

    return guarded


class _Inflated:
    """Reads a zlib stream by pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj()
        self._ready = b""

    def read(self, size: int) -> bytes:
        while len(self._ready) < size and (packed := self._file.read(_CHUNK_BYTES)):
            self._ready += self._inflate.decompress(packed)
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken
