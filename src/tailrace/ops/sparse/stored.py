"""Sparse tensors kept in a session between operations, for queues, whose elements are dense.

Source: TF 1.15 core/kernels/sparse_tensors_map_ops.cc, core/ops/sparse_ops.cc.
"""

from __future__ import annotations

import itertools
import threading
from typing import Any

import torch

from tailrace import errors
from tailrace.dtypes import ANY
from tailrace.ops.sparse.places import check_bounds, joined, order, take
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank


class SparseTensorsMap:
    """Sparse tensors by number, each an (indices, values, shape), until they are taken."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, Any, Any]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def add(self, indices: Any, values: Any, shape: Any) -> int:
        """Keep a tensor; its number."""
        with self._lock:
            number = next(self._numbers)
            self._kept[number] = (indices, values, shape)
        return number

    def take(self, number: int) -> tuple[Any, Any, Any]:
        """Give a tensor away. Raises: KernelError when there is none of the number."""
        with self._lock:
            found = self._kept.pop(number, None)
        if found is None:
            raise errors.invalid(f"Unable to find SparseTensor: {number} in map")
        return found


_MAP: dict[str, Any] = {
    "container": "",
    "shared_name": "",
    "_stateful": True,
    "_context": True,
    "_host_only": True,
}


def _own(value: Any) -> Any:
    """A value that nobody else writes to; strings, which change for nobody, as they are."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def _the_map(ctx: Any) -> SparseTensorsMap:
    return ctx.resource("sparse_tensors_map", lambda name: SparseTensorsMap())


@op(
    "AddSparseToTensorsMap",
    "sparse_indices: int64, sparse_values: T, sparse_shape: int64 -> sparse_handle: int64",
    T=ANY,
    **_MAP,
)
def add_sparse_to_tensors_map(ctx, sparse_indices, sparse_values, sparse_shape):
    """Keep a sparse tensor; gives the number under which it is taken."""
    parts = [_own(part) for part in (sparse_indices, sparse_values, sparse_shape)]
    return torch.tensor(_the_map(ctx).add(*parts))


@add_sparse_to_tensors_map.shape
def add_sparse_to_tensors_map_shape(sparse_indices, sparse_values, sparse_shape):
    _check_ranks(sparse_indices, sparse_values, sparse_shape)
    return [[]]


def _check_ranks(indices: Any, values: Any, shape: Any) -> None:
    with_rank(indices, 2, "sparse_indices")
    with_rank(values, 1, "sparse_values")
    with_rank(shape, 1, "sparse_shape")


@op(
    "AddManySparseToTensorsMap",
    "sparse_indices: int64, sparse_values: T, sparse_shape: int64 -> sparse_handles: int64",
    T=ANY,
    **_MAP,
)
def add_many_sparse_to_tensors_map(ctx, sparse_indices, sparse_values, sparse_shape):
    """Keep the rows of a sparse tensor, each a tensor of one rank less; gives their numbers."""
    sizes = sparse_shape.tolist()
    if len(sizes) < 2:
        raise errors.invalid(
            f"Rank of input SparseTensor should be > 1, but saw rank: {len(sizes)}"
        )
    check_bounds(sparse_indices, sizes)
    if not torch.equal(order(sparse_indices), torch.arange(len(sparse_indices))):
        raise errors.invalid("indices are out of order. Many sparse ops require sorted indices.")
    kept, shape = _the_map(ctx), sparse_shape[1:].clone()
    rows = sparse_indices[:, 0]
    filled = rows.unique().tolist()
    numbers = torch.empty(sizes[0], dtype=torch.int64)
    # TF: the rows that have elements are numbered first, the empty ones after them
    for row in [*filled, *sorted(set(range(sizes[0])).difference(filled))]:
        places = (rows == row).nonzero()[:, 0]
        numbers[row] = kept.add(sparse_indices[places, 1:], take(sparse_values, places), shape)
    return numbers


@add_many_sparse_to_tensors_map.shape
def add_many_sparse_to_tensors_map_shape(sparse_indices, sparse_values, sparse_shape):
    _check_ranks(sparse_indices, sparse_values, sparse_shape)
    return [[None]]


@op(
    "TakeManySparseFromTensorsMap",
    "sparse_handles: int64 -> sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
    dtype=Attr("type"),
    **_MAP,
)
def take_many_sparse_from_tensors_map(ctx, sparse_handles):
    """The tensors of some numbers as rows of one, which is as large as the largest of each axis."""
    if not len(sparse_handles):
        raise errors.invalid(
            "Must have at least 1 serialized SparseTensor, but input matrix has 0 rows"
        )
    kept = _the_map(ctx)
    found = [kept.take(number) for number in sparse_handles.tolist()]
    ranks = {len(shape) for _, _, shape in found}
    if len(ranks) > 1:
        raise errors.invalid(f"Inconsistent rank across SparseTensors: {sorted(ranks)}")
    indices = [
        torch.cat([part.new_full((len(part), 1), row), part], 1)
        for row, (part, _, _) in enumerate(found)
    ]
    largest = torch.stack([shape for _, _, shape in found]).max(0).values
    size = torch.cat([largest.new_tensor([len(found)]), largest])
    return torch.cat(indices), joined([values for _, values, _ in found]), size


@take_many_sparse_from_tensors_map.shape
def take_many_sparse_from_tensors_map_shape(sparse_handles):
    with_rank(sparse_handles, 1, "sparse_handles")
    return [[None, None], [None], [None]]


for _definition in (
    add_sparse_to_tensors_map,
    add_many_sparse_to_tensors_map,
    take_many_sparse_from_tensors_map,
):
    _definition.no_gradient("TensorFlow has none")
