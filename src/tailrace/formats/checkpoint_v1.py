"""TensorFlow's checkpoint format V1: tables that hold `SavedTensorSlices` messages.

The value under the empty key lists the tensors; each slice lies under its encoded name. A sharded
checkpoint is several such files, `prefix-SSSSS-of-NNNNN`, read as one.

Source: TF 1.15 core/util/tensor_slice_{reader,writer}.cc, core/util/saved_tensor_slice_util.h.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tailrace import dtypes, errors
from tailrace.dtypes import DType
from tailrace.formats import protos
from tailrace.formats.files import atomic_write, data_loss, os_errors
from tailrace.formats.slices import TensorSlice, copy_overlap, encode_name_slice
from tailrace.formats.table import TableReader, TableWriter
from tailrace.formats.tensor_proto import make_ndarray, store_values
from tailrace.shapes import TensorShape

_META_KEY = b""
_VERSION = 1


def matching_files(pattern: str) -> list[str]:
    """The files a V1 name stands for: itself, what it matches, or the shards of a prefix."""
    if Path(pattern).is_file():
        return [pattern]
    found = glob.glob(pattern) or glob.glob(f"{glob.escape(pattern)}-?????-of-?????")
    return sorted(name for name in found if Path(name).is_file())


class V1Reader:
    """The tensors of one V1 checkpoint, read one at a time."""

    def __init__(self, pattern: str) -> None:
        """Reads the lists of all files. Raises: NotFoundError, DataLossError."""
        self.prefix = pattern
        files = matching_files(pattern)
        if not files:
            message = (
                "Unsuccessful TensorSliceReader constructor: Failed to find any matching files "
                f"for {pattern}"
            )
            raise errors.NotFoundError(None, None, message)
        self._metas: dict[str, Any] = {}
        self._places: dict[str, list[tuple[TensorSlice, TableReader]]] = {}
        for file in files:
            self._add_file(TableReader(file))

    def _add_file(self, table: TableReader) -> None:
        content = table.get(_META_KEY)
        if content is None:
            raise data_loss(table.path, "no list of tensors: not a checkpoint of format V1 or V2")
        for meta in _parse(content, table, "list of tensors").meta.tensor:
            self._metas.setdefault(meta.name, meta)
            places = self._places.setdefault(meta.name, [])
            places.extend((TensorSlice.from_proto(part), table) for part in meta.slice)

    def names(self) -> list[str]:
        """The tensors' names, sorted."""
        return sorted(self._metas)

    def has_tensor(self, name: str) -> bool:
        """Whether a tensor of this name is there."""
        return name in self._metas

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's (full) shape. Raises: NotFoundError."""
        return tuple(dim.size for dim in self._meta(name).shape.dim)

    def dtype(self, name: str) -> DType:
        """A tensor's type. Raises: NotFoundError."""
        return dtypes.as_dtype(self._meta(name).type)

    def parts(self, name: str) -> list[TensorSlice]:
        """The slices a tensor is stored as."""
        self._meta(name)
        return [part for part, _ in self._places[name]]

    def debug_string(self) -> bytes:
        """A line `name (type) shape` per tensor, as TensorFlow prints it."""
        lines = []
        for name, meta in self._metas.items():
            sizes = ",".join(str(dim.size) for dim in meta.shape.dim)
            lines.append(f"{name} ({protos.DataType.Name(meta.type)}) [{sizes}]\n")
        return "".join(lines).encode()

    def get(self, name: str, part: TensorSlice | None = None) -> np.ndarray:
        """A tensor, or a part of it.

        Raises: NotFoundError, DataLossError, InvalidArgumentError for a part outside the tensor.
        """
        shape = self.shape(name)
        try:
            wanted = (part or TensorSlice.full(len(shape))).bounds(shape)
        except ValueError as error:
            message = f"tensor_name = {name}; {error}"
            raise errors.InvalidArgumentError(None, None, message) from error
        sizes = [stop - start for start, stop in wanted]
        result = np.empty(sizes, self.dtype(name).as_numpy_dtype)
        missing = result.size
        for stored, table in self._places[name]:
            piece = self._read(name, stored, shape, table)
            missing -= copy_overlap(piece, stored.bounds(shape), result, wanted)
        if missing > 0:
            raise data_loss(self.prefix, f"{name}: the stored slices leave {missing} elements out")
        return result

    def _meta(self, name: str) -> Any:
        meta = self._metas.get(name)
        if meta is None:
            raise errors.NotFoundError(None, None, f"Key {name} not found in checkpoint")
        return meta

    def _read(
        self, name: str, part: TensorSlice, shape: tuple[int, ...], table: TableReader
    ) -> np.ndarray:
        content = table.get(encode_name_slice(name.encode(), part))
        if content is None:
            raise data_loss(table.path, f"slice {part} of {name} is listed but not there")
        saved = _parse(content, table, name).data
        saved.data.dtype = self._meta(name).type
        sizes = part.shape_in(shape)
        saved.data.tensor_shape.CopyFrom(TensorShape(sizes).as_proto())
        array = make_ndarray(saved.data)
        if saved.name != name:
            raise data_loss(table.path, f"the entry of {name} holds {saved.name}")
        return array


def _parse(content: bytes, table: TableReader, what: str) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return protos.SavedTensorSlices.FromString(content)
    except DecodeError as error:
        raise data_loss(table.path, f"{what}: no SavedTensorSlices message: {error}") from error


def write_v1(
    path: str,
    tensors: Sequence[tuple[str, tuple[int, ...], TensorSlice | None, np.ndarray, DType]],
) -> None:
    """Writes name, full shape, slice (None: all), values and type of each tensor, atomically.

    Raises: InvalidArgumentError for a name or slice given twice.
    """
    meta = protos.SavedTensorSlices()
    meta.meta.versions.producer = _VERSION
    listed: dict[str, Any] = {}
    data: dict[bytes, bytes] = {}
    for name, shape, wanted, array, dtype in sorted(tensors, key=lambda item: item[0]):
        part = wanted or TensorSlice.full(len(shape))
        if name not in listed:
            listed[name] = meta.meta.tensor.add(name=name, type=dtype.as_datatype_enum)
            listed[name].shape.CopyFrom(TensorShape(shape).as_proto())
        listed[name].slice.append(part.to_proto())
        key = encode_name_slice(name.encode(), part)
        if key in data:
            raise errors.InvalidArgumentError(None, None, f"Adding duplicate key: {name} [{part}]")
        saved = protos.SavedTensorSlices()
        saved.data.name = name
        saved.data.slice.CopyFrom(part.to_proto())
        store_values(saved.data.data, array, dtype)
        data[key] = saved.SerializeToString()
    with os_errors(path), atomic_write(path) as file:
        table = TableWriter(file)
        table.add(_META_KEY, meta.SerializeToString())
        for key in sorted(data):
            table.add(key, data[key])
        table.finish()
