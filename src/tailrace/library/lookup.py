"""Lookup tables: `tf.lookup.StaticHashTable`, `tf.contrib.lookup.MutableHashTable` and relatives.

Source: TF 1.15 python/ops/lookup_ops.py, contrib/lookup/lookup_ops.py.
"""

from __future__ import annotations

import uuid
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Operation, SparseTensor, Tensor, convert_to_tensor, g, get_default_graph
from tailrace.library.collections import GraphKeys, add_to_collection
from tailrace.library.control_flow import group, no_op
from tailrace.library.saveables import SaveableObject, SaveSpec
from tailrace.library.scopes import init_scope
from tailrace.library.tracking.base import Trackable
from tailrace.shapes import TensorShape


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """An operation that fills all tables of the graph that have something to be filled with."""
    initializers = get_default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(*initializers, name=name) if initializers else no_op(name=name)


initialize_all_tables = tables_initializer


def _check_types(table: Any, key_dtype: Any, value_dtype: Any) -> None:
    pairs = (("key", table.key_dtype, key_dtype), ("value", table.value_dtype, value_dtype))
    for what, expected, given in pairs:
        if given.base_dtype != expected:
            raise TypeError(f"Invalid {what} dtype, expected {expected} but got {given}.")


def _check_keys(keys: Any, expected: Any) -> None:
    if keys.dtype.base_dtype != expected:
        raise TypeError(f"Signature mismatch. Keys must be dtype {expected}, got {keys.dtype}.")


def _last_part(handle: Tensor) -> str:
    return handle.op.name.split("/")[-1]


# -- what tables are filled with -------------------------------------------------------------------


class TableInitializerBase(Trackable):
    """Keys and values to fill a table with."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype = as_dtype(key_dtype)
        self._value_dtype = as_dtype(value_dtype)

    @property
    def key_dtype(self) -> Any:
        """The type of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> Any:
        """The type of the values."""
        return self._value_dtype

    def initialize(self, table: Any) -> Any:
        """The operation that fills a table."""
        raise NotImplementedError

    @property
    def _shared_name(self) -> str:
        """The name under which tables filled with the same are one; empty for none."""
        return ""


class KeyValueTensorInitializer(TableInitializerBase):
    """Keys and values from tensors of one length."""

    def __init__(
        self,
        keys: Any,
        values: Any,
        key_dtype: Any = None,
        value_dtype: Any = None,
        name: str | None = None,
    ) -> None:
        if get_default_graph()._get_control_flow_context() is None:
            self._convert(keys, values, key_dtype, value_dtype)
        else:
            with init_scope():
                self._convert(keys, values, key_dtype, value_dtype)
        self._name = "key_value_init" if name is None else name
        super().__init__(self._keys.dtype, self._values.dtype)

    def _convert(self, keys: Any, values: Any, key_dtype: Any, value_dtype: Any) -> None:
        self._keys = convert_to_tensor(keys, key_dtype, name="keys")
        self._values = convert_to_tensor(values, value_dtype, name="values")

    def initialize(self, table: Any) -> Operation:
        """The operation that fills a table. Raises: TypeError for a table of other types."""
        _check_types(table, self._keys.dtype, self._values.dtype)
        with g.name_scope(self._name):
            filling = g.LookupTableImportV2(table.resource_handle, self._keys, self._values)
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, filling)
        return filling


class TextFileIndex:
    """What of a line becomes key or value, if it is not a column."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class TextFileInitializer(TableInitializerBase):
    """Keys and values from the lines of a file.

    Indices are columns, from 0, or of `TextFileIndex`. `vocab_size` is the number of lines to read,
    all when None.

    Raises: ValueError without a name of a file and for indices that do not go with the types.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
    ) -> None:
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError(f"Filename required for {name}.")
        super().__init__(key_dtype, value_dtype)
        self._track_trackable(Trackable(), "_filename")  # the file, which checkpoints only name
        self._check_index("key", key_index, self._key_dtype)
        self._check_index("value", value_index, self._value_dtype)
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"Invalid vocab_size {vocab_size}.")
        self._filename_arg = filename
        self._key_index, self._value_index = key_index, value_index
        self._vocab_size = vocab_size
        self._delimiter = delimiter
        self._name = name
        with init_scope(), get_default_graph().device("/device:CPU:*"):
            self._filename = convert_to_tensor(filename, dtypes.string, name="asset_path")

    @staticmethod
    def _check_index(what: str, index: int, dtype: Any) -> None:
        if index < TextFileIndex.WHOLE_LINE:
            raise ValueError(f"Invalid {what} index {index}.")
        if index == TextFileIndex.LINE_NUMBER and dtype != dtypes.int64:
            raise ValueError(f"Signature mismatch. Line numbers are {dtypes.int64}, not {dtype}.")
        whole = index == TextFileIndex.WHOLE_LINE
        if whole and dtype != dtypes.string and not (what == "key" and dtype.is_integer):
            raise ValueError(f"Signature mismatch. A {what} that is a line cannot be {dtype}.")

    def initialize(self, table: Any) -> Operation:
        """The operation that fills a table. Raises: TypeError for a table of other types."""
        _check_types(table, self.key_dtype, self.value_dtype)
        with g.name_scope(self._name, "text_file_init"):
            filling = g.InitializeTableFromTextFileV2(
                table.resource_handle,
                self._filename,
                key_index=self._key_index,
                value_index=self._value_index,
                vocab_size=-1 if self._vocab_size is None else self._vocab_size,
                delimiter=self._delimiter,
            )
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, filling)
        if g.known(self._filename) is not None:
            add_to_collection(GraphKeys.ASSET_FILEPATHS, self._filename)
        return filling

    @property
    def _shared_name(self) -> str:
        size = [self._vocab_size] if self._vocab_size else []
        parts = [self._filename_arg, *size, self._key_index, self._value_index]
        return "_".join(["hash_table", *map(str, parts)])


class TextFileStringTableInitializer(TextFileInitializer):
    """Strings by their numbers, from the lines of a file."""

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.LINE_NUMBER,
        value_column_index: int = TextFileIndex.WHOLE_LINE,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_string_table_init",
    ) -> None:
        super().__init__(
            filename,
            dtypes.int64,
            key_column_index,
            dtypes.string,
            value_column_index,
            vocab_size,
            delimiter,
            name,
        )


class TextFileIdTableInitializer(TextFileInitializer):
    """Numbers of strings, from the lines of a file."""

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.WHOLE_LINE,
        value_column_index: int = TextFileIndex.LINE_NUMBER,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_id_table_init",
        key_dtype: Any = dtypes.string,
    ) -> None:
        super().__init__(
            filename,
            key_dtype,
            key_column_index,
            dtypes.int64,
            value_column_index,
            vocab_size,
            delimiter,
            name,
        )


# -- tables that are filled once -------------------------------------------------------------------


class LookupInterface(Trackable):
    """A table from keys to values, which a session keeps between runs."""

    _resource_handle: Any = None

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype = as_dtype(key_dtype)
        self._value_dtype = as_dtype(value_dtype)

    @property
    def key_dtype(self) -> Any:
        """The type of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> Any:
        """The type of the values."""
        return self._value_dtype

    @property
    def resource_handle(self) -> Any:
        """The table's handle."""
        return self._resource_handle

    @property
    def name(self) -> str | None:
        """The last part of the name of the table's operation."""
        raise NotImplementedError

    def size(self, name: str | None = None) -> Tensor:
        """The number of keys."""
        raise NotImplementedError

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys."""
        raise NotImplementedError


class InitializableLookupTableBase(LookupInterface):
    """A table that is filled once; keys it does not have get `default_value`."""

    def __init__(self, default_value: Any, initializer: Any) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._default_value = convert_to_tensor(default_value, self._value_dtype)
        self._default_value.get_shape().merge_with(TensorShape([]))
        self._initializer = initializer
        if isinstance(initializer, Trackable):
            self._track_trackable(initializer, "_initializer")
        with init_scope():
            self._resource_handle = self._create_resource()
        if get_default_graph()._get_control_flow_context() is None:
            self._init_op = self._initialize()
        else:
            with init_scope():
                self._init_op = self._initialize()

    def _create_resource(self) -> Tensor:
        raise NotImplementedError

    def _initialize(self) -> Any:
        return self._initializer.initialize(self)

    @property
    def default_value(self) -> Tensor:
        """The value of keys the table does not have."""
        return self._default_value

    @property
    def initializer(self) -> Any:
        """The operation that fills the table."""
        return self._init_op

    def size(self, name: str | None = None) -> Tensor:
        """The number of keys, int64."""
        with g.name_scope(name, f"{self.name}_Size"):
            return g.LookupTableSizeV2(self.resource_handle)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys, a tensor or SparseTensor of their shape.

        Raises: TypeError for keys of another type.
        """
        dense = keys.values if isinstance(keys, SparseTensor) else keys
        _check_keys(keys, self._key_dtype)
        with g.name_scope(name, f"{self.name}_Lookup"):
            values = g.LookupTableFindV2(self.resource_handle, dense, self._default_value)
        values.set_shape(dense.get_shape())
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, values, keys.dense_shape)
        return values


class StaticHashTable(InitializableLookupTableBase):
    """A hash table that is filled once, by what `initializer` tells."""

    def __init__(self, initializer: Any, default_value: Any, name: str | None = None) -> None:
        self._shared_name = initializer._shared_name or f"hash_table_{uuid.uuid4()}"
        self._make(initializer, default_value, name)

    def _make(self, initializer: Any, default_value: Any, name: str | None) -> None:
        self._name = name or "hash_table"
        self._initializer = initializer
        super().__init__(default_value, initializer)
        self._value_shape = self._default_value.get_shape()

    def _create_resource(self) -> Tensor:
        return g.HashTableV2(
            shared_name=self._shared_name,
            key_dtype=self._initializer.key_dtype,
            value_dtype=self._initializer.value_dtype,
            name=self._name,
        )

    @property
    def name(self) -> str:
        """The last part of the name of the table's operation."""
        return _last_part(self._resource_handle)

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys and values."""
        with g.name_scope(name, f"{self.name}_Export") as scope:
            keys, values = g.LookupTableExportV2(
                self.resource_handle,
                Tkeys=self._key_dtype,
                Tvalues=self._value_dtype,
                name=self._export_name(scope),
            )
        values.set_shape(keys.get_shape().concatenate(self._value_shape))
        return keys, values

    @staticmethod
    def _export_name(scope: str) -> str | None:
        return None


class HashTable(StaticHashTable):
    """`tf.contrib.lookup.HashTable`: shared between sessions' parts only under a given name."""

    def __init__(
        self,
        initializer: Any,
        default_value: Any,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        self._shared_name = shared_name
        self._make(initializer, default_value, name)

    @property
    def init(self) -> Any:
        """The operation that fills the table."""
        return self.initializer

    @staticmethod
    def _export_name(scope: str) -> str | None:
        return scope


# -- tables that change ----------------------------------------------------------------------------


class _TableSaveable(SaveableObject):
    """The keys and values of a table in checkpoints."""

    def __init__(self, table: Any, name: str) -> None:
        keys, values = table.export()
        specs = [SaveSpec(keys, "", f"{name}-keys"), SaveSpec(values, "", f"{name}-values")]
        super().__init__(table, specs, name)

    def restore(
        self, restored_tensors: list[Tensor], restored_shapes: Any, name: str | None = None
    ) -> Operation:
        """Replaces what the table holds."""
        handle = self.op.resource_handle
        with g.name_scope(name, f"{self.name}_table_restore"), g.colocate_with(handle):
            return g.LookupTableImportV2(handle, *restored_tensors)


class _ChangingTable(LookupInterface):
    """What tables have in common that operations change."""

    _default_value: Tensor
    _name: str

    def _make(self, checkpoint: bool) -> None:
        self._checkpoint = checkpoint
        self._resource_handle = self._create_resource()
        if checkpoint:
            add_to_collection(GraphKeys.SAVEABLE_OBJECTS, _TableSaveable(self, self._name))

    def _create_resource(self) -> Tensor:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The last part of the name of the table's operation."""
        return _last_part(self._resource_handle)

    def size(self, name: str | None = None) -> Tensor:
        """The number of keys, int64."""
        handle = self.resource_handle
        with g.name_scope(name, f"{self.name}_Size"), g.colocate_with(handle):
            return g.LookupTableSizeV2(handle)

    def lookup(self, keys: Any, name: str | None = None) -> Tensor:
        """The values of keys; the default value for those that are not there."""
        with g.name_scope(name, f"{self.name}_lookup_table_find"):
            keys = convert_to_tensor(keys, self._key_dtype, name="keys")
            with g.colocate_with(self.resource_handle):
                return g.LookupTableFindV2(self.resource_handle, keys, self._default_value)

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """An operation that sets the values of keys."""
        with g.name_scope(name, f"{self.name}_lookup_table_insert"):
            keys = convert_to_tensor(keys, self._key_dtype, name="keys")
            values = convert_to_tensor(values, self._value_dtype, name="values")
            with g.colocate_with(self.resource_handle):
                return g.LookupTableInsertV2(self.resource_handle, keys, values)

    def remove(self, keys: Any, name: str | None = None) -> Operation:
        """An operation that removes keys, a tensor. Raises: TypeError for another type."""
        if keys.dtype != self._key_dtype:
            _check_keys(keys, self._key_dtype)
        with g.name_scope(name, f"{self.name}_lookup_table_remove"):
            return g.LookupTableRemoveV2(self.resource_handle, keys)

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys and values."""
        handle = self.resource_handle
        scope = g.name_scope(name, f"{self.name}_lookup_table_export_values")
        with scope, g.colocate_with(handle):
            keys, values = g.LookupTableExportV2(
                handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype
            )
        return keys, values

    def _gather_saveables_for_checkpoint(self) -> dict[str, Any]:
        return {"table": lambda name=self._name: _TableSaveable(self, name)}


class MutableHashTable(_ChangingTable):
    """A table that operations change. Values have the default value's shape.

    With `checkpoint` it is saved along with the variables.
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        name: str = "MutableHashTable",
        checkpoint: bool = True,
    ) -> None:
        self._default_value = convert_to_tensor(default_value, value_dtype)
        super().__init__(key_dtype, value_dtype)
        self._name = name
        self._make(checkpoint)

    def _create_resource(self) -> Tensor:
        shape = self._default_value.get_shape()
        settings: dict[str, Any] = {
            "use_node_name_sharing": self._checkpoint,
            "key_dtype": self._key_dtype,
            "value_dtype": self._value_dtype,
            "name": self._name,
        }
        if shape.ndims == 0:
            return g.MutableHashTableV2(**settings)
        return g.MutableHashTableOfTensorsV2(value_shape=shape, **settings)


class DenseHashTable(_ChangingTable):
    """As `MutableHashTable`; the keys `empty_key` and `deleted_key` may not be used.

    `export` gives the keys that are there alone, not TensorFlow's buckets.
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        empty_key: Any,
        deleted_key: Any,
        initial_num_buckets: int | None = None,
        name: str = "MutableDenseHashTable",
        checkpoint: bool = True,
    ) -> None:
        self._default_value = convert_to_tensor(default_value, value_dtype, name="default_value")
        super().__init__(key_dtype, value_dtype)
        self._initial_num_buckets = initial_num_buckets
        self._empty_key = convert_to_tensor(empty_key, key_dtype, name="empty_key")
        self._deleted_key = convert_to_tensor(deleted_key, key_dtype, name="deleted_key")
        self._name = name
        self._make(checkpoint)

    def _create_resource(self) -> Tensor:
        return g.MutableDenseHashTableV2(
            self._empty_key,
            self._deleted_key,
            use_node_name_sharing=self._checkpoint,
            value_dtype=self._value_dtype,
            value_shape=self._default_value.get_shape(),
            initial_num_buckets=self._initial_num_buckets,
            name=self._name,
        )

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """As `insert`."""
        return self.insert(keys, values, name)

    def erase(self, keys: Any, name: str | None = None) -> Operation:
        """As `remove`."""
        return self.remove(keys, name)
