"""Drop the waiting that nobody could notice.

Gradients wait for one another by control edges through operations that do nothing. A step without
effects need not wait for a step that neither has effects itself nor comes after one that has: the
values are the same in any order, once reads and writes of variables are in order. What is left
apart may be fused.
"""

from __future__ import annotations

from tailrace.plan import sizes
from tailrace.plan.ir import Choice, Join, Loop, Plan, Step


def loosen(plan: Plan) -> Plan:
    """Comes when reads and writes of variables are in order."""
    _loosen(plan.steps, {})
    return plan


def _loosen(steps: list[Step], follows_effect: dict[Step, bool]) -> None:
    """`follows_effect` says of the steps seen before whether they have effects or come after
    some."""
    for step in sizes.in_order(steps):
        if isinstance(step, Loop):
            has_effects = not all(map(is_pure, step.leaves()))
        else:
            has_effects = not is_pure(step)
        computes = step.inputs or step.outputs  # else it is there to wait
        if computes and not has_effects and not isinstance(step, (Loop, Choice, Join)):
            step.after = [b for b in step.after if follows_effect.get(b, True)]
        # what lies outside of a loop has been seen before its parts
        follows_effect[step] = has_effects or any(follows_effect.get(b, True) for b in step.needs())
    for step in steps:
        if isinstance(step, Loop):
            for part in step.parts():
                _loosen(part, follows_effect)


def is_pure(step: Step) -> bool:
    """Whether it only computes, reads a variable, or draws from a stream of its own."""
    definition = step.op_def
    if definition.checks:
        return False
    if step.foldable or definition.once or definition.draws:
        return not definition.writes
    return bool(definition.reads) and not (definition.writes or definition.context)
