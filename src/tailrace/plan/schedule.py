"""Put the steps in a line: after what they need, otherwise in the order the graph was built.

Steps with the same guards are kept together, so that few `if` blocks are written, and those that
can be recorded on a device.
"""

from __future__ import annotations

import collections
import heapq
from typing import Any

from tailrace.errors import InternalError
from tailrace.plan.ir import Guards, Loop, Plan, Step


def schedule(plan: Plan) -> Plan:
    """Raises: InternalError when the steps depend on each other in a circle."""
    plan.steps = _in_line(plan.steps)
    return plan


def _in_line(steps: list[Step]) -> list[Step]:
    for step in steps:
        if isinstance(step, Loop):
            step.head, step.body, step.tail = map(_in_line, step.parts())
    waiting: dict[Step, int] = {}
    consumers: dict[Step, list[Step]] = collections.defaultdict(list)
    members = set(steps)
    ready = _Ready()
    for i, step in enumerate(steps):
        needed = {s for s in step.needs() if s in members and s is not step}
        waiting[step] = len(needed)
        for before in needed:
            consumers[before].append(step)
        if not needed:
            ready.push(i, step)
    ordered: list[Step] = []
    position = {step: i for i, step in enumerate(steps)}
    while ready:
        step = ready.pop()
        ordered.append(step)
        for user in consumers[step]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.push(position[user], user)
    if len(ordered) < len(steps):
        stuck = next(s for s in steps if waiting[s])
        raise InternalError(
            None, stuck.op, f"the plan has a cycle through operation '{stuck.op.name}'"
        )
    return ordered


# what is kept together: guards, and whether steps can be recorded
_Kind = tuple[Guards, bool]


class _Ready:
    """Steps that need nothing more, by kind; those of the step before come first."""

    def __init__(self) -> None:
        self._heaps: dict[_Kind, list[tuple[int, int, Step]]] = {}
        self._kind: _Kind = ((), False)

    def __bool__(self) -> bool:
        return bool(self._heaps)

    def push(self, position: int, step: Step) -> None:
        heap = self._heaps.setdefault((step.guards, step.recordable), [])
        heapq.heappush(heap, (step.op._id, position, step))

    def pop(self) -> Step:
        if self._kind not in self._heaps:
            self._kind = min(self._heaps, key=self._distance)
        heap = self._heaps[self._kind]
        _, _, step = heapq.heappop(heap)
        if not heap:
            del self._heaps[self._kind]
        return step

    def _distance(self, kind: _Kind) -> tuple[Any, ...]:
        guards, recordable = kind
        return -_shared(guards, self._kind[0]), len(guards), recordable, self._heaps[kind][0]


def _shared(a: Guards, b: Guards) -> int:
    """How many guards are the same from the outside in."""
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count
