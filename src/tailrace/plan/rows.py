"""Sum a gradient's rows by word before they are multiplied, not after.

The gradient of a small table, as that of the embeddings of characters, has a row for every place
that looked one up, dx = dz Wx^T, and the optimizer sums those of the same word. Those of dz are
summed already (`tables`), so their product with Wx^T is all that the optimizer wants. Clipping
wants the norm of all rows of dx, but no more of it than whether it exceeds the limit: mostly a
bound tells that it does not (`OpDef.bounded`), and otherwise the rows are computed after all.
"""

from __future__ import annotations

import dataclasses
import math

from tailrace.plan.build import Builder
from tailrace.plan.edges import Users, following, forward, results_of, users_of
from tailrace.plan.ir import Fused, Plan, Step, Value
from tailrace.plan.prune import sweep
from tailrace.registry import FUSED


def rows(plan: Plan) -> Plan:
    """Comes when reads and writes of variables are in order, and what clips and what updates are
    steps of their own.
    """
    for update in [s for s in plan.steps if s.op_def.rows]:
        match = _Finder(plan).match(update)
        if match is not None:
            _put(plan, match)
    return sweep(plan)


@dataclasses.dataclass
class _Match:
    update: Step
    scaling: Step | None  # multiplies the rows
    norms: Step | None  # of the rows and of other gradients
    values: Value  # the rows
    terms: list[Step]  # what they are the sum of
    found: dict[Value, list[Value]]  # sums of rows by what the terms take
    limit: float = math.inf


class _Finder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.users: Users = users_of(plan.steps)
        self.kept = {*plan.fetches, *results_of(plan.steps)}
        self.targets = set(plan.targets)

    def match(self, update: Step) -> _Match | None:
        names = [arg.name for arg in update.op_def.inputs]
        indices, gradient = (update.inputs[names.index(name)] for name in ("indices", "grad"))
        distinct, summed = indices.step, gradient.step
        if distinct is None or summed is None or indices.known or not distinct.op_def.distinct:
            return None
        if not summed.op_def.segments or summed.inputs[1] is not distinct.outputs[1]:
            return None
        if indices is not distinct.outputs[0] or not self._for(gradient, update):
            return None
        return self._match_rows(update, summed, distinct.inputs[0])

    def _match_rows(self, update: Step, summed: Step, words: Value) -> _Match | None:
        values, scaling = summed.inputs[0], None
        if values.step is not None and values.step.op_def.multiplies:
            scaling = values.step
            if not self._for(values, summed) or scaling.inputs[1].dims != ():
                return None
            values = scaling.inputs[0]
        norms = [u for u in self.users[values] if u not in (scaling, summed)]
        if values in self.kept or len(norms) > 1:
            return None
        path = self._path(values)
        if path is None:
            return None
        terms, swapped = path
        match = _Match(update, scaling, norms[0] if norms else None, values, terms, {})
        for value in {v for term in terms for v in term.inputs}:
            sums = self._sums(value, words, swapped)
            if sums is not None:
                match.found[value] = sums
        if norms and not self._is_limited(match):
            return None
        return match if self._is_free(match, summed) else None

    def _path(self, value: Value) -> tuple[list[Step], bool] | None:
        """The steps that the rows are the sum of, and whether these have steps before batch."""
        swapped = False
        while True:
            step = value.step
            if step is None or value.known or step.after or step.guards:
                return None
            if step.op_def.permutes and step.inputs[1].known:
                if step.inputs[1].constant.tolist() != [1, 0, 2]:
                    return None
                swapped = not swapped
            elif not step.op_def.reshapes or len(step.inputs[0].dims or ()) != 3:
                break
            elif (step.inputs[0].dims or ())[2:] != (value.dims or ())[1:]:
                return None
            value = step.inputs[0]
            if not self._for(value, step):
                return None
        return self._terms(step), swapped

    def _terms(self, step: Step) -> list[Step]:
        if step.op_def.by_row_rule is not None:
            return [step]
        made = [v.step for v in step.inputs if self._for(v, step) and not v.known]
        terms = [s for s in made if s is not None and s.op_def.by_row_rule is not None]
        alike = len({s.op_def for s in terms}) == 1 and not any(s.after or s.guards for s in terms)
        return terms if step.op_def.adds and alike and len(terms) == len(step.inputs) else []

    def _sums(self, value: Value, words: Value, swapped: bool) -> list[Value] | None:
        """The sums of the value's rows by these words, if there are such."""
        maker = words.step
        if maker is not None and maker.op_def.reshapes and not words.known:
            words = maker.inputs[0]
        for user in self.users[value]:
            if user.op_def.row_sums and user.inputs[0] is value:
                known = user.inputs[1] is words and user.attrs["swapped"] == swapped
                return user.outputs if known and not user.guards else None
        return None

    def _is_limited(self, match: _Match) -> bool:
        """Whether nothing but a limit asks for the norms; notes it."""
        norms = match.norms
        assert norms is not None
        if norms.op_def.bounded is None or norms.after or norms.guards:
            return False
        total = self._only_user(norms.outputs[0])
        if total is None or not total.op_def.sums or total.outputs[0].dims != ():
            return False
        limits = self._only_user(total.outputs[0])
        if (
            limits is None
            or limits.op_def.limits is None
            or limits.inputs[0] is not total.outputs[0]
        ):
            return False
        numbers = [float(v.constant) if v.known else None for v in limits.inputs]
        limit = limits.op_def.limits(*numbers)
        match.limit = limit or 0.0
        return limit is not None and norms.inputs.count(match.values) == 1

    def _is_free(self, match: _Match, summed: Step) -> bool:
        """Whether the steps may go, and what waits for them does not come before the norms."""
        gone = [*match.terms, summed, *([match.scaling] if match.scaling else [])]
        if not match.terms or not self.targets.isdisjoint(gone):
            return False
        if any(s.guards != match.update.guards or s.after for s in gone):
            return False
        waiting = [s for s in self.plan.steps if not set(gone).isdisjoint(s.after)]
        return match.norms not in following(waiting, self.plan.steps)

    def _only_user(self, value: Value) -> Step | None:
        users = self.users[value]
        return users[0] if len(users) == 1 and value not in self.kept else None

    def _for(self, value: Value, user: Step) -> bool:
        """Whether nothing but a step uses the value."""
        return self._only_user(value) is user


def _put(plan: Plan, match: _Match) -> None:
    update, first = match.update, match.terms[0]
    builder = Builder(first.op, update.guards, members=tuple(s.op for s in match.terms))
    rule = first.op_def.by_row_rule
    assert rule is not None
    made = rule(builder, [term.inputs for term in match.terms], match.found)
    if made is None:
        return
    total, factors, counts = made
    gradient = total
    if match.scaling is not None:
        (gradient,) = builder.add(match.scaling.op_def, [total, match.scaling.inputs[1]])
    words = next(iter(match.found.values()))[0]
    names = [arg.name for arg in update.op_def.inputs]
    update.inputs[names.index("indices")], update.inputs[names.index("grad")] = words, gradient
    _wait(plan, match, total)
    if match.norms is not None:
        _bound(plan, match, builder, factors, counts)
    plan.steps = [*plan.steps, *builder.steps]


def _wait(plan: Plan, match: _Match, total: Value) -> None:
    """What writes where the terms read comes after the steps in their place."""
    assert total.step is not None
    for step in following(match.terms, plan.steps):
        if step.op_def.writes and step is not match.update:
            step.after = [*step.after, total.step]
    instead = [total.step, *([match.norms] if match.norms else [])]
    for step in plan.steps:
        if not set(match.terms).isdisjoint(step.after):
            kept = [s for s in step.after if s not in match.terms]
            step.after = list(dict.fromkeys([*kept, *instead]))


def _bound(
    plan: Plan, match: _Match, builder: Builder, factors: list[Value], counts: dict[str, int]
) -> None:
    norms = match.norms
    assert norms is not None
    position = norms.inputs.index(match.values)
    others = [v for v in norms.inputs if v is not match.values]
    one = Fused(
        norms.op,
        [*others, *factors],
        norms.outputs,
        [],
        guards=norms.guards,
        definition=FUSED[norms.op_def.bounded or ""],
        attributes={
            "T": norms.attrs["T"],
            "N": len(others),
            "position": position,
            "limit": match.limit,
            **counts,
        },
        members=norms.members if isinstance(norms, Fused) else (norms.op,),
    )
    for value in one.outputs:
        value.step = one
    plan.steps = [one if s is norms else s for s in plan.steps]
    forward([*plan.steps, *builder.steps], {norms: one})
