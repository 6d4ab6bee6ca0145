"""`tf.nn`: rows of an embedding, from one table or several that share the ids.

Source: TF 1.15 python/ops/embedding_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, constant, convert_to_tensor, g
from tailrace.graph import convert_to_tensor_or_indexed_slices as convert_params
from tailrace.library import arithmetic, array, clip, indexing, logging, math, reductions
from tailrace.shapes import Dimension, TensorShape

_COMBINERS = ("mean", "sqrtn", "sum")


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: float | None = None,
) -> Tensor:
    """The rows `ids` of the table `params`, or of a list of tables that hold its parts.

    Part p of n holds the ids i with i % n == p ("mod") or a range of them ("div").
    Shapes: params [V, D...], ids [...] -> [..., D...].
    Raises: ValueError for no params or an unknown strategy.
    """
    return _lookup(params, ids, partition_strategy, name, max_norm)


def _lookup(
    params: Any,
    ids: Any,
    strategy: str = "mod",
    name: str | None = None,
    max_norm: float | None = None,
    transform: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    parts = _as_parts(params)
    with g.name_scope(name, "embedding_lookup") as scope:
        if not any(_is_resource(p) for p in parts):
            parts = _converted(parts)
        ids = convert_to_tensor(ids, name="ids")
        if len(parts) == 1 and (transform is None or ids.shape.ndims == 1):
            with g.colocate_with(_place(parts[0])):
                result = _clip(indexing.gather(parts[0], ids, name=scope), ids, max_norm)
                if transform is not None:
                    result = transform(result)
            return array.identity(result)
        return _partitioned_lookup(parts, ids, strategy, scope, max_norm, transform)


def _as_parts(params: Any) -> list[Any]:
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple)) and not params:
        raise ValueError("Need at least one param")
    if hasattr(params, "_variable_list"):  # a partitioned variable
        return list(params)
    return params if isinstance(params, list) else [params]


def _is_resource(param: Any) -> bool:
    return isinstance(getattr(param, "handle", None), Tensor)


def _place(param: Any) -> Any:
    return param.handle if _is_resource(param) else param


def _converted(params: list[Any]) -> list[Any]:
    return [convert_params(p, name=f"params_{i}") for i, p in enumerate(params)]


def _clip(rows: Tensor, ids: Tensor, max_norm: float | None) -> Tensor:
    """The rows, none longer than max_norm."""
    if max_norm is None:
        return rows
    ids_rank, rows_rank = ids.shape.ndims, rows.shape.ndims
    if ids_rank and rows_rank:
        return clip.clip_by_norm(rows, max_norm, axes=list(range(ids_rank, rows_rank)))
    first = ids_rank or array.rank(ids)
    return clip.clip_by_norm(rows, max_norm, axes=math.range(first, rows_rank or array.rank(rows)))


# -- several tables --------------------------------------------------------------------------------


def _partitioned_lookup(
    parts: list[Any],
    ids: Tensor,
    strategy: str,
    name: str,
    max_norm: float | None,
    transform: Callable[[Tensor], Tensor] | None,
) -> Tensor:
    flat = array.reshape(ids, [-1])
    positions = math.range(array.size(flat))
    part_of, row_of = _assignments(parts, flat, strategy)
    part_of = arithmetic.cast(part_of, dtypes.int32)
    count = len(parts)
    rows = g.DynamicPartition(row_of, part_of, num_partitions=count)
    places = g.DynamicPartition(positions, part_of, num_partitions=count)
    found = []
    for part, wanted in zip(parts, rows, strict=True):
        with g.colocate_with(_place(part)):
            result = indexing.gather(part, wanted)
            if transform is not None:
                result = transform(_clip(result, wanted, max_norm))
        found.append(result)
    merged = g.ParallelDynamicStitch(places, found, name=name)
    static, shape = _element_shapes(parts, merged, transform is not None)
    merged = array.reshape(merged, array.concat([array.shape(ids), shape], 0))
    merged.set_shape(ids.shape.concatenate(static))
    return merged if transform is not None else _clip(merged, ids, max_norm)


def _assignments(parts: list[Any], flat: Tensor, strategy: str) -> tuple[Tensor, Tensor]:
    """The part each id lies in, and its row there."""
    count = len(parts)
    if strategy == "mod":
        return flat % count, flat // count
    if strategy != "div":
        raise ValueError("Unrecognized partition strategy: " + strategy)
    total = _total_rows(parts, flat.dtype)
    size, extras = total // count, total % count
    part_of = arithmetic.maximum(flat // (size + 1), (flat - extras) // size)
    first = part_of < extras
    row_of = indexing.where(first, flat % (size + 1), (flat - extras) % size)
    return part_of, row_of


def _total_rows(parts: list[Any], dtype: dtypes.DType) -> Tensor:
    sizes = [Dimension(p.get_shape()[0]).value for p in parts]
    if None not in sizes and sum(sizes):  # type: ignore[arg-type]
        return constant(sum(sizes), dtype)  # type: ignore[arg-type]
    counts = []
    for part, size in zip(parts, sizes, strict=True):
        if size is not None:
            counts.append(size)
            continue
        with g.colocate_with(_place(part)):
            counts.append(array.shape(part)[0])
    return reductions.reduce_sum(arithmetic.cast(array.stack(counts), dtype))


def _element_shapes(parts: list[Any], merged: Tensor, transformed: bool) -> tuple[TensorShape, Any]:
    """The shape of a row, as far as it is known and as a tensor."""
    if transformed:
        static = merged.get_shape()[1:]
    else:
        static = parts[0].get_shape()[1:]
        for part in parts[1:]:
            static = static.merge_with(part.get_shape()[1:])
    if static.is_fully_defined():
        return static, static
    if transformed:
        return static, array.shape(merged)[1:]
    with g.colocate_with(_place(parts[0])):
        shape = array.shape(parts[0])
    return static, shape[1:]


# -- sparse ids ------------------------------------------------------------------------------------


def embedding_lookup_sparse(
    params: Any,
    sp_ids: SparseTensor,
    sp_weights: SparseTensor | None,
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: str | None = None,
    max_norm: float | None = None,
) -> Tensor:
    """Per row of `sp_ids` the sum, mean, or sum over sqrt(n), of the embeddings of its ids.

    Shapes: params [V, D], sp_ids [B, any] -> [B, D].
    Raises: ValueError for another combiner, TypeError for ids that are not sparse.
    """
    if combiner is None:
        logging.warning(
            'The default value of combiner will change from "mean" to "sqrtn" after 2016/11/01.'
        )
        combiner = "mean"
    if combiner not in _COMBINERS:
        raise ValueError("combiner must be one of 'mean', 'sqrtn' or 'sum'")
    parts = _as_parts(params)
    _check_sparse(sp_ids, sp_weights)
    with g.name_scope(name, "embedding_lookup_sparse") as scope:
        rows = arithmetic.cast(sp_ids.indices[:, 0], dtypes.int32)
        ids, index = g.Unique(sp_ids.values, out_idx=dtypes.int32)
        found = embedding_lookup(parts, ids, partition_strategy, max_norm=max_norm)
        if found.dtype in (dtypes.float16, dtypes.bfloat16):
            found = arithmetic.cast(found, dtypes.float32)
        if sp_weights is not None:
            return _weighted(found, index, rows, sp_weights.values, combiner, scope)
        types = {"sum": "Sum", "mean": "Mean", "sqrtn": "SqrtN"}
        add = getattr(g, f"SparseSegment{types[combiner]}")
        return add(found, index, rows, name=scope)


def _check_sparse(sp_ids: Any, sp_weights: Any) -> None:
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError("sp_ids must be SparseTensor")
    if sp_weights is None:
        return
    if not isinstance(sp_weights, SparseTensor):
        raise TypeError("sp_weights must be either None or SparseTensor")
    for part in ("values", "indices", "dense_shape"):
        shape = getattr(sp_ids, part).get_shape()
        shape.assert_is_compatible_with(getattr(sp_weights, part).get_shape())


def _weighted(
    found: Tensor, index: Tensor, rows: Tensor, weights: Tensor, combiner: str, name: str
) -> Tensor:
    weights = arithmetic.cast(weights, found.dtype)
    found = indexing.gather(found, index)
    ones = array.fill(array.expand_dims(array.rank(found) - 1, 0), 1)
    shape = array.concat([array.shape(weights), ones], 0)
    static = weights.get_shape()
    weights = array.reshape(weights, shape)
    if found.shape.ndims is not None:
        weights.set_shape(static.concatenate([1] * (found.shape.ndims - 1)))
    found = found * weights
    if combiner == "sum":
        return g.SegmentSum(found, rows, name=name)
    total = g.SegmentSum(found, rows)
    if combiner == "mean":
        return arithmetic.div(total, g.SegmentSum(weights, rows), name=name)
    squares = g.SegmentSum(arithmetic.pow(weights, 2), rows)
    return arithmetic.div(total, math.sqrt(squares), name=name)
