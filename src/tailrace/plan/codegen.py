"""Write a plan down as one straight-line Python function and compile it.

    def run(feed0, feed1):
        v0 = k0(feed0, c1)
        v1 = k1(v0, c2)
        del v0
        return (v1,)

Kernels and constants are the function's globals. A value is deleted after its last use, so that its memory
is free for what follows. Line numbers lead back from a failing call to its step.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tailrace import arrays
from tailrace.graph.inference import split_inputs
from tailrace.plan.ir import Plan, Step, Value

FILE_NAME = "<tailrace plan>"


class Program:
    """A compiled plan. `run(*feeds)` gives the fetches; `steps_by_line` says what a line belongs to."""

    def __init__(self, source: str, names: dict[str, Any], steps_by_line: dict[int, Step]) -> None:
        self.source = source
        self.steps_by_line = steps_by_line
        exec(compile(source, FILE_NAME, "exec"), names)  # noqa: S102 - the source is ours
        self.run: Callable[..., tuple[Any, ...]] = names["run"]


def generate(plan: Plan, context_of: Callable[[Step], Any], tick: Callable[[int], None] | None = None) -> Program:
    """Compile a plan for a session.

    `context_of` gives the `OpContext` of a step; `tick`, for profiling, is called with a step's index after it.
    """
    return _Writer(plan, context_of, tick).program()


class _Writer:
    def __init__(self, plan: Plan, context_of: Callable[[Step], Any], tick: Any) -> None:
        self.plan = plan
        self.context_of = context_of
        self.tick = tick
        self.globals: dict[str, Any] = {"tick": tick}
        self.names: dict[Value, str] = {}
        self.lines: list[str] = []
        self.steps_by_line: dict[int, Step] = {}
        self.last_use = self._last_uses()

    def program(self) -> Program:
        feeds = [self._name(v, f"feed{i}") for i, v in enumerate(self.plan.feeds)]
        self.lines.append(f"def run({', '.join(feeds)}):")
        for index, step in enumerate(self.plan.steps):
            self._write(index, step)
        results = "".join(f"{self._read(v)}, " for v in self.plan.fetches)
        self.lines.append(f"    return ({results})")
        return Program("\n".join(self.lines), self.globals, self.steps_by_line)

    def _last_uses(self) -> dict[Value, int]:
        last: dict[Value, int] = {}
        for index, step in enumerate(self.plan.steps):
            for value in (*step.outputs, *step.inputs):
                last[value] = index
        for value in self.plan.fetches:
            last[value] = len(self.plan.steps)
        return last

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

    def _write(self, index: int, step: Step) -> None:
        if step.op_def.once:
            self._write_once(step)
            return
        if not step.op_def.inputs and not step.op_def.outputs and not step.op_def.stateful:
            return
        for value in step.detach:
            self._line(f"{self._name(value)}.detach()", step)
        call = self._call(step)
        targets = [self._name(v) for v in step.outputs]
        single = len(step.op_def.outputs) == 1 and not step.op_def.outputs[0].is_list
        if targets:
            call = f"{targets[0] if single else ', '.join(targets) + ','} = {call}"
        self._line(call, step)
        if self.tick is not None:
            self._line(f"tick({index})", step)
        self._delete(index, step)

    def _write_once(self, step: Step) -> None:
        """Steps whose outputs are one object for as long as the session lives."""
        result = bound_kernel(step)(self.context_of(step))
        for value, constant in zip(step.outputs, [result], strict=True):
            self.names[value] = self._global("c", constant)

    def _line(self, text: str, step: Step) -> None:
        self.lines.append(f"    {text}")
        self.steps_by_line[len(self.lines)] = step

    def _call(self, step: Step) -> str:
        arguments = []
        if step.op_def.context:
            arguments.append(self._global("x", self.context_of(step)))
        grouped = split_inputs(step.op_def, list(step.inputs), step.op.attrs)
        for arg, values in zip(step.op_def.inputs, grouped, strict=True):
            host = arg.name in step.op_def.host
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

    def _delete(self, index: int, step: Step) -> None:
        dead = {
            self.names[v]
            for v in (*step.outputs, *step.inputs)
            if self.last_use[v] == index and not v.known and v in self.names
        }
        local = sorted(name for name in dead if name not in self.globals)
        if local:
            self._line(f"del {', '.join(local)}", step)


def bound_kernel(step: Step) -> Callable[..., Any]:
    """The function to call with the step's inputs: the kernel with its attributes."""
    definition, attrs = step.op_def, step.op.attrs
    if definition.bind_rule is not None:
        bound = definition.bind_rule(attrs)
        if bound is not None:
            return bound
    if not definition.kernel_attrs:
        return definition.kernel
    return functools.partial(definition.kernel, **{name: attrs[name] for name in definition.kernel_attrs})
