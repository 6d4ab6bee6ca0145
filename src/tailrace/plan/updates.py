"""Let one call do what many steps of one type do, such as those of an optimizer.

Which types there are such calls for is said by `OpDef.batch`.
"""

from __future__ import annotations

import collections
from collections.abc import Hashable, Iterable
from typing import Any

from tailrace.plan.edges import following, forward, forwarded
from tailrace.plan.ir import Fused, Loop, Plan, Step, Value
from tailrace.registry import FUSED, OpDef


def updates(plan: Plan) -> Plan:
    """Batch the steps that differ in what they are done to alone, and do not wait for one another.

    Comes when reads and writes of variables are in order.
    """
    replaced: dict[Step, Step] = {}
    plan.steps = _batched(plan.steps, replaced)
    forward(plan.steps, replaced)
    plan.targets = forwarded(plan.targets, replaced)
    return plan


def _batched(steps: list[Step], replaced: dict[Step, Step]) -> list[Step]:
    for step in steps:
        if isinstance(step, Loop):
            step.head, step.body, step.tail = (_batched(p, replaced) for p in step.parts())
    alike: dict[Hashable, list[Step]] = collections.defaultdict(list)
    for step in steps:
        if step.op_def.batch is not None:
            alike[_kind(step)].append(step)
    for group in alike.values():
        while group:
            waiting = following(group, steps)
            batch = [step for step in group if step not in waiting]
            group = [step for step in group if step in waiting]
            one = _batch(batch)
            replaced.update(dict.fromkeys(batch, one))
            steps = [
                one if s is batch[0] else s for s in steps if s is batch[0] or s not in replaced
            ]
            forward(steps, dict.fromkeys(batch, one))
    return steps


def _kind(step: Step) -> Hashable:
    """What is equal for steps that one call may do."""
    definition = FUSED[step.op_def.batch or ""]
    shared = [
        _identity(value)
        for name, value in zip(_names(step.op_def), step.inputs, strict=True)
        if _number(definition, name) is None
    ]
    return definition.name, _attributes(step, definition), tuple(shared), step.guards, step.device


def _names(op_def: OpDef) -> Iterable[str]:
    return (arg.name for arg in op_def.inputs)


def _number(definition: OpDef, name: str) -> str | None:
    return next(arg.number_attr for arg in definition.inputs if arg.name == name)


def _identity(value: Value) -> Hashable:
    """Equal for values that are the same: constants by what they are."""
    if value.known and value.tensor._dims == ():
        return value.constant.dtype, value.constant.item()
    return value


def _attributes(step: Step, definition: OpDef) -> tuple[tuple[str, Any], ...]:
    return tuple((n, step.attrs[n]) for n in definition.attrs if n in step.attrs)


def _batch(members: list[Step]) -> Fused:
    first = members[0]
    definition = FUSED[first.op_def.batch or ""]
    inputs: list[Value] = []
    by_name = [dict(zip(_names(m.op_def), m.inputs, strict=True)) for m in members]
    attributes = dict(_attributes(first, definition))
    for arg in definition.inputs:
        if arg.number_attr == "N":
            inputs.extend(values[arg.name] for values in by_name)
        elif arg.number_attr is None:
            inputs.append(by_name[0][arg.name])
        else:
            attributes[arg.number_attr] = 0  # for other passes to fill
    attributes["N"] = len(members)
    one = Fused(
        members[-1].op,
        inputs,
        [v for m in members for v in m.outputs],
        [b for m in members for b in m.after],
        [v for m in members for v in m.detach],
        first.guards,
        definition=definition,
        attributes=attributes,
        members=tuple(m.op for m in members),
    )
    one.device = first.device
    for value in one.outputs:
        value.step = one
    return one
