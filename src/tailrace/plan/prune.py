"""The operations a run needs: what fetches and targets depend on, up to the feeds."""

from __future__ import annotations

from collections.abc import Iterable

from tailrace.graph import Operation, Tensor
from tailrace.plan.ir import Loop, Plan, Step, Value


def prune(fetches: list[Tensor], targets: Iterable[Operation], feeds: list[Tensor]) -> Plan:
    """The plan with a step per operation needed, in the order the graph was built."""
    fed = {tensor: Value(tensor) for tensor in feeds}
    target_ops = list(targets)
    needed = _needed([*target_ops, *(t.op for t in fetches if t not in fed)], fed)
    steps = {op: Step(op, [], [], []) for op in sorted(needed, key=lambda op: op._id)}
    values = dict(fed)
    for op, step in steps.items():
        for tensor in op.outputs:
            value = Value(tensor, step)
            step.outputs.append(value)
            values.setdefault(tensor, value)
    for op, step in steps.items():
        step.inputs = [values[t] for t in op.inputs]
        step.after = [steps[c] for c in op.control_inputs if c in steps]
    return Plan(
        feeds=[fed[t] for t in feeds],
        fetches=[values[t] for t in fetches],
        steps=list(steps.values()),
        targets=[steps[op] for op in target_ops],
    )


def _needed(roots: list[Operation], fed: dict[Tensor, Value]) -> set[Operation]:
    needed: set[Operation] = set()
    stack = list(roots)
    while stack:
        op = stack.pop()
        if op in needed:
            continue
        needed.add(op)
        stack.extend(t.op for t in op.inputs if t not in fed)
        # TF: to feed a placeholder is to have run it
        stack.extend(c for c in op.control_inputs if not (c.op_def.varies and _is_fed(c, fed)))
    return needed


def _is_fed(op: Operation, fed: dict[Tensor, Value]) -> bool:
    return bool(op.outputs) and all(t in fed for t in op.outputs)


def sweep(plan: Plan) -> Plan:
    """Drop the steps nothing needs any more, as when passes replaced what used them."""
    plan.steps = _swept(plan.steps, plan.targets, plan.fetches)
    return plan


def _swept(steps: list[Step], targets: list[Step], results: Iterable[Value]) -> list[Step]:
    """The steps that targets and results need; the same within loops.

    TF: random numbers are drawn even where their sizes alone are used, so that the next run finds
    the streams where it does there.
    """
    needed: set[Step] = set()
    stack = [*targets, *(v.step for v in results if v.step is not None and not v.known)]
    stack.extend(s for s in steps if any(leaf.op_def.draws for leaf in s.leaves()))
    while stack:
        step = stack.pop()
        if step not in needed:
            needed.add(step)
            stack.extend(step.needs())
    for step in steps:
        if isinstance(step, Loop) and step in needed:
            kept = set(_swept(list(step.steps()), step.targets, step.results()))
            step.head, step.body, step.tail = (
                [s for s in part if s in kept] for part in step.parts()
            )
            step.refresh()
    return [step for step in steps if step in needed]
