"""Put the steps in a line: after what they need, otherwise in the order the graph was built."""

from __future__ import annotations

import collections
import heapq

from tailrace.errors import InternalError
from tailrace.plan.ir import Plan, Step


def schedule(plan: Plan) -> Plan:
    """Raises: InternalError when the steps depend on each other in a circle."""
    waiting: dict[Step, int] = {}
    consumers: dict[Step, list[Step]] = collections.defaultdict(list)
    members = set(plan.steps)
    for step in plan.steps:
        needed = {s for s in step.needs() if s in members and s is not step}
        waiting[step] = len(needed)
        for before in needed:
            consumers[before].append(step)
    ready = [(step.op._id, i, step) for i, step in enumerate(plan.steps) if not waiting[step]]
    heapq.heapify(ready)
    ordered: list[Step] = []
    position = {step: i for i, step in enumerate(plan.steps)}
    while ready:
        _, _, step = heapq.heappop(ready)
        ordered.append(step)
        for user in consumers[step]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, (user.op._id, position[user], user))
    if len(ordered) < len(plan.steps):
        stuck = next(s for s in plan.steps if waiting[s])
        raise InternalError(None, stuck.op, f"the plan has a cycle through operation '{stuck.op.name}'")
    plan.steps = ordered
    return plan
