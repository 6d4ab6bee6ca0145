"""Write conditionals on the lengths of sequences as choices row by row.

An unrolled network whose sequences end one after the other asks in each step whether all have
ended, and if not, whether none has: it skips the step, or the choice between the old state and the
new one. Row by row that makes no difference: where a sequence has ended, the old state stays.
Written so, steps have no conditions, and layers can do them (`chains`).

What is computed in a step that would have been skipped must count for nothing: sums of gradients
get only what is zero when all sequences have ended.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Hashable

import torch

from tailrace import arrays
from tailrace.plan.build import Builder
from tailrace.plan.drawn import conditional, may_be_conditional
from tailrace.plan.edges import Users, forward, forwarded, users_of
from tailrace.plan.edit import Editor
from tailrace.plan.ir import Choice, Join, Loop, Plan, Step, Value

# The lengths, and the step that is asked about.
Key = tuple[Value, int]
# What may be the case for a row: all sequences have ended; some have, this one or not; none has.
_ALL, _THIS, _OTHERS, _NONE = "all", "this", "others", "none"
_EXCHANGED = {"<=": ">=", ">=": "<=", "<": ">", ">": "<"}


@dataclasses.dataclass
class _Branches:
    """A value that is chosen by `test`, "all" or "none"."""

    key: Key
    test: str
    yes: Value
    no: Value


@dataclasses.dataclass
class _Rows:
    """What a value is the sum of where a sequence has ended, and where it has not."""

    ended: list[Value]
    going: list[Value]


class _Inconsistent(Exception):
    pass


def masks(plan: Plan) -> Plan:
    """Let choices by row take the place of such conditionals. Comes when sizes are known."""
    found = _Conditionals(plan)
    return found.replaced() if found.branches else plan


class _Conditionals:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tests = {v: t for s in plan.steps for v in s.outputs if (t := test_of(v)) is not None}
        self.users: Users = users_of(plan.steps)
        self.branches: dict[Value, _Branches] = {}
        choices: dict[Value, list[Choice]] = collections.defaultdict(list)
        for step in plan.steps:
            if isinstance(step, Choice):
                choices[step.outputs[0]].append(step)
        for step in plan.steps:
            if isinstance(step, Join):
                self._note(step, choices[step.outputs[0]])

    def _note(self, join: Join, choices: list[Choice]) -> None:
        found = {}
        for choice in choices:
            own = [g for g in choice.guards if g not in join.guards]
            if len(own) == 1 and own[0][0] in self.tests:
                found[own[0][1]] = own[0][0], choice.inputs[0]
        if len(choices) == len(found) == 2 and found[True][0] is found[False][0]:
            kind, key = self.tests[found[True][0]]
            if kind != "mask":
                value = join.outputs[0]
                self.branches[value] = _Branches(key, kind, found[True][1], found[False][1])

    # -- what values are ---------------------------------------------------------------------------

    def terms(self, value: Value, key: Key, case: str, depth: int) -> list[Value]:
        """What a value is the sum of, for a row of which `case` is so. Sums within branches are
        taken apart where `depth` is 2; where it is 0, none is but the value itself.
        """
        if is_zero(value):
            return []
        branches = self.branches.get(value)
        if branches is not None and branches.key == key:
            yes = branches.test == case
            return self.terms(branches.yes if yes else branches.no, key, case, depth and 2)
        step = value.step
        if step is None or value.known or isinstance(step, (Loop, Choice, Join)):
            return [value]
        if self._is_mask(step, key):
            ended = case in (_ALL, _THIS)
            return self.terms(step.inputs[1 if ended else 2], key, case, depth and 2)
        if step.op_def.adds and (depth == 1 or (depth == 2 and self._is_inside(step, key))):
            return [t for v in step.inputs for t in self.terms(v, key, case, 2)]
        return [value]

    def _is_mask(self, step: Step, key: Key) -> bool:
        return step.op_def.chooses and self.tests.get(step.inputs[0]) == ("mask", key)

    def _is_inside(self, step: Step, key: Key) -> bool:
        return any(self._key(pred) == key for pred, _ in step.guards)

    def _key(self, pred: Value) -> Key | None:
        return self.tests[pred][1] if pred in self.tests else None

    def rows(self, value: Value, key: Key) -> _Rows:
        """What a value is, row by row. Raises: _Inconsistent when that is not told by the row."""
        # what is no sum by itself is better left as it is
        for depth in (0, 1) if value in self.branches else (1,):
            found = self._rows(value, key, depth)
            if found is not None:
                return found
        raise _Inconsistent

    def _rows(self, value: Value, key: Key, depth: int) -> _Rows | None:
        step = value.step
        inside = step is not None and self._is_inside(step, key)
        ended = self.terms(value, key, _THIS, depth)
        going = self.terms(value, key, _OTHERS, depth)
        if _differ(going, self.terms(value, key, _NONE, depth)):
            return None
        if not inside:
            without = list(ended)
            for term in self.terms(value, key, _ALL, depth):
                if term not in without:
                    return None
                without.remove(term)
            if not all(self._vanishes(term, key) for term in without):
                return None
        return _Rows(ended, going)

    def _vanishes(self, value: Value, key: Key) -> bool:
        """Whether a value is zero if it is computed when all sequences have ended."""
        if is_zero(value):
            return True
        branches = self.branches.get(value)
        if branches is not None and branches.key == key:
            return self._vanishes(branches.no, key)
        step = value.step
        if step is None or value.known or isinstance(step, (Loop, Choice, Join)):
            return False
        d = step.op_def
        if self._is_mask(step, key):
            return self._vanishes(step.inputs[1], key)
        if not self._is_inside(step, key):
            return False
        if d.adds or d.stacks or d.joins:
            parts = step.inputs[:-1] if d.joins else step.inputs
            return all(self._vanishes(v, key) for v in parts)
        if d.reshapes or d.permutes or d.sums:
            return self._vanishes(step.inputs[0], key)
        if d.chooses:
            return all(self._vanishes(v, key) for v in step.inputs[1:])
        names = [arg.name for arg in d.inputs]
        return any(
            name in d.vanishes and self._vanishes(v, key)
            for name, v in zip(names, step.inputs, strict=False)
        )

    # -- replacing ---------------------------------------------------------------------------------

    def replaced(self) -> Plan:
        """The plan with choices by row; as it was, where not all can be written so."""
        try:
            rows = self._all_rows()
        except _Inconsistent:
            return self.plan
        if not self._suffices(rows):
            return self.plan
        editor = Editor(self.plan)
        made: dict[Hashable, Value] = {}
        instead: dict[Step, Step] = {}
        for value, (key, found) in rows.items():
            assert value.step is not None
            same = key, tuple(found.ended), tuple(found.going)
            if same not in made:
                b = editor.pending(Builder(value.step.op, (), (value.step.op,)))
                made[same] = self._by_row(b, key, found, editor)
            editor.put(value, made[same])
        for step in list(self.plan.steps):
            if isinstance(step, (Choice, Join)):
                continue
            conditions = tuple(g for g in step.guards if g[0] in self.tests)
            if conditions and step.op_def.draws:
                drawn = conditional(step, conditions)
                self.plan.steps.append(drawn)
                editor.put(step.outputs[0], drawn.outputs[0])
                instead[step] = drawn
            step.guards = tuple(g for g in step.guards if g not in conditions)
        self.plan.steps = [s for s in self.plan.steps if s not in instead]
        forward(self.plan.steps, instead)
        self.plan.targets = forwarded(self.plan.targets, instead)
        return editor.done()

    def _all_rows(self) -> dict[Value, tuple[Key, _Rows]]:
        found: dict[Value, tuple[Key, _Rows]] = {}
        kept = {*self.plan.fetches}
        for value, branches in self.branches.items():
            others = [u for u in self.users.get(value, ()) if not isinstance(u, Choice)]
            if not others and value not in kept:
                continue
            try:
                found[value] = branches.key, self.rows(value, branches.key)
            except _Inconsistent:
                # the sum of two such may be told by the row
                if value in kept or not all(u.op_def.adds for u in others):
                    raise
                for user in others:
                    total = user.outputs[0]
                    found[total] = branches.key, self.rows(total, branches.key)
        return found

    def _suffices(self, rows: dict[Value, tuple[Key, _Rows]]) -> bool:
        """Whether nothing is left that needs to be skipped."""
        wanted = [*self.plan.fetches]
        wanted += [v for _, r in rows.values() for terms in (r.ended, r.going) for v in terms]
        wanted = [v for v in wanted if v not in rows and not v.known]
        steps = [*self.plan.targets, *(v.step for v in wanted if v.step is not None)]
        seen = set(steps)
        while steps:
            step = steps.pop()
            if isinstance(step, (Choice, Join)) and step.outputs[0] in self.branches:
                return False
            skipped = any(pred in self.tests for pred, _ in step.guards)
            if skipped and not self._can_always_be(step):
                return False
            values = [v for v in step.inputs if v not in rows and not v.known]
            values += [pred for pred, _ in step.guards if pred not in self.tests]
            for following in (*(v.step for v in values), *step.after):
                if following is not None and following not in seen:
                    seen.add(following)
                    steps.append(following)
        return True

    def _can_always_be(self, step: Step) -> bool:
        """Whether a step may be done where it would have been skipped."""
        if isinstance(step, Loop):
            return False
        return step.foldable or may_be_conditional(step)

    def _by_row(self, b: Builder, key: Key, found: _Rows, editor: Editor) -> Value:
        ended, going, both = list(found.ended), list(found.going), []
        for term in found.ended:
            if term in going:
                going.remove(term)
                ended.remove(term)
                both.append(term)
        ended, going, both = ([editor.now(v) for v in part] for part in (ended, going, both))
        if ended or going:
            like = (ended or going)[0]
            lengths, time = key
            mask = b.LessEqual(lengths, b.constant(time))
            both.append(b.Select(mask, _added(b, ended, like), _added(b, going, like)))
        return both[0] if len(both) == 1 else b.AddN(*both)


def test_of(value: Value) -> tuple[str, Key] | None:
    """Which sequences a value tells of to have ended at a step: "all", "none" (that is, whether
    none has), or "mask", for each.
    """
    step = value.step
    if step is None or value.known or isinstance(step, Loop) or not step.op_def.compares:
        return None
    relation, (left, right) = step.op_def.compares, step.inputs
    if left.known:
        relation, left, right = _EXCHANGED[relation], right, left
    if not right.known or right.dims != () or left.known or left.step is None:
        return _of_vector(relation, left, right)
    extremum = left.step.op_def.extremum
    if left.dims == () and (extremum, relation) in (("max", "<="), ("min", ">")):
        lengths = left.step.inputs[0]
        if len(lengths.dims or ()) == 1:
            return "all" if extremum == "max" else "none", (lengths, int(right.constant))
    return _of_vector(relation, left, right)


def _of_vector(relation: str, left: Value, right: Value) -> tuple[str, Key] | None:
    is_vector = len(left.dims or ()) == 1 and not left.known
    if relation == "<=" and is_vector and right.known and right.dims == ():
        return "mask", (left, int(right.constant))
    return None


def _differ(some: list[Value], others: list[Value]) -> bool:
    """Whether sums are not of the same terms; what is known may be added up already."""
    parts = [[v for v in terms if not v.known] for terms in (some, others)]
    if collections.Counter(parts[0]) != collections.Counter(parts[1]):
        return True
    known = [[v.constant for v in terms if v.known] for terms in (some, others)]
    if not all(known):
        return any(known)
    totals = [torch.stack(constants).sum(0) for constants in known]
    return not torch.equal(*totals)


def is_zero(value: Value) -> bool:
    """Whether a value is known to be zero."""
    if value.known:
        return not value.constant.any()
    return value.step is not None and value.step.op_def.zeros


def _added(b: Builder, terms: list[Value], like: Value) -> Value:
    if len(terms) == 1:
        return terms[0]
    if terms:
        return b.AddN(*terms)
    dtype = arrays.torch_dtype(like.tensor._dtype.base_dtype)
    return b.constant(torch.zeros(like.dims, dtype=dtype))  # type: ignore[arg-type]
