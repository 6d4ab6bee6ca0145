"""Who uses what in a plan."""

from __future__ import annotations

import collections
from collections.abc import Iterable

from tailrace.plan.ir import Loop, Step, Value

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
    """Let the users of a step that will not run wait for what it waits for."""
    if step.after:
        for user in {u for v in step.outputs for u in users[v]}:
            user.after.extend(b for b in step.after if b not in user.after)
        step.after = []
