"""TFRecord files: length-prefixed records, each length and content with a checksum.

Source: TF 1.15 core/lib/io/record_{reader,writer}.cc, python/lib/io/tf_record.py.
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from tailrace import errors
from tailrace.formats.crc32c import crc32c, masked
from tailrace.formats.files import data_loss, os_errors

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_CHUNK_BYTES = 1 << 18


class TFRecordCompressionType:
    """Numbers of the compressions."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


class TFRecordOptions:
    """How records are compressed; all but the type only concern writing."""

    compression_type_map = {  # noqa: RUF012 - TensorFlow's public attribute
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
        TFRecordCompressionType.NONE: "",
    }

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ) -> None:
        """Raises: ValueError for an unknown `compression_type`. Buffer sizes have no effect."""
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """ "GZIP", "ZLIB" or "" of options, a number or a string. Raises: ValueError."""
        if not options:
            return ""
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        name: Any = cls.compression_type_map.get(options, options)
        if name not in cls.compression_type_map.values():
            raise ValueError(f'Not a valid compression_type: "{options}"')
        return name

    def _compressor(self) -> Any:
        kind = self.get_compression_type_string(self)
        if not kind:
            return None
        bits = zlib.MAX_WBITS if self.window_bits is None else self.window_bits
        return zlib.compressobj(
            -1 if self.compression_level is None else self.compression_level,
            zlib.DEFLATED if self.compression_method is None else self.compression_method,
            bits + 16 if kind == "GZIP" and bits <= zlib.MAX_WBITS else bits,
            9 if self.mem_level is None else self.mem_level,
            self.compression_strategy or zlib.Z_DEFAULT_STRATEGY,
        )


class TFRecordWriter:
    """Writes records to a file; a context manager that closes it."""

    def __init__(self, path: str | os.PathLike[str], options: Any = None) -> None:
        """Opens `path` anew; `options` are TFRecordOptions, a compression's number or name.

        Raises: NotFoundError when the folder is missing, ValueError for unknown options.
        """
        if not isinstance(options, TFRecordOptions):
            options = TFRecordOptions(compression_type=options)
        self._path = os.fspath(path)
        self._compressor = options._compressor()
        with os_errors(self._path):
            self._file: BinaryIO | None = Path(self._path).open("wb")  # noqa: SIM115 - see close

    def __enter__(self) -> TFRecordWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Closes the file."""
        self.close()

    def write(self, record: bytes | str) -> None:
        """Appends a record; text is written in UTF-8."""
        data = record.encode() if isinstance(record, str) else bytes(record)
        length = struct.pack("<Q", len(data))
        header = length + _FOOTER.pack(masked(crc32c(length)))
        self._put(header + data + _FOOTER.pack(masked(crc32c(data))))

    def flush(self) -> None:
        """Gives what was written to the operating system."""
        file = self._open_file()
        with os_errors(self._path):
            if self._compressor is not None:
                file.write(self._compressor.flush(zlib.Z_SYNC_FLUSH))
            file.flush()

    def close(self) -> None:
        """Completes and closes the file; a second time does nothing."""
        if self._file is None:
            return
        file, self._file = self._file, None
        with os_errors(self._path), file:
            if self._compressor is not None:
                file.write(self._compressor.flush())

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            message = f"{self._path}: the record writer is closed"
            raise errors.FailedPreconditionError(None, None, message)
        return self._file

    def _put(self, data: bytes) -> None:
        file = self._open_file()
        with os_errors(self._path):
            file.write(data if self._compressor is None else self._compressor.compress(data))


def tf_record_iterator(path: str | os.PathLike[str], options: Any = None) -> Iterator[bytes]:
    """The records of a file.

    Raises: NotFoundError, DataLossError with the place of the first damaged record.
    """
    kind = TFRecordOptions.get_compression_type_string(options)
    name = path.decode() if isinstance(path, bytes) else os.fspath(path)
    with os_errors(name), Path(name).open("rb") as file:
        yield from _records(_opened(file, kind), name)


def _opened(file: BinaryIO, kind: str) -> Any:
    if kind == "GZIP":
        return gzip.GzipFile(fileobj=file, mode="rb")
    return _ZlibFile(file) if kind == "ZLIB" else file


class _ZlibFile:
    """Reads a zlib stream."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._stream = zlib.decompressobj()
        self._plain = bytearray()

    def read(self, size: int) -> bytes:
        while len(self._plain) < size and not self._stream.eof:
            chunk = self._file.read(_CHUNK_BYTES)
            if not chunk:
                break
            self._plain += self._stream.decompress(chunk)
        taken = bytes(self._plain[:size])
        del self._plain[:size]
        return taken


def _records(file: Any, name: str) -> Iterator[bytes]:
    offset = 0
    while True:
        try:
            record = _next_record(file, name, offset)
        except (zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise data_loss(name, f"compressed data ends or breaks at {offset}: {error}") from error
        if record is None:
            return
        yield record
        offset += _HEADER.size + len(record) + _FOOTER.size


def _next_record(file: Any, name: str, offset: int) -> bytes | None:
    header = file.read(_HEADER.size)
    if not header:
        return None
    if len(header) < _HEADER.size:
        raise data_loss(name, f"truncated record at {offset}")
    length, checksum = _HEADER.unpack(header)
    if masked(crc32c(header[:8])) != checksum:
        raise data_loss(name, f"corrupted record at {offset}: the length's checksum differs")
    body = file.read(length + _FOOTER.size)
    if len(body) < length + _FOOTER.size:
        raise data_loss(name, f"truncated record at {offset}: {len(body)} of {length + 4} bytes")
    record = body[:length]
    if masked(crc32c(record)) != _FOOTER.unpack(body[length:])[0]:
        raise data_loss(name, f"corrupted record at {offset}: the content's checksum differs")
    return record
