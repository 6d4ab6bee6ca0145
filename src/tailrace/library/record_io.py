"""`tf.python_io`: reading and writing TFRecord files from Python.

Source: TF 1.15 python/lib/io/tf_record.py.
"""

from __future__ import annotations

import dataclasses
import os
import zlib
from collections.abc import Iterator
from typing import Any, ClassVar

from tailrace.formats.files import os_errors
from tailrace.formats.tf_record import encode_record, read_records
from tailrace.library.compat_names import as_bytes, as_str_any


class TFRecordCompressionType:
    """How a file of records is compressed."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


@dataclasses.dataclass
class TFRecordOptions:
    """Compression of a file of records; what is None keeps zlib's default."""

    compression_type: Any = None
    flush_mode: int | None = None
    input_buffer_size: int | None = None
    output_buffer_size: int | None = None
    window_bits: int | None = None
    compression_level: int | None = None
    compression_method: int | None = None
    mem_level: int | None = None
    compression_strategy: int | None = None

    compression_type_map: ClassVar[dict[int, str]] = {
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
        TFRecordCompressionType.NONE: "",
    }

    def __post_init__(self) -> None:
        self.get_compression_type_string(self.compression_type)

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """ "ZLIB", "GZIP" or "" from options, a `TFRecordCompressionType` or such a text.

        Raises: ValueError for anything else.
        """
        if isinstance(options, TFRecordOptions):
            options = options.compression_type
        if not options:
            return ""
        kinds = {**cls.compression_type_map, "ZLIB": "ZLIB", "GZIP": "GZIP"}
        if options not in kinds:
            raise ValueError(f'Not a valid compression_type: "{options}"')
        return kinds[options]


def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """The records of a file, as bytes; raises DataLossError where it is damaged."""
    local = as_str_any(os.fspath(path))
    return read_records(local, TFRecordOptions.get_compression_type_string(options))


class TFRecordWriter:
    """Writes records to a file, which is complete once the writer is closed."""

    def __init__(self, path: Any, options: Any = None) -> None:
        settings = options if isinstance(options, TFRecordOptions) else TFRecordOptions(options)
        self._path = as_str_any(os.fspath(path))
        with os_errors(self._path):
            self._file: Any = open(self._path, "wb")  # noqa: SIM115 (closed by close)
        self._deflate = _compressor(settings)

    def write(self, record: bytes | str) -> None:
        """Appends one record."""
        content = encode_record(as_bytes(record))
        with os_errors(self._path):
            self._file.write(self._deflate.compress(content) if self._deflate else content)

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        with os_errors(self._path):
            if self._deflate:
                self._file.write(self._deflate.flush(zlib.Z_SYNC_FLUSH))
            self._file.flush()

    def close(self) -> None:
        """Finishes the file."""
        with os_errors(self._path):
            if self._deflate and not self._file.closed:
                self._file.write(self._deflate.flush())
            self._file.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


_MEMORY_LEVEL = 9  # TensorFlow's default
_GZIP_FRAME = 16  # added to the window bits, zlib writes gzip's header and trailer


def _compressor(options: TFRecordOptions) -> Any:
    kind = TFRecordOptions.get_compression_type_string(options)
    if not kind:
        return None
    bits = options.window_bits or zlib.MAX_WBITS
    if kind == "GZIP" and bits <= zlib.MAX_WBITS:
        bits += _GZIP_FRAME
    level = zlib.Z_DEFAULT_COMPRESSION
    return zlib.compressobj(
        level if options.compression_level is None else options.compression_level,
        options.compression_method or zlib.DEFLATED,
        bits,
        options.mem_level or _MEMORY_LEVEL,
        options.compression_strategy or zlib.Z_DEFAULT_STRATEGY,
    )
