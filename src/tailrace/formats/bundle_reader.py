"""Reads checkpoints of format V2; see `bundle`."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np

from tailrace import dtypes, errors
from tailrace.dtypes import DType
from tailrace.formats import protos
from tailrace.formats.coding import read_varint
from tailrace.formats.crc32c import crc32c, masked, unmasked
from tailrace.formats.files import data_loss, os_errors
from tailrace.formats.slices import TensorSlice, copy_overlap, encode_name_slice
from tailrace.formats.table import TableReader

HEADER_KEY = b""
VERSION = 1


def index_name(prefix: str) -> str:
    """The index file of a checkpoint."""
    return f"{prefix}.index"


def data_name(prefix: str, shard: int, shards: int) -> str:
    """A data file of a checkpoint."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


def previous_name(path: str) -> str:
    """Where a data file's old content stays while a new checkpoint takes its place."""
    return f"{path}.previous"


def read_index(prefix: str) -> tuple[Any, dict[bytes, Any]]:
    """Header and entries of a checkpoint's index.

    Raises: NotFoundError, DataLossError, UnimplementedError for files of another byte order.
    """
    table = TableReader(index_name(prefix))
    header, entries = protos.BundleHeaderProto(), {}
    try:
        for key, value in table:
            if key == HEADER_KEY:
                header.ParseFromString(value)
            else:
                entries[key] = protos.BundleEntryProto.FromString(value)
    except _decode_error() as error:
        raise data_loss(table.path, f"an entry is no message: {error}") from error
    if not header.num_shards:
        raise data_loss(table.path, "the header entry is missing")
    if header.endianness:
        message = f"{table.path}: written on a big-endian machine; this reader is for little-endian"
        raise errors.UnimplementedError(None, None, message)
    if header.version.min_consumer > VERSION:
        message = f"{table.path}: needs a reader of version {header.version.min_consumer}"
        raise errors.InvalidArgumentError(None, None, message)
    return header, entries


def _decode_error() -> type[Exception]:
    from google.protobuf.message import DecodeError

    return DecodeError


class BundleReader:
    """The tensors of one checkpoint, read one at a time; every value's checksum is verified."""

    def __init__(self, prefix: str) -> None:
        """Reads the index of `prefix`."""
        self.prefix = prefix
        self._header, self._entries = read_index(prefix)
        self._parts = {
            encode_name_slice(name, TensorSlice.from_proto(part))
            for name, entry in self._entries.items()
            for part in entry.slices
        }

    def names(self) -> list[str]:
        """The tensors' names, sorted."""
        return [name.decode() for name in self._entries if name not in self._parts]

    def has_tensor(self, name: str) -> bool:
        """Whether a tensor of this name is there."""
        return name.encode() in self._entries

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's (full) shape. Raises: NotFoundError."""
        return _shape(self._entry(name))

    def dtype(self, name: str) -> DType:
        """A tensor's type. Raises: NotFoundError."""
        return dtypes.as_dtype(self._entry(name).dtype)

    def parts(self, name: str) -> list[TensorSlice]:
        """The slices a partitioned tensor is stored as; none for a tensor stored whole."""
        return [TensorSlice.from_proto(part) for part in self._entry(name).slices]

    def debug_string(self) -> bytes:
        """A line `name (type) shape` for everything stored, as TensorFlow prints it."""
        return b"".join(
            name + _describe(entry).encode()
            for name, entry in self._entries.items()
            if not entry.slices
        )

    def get(self, name: str, part: TensorSlice | None = None) -> np.ndarray:
        """A tensor, or a part of it.

        Raises: NotFoundError, DataLossError, InvalidArgumentError for a part outside the tensor.
        """
        entry = self._entry(name)
        if entry.slices:
            return self._assembled(name, entry, part)
        array = self._read(entry, name)
        return array if part is None else array[_index(part, _shape(entry), name)]

    def refers_to_previous(self, path: str) -> bool:
        """Whether the index fits the kept content of a data file rather than the present one."""
        for name, entry in self._entries.items():
            here = data_name(self.prefix, entry.shard_id, self._header.num_shards)
            if entry.slices or here != path:
                continue
            try:
                _decode(_read_bytes(path, entry), entry, path, name.decode(errors="replace"))
            except errors.OpError:
                return True
        return False

    def _entry(self, name: str) -> Any:
        entry = self._entries.get(name.encode())
        if entry is None:
            raise errors.NotFoundError(None, None, f"Key {name} not found in checkpoint")
        return entry

    def _read(self, entry: Any, name: str) -> np.ndarray:
        path = data_name(self.prefix, entry.shard_id, self._header.num_shards)
        try:
            return _decode(_read_bytes(path, entry), entry, path, name)
        except errors.DataLossError:
            kept = previous_name(path)
            if not Path(kept).exists():
                raise
            return _decode(_read_bytes(kept, entry), entry, kept, name)

    def _assembled(self, name: str, entry: Any, part: TensorSlice | None) -> np.ndarray:
        """Copies what each stored slice has of the wanted part into place."""
        shape = _shape(entry)
        wanted = (part or TensorSlice.full(len(shape))).bounds(shape)
        result = np.empty([stop - start for start, stop in wanted], _array_type(entry))
        missing = result.size
        for proto in entry.slices:
            stored = TensorSlice.from_proto(proto)
            bounds = stored.bounds(shape)
            if all(max(a, c) < min(b, d) for (a, b), (c, d) in zip(wanted, bounds, strict=True)):
                piece = self._read(self._part(name, stored), f"{name} [{stored}]")
                missing -= copy_overlap(piece, bounds, result, wanted)
        if missing > 0:
            message = f"{name}: the stored slices leave {missing} elements of {part or 'it'} out"
            raise data_loss(self.prefix, message)
        return result

    def _part(self, name: str, part: TensorSlice) -> Any:
        entry = self._entries.get(encode_name_slice(name.encode(), part))
        if entry is None:
            raise data_loss(index_name(self.prefix), f"slice {part} of {name} has no entry")
        return entry


def _index(part: TensorSlice, shape: tuple[int, ...], name: str) -> tuple[slice, ...]:
    try:
        return tuple(slice(start, stop) for start, stop in part.bounds(shape))
    except ValueError as error:
        raise errors.InvalidArgumentError(None, None, f"tensor_name = {name}; {error}") from error


def _shape(entry: Any) -> tuple[int, ...]:
    return tuple(dim.size for dim in entry.shape.dim)


def _array_type(entry: Any) -> Any:
    return dtypes.as_dtype(entry.dtype).as_numpy_dtype


def _describe(entry: Any) -> str:
    sizes = ",".join(str(size) for size in _shape(entry))
    return f" ({protos.DataType.Name(entry.dtype)}) [{sizes}]\n"


def _read_bytes(path: str, entry: Any) -> np.ndarray:
    content = np.empty(entry.size, dtype=np.uint8)
    with os_errors(path), Path(path).open("rb", buffering=0) as file:
        file.seek(entry.offset)
        view, done = content.data, 0
        while done < entry.size:
            count = file.readinto(view[done:])
            if not count:
                break
            done += count
        size = os.fstat(file.fileno()).st_size
    if done < entry.size:
        raise data_loss(
            path,
            f"truncated: {size} bytes, where a tensor takes {entry.size} from byte {entry.offset}",
        )
    return content


def _decode(content: np.ndarray, entry: Any, path: str, name: str) -> np.ndarray:
    dtype = dtypes.as_dtype(entry.dtype)
    where = f"tensor {name}, {entry.size} bytes from byte {entry.offset}"
    if dtype is dtypes.string:
        return _decode_strings(content, entry, path, where)
    checksum = crc32c(content)
    if masked(checksum) != entry.crc32c:
        raise data_loss(
            path,
            f"{where}: checksum does not match: stored {unmasked(entry.crc32c)} vs. calculated "
            f"on the restored bytes {checksum}",
        )
    if dtype in (dtypes.resource, dtypes.variant):
        raise errors.UnimplementedError(None, None, f"{path}: {where} is of type {dtype.name}")
    array = np.frombuffer(content.data, dtype=dtype.as_numpy_dtype)
    if array.size != int(np.prod(_shape(entry), dtype=np.int64)):
        raise data_loss(path, f"{where}: the size does not fit shape {list(_shape(entry))}")
    return array.reshape(_shape(entry))


def _decode_strings(content: np.ndarray, entry: Any, path: str, where: str) -> np.ndarray:
    shape = _shape(entry)
    data = content.tobytes()
    lengths, position = [], 0
    try:
        for _ in range(int(np.prod(shape, dtype=np.int64))):
            length, position = read_varint(data, position)
            lengths.append(length)
        (stored,) = struct.unpack_from("<I", data, position)
    except (IndexError, struct.error):
        raise data_loss(path, f"{where}: the strings' lengths go beyond the end") from None
    checksum = crc32c(b"".join(struct.pack("<I" if n < 1 << 32 else "<Q", n) for n in lengths))
    if masked(checksum) != stored:
        raise data_loss(
            path,
            f"{where}: the length checksum does not match: expected {unmasked(stored)} "
            f"but actual is {checksum}",
        )
    start = position + 4
    checksum = crc32c(data[start:], crc32c(data[position:start], checksum))
    if masked(checksum) != entry.crc32c or start + sum(lengths) != len(data):
        raise data_loss(path, f"{where}: checksum of the strings does not match")
    array = np.empty(len(lengths), dtype=np.object_)
    for i, length in enumerate(lengths):
        array[i] = data[start : start + length]
        start += length
    return array.reshape(shape)
