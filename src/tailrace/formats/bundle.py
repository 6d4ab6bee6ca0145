"""TensorFlow's checkpoint format V2: `prefix.index` (a table) and `prefix.data-SSSSS-of-NNNNN`.

The index maps each tensor's name to its type, shape, place in a data file and checksum. Writing
over an existing prefix takes two renames, data first. What the old index refers to is therefore
kept under a second name until the new index is in place, and a reader whose checksum does not fit
looks there: killed at any moment, the last complete checkpoint stays readable.

Source: TF 1.15 core/util/tensor_bundle/tensor_bundle.cc.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import struct
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from tailrace import dtypes, errors
from tailrace.dtypes import DType
from tailrace.formats import protos
from tailrace.formats.bundle_reader import (
    HEADER_KEY,
    VERSION,
    BundleReader,
    data_name,
    index_name,
    previous_name,
    read_index,
)
from tailrace.formats.coding import varints
from tailrace.formats.crc32c import crc32c, masked
from tailrace.formats.files import (
    atomic_write,
    flush_to_disk,
    os_errors,
    remove_if_there,
    replace,
    temporary_name,
)
from tailrace.formats.slices import TensorSlice, encode_name_slice
from tailrace.formats.table import TableWriter
from tailrace.shapes import TensorShape


class BundleWriter:
    """Writes one shard as a checkpoint of its own; `finish` makes it appear, whole.

    As a context manager it finishes when the block ends well and leaves nothing otherwise.
    """

    def __init__(self, prefix: str) -> None:
        """Starts the data file, making the last folder of `prefix` where it is missing."""
        self._prefix = prefix
        self._entries: dict[bytes, Any] = {}
        self._size = 0
        self._data_path = data_name(prefix, 0, 1)
        self._temporary = temporary_name(self._data_path)
        with os_errors(prefix):
            with contextlib.suppress(FileExistsError):
                Path(prefix).parent.mkdir()
            self._file: BinaryIO = Path(self._temporary).open("wb")  # noqa: SIM115 - see finish

    def add(self, key: str | bytes, array: np.ndarray, dtype: DType | None = None) -> None:
        """Appends a tensor. Raises: InvalidArgumentError for a name that is there already."""
        name = key.encode() if isinstance(key, str) else key
        if name in self._entries:
            shown = name.decode(errors="replace")
            raise errors.InvalidArgumentError(None, None, f"Adding duplicate key: {shown}")
        entry = self._entries[name] = protos.BundleEntryProto()
        dtype = dtypes.as_dtype(array.dtype) if dtype is None else dtype.base_dtype
        entry.dtype = dtype.as_datatype_enum
        entry.shape.CopyFrom(TensorShape(array.shape).as_proto())
        entry.offset = self._size
        chunks, checksum = _encoded(array, dtype)
        with os_errors(self._temporary):
            for chunk in chunks:
                self._file.write(chunk)
        entry.size = sum(memoryview(chunk).nbytes for chunk in chunks)
        entry.crc32c = masked(checksum)
        self._size += entry.size

    def add_slice(
        self,
        key: str | bytes,
        full_shape: Iterable[int],
        part: TensorSlice,
        array: np.ndarray,
        dtype: DType | None = None,
    ) -> None:
        """Appends a part of the tensor `key` of `full_shape`."""
        name = key.encode() if isinstance(key, str) else key
        dtype = dtypes.as_dtype(array.dtype) if dtype is None else dtype.base_dtype
        whole = self._entries.setdefault(name, protos.BundleEntryProto())
        whole.dtype = dtype.as_datatype_enum
        whole.shape.CopyFrom(TensorShape(full_shape).as_proto())
        whole.slices.append(part.to_proto())
        self.add(encode_name_slice(name, part), array, dtype)

    def finish(self) -> None:
        """Puts the data file and then the index in place."""
        with os_errors(self._prefix):
            flush_to_disk(self._file)
            self._file.close()
            _recover(self._prefix)
            _keep_previous(self._data_path)
            replace(self._temporary, self._data_path)
            _write_index(self._prefix, self._entries, shards=1)
            remove_if_there(previous_name(self._data_path))

    def abort(self) -> None:
        """Removes what was written; a checkpoint of this name from before stays."""
        self._file.close()
        remove_if_there(self._temporary)

    def __enter__(self) -> BundleWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Finishes, or aborts when the block raised."""
        try:
            if kind is None:
                self.finish()
        finally:
            self.abort()


def _encoded(array: np.ndarray, dtype: DType) -> tuple[list[Any], int]:
    """The chunks a tensor is stored as and the checksum of its entry."""
    if dtype is not dtypes.string:
        content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        return [content], crc32c(content)
    strings = array.ravel().tolist()
    lengths = [len(string) for string in strings]
    # TF: the checksum covers the lengths as fixed integers, though they are stored as varints.
    fixed = b"".join(struct.pack("<I" if n < 1 << 32 else "<Q", n) for n in lengths)
    checksum = crc32c(fixed)
    stored = struct.pack("<I", masked(checksum))
    content = b"".join(strings)
    return [varints(lengths), stored, content], crc32c(content, crc32c(stored, checksum))


def _write_index(prefix: str, entries: dict[bytes, Any], shards: int) -> None:
    header = protos.BundleHeaderProto(num_shards=shards)
    header.version.producer = VERSION
    with atomic_write(index_name(prefix)) as file:
        table = TableWriter(file)
        table.add(HEADER_KEY, header.SerializeToString())
        for name in sorted(entries):
            table.add(name, entries[name].SerializeToString())
        table.finish()


def _keep_previous(path: str) -> None:
    """Gives a data file that will be replaced a second name."""
    if not Path(path).exists():
        return
    second = previous_name(path)
    remove_if_there(second)
    try:
        os.link(path, second)
    except OSError:  # no hard links on this file system
        temporary = temporary_name(second)
        shutil.copyfile(path, temporary)
        replace(temporary, second)


def _recover(prefix: str) -> None:
    """Undoes a write over `prefix` that was killed between its renames."""
    folder = Path(prefix).parent
    leftovers = [str(p) for p in folder.glob(f"{glob.escape(Path(prefix).name)}.data-*.previous")]
    if not leftovers:
        return
    try:
        reader = BundleReader(prefix)
    except errors.OpError:  # no readable index: nothing refers to what was kept
        reader = None
    for second in leftovers:
        path = second.removesuffix(".previous")
        if reader is not None and reader.refers_to_previous(path):
            replace(second, path)
        else:
            remove_if_there(second)


def merge_bundles(prefixes: Iterable[str], merged: str, delete_old: bool = True) -> None:
    """Makes one checkpoint of the shards written as `prefixes`: renames data, joins the indices.

    Raises: NotFoundError for a missing shard, InvalidArgumentError for a name in two of them.
    """
    entries: dict[bytes, Any] = {}
    shards: dict[str, int] = {}
    prefixes = list(prefixes)
    for prefix in prefixes:
        header, found = read_index(prefix)
        numbers = {}
        for shard in range(header.num_shards):
            name = data_name(prefix, shard, header.num_shards)
            numbers[shard] = shards.setdefault(name, len(shards))
        for name, entry in found.items():
            _merge_entry(entries, name, entry, numbers)
    with os_errors(merged):
        with contextlib.suppress(FileExistsError):
            Path(merged).parent.mkdir()
        _recover(merged)
        targets = {data_name(merged, number, len(shards)): n for n, number in shards.items()}
        for target in targets:
            _keep_previous(target)
        for target, source in targets.items():
            replace(source, target)
        _write_index(merged, entries, len(shards))
        for target in targets:
            remove_if_there(previous_name(target))
        for prefix in prefixes if delete_old else ():
            remove_if_there(index_name(prefix))


def _merge_entry(
    entries: dict[bytes, Any], name: bytes, entry: Any, numbers: dict[int, int]
) -> None:
    known = entries.get(name)
    if known is None:
        entries[name] = entry
        entry.shard_id = numbers[entry.shard_id]
        return
    shown = name.decode(errors="replace")
    if not (known.slices and entry.slices):
        raise errors.InvalidArgumentError(
            None, None, f"Duplicate tensor keyed by {shown} encountered, when merging prefix"
        )
    if known.dtype != entry.dtype or known.shape != entry.shape:
        raise errors.InvalidArgumentError(
            None, None, f"Parts of tensor {shown} differ in type or full shape between shards"
        )
    known.slices.extend(entry.slices)
