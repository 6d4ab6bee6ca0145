"""Let many small steps run as one native call: on small arrays a call costs more than what it does.

What operations there are instructions for is said by small rules (`OpDef.small`); views of parts of
arrays need none. Sizes have to be known. All that can go together does, whether it hangs together
or not; where something comes in between, there are several bundles. What only members use is never
a tensor. Where sizes turn out to be others, or something fails, the members run one by one.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import Any, NamedTuple

import torch

from tailrace import arrays
from tailrace.graph import Operation
from tailrace.graph.inference import split_inputs
from tailrace.native import bundles as native
from tailrace.native.bundles import Array, Dims, Instruction, Writer
from tailrace.plan import sizes
from tailrace.plan.codegen import MemberFailure, bound_kernel
from tailrace.plan.edges import Users, replace_groups
from tailrace.plan.fuse import levels
from tailrace.plan.ir import Fused, Guards, Plan, Step, Value
from tailrace.registry import Arg, OpDef
from tailrace.shapes import Shape

_MOST_BYTES = 1 << 14  # of an output
_MOST_ARRAYS = 800  # that its members name


class _View(NamedTuple):
    """An output that is part of an input."""

    dims: Dims
    strides: Dims
    first: int


class _Member(NamedTuple):
    """A step, and how it is done: by an instruction, or its outputs are views of its input."""

    step: Step
    instruction: Instruction | None
    views: list[_View]

    @property
    def does_something(self) -> bool:
        """Whether it is more than a view of an array where it lies."""
        return self.instruction is not None or any(not _in_order(v) for v in self.views)


def bundles(plan: Plan) -> Plan:
    """Comes when element-wise steps are fused."""
    if native.call_type() is None:
        return plan
    replace_groups(plan, _bundled)
    return plan


def _bundled(steps: list[Step], users: Users, kept: set[Value]) -> dict[Step, Step]:
    members = {step: member for step in steps if (member := _member(step)) is not None}
    if not members:
        return {}
    ordered = sizes.in_order(steps)
    here: dict[Step, Step] = {}
    for together in _together(ordered, members):
        for bundle in _small_enough(together, users, kept):
            if bundle.pays():
                here.update(dict.fromkeys((m.step for m in bundle.members), bundle.step()))
    return here


def _together(ordered: list[Step], members: dict[Step, _Member]) -> Iterable[list[_Member]]:
    """Members that no path leads away from and back to, in order."""
    kinds = {step: step.guards for step in members}
    level = levels(ordered, kinds)
    found: dict[tuple[Guards, int], list[_Member]] = collections.defaultdict(list)
    for step in ordered:
        if step in members:
            found[step.guards, level[step]].append(members[step])
    return found.values()


# -- what can be a member --------------------------------------------------------------------------


def _member(step: Step) -> _Member | None:
    """None for steps that cannot be one."""
    if type(step) not in (Step, Fused) or not step.foldable or step.device is not None:
        return None
    if step.detach or not step.outputs or _arrays(step) > native.MOST_TENSORS:
        return None
    definition = step.op_def
    if definition.small_rule is None and not definition.alias:
        return None
    if all(v.known for v in step.inputs) or not all(map(_small, step.outputs)):
        return None
    if not all(map(_known_sizes, _taken(step))) or any(
        not v.known for v in step.inputs if v not in _taken(step)
    ):
        return None
    if definition.small_rule is not None:
        instruction = sizes.apply(step, definition.small_rule, definition.small_attrs)
        return None if instruction is None else _Member(step, instruction, [])
    views = _views(step)
    return None if views is None else _Member(step, None, views)


def _arrays(step: Step) -> int:
    return len(step.inputs) + len(step.outputs)


def _taken(step: Step) -> list[Value]:
    """The inputs that are tensors to the kernel."""
    host = step.host_inputs
    grouped = split_inputs(step.op_def, step.inputs, step.attrs)
    found: list[Value] = []
    for arg, values in zip(step.op_def.inputs, grouped, strict=True):
        if arg.name not in host:
            found.extend(values if isinstance(values, list) else [values])
    return found


def _known_sizes(value: Value) -> bool:
    dims = value.dims
    return (
        not value.is_ref
        and dims is not None
        and len(dims) <= native.MOST_DIMENSIONS
        and None not in dims
        and 0 not in dims
        and _type(value) in native.TYPES
    )


def _small(value: Value) -> bool:
    if value.known or not _known_sizes(value):
        return False
    return prod(_dims(value)) * native.size_of(_type(value)) <= _MOST_BYTES


def _dims(value: Value) -> Dims:
    """Sizes, which have to be known."""
    return tuple(d for d in value.dims or () if d is not None)


def _type(value: Value) -> str:
    return value.tensor._dtype.base_dtype.name


def _views(step: Step) -> list[_View] | None:
    """The outputs as parts of the only input; None where they are not. Tried out on a tensor
    without elements."""
    taken = _taken(step)
    if len(taken) != 1:
        return None
    dtype = arrays.torch_dtype(taken[0].tensor._dtype.base_dtype)
    blank = torch.empty(_dims(taken[0]), dtype=dtype, device="meta")
    arguments = [blank if v is taken[0] else arrays.host_value(v.constant) for v in step.inputs]
    try:
        found = bound_kernel(step)(*split_inputs(step.op_def, arguments, step.attrs))
    except Exception:  # what fails is reported when it is run
        return None
    outputs = list(found) if isinstance(found, (list, tuple)) else [found]
    views: list[_View] = []
    for value, given in zip(step.outputs, outputs, strict=True):
        if not isinstance(given, torch.Tensor) or given.dtype is not dtype:
            return None
        if given.untyped_storage()._cdata != blank.untyped_storage()._cdata:
            return None
        if tuple(given.shape) != value.dims:
            return None
        views.append(_View(tuple(given.shape), given.stride(), int(given.storage_offset())))
    return views


def _in_order(view: _View) -> bool:
    """Whether its elements lie one after another."""
    expected = 1
    for size, stride in zip(reversed(view.dims), reversed(view.strides), strict=True):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


# -- the step that stands for a bundle -------------------------------------------------------------


class _Bundle:
    """Members in order, the values they take from outside, and those of theirs asked for there."""

    def __init__(self, members: list[_Member], users: Users, kept: set[Value]) -> None:
        self.members = members
        inside = {m.step for m in members}
        made = [v for m in members for v in m.step.outputs]
        self.outputs = [
            v for v in made if v in kept or any(user not in inside for user in users[v])
        ] or made[-1:]
        within = set(made)
        taken = dict.fromkeys(v for m in members for v in _taken(m.step) if not v.known)
        self.inputs = [v for v in taken if v not in within]

    def pays(self) -> bool:
        """Whether one call does the work of several, or that of one which costs more."""
        busy = [m for m in self.members if m.does_something]
        return len(busy) > 1 or any(not m.step.op_def.elementwise for m in busy)

    def step(self) -> Fused:
        steps = [m.step for m in self.members]
        inside = set(steps)
        before = dict.fromkeys(b for s in steps for b in s.after if b not in inside)
        one = Fused(
            steps[-1].op,
            self.inputs,
            self.outputs,
            list(before),
            guards=steps[-1].guards,
            definition=self._definition(),
            members=tuple(dict.fromkeys(op for s in steps for op in _operations(s))),
        )
        for value in self.outputs:
            value.step = one
        return one

    def _definition(self) -> OpDef:
        one_by_one = _OneByOne(self)
        inputs, outputs = _args("x", self.inputs), _args("y", self.outputs)
        definition = OpDef(self._name(), inputs, outputs, {}, one_by_one, {})
        flops = sum(map(_flops, self.members))
        definition.flops(lambda given, *taken: flops)

        @definition.bind
        def program(attrs: dict[str, Any]) -> Callable[..., Any]:
            return self._written().program(one_by_one)

        return definition

    def _name(self) -> str:
        names = [m.step.op_def.name for m in self.members if m.does_something]
        if len(names) == 1:
            return names[0]
        return f"Bundle({', '.join(dict.fromkeys(names))})"

    def _written(self) -> Writer:
        writer = Writer()
        values = {v: writer.input(_type(v), _dims(v)) for v in self.inputs}
        for member in self.members:
            step = member.step
            for value in _taken(step):
                if value not in values:
                    values[value] = writer.constant(value.constant)
            if member.instruction is None:
                source = values[_taken(step)[0]]
                results = [_view(writer, source, view) for view in member.views]
            else:
                operands = [values.get(v) for v in step.inputs]
                wanted = [(_type(v), _dims(v)) for v in step.outputs]
                results = writer.apply(member.instruction, operands, wanted)  # type: ignore[arg-type]
            values.update(zip(step.outputs, results, strict=True))
        for value in self.outputs:
            writer.output(values[value])
        return writer


def _view(writer: Writer, source: Array, view: _View) -> Array:
    if _in_order(view):
        return writer.view(source, view.dims, view.first)
    begin = writer.view(source, (), view.first)
    instruction = native.strided(view.dims, view.strides, source.dtype)
    return writer.apply(instruction, [begin], [(source.dtype, view.dims)])[0]


def _small_enough(members: list[_Member], users: Users, kept: set[Value]) -> Iterator[_Bundle]:
    """Bundles of the members that keep within what a program may have."""
    bundle = _Bundle(members, users, kept)
    most = max(len(bundle.inputs), len(bundle.outputs))
    named = sum(_arrays(m.step) for m in members)
    if len(members) == 1 or (named <= _MOST_ARRAYS and most <= native.MOST_TENSORS):
        yield bundle
        return
    middle = len(members) // 2
    yield from _small_enough(members[:middle], users, kept)
    yield from _small_enough(members[middle:], users, kept)


def _operations(step: Step) -> tuple[Operation, ...]:
    return (step.members if isinstance(step, Fused) else ()) or (step.op,)


def _args(prefix: str, values: list[Value]) -> tuple[Arg, ...]:
    return tuple(Arg(f"{prefix}{i}", v.tensor._dtype.base_dtype) for i, v in enumerate(values))


def _flops(member: _Member) -> int:
    step = member.step
    rule = step.op_def.flops_rule
    if rule is None:
        return 0
    given = [Shape(v.dims) for v in step.outputs]
    return int(sizes.apply(step, rule, step.op_def.flops_attrs, given) or 0)


class _OneByOne:
    """The members of a bundle as a function that runs one after the other."""

    def __init__(self, bundle: _Bundle) -> None:
        self._bundle = bundle

    def __call__(self, *arguments: Any) -> Any:
        values: dict[Value, Any] = dict(zip(self._bundle.inputs, arguments, strict=True))
        for member in self._bundle.members:
            step = member.step
            try:
                results = _run(step, values)
            except MemberFailure:
                raise
            except Exception as failure:
                raise MemberFailure(step.op, failure) from failure
            values.update(zip(step.outputs, results, strict=True))
        results = tuple(values[v].clone() for v in self._bundle.outputs)
        return results[0] if len(results) == 1 else results


def _run(step: Step, values: dict[Value, Any]) -> list[Any]:
    taken = set(_taken(step))
    operands = [
        values.get(v, v.constant) if v in taken else arrays.host_value(v.constant)
        for v in step.inputs
    ]
    given = bound_kernel(step)(*split_inputs(step.op_def, operands, step.attrs))
    return list(given) if isinstance(given, (list, tuple)) else [given]
