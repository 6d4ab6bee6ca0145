"""Clipping by the global norm without an array for every clipped gradient.

`norms` lets one call compute what is stacked only to be summed; `clip` hands the factor of products
to the optimizer's step that takes them (`OpDef.scales`), so that no product is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tailrace.plan import sizes
from tailrace.plan.edges import results_of, users_of
from tailrace.plan.ir import Fused, Loop, Plan, Step, Value
from tailrace.plan.prune import sweep
from tailrace.registry import FUSED


def norms(plan: Plan) -> Plan:
    """Stacked results of one type that has a fused operation for it (`OpDef.stacked`) are made
    together.
    """
    _each(plan, _stacked)
    return sweep(plan)


def clip(plan: Plan) -> Plan:
    """Comes when updates are batched, and before products are fused with others."""
    before = users_of(plan.steps)
    _each(plan, _scaled)
    used = {*users_of(plan.steps), *plan.fetches, *results_of(plan.steps)}
    _let_go(plan.steps, {v.step for v in before if v.step and v not in used and v.step.foldable})
    return sweep(plan)


def _let_go(steps: Iterable[Step], unused: set[Step]) -> None:
    """Wait for what steps need that nobody uses now, and not for them."""
    for step in steps:
        while not unused.isdisjoint(step.after):
            kept = [s for s in step.after if s not in unused]
            instead = [s for u in step.after if u in unused for s in u.needs()]
            step.after = list(dict.fromkeys([*kept, *instead]))
        if isinstance(step, Loop):
            _let_go(step.steps(), unused)


def _each(plan: Plan, change: Callable[[Step], Step]) -> None:
    plan.steps = [change(step) for step in plan.steps]
    for step in plan.steps:
        if isinstance(step, Loop):
            _within(step, change)


def _within(loop: Loop, change: Callable[[Step], Step]) -> None:
    loop.head, loop.body, loop.tail = ([change(s) for s in part] for part in loop.parts())
    for step in loop.steps():
        if isinstance(step, Loop):
            _within(step, change)
    loop.refresh()


def _stacked(stack: Step) -> Step:
    if not stack.op_def.stacks or stack.after or stack.attrs["axis"] != 0:
        return stack
    members = [v.step for v in stack.inputs if v.step is not None and not v.known]
    names = {m.op_def.stacked for m in members}
    if len(members) < len(stack.inputs) or len(names) > 1:
        return stack
    name = names.pop()
    if name is None or any(m.after or m.guards != stack.guards for m in members):
        return stack
    return _in_place(
        stack, name, [m.inputs[0] for m in members], (*(m.op for m in members), stack.op)
    )


def _in_place(stack: Step, name: str, inputs: list[Value], members: tuple) -> Fused:
    attributes = {"N": len(inputs), "T": stack.attrs["T"]}
    made = Fused(
        stack.op,
        inputs,
        stack.outputs,
        [],
        guards=stack.guards,
        definition=FUSED[name],
        attributes=attributes,
        members=members,
    )
    made.device = stack.device
    for value in made.outputs:
        value.step = made
    return made


def _scaled(step: Step) -> Step:
    """The step itself; where all that it scales are products with one number, of the factors."""
    scaled = step.op_def.scales
    if not isinstance(step, Fused) or scaled is None or step.attributes["S"]:
        return step
    places = list(_places(step, scaled))
    products = [_product(step.inputs[i]) for i in places]
    found = [p for p in products if p is not None]
    factors = {factor for _, factor in found}
    if len(found) < len(products) or len(factors) != 1:
        return step
    for place, (value, _) in zip(places, found, strict=True):
        step.inputs[place] = value
    step.inputs.append(factors.pop())
    step.attributes["S"] = 1
    return step


def _places(step: Fused, name: str) -> Iterator[int]:
    """Where the inputs of a name are; each of the others has one or N."""
    place = 0
    for arg in step.op_def.inputs:
        count = step.attributes[arg.number_attr] if arg.number_attr else 1
        if arg.name == name:
            yield from range(place, place + count)
        place += count


def _product(value: Value) -> tuple[Value, Value] | None:
    """Value and factor, where it is a product of something that may be read later and a number."""
    step = _source(value).step
    if step is None or value.known or not step.op_def.multiplies:
        return None
    for value, factor in (step.inputs, step.inputs[::-1]):
        if _is_number(factor) and not _is_number(value) and _lasting(value) and _lasting(factor):
            return value, factor
    return None


def _source(value: Value) -> Value:
    """The value, or the one that it repeats."""
    step = value.step
    while step is not None and not value.known and step.op_def.repeats_rule is not None:
        rule, names = step.op_def.repeats_rule, step.op_def.repeats_attrs
        position = sizes.apply(step, rule, names)
        if position is None or step.inputs[position].is_ref:
            break
        value = step.inputs[position]
        step = value.step
    return value


def _is_number(value: Value) -> bool:
    return (value.tensor._dims if value.dims is None else value.dims) == ()


def _lasting(value: Value, seen: set[Value] | None = None) -> bool:
    """Whether no variable shares the value's memory, so that no update changes it."""
    seen = set() if seen is None else seen
    step = value.step
    if step is None or value.known or value in seen:
        return True
    seen.add(value)
    if isinstance(step, Loop):
        return all(_lasting(v, seen) for v in _passed(step, value))
    if value.is_ref or step.op_def.reads:
        return False
    return not step.op_def.alias or all(_lasting(v, seen) for v in step.inputs)


def _passed(loop: Loop, value: Value) -> Iterator[Value]:
    """What a loop's output, or one of its variables, may be."""
    for output, inner in zip(loop.outputs, loop.exits, strict=True):
        if output is value:
            yield inner
    for variable in loop.variables:
        if variable.value is value:
            yield variable.initial
            yield variable.next
