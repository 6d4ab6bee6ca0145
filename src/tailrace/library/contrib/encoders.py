"""`tf.contrib.layers`: sequences of ids encoded by a table of embeddings.

Source: TF 1.15 contrib/layers/python/layers/encoders.py, embedding_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library import array, indexing, reductions
from tailrace.library.contrib.feature_maps import dense_to_sparse_tensor
from tailrace.library.contrib.variables import model_variable
from tailrace.library.embedding import embedding_lookup
from tailrace.library.embedding_safe import safe_embedding_lookup_sparse as safe_lookup
from tailrace.library.logging import warning
from tailrace.library.partitioned import PartitionedVariable
from tailrace.library.variable_scope import variable_scope


def embed_sequence(
    ids: Any,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: bool | None = None,
) -> Tensor:
    """The embeddings of ids [B, T] from a new table [vocab_size, embed_dim].

    Raises: ValueError when the table is new and its sizes are not given.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. Got "
            f"vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        known = not ((reuse and vocab_size is None) or embed_dim is None)
        embeddings = model_variable(
            "embeddings",
            shape=[vocab_size, embed_dim] if known else None,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
        )
        return (
            embedding_lookup_unique(embeddings, ids)
            if unique
            else embedding_lookup(embeddings, ids)
        )


def embedding_lookup_unique(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None
) -> Tensor:
    """Each embedding looked up once, however often its id occurs.

    Shapes: ids of any shape S -> [S, D].
    """
    with g.name_scope(name, "EmbeddingLookupUnique"):
        ids = convert_to_tensor(ids)
        shape = array.shape(ids)
        flat = array.reshape(ids, reductions.reduce_prod(shape, keepdims=True))
        distinct, index = g.Unique(flat, out_idx=dtypes.int32)
        rows = embedding_lookup(params, distinct, partition_strategy)
        found = indexing.gather(rows, index)
        found = array.reshape(found, array.concat([shape, array.shape(rows)[1:]], 0))
        found.set_shape(ids.get_shape().concatenate(rows.get_shape()[1:]))
        return found


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: SparseTensor,
    sparse_weights: SparseTensor | None = None,
    combiner: str | None = None,
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: float | None = None,
) -> Tensor:
    """`tf.nn.safe_embedding_lookup_sparse`, which takes means unless told otherwise."""
    if combiner is None:
        warning('The default value of combiner is "mean".')
        combiner = "mean"
    weights = embedding_weights
    if weights is not None:
        parts = list(weights) if isinstance(weights, (list, PartitionedVariable)) else [weights]
        dtype = None if sparse_weights is None else sparse_weights.dtype
        weights = [convert_to_tensor(part, dtype) for part in parts]
    return safe_lookup(
        weights,
        sparse_ids,
        sparse_weights,
        combiner,
        default_id,
        name,
        partition_strategy,
        max_norm,
    )


def bow_encoder(
    ids: Any,
    vocab_size: int,
    embed_dim: int,
    sparse_lookup: bool = True,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: bool | None = None,
) -> Tensor:
    """The mean of the embeddings of each row of ids; sparsely looked up, id 0 is no id.

    Shapes: ids [B, T] -> [B, embed_dim].
    Raises: ValueError without sizes, TypeError for sparse ids to look up densely.
    """
    if not vocab_size or not embed_dim:
        raise ValueError("Must specify vocab size and embedding dimension")
    with variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = model_variable(
            "embeddings",
            shape=[vocab_size, embed_dim],
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
        )
        if sparse_lookup:
            rows = ids if isinstance(ids, SparseTensor) else dense_to_sparse_tensor(ids)
            return safe_embedding_lookup_sparse([embeddings], rows, combiner="mean", default_id=0)
        if isinstance(ids, SparseTensor):
            raise TypeError(f"ids are expected to be dense Tensor, got: {ids}")
        return reductions.reduce_mean(embedding_lookup(embeddings, ids), axis=1)
