"""Let a sum of pieces with zeros around them be the pieces laid one after another.

As the gradient of what was sliced into pieces: each is made as large as the whole, and then they
are added up.
"""

from __future__ import annotations

from typing import NamedTuple

from tailrace.plan import sizes
from tailrace.plan.build import Builder
from tailrace.plan.edit import Editor
from tailrace.plan.ir import Loop, Plan, Step, Value


class _Piece(NamedTuple):
    """Where along an axis a value lies among zeros."""

    axis: int
    begin: int
    end: int
    value: Value


def pieces(plan: Plan) -> Plan:
    """Comes when sizes are known."""
    editor = Editor(plan)
    for step in list(plan.steps):
        if isinstance(step, Loop) or not step.op_def.adds or len(step.inputs) < 2:
            continue
        found = _laid_out(step)
        if found:
            b = editor.pending(Builder(step.op, step.guards, (step.op,)))
            axis = b.constant(found[0].axis)
            editor.put(step.outputs[0], b.ConcatV2(*(p.value for p in found), axis))
    return editor.done()


def _laid_out(step: Step) -> list[_Piece]:
    """The pieces that a sum is of, in order; none where they are not one after another."""
    dims = step.outputs[0].dims
    found = [_piece(v, step) for v in step.inputs]
    if dims is None or step.after or None in found:
        return []
    placed = sorted((p for p in found if p is not None), key=lambda p: p.begin)
    axis, at = placed[0].axis, 0
    for piece in placed:
        if piece.axis != axis or piece.begin != at:
            return []
        at = piece.end
    return placed if at == dims[axis] else []


def _piece(value: Value, user: Step) -> _Piece | None:
    """The piece that a value is, if there are zeros around it along one axis alone."""
    step = value.step
    if step is None or value.known or step.op_def.placed_rule is None or step.after:
        return None
    if step.guards != user.guards or not step.foldable:
        return None
    found = sizes.apply(step, step.op_def.placed_rule, step.op_def.placed_attrs)
    if found is None or value.dims is None:
        return None
    position, zeros = found
    along = [axis for axis, around in enumerate(zeros) if any(around)]
    if len(along) != 1 or None in value.dims:
        return None
    (axis,) = along
    before, after = zeros[axis]
    return _Piece(axis, before, (value.dims[axis] or 0) - after, step.inputs[position])
