"""Write operations that do several things as these, where the operation tells (`OpDef.parts`).

A step of a recurrent cell that is one operation is then found as one that a program has written
out, and what nobody needs of it is not computed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

import torch

from tailrace.graph.inference import split_inputs
from tailrace.plan.build import Builder
from tailrace.plan.edges import forward
from tailrace.plan.ir import Choice, Fused, Join, Loop, Plan, Step, Value
from tailrace.plan.twins import twins


def parts(plan: Plan) -> Plan:
    """Comes when sizes are known, and before anything is looked for that is made of such parts."""
    if not any(_has_parts(step) for step in _all(plan.steps)):
        return plan
    instead: dict[Step, Step] = {}
    plan.steps = list(_in_parts(plan.steps, set(plan.targets), instead))
    forward(plan.steps, instead)
    _share_numbers(plan.steps)
    return twins(plan)


def _all(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, Loop):
            yield from _all(step.steps())


def _has_parts(step: Step) -> bool:
    if isinstance(step, (Loop, Choice, Join, Fused)):
        return False
    return step.op_def.parts_rule is not None


def _in_parts(steps: list[Step], kept: set[Step], instead: dict[Step, Step]) -> Iterator[Step]:
    """The steps, their parts in place of those that have such; `instead` gets, for these, the last
    part."""
    for step in steps:
        if isinstance(step, Loop):
            step.head, step.body, step.tail = (
                list(_in_parts(part, kept, instead)) for part in step.parts()
            )
        elif _has_parts(step) and not step.after and step not in kept:
            made = _parts_of(step)
            if made:
                instead[step] = made[-1]
                yield from made
                continue
        yield step


def _share_numbers(steps: list[Step]) -> None:
    """Let equal numbers be one value, so that what is computed twice is seen to be equal."""
    shared: dict[Hashable, Value] = {}
    for step in _all(steps):
        for value in step.inputs if not isinstance(step, Loop) else ():
            if value.known and value.dims == () and isinstance(value.constant, torch.Tensor):
                number = value.constant
                shared.setdefault((number.dtype, str(number.item())), value)
                shared[value] = shared[number.dtype, str(number.item())]
        step.inputs = [shared.get(v, v) for v in step.inputs]


def _parts_of(step: Step) -> list[Step]:
    """The steps that do what a step does; none, where its operation cannot tell."""
    d = step.op_def
    assert d.parts_rule is not None
    builder = Builder(step.op, step.guards, (step.op,))
    inputs = split_inputs(d, step.inputs, step.attrs)
    made = d.parts_rule(builder, *inputs, **{name: step.attrs[name] for name in d.parts_attrs})
    if made is None:
        return []
    instead: dict[Value, Value] = dict(zip(made, step.outputs, strict=True))
    for part in builder.steps:
        part.replace(instead)
        for position, value in enumerate(part.outputs):
            if value in instead:
                part.outputs[position] = instead[value]
                instead[value].step = part
    return builder.steps
