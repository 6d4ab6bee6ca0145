"""What the steps of an unrolled graph compute from slices and then add up or put together: sums of
products of two matrices, which are one product of all rows; sums of sums over rows; stacks.
"""

from __future__ import annotations

from collections.abc import Sequence

from tailrace.plan.build import Builder
from tailrace.plan.edit import Editor
from tailrace.plan.ir import Loop, Step, Value
from tailrace.plan.lanes import Lanes, stacked_by
from tailrace.plan.lifted import Lifted


def totals(editor: Editor) -> None:
    """Compute such sums and stacks from all steps at once."""
    lanes = Lanes(editor)
    for step in list(editor.plan.steps):
        if isinstance(step, Loop) or len(step.inputs) < 2:
            continue
        if step.op_def.adds:
            _put_sum(editor, lanes, step)
        elif len(stacked_by(step)) > 1:
            _put_stack(editor, lanes, step)


def _put_stack(editor: Editor, lanes: Lanes, step: Step) -> None:
    values = stacked_by(step)
    b = editor.pending(Builder(step.op, step.guards, (step.op,)))
    whole = lanes.found(b, values)
    if whole is not None:
        lanes.put_stacked(b, whole, step)


def _put_sum(editor: Editor, lanes: Lanes, step: Step) -> None:
    # gradients are added from the last step on; the first step's initial state is often no slice
    terms = step.inputs[::-1]
    for begin in (0, 1):
        of_steps = [t.step for t in terms[begin:] if t.step is not None and not t.known]
        if len(of_steps) < 2 or len(of_steps) != len(terms) - begin:
            return
        b = editor.pending(Builder(step.op, step.guards, tuple(s.op for s in of_steps)))
        total = _total(b, lanes, editor, of_steps)
        if total is not None:
            rest = terms[:begin]
            editor.put(step.outputs[0], b.AddN(total, *rest) if rest else total)
            return


def _total(b: Builder, lanes: Lanes, editor: Editor, steps: Sequence[Step]) -> Value | None:
    """The sum of the steps' outputs, which nobody else needs."""
    first = steps[0]
    if len(set(steps)) != len(steps) or not all(_alike(s, first) for s in steps):
        return None
    if any(editor.only_user(s.outputs[0]) is None for s in steps):
        return None
    columns = list(zip(*(s.inputs for s in steps), strict=True))
    if first.op_def.total_rule is not None:
        return _of_products(b, lanes, first, columns)
    if first.op_def.sums and first.op_def.inputs[1:]:
        return _of_sums(b, lanes, first, columns)
    return None


def _alike(step: Step, first: Step) -> bool:
    return (
        step.op_def is first.op_def
        and step.guards == first.guards
        and not step.after
        and all(
            v.dims == w.dims and v.dims is not None and None not in v.dims
            for v, w in zip(step.inputs, first.inputs, strict=True)
        )
    )


def _of_products(
    b: Builder, lanes: Lanes, first: Step, columns: Sequence[Sequence[Value]]
) -> Value | None:
    found = [lanes.found(b, column) for column in columns]
    rule, names = first.op_def.total_rule, first.op_def.total_attrs
    if rule is None or None in found:
        return None
    inputs = [Lifted(whole, True) for whole in found if whole is not None]
    return rule(b, *inputs, **{name: first.attrs[name] for name in names})


def _of_sums(
    b: Builder, lanes: Lanes, first: Step, columns: Sequence[Sequence[Value]]
) -> Value | None:
    values, axes = columns
    if first.attrs.get("keep_dims") or not all(
        a.known and a.constant.reshape(-1).tolist() == [0] for a in axes
    ):
        return None
    whole = lanes.found(b, values)
    return None if whole is None else b.Sum(whole, b.constant([0, 1]), keep_dims=False)
