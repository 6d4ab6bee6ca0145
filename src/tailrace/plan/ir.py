"""The words plans are written in: values, steps, plans."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from tailrace.devices import Device, Devices
from tailrace.graph import Operation, Tensor
from tailrace.graph.inference import split_inputs
from tailrace.registry import OpDef


class Value:
    """What one name of the generated program stands for: an output of a step,
    a feed or a constant.
    """

    __slots__ = ("constant", "dims", "elements", "known", "step", "tensor")

    def __init__(self, tensor: Tensor, step: Step | None = None) -> None:
        self.tensor = tensor  # the graph's tensor this computes
        self.step = step  # None for feeds
        # sizes in this plan's runs, where they are known (None: unknown rank); those of what a
        # tensor array or stack holds
        self.dims: tuple[int | None, ...] | None = None
        self.elements: tuple[int | None, ...] | None = None
        self.known = False  # whether `constant` holds the value in every run
        self.constant: Any = None

    @property
    def is_ref(self) -> bool:
        """Whether this is a reference to a variable, and not its value."""
        return self.step is not None and self.tensor._dtype._is_ref_dtype

    def fix(self, constant: Any) -> None:
        self.known = True
        self.constant = constant

    def __repr__(self) -> str:
        return f"Value({self.tensor.name})"


# When a step runs: only where each predicate is true, or false. The outermost comes first.
Guards = tuple[tuple[Value, bool], ...]


@dataclasses.dataclass(slots=True, eq=False)
class Step:
    """One kernel call: an operation, where its inputs come from, what must come before.

    `inputs` are flat, one per input tensor. `after` are the steps of control edges and the order
    that state asks for. `detach` are the inputs whose variable is given a new buffer before this
    step writes to it, because the old one is still needed. `guards` say in which case of the
    conditionals around it the step runs. `device` is where it is computed, None for the host;
    `borrows` says of a step of the host that it reaches for variables which lie elsewhere.
    """

    op: Operation
    inputs: list[Value]
    outputs: list[Value]
    after: list[Step]
    detach: list[Value] = dataclasses.field(default_factory=list)
    guards: Guards = ()
    device: Device | None = None
    borrows: bool = False

    @property
    def op_def(self) -> OpDef:
        return self.op.op_def

    @property
    def host_inputs(self) -> frozenset[str]:
        """The names of the inputs that the kernel takes as Python values."""
        d = self.op_def
        return d.device_host if self.device is not None and d.device_kernel else d.host

    @property
    def attrs(self) -> dict[str, Any]:
        return self.op.attrs

    @property
    def foldable(self) -> bool:
        """Whether the operation gives the same for the same inputs and does nothing else."""
        d = self.op_def
        return not (d.stateful or d.context or d.varies or d.writes or d.reads or d.region)

    @property
    def recordable(self) -> bool:
        """Whether it is computed on a device and needs nothing that changes from the host, so that
        doing it again is to launch the same kernels on the same memory.
        """
        if self.device is None or self.device.record is None or self.guards or self.detach:
            return False
        d = self.op_def
        if (
            d.waits
            or d.context
            or d.array
            or d.varies
            or (d.stateful and not (d.writes or d.reads))
        ):
            return False
        asked = self.host_inputs
        return not asked or all(v.known for v in self._asked_by_host(asked))

    def _asked_by_host(self, names: frozenset[str]) -> Iterator[Value]:
        grouped = split_inputs(self.op_def, self.inputs, self.attrs)
        for arg, group in zip(self.op_def.inputs, grouped, strict=True):
            if arg.name in names:
                yield from group if isinstance(group, list) else [group]

    def needs(self) -> Iterator[Step]:
        """The steps that must run before this one."""
        for value in self.inputs:
            if value.step is not None and not value.known:
                yield value.step
        for pred, _ in self.guards:
            if pred.step is not None and not pred.known:
                yield pred.step
        yield from self.after

    def leaves(self) -> Iterator[Step]:
        """The kernel calls in it: itself, or those of a loop."""
        yield self

    def replace(self, values: dict[Value, Value]) -> None:
        """Use other values instead."""
        self.inputs = [values.get(v, v) for v in self.inputs]
        self.detach = [values.get(v, v) for v in self.detach]
        self.guards = tuple((values.get(v, v), branch) for v, branch in self.guards)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.op.name})"


def declared(step: Step) -> dict[str, Any]:
    """The attributes that the operation's declaration names."""
    return {name: step.attrs[name] for name in step.op_def.attrs if name in step.attrs}


@dataclasses.dataclass(slots=True, eq=False)
class Fused(Step):
    """Several operations done by one kernel, declared by `registry.fused`.

    `op` is the one it is known by in errors and profiles, usually the last of `members`.
    """

    definition: OpDef = None  # type: ignore[assignment] - always given
    attributes: dict[str, Any] = dataclasses.field(default_factory=dict)
    members: tuple[Operation, ...] = ()

    @property
    def op_def(self) -> OpDef:
        return self.definition

    @property
    def attrs(self) -> dict[str, Any]:
        return self.attributes

    def __repr__(self) -> str:
        return f"Fused({self.definition.name}, {self.op.name}, {len(self.members)} operations)"


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Choice(Step):
    """One input of a Merge becomes its value; a step for each input, guarded as the input is."""

    position: int = 0


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Join(Step):
    """A Merge's value is there: one of its choices was made."""


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Loop(Step):
    """A loop: `head` computes `test`, and while that is true `body` runs and gives the variables'
    next values.

    `inputs` are the values from outside, `outputs` those of the exits. `tail` runs once when `test`
    was false.
    """

    variables: list[Variable] = dataclasses.field(default_factory=list)
    test: Value = None  # type: ignore[assignment] - set as the loop is made
    head: list[Step] = dataclasses.field(default_factory=list)
    body: list[Step] = dataclasses.field(default_factory=list)
    tail: list[Step] = dataclasses.field(default_factory=list)
    exits: list[Value] = dataclasses.field(default_factory=list)  # what each output is, within
    # steps that must run in each iteration
    targets: list[Step] = dataclasses.field(default_factory=list)
    stays: str = ""  # why it is not done for all iterations at once

    @property
    def foldable(self) -> bool:
        return False

    def parts(self) -> tuple[list[Step], list[Step], list[Step]]:
        return self.head, self.body, self.tail

    def steps(self) -> Iterator[Step]:
        for part in self.parts():
            yield from part

    def results(self) -> Iterator[Value]:
        """The values that the loop itself uses."""
        yield self.test
        yield from self.exits
        yield from (v.next for v in self.variables)

    def leaves(self) -> Iterator[Step]:
        for step in self.steps():
            yield from step.leaves()

    def refresh(self) -> None:
        """Find `inputs` again."""
        inside = {self, *self.steps()}
        used: dict[Value, None] = {}
        for step in self.steps():
            if isinstance(step, Loop):
                step.refresh()
            used.update(dict.fromkeys([*step.inputs, *(pred for pred, _ in step.guards)]))
        used.update(dict.fromkeys(self.results()))
        inner = [v for v in used if v.known or v.step is None or v.step not in inside]
        self.inputs = list(dict.fromkeys([*(v.initial for v in self.variables), *inner]))
        outside = [before for s in self.steps() for before in s.after if before not in inside]
        self.after = list(dict.fromkeys([*self.after, *outside]))

    def replace(self, values: dict[Value, Value]) -> None:
        Step.replace(self, values)
        for step in self.steps():
            step.replace(values)
        self.test = values.get(self.test, self.test)
        self.exits = [values.get(v, v) for v in self.exits]
        for variable in self.variables:
            variable.initial = values.get(variable.initial, variable.initial)
            variable.next = values.get(variable.next, variable.next)


@dataclasses.dataclass(slots=True, eq=False)
class Variable:
    """A variable of a loop: its value in an iteration, in the first one, and in the next."""

    value: Value
    initial: Value
    next: Value
    index: Value  # of the Merge: 0 in the first iteration, 1 after


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Segment(Step):
    """Steps in a line that are recorded on a device and then done again by one call.

    `inputs` are what they take from before, `outputs` what is asked for after.
    """

    steps: list[Step] = dataclasses.field(default_factory=list)

    @property
    def foldable(self) -> bool:
        return False

    @property
    def recordable(self) -> bool:
        return False

    def leaves(self) -> Iterator[Step]:
        yield from self.steps


@dataclasses.dataclass(slots=True)
class Plan:
    """What one signature of `Session.run` executes."""

    feeds: list[Value]
    fetches: list[Value]
    steps: list[Step]
    targets: list[Step]
    # when fetches have a value
    fetch_guards: list[Guards] = dataclasses.field(default_factory=list)
    # what profiles tell of: what looked as if it could be fused, and why it was not
    notes: list[str] = dataclasses.field(default_factory=list)
    devices: Devices | None = None  # what steps may be placed on; None where the host is all

    def __str__(self) -> str:
        """One line per step: what it computes from what."""
        lines = [f"feed {v.tensor.name}" for v in self.feeds]
        lines.extend(_described(self.steps, ""))
        lines.append("fetch " + ", ".join(v.tensor.name for v in self.fetches))
        return "\n".join(lines)


def _described(steps: list[Step], indent: str) -> Iterator[str]:
    for step in steps:
        where = "".join(f" if {'' if yes else 'not '}{v.tensor.name}" for v, yes in step.guards)
        if isinstance(step, Loop):
            stays = f"  # {step.stays}" if step.stays else ""
            yield f"{indent}while {step.test.tensor.name}:{where}{stays}"
            for part in step.parts():
                yield from _described(part, indent + "    ")
            continue
        if isinstance(step, Segment) and step.device is not None:
            yield f"{indent}recorded on {step.device.name}:"
            yield from _described(step.steps, indent + "    ")
            continue
        inputs = ", ".join(v.tensor.name for v in step.inputs)
        count = len(step.members) if isinstance(step, Fused) else 1
        of = f" of {count}" if count > 1 else ""
        yield f"{indent}{step.op.name} = {step.op_def.name}{of}({inputs}){where}"
