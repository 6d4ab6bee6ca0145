"""Static shapes, any part of which may be unknown.

Two forms of one thing: `TensorShape`/`Dimension` are what programs see (TensorFlow's classes),
`Shape` is what shape rules compute with: a tuple whose entries are int or None, or a shape of
unknown rank. A rule that looks into a shape of unknown rank is left by `UnknownRank`; its caller
then knows that the outputs' ranks are unknown too, so that rules need not ask.

Source: TF 1.15 python/framework/tensor_shape.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tailrace.errors import ShapeError


class UnknownRank(Exception):  # a jump out of a shape rule, not an error
    """A shape rule asked for the dimensions of a shape whose rank is unknown."""


class Shape:
    """What a shape rule sees of a tensor: `dims` is a tuple of int or None,
    or None for unknown rank.
    """

    __slots__ = ("dims",)

    def __init__(self, dims: Iterable[int | None] | None) -> None:
        self.dims = None if dims is None else tuple(dims)

    @property
    def rank(self) -> int | None:
        return None if self.dims is None else len(self.dims)

    @property
    def known(self) -> tuple[int | None, ...]:
        """The dimensions; leaves the rule when the rank is unknown."""
        if self.dims is None:
            raise UnknownRank
        return self.dims

    @property
    def complete(self) -> bool:
        """Whether every dimension is known."""
        return self.dims is not None and None not in self.dims

    def __len__(self) -> int:
        return len(self.known)

    def __iter__(self) -> Iterator[int | None]:
        return iter(self.known)

    def __getitem__(self, index: Any) -> Any:
        return self.known[index]

    def __reversed__(self) -> Iterator[int | None]:
        return reversed(self.known)

    def __add__(self, other: Any) -> tuple[int | None, ...]:
        return self.known + tuple(other)

    def __radd__(self, other: Any) -> tuple[int | None, ...]:
        return tuple(other) + self.known

    def __eq__(self, other: object) -> bool:
        dims = other.dims if isinstance(other, Shape) else other
        return self.dims == (tuple(dims) if isinstance(dims, (list, tuple)) else dims)

    def __hash__(self) -> int:
        return hash(self.dims)

    def __repr__(self) -> str:
        return describe(self.dims)


UNKNOWN = Shape(None)


def describe(dims: Sequence[int | None] | None) -> str:
    """How a shape is written in messages: `[None, 64]`, or `<unknown>`."""
    return "<unknown>" if dims is None else "[" + ", ".join(map(str, dims)) + "]"


def agree(a: int | None, b: int | None, what: str = "dimensions", hint: str = "") -> int | None:
    """The size two dimensions that must be equal have; None when neither is known.

    Raises: ShapeError when they differ.
    """
    if a is None:
        return b
    if b is None or a == b:
        return a
    raise ShapeError(f"{what} differ: {a} and {b}" + (f"\n  hint: {hint}" if hint else ""))


def merge(a: Any, b: Any, what: str = "shapes") -> Shape:
    """The shape two tensors that must have the same shape have, each completing the other."""
    a, b = as_shape(a), as_shape(b)
    if a.dims is None:
        return b
    if b.dims is None:
        return a
    if len(a) != len(b):
        raise ShapeError(f"{what} have different ranks: {a} and {b}")
    return Shape(agree(m, n, f"{what} {a} and {b}") for m, n in zip(a, b, strict=True))


def broadcast(a: Any, b: Any) -> Shape:
    """The shape of an element-wise operation on two tensors, by NumPy's rules."""
    a, b = as_shape(a), as_shape(b)
    if a.dims is None or b.dims is None:
        return UNKNOWN
    rank = max(len(a), len(b))
    wide_a = (1,) * (rank - len(a)) + a.dims
    wide_b = (1,) * (rank - len(b)) + b.dims
    return Shape(_broadcast_dim(m, n, a, b) for m, n in zip(wide_a, wide_b, strict=True))


def _broadcast_dim(m: int | None, n: int | None, a: Shape, b: Shape) -> int | None:
    if m == 1:
        return n
    if n == 1 or m == n:
        return m
    if m is None or n is None:
        return n if m is None else m
    raise ShapeError(f"Dimensions must be equal, but are {m} and {n}: shapes {a} and {b}")


def with_rank(shape: Any, rank: int, what: str = "Shape") -> Shape:
    """`shape`, which must have this rank; all dimensions unknown when its rank was."""
    shape = as_shape(shape)
    if shape.dims is None:
        return Shape([None] * rank)
    if len(shape) != rank:
        raise ShapeError(f"{what} must be rank {rank} but is rank {len(shape)}: {shape}")
    return shape


def at_least_rank(shape: Any, rank: int, what: str = "Shape") -> Shape:
    """The shape. Raises: ShapeError when its rank is known and below `rank`."""
    shape = as_shape(shape)
    if shape.dims is not None and len(shape) < rank:
        raise ShapeError(f"{what} must be at least rank {rank} but is rank {len(shape)}: {shape}")
    return shape


def product(dims: Iterable[int | None]) -> int | None:
    """The number of elements, None when a dimension is unknown (and none is 0)."""
    total: int | None = 1
    for dim in dims:
        if dim == 0:
            return 0
        total = None if total is None or dim is None else total * dim
    return total


def as_shape(value: Any) -> Shape:
    """A `Shape` of a shape, a TensorShape, dimensions or None."""
    if isinstance(value, Shape):
        return value
    if isinstance(value, TensorShape):
        return Shape(value._dims)
    return Shape(value)


def dimension_value(dimension: Any) -> int | None:
    """The int of a `Dimension` or int, or None."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


class Dimension:
    """One dimension: a size, or None when it is not known. Unknown is contagious in arithmetic."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        if value is None:
            self._value = None
            return
        if isinstance(value, Dimension):
            self._value = value.value
            return
        self._value = value.__index__() if hasattr(value, "__index__") else _whole(value)
        if self._value < 0:
            raise ValueError(f"Dimension {self._value} must be >= 0")

    @property
    def value(self) -> int | None:
        return self._value

    def __repr__(self) -> str:
        return f"Dimension({self._value!r})"

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)

    def __eq__(self, other: object) -> bool | None:  # type: ignore[override]
        """None when either is unknown: TensorFlow leaves the comparison open."""
        try:
            other = as_dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or other.value is None:
            return None
        return self._value == other.value

    def __ne__(self, other: object) -> bool | None:  # type: ignore[override]
        equal = self.__eq__(other)
        return equal if equal is NotImplemented or equal is None else not equal

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return self._value  # type: ignore[return-value]

    def __index__(self) -> int:
        return self._value  # type: ignore[return-value]

    def is_compatible_with(self, other: Any) -> bool:
        other = as_dimension(other)
        return self._value is None or other.value is None or self._value == other.value

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def merge_with(self, other: Any) -> Dimension:
        other = as_dimension(other)
        self.assert_is_compatible_with(other)
        return Dimension(other.value if self._value is None else self._value)

    def _combine(self, other: Any, function: Any) -> Any:
        try:
            other = as_dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or other.value is None:
            return Dimension(None)
        return Dimension(function(self._value, other.value))

    def __add__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a + b)

    def __radd__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b + a)

    def __sub__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a // b)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b // a)

    __div__ = __floordiv__

    def __truediv__(self, other: Any) -> Any:
        raise TypeError(f"unsupported operand: Dimension / {type(other).__name__}; use // instead")

    def __mod__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a % b)

    def __rmod__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b % a)

    def _ordered(self, other: Any, function: Any) -> Any:
        other = as_dimension(other)
        if self._value is None or other.value is None:
            return None
        return function(self._value, other.value)

    def __lt__(self, other: Any) -> Any:
        return self._ordered(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Any:
        return self._ordered(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Any:
        return self._ordered(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Any:
        return self._ordered(other, lambda a, b: a >= b)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dimension, (self._value,)


def _whole(value: Any) -> int:
    number = int(value)
    if number != value:
        raise ValueError(f"Ambiguous dimension: {value}")
    return number


def as_dimension(value: Any) -> Dimension:
    """A `Dimension` of one, a size or None."""
    return value if isinstance(value, Dimension) else Dimension(value)


class TensorShape:
    """A static shape as programs see it: fully known, partly known, or of unknown rank.

    `TensorShape(None)` has unknown rank; `TensorShape([None, 3])` is a matrix with three columns.
    """

    __slots__ = ("_dims",)

    def __init__(self, dims: Any) -> None:
        self._dims: tuple[int | None, ...] | None
        if dims is None:
            self._dims = None
        elif isinstance(dims, TensorShape):
            self._dims = dims._dims
        elif isinstance(dims, Shape):
            self._dims = dims.dims
        elif hasattr(dims, "unknown_rank"):  # TensorShapeProto
            self._dims = _dims_of_proto(dims)
        else:
            try:
                entries = list(dims)
            except TypeError:
                entries = [dims]
            self._dims = tuple(as_dimension(d).value for d in entries)

    @property
    def rank(self) -> int | None:
        return None if self._dims is None else len(self._dims)

    @property
    def ndims(self) -> int | None:
        return self.rank

    @property
    def dims(self) -> list[Dimension] | None:
        return None if self._dims is None else [Dimension(d) for d in self._dims]

    def __repr__(self) -> str:
        if self._dims is None:
            return "TensorShape(None)"
        return f"TensorShape([{', '.join(map(repr, map(Dimension, self._dims)))}])"

    def __str__(self) -> str:
        if self._dims is None:
            return "<unknown>"
        inside = ", ".join("?" if d is None else str(d) for d in self._dims)
        return f"({inside},)" if len(self._dims) == 1 else f"({inside})"

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._dims)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __iter__(self) -> Iterator[Dimension]:
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter([Dimension(d) for d in self._dims])

    def __getitem__(self, key: Any) -> Any:
        if self._dims is not None:
            if isinstance(key, slice):
                return TensorShape(self._dims[key])
            return Dimension(self._dims[key])
        if not isinstance(key, slice):
            return Dimension(None)
        start, stop = key.start or 0, key.stop
        if key.step is not None or stop is None or start < 0 or stop < 0:
            return TensorShape(None)
        return TensorShape([None] * max(0, stop - start))

    def num_elements(self) -> int | None:
        return product(self._dims) if self.is_fully_defined() and self._dims is not None else None

    def is_fully_defined(self) -> bool:
        return self._dims is not None and None not in self._dims

    def assert_is_fully_defined(self) -> None:
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def as_list(self) -> list[Any]:
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def as_proto(self) -> Any:
        messages = importlib.import_module("tensorboard.compat.proto.tensor_shape_pb2")
        if self._dims is None:
            return messages.TensorShapeProto(unknown_rank=True)
        sizes = [messages.TensorShapeProto.Dim(size=-1 if d is None else d) for d in self._dims]
        return messages.TensorShapeProto(dim=sizes)

    def is_compatible_with(self, other: Any) -> bool:
        other = as_tensor_shape(other)
        if self._dims is None or other._dims is None:
            return True
        return len(self._dims) == len(other._dims) and all(
            a is None or b is None or a == b for a, b in zip(self._dims, other._dims, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_tensor_shape(other)} are incompatible")

    def assert_same_rank(self, other: Any) -> None:
        other = as_tensor_shape(other)
        if self.rank is not None and other.rank is not None and self.rank != other.rank:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def has_rank(self, rank: int) -> bool:
        return self.rank == rank

    def assert_has_rank(self, rank: int) -> None:
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def with_rank(self, rank: int) -> TensorShape:
        try:
            return self.merge_with([None] * rank)
        except ValueError:
            raise ValueError(f"Shape {self} must have rank {rank}") from None

    def with_rank_at_least(self, rank: int) -> TensorShape:
        if self.rank is not None and self.rank < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        if self.rank is not None and self.rank > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def merge_with(self, other: Any) -> TensorShape:
        other = as_tensor_shape(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        return TensorShape(merge(self._dims, other._dims))

    def concatenate(self, other: Any) -> TensorShape:
        other = as_tensor_shape(other)
        if self._dims is None or other._dims is None:
            return TensorShape(None)
        return TensorShape(self._dims + other._dims)

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return as_tensor_shape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        try:
            return self._dims == as_tensor_shape(other)._dims
        except (TypeError, ValueError):
            return NotImplemented

    def __ne__(self, other: object) -> bool:
        # TF: comparing shapes that are not fully defined is refused here but not by ==.
        try:
            other = as_tensor_shape(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self.rank is None or other.rank is None:
            raise ValueError("The inequality of unknown TensorShapes is undefined.")
        return self._dims != other._dims

    def __hash__(self) -> int:
        return hash(self._dims)

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (self._dims,)


def _dims_of_proto(proto: Any) -> tuple[int | None, ...] | None:
    if proto.unknown_rank:
        return None
    return tuple(None if dim.size == -1 else dim.size for dim in proto.dim)


def as_tensor_shape(value: Any) -> TensorShape:
    """A `TensorShape` of one, dimensions or None."""
    return value if isinstance(value, TensorShape) else TensorShape(value)


def unknown_shape(rank: int | None = None) -> TensorShape:
    """A shape about which at most the rank is known."""
    return TensorShape(None if rank is None else [None] * rank)


def dimension_at_index(shape: TensorShape, index: int) -> Dimension:
    """A dimension of a shape; an unknown one when the rank is unknown."""
    return Dimension(None) if shape.rank is None else shape[index]
