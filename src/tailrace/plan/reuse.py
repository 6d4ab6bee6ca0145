"""Let steps write over inputs that nothing needs afterwards, or keep their memory."""

from __future__ import annotations

from collections.abc import Iterator

from tailrace.plan.edges import Users, forward, forwarded, kept_values, users_of
from tailrace.plan.ir import Fused, Loop, Plan, Step, Value
from tailrace.plan.state import named_inputs
from tailrace.registry import FUSED


def reuse(plan: Plan) -> Plan:
    """Name such inputs in the attribute `reuse` of steps, or let those that consume inputs do so
    (`OpDef.consumes`) and those that store a value keep its memory (`OpDef.owning`). Comes when
    all is in line.
    """
    users, kept = users_of(plan.steps), kept_values(plan)
    replaced: dict[Step, Step] = {}
    for sequence in _sequences(plan.steps):
        place = {step: i for i, step in enumerate(sequence)}
        for i, step in enumerate(sequence):
            owns = step.op_def.owning and step.device is None
            if owns and _dies(step.inputs[-1], step, place, users, kept):
                sequence[i] = replaced[step] = _owning(step)
            if not isinstance(step, Fused):
                continue
            if "reuse" in step.attributes:
                dying = [v for v in step.inputs if _dies(v, step, place, users, kept)]
                step.attributes["reuse"] = _paired(step, dying)
            if step.op_def.consumes and not step.attributes["in_place"]:
                consumed = [v for name, v in named_inputs(step) if name in step.op_def.consumes]
                step.attributes["in_place"] = all(
                    step.inputs.count(v) == 1 and _dies(v, step, place, users, kept)
                    for v in consumed
                )
    forward(plan.steps, replaced)
    plan.targets = forwarded(plan.targets, replaced)
    return plan


def _owning(step: Step) -> Fused:
    """The step that keeps the memory of its last input."""
    owning = Fused(
        step.op,
        step.inputs,
        step.outputs,
        step.after,
        step.detach,
        step.guards,
        definition=FUSED[step.op_def.owning or ""],
        attributes=step.attrs,
        members=(step.op,),
    )
    for value in step.outputs:
        value.step = owning
    return owning


def _sequences(steps: list[Step]) -> Iterator[list[Step]]:
    yield steps
    for step in steps:
        if isinstance(step, Loop):
            for part in step.parts():
                yield from _sequences(part)


def _dies(value: Value, step: Step, place: dict[Step, int], users: Users, kept: set[Value]) -> bool:
    """Whether the step is the last to use a value that has memory of its own."""
    maker = value.step
    if maker not in place or type(maker) not in (Step, Fused) or value in kept or value.known:
        return False
    made = maker.op_def
    if not (maker.foldable or made.draws) or made.alias or made.once or made.constant:
        return False
    if value.is_ref:
        return False
    return all(
        user is step
        or (user.foldable and not user.op_def.alias and place.get(user, len(place)) < place[step])
        for user in users[value]
    )


def _paired(step: Fused, dying: list[Value]) -> tuple[int | None, ...]:
    """For each output the position of an input of its size and type, each taken once."""
    pairs: list[int | None] = []
    for output in step.outputs:
        dims, dtype = output.dims, output.tensor._dtype
        found = None
        if dims is not None and None not in dims:
            fitting = (v for v in dying if v.dims == dims and v.tensor._dtype is dtype)
            found = next(fitting, None)
        if found is not None:
            dying.remove(found)
        pairs.append(None if found is None else step.inputs.index(found))
    return tuple(pairs)
