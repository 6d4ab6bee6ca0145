"""Values of single steps as slices of one value with an axis of steps in front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tailrace.plan.build import Builder
from tailrace.plan.edit import Editor, reaches
from tailrace.plan.ir import Step, Value
from tailrace.plan.match import equal

Row = Sequence[Value]


class Lanes:
    """Puts together values of consecutive steps, without stacking them where they are slices."""

    def __init__(self, editor: Editor) -> None:
        self.editor = editor

    # -- from one to many --------------------------------------------------------------------------

    def spread(self, b: Builder, whole: Value, values: Sequence[Value | None]) -> None:
        """Let slices of `whole` take the place of values, one for each step."""
        slices = b.Unpack(whole, num=len(values), axis=0)
        for value, piece in zip(values, slices, strict=True):
            if value is not None:
                self.editor.put(value, piece)

    def restack(self, b: Builder, whole: Value, slices: Sequence[Value | None]) -> None:
        """Let `whole` take the place of what is stacked of its slices again."""
        wanted = list(slices)
        if wanted[0] is None:
            return
        for step in list(dict.fromkeys(self.editor.users.get(wanted[0], ()))):
            if not step.op_def.stacks or step.after or step.attrs["axis"] not in (0, 1):
                continue
            if step.inputs == wanted:
                found = whole
            elif step.inputs == wanted[::-1]:
                found = b.ReverseSteps(whole)
            else:
                continue
            self.editor.put(step.outputs[0], _turned(b, found, step.attrs["axis"]))

    # -- from many to one --------------------------------------------------------------------------

    def whole(self, b: Builder, values: Row) -> Value:
        """The values of all steps as one."""
        found = self._found(b, values)
        return b.Pack(*values) if found is None else found

    def _found(self, b: Builder, values: Row) -> Value | None:
        """The values of all steps as one, if they are slices, or computed from such one by one."""
        if values[0].known or values[0].step is None:
            return None
        if values[0].step.op_def.unstacks:
            return self._slices(b, values, values[0].step)
        return self._computed(b, values)

    def _slices(self, b: Builder, values: Row, step: Step) -> Value | None:
        if step.attrs["axis"] not in (0, 1):
            return None
        begin = step.outputs.index(values[0])
        for sign in (1, -1):
            positions = [begin + sign * t for t in range(len(values))]
            if positions[-1] < 0 or positions[-1] >= len(step.outputs):
                continue
            if all(step.outputs[p] is v for p, v in zip(positions, values, strict=True)):
                first = min(positions[0], positions[-1])
                return self._part(b, step, first, len(values), reverse=sign < 0)
        return None

    def _part(self, b: Builder, step: Step, begin: int, count: int, *, reverse: bool) -> Value:
        axis = step.attrs["axis"]
        found = step.inputs[0]
        if count != len(step.outputs):
            found = b.Narrow(found, axis=axis, begin=begin, size=count)
        found = _turned(b, found, axis)
        return b.ReverseSteps(found) if reverse else found

    def _computed(self, b: Builder, values: Row) -> Value | None:
        """An element-wise operation for all steps at once, where it is on slices of something."""
        steps = [v.step for v in values if v.step is not None and not v.known]
        first = steps[0]
        if len(steps) != len(values) or not all(_alike(step, first) for step in steps):
            return None
        columns = list(zip(*(step.inputs for step in steps), strict=True))
        if reaches((v for column in columns for v in column), set(steps)):
            return None  # those of one step need those of another
        numbers = [all(equal(v, column[0]) and v.dims == () for v in column) for column in columns]
        wholes = [
            None if number else self._found(b, column)
            for number, column in zip(numbers, columns, strict=True)
        ]
        if all(w is None for w in wholes):
            return None
        inputs = [
            column[0] if number else whole or self.whole(b, column)
            for number, whole, column in zip(numbers, wholes, columns, strict=True)
        ]
        (made,) = b.add(first.op_def, inputs, **_declared(first))
        self.spread(b, made, values)
        return made

    def total(self, b: Builder, rows: Sequence[Row]) -> Value | None:
        """The sums of the values of each step, as one; None where there are none at all."""
        left = [list(row) for row in rows]
        wholes: list[Value] = []
        for value in list(left[0]):
            column = [_mate(value, t, row) for t, row in enumerate(left)]
            if all(v is not None for v in column):
                found = self._found(b, column)  # type: ignore[arg-type]
                if found is not None:
                    wholes.append(found)
                    for row, taken in zip(left, column, strict=True):
                        row.remove(taken)  # type: ignore[arg-type]
        column = [row[0] for row in left if len(row) == 1]
        if len(column) == len(left):
            wholes.append(self.whole(b, column))
        elif any(left):
            like = next(v for row in left for v in row)
            wholes.append(b.Pack(*(self.sum(b, row, like) for row in left)))
        found = None
        for whole in wholes:
            found = whole if found is None else b.AddV2(found, whole)
        return found

    def sum(self, b: Builder, row: Row, like: Value) -> Value:
        """The sum of values of the size of `like`; zeros when there are none."""
        if not row:
            return b.ZerosLike(like)
        return row[0] if len(row) == 1 else b.AddN(*row)


def _mate(value: Value, t: int, row: Row) -> Value | None:
    """The value of a row that goes with the one of the first row: its neighbour `t` slices on."""
    step = value.step
    if step is None or not step.op_def.unstacks:
        return value if t == 0 else None
    position = step.outputs.index(value)
    for at in (position + t, position - t):
        if 0 <= at < len(step.outputs) and step.outputs[at] in row:
            return step.outputs[at]
    return None


def _alike(step: Step, first: Step) -> bool:
    """Whether steps do the same, element by element, to inputs of their size or numbers."""
    return (
        step.op_def is first.op_def
        and step.op_def.elementwise
        and step.foldable
        and len(step.outputs) == 1
        and step.guards == first.guards
        and not step.after
        and _declared(step) == _declared(first)
        and step.outputs[0].dims is not None
        and step.outputs[0].dims == first.outputs[0].dims
        and all(v.dims in ((), step.outputs[0].dims) for v in step.inputs)
    )


def _declared(step: Step) -> dict[str, Any]:
    """The attributes that the operation's declaration names."""
    return {name: step.attrs[name] for name in step.op_def.attrs if name in step.attrs}


def _turned(b: Builder, whole: Value, axis: int) -> Value:
    """With the axis of steps in front moved to `axis`, or from there to the front."""
    if axis == 0:
        return whole
    rank = len(whole.dims or ())
    return b.Transpose(whole, b.constant([1, 0, *range(2, rank)]))
