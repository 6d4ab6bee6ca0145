"""Embeddings of sparse ids of which some are invalid and some rows are empty.

Source: TF 1.15 python/ops/embedding_ops.py (safe_embedding_lookup_sparse).
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, indexing, reductions, sparse
from tailrace.library.embedding import embedding_lookup_sparse
from tailrace.library.partitioned import PartitionedVariable
from tailrace.shapes import TensorShape


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: SparseTensor,
    sparse_weights: SparseTensor | None = None,
    combiner: str = "mean",
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: float | None = None,
) -> Tensor:
    """`embedding_lookup_sparse` without negative ids and weights that are not positive.

    Rows without ids give the embedding of `default_id`, or zeros. Ids may have any rank.

    Shapes: embedding_weights [V, D], sparse_ids [..., any] -> [..., D].
    Raises: ValueError without embedding_weights.
    """
    weights = _weights(embedding_weights, sparse_weights)
    with g.name_scope(name, "embedding_lookup") as scope:
        shape = sparse_ids.dense_shape
        static_rank = shape.get_shape()[0].value
        rank = array.size(shape) if static_rank is None else static_rank
        rows = reductions.reduce_prod(indexing.slice(shape, [0], [rank - 1]))
        ids = sparse.sparse_reshape(sparse_ids, [rows, indexing.gather(shape, rank - 1)])
        if sparse_weights is not None:
            sparse_weights = SparseTensor(ids.indices, sparse_weights.values, ids.dense_shape)
        ids, sparse_weights = _valid(ids, sparse_weights, combiner)
        ids, empty = sparse.fill_empty_rows(ids, default_id or 0)
        if sparse_weights is not None:
            sparse_weights, _ = sparse.fill_empty_rows(sparse_weights, 1.0)
        result = embedding_lookup_sparse(
            weights,
            ids,
            sparse_weights,
            combiner=combiner,
            partition_strategy=partition_strategy,
            name=None if default_id is None else scope,
            max_norm=max_norm,
        )
        if default_id is None:
            column = array.reshape(empty, [-1, 1])
            mask = array.tile(column, array.stack([1, array.shape(result)[1]]))
            result = indexing.where(mask, g.zeros_like(result), result, name=scope)
        return _shaped(result, shape, rank, static_rank)


def _weights(embedding_weights: Any, sparse_weights: SparseTensor | None) -> list[Any]:
    if embedding_weights is None:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    if isinstance(embedding_weights, PartitionedVariable):
        embedding_weights = list(embedding_weights)
    if not isinstance(embedding_weights, list):
        embedding_weights = [embedding_weights]
    if not embedding_weights:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    dtype = None if sparse_weights is None else sparse_weights.dtype
    return [w if _fits(w, dtype) else convert_to_tensor(w, dtype) for w in embedding_weights]


def _fits(weights: Any, dtype: dtypes.DType | None) -> bool:
    handle = getattr(weights, "handle", None)
    return handle is not None and dtype in (None, weights.dtype)


def _valid(
    ids: SparseTensor, weights: SparseTensor | None, combiner: str
) -> tuple[SparseTensor, SparseTensor | None]:
    """Ids that are not negative; for means, only those with a positive weight."""
    valid = g.GreaterEqual(ids.values, 0)
    if weights is not None:
        valid = g.LogicalAnd(valid, g.ones_like(weights.values, dtype=dtypes.bool))
    ids = sparse.retain(ids, valid)
    if weights is None:
        return ids, None
    weights = sparse.retain(weights, valid)
    if combiner == "sum":
        return ids, weights
    counting = g.Greater(weights.values, 0)
    return sparse.retain(ids, counting), sparse.retain(weights, counting)


def _shaped(result: Tensor, shape: Tensor, rank: Any, static_rank: int | None) -> Tensor:
    leading = indexing.slice(arithmetic.cast(shape, dtypes.int32), [0], [rank - 1])
    own = indexing.slice(array.shape(result), [1], [-1])
    final = array.reshape(result, array.concat([leading, own], 0))
    before = TensorShape(None if static_rank is None else [None] * (static_rank - 1))
    final.set_shape(before.concatenate(result.get_shape()[1:]))
    return final
