"""Put values in place of others while a pass still looks around in the plan."""

from __future__ import annotations

from collections.abc import Iterable

from tailrace.plan.build import Builder
from tailrace.plan.edges import results_of, users_of
from tailrace.plan.ir import Loop, Plan, Step, Value
from tailrace.plan.prune import sweep


class Editor:
    """A plan being edited: `users` tells who takes each value at any time."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.users = users_of(plan.steps)
        self.replaced: dict[Value, Value] = {}
        self._builders: list[Builder] = []
        kept = [*plan.fetches, *(pred for g in plan.fetch_guards for pred, _ in g)]
        self.kept = {*kept, *results_of(plan.steps)}

    def _add(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self.plan.steps.append(step)
            for value in step.inputs:
                self.users[value].append(step)

    def pending(self, builder: Builder) -> Builder:
        """Take notice of the steps that a builder makes, as it makes them."""
        self._builders.append(builder)
        return builder

    def _flush(self) -> None:
        for builder in self._builders:
            self._add(builder.steps)
            builder.steps = []

    def now(self, value: Value) -> Value:
        """What is in the place of a value by now."""
        while value in self.replaced:
            value = self.replaced[value]
        return value

    def put(self, value: Value, other: Value) -> None:
        """Let everybody take `other` for `value`."""
        self._flush()
        self.replaced[value] = other
        users = self.users.pop(value, [])
        for step in dict.fromkeys(users):
            step.replace({value: other})
        self.users[other].extend(users)
        if value in self.kept:
            self.kept.add(other)
            self._put_result(value, other)

    def _put_result(self, value: Value, other: Value) -> None:
        plan, change = self.plan, {value: other}
        plan.fetches = [change.get(v, v) for v in plan.fetches]
        plan.fetch_guards = [
            tuple((change.get(v, v), branch) for v, branch in guards)
            for guards in plan.fetch_guards
        ]
        for step in plan.steps:
            if isinstance(step, Loop) or any(pred is value for pred, _ in step.guards):
                step.replace(change)

    def only_user(self, value: Value) -> Step | None:
        """The step that takes a value, once, if nobody else needs it."""
        self._flush()
        users = self.users.get(value, ())
        return users[0] if len(users) == 1 and value not in self.kept else None

    def done(self) -> Plan:
        """The plan without what is not needed any more."""
        self._flush()
        return sweep(self.plan)


def reaches(values: Iterable[Value], steps: set[Step]) -> bool:
    """Whether computing any of the values needs one of the steps."""
    stack = [v.step for v in values if v.step is not None and not v.known]
    visited = set(stack)
    while stack:
        step = stack.pop()
        if step in steps:
            return True
        for needed in step.needs():
            if needed not in visited:
                visited.add(needed)
                stack.append(needed)
    return False
