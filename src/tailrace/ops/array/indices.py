"""How StridedSlice reads its masks: one entry per axis, as Python's own indexing has it.

Bit i of a mask speaks of entry i of begin, end and strides. Where several bits say something, the
ellipsis goes first, then the new axis, then the axis that is dropped.

Source: TF 1.15 core/util/strided_slice_op.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tailrace import errors
from tailrace.errors import ShapeError

EVERYTHING = slice(None, None, 1)


class Masks(NamedTuple):
    """The five masks of a strided slice."""

    begin: int
    end: int
    ellipsis: int
    new_axis: int
    shrink_axis: int


def index_tuple(
    begin: Sequence[int], end: Sequence[int], strides: Sequence[int], masks: Masks
) -> tuple[Any, ...]:
    """What would stand between the brackets: ints, slices, `...` and None."""
    if masks.ellipsis & (masks.ellipsis - 1):
        raise errors.invalid("Multiple ellipses in slice spec not allowed")
    entries: list[Any] = []
    for i, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << i
        if masks.ellipsis & bit:
            entries.append(Ellipsis)
        elif masks.new_axis & bit:
            entries.append(None)
        elif step == 0:
            raise errors.invalid(f"strides[{i}] must be non-zero")
        elif masks.shrink_axis & bit:
            if step < 0:
                raise errors.invalid("only stride 1 allowed on non-range indexing.")
            entries.append(first)
        else:
            start = None if masks.begin & bit else first
            stop = None if masks.end & bit else last
            entries.append(slice(start, stop, step))
    return tuple(entries)


def spread(index: Sequence[Any], rank: int) -> list[Any]:
    """The index with an entry for every axis of the array: the ellipsis becomes full slices."""
    taken = sum(1 for entry in index if entry is not None and entry is not Ellipsis)
    if taken > rank:
        raise ShapeError(f"Index out of range using input dim {rank}; input has only {rank} dims")
    missing = [EVERYTHING] * (rank - taken)
    result: list[Any] = []
    for entry in index:
        if entry is Ellipsis:
            result.extend(missing)
            missing = []
        else:
            result.append(entry)
    return result + missing


def without_negative_steps(
    index: Sequence[Any], dims: Sequence[int]
) -> tuple[list[Any], list[int]]:
    """An index of positive steps, and the axes to turn around afterwards."""
    forward: list[Any] = []
    turned: list[int] = []
    axis = out_axis = 0
    for entry in spread(index, len(dims)):
        if entry is None:
            forward.append(None)
            out_axis += 1
            continue
        if isinstance(entry, slice):
            if entry.step is not None and entry.step < 0:
                entry = _turned(entry, dims[axis])
                turned.append(out_axis)
            out_axis += 1
        forward.append(entry)
        axis += 1
    return forward, turned


def _turned(entry: slice, size: int) -> slice:
    places = range(size)[entry]
    return slice(places[-1], places[0] + 1, -entry.step) if places else slice(0, 0, 1)


def sliced_dims(index: Sequence[Any], dims: Sequence[int | None], known: bool) -> list[int | None]:
    """The static shape of a slice. `known` is whether the index's numbers are, or only its form."""
    result: list[int | None] = []
    axis = 0
    for entry in spread(index, len(dims)):
        if entry is None:
            result.append(1)
            continue
        size = dims[axis]
        if isinstance(entry, slice):
            result.append(_sliced_size(entry, size, known))
        elif size is not None and known and not -size <= entry < size:
            raise ShapeError(f"slice index {entry} of dimension {axis} out of bounds.")
        axis += 1
    return result


def _sliced_size(entry: slice, size: int | None, known: bool) -> int | None:
    whole = entry.start is None and entry.stop is None
    if size is None or not (known or whole):
        return None
    return len(range(size)[entry])
