"""Tensor: one output of an operation.

Source: TF 1.15 python/framework/ops.py (Tensor).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from tailrace.dtypes import DType
from tailrace.errors import OperatorNotAllowedInGraphError
from tailrace.shapes import TensorShape, as_shape, merge

if TYPE_CHECKING:
    from tailrace.graph.graph import Graph
    from tailrace.graph.operation import Operation


class Tensor:
    """A symbolic value: output `value_index` of `op`.

    Its value exists only while a session runs.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_consumers",
        "_dims",
        "_dtype",
        "_handle",
        "_op",
        "_value_index",
    )
    __array_priority__ = 100  # numpy's operators defer to ours

    OVERLOADABLE_OPERATORS: ClassVar[frozenset[str]] = frozenset(
        [
            "__add__",
            "__radd__",
            "__sub__",
            "__rsub__",
            "__mul__",
            "__rmul__",
            "__div__",
            "__rdiv__",
            "__truediv__",
            "__rtruediv__",
            "__floordiv__",
            "__rfloordiv__",
            "__mod__",
            "__rmod__",
            "__lt__",
            "__le__",
            "__gt__",
            "__ge__",
            "__and__",
            "__rand__",
            "__or__",
            "__ror__",
            "__xor__",
            "__rxor__",
            "__getitem__",
            "__pow__",
            "__rpow__",
            "__invert__",
            "__neg__",
            "__abs__",
            "__matmul__",
            "__rmatmul__",
        ]
    )

    if TYPE_CHECKING:  # set by the library, see `_override_operator`
        __add__: ClassVar[Any]
        __radd__: ClassVar[Any]
        __sub__: ClassVar[Any]
        __rsub__: ClassVar[Any]
        __mul__: ClassVar[Any]
        __rmul__: ClassVar[Any]
        __div__: ClassVar[Any]
        __rdiv__: ClassVar[Any]
        __truediv__: ClassVar[Any]
        __rtruediv__: ClassVar[Any]
        __floordiv__: ClassVar[Any]
        __rfloordiv__: ClassVar[Any]
        __mod__: ClassVar[Any]
        __rmod__: ClassVar[Any]
        __lt__: ClassVar[Any]
        __le__: ClassVar[Any]
        __gt__: ClassVar[Any]
        __ge__: ClassVar[Any]
        __and__: ClassVar[Any]
        __rand__: ClassVar[Any]
        __or__: ClassVar[Any]
        __ror__: ClassVar[Any]
        __xor__: ClassVar[Any]
        __rxor__: ClassVar[Any]
        __getitem__: ClassVar[Any]
        __pow__: ClassVar[Any]
        __rpow__: ClassVar[Any]
        __invert__: ClassVar[Any]
        __neg__: ClassVar[Any]
        __abs__: ClassVar[Any]
        __matmul__: ClassVar[Any]
        __rmatmul__: ClassVar[Any]

    def __init__(self, op: Operation, value_index: int, dtype: DType) -> None:
        self._op = op
        self._value_index = value_index
        self._dtype = dtype
        self._dims: tuple[int | None, ...] | None = None
        self._handle: tuple[DType, Any] | None = None  # element type and dims behind a resource
        self._consumers: list[Operation] = []

    @property
    def op(self) -> Operation:
        return self._op

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def graph(self) -> Graph:
        return self._op._graph

    @property
    def name(self) -> str:
        return f"{self._op._name}:{self._value_index}"

    @property
    def device(self) -> str:
        return self._op.device

    @property
    def value_index(self) -> int:
        return self._value_index

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self._dims)

    def get_shape(self) -> TensorShape:
        return TensorShape(self._dims)

    @property
    def _shape(self) -> TensorShape:
        return TensorShape(self._dims)

    def _shape_as_list(self) -> list[int | None] | None:
        return None if self._dims is None else list(self._dims)

    def _rank(self) -> int | None:
        return None if self._dims is None else len(self._dims)

    def set_shape(self, shape: Any) -> None:
        """Add what is known about the shape.

        Raises: ValueError when it contradicts what was known.
        """
        shape = as_shape(TensorShape(shape))
        try:
            self._dims = merge(self._dims, shape).dims
        except ValueError as error:
            raise ValueError(f"{error}\n  tensor: {self.name}, set_shape({shape})") from None

    def consumers(self) -> list[Operation]:
        return list(dict.fromkeys(self._consumers))

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """The value, computed by `session` or the default session."""
        return self.graph._default_session(session, "evaluate tensor").run(self, feed_dict)

    def experimental_ref(self) -> Any:
        return self

    def __str__(self) -> str:
        parts = [f'"{self.name}"']
        if self._dims is not None:
            parts.append(f"shape={self.shape}")
        parts.append(f"dtype={self._dtype.name}")
        if self.device:
            parts.append(f"device={self.device}")
        return f"Tensor({', '.join(parts)})"

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self.shape} dtype={self._dtype.name}>"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        # TF: 1.x compares identity, so that tensors can be dictionary keys; element-wise is
        # tf.equal.
        return self is other

    def __bool__(self) -> bool:
        raise OperatorNotAllowedInGraphError(
            "Using a `tf.Tensor` as a Python `bool` is not allowed. Use `if t is not None:` "
            "instead of `if t:` to test if a tensor is defined, and tf.cond to execute subgraphs "
            "conditioned on the value of a tensor."
        )

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for symbolic Tensors. ({self.name}) "
            "Please call `x.shape` rather than `len(x)` for shape information."
        )

    def __iter__(self) -> Any:
        raise OperatorNotAllowedInGraphError(
            "Tensor objects are only iterable when eager execution is enabled. "
            "To iterate over this tensor use tf.map_fn."
        )

    def __float__(self) -> float:
        raise TypeError(f"{self.name} has no value yet: evaluate it in a session before float()")

    def __int__(self) -> int:
        raise TypeError(f"{self.name} has no value yet: evaluate it in a session before int()")

    def _as_node_def_input(self) -> str:
        return self._op._name if self._value_index == 0 else self.name

    @staticmethod
    def _override_operator(operator: str, function: Callable[..., Any]) -> None:
        """Set what an operator does to tensors; the library of mathematical functions does."""
        if operator not in Tensor.OVERLOADABLE_OPERATORS:
            raise ValueError(f"Overriding {operator} is disallowed")
        setattr(Tensor, operator, function)
