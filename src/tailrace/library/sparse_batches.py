"""Sparse tensors among the tensors of a queue: kept aside, their numbers queued in their place.

Source: TF 1.15 python/training/input.py (_store_sparse_tensors and what follows it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tailrace import dtypes
from tailrace.graph import Operation, SparseTensor, Tensor, g
from tailrace.library.array import expand_dims, squeeze
from tailrace.library.indexing import gather
from tailrace.library.layers.tools import smart_cond
from tailrace.library.sparse import retain

_ADDING = ("AddSparseToTensorsMap", "AddManySparseToTensorsMap")


class Kept(NamedTuple):
    """Of a sparse tensor: the operation that keeps it, and its rank in an example."""

    op: Operation
    rank: int | None


def _parts(tensor: SparseTensor) -> tuple[Tensor, Tensor, Tensor]:
    return tensor.indices, tensor.values, tensor.dense_shape


def _numbers(tensor: SparseTensor, many: bool, keep: Tensor, shared: str | None) -> Any:
    """The numbers under which the tensor, or its rows, are kept."""
    if keep.get_shape().ndims == 1:
        rows: Any = tensor.indices
        chosen = retain(tensor, gather(keep, rows[:, 0]))
        return g.AddManySparseToTensorsMap(*_parts(chosen), shared_name=shared)
    if many:
        numbers = smart_cond(
            keep,
            lambda: g.AddManySparseToTensorsMap(*_parts(tensor), shared_name=shared),
            lambda: -1 * _ones(g.shape(tensor)),
        )
        numbers.set_shape([None])
        return numbers
    return smart_cond(
        keep,
        lambda: g.AddSparseToTensorsMap(*_parts(tensor), shared_name=shared),
        lambda: g.constant(-1, dtypes.int64),
    )


def _ones(sizes: Any) -> Any:
    return g.ones(sizes[0:1], dtypes.int64)


def _adding(numbers: Tensor) -> Operation:
    """The operation that keeps the tensors, maybe behind the merge of a condition."""
    found = (t.op for t in numbers.op.inputs if t.op.type in _ADDING)
    return next(found, numbers.op)


def _stored(
    tensors: Sequence[Any], many: bool, keep: Tensor, shared: Sequence[Kept | None]
) -> tuple[list[Any], list[Kept | None]]:
    stored, kept = [], []
    for tensor, known in zip(tensors, shared, strict=True):
        sparse = isinstance(tensor, SparseTensor)
        name = known.op.name if known else None
        stored.append(_numbers(tensor, many, keep, name) if sparse else tensor)
    for i, (tensor, known) in enumerate(zip(tensors, shared, strict=True)):
        if not isinstance(tensor, SparseTensor):
            kept.append(None)
            continue
        rank = tensor.dense_shape.get_shape().with_rank(1).as_list()[0]
        rank = rank if rank is None else rank - many
        kept.append(Kept(known.op if known else _adding(stored[i]), rank))
    pairs = zip(stored, kept, strict=True)
    return [expand_dims(s, [-1]) if k else s for s, k in pairs], kept


def store(
    lists: Sequence[Sequence[Any]], many: bool, keep: Tensor
) -> tuple[list[list[Any]], list[Kept | None]]:
    """The lists of tensors with numbers [1] for sparse tensors, and what is kept of those.

    The lists share what keeps them. Raises: ValueError when they differ in which are sparse.
    """
    first, kept = _stored(lists[0], many, keep, [None] * len(lists[0]))
    stored = [first]
    for tensors in lists[1:]:
        if [isinstance(t, SparseTensor) for t in tensors] != [k is not None for k in kept]:
            raise ValueError(f"Inconsistent SparseTensors list: {lists[0]} vs. {tensors}")
        more, found = _stored(tensors, many, keep, kept)
        for a, b in zip(kept, found, strict=True):
            if a and b and None not in (a.rank, b.rank) and a.rank != b.rank:
                raise ValueError(f"Inconsistent SparseTensors list: {lists[0]} vs. {tensors}")
        stored.append(more)
    return stored, kept


def restore(dequeued: Any, kept: Sequence[Kept | None]) -> Any:
    """The batch with sparse tensors, of one more rank, for their numbers."""
    if not any(kept):
        return dequeued
    several = isinstance(dequeued, (list, tuple))
    values = list(dequeued) if several else [dequeued]
    tensors = [_taken(v, k) if k else v for v, k in zip(values, kept, strict=True)]
    gates = [t.values if isinstance(t, SparseTensor) else t for t in tensors]
    gated = [_gated(gates, tensor) for tensor in tensors]
    # TF: one tensor alone does not pass through its gate, which is there nevertheless
    return gated if several else tensors[0]


def _taken(numbers: Tensor, kept: Kept) -> SparseTensor:
    handles = squeeze(numbers, [1])
    with g.colocate_with(kept.op):
        indices, values, shape = g.TakeManySparseFromTensorsMap(
            handles,
            dtype=kept.op.get_attr("T"),
            container=kept.op.get_attr("container"),
            shared_name=kept.op.get_attr("shared_name") or kept.op.name,
        )
    rank = None if kept.rank is None else kept.rank + 1
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)


def _gated(gates: list[Tensor], tensor: Any) -> Any:
    if isinstance(tensor, SparseTensor):
        return SparseTensor(*(g.with_dependencies(gates, part) for part in _parts(tensor)))
    return g.with_dependencies(gates, tensor)
