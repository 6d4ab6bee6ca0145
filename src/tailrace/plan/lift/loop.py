"""One loop, done for all iterations at once.

Values are asked for, from what leaves the loop backwards. What depends on no earlier iteration is
computed once for all of them, with an axis of iterations in front; sums over iterations become sums
over that axis; what tensor arrays and stacks carry from loop to loop is handed over as a whole;
states that go from one iteration to the next need a kernel that knows the recurrence.

In a loop that takes values off stacks, iterations are counted from the last one, so that position p
is what the loop that filled the stacks did in its p-th iteration.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tailrace.graph.inference import split_inputs
from tailrace.plan.build import Builder
from tailrace.plan.ir import Choice, Join, Loop, Step, Value, Variable
from tailrace.plan.lift.arrays import Arrays, Write, passed_on
from tailrace.plan.lift.counting import Counters, Known, as_ints, stacked
from tailrace.plan.lift.mapped import mapped
from tailrace.plan.lift.recurrence import (
    GradientRecurrence,
    Recurrence,
    find_gradients,
    find_recurrences,
)
from tailrace.plan.lifted import Lifted, by_rule
from tailrace.plan.order import has_effects
from tailrace.plan.state import root
from tailrace.registry import OpDef
from tailrace.shapes import Shape


class Stays(Exception):
    """Why a loop stays a loop."""


class LoopLifter:
    """Lifts one loop. `run` gives what takes the place of its outputs; raises Stays."""

    def __init__(self, loop: Loop, arrays: Arrays, used: set[Value], ends: Known) -> None:
        self.loop = loop
        self.arrays = arrays
        self.used = used
        self.counters = Counters(loop, ends)
        self.builder = Builder(loop.op, loop.guards, tuple(s.op for s in loop.steps()))
        self.inside = set(loop.steps())
        self.variables = {v.value: v for v in loop.variables}
        self.reverse = any(s.op_def.array == "pop" for s in self.inside)
        self._lifted: dict[Value, Lifted] = {}
        self._asked: set[Value] = set()
        self._bounds: dict[Value, Value] = {}
        self.recurrences: list[Recurrence] = []
        self.gradients: list[GradientRecurrence] = []

    @property
    def count(self) -> int:
        assert self.counters.count is not None
        return self.counters.count

    # -- the loop ----------------------------------------------------------------------------------

    def run(self) -> dict[Value, Value]:
        """What takes the place of each output that is used."""
        self.check()
        # of a single iteration there is nothing to be done at once: its steps take its place
        states = [v for v in self.loop.variables if self.count > 1 and self._is_state(v)]
        self.recurrences = find_recurrences(self, states)
        self.gradients = find_gradients(self, self.arrays.recurrences, states)
        outputs = zip(self.loop.outputs, self.loop.exits, strict=True)
        found = {out: self._exit(out, inner) for out, inner in outputs if out in self.used}
        pushed = {}
        for step in self.loop.body:
            cell = root(step.inputs[0]) if step.op_def.array == "push" else None
            if cell is not None:
                self.lift(step.inputs[1])
                pushed[cell] = (self, step.inputs[1])
        self.arrays.pushed.update(pushed)
        self.arrays.recurrences.extend(self.recurrences)
        return found

    def check(self) -> None:
        """Raises: Stays for what no loop may hold that is to be done at once."""
        if self.loop.tail:
            raise Stays(f"'{self.loop.tail[0].op.name}' runs when it ends")
        for step in (*self.loop.head, *self.loop.body):
            d = step.op_def
            name = step.op.name
            if isinstance(step, Loop):
                raise Stays(f"the loop of '{name}' is inside of it")
            if step.guards or isinstance(step, (Choice, Join)):
                raise Stays(f"'{name}' is under a condition")
            if has_effects(step) or (d.varies and d.inputs):
                raise Stays(f"'{name}' has effects or uses a variable")
        if self.counters.count is None:
            raise Stays("how often it runs depends on what it computes")
        if self.counters.count == 0:
            raise Stays("it never runs")
        if self.counters.bound is not None and not self._counts(self.counters.time):
            raise Stays("how often it runs depends on what it computes")

    def _exit(self, output: Value, inner: Value) -> Value:
        """What an output is when all iterations are done."""
        if inner.known or inner not in self.variables:
            return self.same(inner)
        if inner in self.counters.final:
            return self._counted(inner)
        variable = self.variables[inner]
        if variable.next is inner:
            return variable.initial
        writes = self._writes(variable)
        if writes is not None:
            return self._scattered(output, variable, writes)
        if self.count == 1:
            return self.lift(variable.next).value
        terms = self._terms(variable)
        if terms is not None:
            return self._sum(variable, terms)
        return self.state_after(variable)

    def iterations(self) -> Value:
        """How often the loop runs, or more than that."""
        bound = self.counters.bound
        return self.builder.constant(self.count) if bound is None else bound

    def _counted(self, counter: Value) -> Value:
        """What a counter ends with."""
        last = self.counters.final[counter]
        bound = self.counters.bound
        if bound is None:
            return self.builder.constant(last)
        # in a plan for all iterations it is `last`, whatever the loop would have stopped at
        values = self.builder.constant(stacked([*self.counters.series(counter), last]))
        found = self.builder.PickStep(values, bound)
        self.counters.ends[found] = last
        return found

    def same(self, value: Value) -> Value:
        """A value that is the same in all iterations. Raises: Stays when it is not."""
        found = self.lift(value)
        if found.each:
            raise Stays(f"'{value.tensor.name}' leaves it in the midst of an iteration")
        return found.value

    # -- recurrences -------------------------------------------------------------------------------

    def _is_state(self, variable: Variable) -> bool:
        """Whether an iteration makes of a variable what the next one needs to know."""
        return not (
            variable.next is variable.value
            or variable.value in self.counters.final
            or self._writes(variable) is not None
            or self._terms(variable) is not None
        )

    def state_after(self, variable: Variable) -> Value:
        """A state after the last iteration."""
        for recurrence in (*self.recurrences, *self.gradients):
            if variable in recurrence.variables.values():
                return recurrence.last(variable)
        raise Stays(f"no kernel knows how '{variable.value.tensor.name}' goes on")

    # -- sums over iterations ----------------------------------------------------------------------

    def _terms(self, variable: Variable) -> list[Value] | None:
        """What is added to a variable in each iteration, when that is all that happens to it."""
        terms: list[Value] = []
        stack, met = [variable.next], 0
        while stack:
            value = stack.pop()
            if value is variable.value:
                met += 1
            elif value.step in self.inside and value.step.op_def.adds and self._only(value):
                stack.extend(value.step.inputs)
            else:
                terms.append(value)
        if met != 1 or self._uses(variable.value) != 1 or self.counters.bound is not None:
            return None
        dims = variable.value.dims
        return terms if dims is not None and all(t.dims == dims for t in terms) else None

    def _uses(self, value: Value) -> int:
        """How often a value is used in an iteration."""
        count = sum(v is value for s in self.inside for v in s.inputs)
        return count + sum(v.next is value for v in self.loop.variables if v.value is not value)

    def _only(self, value: Value) -> bool:
        return self._uses(value) == 1

    def _sum(self, variable: Variable, terms: list[Value]) -> Value:
        total: Value | None = None
        for term in terms:
            part = self._total(term)
            total = part if total is None else self.builder.AddSteps(total, part)
        assert total is not None
        start = variable.initial
        if start.known and not start.constant.any():
            return total
        return self.builder.AddSteps(start, total)

    def _total(self, value: Value) -> Value:
        """The sum of a value over all iterations."""
        for gradient in self.gradients:
            total = gradient.total(value)
            if total is not None:
                return total
        step = value.step
        if step in self.inside and step is not None and step.op_def.total_rule is not None:
            rule, names = step.op_def.total_rule, step.op_def.total_attrs
            found = rule(self.builder, *self._inputs(step), **{n: step.attrs[n] for n in names})
            if found is not None:
                return found
        found = self.lift(value)
        if found.each:
            return self.builder.SumOverSteps(found.value)
        return self.builder.TimesSteps(found.value, count=self.count)

    # -- sequences that end before the loop does ---------------------------------------------------

    def lengths(self, mask: Value) -> Value | None:
        """The lengths of sequences, when a value tells which of them are at an end."""
        step = mask.step
        if step is None or step not in self.inside or step.op_def.compares != ">=":
            return None
        time, lengths = step.inputs
        if lengths.step in self.inside or lengths in self.variables or not self._counts(time):
            return None
        return self._bounded(lengths)

    def _counts(self, time: Value | None) -> bool:
        """Whether a value is the number of iterations before."""
        if time is None or not self.counters.known(time):
            return False
        return as_ints(self.counters.series(time)) == list(range(self.count))

    def _bounded(self, lengths: Value) -> Value:
        """The lengths, none longer than what the loop runs to."""
        bound = self.counters.bound
        if bound is None:
            return lengths
        if lengths not in self._bounds:
            self._bounds[lengths] = self.builder.ShorterSteps(lengths, bound)
        return self._bounds[lengths]

    def chosen(self, value: Value) -> tuple[Value, Value, Value] | None:
        """Condition and both choices, of a value chosen by a mask."""
        step = value.step
        if step is None or step not in self.inside or not step.op_def.chooses:
            return None
        mask, yes, no = step.inputs
        return (mask, yes, no) if self.lengths(mask) is not None else None

    def _zero_when_masked(self, value: Value) -> bool:
        """Whether a value is zero past the end of each sequence, and so past the loop's."""
        found = self.chosen(value)
        return found is not None and found[1].known and not found[1].constant.any()

    # -- tensor arrays -----------------------------------------------------------------------------

    def _writes(self, variable: Variable) -> list[Step] | None:
        """The steps by which a variable, a flow, goes on; None when it is no flow."""
        found: dict[Step, None] = {}
        stack, met = [variable.next], False
        while stack:
            value = stack.pop()
            if value is variable.value:
                met = True
            elif value.step in self.inside and value.step.op_def.array == "write":
                found[value.step] = None
                stack.append(value.step.inputs[3])
            elif value.step in self.inside:
                passed = list(passed_on(value))
                if not passed:
                    return None
                stack.extend(passed)
        return list(found) if met and found else None

    def _scattered(self, output: Value, variable: Variable, writes: list[Step]) -> Value:
        noted = []
        flow = variable.initial
        for step in writes:
            handle, index, element, _ = step.inputs
            key = self.arrays.key(handle)
            if key is None:
                raise Stays(f"'{step.op.name}' writes to an unknown tensor array")
            if self.counters.bound is not None and not self._zero_when_masked(element):
                raise Stays(f"'{step.op.name}' may not be reached")
            indices = self._indices(index)
            elements = self.every(element)
            noted.append(Write(key, indices, elements, [variable.initial]))
            flow = self.builder.ScatterSteps(
                self.same(handle), self.builder.constant(indices), elements, flow
            )
        self.arrays.writes[flow] = noted
        return flow

    def _indices(self, index: Value) -> list[int]:
        if not self.counters.known(index):
            found = self.lift(index)
            if (found.each or self.count == 1) and found.value.known:
                return as_ints(list(found.value.constant.reshape(-1)))
            raise Stays(f"the index '{index.tensor.name}' is not a count of iterations")
        return as_ints(self._in_order(self.counters.series(index)))

    def _in_order(self, series: list[Any]) -> list[Any]:
        return series[::-1] if self.reverse else series

    def _read(self, step: Step) -> Lifted:
        handle, index, flow = step.inputs
        key = self.arrays.key(handle)
        writes = None if key is None else self.arrays.at(self._flow(flow), key)
        elements = None
        if writes is not None:
            elements = self.arrays.read(self.builder, writes, self._indices(index))
        if elements is None:
            raise Stays(f"what '{step.op.name}' reads is not known as a whole")
        if self.count == 1:
            return Lifted(self.builder.FirstStep(elements), False)
        return Lifted(elements, True)

    def _flow(self, flow: Value) -> Value:
        """The flow outside of the loop that one inside continues."""
        while True:
            if flow in self.variables:
                variable = self.variables[flow]
                if variable.next is not flow:
                    raise Stays(f"'{flow.tensor.name}' is read while it is written")
                flow = variable.initial
            elif flow.step in self.inside:
                passed = list(passed_on(flow))
                if len(passed) != 1:
                    raise Stays(f"'{flow.tensor.name}' is read while it is written")
                flow = passed[0]
            else:
                return flow

    def _pop(self, step: Step) -> Lifted:
        cell = root(step.inputs[0])
        lifter, value = self.arrays.pushed.get(cell, (None, None)) if cell else (None, None)
        if lifter is None or value is None or lifter.reverse or lifter.count != self.count:
            raise Stays(
                f"what '{step.op.name}' takes off a stack was put there by a loop that stays"
            )
        return lifter.lift(value)

    def origin(self, value: Value) -> tuple[LoopLifter, Value] | None:
        """The value of another loop that one of this loop is: it came off a stack."""
        step = value.step
        if step is None or step not in self.inside or step.op_def.array != "pop":
            return None
        cell = root(step.inputs[0])
        return None if cell is None else self.arrays.pushed.get(cell)

    # -- values ------------------------------------------------------------------------------------

    def every(self, value: Value) -> Value:
        """A value with an axis of iterations in front."""
        found = self.lift(value)
        if found.each:
            return found.value
        return self.builder.RepeatOverSteps(found.value, count=self.count)

    def lift(self, value: Value) -> Lifted:
        """A value for all iterations. Raises: Stays."""
        found = self._lifted.get(value)
        if found is None:
            if value in self._asked:
                raise Stays(f"'{value.tensor.name}' depends on earlier iterations")
            self._asked.add(value)
            try:
                found = self._find(value)
            finally:
                self._asked.discard(value)
            self._lifted.setdefault(value, found)
        return found

    def _find(self, value: Value) -> Lifted:
        if value.known:
            return Lifted(value, False)
        if self.count == 1 and value in self.variables:
            return Lifted(self.variables[value].initial, False)
        if self.counters.known(value):
            series = self._in_order(self.counters.series(value))
            if self.count == 1:
                return Lifted(self.builder.constant(series[0]), False)
            return Lifted(self.builder.constant(stacked(series)), True)
        known = self._of_recurrence(value)
        if known is not None:
            return Lifted(known, True)
        if value in self.variables:
            return self._variable(self.variables[value])
        step = value.step
        if step not in self.inside or step is None:
            return Lifted(value, False)
        role = step.op_def.array
        if role == "read":
            return self._read(step)
        if role == "pop":
            return self._pop(step)
        if role == "push":
            return self.lift(step.inputs[1])
        for output, found in zip(step.outputs, self._over_steps(step), strict=True):
            self._lifted[output] = found
        return self._lifted[value]

    def _of_recurrence(self, value: Value) -> Value | None:
        for recurrence in self.recurrences:
            if value in recurrence.words:
                return recurrence.view(value)
        for gradient in self.gradients:
            found = gradient.view(value)
            if found is not None:
                return found
        return None

    def _variable(self, variable: Variable) -> Lifted:
        if variable.next is variable.value:
            return Lifted(variable.initial, False)
        raise Stays(f"no kernel knows how '{variable.value.tensor.name}' goes on")

    def _inputs(self, step: Step) -> list[Any]:
        return split_inputs(step.op_def, [self.lift(v) for v in step.inputs], step.attrs)

    def _over_steps(self, step: Step) -> list[Lifted]:
        d = step.op_def
        inputs = [self.lift(v) for v in step.inputs]
        if self.count == 1 or not (d.draws or any(i.each for i in inputs)):
            found = self._added(step, d, [i.value for i in inputs], step.attrs)
            return [Lifted(v, False) for v in found]
        outputs = self._by_rule(step, inputs)
        if outputs is None:
            known = all(v.dims is not None and None not in v.dims for v in step.outputs)
            if any(arg.is_list for arg in d.inputs) or not known:
                raise Stays(f"'{step.op.name}' cannot be done for all iterations at once")
            each = [i.each for i in inputs]
            bound = self.counters.bound if d.draws else None
            definition = mapped(step, each, self.count, bounded=bound is not None)
            values = [] if bound is None else [bound]
            outputs = self._added(step, definition, [*values, *(i.value for i in inputs)], {})
            for made, one in zip(outputs, step.outputs, strict=True):
                made.dims = (self.count, *(one.dims or ()))
        return [Lifted(v, True) for v in outputs]

    def _added(
        self, step: Step, definition: OpDef, inputs: list[Value], attrs: dict[str, Any]
    ) -> list[Value]:
        """Add a step that is known by the operation it does, and has its random stream."""
        builder = Builder(step.op, self.loop.guards, (step.op,))
        outputs = builder.add(definition, inputs, **attrs)
        self.builder.steps.extend(builder.steps)
        return outputs

    def _by_rule(self, step: Step, inputs: list[Lifted]) -> list[Value] | None:
        d = step.op_def
        lengths = self.lengths(step.outputs[0])
        if lengths is not None:
            inputs = [inputs[0], Lifted(lengths, False)]
        return by_rule(self.builder, d, inputs, step.attrs)

    def shapes(self, values: list[Value]) -> Iterator[Shape]:
        """The sizes of values in one iteration."""
        return (Shape(v.dims) for v in values)
