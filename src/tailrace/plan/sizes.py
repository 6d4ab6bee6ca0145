"""What is known of the values of a plan once the sizes of what is fed are known.

The shape rules run again, on the sizes of a run instead of the graph's static shapes: so the sizes
that programs compute from a batch's own size are known as well. What tensor arrays and stacks hold
is followed from where it is put in to where it is taken out; what loops carry has the sizes it
starts with, unless an iteration changes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tailrace import arrays
from tailrace.dtypes import DType
from tailrace.errors import InternalError, ShapeError
from tailrace.graph import Operation, Tensor
from tailrace.graph.inference import split_inputs
from tailrace.plan.ir import Loop, Step, Value
from tailrace.plan.state import root
from tailrace.shapes import UNKNOWN, Shape, UnknownRank, as_shape

Dims = tuple[int | None, ...] | None


class KnownShape(Shape):
    """What a shape rule sees of a value: like `InputShape`, but of a plan's value."""

    __slots__ = ("_value",)

    def __init__(self, value: Value) -> None:
        self.dims = value.dims
        self._value = value

    @property
    def dtype(self) -> DType:
        return self._value.tensor._dtype.base_dtype

    @property
    def value(self) -> np.ndarray | None:
        known = self._value
        return arrays.to_numpy(known.constant) if known.known else None

    @property
    def handle(self) -> tuple[DType, Any] | None:
        return self._value.tensor._handle

    def as_shape(self) -> Shape:
        if self.dims is not None and len(self.dims) > 1:
            raise ShapeError(f"Shape must be rank 1 but is rank {len(self.dims)}: {self}")
        if self._value.known:
            sizes = self._value.constant.tolist()
            return Shape(None if d < 0 else d for d in sizes) if self.dims else UNKNOWN
        return UNKNOWN if self.dims is None or None in self.dims else Shape([None] * self.dims[0])  # type: ignore[operator]


class Box:
    """What is known of a tensor array or stack: the sizes of its elements, how many, and the value
    where all are the same constant."""

    __slots__ = ("_elements", "_empty", "_relied_on", "_value", "length")

    def __init__(self) -> None:
        self.length: int | None = None
        self._elements: Dims = None
        self._value: np.ndarray | None = None
        self._empty = True
        self._relied_on = False

    def put(self, element: Any, value: np.ndarray | None = None) -> None:
        """Something of this shape, or this constant, is put in.

        Raises: Contradiction when somebody has relied on there being nothing like it.
        """
        dims = as_shape(element).dims
        before = self._elements, self._value
        if self._empty:
            self._elements, self._value, self._empty = dims, value, False
        else:
            self._elements = meet(self._elements, dims)
            self._value = self._value if _same(self._value, value) else None
        after = self._elements, self._value
        if self._relied_on and (before[0] != after[0] or before[1] is not after[1]):
            raise Contradiction

    def get(self) -> Shape:
        """The shape of an element."""
        self._relied_on = True
        return Shape(self._elements)

    @property
    def value(self) -> np.ndarray | None:
        """What every element is."""
        self._relied_on = True
        return self._value


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    return a is not None and b is not None and a.dtype == b.dtype and np.array_equal(a, b)


class Contradiction(Exception):
    """What was taken for known turned out to vary: the sizes have to be found again."""


def meet(a: Dims, b: Dims) -> Dims:
    """What two shapes have in common."""
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(m if m == n else None for m, n in zip(a, b, strict=True))


def apply(step: Step, rule: Any, names: Iterable[str], *first: Any) -> Any:
    """Call a rule that takes what a shape rule takes; None when it asks for more than is known."""
    attrs = step.attrs
    inputs = split_inputs(step.op_def, [KnownShape(v) for v in step.inputs], attrs)
    try:
        return rule(*first, *inputs, **{name: attrs[name] for name in names})
    except (UnknownRank, ShapeError):  # what does not fit is reported when it is run
        return None


def infer(step: Step, boxes: dict[Operation, Box]) -> list[Any]:
    """Set the sizes of a step's outputs; gives what is known of each: an array where sizes tell
    the value, else a shape or None.

    Raises: Contradiction.
    """
    op_def = step.op_def
    results = None
    if op_def.contents_rule is not None:
        handle = next((root(v) for v in (*step.inputs, *step.outputs) if _is_handle(v)), None)
        if handle is not None:
            box = boxes.setdefault(handle, Box())
            results = apply(step, op_def.contents_rule, op_def.contents_attrs, box)
    if results is None and op_def.shape_rule is not None:
        results = apply(step, op_def.shape_rule, op_def.shape_attrs)
    if results is None:
        results = [None] * len(step.outputs)
    for value, known in zip(step.outputs, results, strict=True):
        value.dims = known.shape if isinstance(known, np.ndarray) else as_shape(known).dims
    return list(results)


def _is_handle(value: Value) -> bool:
    return value.tensor._dtype.name == "resource"


def telling(feeds: list[Tensor], steps: Iterable[Step]) -> list[bool]:
    """For each feed, whether it is a whole number that sizes are computed from: a batch size, say.

    It is when a kernel wants to know, on the host, something computed from it.
    """
    found: set[Tensor] = set()
    stack = [v for step in steps for v in _asked_by_host(step)]
    seen = set(stack)
    while stack:
        value = stack.pop()
        if value.step is None:
            found.add(value.tensor)
            continue
        further = [v for v in value.step.inputs if v not in seen and v.tensor._dtype.is_integer]
        seen.update(further)
        stack.extend(further)
    return [t in found and t._dims == () and t._dtype.is_integer for t in feeds]


def _asked_by_host(step: Step) -> list[Value]:
    if not step.op_def.host:
        return []
    grouped = split_inputs(step.op_def, step.inputs, step.attrs)
    asked = [
        g
        for arg, g in zip(step.op_def.inputs, grouped, strict=True)
        if arg.name in step.op_def.host
    ]
    return [v for group in asked for v in (group if isinstance(group, list) else [group])]


def in_order(steps: list[Step]) -> list[Step]:
    """The steps, each after what it needs.

    Raises: InternalError when the steps depend on each other in a circle.
    """
    members = set(steps)
    ordered: dict[Step, None] = {}
    begun: set[Step] = set()  # those of the stack that wait for one further up
    for start in steps:
        stack = [start]
        while stack:
            step = stack[-1]
            if step in ordered:
                stack.pop()
                continue
            waiting = [s for s in step.needs() if s in members and s not in ordered]
            waiting = [s for s in waiting if s is not step]
            if waiting:
                begun.add(step)
                circle = next((s for s in waiting if s in begun), None)
                if circle is not None:
                    raise InternalError(
                        None,
                        circle.op,
                        f"the plan has a cycle through operation '{circle.op.name}', which needs "
                        f"'{step.op.name}'",
                    )
                stack.extend(waiting)
            else:
                ordered[step] = None
                stack.pop()
    return list(ordered)


def enter(loop: Loop) -> None:
    """Take the sizes loop variables start with for those they have."""
    for variable in loop.variables:
        variable.value.dims = variable.initial.dims
        variable.index.dims = ()


def settled(loop: Loop) -> bool:
    """Whether an iteration leaves the loop variables the sizes they had; else those that change
    are forgotten."""
    same = True
    for variable in loop.variables:
        met = meet(variable.value.dims, variable.next.dims)
        same = same and met == variable.value.dims
        variable.value.dims = met
    return same


def give_up(loop: Loop) -> None:
    """Nothing is known of the sizes of loop variables."""
    for variable in loop.variables:
        variable.value.dims = None


def leave(loop: Loop) -> None:
    """Give what a loop ends with the sizes it has within."""
    for output, inner in zip(loop.outputs, loop.exits, strict=True):
        output.dims = inner.dims
