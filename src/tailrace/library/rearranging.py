"""Sorting and rolling along an axis.

Source: TF 1.15 python/ops/sort_ops.py, manip_ops.py.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library.array import concat, transpose
from tailrace.library.math import range

_DIRECTIONS = ("ASCENDING", "DESCENDING")


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """The elements moved by `shift` places along `axis`, those that fall off to the other end."""
    return g.Roll(input, shift, axis, name=name)


def sort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """The elements in order along an axis. Raises: ValueError for an unknown direction or axis."""
    with g.name_scope(name, "sort"):
        return _sorted(values, axis, direction, positions=False)


def argsort(
    values: Any,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Tensor:
    """The indices that put the elements in order along an axis; always stable."""
    with g.name_scope(name, "argsort"):
        return _sorted(values, axis, direction, positions=True)


def _sorted(values: Any, axis: Any, direction: str, positions: bool) -> Tensor:
    if direction not in _DIRECTIONS:
        raise ValueError(f"{direction} should be one of {', '.join(_DIRECTIONS)}")
    axis = convert_to_tensor(axis, name="axis")
    place = g.known(axis)
    if axis.shape.ndims != 0 or place is None:
        raise ValueError("axis must be a constant scalar")
    values = convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(values, int(place), positions)
    result = _descending(-values, int(place), positions)
    return result if positions else -result


def _descending(values: Tensor, axis: int, positions: bool) -> Tensor:
    count = g.shape(values)[axis]
    dynamic_rank: Any = g.rank(values)
    rank = values.shape.ndims
    if axis in (-1, (rank or 0) - 1):
        found, indices = g.TopKV2(values, count)
        return indices if positions else found
    place: Any = axis if axis >= 0 else axis + (rank or dynamic_rank)
    order = _axis_last(place, rank, dynamic_rank)
    found, indices = g.TopKV2(transpose(values, order), count)
    return transpose(indices if positions else found, order)


def _axis_last(axis: Any, rank: int | None, dynamic_rank: Any) -> Tensor:
    """The permutation that exchanges an axis with the last."""
    if rank is not None:
        order = list(builtins.range(rank))
        order[axis], order[-1] = order[-1], order[axis]
        return constant(np.array(order), name="transposition")
    before = range(axis)
    return concat([before, [dynamic_rank - 1], range(axis + 1, dynamic_rank - 1), [axis]], axis=0)
