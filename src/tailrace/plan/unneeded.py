"""Leave out what is computed only for others to wait for it.

TensorFlow makes the gradients of an operation's inputs wait for one another, so that one nobody
wants, such as that of the data, is computed all the same. To have waited for a value that nobody
uses could be noticed by its effects alone, or by what comes before it, or by its failing where it
is there to check something (`OpDef.checks`). What the caller asks for is run whatever it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from tailrace.plan import sizes
from tailrace.plan.ir import Choice, Join, Loop, Plan, Step
from tailrace.plan.loosen import is_pure
from tailrace.plan.prune import sweep


def unneeded(plan: Plan) -> Plan:
    """Comes before reads and writes of variables are put in order, which asks for no less."""
    notable = _notable(plan.steps)
    for step in plan.steps:
        if step.after and (step.inputs or step.outputs) and not isinstance(step, Loop):
            waits = _behind_groups(step.after)
            step.after = [b for b in waits if b in notable or _is_kept(b, step)]
    return sweep(plan)


def _notable(steps: list[Step]) -> set[Step]:
    """The steps that do more than to compute their outputs, and those that come after such."""
    found: set[Step] = set()
    for step in sizes.in_order(steps):
        if (
            isinstance(step, Loop)
            or not (isinstance(step, (Choice, Join)) or is_pure(step))
            or any(before in found for before in step.needs())
        ):
            found.add(step)
    return found


def _is_kept(before: Step, step: Step) -> bool:
    """Whether it matters beside its effects that a step comes after another one."""
    return isinstance(before, Choice) or before.guards != step.guards


def _behind_groups(steps: Iterable[Step]) -> list[Step]:
    """The steps, with what they wait for in place of those that do nothing else than to wait."""
    found: dict[Step, None] = {}
    stack = list(steps)
    seen = set(stack)
    while stack:
        step = stack.pop()
        if step.inputs or step.outputs or step.guards or not step.foldable:
            found[step] = None
        else:
            stack.extend(b for b in step.after if b not in seen)
            seen.update(step.after)
    return list(found)
