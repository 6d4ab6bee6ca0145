"""What holds for a plan between any two passes, checked.

Costs as much as a pass, so it is done only where the environment variable `TAILRACE_CHECK_PLANS`
is set, as it is in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable

from tailrace.errors import InternalError
from tailrace.graph import Operation
from tailrace.plan import sizes
from tailrace.plan.ir import Choice, Guards, Loop, Plan, Segment, Step, Value


def verify(plan: Plan, after: str) -> None:
    """Check a plan whose loops are blocks.

    What is used is a feed, a constant, or made by a step of the plan that its user may see; guards
    are truth values; outputs know their steps; nothing needs itself.

    Raises: InternalError naming the pass `after` which it is so, and an operation.
    """
    try:
        _Check(plan).run()
    except InternalError as failure:
        message = f"after pass '{after}': {failure.message}"
        raise InternalError(None, failure.op, message) from None


class _Check:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.feeds = set(plan.feeds)

    def run(self) -> None:
        plan = self.plan
        self._steps(plan.steps, set())
        steps = set(_single(plan.steps))
        made = _made(steps)
        for value in plan.fetches:
            self._visible(value, made, None, "a fetch")
        for guards in plan.fetch_guards:
            self._guards(guards, made, None)
        for step in plan.targets:
            if step not in steps:
                raise _broken(step.op, f"{step} is a target, but no step of the plan")

    def _steps(self, steps: list[Step], outside: set[Value]) -> None:
        """Check steps of one block, which see values from `outside` too."""
        steps = _single(steps)
        if len(set(steps)) < len(steps):
            twice = next(s for i, s in enumerate(steps) if s in steps[:i])
            raise _broken(twice.op, f"{twice} is twice in the plan")
        made = _made(steps)
        seen = made | outside
        for step in steps:
            for value in step.outputs:  # those of several choices are one join's
                if value.step is not step and not isinstance(step, Choice):
                    raise _broken(step.op, f"{value} is an output of {step}, but of {value.step}")
            for value in step.inputs:
                self._visible(value, seen, step.op, "an input of", step)
            for value in step.detach:
                if value not in step.inputs:
                    raise _broken(step.op, f"{step} detaches {value}, which it does not take")
            self._guards(step.guards, seen, step.op)
            if isinstance(step, Loop):
                self._loop(step, seen)
        sizes.in_order(steps)

    def _loop(self, loop: Loop, outside: set[Value]) -> None:
        """The head sees the variables, the body what the head makes, the tail as well."""
        variables = {v for variable in loop.variables for v in (variable.value, variable.index)}
        inner = outside | variables
        steps = [*loop.steps()]
        self._steps(steps, inner)
        for variable in loop.variables:
            self._visible(variable.initial, outside, loop.op, "the first value in", loop)
        made = inner | _made(steps)
        for value in loop.results():
            self._visible(value, made, loop.op, "a result in", loop)
        if len(loop.outputs) != len(loop.exits):
            raise _broken(loop.op, f"{loop} has {len(loop.outputs)} outputs")
        lost = [s for s in loop.targets if s not in steps]
        if lost:
            raise _broken(loop.op, f"{lost[0]} is a target of {loop}, but no step of it")

    def _guards(self, guards: Guards, seen: set[Value], op: Operation | None) -> None:
        for pred, _ in guards:
            self._visible(pred, seen, op, "a guard")
            if pred.tensor._dtype.base_dtype.name != "bool":
                raise _broken(op, f"the guard {pred} is no truth value")

    def _visible(
        self,
        value: Value,
        seen: set[Value],
        op: Operation | None,
        what: str,
        step: Step | None = None,
    ) -> None:
        if value.known:
            wrong = "is said to be known, but is not" if value.constant is None else ""
        elif value in seen or (value.step is None and value in self.feeds):
            wrong = ""
        elif value.step is None:
            wrong = "is neither fed nor made by a step"
        else:
            wrong = f"is made by {value.step}, not in the plan there"
        if wrong:
            place = what if step is None else f"{what} {step}"
            raise _broken(op, f"{value}, {place}, {wrong}")


def _single(steps: list[Step]) -> list[Step]:
    """The steps, those of segments one by one."""
    return [s for step in steps for s in (step.steps if isinstance(step, Segment) else [step])]


def _made(steps: Iterable[Step]) -> set[Value]:
    return {v for step in steps for v in step.outputs}


def _broken(op: Operation | None, what: str) -> InternalError:
    where = "" if op is None else f" (operation '{op.name}')"
    return InternalError(None, op, what + where)
