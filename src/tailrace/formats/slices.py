"""Parts of a tensor, as partitioned variables are stored: `start,length` or `-` per dimension.

Source: TF 1.15 core/framework/tensor_slice.cc, core/util/saved_tensor_slice_util.cc.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from tailrace.formats import coding, protos

FULL = -1


@dataclasses.dataclass(frozen=True)
class TensorSlice:
    """`extents` has (start, length) per dimension; length `FULL` is the whole of it."""

    extents: tuple[tuple[int, int], ...]

    @classmethod
    def full(cls, rank: int) -> TensorSlice:
        """The slice that is all of a tensor."""
        return cls(((0, FULL),) * rank)

    @classmethod
    def parse(cls, text: str) -> TensorSlice:
        """Reads `0,2:-:3,4`. Raises: ValueError."""
        extents = []
        for part in text.split(":") if text else []:
            if part == "-":
                extents.append((0, FULL))
                continue
            try:
                start, length = (int(number) for number in part.split(","))
            except ValueError:
                raise ValueError(
                    f"Expected a pair of numbers or '-' but got '{part}': string = {text}"
                ) from None
            if start < 0 or length <= 0:
                raise ValueError(
                    f"Expected non-negative start and positive length but got start = {start}, "
                    f"length = {length}: string = {text}"
                )
            extents.append((start, length))
        return cls(tuple(extents))

    @classmethod
    def from_proto(cls, proto: Any) -> TensorSlice:
        """Reads a `TensorSliceProto`."""
        return cls(
            tuple(
                (extent.start, extent.length if extent.WhichOneof("has_length") else FULL)
                for extent in proto.extent
            )
        )

    def to_proto(self) -> Any:
        """The `TensorSliceProto`."""
        proto = protos.TensorSliceProto()
        for start, length in self.extents:
            extent = proto.extent.add()
            if length != FULL:
                extent.start, extent.length = start, length
        return proto

    def __str__(self) -> str:
        """The form `parse` reads."""
        return ":".join("-" if n == FULL else f"{start},{n}" for start, n in self.extents)

    def bounds(self, shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        """(start, stop) per dimension of a tensor of `shape`. Raises: ValueError outside of it."""
        if len(self.extents) != len(shape):
            raise ValueError(f"slice '{self}' has not the rank of shape {list(shape)}")
        found = []
        for axis, ((start, length), size) in enumerate(zip(self.extents, shape, strict=True)):
            stop = size if length == FULL else start + length
            if stop > size:
                raise ValueError(
                    f"Extent in dimension {axis} out of bounds: shape = {list(shape)}, "
                    f"slice = {self}"
                )
            found.append((start, stop))
        return tuple(found)

    def shape_in(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The slice's own shape, cut from a tensor of `shape`."""
        return tuple(stop - start for start, stop in self.bounds(shape))


Bounds = tuple[tuple[int, int], ...]  # (start, stop) per dimension, within the whole tensor


def copy_overlap(source: np.ndarray, there: Bounds, target: np.ndarray, here: Bounds) -> int:
    """Copies what two parts of a tensor have in common; returns how many elements that is."""
    common = [(max(a, c), min(b, d)) for (a, b), (c, d) in zip(there, here, strict=True)]
    if any(start >= stop for start, stop in common):
        return 0
    place = tuple(
        slice(start - first, stop - first)
        for (start, stop), (first, _) in zip(common, here, strict=True)
    )
    origin = tuple(
        slice(start - first, stop - first)
        for (start, stop), (first, _) in zip(common, there, strict=True)
    )
    target[place] = source[origin]
    return math.prod(stop - start for start, stop in common)


def parse_shape_and_slice(text: str) -> tuple[tuple[int, ...], TensorSlice]:
    """Reads `4 3 0,2:-`: the whole tensor's shape, then the slice. Raises: ValueError."""
    *sizes, last = text.split(" ")
    if not sizes and ("," in last or last == "-" or not last):
        raise ValueError(f"Need least two elements in shape_and_slice specification: {text}")
    part = TensorSlice.parse(last)
    try:
        shape = tuple(int(size) for size in sizes)
    except ValueError:
        raise ValueError(f"Need non-negative sizes in shape_and_slice: {text}") from None
    part.bounds(shape)
    return shape, part


def encode_name_slice(name: bytes, part: TensorSlice) -> bytes:
    """The table key under which a slice of the tensor `name` lies."""
    key = [
        coding.ordered_number(0),
        coding.ordered_string(name),
        coding.ordered_number(len(part.extents)),
    ]
    for start, length in part.extents:
        key += [coding.ordered_signed(start), coding.ordered_signed(length)]
    return b"".join(key)
