"""Leave out the steps that only repeat an input, as a reshape to the size a value has."""

from __future__ import annotations

from tailrace.plan import sizes
from tailrace.plan.edges import Users, hand_on, users_of
from tailrace.plan.ir import Choice, Fused, Join, Loop, Plan, Step, Value
from tailrace.plan.prune import sweep


def simplify(plan: Plan) -> Plan:
    """Let the users of such a step take its input, and wait for what it waits for."""
    replaced: dict[Value, Value] = {}
    kept = {*plan.targets, *(v.step for v in plan.fetches)}
    _find(plan.steps, kept, users_of(plan.steps), replaced)
    if not replaced:
        return plan
    for step in plan.steps:
        step.replace(replaced)
    plan.fetches = [replaced.get(v, v) for v in plan.fetches]
    plan.fetch_guards = [
        tuple((replaced.get(v, v), branch) for v, branch in guards) for guards in plan.fetch_guards
    ]
    return sweep(plan)


def _find(
    steps: list[Step], kept: set[Step | None], users: Users, replaced: dict[Value, Value]
) -> None:
    for step in sizes.in_order(steps):
        if isinstance(step, Loop):
            inner = {*step.targets, *(v.step for v in step.results())}
            for part in step.parts():
                _find(part, inner, users, replaced)
        elif not isinstance(step, (Choice, Join, Fused)):
            source = _repeated(step)
            if source is None or source.is_ref or (step.after and step in kept):
                continue
            hand_on(step, users)
            replaced[step.outputs[0]] = replaced.get(source, source)


def _repeated(step: Step) -> Value | None:
    """The input that a step gives out unchanged, if it does nothing else."""
    op_def = step.op_def
    if op_def.repeats_rule is None or not step.foldable or step.outputs[0].known:
        return None
    position = sizes.apply(step, op_def.repeats_rule, op_def.repeats_attrs)
    return None if position is None else step.inputs[position]
