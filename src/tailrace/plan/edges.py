"""Who uses what in a plan."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator

from tailrace.plan.ir import Loop, Plan, Step, Value

Users = dict[Value, list[Step]]


def users_of(steps: Iterable[Step]) -> Users:
    """The steps that take each value, those in loops as well."""
    users: Users = collections.defaultdict(list)
    for step in steps:
        for value in step.inputs:
            users[value].append(step)
        if isinstance(step, Loop):
            for value, inner in users_of(step.steps()).items():
                users[value].extend(inner)
    return users


def hand_on(step: Step, users: Users) -> None:
    """Let those who will not take a step's values any more wait for what it waits for.

    It still waits itself: others may wait for it that take no value of it.
    """
    for user in {u for v in step.outputs for u in users[v]}:
        user.after.extend(b for b in step.after if b not in user.after)


def forward(steps: Iterable[Step], replaced: dict[Step, Step]) -> None:
    """Let what waits for a step wait for the one in its place."""
    for step in steps:
        step.after = forwarded(step.after, replaced)
        if isinstance(step, Loop):
            step.targets = forwarded(step.targets, replaced)
            forward(step.steps(), replaced)


def forwarded(steps: list[Step], replaced: dict[Step, Step]) -> list[Step]:
    """The steps, or those in their place."""
    return list(dict.fromkeys(replaced.get(s, s) for s in steps))


def following(steps: Iterable[Step], among: Iterable[Step]) -> set[Step]:
    """What must come after any of `steps`."""
    consumers: dict[Step, list[Step]] = collections.defaultdict(list)
    for step in among:
        for needed in step.needs():
            consumers[needed].append(step)
    found: set[Step] = set()
    stack = [user for step in steps for user in consumers[step]]
    while stack:
        step = stack.pop()
        if step not in found:
            found.add(step)
            stack.extend(consumers[step])
    return found


def results_of(steps: Iterable[Step]) -> Iterator[Value]:
    """What loops use themselves, and predicates: values asked for by more than steps' inputs."""
    for step in steps:
        yield from (pred for pred, _ in step.guards)
        if isinstance(step, Loop):
            yield from step.results()
            yield from results_of(step.steps())


def kept_values(plan: Plan) -> set[Value]:
    """The values that more than steps' inputs ask for."""
    preds = (pred for guards in plan.fetch_guards for pred, _ in guards)
    return {*plan.fetches, *preds, *results_of(plan.steps)}


def replace_groups(
    plan: Plan, grouped: Callable[[list[Step], Users, set[Value]], dict[Step, Step]]
) -> None:
    """Put one step in the place of several, block by block, those of loops first.

    `grouped(steps, users, kept)` gives, for steps of the block, the one in their place.
    """
    made: dict[Step, Step] = {}
    users, kept = users_of(plan.steps), kept_values(plan)

    def block(steps: list[Step]) -> list[Step]:
        for step in steps:
            if isinstance(step, Loop):
                step.head, step.body, step.tail = map(block, step.parts())
        here = grouped(steps, users, kept)
        made.update(here)
        return forwarded(steps, here)

    plan.steps = block(plan.steps)
    forward(plan.steps, made)
    plan.targets = forwarded(plan.targets, made)
