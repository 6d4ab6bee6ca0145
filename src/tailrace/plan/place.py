"""Where steps are computed, and the copies between devices that this asks for.

A step goes to a GPU when its kernel can be run there and it computes with floating-point numbers;
with integers and truth values it is where its inputs are, since sizes and counters are the host's.
Variables are where their nodes are placed, and so is what reads or changes them. Elements of tensor
arrays and stacks lie on the GPU when they are floating-point numbers. See `devices`.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from tailrace.devices import Device, Devices
from tailrace.graph import Operation
from tailrace.plan.build import Builder
from tailrace.plan.ir import Choice, Join, Loop, Plan, Step, Value
from tailrace.plan.sizes import in_order
from tailrace.plan.state import named_inputs, refers, root

# where a value lies; None is the host
Place = Device | None


def place(plan: Plan) -> Plan:
    """Set `Step.device` and put in `Transfer` steps.

    Comes before reads and writes of variables are put in order.
    """
    if plan.devices is None or not plan.devices.gpus:
        return plan
    placer = _Placer(plan.devices)
    placer.choose(plan.steps)
    _Copier(placer, plan).copy(plan.steps)
    return plan


class _Placer:
    """Chooses devices; `home` tells where a value lies."""

    def __init__(self, devices: Devices) -> None:
        self.devices = devices
        self.usual = devices.gpus[0]
        self._variables: dict[Value, Place] = {}  # of loops, and what choices give

    def home(self, value: Value) -> Place:
        """Where a value lies, a reference where its variable does."""
        if value in self._variables:
            return self._variables[value]
        step = value.step
        if step is None or value.known:
            return None
        if refers(value):
            return self.of_variable(value)
        if isinstance(step, Loop):
            exits = dict(zip(step.outputs, step.exits, strict=True))
            return self.home(exits[value]) if value in exits else None
        if _is_passed(step, value):
            return next((self.home(v) for v in _passed_inputs(step)), None)
        return step.device

    def of_variable(self, value: Value) -> Place:
        """Where the variable behind a reference or handle lies."""
        op = root(value)
        return None if op is None else self._of_variable(op)

    def _of_variable(self, op: Operation) -> Place:
        dtype = op.attrs.get("dtype")
        if not op.op_def.once or dtype is None or not (_computes(dtype) or dtype.name == "int64"):
            return None
        return self._asked(op)

    def _asked(self, op: Operation) -> Place:
        device = self.devices.wanted(op, self.usual)
        return None if device.kind == "CPU" else device

    def choose(self, steps: list[Step]) -> None:
        """Set the device of steps that lie in any order; once more while loops' variables move."""
        ordered = in_order(steps)
        for step in ordered:
            if isinstance(step, Loop):
                self._loop(step)
            elif isinstance(step, Choice):
                value = step.outputs[0]
                at = self.home(step.inputs[0])
                self._variables[value] = self._variables.get(value) or at
            elif not isinstance(step, Join):
                step.device = self._chosen(step)
                step.borrows = step.device is None and self._reaches(step)

    def _reaches(self, step: Step) -> bool:
        """Whether a step is handed a variable that lies on a GPU."""
        arguments = [v for v in step.inputs if refers(v)]
        return any(self.of_variable(v) is not None for v in arguments)

    def _loop(self, loop: Loop) -> None:
        moved = True
        for variable in loop.variables:
            self._variables[variable.value] = self.home(variable.initial)
        while moved:
            self.choose(list(loop.steps()))
            moved = False
            for variable in loop.variables:
                at = self.home(variable.next)
                if at is not None and self._variables[variable.value] is None:
                    self._variables[variable.value] = at
                    moved = True

    def _chosen(self, step: Step) -> Place:
        definition = step.op_def
        cells = [v for v in step.inputs if refers(v)]
        held = [at for v in cells if (at := self.of_variable(v)) is not None]
        if definition.host_only or definition.once or definition.measures or definition.constant:
            return None
        types = [v.tensor._dtype.base_dtype for v in (*step.inputs, *step.outputs)]
        if any(t.name in ("string", "variant") for t in types):
            return None
        if held:
            return held[0]
        asked = self._asked(step.op)
        if asked is None:
            return None
        if definition.context and not (definition.array or definition.device_kernel):
            return None
        if cells and not _holds_elements(cells):
            return None
        if any(_computes(t) for t in types):
            return asked
        if cells:
            return None
        return next((at for v in step.inputs if (at := self.home(v)) is not None), None)


def _computes(dtype: object) -> bool:
    """Whether numbers of a type are a GPU's."""
    return dtype.is_floating or dtype.is_complex  # type: ignore[attr-defined]


def _holds_elements(cells: list[Value]) -> bool:
    """Whether handles are of tensor arrays or stacks, which lie nowhere themselves."""
    return all((op := root(v)) is not None and op.op_def.array for v in cells)


def _is_passed(step: Step, value: Value) -> bool:
    """Whether an output is handed on without being looked at."""
    names = step.op_def.anywhere
    if not names:
        return False
    arg = step.op_def.outputs[min(step.outputs.index(value), len(step.op_def.outputs) - 1)]
    return arg.name in names


def _passed_inputs(step: Step) -> Iterator[Value]:
    return (v for name, v in named_inputs(step) if name in step.op_def.anywhere)


class _Copier:
    """Puts copies in where a step takes what lies elsewhere."""

    def __init__(self, placer: _Placer, plan: Plan) -> None:
        self.placer = placer
        self.blocks: dict[Value, list[Step]] = {}  # those a value is made in; others at the top
        self.top = plan.steps
        self.made: dict[tuple[Value, Place], Value] = {}
        self._note(plan.steps)

    def _note(self, steps: list[Step]) -> None:
        for step in steps:
            self.blocks.update(dict.fromkeys(step.outputs, steps))
            if isinstance(step, Loop):
                for variable in step.variables:
                    self.blocks[variable.value] = step.head
                for part in step.parts():
                    self._note(part)

    def copy(self, steps: list[Step]) -> None:
        """Let the steps of a block take copies."""
        for step in list(steps):
            if isinstance(step, Loop):
                self._loop(step)
            elif isinstance(step, Choice):
                wanted = self.placer.home(step.outputs[0])
                step.inputs = [self._at(v, wanted) for v in step.inputs]
            elif not isinstance(step, Join):
                self._step(step, steps)

    def _loop(self, loop: Loop) -> None:
        for part in loop.parts():
            self.copy(part)
        for variable in loop.variables:
            at = self.placer.home(variable.value)
            variable.initial = self._at(variable.initial, at)
            if variable.next is not variable.value:
                variable.next = self._at(variable.next, at)
        loop.refresh()

    def _step(self, step: Step, block: list[Step]) -> None:
        definition = step.op_def
        as_refs = {arg.name for arg in definition.inputs if arg.is_ref}
        inputs = []
        for name, value in named_inputs(step):
            wanted = None if name in step.host_inputs else step.device
            if name in as_refs or name in definition.anywhere or definition.measures:
                inputs.append(value)
            elif value.is_ref:
                inputs.append(self._read(value, wanted, step, block))
            else:
                inputs.append(self._at(value, wanted))
        step.inputs = inputs

    def _read(self, ref: Value, wanted: Place, step: Step, block: list[Step]) -> Value:
        """What is read by reference; elsewhere a copy, made when the step would read it."""
        if self.placer.of_variable(ref) == wanted:
            return ref
        copy = self._copied(ref, wanted, step, block)
        assert copy.step is not None
        copy.step.after = list(step.after)
        return copy

    def _at(self, value: Value, wanted: Place) -> Value:
        """The value where it is wanted."""
        if refers(value) or self.placer.home(value) == wanted:
            return value
        if value.known and not isinstance(value.constant, torch.Tensor):
            return value
        found = self.made.get((value, wanted))
        if found is None:
            block = self.blocks.get(value, self.top)
            found = self._constant(value, wanted) or self._copied(value, wanted, value.step, block)
            self.made[value, wanted] = found
        return found

    def _constant(self, value: Value, wanted: Place) -> Value | None:
        if not value.known or wanted is None:
            return None
        copy = Value(value.tensor)
        copy.dims = value.dims
        copy.fix(value.constant.to(wanted.torch))
        return copy

    def _copied(self, value: Value, wanted: Place, beside: Step | None, block: list[Step]) -> Value:
        """A copy, made under the guards of the step `beside`."""
        op = value.tensor.op if beside is None else beside.op
        builder = Builder(op, beside.guards if beside is not None else ())
        copy = builder.Transfer(value, to=wanted.torch if wanted else torch.device("cpu"))
        (step,) = builder.steps
        step.device = wanted
        block.append(step)
        return copy
