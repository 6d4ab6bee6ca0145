"""Columns of ids: words of a vocabulary, hashed values, integers, combinations of columns.

Source: TF 1.15 python/feature_column/feature_column_v2.py.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import SparseTensor, convert_to_tensor_or_sparse_tensor, g
from tailrace.library import array, checks, gfile, indexing, strings
from tailrace.library.crosses import cross_hashed
from tailrace.library.examples import VarLenFeature
from tailrace.library.feature_columns.base import (
    CategoricalColumn,
    Features,
    IdWeightPair,
    check_key,
    check_string_or_int,
    to_sparse,
)
from tailrace.library.vocabularies import index_table_from_file, index_table_from_tensor

_log = logging.getLogger("tailrace")


class _Keyed(CategoricalColumn):
    """A column of one feature, of which only the values change."""

    key: str
    dtype: Any

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    def _transform_feature(self, inputs: Features) -> Any:
        return self._ids(to_sparse(inputs.get(self.key)))

    def _ids(self, values: SparseTensor) -> SparseTensor:
        raise NotImplementedError

    def _check_type(self, values: SparseTensor) -> None:
        if self.dtype.is_integer != values.dtype.is_integer:
            raise ValueError(
                f"Column dtype and SparseTensors dtype must be compatible. key: {self.key}, "
                f"column dtype: {self.dtype}, tensor dtype: {values.dtype}"
            )
        check_string_or_int(values.dtype, f"column_name: {self.key} input_tensor")


class _HashedFields(NamedTuple):
    key: str
    hash_bucket_size: int
    dtype: Any


class HashedCategoricalColumn(_HashedFields, _Keyed):
    """Values put into buckets by their hash."""

    @property
    def num_buckets(self) -> int:
        return self.hash_bucket_size

    def _ids(self, values: SparseTensor) -> SparseTensor:
        self._check_type(values)
        texts = values.values
        if self.dtype is not dtypes.string:
            texts = strings.as_string(texts)
        ids = strings.string_to_hash_bucket_fast(texts, self.hash_bucket_size, name="lookup")
        return SparseTensor(values.indices, ids, values.dense_shape)


class _FileFields(NamedTuple):
    key: str
    vocabulary_file: str
    vocabulary_size: int
    num_oov_buckets: int
    dtype: Any
    default_value: int


class _Vocabulary(_Keyed):
    """Words by their number in a table."""

    def _table(self, dtype: Any, name: str) -> Any:
        raise NotImplementedError

    def _ids(self, values: SparseTensor) -> SparseTensor:
        self._check_type(values)
        dtype = self.dtype
        if values.dtype.is_integer:
            dtype = dtypes.int64
            values = g.cast(values, dtypes.int64)
        return self._table(dtype, f"{self.key}_lookup").lookup(values)


class VocabularyFileCategoricalColumn(_FileFields, _Vocabulary):
    """Words by their line in a file."""

    @property
    def num_buckets(self) -> int:
        return self.vocabulary_size + self.num_oov_buckets

    def _table(self, dtype: Any, name: str) -> Any:
        return index_table_from_file(
            self.vocabulary_file,
            num_oov_buckets=self.num_oov_buckets,
            vocab_size=self.vocabulary_size,
            default_value=self.default_value,
            key_dtype=dtype,
            name=name,
        )


class _ListFields(NamedTuple):
    key: str
    vocabulary_list: tuple[Any, ...]
    dtype: Any
    default_value: int
    num_oov_buckets: int


class VocabularyListCategoricalColumn(_ListFields, _Vocabulary):
    """Words by their place in a list."""

    @property
    def num_buckets(self) -> int:
        return len(self.vocabulary_list) + self.num_oov_buckets

    def _table(self, dtype: Any, name: str) -> Any:
        return index_table_from_tensor(
            tuple(self.vocabulary_list),
            default_value=self.default_value,
            num_oov_buckets=self.num_oov_buckets,
            dtype=dtype,
            name=name,
        )


class _IdentityFields(NamedTuple):
    key: str
    number_buckets: int
    default_value: int | None


class IdentityCategoricalColumn(_IdentityFields, CategoricalColumn):
    """Integers that are ids already."""

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(dtypes.int64)}

    @property
    def num_buckets(self) -> int:
        return self.number_buckets

    def _transform_feature(self, inputs: Features) -> Any:
        given = to_sparse(inputs.get(self.key))
        if not given.dtype.is_integer:
            raise ValueError(f"Invalid input, not integer. key: {self.key} dtype: {given.dtype}")
        values = g.cast(given.values, dtypes.int64, name="values")
        count = g.cast(self.number_buckets, dtypes.int64, name="num_buckets")
        zero = g.cast(0, dtypes.int64, name="zero")
        if self.default_value is None:
            checked = self._checked(values, count, zero)
            with g.control_dependencies(checked):
                values = g.Identity(values)
        else:
            outside = g.LogicalOr(values < zero, values >= count, name="out_of_range")
            default = array.fill(
                array.shape(values),
                g.cast(self.default_value, dtypes.int64),
                name="default_values",
            )
            values = indexing.where_v2(outside, default, values)
        return SparseTensor(given.indices, values, given.dense_shape)

    def _checked(self, values: Any, count: Any, zero: Any) -> list[Any]:
        below = checks.assert_less(
            values,
            count,
            data=(values, count),
            message=f'Bucket index for categorical column "{self.name}" exceeds number of buckets',
            name="assert_less_than_num_buckets",
        )
        positive = checks.assert_greater_equal(
            values,
            zero,
            data=(values,),
            message=f'Negative bucket index for categorical column "{self.name}"',
            name="assert_greater_or_equal_0",
        )
        return [below, positive]


class _WeightedFields(NamedTuple):
    categorical_column: Any
    weight_feature_key: str
    dtype: Any


class WeightedCategoricalColumn(_WeightedFields, CategoricalColumn):
    """A column of ids with a feature that gives each a weight."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        config = dict(self.categorical_column.parse_example_spec)
        if self.weight_feature_key in config:
            raise ValueError(
                f"Parse config {config[self.weight_feature_key]} already exists for "
                f"{self.weight_feature_key}."
            )
        return config | {self.weight_feature_key: VarLenFeature(self.dtype)}

    @property
    def num_buckets(self) -> int:
        return self.categorical_column.num_buckets

    def _transform_feature(self, inputs: Features) -> Any:
        weights: Any = convert_to_tensor_or_sparse_tensor(inputs.get(self.weight_feature_key))
        if self.dtype != weights.dtype.base_dtype:
            raise ValueError(f"Bad dtype, expected {self.dtype}, but got {weights.dtype}.")
        if not isinstance(weights, SparseTensor):
            weights = to_sparse(weights, 0.0)
        if not weights.dtype.is_floating:
            weights = g.cast(weights, dtypes.float32)
        return inputs.get(self.categorical_column), weights

    def _get_sparse_tensors(
        self, inputs: Features, weight_collections: Any = None, trainable: bool | None = None
    ) -> IdWeightPair:
        return IdWeightPair(*inputs.get(self))


class _CrossedFields(NamedTuple):
    keys: tuple[Any, ...]
    hash_bucket_size: int
    hash_key: int | None


class CrossedColumn(_CrossedFields, CategoricalColumn):
    """The combinations of the values of columns, put into buckets by their hash."""

    @property
    def name(self) -> str:
        return "_X_".join(sorted(getattr(key, "name", key) for key in self._leaves()))

    def _leaves(self) -> list[Any]:
        found: list[Any] = []
        for key in self.keys:
            found += key._leaves() if isinstance(key, CrossedColumn) else [key]
        return found

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        config: dict[str, Any] = {}
        for key in self.keys:
            named = isinstance(key, str)
            config |= {key: VarLenFeature(dtypes.string)} if named else key.parse_example_spec
        return config

    @property
    def num_buckets(self) -> int:
        return self.hash_bucket_size

    def _transform_feature(self, inputs: Features) -> Any:
        tensors = []
        for key in self._leaves():
            if isinstance(key, str):
                tensors.append(inputs.get(key))
                continue
            ids, weights = key._get_sparse_tensors(inputs)
            if weights is not None:
                raise ValueError(
                    "crossed_column does not support weight_tensor, but the given column "
                    f"populates weight_tensor. Given column: {key.name}"
                )
            tensors.append(ids)
        return cross_hashed(tensors, self.hash_bucket_size, self.hash_key)


# -- making them -----------------------------------------------------------------------------------


def categorical_column_with_hash_bucket(
    key: str, hash_bucket_size: int, dtype: Any = dtypes.string
) -> HashedCategoricalColumn:
    """Strings or integers put into buckets by their hash.

    Raises: ValueError without buckets, for a key that is no string, and for another type.
    """
    if hash_bucket_size is None:
        raise ValueError(f"hash_bucket_size must be set. key: {key}")
    if hash_bucket_size < 1:
        raise ValueError(
            f"hash_bucket_size must be at least 1. hash_bucket_size: {hash_bucket_size}, key: {key}"
        )
    check_key(key)
    check_string_or_int(dtype, f"column_name: {key}")
    return HashedCategoricalColumn(key, hash_bucket_size, dtype)


def _check_oov(key: str, num_oov_buckets: int | None, has_default: bool) -> None:
    if not num_oov_buckets:
        return
    if has_default:
        raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")
    if num_oov_buckets < 0:
        raise ValueError(f"Invalid num_oov_buckets {num_oov_buckets} in {key}.")


def categorical_column_with_vocabulary_file(
    key: str,
    vocabulary_file: Any,
    vocabulary_size: int | None = None,
    num_oov_buckets: int | None = 0,
    default_value: int | None = None,
    dtype: Any = dtypes.string,
) -> VocabularyFileCategoricalColumn:
    """Words by their line in a file; others get `default_value`, or one of the buckets after.

    Raises: ValueError for a missing file, and for sizes and types that cannot be.
    """
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if vocabulary_size is None:
        if not gfile.Exists(vocabulary_file):
            raise ValueError(f"vocabulary_file in {key} does not exist.")
        with gfile.GFile(vocabulary_file) as file:
            vocabulary_size = sum(1 for _ in file)
        _log.info("vocabulary_size = %d in %s, from %s", vocabulary_size, key, vocabulary_file)
    if vocabulary_size < 1:
        raise ValueError(f"Invalid vocabulary_size in {key}.")
    _check_oov(key, num_oov_buckets, default_value is not None)
    check_string_or_int(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyFileCategoricalColumn(
        key,
        vocabulary_file,
        vocabulary_size,
        num_oov_buckets or 0,
        dtype,
        -1 if default_value is None else default_value,
    )


def categorical_column_with_vocabulary_list(
    key: str,
    vocabulary_list: Any,
    dtype: Any = None,
    default_value: int = -1,
    num_oov_buckets: int = 0,
) -> VocabularyListCategoricalColumn:
    """Words by their place in a list; others get `default_value`, or one of the buckets after.

    Raises: ValueError for an empty list, words that come twice, and types that do not agree.
    """
    if vocabulary_list is None or len(vocabulary_list) < 1:
        raise ValueError(f"vocabulary_list {vocabulary_list} must be non-empty, column_name: {key}")
    if len(set(vocabulary_list)) != len(vocabulary_list):
        raise ValueError(f"Duplicate keys in vocabulary_list {vocabulary_list}, column_name: {key}")
    own = as_dtype(np.array(vocabulary_list).dtype)
    _check_oov(key, num_oov_buckets, default_value != -1)
    check_string_or_int(own, f"column_name: {key} vocabulary")
    if dtype is None:
        dtype = own
    elif dtype.is_integer != own.is_integer:
        raise ValueError(
            f"dtype {dtype} and vocabulary dtype {own} do not match, column_name: {key}"
        )
    check_string_or_int(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyListCategoricalColumn(
        key, tuple(vocabulary_list), dtype, default_value, num_oov_buckets
    )


def categorical_column_with_identity(
    key: str, num_buckets: int, default_value: int | None = None
) -> IdentityCategoricalColumn:
    """Integers below `num_buckets` as ids; others are `default_value`, or an error when run.

    Raises: ValueError without buckets, and for a default value outside of them.
    """
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not 0 <= default_value < num_buckets:
        raise ValueError(
            f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}"
        )
    check_key(key)
    return IdentityCategoricalColumn(key, num_buckets, default_value)


def weighted_categorical_column(
    categorical_column: Any, weight_feature_key: str, dtype: Any = dtypes.float32
) -> WeightedCategoricalColumn:
    """The ids of a column, weighted by another feature. Raises: ValueError for no numbers."""
    if dtype is None or not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype {dtype} is not convertible to float.")
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, dtype)


def crossed_column(keys: Any, hash_bucket_size: int, hash_key: int | None = None) -> CrossedColumn:
    """The combinations of features (by name) and categorical columns.

    Raises: ValueError for fewer than two, for hashed columns, and without buckets.
    """
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    if not keys or len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, (str, CategoricalColumn)):
            raise ValueError(
                "Unsupported key type. All keys must be either string, or categorical column "
                f"except HashedCategoricalColumn. Given: {key}"
            )
        if isinstance(key, HashedCategoricalColumn):
            raise ValueError(
                "categorical_column_with_hash_bucket is not supported for crossing, as hashing "
                f"twice makes more values meet. Use the feature's name instead. Given: {key}"
            )
    return CrossedColumn(tuple(keys), hash_bucket_size, hash_key)
