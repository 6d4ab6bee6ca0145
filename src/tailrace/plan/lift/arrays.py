"""What tensor arrays hold, followed along their flows, and which values stacks hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tailrace.graph import Operation
from tailrace.plan.ir import Step, Value
from tailrace.plan.state import root

if TYPE_CHECKING:
    from tailrace.plan.build import Builder
    from tailrace.plan.lift.loop import LoopLifter
    from tailrace.plan.lift.recurrence import Recurrence

# An array, or the array of its gradients for one call of `tf.gradients`.
Key = tuple[Operation, bytes | None]


@dataclasses.dataclass(eq=False)
class Write:
    """Elements that are put in: those of the first axis of `elements`, at `indices`.

    `before` are the flows that lead here.
    """

    key: Key
    indices: list[int]
    elements: Value
    before: list[Value]


class Arrays:
    """The writes behind every flow, and what was pushed on every stack."""

    def __init__(self) -> None:
        self.writes: dict[Value, list[Write]] = {}
        self.pushed: dict[Operation, tuple[LoopLifter, Value]] = {}
        self.recurrences: list[Recurrence] = []  # of the loops that are lifted

    def key(self, handle: Value) -> Key | None:
        """Which array a handle leads to."""
        source = None
        step = handle.step
        if step is not None and step.op_def.array == "gradient":
            source = step.attrs["source"]
        operation = root(handle)
        return None if operation is None else (operation, source)

    def at(self, flow: Value, key: Key) -> list[Write] | None:
        """What the array holds where `flow` says so; None when that is not known."""
        found: dict[Write, None] = {}
        seen: set[Value] = set()
        stack = [flow]
        while stack:
            value = stack.pop()
            if value in seen:
                continue
            seen.add(value)
            writes = self.writes.get(value)
            if writes is not None:
                own = [w for w in writes if w.key == key]
                if not own and key[1] is None:
                    return None
                found.update(dict.fromkeys(own))
                stack.extend(before for w in own for before in w.before)
                continue
            passed = list(passed_on(value))
            if not passed and not _starts(value):
                return None
            stack.extend(passed)
        return list(found)

    def note_scatter(self, step: Step) -> None:
        """Remember what a scatter puts in, where its indices are known."""
        handle, indices, elements, flow = step.inputs
        key = self.key(handle)
        if key is not None and indices.known:
            write = Write(key, indices.constant.tolist(), elements, [flow])
            self.writes[step.outputs[0]] = [write]

    def read(self, b: Builder, writes: list[Write], indices: list[int]) -> Value | None:
        """The elements at `indices`, as one array; gradients written several times add up."""
        if not writes or (len(writes) > 1 and writes[0].key[1] is None):
            return None
        parts = [_picked(b, w, indices) for w in writes]
        if any(part is None for part in parts):
            return None
        total = parts[0]
        for part in parts[1:]:
            total = b.AddSteps(total, part)
        return total


def _picked(b: Builder, write: Write, indices: list[int]) -> Value | None:
    if write.indices == indices:
        return write.elements
    if write.indices[::-1] == indices:
        return b.ReverseSteps(write.elements)
    position = {index: i for i, index in enumerate(write.indices)}
    if any(i not in position for i in indices):
        return None
    return b.TakeSteps(write.elements, indices=[position[i] for i in indices])


def passed_on(flow: Value) -> Iterator[Value]:
    """The flows that a flow merely continues: through the handle of a gradient's array, copies and
    sums."""
    step = flow.step
    if step is None:
        return
    d = step.op_def
    if d.array == "gradient":
        yield step.inputs[1]
    elif d.adds or (d.alias and not d.array and len(step.inputs) == 1):
        yield from step.inputs


def _starts(flow: Value) -> bool:
    """Whether nothing was put in before: the flow of a new array, or a constant, with which sums
    of flows begin."""
    return flow.known or (flow.step is not None and flow.step.op_def.array == "new")
