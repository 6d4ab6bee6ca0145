"""Readers, as `tf.TextLineReader` and its relatives: records of the files in a queue.

Source: TF 1.15 python/ops/io_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Operation, Tensor, g
from tailrace.library.record_io import TFRecordOptions


class ReaderBase:
    """Gives the records, each a key and a value, of the work units that a queue holds."""

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        """`reader_ref` is the handle of a reader's operation."""
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self) -> Tensor:
        """The reader's handle."""
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        """Whether the reader's state can be had and restored."""
        return self._supports_serialize

    def read(self, queue: Any, name: str | None = None) -> Any:
        """The next record: (key, value), scalars of strings. `queue` is a queue or its handle."""
        return g.ReaderReadV2(self._reader_ref, _handle(queue), name=name)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """The next records: (keys, values), at most `num_records`, all of one work unit."""
        return g.ReaderReadUpToV2(self._reader_ref, _handle(queue), num_records, name=name)

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """How many records were given."""
        return g.ReaderNumRecordsProducedV2(self._reader_ref, name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """How many work units were read to their end."""
        return g.ReaderNumWorkUnitsCompletedV2(self._reader_ref, name=name)

    def serialize_state(self, name: str | None = None) -> Tensor:
        """The state as a string. Raises (when run): UnimplementedError for most readers."""
        return g.ReaderSerializeStateV2(self._reader_ref, name=name)

    def restore_state(self, state: Any, name: str | None = None) -> Operation:
        """An operation that gives the reader a state. Raises (when run): as `serialize_state`."""
        return g.ReaderRestoreStateV2(self._reader_ref, state, name=name)

    def reset(self, name: str | None = None) -> Operation:
        """An operation after which the reader begins anew."""
        return g.ReaderResetV2(self._reader_ref, name=name)


def _handle(queue: Any) -> Tensor:
    return queue if isinstance(queue, Tensor) else queue.queue_ref


class WholeFileReader(ReaderBase):
    """Whole files; the key is the file's name."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(g.WholeFileReaderV2(name=name), supports_serialize=True)


class IdentityReader(ReaderBase):
    """Work units as they are, keys and values alike."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(g.IdentityReaderV2(name=name), supports_serialize=True)


class TextLineReader(ReaderBase):
    """Lines without their ends, those after the first `skip_header_lines` of each file."""

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(g.TextLineReaderV2(skip_header_lines=skip_header_lines, name=name))


class FixedLengthRecordReader(ReaderBase):
    """Records of `record_bytes` between a head and a tail, `hop_bytes` apart (0: adjoining).

    `encoding` is "ZLIB" for compressed files.
    """

    def __init__(
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        handle = g.FixedLengthRecordReaderV2(
            record_bytes=record_bytes,
            header_bytes=header_bytes,
            footer_bytes=footer_bytes,
            hop_bytes=hop_bytes,
            encoding=encoding,
            name=name,
        )
        super().__init__(handle)


class TFRecordReader(ReaderBase):
    """The records of TFRecord files; `options`, a TFRecordOptions, tells how they are packed."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        kind = TFRecordOptions.get_compression_type_string(options)
        super().__init__(g.TFRecordReaderV2(name=name, compression_type=kind))
