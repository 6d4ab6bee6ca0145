"""Columns of numbers: numeric features, buckets, indicators and embeddings of ids.

Source: TF 1.15 python/feature_column/{feature_column,feature_column_v2}.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, g
from tailrace.library import array, reductions, sparse
from tailrace.library.array_more import scatter_nd
from tailrace.library.checkpoint_utils import init_from_checkpoint
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.embedding_safe import safe_embedding_lookup_sparse
from tailrace.library.examples import FixedLenFeature
from tailrace.library.feature_columns.base import (
    CategoricalColumn,
    DenseColumn,
    Features,
    IdWeightPair,
    check_key,
    checked_default,
    checked_shape,
)
from tailrace.library.feature_columns.categorical import WeightedCategoricalColumn
from tailrace.library.initializers import TruncatedNormal
from tailrace.library.math import range as range_
from tailrace.library.variable_scope import get_variable
from tailrace.shapes import TensorShape


class _Transformed(DenseColumn):
    """A column whose value is what it is transformed to."""

    def _get_dense_tensor(
        self, inputs: Features, weight_collections: Any = None, trainable: bool | None = None
    ) -> Tensor:
        return inputs.get(self)


class _NumericFields(NamedTuple):
    key: str
    shape: tuple[int, ...]
    default_value: Any
    dtype: Any
    normalizer_fn: Callable[[Any], Any] | None


class NumericColumn(_NumericFields, _Transformed):
    """A feature of numbers as float32."""

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: FixedLenFeature(self.shape, self.dtype, self.default_value)}

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape(self.shape)

    def _transform_feature(self, inputs: Features) -> Any:
        value = inputs.get(self.key)
        if isinstance(value, SparseTensor):
            raise ValueError(
                "The corresponding Tensor of numerical column must be a Tensor. SparseTensor is "
                f"not supported. key: {self.key}"
            )
        if self.normalizer_fn is not None:
            value = self.normalizer_fn(value)
        return g.cast(value, dtypes.float32)


class _BucketFields(NamedTuple):
    source_column: NumericColumn
    boundaries: tuple[float, ...]


class BucketizedColumn(_BucketFields, _Transformed, CategoricalColumn):
    """Numbers by the interval they lie in: one-hot, or as ids."""

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.source_column.parse_example_spec

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([*self.source_column.shape, len(self.boundaries) + 1])

    @property
    def num_buckets(self) -> int:
        return (len(self.boundaries) + 1) * self.source_column.shape[0]

    def _transform_feature(self, inputs: Features) -> Any:
        return g.Bucketize(inputs.get(self.source_column), boundaries=list(self.boundaries))

    def _get_dense_tensor(
        self, inputs: Features, weight_collections: Any = None, trainable: bool | None = None
    ) -> Tensor:
        return array.one_hot(
            g.cast(inputs.get(self), dtypes.int64),
            depth=len(self.boundaries) + 1,
            on_value=1.0,
            off_value=0.0,
        )

    def _get_sparse_tensors(
        self, inputs: Features, weight_collections: Any = None, trainable: bool | None = None
    ) -> IdWeightPair:
        buckets = inputs.get(self)
        sizes: Any = array.shape(buckets)
        count, width = sizes[0], self.source_column.shape[0]
        column = array.expand_dims(range_(0, count), 1)
        rows = array.reshape(array.tile(column, [1, width]), (-1,))
        places: Any = array.tile(range_(0, width), [count])
        ids = array.reshape(buckets, (-1,)) + (len(self.boundaries) + 1) * places
        indices = g.cast(array.transpose(array.stack((rows, places))), dtypes.int64)
        shape = g.cast(array.stack([count, width]), dtypes.int64)
        return IdWeightPair(SparseTensor(indices, ids, shape), None)


class _IndicatorFields(NamedTuple):
    categorical_column: Any


class IndicatorColumn(_IndicatorFields, _Transformed):
    """How often each id comes, or the sum of its weights."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_indicator"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([1, self.categorical_column.num_buckets])

    def _transform_feature(self, inputs: Features) -> Any:
        ids, weights = self.categorical_column._get_sparse_tensors(inputs)
        count = self.categorical_column.num_buckets
        if weights is not None:
            merged = sparse.merge(ids, weights, vocab_size=count)
            merged = sparse.sparse_slice(merged, [0, 0], merged.dense_shape)
            return scatter_nd(merged.indices, merged.values, merged.dense_shape)
        dense = sparse.to_dense(ids, default_value=-1)
        shown = array.one_hot(dense, depth=count, on_value=1.0, off_value=0.0)
        return reductions.reduce_sum(shown, axis=[-2])


class _EmbeddingFields(NamedTuple):
    categorical_column: Any
    dimension: int
    combiner: str
    initializer: Any
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None
    max_norm: float | None
    trainable: bool


class EmbeddingColumn(_EmbeddingFields, DenseColumn):
    """Vectors of ids, put together for each row."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_embedding"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def _transform_feature(self, inputs: Features) -> Any:
        return inputs.get(self.categorical_column)

    def _make_weights(self, make: Callable[..., Any]) -> Any:
        shape = (self.categorical_column.num_buckets, self.dimension)
        return make("embedding_weights", shape, self.initializer, self.trainable)

    def _get_dense_tensor(
        self, inputs: Features, weight_collections: Any = None, trainable: bool | None = None
    ) -> Tensor:
        ids = self.categorical_column._get_sparse_tensors(inputs, weight_collections, trainable)
        made = inputs.prepared(self)
        if made:
            return _embedded(self, ids, made[0])
        if weight_collections and GraphKeys.GLOBAL_VARIABLES not in weight_collections:
            weight_collections.append(GraphKeys.GLOBAL_VARIABLES)
        return _embedded(self, ids, _embedding_weights(self, weight_collections, trainable))


class _SharedFields(NamedTuple):
    categorical_column: Any
    dimension: int
    combiner: str
    initializer: Any
    shared_embedding_collection_name: str
    ckpt_to_load_from: str | None
    tensor_name_in_ckpt: str | None
    max_norm: float | None
    trainable: bool


class SharedEmbeddingColumn(_SharedFields, DenseColumn):
    """Vectors of ids, the same as those of other columns."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_shared_embedding"

    @property
    def _var_scope_name(self) -> str:
        return self.shared_embedding_collection_name

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.categorical_column.parse_example_spec

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def _transform_feature(self, inputs: Features) -> Any:
        return inputs.get(self.categorical_column)

    def _get_dense_tensor(
        self, inputs: Features, weight_collections: Any = None, trainable: bool | None = None
    ) -> Tensor:
        with g.name_scope(None, self.name):
            ids = self.categorical_column._get_sparse_tensors(inputs, weight_collections, trainable)
            return _embedded(self, ids, self._weights(weight_collections, trainable))

    def _weights(self, weight_collections: Any, trainable: bool | None) -> Any:
        collection = self.shared_embedding_collection_name
        shared = get_collection(collection)
        if len(shared) > 1:
            raise ValueError(f"Collection {shared} can only contain one variable.")
        if not shared:
            weights = _embedding_weights(self, weight_collections, trainable)
            add_to_collection(collection, weights)
            return weights
        shape = [self.categorical_column.num_buckets, self.dimension]
        if shared[0].get_shape() != TensorShape(shape):
            raise ValueError(
                f"Shared embedding collection {collection} contains variable {shared[0].name} of "
                f"unexpected shape {shared[0].get_shape()}. Expected shape is {shape}."
            )
        return shared[0]


def _embedding_weights(column: Any, collections: Any, trainable: bool | None) -> Any:
    return get_variable(
        "embedding_weights",
        shape=(column.categorical_column.num_buckets, column.dimension),
        dtype=dtypes.float32,
        initializer=column.initializer,
        trainable=bool(column.trainable and trainable),
        collections=collections,
    )


def _embedded(column: Any, ids: IdWeightPair, weights: Any) -> Tensor:
    if column.ckpt_to_load_from is not None:
        parts = list(weights) if hasattr(weights, "_variable_list") else weights
        init_from_checkpoint(column.ckpt_to_load_from, {column.tensor_name_in_ckpt: parts})
    return safe_embedding_lookup_sparse(
        weights,
        ids.id_tensor,
        sparse_weights=ids.weight_tensor,
        combiner=column.combiner,
        name=f"{column.name}_weights",
        max_norm=column.max_norm,
    )


# -- making them -----------------------------------------------------------------------------------


def numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: Any = None,
    dtype: Any = dtypes.float32,
    normalizer_fn: Callable[[Any], Any] | None = None,
) -> NumericColumn:
    """A feature of numbers, [B, *shape], as float32 after `normalizer_fn`.

    Raises: TypeError and ValueError for a shape, default value or type that cannot be.
    """
    shape = checked_shape(shape, key)
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, key: {key}")
    default_value = checked_default(shape, default_value, dtype, key)
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    check_key(key)
    return NumericColumn(key, shape, default_value, dtype, normalizer_fn)


def bucketized_column(source_column: Any, boundaries: Any) -> BucketizedColumn:
    """A numeric column by intervals; each begins with its boundary.

    Raises: ValueError for another column or one of several axes, and for boundaries not in order.
    """
    if not isinstance(source_column, NumericColumn):
        raise ValueError(
            "source_column must be a column generated with numeric_column(). Given: "
            f"{source_column}"
        )
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")
    if not boundaries:
        raise ValueError("boundaries must not be empty.")
    ordered = isinstance(boundaries, (list, tuple)) and all(
        a < b for a, b in itertools.pairwise(boundaries)
    )
    if not ordered:
        raise ValueError("boundaries must be a sorted list.")
    return BucketizedColumn(source_column, tuple(boundaries))


def indicator_column(categorical_column: Any) -> IndicatorColumn:
    """How often each id of a column comes."""
    return IndicatorColumn(categorical_column)


def _checked_embedding(
    dimension: int | None, initializer: Any, ckpt: Any, tensor_name: Any, of: str
) -> Any:
    """The initializer. Raises: ValueError for what cannot be."""
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (ckpt is None) != (tensor_name is None):
        raise ValueError(
            "Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them."
        )
    if initializer is not None and not callable(initializer):
        raise ValueError(f"initializer must be callable if specified.{of}")
    return initializer or TruncatedNormal(mean=0.0, stddev=1 / math.sqrt(dimension))


def embedding_column(
    categorical_column: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None,
    max_norm: float | None = None,
    trainable: bool = True,
) -> EmbeddingColumn:
    """A vector for each id of a column, combined over the row: "mean", "sqrtn" or "sum".

    The vectors start normal, or from a tensor of a checkpoint. Raises: ValueError without a
    dimension, for one of the two checkpoint arguments alone, or no initializer.
    """
    of = f" Embedding of column_name: {categorical_column.name}"
    initializer = _checked_embedding(
        dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt, of
    )
    return EmbeddingColumn(
        categorical_column,
        dimension,
        combiner,
        initializer,
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm,
        trainable,
    )


def shared_embedding_columns(
    categorical_columns: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    shared_embedding_collection_name: str | None = None,
    ckpt_to_load_from: str | None = None,
    tensor_name_in_ckpt: str | None = None,
    max_norm: float | None = None,
    trainable: bool = True,
) -> list[SharedEmbeddingColumn]:
    """Embeddings of several columns with the same vectors.

    Raises: as `embedding_column`; ValueError for columns of different kinds or numbers of ids.
    """
    initializer = _checked_embedding(
        dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt, ""
    )
    ordered = sorted(categorical_columns, key=lambda column: column.name)
    for column in ordered:
        if not isinstance(column, CategoricalColumn):
            raise ValueError(
                "All categorical_columns must be subclasses of CategoricalColumn. Given: "
                f"{column}, of type: {type(column)}"
            )
        pair = (_kind(column), column.num_buckets), (_kind(ordered[0]), ordered[0].num_buckets)
        if pair[0] != pair[1]:
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same type "
                f"and number of buckets. Given column: {ordered[0]} does not match given column: "
                f"{column}"
            )
    name = shared_embedding_collection_name
    name = name or "_".join(column.name for column in ordered) + "_shared_embedding"
    return [
        SharedEmbeddingColumn(
            column,
            dimension,
            combiner,
            initializer,
            name,
            ckpt_to_load_from,
            tensor_name_in_ckpt,
            max_norm,
            trainable,
        )
        for column in categorical_columns
    ]


def _kind(column: Any) -> type:
    if isinstance(column, WeightedCategoricalColumn):
        column = column.categorical_column
    return type(column)
