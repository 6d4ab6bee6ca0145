"""Words to numbers and back: tables with buckets for words that are not in the vocabulary.

Source: TF 1.15 python/ops/lookup_ops.py, contrib/lookup/lookup_ops.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library.arithmetic import add, cast, not_equal
from tailrace.library.control_flow import no_op
from tailrace.library.indexing import where_v2
from tailrace.library.lookup import (
    KeyValueTensorInitializer,
    LookupInterface,
    StaticHashTable,
    TextFileIdTableInitializer,
    TextFileIndex,
    TextFileStringTableInitializer,
    _check_keys,
)
from tailrace.library.math import range as range_of
from tailrace.library.strings import (
    as_string,
    string_to_hash_bucket,
    string_to_hash_bucket_fast,
    string_to_hash_bucket_strong,
)


class HasherSpec(NamedTuple):
    """How words become buckets: "fasthash", "legacy" or, with a key, "stronghash"."""

    hasher: Any
    key: Any


FastHashSpec = HasherSpec("fasthash", None)


class StrongHashSpec(HasherSpec):
    """Buckets by a hash that is hard to collide on purpose; `key` is a pair of integers."""

    __slots__ = ()

    def __new__(cls, key: Any) -> StrongHashSpec:
        """Raises: ValueError for a key of another length, TypeError for other than integers."""
        if len(key) != 2:
            raise ValueError(f"key must have size 2, got {len(key)}.")
        if not all(isinstance(part, (int, np.integer)) for part in key):
            raise TypeError(f"Invalid key {key}. Must be unsigned integer values.")
        return super().__new__(cls, "stronghash", key)


def _hash_function(spec: Any) -> Callable[..., Tensor]:
    if not isinstance(spec, HasherSpec):
        raise TypeError(f"hasher_spec must be of type HasherSpec {spec}")
    functions: dict[str, Callable[..., Tensor]] = {
        "fasthash": string_to_hash_bucket_fast,
        "legacy": string_to_hash_bucket,
        "stronghash": functools.partial(string_to_hash_bucket_strong, key=spec.key),
    }
    if spec.hasher not in functions:
        raise ValueError(f"Unknown hasher {spec.hasher}")
    return functions[spec.hasher]


def _check_key_types(source: Any, key_dtype: Any) -> None:
    """What a table's or initializer's types must be for keys of a type."""
    known = (dtypes.int64, dtypes.string)
    if source.key_dtype not in known:
        raise TypeError(f"Invalid key dtype, expected one of {known}, but got {source.key_dtype}.")
    if source.key_dtype.is_integer != key_dtype.is_integer:
        expected = "integer" if key_dtype.is_integer else "non-integer"
        raise TypeError(f"Invalid key dtype, expected {expected} but got {source.key_dtype}.")
    if source.value_dtype != dtypes.int64:
        raise TypeError(
            f"Invalid value dtype, expected {dtypes.int64} but got {source.value_dtype}."
        )


class _Buckets(LookupInterface):
    """What tables with buckets have in common; `_table` is None where all keys are hashed."""

    _table: Any
    _count: int
    _hash: Callable[..., Tensor]

    def _finish(self, name: str | None, key_dtype: Any) -> None:
        if not key_dtype.is_integer and key_dtype != dtypes.string:
            raise TypeError(f"Invalid key_dtype, expected integer or string, got {key_dtype}.")
        self._table_name = name.split("/")[-1] if name else None
        super().__init__(key_dtype, dtypes.int64)

    @property
    def initializer(self) -> Any:
        """The operation that fills the table."""
        if self._table is not None:
            return self._table.initializer
        with g.name_scope(None, "init"):
            return no_op()

    @property
    def init(self) -> Any:
        """As `initializer`."""
        return self.initializer

    @property
    def resource_handle(self) -> Any:
        """The handle of the table of words; None without."""
        return None if self._table is None else self._table.resource_handle

    @property
    def name(self) -> str | None:
        """The table's name."""
        return self._table_name

    def size(self, name: str | None = None) -> Tensor:
        """The number of words and buckets."""
        with g.name_scope(name, f"{self.name}_Size"):
            size: Any = self._table.size() if self._table else g.constant(0, dtypes.int64)
            return size + self._count

    def _hashed(self, values: Tensor) -> Tensor:
        text = values if values.dtype.base_dtype == dtypes.string else as_string(values)
        buckets = self._hash(text, num_buckets=self._count, name="hash_bucket")
        if self._table is None:
            return buckets
        ids = self._table.lookup(values)
        buckets = add(buckets, self._table.size())
        return where_v2(not_equal(ids, self._table.default_value), ids, buckets)

    def _ids(self, values: Tensor, name: str | None) -> Tensor:
        with g.name_scope(name, f"{self.name}_Lookup"):
            return self._hashed(values)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The numbers of words: in the table, else after it, by hash.

        Raises: TypeError for keys of another type.
        """
        _check_keys(keys, self._key_dtype)
        values = keys.values if isinstance(keys, SparseTensor) else keys
        if self._table is not None and self._table.key_dtype.base_dtype == dtypes.int64:
            values = cast(values, dtypes.int64)
        ids = self._ids(values, name)
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, ids, keys.dense_shape)
        return ids


class IdTableWithHashBuckets(_Buckets):
    """A table of words' numbers, with `num_oov_buckets` for other words.

    Raises: ValueError without table and buckets, TypeError for types that do not go together.
    """

    def __init__(
        self,
        table: Any,
        num_oov_buckets: int,
        hasher_spec: Any = FastHashSpec,
        name: str | None = None,
        key_dtype: Any = None,
    ) -> None:
        name = name.rstrip("/") if name else name
        if table:
            key_dtype = table.key_dtype if key_dtype is None else key_dtype
            _check_key_types(table, key_dtype)
            name = name or table.name
        elif num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0 if no table is supplied.")
        else:
            key_dtype = dtypes.string if key_dtype is None else key_dtype
            name = name or "hash_bucket"
        self._table = table or None
        self._count = num_oov_buckets
        self._hash = _hash_function(hasher_spec)
        self._finish(name, key_dtype)

    def _ids(self, values: Tensor, name: str | None) -> Tensor:
        if self._count == 0:
            return self._table.lookup(values, name=name)
        return super()._ids(values, name)


class StaticVocabularyTable(_Buckets):
    """Words' numbers as `initializer` tells, with `num_oov_buckets` for other words.

    Raises: ValueError without buckets, TypeError for types that do not go together.
    """

    def __init__(
        self,
        initializer: Any,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: str | None = None,
    ) -> None:
        if num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0.")
        name = name.rstrip("/") if name else name
        self._count = num_oov_buckets
        self._hash = string_to_hash_bucket_fast
        if initializer:
            key_dtype = initializer.key_dtype if lookup_key_dtype is None else lookup_key_dtype
            _check_key_types(initializer, key_dtype)
            self._table = StaticHashTable(initializer, default_value=-1)
            name = name or self._table.name
        else:
            key_dtype = dtypes.string
            self._table = None
            name = name or "hash_bucket"
        self._finish(name, key_dtype)


# -- tables of vocabularies ------------------------------------------------------------------------


def _check_vocabulary(what: str, given: Any, vocab_size: int | None = None) -> None:
    if given is None or (isinstance(given, str) and not given):
        raise ValueError(f"{what} must be specified and must not be empty.")
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(f"vocab_size must be greater than 0, got {vocab_size}. {what}: {given}")


def _check_buckets(count: int, key_dtype: Any) -> None:
    if count < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {count}.")
    if not key_dtype.is_integer and key_dtype.base_dtype != dtypes.string:
        raise TypeError("Only integer and string keys are supported.")


def _with_buckets(table: Any, count: int, hasher_spec: Any, key_dtype: Any) -> Any:
    if not count:
        return table
    return IdTableWithHashBuckets(table, count, hasher_spec=hasher_spec, key_dtype=key_dtype)


def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: Any = FastHashSpec,
    key_dtype: Any = dtypes.string,
    name: str | None = None,
    key_column_index: int = TextFileIndex.WHOLE_LINE,
    value_column_index: int = TextFileIndex.LINE_NUMBER,
    delimiter: str = "\t",
) -> Any:
    """A table from words to the numbers of their lines in a file.

    Raises: ValueError for a missing file or a size or number of buckets that cannot be, TypeError
    for keys that are neither integers nor strings.
    """
    _check_vocabulary("vocabulary_file", vocabulary_file, vocab_size)
    _check_buckets(num_oov_buckets, key_dtype)
    with g.name_scope(name, "string_to_index"):
        with g.name_scope(None, "hash_table"):
            initializer = TextFileIdTableInitializer(
                vocabulary_file,
                vocab_size=vocab_size,
                key_dtype=dtypes.int64 if key_dtype.is_integer else key_dtype,
                name="table_init",
                key_column_index=key_column_index,
                value_column_index=value_column_index,
                delimiter=delimiter,
            )
            table = StaticHashTable(initializer, default_value)
        return _with_buckets(table, num_oov_buckets, hasher_spec, key_dtype)


def index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: Any = FastHashSpec,
    dtype: Any = dtypes.string,
    name: str | None = None,
) -> Any:
    """A table from words to their places in a vector.

    Raises: ValueError for words of another type, TypeError as `index_table_from_file`.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    _check_buckets(num_oov_buckets, dtype)
    with g.name_scope(name, "string_to_index"):
        keys = convert_to_tensor(mapping)
        if keys.dtype.is_integer != dtype.is_integer:
            expected = "integer" if dtype.is_integer else "non-integer"
            raise ValueError(f"Expected {expected}, got {keys.dtype}.")
        if not dtype.is_integer and keys.dtype.base_dtype != dtype:
            raise ValueError(f"Expected {dtype}, got {keys.dtype}.")
        values = cast(range_of(g.size(keys)), dtypes.int64)
        with g.name_scope(None, "hash_table"):
            keys = cast(keys, dtypes.int64) if keys.dtype.is_integer else keys
            initializer = KeyValueTensorInitializer(
                keys, values, keys.dtype.base_dtype, dtypes.int64, name="table_init"
            )
            table = StaticHashTable(initializer, default_value)
        return _with_buckets(table, num_oov_buckets, hasher_spec, dtype)


def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: int | None = None,
    default_value: str = "UNK",
    name: str | None = None,
    key_column_index: int = TextFileIndex.LINE_NUMBER,
    value_column_index: int = TextFileIndex.WHOLE_LINE,
    delimiter: str = "\t",
) -> StaticHashTable:
    """A table from the numbers of lines in a file to the words there.

    Raises: ValueError for a missing file or a size that cannot be.
    """
    _check_vocabulary("vocabulary_file", vocabulary_file, vocab_size)
    with g.name_scope(name, "index_to_string"):
        initializer = TextFileStringTableInitializer(
            vocabulary_file,
            vocab_size=vocab_size,
            name="table_init",
            key_column_index=key_column_index,
            value_column_index=value_column_index,
            delimiter=delimiter,
        )
        return StaticHashTable(initializer, default_value)


def index_to_string_table_from_tensor(
    mapping: Any, default_value: str = "UNK", name: str | None = None
) -> StaticHashTable:
    """A table from places in a vector to the words there. Raises: ValueError without a vector."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    with g.name_scope(name, "index_to_string"):
        words = convert_to_tensor(mapping, dtypes.string)
        keys = cast(range_of(g.size(words)), dtypes.int64)
        initializer = KeyValueTensorInitializer(
            keys, words, dtypes.int64, dtypes.string, name="table_init"
        )
        return StaticHashTable(initializer, default_value)


# -- older names -----------------------------------------------------------------------------------


def string_to_index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: Any = FastHashSpec,
    name: str | None = None,
) -> Any:
    """As `index_table_from_file`, of strings."""
    return index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, name=name
    )


def string_to_index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: Any = FastHashSpec,
    name: str | None = None,
) -> Any:
    """As `index_table_from_tensor`, of strings. Raises: ValueError for others."""
    with g.name_scope(name, "string_to_index") as scope:
        words = convert_to_tensor(mapping)
    if words.dtype.base_dtype != dtypes.string:
        raise ValueError("string_to_index_table_from_tensor requires string.")
    return index_table_from_tensor(words, num_oov_buckets, default_value, hasher_spec, name=scope)


def string_to_index(
    tensor: Any, mapping: Any, default_value: int = -1, name: str | None = None
) -> Any:
    """The places of strings in a vector."""
    return index_table_from_tensor(mapping, default_value=default_value, name=name).lookup(tensor)


def index_to_string(
    tensor: Any, mapping: Any, default_value: str = "UNK", name: str | None = None
) -> Any:
    """The strings at places of a vector."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)
