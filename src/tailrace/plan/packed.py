"""Take apart what lies side by side in one matrix: the states of a cell, as those of an LSTM are
with `state_is_tuple=False`.

Columns that are cut out of values which were laid side by side are one of these, through sums and
choices of rows as well. A variable of a loop that is nothing but such values becomes as many
variables. What a program computes stays the same, number by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

import torch

from tailrace import arrays
from tailrace.plan import sizes
from tailrace.plan.build import Builder, Made, fixed
from tailrace.plan.edges import users_of
from tailrace.plan.ir import Choice, Join, Loop, Plan, Step, Value, Variable
from tailrace.plan.prune import sweep


def packed(plan: Plan) -> Plan:
    """Comes when sizes are known, and before cells are looked for."""
    if not any(step.op_def.joins for part in _blocks(plan.steps) for step in part):
        return plan
    return _Packed(plan).apart()


def _blocks(steps: list[Step]) -> Iterator[list[Step]]:
    """The lists that steps are in, those of loops as well."""
    yield steps
    for step in steps:
        if isinstance(step, Loop):
            for part in step.parts():
                yield from _blocks(part)


class _Packed:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.users = users_of(plan.steps)
        self.home = {step: part for part in _blocks(plan.steps) for step in part}
        self.replaced: dict[Value, Value] = {}
        self._found: dict[tuple[Value, int, int], Value | None] = {}
        self._made: list[tuple[list[Step], Step]] = []

    def apart(self) -> Plan:
        plan = self.plan
        for loop in [step for step in plan.steps if isinstance(step, Loop) and not step.guards]:
            for variable in list(loop.variables):
                self._take_apart(loop, variable)
        for step in list(self.home):
            for output, source, begin in cuts_of(step):
                found = self.columns(source, begin, _width(output))
                if found is not None and _plain(step):
                    self.replaced[output] = found
        if not self.replaced:
            return plan
        for part, step in self._made:
            part.append(step)
        final = {value: self._now(value) for value in self.replaced}
        for step in plan.steps:
            step.replace(final)
        for step in plan.steps:
            if isinstance(step, Loop):
                step.refresh()
        plan.fetches = [final.get(v, v) for v in plan.fetches]
        return sweep(plan)

    def _now(self, value: Value) -> Value:
        while value in self.replaced:
            value = self.replaced[value]
        return value

    # -- columns -----------------------------------------------------------------------------------

    def columns(self, value: Value, begin: int, width: int) -> Value | None:
        """The columns of a matrix from `begin` on, if they are there by themselves."""
        value = self._now(value)
        if value.is_ref:  # what it holds may change before it is read
            return None
        if _width(value) == width:
            return value
        key = (value, begin, width)
        if key not in self._found:
            self._found[key] = self._columns(value, begin, width)
        return self._found[key]

    def _columns(self, value: Value, begin: int, width: int) -> Value | None:
        if value.known and isinstance(value.constant, torch.Tensor):
            return fixed(value.constant[:, begin : begin + width])
        step = value.step
        if step is None or not _plain(step):
            return None
        if step.op_def.zeros:
            return _zeros(value, width)
        if step.op_def.joins:
            return self._of_joined(step, begin, width)
        if _passes_columns(step, value):
            return self._of_each(step, begin, width)
        placed = _placed(step)
        if placed is not None:
            return self._of_placed(value, *placed, begin, width)
        for output, source, first in cuts_of(step):
            if output is value:
                return self.columns(source, first + begin, width)
        return None

    def _of_joined(self, step: Step, begin: int, width: int) -> Value | None:
        """The columns of one of the values that a step lays side by side."""
        for value, first in _joined(step):
            if first <= begin and begin + width <= first + _width(value):
                return self.columns(value, begin - first, width)
        return None

    def _of_placed(
        self, value: Value, source: Value, first: int, begin: int, width: int
    ) -> Value | None:
        """Columns of a value among zeros."""
        last = first + _width(source)
        if begin + width <= first or begin >= last:
            return _zeros(value, width)
        inside = first <= begin and begin + width <= last
        return self.columns(source, begin - first, width) if inside else None

    def _of_each(self, step: Step, begin: int, width: int) -> Value | None:
        """A sum, or a choice of rows, of the columns alone."""
        d = step.op_def
        mask, values = ([], step.inputs) if d.adds else (step.inputs[:1], step.inputs[1:])
        found = [self.columns(v, begin, width) for v in values]
        parts = [v for v in found if v is not None]
        if len(parts) < len(found):
            return None
        if d.adds:
            parts = [v for v in parts if not (v.known and not v.constant.any())] or parts[:1]
            if len(parts) == 1:
                return parts[0]
        builder = Builder(step.op, (), (step.op,))
        (made,) = builder.add(d, [*mask, *parts])
        self._add(self.home[step], builder)
        return made

    def _add(self, block: list[Step], builder: Builder) -> None:
        """Note steps that are made to be in a block."""
        self._made.extend((block, step) for step in builder.steps)
        self.home.update(dict.fromkeys(builder.steps, block))

    # -- variables of loops ------------------------------------------------------------------------

    def _take_apart(self, loop: Loop, variable: Variable) -> None:
        """Put a variable for each of the values in place of one that holds several."""
        marks = _Marks(self, loop, variable).found()
        if len(marks) < 3:
            return
        before = dict(self._found), len(self._made)
        spans = [(begin, end - begin) for begin, end in pairwise(marks)]
        value = variable.value
        pieces = [_like(value, width, loop) for _, width in spans]
        builder = Builder(loop.op, (), (loop.op,))
        self.replaced[value] = builder.ConcatV2(*pieces, builder.constant(1))
        nexts = [self.columns(variable.next, begin, width) for begin, width in spans]
        if None in nexts:
            del self.replaced[value]
            self._found = before[0]
            del self._made[before[1] :]
            return
        self._add(loop.head, builder)
        at = loop.variables.index(variable)
        loop.variables[at : at + 1] = [
            Variable(piece, self._first(loop, variable.initial, *span), following, variable.index)
            for piece, span, following in zip(pieces, spans, nexts, strict=True)
            if following is not None
        ]
        self._leave(loop, value, pieces)

    def _first(self, loop: Loop, initial: Value, begin: int, width: int) -> Value:
        found = self.columns(initial, begin, width)
        if found is not None:
            return found
        builder = Builder(loop.op, (), (loop.op,))
        made = builder.Narrow(initial, axis=1, begin=begin, size=width)
        self._add(self.plan.steps, builder)
        return made

    def _leave(self, loop: Loop, value: Value, pieces: list[Value]) -> None:
        """The pieces leave the loop, and are put together again for whom it may concern."""
        for output, inner in list(zip(loop.outputs, loop.exits, strict=True)):
            if inner is not value:
                continue
            at = loop.outputs.index(output)
            ends = [_like(piece, _width(piece), loop) for piece in pieces]
            loop.outputs[at : at + 1] = ends
            loop.exits[at : at + 1] = pieces
            builder = Builder(loop.op, (), (loop.op,))
            self.replaced[output] = builder.ConcatV2(*ends, builder.constant(1))
            self._add(self.plan.steps, builder)


class _Marks:
    """Where the columns of a loop's variable are cut, if all that becomes of it is that."""

    def __init__(self, packed: _Packed, loop: Loop, variable: Variable) -> None:
        self.users = packed.users
        self.loop = loop
        self.variable = variable
        self.inside = set(loop.steps())
        others = [v.next for v in loop.variables if v is not variable]
        self.needed = {loop.test, *others, *(v for v in loop.exits if v is not variable.value)}
        self.marks = {0}

    def found(self) -> list[int]:
        """Ascending, the ends among them; none where the variable is more than columns."""
        value = self.variable.value
        if len(value.dims or ()) != 2 or None in (value.dims or ()):
            return []
        if self.variable.next is value or not value.tensor._dtype.base_dtype.is_floating:
            return []
        if not self._is_cut(value, 0):
            return []
        return sorted({*self.marks, _width(value)})

    def _is_cut(self, value: Value, first: int) -> bool:
        """Whether all that takes a value, columns of the variable from `first` on, takes columns
        of it; notes where.
        """
        stack, seen, cuts = [value], {value}, []
        while stack:
            value = stack.pop()
            for user in dict.fromkeys(self.users[value]):
                own = [(v, begin) for v, source, begin in cuts_of(user) if source is value]
                if not _plain(user) or user not in self.inside:
                    return False
                if own:
                    cuts.extend(own)
                    continue
                if len(user.outputs) != 1 or not _passes_columns(user, user.outputs[0]):
                    return False
                if user.inputs[0] is value and user.op_def.chooses:
                    return False
                stack += [v for v in user.outputs if v not in seen]
                seen.update(user.outputs)
        if not cuts or seen.intersection(self.needed):
            return False
        for output, begin in cuts:
            self.marks.update((first + begin, first + begin + _width(output)))
            self._is_cut(output, first + begin)
        return True


# -- what steps do with columns --------------------------------------------------------------------


def cuts_of(step: Step) -> list[tuple[Value, Value, int]]:
    """The outputs of a step that are columns of a matrix: each with that and where it begins."""
    rule = step.op_def.cuts_rule
    if rule is None or isinstance(step, (Choice, Join, Loop)):
        return []
    found = sizes.apply(step, rule, step.op_def.cuts_attrs)
    if found is None:
        return []
    place, axis, begins = found
    source = step.inputs[place]
    if axis != 1 or any(_width(v) < 1 for v in (source, *step.outputs)):
        return []
    return [(v, source, b) for v, b in zip(step.outputs, begins, strict=True)]


def _plain(step: Step) -> bool:
    """Whether a step always runs, and waits for nothing but what it takes."""
    return not (isinstance(step, (Choice, Join, Loop)) or step.guards or step.after)


def _joined(step: Step) -> list[tuple[Value, int]]:
    """What a step lays side by side, and where each begins."""
    *values, axis = step.inputs
    if not axis.known or int(axis.constant) not in (1, -1) or any(_width(v) < 1 for v in values):
        return []
    begins = accumulate((_width(v) for v in values[:-1]), initial=0)
    return list(zip(values, begins, strict=True))


def _placed(step: Step) -> tuple[Value, int] | None:
    """The value that a step puts among columns of zeros, and where it begins."""
    rule = step.op_def.placed_rule
    found = None if rule is None else sizes.apply(step, rule, step.op_def.placed_attrs)
    if found is None:
        return None
    place, zeros = found
    source = step.inputs[place]
    if _width(source) < 1 or any(zeros[0]):
        return None
    return source, int(zeros[1][0])


def _passes_columns(step: Step, value: Value) -> bool:
    """Whether columns of what a step gives come from the same columns of what it takes."""
    d = step.op_def
    if d.chooses:
        mask, *values = step.inputs
        rows = mask.dims is not None and len(mask.dims) == 1
        return rows and all(v.dims == value.dims for v in values)
    return d.adds and _width(value) > 0 and all(v.dims == value.dims for v in step.inputs)


def _width(value: Value) -> int:
    """How many columns a matrix has; 0 for what is none, or whose size is not known."""
    dims = value.dims
    if dims is None or len(dims) != 2 or dims[0] is None:
        return 0
    return dims[1] or 0


def _like(value: Value, width: int, step: Step) -> Value:
    """A value that a step gives, with as many rows as another one and `width` columns."""
    tensor = value.tensor
    made = Value(Made(tensor.name, tensor._dtype.base_dtype), step)  # type: ignore[arg-type]
    made.dims = (value.dims or (None,))[0], width
    return made


def _zeros(value: Value, width: int) -> Value:
    dtype = arrays.torch_dtype(value.tensor._dtype.base_dtype)
    return fixed(torch.zeros((value.dims or (0,))[0] or 0, width, dtype=dtype))
