"""Readers: they take files from a queue and give their records one after another.

A reader lives in the session's store and keeps its place in the file it is reading. What is taken
from the queue is a work unit, a file's name as a rule; a record has a key, which tells where it
was found, and a value.

Source: TF 1.15 core/ops/io_ops.cc, core/framework/reader_base.cc, core/kernels/{text_line,
whole_file,fixed_length_record,tf_record,identity}_reader_op.cc.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from tailrace.errors import KernelError, UnimplementedError, invalid
from tailrace.formats import protos
from tailrace.formats.files import os_errors
from tailrace.formats.tf_record import read_records
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank

Record = tuple[bytes, bytes]
_RECORD_OVERHEAD_BYTES = 16  # length, its checksum, the data's checksum


class Reader:
    """Gives the records of the work units that a queue holds. Kinds say what records are."""

    serializable = False
    single = False  # whether a work unit is one record

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._work = b""
        self._records: Iterator[Record] | None = None
        self.work_started = self.work_finished = self.records_produced = 0

    def _open(self, work: bytes) -> Iterator[Record]:
        """The records of a work unit."""
        raise NotImplementedError

    def _next(self, queue: Any) -> Record | None:
        """The next record of the work unit; None at its end."""
        if self._records is None:
            self._work = _work_from(queue)
            self._records = self._open(self._work)
            self.work_started += 1
        record = next(self._records, None)
        if record is None:
            self._records = None
            self.work_finished = self.work_started
        else:
            self.records_produced += 1
            if self.single:
                self._records = None
                self.work_finished = self.work_started
        return record

    def read(self, queue: Any) -> Record:
        """The next record, of the next work units where one has ended."""
        with self._lock:
            while (record := self._next(queue)) is None:
                pass
            return record

    def read_up_to(self, queue: Any, count: int) -> list[Record]:
        """The next `count` records; fewer, but at least one, where a work unit ends."""
        records: list[Record] = []
        with self._lock:
            while len(records) < count:
                record = self._next(queue)
                if record is not None:
                    records.append(record)
                if records and self._records is None:
                    break
        return records

    def reset(self) -> None:
        """Begin anew."""
        with self._lock:
            self._clear()

    def serialize(self) -> bytes:
        """The state as a message. Raises: KernelError (Unimplemented) for most readers."""
        if not self.serializable:
            raise KernelError(UnimplementedError, f"Reader '{self.name}': SerializeState")
        with self._lock:
            return protos.ReaderBaseState(
                work_started=self.work_started,
                work_finished=self.work_finished,
                num_records_produced=self.records_produced,
                current_work=self._work,
            ).SerializeToString()

    def restore(self, message: bytes) -> None:
        """Take the state of a message. Raises: KernelError for one that cannot be."""
        if not self.serializable:
            raise KernelError(UnimplementedError, f"Reader '{self.name}': RestoreState")
        try:
            state = protos.ReaderBaseState.FromString(message)
        except ValueError as error:  # protobuf's DecodeError is one
            raise invalid(f"Could not parse state for {self.name}: {error}") from error
        self._check(state)
        with self._lock:
            self.work_started, self.work_finished = state.work_started, state.work_finished
            self.records_produced = state.num_records_produced
            self._work = state.current_work
            unfinished = state.work_started > state.work_finished
            self._records = self._open(self._work) if unfinished else None

    def _check(self, state: Any) -> None:
        started, finished = state.work_started, state.work_finished
        counts = (started, finished, state.num_records_produced)
        if min(counts) < 0 or started < finished or started > finished + 1:
            raise invalid(f"Inconsistent work started vs. finished when restoring in {self.name}")


def _work_from(queue: Any) -> bytes:
    element = queue.dequeue(1, 1)[0]
    if len(element) != 1 or not isinstance(element[0], np.ndarray) or element[0].size != 1:
        raise invalid(f"The queue '{queue.name}' of a reader must hold single strings")
    return element[0].reshape(-1)[0]


class TextLines(Reader):
    """Lines, without their ends; the key is `file:number`, from 1."""

    def __init__(self, name: str, skip_header_lines: int) -> None:
        super().__init__(name)
        self._skip = skip_header_lines

    def _open(self, work: bytes) -> Iterator[Record]:
        path = work.decode()
        with os_errors(path), open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if number > self._skip:
                    yield b"%s:%d" % (work, number), line.removesuffix(b"\n").removesuffix(b"\r")


class WholeFiles(Reader):
    """Whole files; the key is the file's name."""

    serializable = True
    single = True

    def _open(self, work: bytes) -> Iterator[Record]:
        path = work.decode()
        with os_errors(path), open(path, "rb") as file:
            yield work, file.read()


class Identity(Reader):
    """Work units as they are, keys and values alike."""

    serializable = True
    single = True

    def _open(self, work: bytes) -> Iterator[Record]:
        yield work, work


class TFRecords(Reader):
    """The records of TFRecord files; the key is `file:offset`."""

    def __init__(self, name: str, compression: str) -> None:
        super().__init__(name)
        self._compression = compression

    def _open(self, work: bytes) -> Iterator[Record]:
        offset = 0
        for record in read_records(work.decode(), self._compression):
            yield b"%s:%d" % (work, offset), record
            offset += len(record) + _RECORD_OVERHEAD_BYTES


class Pieces(Reader):
    """Pieces of one length between a head and a tail; the key is `file:number`, from 0.

    A piece begins `hop` bytes after the one before. What is too short at the end is left out.
    """

    def __init__(self, name: str, sizes: tuple[int, int, int, int], encoding: str) -> None:
        super().__init__(name)
        self._head, self._size, self._tail, hop = sizes
        self._hop = hop or self._size
        self._encoding = encoding

    def _open(self, work: bytes) -> Iterator[Record]:
        path = work.decode()
        with os_errors(path), open(path, "rb") as file:
            content = file.read()
        if self._encoding == "ZLIB":
            content = zlib.decompress(content)
        last = len(content) - self._size - self._tail
        for number, start in enumerate(range(self._head, last + 1, self._hop)):
            yield b"%s:%d" % (work, number), content[start : start + self._size]


# -- the readers -----------------------------------------------------------------------------------

_READER: dict[str, Any] = {
    "container": "",
    "shared_name": "",
    "_stateful": True,
    "_context": True,
    "_once": True,
}


@op("TextLineReaderV2", "-> reader_handle: resource", skip_header_lines=0, **_READER)
def text_line_reader(ctx):
    """A reader of lines."""
    skip = ctx.attr("skip_header_lines")
    return ctx.resource("reader", lambda name: TextLines(name, skip))


@op("WholeFileReaderV2", "-> reader_handle: resource", **_READER)
def whole_file_reader(ctx):
    """A reader of whole files."""
    return ctx.resource("reader", WholeFiles)


@op("IdentityReaderV2", "-> reader_handle: resource", **_READER)
def identity_reader(ctx):
    """A reader that gives the work units themselves."""
    return ctx.resource("reader", Identity)


@op("TFRecordReaderV2", "-> reader_handle: resource", **_READER, compression_type="")
def tf_record_reader(ctx):
    """A reader of TFRecord files."""
    compression = ctx.attr("compression_type").decode()
    return ctx.resource("reader", lambda name: TFRecords(name, compression))


@op(
    "FixedLengthRecordReaderV2",
    "-> reader_handle: resource",
    header_bytes=0,
    record_bytes=Attr("int"),
    footer_bytes=0,
    hop_bytes=0,
    **_READER,
    encoding="",
)
def fixed_length_record_reader(ctx):
    """A reader of records of one length."""
    names = ("header_bytes", "record_bytes", "footer_bytes", "hop_bytes")
    head, size, tail, hop = (ctx.attr(name) for name in names)
    encoding = ctx.attr("encoding").decode()
    if min(head, tail, hop) < 0 or size <= 0:
        raise invalid(
            f"record_bytes must be > 0 and the others >= 0, but {', '.join(names)} are "
            f"{head}, {size}, {tail}, {hop}"
        )
    if encoding not in ("", "ZLIB"):
        raise invalid(f"Unsupported encoding {encoding}: it must be empty or ZLIB")
    return ctx.resource("reader", lambda name: Pieces(name, (head, size, tail, hop), encoding))


for _definition in (
    text_line_reader,
    whole_file_reader,
    identity_reader,
    tf_record_reader,
    fixed_length_record_reader,
):
    _definition.shape(lambda: [[]])


# -- what is done with them ------------------------------------------------------------------------


def _string(value: bytes) -> np.ndarray:
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def _strings(values: list[bytes]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@op(
    "ReaderReadV2",
    "reader_handle: resource, queue_handle: resource -> key: string, value: string",
    _stateful=True,
)
def reader_read(reader_handle, queue_handle):
    """The next record. Raises (OutOfRange): when the queue is closed and empty."""
    return [_string(part) for part in reader_handle.read(queue_handle)]


@op(
    "ReaderReadUpToV2",
    "reader_handle: resource, queue_handle: resource, num_records: int64 "
    "-> keys: string, values: string",
    _host="num_records",
    _stateful=True,
)
def reader_read_up_to(reader_handle, queue_handle, num_records):
    """The next records of one work unit, at most so many."""
    if num_records <= 0:
        raise invalid(f"num_records must be > 0, but it is {num_records}")
    records = reader_handle.read_up_to(queue_handle, num_records)
    return [_strings([key for key, _ in records]), _strings([value for _, value in records])]


@op(
    "ReaderNumRecordsProducedV2",
    "reader_handle: resource -> records_produced: int64",
    _stateful=True,
)
def reader_num_records_produced(reader_handle):
    """How many records a reader has given."""
    return torch.tensor(reader_handle.records_produced)


@op(
    "ReaderNumWorkUnitsCompletedV2",
    "reader_handle: resource -> units_completed: int64",
    _stateful=True,
)
def reader_num_work_units_completed(reader_handle):
    """How many work units a reader has read to their end."""
    return torch.tensor(reader_handle.work_finished)


@op("ReaderSerializeStateV2", "reader_handle: resource -> state: string", _stateful=True)
def reader_serialize_state(reader_handle):
    """The state of a reader of whole files or of identities."""
    return _string(reader_handle.serialize())


@op("ReaderRestoreStateV2", "reader_handle: resource, state: string ->", _stateful=True)
def reader_restore_state(reader_handle, state):
    """Give a reader the state that one of its kind had."""
    reader_handle.restore(state[()])


@op("ReaderResetV2", "reader_handle: resource ->", _stateful=True)
def reader_reset(reader_handle):
    """Let a reader begin anew."""
    reader_handle.reset()


@reader_read.shape
def reader_read_shape(reader_handle, queue_handle):
    return [[], []]


@reader_read_up_to.shape
def reader_read_up_to_shape(reader_handle, queue_handle, num_records):
    with_rank(num_records, 0, "num_records")
    return [[None], [None]]


for _definition in (
    reader_num_records_produced,
    reader_num_work_units_completed,
    reader_serialize_state,
):
    _definition.shape(lambda reader_handle: [[]])
