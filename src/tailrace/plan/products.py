"""Let a sum of several matrix products be one product of the factors put together.

As the gradients of a weight that is used in every step of an unrolled network: so neither are the
terms stored nor is the sum read and written once for each.
"""

from __future__ import annotations

from tailrace.plan.edges import Users, following, forward, forwarded, kept_values, users_of
from tailrace.plan.ir import Fused, Loop, Plan, Step, Value
from tailrace.registry import FUSED

_FEWEST = 3  # terms from which it pays


def products(plan: Plan) -> Plan:
    """Comes when reads and writes of variables are in order."""
    users, kept = users_of(plan.steps), kept_values(plan)
    replaced: dict[Step, Step] = {}
    plan.steps = _summed(plan.steps, users, kept, {*plan.targets}, replaced)
    forward(plan.steps, replaced)
    plan.targets = forwarded(plan.targets, replaced)
    return plan


def _summed(
    steps: list[Step],
    users: Users,
    kept: set[Value],
    targets: set[Step],
    replaced: dict[Step, Step],
) -> list[Step]:
    here: dict[Step, Step] = {}
    place = set(steps)
    for step in steps:
        if isinstance(step, Loop):
            step.head, step.body, step.tail = (
                _summed(part, users, kept, {*step.targets}, replaced) for part in step.parts()
            )
        elif step.op_def.adds and len(step.inputs) >= _FEWEST:
            terms = [s for v in step.inputs if (s := v.step) in place and v not in kept]
            if len(terms) == len(step.inputs) and _is_worth_it(step, terms, users):
                waiting = targets.union(following(terms, steps))
                if waiting.isdisjoint(terms):
                    here.update(dict.fromkeys([*terms, step], _product(step, terms)))
    replaced.update(here)
    return list(dict.fromkeys(here.get(step, step) for step in steps))


def _is_worth_it(step: Step, terms: list[Step], users: Users) -> bool:
    """Whether the terms are products of one kind that nothing else needs, and copies of the
    factors are smaller than the terms."""
    first = terms[0]
    if first.op_def.summed is None or len(set(terms)) < len(terms):
        return False
    for term in terms:
        if term.op_def is not first.op_def or term.attrs != first.attrs:
            return False
        (output,) = term.outputs
        if term.guards != step.guards or users[output] != [step] or output.known:
            return False
        left, right, product = (_size(v) for v in (*term.inputs, output))
        if left is None or right is None or product is None or left + right > product:
            return False
    return True


def _size(value: Value) -> int | None:
    dims = [d for d in value.dims or () if d is not None]
    return None if len(dims) != 2 or value.is_ref else dims[0] * dims[1]


def _product(step: Step, terms: list[Step]) -> Fused:
    definition = FUSED[terms[0].op_def.summed or ""]
    given = {name: v for name, v in terms[0].attrs.items() if name in definition.attrs}
    members = (*terms, step)
    inside = set(members)
    one = Fused(
        step.op,
        [term.inputs[0] for term in terms] + [term.inputs[1] for term in terms],
        step.outputs,
        list(dict.fromkeys(b for s in members for b in s.after if b not in inside)),
        guards=step.guards,
        definition=definition,
        attributes={**given, "N": len(terms)},
        members=tuple(s.op for s in members),
    )
    one.device = step.device
    step.outputs[0].step = one
    return one
