"""Write a plan down as one Python function and compile it.

    def run(feed0, feed1):
        v0 = k0(feed0, c1)
        b0 = v0.item()
        if b0:
            v1 = k1(feed1)
        while True:
            ...
        return (v1,)

Kernels and constants are the function's globals. A value is deleted after its last use, so that its
memory is free for what follows. Line numbers lead back from a failing call to its step.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable
from typing import Any

import torch

from tailrace import arrays
from tailrace.errors import InvalidArgumentError
from tailrace.graph import Operation
from tailrace.graph.inference import split_inputs
from tailrace.plan.device_kernels import device_kernel, host_kernel
from tailrace.plan.ir import Choice, Guards, Join, Loop, Plan, Segment, Step, Value
from tailrace.plan.record import Recorder

FILE_NAME = "<tailrace plan>"
_DEEPEST = 12  # `if` blocks within one another; Python allows 100 levels of indentation


class MemberFailure(Exception):
    """What one of the operations of a fused step raised."""

    def __init__(self, op: Operation, cause: Exception) -> None:
        super().__init__(str(cause))
        self.op = op
        self.cause = cause


class Program:
    """A compiled plan. `run(*feeds)` gives the fetches; `steps_by_line` says what a line belongs
    to.

    `steps` are the kernel calls in the order they are written, also those in loops.

    """

    def __init__(
        self,
        source: str,
        names: dict[str, Any],
        steps_by_line: dict[int, Step],
        steps: list[Step],
    ) -> None:
        self.source = source
        self.steps_by_line = steps_by_line
        self.steps = steps
        exec(compile(source, FILE_NAME, "exec"), names)
        self.run: Callable[..., tuple[Any, ...]] = names["run"]

    def failed_step(self, traceback: types.TracebackType | None) -> Step | None:
        """The step that a traceback of `run` leads to."""
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == FILE_NAME:
                return self.steps_by_line.get(traceback.tb_lineno)
            traceback = traceback.tb_next
        return None


def generate(
    plan: Plan, context_of: Callable[[Step], Any], tick: Callable[..., None] | None = None
) -> Program:
    """Compile a plan for a session.

    `context_of` gives the `OpContext` of a step; `tick`, for profiling, is called after each with
    its index in `Program.steps`, its inputs and its outputs.
    """
    return _Writer(plan, context_of, tick).program()


class _Writer:
    def __init__(self, plan: Plan, context_of: Callable[[Step], Any], tick: Any) -> None:
        self.plan = plan
        self.context_of = context_of
        self.tick = tick
        self.globals: dict[str, Any] = {"tick": tick, "no_value": _no_value}
        self.names: dict[Value, str] = {}
        self.lines: list[str] = []
        self.steps: list[Step] = []
        self.steps_by_line: dict[int, Step] = {}
        self.depth = 1
        self.preds = {pred: f"b{i}" for i, pred in enumerate(_preds(plan))}
        self.used = _used(plan)

    def program(self, read: bool = True) -> Program:
        """The program; `read` is whether of fetched references it gives the variables' values."""
        plan = self.plan
        feeds = [self._name(v, f"feed{i}") for i, v in enumerate(plan.feeds)]
        self.lines.append(f"def run({', '.join(feeds)}):")
        for value in plan.feeds:
            self._note_truth(value)
        owned = {*plan.feeds, *(v for step in plan.steps for v in step.outputs)}
        self._sequence(plan.steps, owned.difference(plan.fetches))
        for value, guards in zip(plan.fetches, plan.fetch_guards, strict=False):
            if guards:
                self._line(f"if not ({self._condition(guards)}): no_value({value.tensor.name!r})")
        name = self._read if read else self._name
        results = "".join(f"{name(v)}, " for v in plan.fetches)
        self._line(f"return ({results})")
        return Program("\n".join(self.lines), self.globals, self.steps_by_line, self.steps)

    # -- blocks ------------------------------------------------------------------------------------

    def _sequence(self, steps: list[Step], owned: set[Value]) -> None:
        """Write steps, in `if` blocks where they are guarded; delete the values owned after
        their last use."""
        blocks = _Blocks(self)
        last = _last_uses(steps, owned)
        guards_of = {v: step.guards for step in steps for v in step.outputs}
        for index, step in enumerate(steps):
            if not step.op_def.once:
                blocks.enter(step.guards)
            self._write(step)
            for value in last.get(index, ()):
                if value in self.names and self.names[value] not in self.globals:
                    blocks.delete(self.names[value], guards_of.get(value, ()))
            blocks.flush()
        blocks.enter(())

    def _write(self, step: Step) -> None:
        if isinstance(step, Loop):
            self._write_loop(step)
        elif isinstance(step, Choice):
            self._write_choice(step)
        elif isinstance(step, Join):
            self._note_truth(step.outputs[0])
        elif isinstance(step, Segment):
            self._write_segment(step)
        elif step.op_def.once:
            self._write_once(step)
        elif step.op_def.inputs or step.op_def.outputs or step.op_def.stateful:
            self._write_call(step)

    def _write_call(self, step: Step) -> None:
        for value in step.detach:
            self._line(f"{self._name(value)}.detach()", step)
        call = self._call(step)
        targets = ["_" if v.known else self._name(v) for v in step.outputs]
        single = len(step.op_def.outputs) == 1 and not step.op_def.outputs[0].is_list
        if targets:
            call = f"{targets[0] if single else ', '.join(targets) + ','} = {call}"
        self._line(call, step)
        self.steps.append(step)
        if self.tick is not None:
            self._line(self._tick(step), step)
        for value in step.outputs:
            self._note_truth(value)

    def _tick(self, step: Step) -> str:
        """The call that hands a step's index, inputs and outputs to the profiler."""
        taken = "".join(f"{self._name(v)}, " for v in step.inputs)
        given = "".join(f"{self._name(v)}, " for v in step.outputs if not v.known)
        return f"tick({len(self.steps) - 1}, ({taken}), ({given}))"

    def _write_segment(self, segment: Segment) -> None:
        """The call of what runs it; for profiling, its steps one by one."""
        if self.tick is not None:
            made = {v for step in segment.steps for v in step.outputs}
            self._sequence(segment.steps, made.difference(segment.outputs))
            return
        inner = Plan(segment.inputs, segment.outputs, segment.steps, [])
        program = _Writer(inner, self.context_of, None).program(read=False)
        assert segment.device is not None
        recorder = self._global("r", Recorder(_explained(program), segment.device))
        targets = "".join(f"{self._name(v)}, " for v in segment.outputs)
        arguments = ", ".join(self._name(v) for v in segment.inputs)
        self._line(f"{f'{targets}= ' if targets else ''}{recorder}({arguments})", segment)
        self.steps.extend(program.steps)
        for value in segment.outputs:
            self._note_truth(value)

    def _write_once(self, step: Step) -> None:
        """Steps whose outputs are one object for as long as the session lives."""
        result = bound_kernel(step)(self.context_of(step))
        for value, constant in zip(step.outputs, [result], strict=True):
            self.names[value] = self._global("c", constant)

    def _write_choice(self, step: Choice) -> None:
        value, index = step.outputs
        as_ref = step.op_def.outputs[0].is_ref
        self._line(f"{self._name(value)} = {self._argument(step.inputs[0], as_ref, False)}", step)
        if index in self.used:
            chosen = self._global("c", torch.tensor(step.position, dtype=torch.int32))
            self._line(f"{self._name(index)} = {chosen}", step)

    # -- loops -------------------------------------------------------------------------------------

    def _write_loop(self, loop: Loop) -> None:
        variables = [v for v in loop.variables if v.value in self.used or v.next is not v.value]
        for variable in variables:
            self._line(f"{self._name(variable.value)} = {self._read(variable.initial)}", loop)
            if variable.index in self.used:
                self._line(f"{self._name(variable.index)} = {self._index(0)}", loop)
        self._line("while True:", loop)
        self.depth += 1
        for variable in variables:
            self._note_truth(variable.value)
        in_head = {v for step in loop.head for v in step.outputs}
        in_body = {v for step in loop.body for v in step.outputs}
        kept = {*loop.results(), *_uses(loop.tail)}
        later = kept.union(_uses(loop.body))
        self._sequence(loop.head, in_head - later)
        self._line(f"if not {self._truth(loop.test)}: break", loop)
        self._sequence(loop.body, (in_head | in_body) - kept)
        self._advance(loop, in_head | in_body)
        self.depth -= 1
        self._sequence(loop.tail, {v for step in loop.tail for v in step.outputs} - kept)
        for value, inner in zip(loop.outputs, loop.exits, strict=True):
            self._line(f"{self._name(value)} = {self._read(inner)}", loop)
            self._note_truth(value)
        self._delete([self._name(v.value) for v in variables])

    def _advance(self, loop: Loop, inner: set[Value]) -> None:
        """The variables' next values become their values, all at once."""
        changed = [v for v in loop.variables if v.next is not v.value]
        if changed:
            targets = ", ".join(self._name(v.value) for v in changed)
            self._line(f"{targets} = {', '.join(self._read(v.next) for v in changed)}", loop)
        else:
            self._line("pass", loop)
        for variable in loop.variables:
            if variable.index in self.used:
                self._line(f"{self._name(variable.index)} = {self._index(1)}", loop)
        outside = {loop.test, *loop.exits, *_uses(loop.tail)}
        done = {
            v.next
            for v in changed
            if v.next in inner and v.next not in outside and not v.next.known
        }
        self._delete(sorted(name for v in done if (name := self._name(v)) not in self.globals))

    def _index(self, number: int) -> str:
        return self._global("c", torch.tensor(number, dtype=torch.int32))

    # -- conditions --------------------------------------------------------------------------------

    def _note_truth(self, value: Value) -> None:
        """Keep a predicate as Python's bool."""
        if value in self.preds and not value.known:
            self._line(f"{self.preds[value]} = {self._read(value)}.item()")

    def _truth(self, value: Value) -> str:
        if value.known:
            return str(bool(value.constant))
        return self.preds.get(value) or f"{self._read(value)}.item()"

    def _condition(self, guards: Guards) -> str:
        return " and ".join(f"{'' if yes else 'not '}{self._truth(pred)}" for pred, yes in guards)

    # -- lines -------------------------------------------------------------------------------------

    def _line(self, text: str, step: Step | None = None) -> None:
        self.lines.append("    " * self.depth + text)
        if step is not None:
            self.steps_by_line[len(self.lines)] = step

    def _delete(self, names: list[str]) -> None:
        if names:
            self._line(f"del {', '.join(names)}")

    def _name(self, value: Value, name: str | None = None) -> str:
        """The Python name of a value; constants become globals."""
        known = self.names.get(value)
        if known is None:
            if value.known:
                known = self._global("c", value.constant)
            else:
                known = name or f"v{len(self.names)}"
            self.names[value] = known
        return known

    def _global(self, prefix: str, thing: Any) -> str:
        name = f"{prefix}{len(self.globals)}"
        self.globals[name] = thing
        return name

    def _read(self, value: Value) -> str:
        """The expression for a tensor's value; a reference is followed to its variable."""
        return f"{self._name(value)}.read()" if value.is_ref else self._name(value)

    def _call(self, step: Step) -> str:
        arguments = []
        if step.op_def.context:
            arguments.append(self._global("x", self.context_of(step)))
        grouped = split_inputs(step.op_def, list(step.inputs), step.attrs)
        for arg, values in zip(step.op_def.inputs, grouped, strict=True):
            host = arg.name in step.host_inputs
            if isinstance(values, list):
                parts = ", ".join(self._argument(v, arg.is_ref, host) for v in values)
                arguments.append(f"[{parts}]")
            else:
                arguments.append(self._argument(values, arg.is_ref, host))
        return f"{self._global('k', bound_kernel(step))}({', '.join(arguments)})"

    def _argument(self, value: Value, as_ref: bool, host: bool) -> str:
        if host:
            if value.known:
                return self._global("h", arrays.host_value(value.constant))
            return f"{self._read(value)}.tolist()"
        return self._name(value) if as_ref else self._read(value)


def _explained(program: Program) -> Callable[..., tuple[Any, ...]]:
    """Runs the program of a segment; a failure says in which of its operations."""

    def run(*args: Any) -> tuple[Any, ...]:
        try:
            return program.run(*args)
        except Exception as failure:
            step = program.failed_step(failure.__traceback__)
            if step is None or isinstance(failure, MemberFailure):
                raise
            raise MemberFailure(step.op, failure) from failure

    return run


class _Blocks:
    """The `if` blocks that are open, and what is to be deleted when they are closed."""

    def __init__(self, writer: _Writer) -> None:
        self._writer = writer
        self._open: list[Guards] = []  # the guards of each block, usually one
        self._lines: list[int] = []  # where each block begins
        self._leaving: dict[int, list[str]] = {}  # by how many guards lead there

    def enter(self, guards: Guards) -> None:
        """Close and open blocks so that the next line runs under `guards`."""
        wanted = _levels(guards)
        shared = 0
        while shared < min(len(wanted), len(self._open)) and wanted[shared] == self._open[shared]:
            shared += 1
        while len(self._open) > shared:
            if len(self._writer.lines) == self._lines.pop():
                self._writer._line("pass")
            self._open.pop()
            self._writer.depth -= 1
            self.flush()
        for level in wanted[shared:]:
            self._writer._line(f"if {self._writer._condition(level)}:")
            self._writer.depth += 1
            self._open.append(level)
            self._lines.append(len(self._writer.lines))

    def delete(self, name: str, guards: Guards) -> None:
        """Delete a value, made under `guards`, as soon as the blocks of its users are closed."""
        levels = _levels(guards)
        if levels == self._open[: len(levels)]:
            self._leaving.setdefault(len(levels), []).append(name)

    def flush(self) -> None:
        """Delete what is done with at this depth."""
        self._writer._delete(sorted(self._leaving.pop(len(self._open), ())))


def _levels(guards: Guards) -> list[Guards]:
    """Guards as nested blocks; beyond a depth all the rest are one."""
    if len(guards) <= _DEEPEST:
        return [(guard,) for guard in guards]
    return [*((guard,) for guard in guards[:_DEEPEST]), guards[_DEEPEST:]]


def _no_value(name: str) -> None:
    raise InvalidArgumentError(
        None,
        None,
        f"{name} does not have value: it belongs to a branch of a conditional that was not taken",
    )


def _preds(plan: Plan) -> Iterable[Value]:
    """The predicates of all guards."""
    guards = [g for step in _all_steps(plan.steps) for g in step.guards]
    guards += [g for fetch in plan.fetch_guards for g in fetch]
    return dict.fromkeys(pred for pred, _ in guards)


def _all_steps(steps: Iterable[Step]) -> Iterable[Step]:
    for step in steps:
        yield step
        if isinstance(step, Loop):
            yield from _all_steps(step.steps())


def _used(plan: Plan) -> set[Value]:
    """The values that anything reads."""
    used = {*plan.fetches, *_preds(plan)}
    for step in _all_steps(plan.steps):
        used.update(step.inputs)
        if isinstance(step, Loop):
            used.update(step.results())
    return used


def _uses(steps: Iterable[Step]) -> set[Value]:
    return {v for step in steps for v in step.inputs}


def _last_uses(steps: list[Step], owned: set[Value]) -> dict[int, list[Value]]:
    """The values owned, by the index of the step that is the last to use them."""
    last: dict[Value, int] = {}
    for index, step in enumerate(steps):
        for value in (*step.outputs, *step.inputs):
            if value in owned and not value.known:
                last[value] = index
    by_index: dict[int, list[Value]] = {}
    for value, index in last.items():
        by_index.setdefault(index, []).append(value)
    return by_index


def bound_kernel(step: Step) -> Callable[..., Any]:
    """The function to call with the step's inputs: the kernel with its attributes."""
    if step.device is not None:
        return device_kernel(step, step.device)
    if step.borrows:
        return host_kernel(_own_kernel(step))
    return _own_kernel(step)


def _own_kernel(step: Step) -> Callable[..., Any]:
    definition, attrs = step.op_def, step.attrs
    if definition.bind_rule is not None:
        bound = definition.bind_rule(attrs)
        if bound is not None:
            return bound
    if not definition.kernel_attrs:
        return definition.kernel
    return functools.partial(
        definition.kernel, **{name: attrs[name] for name in definition.kernel_attrs}
    )
