"""What the kernels of sparse tensors share: places as numbers, order, values of any type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tailrace import dtypes, errors

NOT_SMOOTH = "which elements are there does not vary smoothly"


def take(values: Any, places: torch.Tensor) -> Any:
    """Elements of a vector of numbers or strings."""
    return values[places.numpy()] if isinstance(values, np.ndarray) else values[places]


def joined(values: Sequence[Any]) -> Any:
    """Vectors one behind the other."""
    if isinstance(values[0], np.ndarray):
        return np.concatenate(values)
    return torch.cat(list(values))


def numbers(indices: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Positions in the flattened dense tensor. Shapes: indices [n, rank] -> [n]."""
    places = indices.new_zeros(len(indices), dtype=torch.int64)
    for axis, size in enumerate(shape):
        places = places * size + indices[:, axis]
    return places


def coordinates(places: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The inverse of `numbers`. Shapes: [n] -> [n, rank]."""
    columns = []
    for size in reversed(shape):
        columns.append(places % size)
        places = places // size
    return torch.stack(columns[::-1], 1) if columns else places.new_zeros((len(places), 0))


def order(indices: torch.Tensor) -> torch.Tensor:
    """The permutation that sorts index vectors by rows, stable."""
    keys = indices.t().flip(0).numpy()
    if not len(keys):
        return torch.arange(len(indices))
    return torch.from_numpy(np.lexsort(keys))


def check_bounds(indices: torch.Tensor, shape: Sequence[int]) -> None:
    """Raises: KernelError for an index vector outside of the dense shape."""
    limits = torch.tensor(list(shape), dtype=torch.int64)
    if indices.shape[1] != len(shape):
        raise errors.invalid(f"indices have {indices.shape[1]} columns for shape {list(shape)}")
    wrong = ((indices < 0) | (indices >= limits)).any(1).nonzero()
    if len(wrong):
        row = int(wrong[0])
        raise errors.invalid(
            f"indices[{row}] = {indices[row].tolist()} is out of bounds: need 0 <= index < "
            f"{list(shape)}"
        )


def size_of(shape: Sequence[int]) -> int:
    """How many elements a dense tensor of the shape has."""
    return math.prod(shape)


def static_rank(indices: Any, shape: Any) -> int | None:
    """The rank as the static shapes of indices and dense shape tell it."""
    if indices.dims is not None and len(indices) == 2 and indices[1] is not None:
        return indices[1]
    return shape.dims[0] if shape.dims else None


def made(g: Any, indices: Any, values: Any, shape: Any) -> tuple[Any, Any, Any]:
    """A SparseTensor in a gradient rule; making one takes a name in TensorFlow."""
    with g.name_scope("SparseTensor"):
        if isinstance(shape, list):
            shape = g.convert(shape, dtypes.int64, name="dense_shape")
        return indices, values, shape
