"""One native call for a step of a recurrent cell for one sequence, where no layer has taken it: in
programs that generate, each `Session.run` a symbol or a loop of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from tailrace.plan.build import Builder
from tailrace.plan.edges import Users, forward, results_of, users_of
from tailrace.plan.found import Affine, CellMatch
from tailrace.plan.ir import Loop, Plan, Step, Value
from tailrace.plan.match import match_cell
from tailrace.plan.prune import sweep


def cells(plan: Plan) -> Plan:
    """Put such calls in place of cells of which nothing is needed but the new states."""
    kept = {*plan.fetches, *results_of(plan.steps)}
    kept.update(pred for guards in plan.fetch_guards for pred, _ in guards)
    found = list(_in_parts(plan.steps, users_of(plan.steps), kept))
    if not found:
        return plan
    replaced: dict[Value, Value] = {}
    for part, match, made, builder in found:
        replaced.update({match.following[name]: value for name, value in made.items()})
        part.extend(builder.steps)
    for step in plan.steps:
        step.replace(replaced)
    plan.fetches = [replaced.get(v, v) for v in plan.fetches]
    instead = {s: b.steps[-1] for _, match, _, b in found for s in match.members}
    forward(plan.steps, instead)
    plan.targets = [instead.get(t, t) for t in plan.targets]
    return sweep(plan)


Found = tuple[list[Step], CellMatch, dict[str, Value], Builder]


def _in_parts(steps: list[Step], users: Users, kept: set[Value]) -> Iterator[Found]:
    """What can be replaced, with the list of steps it is in."""
    for step in list(steps):
        if isinstance(step, Loop):
            for part in step.parts():
                yield from _in_parts(part, users, kept)
        elif len(step.outputs) == 1 and (step.outputs[0].dims or (0,))[0] == 1:
            match = match_cell(step.outputs[0])
            if match is not None and _stands_alone(match, users, kept):
                builder = Builder(step.op, step.guards, tuple(s.op for s in match.members))
                made = _made(match, builder)
                if made is not None:
                    yield steps, match, made, builder


def _stands_alone(match: CellMatch, users: Users, kept: set[Value]) -> bool:
    """Whether nothing but the new states is needed elsewhere."""
    members = set(match.members)
    states = set(match.following.values())
    for step in members:
        if step.after:
            return False
        for value in step.outputs:
            if value not in states and (
                value in kept or any(user not in members for user in users.get(value, ()))
            ):
                return False
    return True


def _made(match: CellMatch, builder: Builder) -> dict[str, Value] | None:
    """The new states, by name; None for a cell that has more to it."""
    cell = match.cell
    if cell.step is None or cell.vectors:
        return None
    if any(not _plain(z) for z in match.affine.values()):
        return None
    x = {name: z.inputs[0].value for name, z in match.affine.items()}
    kernel = {name: z.inputs[0].weight for name, z in match.affine.items()}
    bias = {name: z.biases for name, z in match.affine.items()}
    return cell.step(builder, x, kernel, bias, match.previous, match.attributes)


def _plain(z: Affine) -> bool:
    """Whether a sum is one product with one kernel, of one input before the state, and a bias."""
    return (
        z.whole_kernel
        and len(z.inputs) == 1
        and z.inputs[0].row == 0
        and len(z.biases) < 2
        and not z.addends
        and z.inputs[0].weight.tensor._dtype.is_floating
    )
