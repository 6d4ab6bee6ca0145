"""One fused operation in place of steps that change variables and that, together, are what it does.

`registry.Pattern` says what they look like: equations as `plan.match` reads them, that tell how the
inputs of the last step, the anchor, come about. `After(x, y)` is an `x` whose step waits for a step
`y`.
"""

from __future__ import annotations

import dataclasses

from tailrace.plan.edges import following, forward, forwarded, results_of, users_of
from tailrace.plan.equations import Call, Equations, Expression, Word, equations
from tailrace.plan.ir import Fused, Loop, Plan, Step, Value
from tailrace.plan.match import equal
from tailrace.registry import FUSED, OpDef, Pattern


def patterns(plan: Plan) -> Plan:
    """Comes when reads and writes of variables are in order."""
    replaced: dict[Step, Step] = {}
    for definition in FUSED.values():
        pattern = definition.pattern
        if pattern is None:
            continue
        for anchor in [s for s in plan.steps if s.op_def.name == pattern.anchor]:
            if anchor.device is not None:
                continue  # the native call is the host's
            match = _matched(pattern, anchor)
            if match is not None and _closed(match, plan):
                _put(plan, definition, match, replaced)
    plan.targets = forwarded(plan.targets, replaced)
    return plan


@dataclasses.dataclass
class _Match:
    anchor: Step
    bound: dict[str, Value]
    members: list[Step]


class _Matcher:
    def __init__(self, rules: Equations) -> None:
        self.rules = rules
        self.bound: dict[str, Value] = {}
        self.members: list[Step] = []

    def value(self, expression: Expression, value: Value) -> bool:
        """Whether a value is what the expression says; what it binds stays bound then."""
        if isinstance(expression, Word):
            return self._word(expression.name, value)
        if expression.type == "After":
            first, then = expression.args
            return self.value(first, value) and any(self.step(then, s) for s in _waits(value))
        step = value.step
        return step is not None and not value.known and self.step(expression, step)

    def step(self, expression: Expression, step: Step) -> bool:
        assert isinstance(expression, Call)
        if isinstance(step, (Fused, Loop)) or step.op_def.name != expression.type:
            return False
        if len(step.inputs) != len(expression.args):
            return False
        if all(self.value(e, v) for e, v in zip(expression.args, step.inputs, strict=True)):
            self.members.append(step)
            return True
        return False

    def _word(self, name: str, value: Value) -> bool:
        if name in self.bound:
            return equal(value, self.bound[name])
        for choice in self.rules.get(name, ()):
            before = dict(self.bound), list(self.members)
            if self.value(choice, value):
                break
            self.bound, self.members = before
        else:
            if name in self.rules:
                return False
        self.bound[name] = value
        return True


def _waits(value: Value) -> list[Step]:
    return [] if value.step is None else value.step.after


def _matched(pattern: Pattern, anchor: Step) -> _Match | None:
    matcher = _Matcher(equations(pattern.equations))
    for name, value in zip(pattern.inputs, anchor.inputs, strict=True):
        if not matcher.value(Word(name), value):
            return None
    return _Match(anchor, matcher.bound, list(dict.fromkeys([*matcher.members, anchor])))


def _closed(match: _Match, plan: Plan) -> bool:
    """Whether nothing else depends on what the members compute on the way, so that they can run at
    once. Reads from before, which others share, are then no members.
    """
    inside = set(match.members)
    used = users_of(plan.steps)
    kept = {*plan.fetches, *results_of(plan.steps)}
    for step in inside:
        if step.guards != match.anchor.guards or step not in plan.steps:
            return False
        alone = all(v not in kept and inside.issuperset(used[v]) for v in step.outputs)
        if not alone and step is not match.anchor:
            if step.after or not step.op_def.alias:
                return False
            match.members.remove(step)
    later = following(match.members, plan.steps).difference(match.members)
    return not any(needed in later for step in match.members for needed in step.needs())


def _put(plan: Plan, definition: OpDef, match: _Match, replaced: dict[Step, Step]) -> None:
    anchor = match.anchor
    gone = match.members
    one = Fused(
        anchor.op,
        [match.bound[arg.name] for arg in definition.inputs],
        anchor.outputs if definition.outputs else [],
        list(dict.fromkeys(b for s in gone for b in s.after if b not in gone)),
        [v for s in gone for v in s.detach],
        anchor.guards,
        definition=definition,
        attributes={name: anchor.attrs[name] for name in definition.attrs if name in anchor.attrs},
        members=tuple(s.op for s in gone),
    )
    for value in one.outputs:
        value.step = one
    plan.steps = [one if s is anchor else s for s in plan.steps if s is anchor or s not in gone]
    instead: dict[Step, Step] = dict.fromkeys(gone, one)
    forward(plan.steps, instead)
    replaced.update(instead)
