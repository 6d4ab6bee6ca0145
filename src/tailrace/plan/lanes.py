"""Values of single steps as slices of one value with an axis of steps in front."""

from __future__ import annotations

from collections.abc import Sequence

from tailrace.plan import sizes
from tailrace.plan.build import Builder
from tailrace.plan.edit import Editor, reaches
from tailrace.plan.ir import Loop, Step, Value, declared
from tailrace.plan.lifted import Lifted, by_rule
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
        self._restack(b, whole, wanted)  # type: ignore[arg-type]
        for reshape in list(dict.fromkeys(self.editor.users.get(wanted[0], ()))):
            if not reshape.op_def.reshapes or reshape.inputs[0] is not wanted[0]:
                continue
            reshaped = [self._reshape_like(v, reshape.outputs[0]) for v in wanted]
            dims = reshape.outputs[0].dims
            if dims is not None and None not in dims and None not in reshaped:
                self._restack(b, _shaped(b, whole, (len(wanted), *dims)), reshaped)  # type: ignore[arg-type]

    def _reshape_like(self, value: Value | None, first: Value) -> Value | None:
        """What a value is reshaped to the size of another one."""
        users = self.editor.users.get(value, ()) if value is not None else ()
        found = (
            step.outputs[0]
            for step in users
            if step.op_def.reshapes and step.inputs[0] is value and not step.after
        )
        return next((v for v in found if v.dims == first.dims), None)

    def _restack(self, b: Builder, whole: Value, slices: Row) -> None:
        for step in list(dict.fromkeys(self.editor.users.get(slices[0], ()))):
            pieces = stacked_by(step)
            if pieces in (list(slices), list(slices)[::-1]):
                self.put_stacked(b, whole, step, reverse=pieces[0] is not slices[0])

    def put_stacked(self, b: Builder, whole: Value, step: Step, *, reverse: bool = False) -> None:
        """Let `whole` take the place of what a step lays side by side or joins."""
        axis = _axis(step)
        if axis is not None:
            found = _turned(b, b.ReverseSteps(whole) if reverse else whole, axis)
            self.editor.put(step.outputs[0], _shaped(b, found, step.outputs[0].dims))

    # -- from many to one --------------------------------------------------------------------------

    def whole(self, b: Builder, values: Row) -> Value:
        """The values of all steps as one."""
        found = self.found(b, values)
        return b.Pack(*values) if found is None else found

    def found(self, b: Builder, values: Row) -> Value | None:
        """The values of all steps as one, if they are slices, or computed from such one by one."""
        if values[0].known or values[0].step is None:
            return None
        if values[0].step.op_def.unstacks:
            return self._slices(b, values, values[0].step)
        return self._pieces(b, values) or self._computed(b, values)

    def _slices(self, b: Builder, values: Row, step: Step) -> Value | None:
        place = _place(step.outputs, values)
        if place is None or step.attrs["axis"] not in (0, 1):
            return None
        axis = step.attrs["axis"]
        found = step.inputs[0]
        if len(values) != len(step.outputs):
            found = b.Narrow(found, axis=axis, begin=place[0], size=len(values))
        found = _turned(b, found, axis)
        return b.ReverseSteps(found) if place[1] else found

    def _pieces(self, b: Builder, values: Row) -> Value | None:
        """Pieces of a split, perhaps in another shape."""
        sources = [v.step.inputs[0] if _reshaped(v) else v for v in values]  # type: ignore[union-attr]
        step = sources[0].step
        if step is None or not step.op_def.splits or values[0].dims is None:
            return None
        place = _place(step.outputs, sources)
        found = None if place is None else _unsplit(b, step)
        if place is None or found is None or any(v.dims != values[0].dims for v in values):
            return None
        if len(values) != len(step.outputs):
            found = b.Narrow(found, begin=place[0], size=len(values))
        found = _shaped(b, found, (len(values), *values[0].dims))
        return b.ReverseSteps(found) if place[1] else found

    def _computed(self, b: Builder, values: Row) -> Value | None:
        """An operation for all steps at once, where it is on slices of something."""
        steps = [v.step for v in values if v.step is not None and not v.known]
        first = steps[0]
        if len(steps) != len(values) or not all(_alike(step, first) for step in steps):
            return None
        columns = list(zip(*(step.inputs for step in steps), strict=True))
        if reaches((v for column in columns for v in column), set(steps)):
            return None  # those of one step need those of another
        same = [all(equal(v, column[0]) for v in column) for column in columns]
        if any(column[0].dims == () and not s for s, column in zip(same, columns, strict=True)):
            return None
        wholes = [
            None if s else self.found(b, column) for s, column in zip(same, columns, strict=True)
        ]
        if all(w is None for w in wholes):
            return None
        inputs = [
            Lifted(column[0], False) if s else Lifted(whole or self.whole(b, column), True)
            for s, whole, column in zip(same, wholes, columns, strict=True)
        ]
        made = by_rule(b, first.op_def, inputs, declared(first))
        if made is None:
            return None
        (whole,) = made
        self.spread(b, whole, values)
        return whole

    def total(self, b: Builder, rows: Sequence[Row]) -> Value | None:
        """The sums of the values of each step, as one; None where there are none at all."""
        left = [list(row) for row in rows]
        wholes: list[Value] = []
        for value in list(left[0]):
            column = [_mate(value, t, row) for t, row in enumerate(left)]
            if all(v is not None for v in column):
                found = self.found(b, column)  # type: ignore[arg-type]
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


def stacked_by(step: Step) -> list[Value]:
    """What a step lays side by side, or joins; nothing if it does neither."""
    if isinstance(step, Loop) or not (step.op_def.joins or step.op_def.stacks) or step.after:
        return []
    return step.inputs[:-1] if step.op_def.joins else step.inputs


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
    """Whether steps do the same, to inputs of the same sizes, and may be done at once."""
    return (
        step.op_def is first.op_def
        and (step.op_def.elementwise or step.op_def.over_steps_rule is not None)
        and step.foldable
        and len(step.outputs) == 1
        and step.guards == first.guards
        and not step.after
        and declared(step) == declared(first)
        and step.outputs[0].dims is not None
        and step.outputs[0].dims == first.outputs[0].dims
        and all(v.dims == w.dims for v, w in zip(step.inputs, first.inputs, strict=True))
    )


def _place(outputs: list[Value], values: Row) -> tuple[int, bool] | None:
    """Where outputs stand that are the values in their order: the first, and whether reversed."""
    if values[0] not in outputs:
        return None
    begin = outputs.index(values[0])
    for reverse in (False, True):
        end = begin - len(values) + 1 if reverse else begin + len(values)
        part = outputs[end : begin + 1][::-1] if reverse and end >= 0 else outputs[begin:end]
        if len(part) == len(values) and all(p is v for p, v in zip(part, values, strict=True)):
            return min(begin, end), reverse
    return None


def _reshaped(value: Value) -> bool:
    return value.step is not None and value.step.op_def.reshapes and not value.step.after


def _unsplit(b: Builder, split: Step) -> Value | None:
    """The pieces of a split as one, one after the other; None where they are not of one size."""
    piece = split.outputs[0].dims
    if piece is None or len(piece) < 2 or any(v.dims != piece for v in split.outputs):
        return None
    source = next(v for v in split.inputs if v.dims is not None and len(v.dims) == len(piece))
    dims = source.dims
    assert dims is not None
    axis = next((i for i, (m, n) in enumerate(zip(dims, piece, strict=True)) if m != n), None)
    if axis is None or None in piece:
        return None
    parted = (*dims[:axis], len(split.outputs), *piece[axis:])
    found = _shaped(b, source, parted)
    order = [axis, *(i for i in range(len(parted)) if i != axis)]
    return found if axis == 0 else b.Transpose(found, b.constant(order))


def _axis(step: Step) -> int | None:
    """The axis that a step joins or stacks its inputs along, where it is known."""
    if step.op_def.stacks:
        axis, rank = step.attrs["axis"], len(step.outputs[0].dims or ())
    else:
        if not step.inputs[-1].known:
            return None
        axis, rank = int(step.inputs[-1].constant), len(step.outputs[0].dims or ())
    return axis if 0 <= axis < rank else axis + rank


def _shaped(b: Builder, whole: Value, dims: sizes.Dims) -> Value:
    return whole if whole.dims == dims else b.Reshape(whole, b.constant(list(dims or ())))


def _turned(b: Builder, whole: Value, axis: int) -> Value:
    """With the axis of steps in front moved to `axis`."""
    if axis == 0:
        return whole
    rank = len(whole.dims or ())
    order = [*range(1, axis + 1), 0, *range(axis + 1, rank)]
    return b.Transpose(whole, b.constant(order))
