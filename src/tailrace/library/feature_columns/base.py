"""What a feature column is, and the features on their way through columns.

Source: TF 1.15 python/feature_column/{feature_column,feature_column_v2,utils}.py.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tailrace import dtypes
from tailrace.graph import (
    SparseTensor,
    Tensor,
    convert_to_tensor_or_sparse_tensor,
    g,
)
from tailrace.library import array, checks, indexing, nest, sparse
from tailrace.library.control_flow import cond
from tailrace.shapes import TensorShape


class IdWeightPair(NamedTuple):
    """Ids of a categorical column, sparse [B, any], and their weights, None for 1."""

    id_tensor: SparseTensor
    weight_tensor: SparseTensor | None


class FeatureColumn:
    """What becomes of one or several features.

    `name` is the column's, `parse_example_spec` says how its features stand in an Example.
    """

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        raise NotImplementedError

    @property
    def _var_scope_name(self) -> str:
        return self.name

    def _make_weights(self, make: Callable[..., Any]) -> Any:
        """The column's variable; None where it has none."""
        del make

    def _transform_feature(self, inputs: Features) -> Any:
        """The column's value, made of other features."""
        raise NotImplementedError


class DenseColumn(FeatureColumn):
    """A column of numbers, [B, *variable_shape]."""

    @property
    def variable_shape(self) -> TensorShape:
        raise NotImplementedError

    def _get_dense_tensor(
        self, inputs: Features, weight_collections: Any = None, trainable: bool | None = None
    ) -> Tensor:
        raise NotImplementedError


class CategoricalColumn(FeatureColumn):
    """A column of ids below `num_buckets`."""

    IdWeightPair = IdWeightPair

    @property
    def num_buckets(self) -> int:
        raise NotImplementedError

    def _get_sparse_tensors(
        self, inputs: Features, weight_collections: Any = None, trainable: bool | None = None
    ) -> IdWeightPair:
        return IdWeightPair(inputs.get(self), None)


class Features:
    """Features by name, and the columns made of them so far: each is made once."""

    def __init__(self, features: dict[Any, Any]) -> None:
        self._given = dict(features)
        self._made: dict[Any, Any] = {}
        self._weights: dict[Any, Any] = {}

    def prepare(self, column: FeatureColumn, make: Callable[..., Any]) -> None:
        """Make a column's variables before its value, by `make(name, shape, initializer, ...)`."""
        weights = column._make_weights(make)
        if weights is not None:
            self._weights[column] = weights

    def prepared(self, column: FeatureColumn) -> list[Any]:
        """The variables that `prepare` made for a column."""
        return [self._weights[column]] if column in self._weights else []

    def get(self, key: Any) -> Any:
        """The feature of a name, or a column's value.

        Raises: ValueError for an unknown name, TypeError for what is neither.
        """
        if key not in self._made:
            if key in self._given:
                self._made[key] = _at_least_columns(key, self._given[key])
            elif isinstance(key, str):
                raise ValueError(f"Feature {key} is not in features dictionary.")
            elif isinstance(key, FeatureColumn):
                made = key._transform_feature(self)
                if made is None:
                    raise ValueError(f"Column {key.name} is not supported.")
                self._made[key] = made
            else:
                raise TypeError(f'"key" must be either a "str" or "FeatureColumn". Provided: {key}')
        return self._made[key]


def _at_least_columns(key: Any, value: Any) -> Any:
    """The feature as [B, ...]: a vector becomes a column."""
    tensor: Any = convert_to_tensor_or_sparse_tensor(value)
    rank = tensor.get_shape().ndims
    refusal = f"Feature (key: {key}) cannot have rank 0. Given: {tensor}"
    if rank == 0:
        raise ValueError(refusal)
    if rank is not None:
        return _as_column(tensor) if rank == 1 else tensor
    checked = checks.assert_positive(array.rank(tensor), message=refusal)
    with g.control_dependencies([checked]):
        is_vector = g.Equal(1, array.rank(tensor))
        return cond(is_vector, lambda: _as_column(tensor), lambda: tensor)


def _as_column(tensor: Any) -> Any:
    if isinstance(tensor, SparseTensor):
        sizes: Any = array.shape(tensor)
        return sparse.sparse_reshape(tensor, [sizes[0], 1])
    return array.expand_dims(tensor, -1)


def to_sparse(tensor: Any, ignored: Any = None) -> SparseTensor:
    """A dense feature without its missing values: empty strings, -1, or `ignored`."""
    tensor = convert_to_tensor_or_sparse_tensor(tensor)
    if isinstance(tensor, SparseTensor):
        return tensor
    with g.name_scope(None, "to_sparse_input"):
        if ignored is None:
            ignored = -1 if tensor.dtype.is_integer else 0.0
            ignored = "" if tensor.dtype is dtypes.string else ignored
        ignored = g.cast(ignored, tensor.dtype, name="ignore_value")
        indices = indexing.where_v2(g.NotEqual(tensor, ignored), name="indices")
        values = indexing.gather_nd(tensor, indices, name="values")
        shape = array.shape(tensor, out_type=dtypes.int64, name="dense_shape")
        return SparseTensor(indices, values, shape)


# -- checks ----------------------------------------------------------------------------------------


def check_key(key: Any) -> None:
    """Raises: ValueError for a name that is no string."""
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given key: {key}.")


def check_string_or_int(dtype: Any, prefix: str) -> None:
    """Raises: ValueError for another type."""
    if dtype != dtypes.string and not dtype.is_integer:
        raise ValueError(f"{prefix} dtype must be string or integer. dtype: {dtype}.")


def checked_shape(shape: Any, key: str) -> tuple[int, ...]:
    """The shape as a tuple. Raises: TypeError and ValueError for no positive integers."""
    sizes = tuple(shape) if nest.is_sequence(shape) else (shape,)
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError(f"shape dimensions must be integer. shape: {sizes}, key: {key}")
        if size < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {sizes}, key: {key}")
    return sizes


def checked_default(shape: tuple[int, ...], default: Any, dtype: Any, key: str) -> Any:
    """The default value in nested tuples of the shape, None for none.

    Raises: ValueError for another shape, TypeError for another type.
    """
    if default is None:
        return None
    if isinstance(default, int) or (isinstance(default, float) and dtype.is_floating):
        return _filled(shape, default)
    if isinstance(default, (np.ndarray, np.generic)):
        default = default.tolist()
    if nest.is_sequence(default):
        if not _has_shape(default, shape):
            raise ValueError(
                "The shape of default_value must be equal to given shape. default_value: "
                f"{default}, shape: {shape}, key: {key}"
            )
        values = nest.flatten(default)
        any_float = any(isinstance(value, float) for value in values)
        if all(isinstance(v, int) for v in values) or (any_float and dtype.is_floating):
            return _as_tuples(default)
    raise TypeError(
        f"default_value must be compatible with dtype. default_value: {default}, dtype: {dtype}, "
        f"key: {key}"
    )


def _filled(shape: tuple[int, ...], value: Any) -> Any:
    return tuple(_filled(shape[1:], value) for _ in range(shape[0])) if shape else value


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if nest.is_sequence(value) else value


def _has_shape(value: Any, shape: tuple[int, ...]) -> bool:
    if nest.is_sequence(value) != bool(shape):
        return False
    if not shape:
        return True
    return len(value) == shape[0] and all(_has_shape(part, shape[1:]) for part in value)


def normalized(columns: Any) -> list[Any]:
    """The columns as a list. Raises: ValueError for none, no columns, and two of one name."""
    if isinstance(columns, FeatureColumn):
        columns = [columns]
    if isinstance(columns, collections.abc.Iterator):
        columns = list(columns)
    if isinstance(columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    for column in columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(
                "Items of feature_columns must be a FeatureColumn. Given (type "
                f"{type(column)}): {column}."
            )
    if not columns:
        raise ValueError("feature_columns must not be empty.")
    seen: dict[str, Any] = {}
    for column in columns:
        if column.name in seen:
            raise ValueError(
                f"Duplicate feature column name found for columns: {column} and "
                f"{seen[column.name]}. Discard one of them, or give the feature a second name."
            )
        seen[column.name] = column
    return list(columns)


def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """The features of the columns, as `tf.parse_example` takes them.

    Raises: ValueError for what is no column, and for a feature that two want differently.
    """
    result: dict[str, Any] = {}
    for column in feature_columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(
                f"All feature_columns must be FeatureColumn instances. Given: {column}"
            )
        for key, value in column.parse_example_spec.items():
            if key in result and value != result[key]:
                raise ValueError(
                    f"feature_columns contain different parse_spec for key {key}. Given {value} "
                    f"and {result[key]}"
                )
            result[key] = value
    return result
