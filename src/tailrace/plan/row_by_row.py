"""What becomes of the rows of sequences that have ended."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from tailrace.dtypes import int32
from tailrace.plan.edges import Users
from tailrace.plan.gates import columns_of
from tailrace.plan.ir import Choice, Fused, Join, Loop, Step, Value
from tailrace.plan.masks import is_zero, test_of
from tailrace.plan.match import transposes
from tailrace.registry import Cell


def key_of(step: Step) -> tuple[Value, int] | None:
    """Lengths and time of a choice that `masks` has made."""
    if not isinstance(step, Fused) or not step.op_def.chooses or step.inputs[1] is step.inputs[2]:
        return None
    found = test_of(step.inputs[0])
    if found is None or found[0] != "mask" or found[1][0].tensor._dtype is not int32:
        return None
    return found[1]


@dataclasses.dataclass
class Rows:
    """Tells where values are zero in the rows of the sequences that have ended by `key`."""

    cell: Cell
    key: tuple[Value, int]
    known: dict[Value, bool] = dataclasses.field(default_factory=dict)

    def masked(self, step: Step) -> bool:
        """Whether a step chooses zero there."""
        return key_of(step) == self.key and is_zero(step.inputs[1])

    def vanish(self, value: Value) -> bool:
        """Whether the rows are zero, each being computed from rows that are."""
        if value not in self.known:
            self.known[value] = self._vanish(value)
        return self.known[value]

    def _vanish(self, value: Value) -> bool:
        if is_zero(value):
            return True
        step = value.step
        if step is None or value.known or isinstance(step, (Loop, Choice, Join)):
            return False
        d, inputs = step.op_def, step.inputs
        if self.masked(step):
            return True
        if d.adds:
            return all(map(self.vanish, inputs))
        if d.joins:
            *parts, axis = inputs
            by_columns = axis.known and int(axis.constant) in (1, -1)
            return by_columns and all(map(self.vanish, parts))
        if d.chooses:
            return all(map(self.vanish, inputs[1:]))
        if d.name in self.cell.groups["Part"]:
            return columns_of(step) is not None and self.vanish(inputs[0])
        if d.name in self.cell.groups["Product"]:
            return transposes(step)[0] is False and self.vanish(inputs[0])
        names = [arg.name for arg in d.inputs]
        return d.elementwise and any(
            name in d.vanishes and v.dims == value.dims and self.vanish(v)
            for name, v in zip(names, inputs, strict=False)
        )

    def confine(self, values: Iterable[Value], users: Users, kept: set[Value]) -> bool:
        """Whether what the rows of some values are makes no difference: other rows do not depend on
        them, and zero is chosen, or they are multiplied with zero, before they are put to use.
        """
        stack = list(values)
        seen = set(stack)
        while stack:
            value = stack.pop()
            if value in kept:
                return False
            for step in dict.fromkeys(users.get(value, ())):
                if self._ends(value, step):
                    continue
                if not row_by_row(self.cell, value, step):
                    return False
                stack += [v for v in step.outputs if v not in seen]
                seen.update(step.outputs)
        return True

    def _ends(self, value: Value, step: Step) -> bool:
        """Whether the rows of a value make no difference to what a step gives."""
        if isinstance(step, (Loop, Choice, Join)):
            return False
        if key_of(step) == self.key and value not in step.inputs[:2]:
            return True
        if step.op_def.name in self.cell.groups["Product"] and transposes(step)[0]:
            return any(v is not value and self.vanish(v) for v in step.inputs)
        return bool(step.outputs) and all(map(self.vanish, step.outputs))


def row_by_row(cell: Cell, value: Value, step: Step) -> bool:
    """Whether each row of what a step gives depends on the same row of a value alone."""
    if isinstance(step, (Loop, Choice, Join)) or not step.foldable or not step.outputs:
        return False
    d, groups = step.op_def, cell.groups
    dims, rows = step.outputs[0].dims, (value.dims or (None,))[0]
    if dims is None or len(dims) != 2 or dims[0] != rows or len(value.dims or ()) != 2:
        return False
    if d.name in groups["Product"]:
        return step.inputs[0] is value and step.inputs[1] is not value
    if d.name in groups["Part"]:
        return columns_of(step) is not None
    if d.joins or d.name in groups["Parts"]:
        axis = step.inputs[-1 if d.joins else 0]
        return axis.known and int(axis.constant) in (1, -1)
    if d.chooses:
        return value is not step.inputs[0] or value.dims == dims
    return d.elementwise or d.adds or d.name in groups["BiasAdd"]
