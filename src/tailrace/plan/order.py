"""Drop the control edges that order nothing: those within a loop whose steps have no effects."""

from __future__ import annotations

from tailrace.plan.ir import Choice, Loop, Plan, Step


def order(plan: Plan) -> Plan:
    """Within such loops leave only the edges of data; edges from outside become the loop's."""
    for step in plan.steps:
        if isinstance(step, Loop):
            _order(step)
    return plan


def _order(loop: Loop) -> None:
    if any(has_effects(step) for step in loop.leaves()):
        return
    inside = {loop, *_within(loop)}
    outside = [b for step in inside for b in step.after if b not in inside]
    for step in inside:  # what becomes of a value that is chosen is data
        step.after = [b for b in step.after if isinstance(b, Choice)]
    loop.after = list(dict.fromkeys(outside))
    _forget_targets(loop)


def _within(loop: Loop) -> set[Step]:
    found: set[Step] = set()
    for step in loop.steps():
        found.add(step)
        if isinstance(step, Loop):
            found |= _within(step)
    return found


def _forget_targets(loop: Loop) -> None:
    """Nothing has to run in each iteration but what fills stacks, for other loops."""
    loop.targets = [step for step in loop.steps() if step.op_def.array == "push"]
    for step in loop.steps():
        if isinstance(step, Loop):
            _forget_targets(step)


def has_effects(step: Step) -> bool:
    """Whether a step does more than compute its outputs, but for drawing random numbers and what
    it does to tensor arrays and stacks.
    """
    d = step.op_def
    if any(v.is_ref for v in step.inputs) or d.writes or d.reads:
        return True
    return d.stateful and not (d.draws or d.array)
