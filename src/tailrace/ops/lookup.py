"""Lookup tables: from keys to values, filled once or changed as programs run.

A table lives in the session's store. Keys are scalars or, as values, tensors of one shape.

Source: TF 1.15 core/ops/lookup_ops.cc, core/kernels/{lookup_table_op,lookup_table_init_op,
lookup_util,initializable_lookup_table}.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from tailrace import arrays, dtypes, errors
from tailrace.dtypes import ANY, DType
from tailrace.errors import KernelError, invalid
from tailrace.formats.files import os_errors
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, Shape, with_rank

WHOLE_LINE, LINE_NUMBER = -2, -1
_NO_GRADIENT = "tables hold data, and keys are discrete"


class Table:
    """Keys and their values, which change as operations say."""

    def __init__(
        self, name: str, key_dtype: DType, value_dtype: DType, value_shape: tuple[int, ...] = ()
    ) -> None:
        self.name = name
        self.key_dtype = key_dtype
        self.value_dtype = value_dtype
        self.value_shape = value_shape
        self._values: dict[Any, Any] = {}
        self._lock = threading.Lock()

    def size(self) -> int:
        """The number of keys."""
        return len(self._values)

    def find(self, keys: Any, default: Any) -> Any:
        """The values of keys, `default` for those that are not there."""
        fallback = _scalars(default)[0] if not self.value_shape else default
        values = self._values
        found = [values.get(key, fallback) for key in _scalars(keys)]
        return self._stacked(found, tuple(keys.shape))

    def _stacked(self, rows: list[Any], shape: tuple[int, ...]) -> Any:
        shape = shape + self.value_shape
        if self.value_dtype is dtypes.string:
            array = np.empty(len(rows), dtype=object) if not self.value_shape else np.array(rows)
            array[...] = rows if rows else array
            return array.reshape(shape)
        if self.value_shape:
            return torch.stack(rows).reshape(shape) if rows else _zeros(shape, self.value_dtype)
        return torch.tensor(rows, dtype=arrays.torch_dtype(self.value_dtype)).reshape(shape)

    def _rows(self, keys: Any, values: Any) -> Iterator[tuple[Any, Any]]:
        """Pairs. Raises: KernelError where the shapes do not fit each other."""
        wanted = tuple(keys.shape) + self.value_shape
        if tuple(values.shape) != wanted:
            raise invalid(f"Expected shape {list(wanted)} for value, got {list(values.shape)}")
        if not self.value_shape:
            return zip(_scalars(keys), _scalars(values), strict=True)
        rows = values.reshape(-1, *self.value_shape)
        copies = (row.clone() if isinstance(row, torch.Tensor) else row.copy() for row in rows)
        return zip(_scalars(keys), copies, strict=True)

    def insert(self, keys: Any, values: Any) -> None:
        """Set the values of keys."""
        with self._lock:
            self._values.update(self._rows(keys, values))

    def remove(self, keys: Any) -> None:
        """Forget keys; those that are not there as well."""
        with self._lock:
            for key in _scalars(keys):
                self._values.pop(key, None)

    def replace(self, keys: Any, values: Any) -> None:
        """Forget everything, then insert."""
        rows = dict(self._rows(keys, values))
        with self._lock:
            self._values = rows

    def export(self) -> tuple[Any, Any]:
        """All keys and values."""
        with self._lock:
            keys, values = list(self._values), list(self._values.values())
        exported = Table(self.name, self.key_dtype, self.key_dtype)._stacked(keys, (len(keys),))
        return exported, self._stacked(values, (len(keys),))


class StaticTable(Table):
    """A table that is filled once."""

    filled = False

    def find(self, keys: Any, default: Any) -> Any:
        """As the base. Raises: KernelError (FailedPrecondition) before the table is filled."""
        if not self.filled:
            raise KernelError(errors.FailedPreconditionError, "Table not initialized.")
        return super().find(keys, default)

    def replace(self, keys: Any, values: Any) -> None:
        """Fill the table. Raises: as `fill`."""
        self.fill(list(self._rows(keys, values)))

    def fill(self, rows: list[tuple[Any, Any]]) -> None:
        """Fill the table; again, with the same.

        Raises: KernelError (FailedPrecondition) for two values of one key, or others than before.
        """
        with self._lock:
            if self.filled and len(rows) != len(self._values):
                raise KernelError(errors.FailedPreconditionError, "Table already initialized.")
            for key, value in rows:
                if self._values.setdefault(key, value) != value:
                    raise KernelError(
                        errors.FailedPreconditionError,
                        f"HashTable has different value for same key. Key {_text(key)} has "
                        f"{_text(self._values[key])} and trying to add value {_text(value)}",
                    )
            self.filled = True

    def export(self) -> tuple[Any, Any]:
        """As the base. Raises: KernelError (Aborted) before the table is filled."""
        if not self.filled:
            raise KernelError(errors.AbortedError, "HashTable is not initialized.")
        return super().export()


class DenseTable(Table):
    """A table with keys that stand for empty and deleted places and may not be used."""

    reserved: tuple[Any, ...] = ()

    def _checked(self, keys: Any) -> None:
        for key in _scalars(keys):
            if key in self.reserved:
                which = ("empty_key", "deleted_key")[self.reserved.index(key)]
                raise invalid(f"Using the {which} as a table key is not allowed")

    def find(self, keys: Any, default: Any) -> Any:
        """As the base. Raises: KernelError for a reserved key."""
        self._checked(keys)
        return super().find(keys, default)

    def insert(self, keys: Any, values: Any) -> None:
        """As the base. Raises: KernelError for a reserved key."""
        self._checked(keys)
        super().insert(keys, values)

    def remove(self, keys: Any) -> None:
        """As the base. Raises: KernelError for a reserved key."""
        self._checked(keys)
        super().remove(keys)


def _scalars(tensor: Any) -> list[Any]:
    return tensor.reshape(-1).tolist()


def _zeros(shape: tuple[int, ...], dtype: DType) -> torch.Tensor:
    return torch.zeros(shape, dtype=arrays.torch_dtype(dtype))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


# -- the tables ------------------------------------------------------------------------------------

_TABLE: dict[str, Any] = {
    "container": "",
    "shared_name": "",
    "use_node_name_sharing": False,
    "key_dtype": type_attr(ANY),
    "value_dtype": type_attr(ANY),
}
_KEPT: dict[str, Any] = {"_stateful": True, "_context": True}


def _types(ctx: Any) -> tuple[DType, DType]:
    return ctx.attr("key_dtype"), ctx.attr("value_dtype")


def _value_shape(ctx: Any) -> tuple[int, ...]:
    shape = Shape(ctx.attr("value_shape")._dims)
    return tuple(d or 0 for d in shape.dims or ())


@op("HashTableV2", "-> table_handle: resource", **_TABLE, **_KEPT, _once=True)
def hash_table(ctx):
    """A table that is filled once."""
    return ctx.resource("table", lambda name: StaticTable(name, *_types(ctx)))


@op("MutableHashTableV2", "-> table_handle: resource", **_TABLE, **_KEPT, _once=True)
def mutable_hash_table(ctx):
    """A table of scalars that changes."""
    return ctx.resource("table", lambda name: Table(name, *_types(ctx)))


@op(
    "MutableHashTableOfTensorsV2",
    "-> table_handle: resource",
    **_TABLE,
    value_shape=Attr("shape", []),
    **_KEPT,
    _once=True,
)
def mutable_hash_table_of_tensors(ctx):
    """A table of tensors of one shape that changes."""
    return ctx.resource("table", lambda name: Table(name, *_types(ctx), _value_shape(ctx)))


@op(
    "MutableDenseHashTableV2",
    "empty_key: key_dtype, deleted_key: key_dtype -> table_handle: resource",
    **_TABLE,
    value_shape=Attr("shape", []),
    initial_num_buckets=131072,
    max_load_factor=0.8,
    **_KEPT,
)
def mutable_dense_hash_table(ctx, empty_key, deleted_key):
    """A table that changes and has two keys which may not be used.

    The number of buckets and how full they get have no meaning here.
    """
    reserved = (_scalars(empty_key)[0], _scalars(deleted_key)[0])
    if reserved[0] == reserved[1]:
        raise invalid("Empty and deleted keys cannot be equal")

    def make(name: str) -> DenseTable:
        table = DenseTable(name, *_types(ctx), _value_shape(ctx))
        table.reserved = reserved
        return table

    return ctx.resource("table", make)


hash_table.shape(lambda: [[]])
mutable_hash_table.shape(lambda: [[]])
mutable_hash_table_of_tensors.shape(lambda: [[]])
mutable_dense_hash_table.shape(lambda empty_key, deleted_key: [[]])


@mutable_hash_table.handle
def mutable_hash_table_handle(*, value_dtype):
    return value_dtype, Shape([])


@mutable_hash_table_of_tensors.handle
def mutable_hash_table_of_tensors_handle(*, value_dtype, value_shape):
    return value_dtype, Shape(value_shape._dims)


@mutable_dense_hash_table.handle
def mutable_dense_hash_table_handle(empty_key, deleted_key, *, value_dtype, value_shape):
    return value_dtype, Shape(value_shape._dims)


# -- filling them ----------------------------------------------------------------------------------


@op(
    "InitializeTableV2",
    "table_handle: resource, keys: Tkey, values: Tval ->",
    Tkey=ANY,
    Tval=ANY,
    _stateful=True,
)
def initialize_table(table_handle, keys, values):
    """Fill a table."""
    table_handle.replace(keys, values)


@op(
    "InitializeTableFromTextFileV2",
    "table_handle: resource, filename: string ->",
    key_index=Attr("int", minimum=-2),
    value_index=Attr("int", minimum=-2),
    vocab_size=Attr("int", -1, minimum=-1),
    delimiter="\t",
    _stateful=True,
)
def initialize_table_from_text_file(
    table_handle, filename, *, key_index, value_index, vocab_size, delimiter
):
    """Fill a table from a file, a pair for each line: columns, whole lines, or lines' numbers.

    Raises: NotFoundError; InvalidArgumentError for lines that are empty or short, fields that are
    no numbers, and fewer lines than `vocab_size`; FailedPreconditionError for a key twice.
    """
    path = _scalars(filename)[0].decode()
    file = _Columns(path, delimiter, (key_index, value_index))
    kinds = (table_handle.key_dtype, table_handle.value_dtype)
    table_handle.fill(list(file.rows(kinds, vocab_size)))


class _Columns:
    """Two columns of a text file."""

    def __init__(self, path: str, delimiter: bytes | str, indices: tuple[int, int]) -> None:
        self._path = path
        self._delimiter = delimiter.encode() if isinstance(delimiter, str) else delimiter
        self._indices = indices

    def rows(self, kinds: tuple[DType, DType], count: int) -> Iterator[tuple[Any, Any]]:
        """Pairs of the types asked for, `count` of them, or all for -1."""
        number, position = -1, 0
        with os_errors(self._path), open(self._path, "rb") as file:
            for number, stored in enumerate(file):
                if number == count:
                    return
                position += len(stored)
                line = stored.removesuffix(b"\n").removesuffix(b"\r")
                if not line:
                    raise invalid(
                        f"Invalid content in {self._path}: empty line found at position {position}."
                    )
                yield self._pair(line, number, kinds)
        if count > number + 1:
            raise invalid(
                f"Invalid vocab_size in {self._path}: expected {count} but got {number + 1}"
            )

    def _pair(self, line: bytes, number: int, kinds: tuple[DType, DType]) -> tuple[Any, Any]:
        fields = line.split(self._delimiter)
        if max(self._indices) >= len(fields):
            raise invalid(
                f"Invalid number of columns in {self._path} line {number} ({_text(line)}): "
                f"expected more than {max(self._indices)}, got {len(fields)}"
            )
        key, value = (
            self._field(line, fields, number, index, kind)
            for index, kind in zip(self._indices, kinds, strict=True)
        )
        return key, value

    def _field(self, line: bytes, fields: list[bytes], number: int, index: int, kind: DType) -> Any:
        if index == LINE_NUMBER:
            return number
        text = line if index == WHOLE_LINE else fields[index]
        if kind is dtypes.string:
            return text
        try:
            return int(text) if kind.is_integer else float(text)
        except ValueError:
            raise invalid(
                f"Field {_text(text)} in line {number} is not a valid {kind.name}."
            ) from None


# -- reading and changing --------------------------------------------------------------------------


@op(
    "LookupTableFindV2",
    "table_handle: resource, keys: Tin, default_value: Tout -> values: Tout",
    Tin=ANY,
    Tout=ANY,
    _stateful=True,
)
def lookup_table_find(table_handle, keys, default_value):
    """The values of keys. Shapes: keys [...], values [..., *value]."""
    if tuple(default_value.shape) != table_handle.value_shape:
        raise invalid(
            f"Expected shape {list(table_handle.value_shape)} for default value, "
            f"got {list(default_value.shape)}"
        )
    return table_handle.find(keys, default_value)


@lookup_table_find.shape
def lookup_table_find_shape(table_handle, keys, default_value):
    known = table_handle.handle
    if known is None or keys.dims is None or known[1] is None:
        return [UNKNOWN]
    return [[*keys.dims, *known[1]]]


@op(
    "LookupTableInsertV2",
    "table_handle: resource, keys: Tin, values: Tout ->",
    Tin=ANY,
    Tout=ANY,
    _stateful=True,
)
def lookup_table_insert(table_handle, keys, values):
    """Set the values of keys."""
    table_handle.insert(keys, values)


@op("LookupTableRemoveV2", "table_handle: resource, keys: Tin ->", Tin=ANY, _stateful=True)
def lookup_table_remove(table_handle, keys):
    """Forget keys."""
    table_handle.remove(keys)


@op(
    "LookupTableImportV2",
    "table_handle: resource, keys: Tin, values: Tout ->",
    Tin=ANY,
    Tout=ANY,
    _stateful=True,
)
def lookup_table_import(table_handle, keys, values):
    """Replace what a table holds; fill it if it is one that is filled once."""
    table_handle.replace(keys, values)


@op("LookupTableSizeV2", "table_handle: resource -> size: int64", _stateful=True)
def lookup_table_size(table_handle):
    """The number of keys."""
    return torch.tensor(table_handle.size())


lookup_table_size.shape(lambda table_handle: [[]])


@op(
    "LookupTableExportV2",
    "table_handle: resource -> keys: Tkeys, values: Tvalues",
    Tkeys=type_attr(ANY),
    Tvalues=type_attr(ANY),
    _stateful=True,
)
def lookup_table_export(table_handle):
    """All keys and values, in the order in which the keys came. Shapes: [n], [n, *value]."""
    return list(table_handle.export())


@lookup_table_export.shape
def lookup_table_export_shape(table_handle):
    with_rank(table_handle, 0, "table_handle")
    known = table_handle.handle
    value = () if known is None else known[1]
    return [[None], UNKNOWN if value is None else [None, *value]]


for _definition in (
    hash_table,
    mutable_hash_table,
    mutable_hash_table_of_tensors,
    mutable_dense_hash_table,
    initialize_table,
    initialize_table_from_text_file,
    lookup_table_find,
    lookup_table_insert,
    lookup_table_size,
):
    _definition.no_gradient(_NO_GRADIENT)
