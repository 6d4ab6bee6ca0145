"""Let connected element-wise steps run as one native call, and single ones as well.

Which operations there are instructions for is said by `OpDef.vector` and vector rules. A group has
one size, one width of numbers and one set of guards; nothing between its members lies outside it.
Reductions (of all axes, of the first ones or of the last ones) end a group: no member uses them.
What only members use is never stored. Sizes are looked at again in every call: where they turn out
not to fit, the members run one by one. A call costs less than one of PyTorch's, so that a group of
one is worth it, too.
"""

from __future__ import annotations

import collections
import functools
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from tailrace import arrays
from tailrace.graph import Operation
from tailrace.graph.inference import split_inputs
from tailrace.native import bundles, fusion
from tailrace.plan import sizes
from tailrace.plan.codegen import MemberFailure, bound_kernel
from tailrace.plan.edges import Users, replace_groups
from tailrace.plan.ir import Fused, Plan, Step, Value
from tailrace.registry import Arg, OpDef

_MOST_MEMBERS = 1000
_MOST_TERMS = 60  # of one operation
_MANY_ALIKE = 1 << 8  # constants that are worth a look
_MOST_ALONE = 1 << 16  # numbers that are reduced and nothing else


class _Kind(NamedTuple):
    """What members of one group have in common."""

    dims: tuple[int | None, ...]
    lane_bytes: int
    guards: Any


def fuse(plan: Plan) -> Plan:
    """Comes when reads and writes of variables are in order."""
    if fusion.call_type() is None:
        return plan
    replace_groups(plan, _fused)
    return plan


def _fused(steps: list[Step], users: Users, kept: set[Value]) -> dict[Step, Step]:
    ordered = sizes.in_order(steps)
    kinds = {step: kind for step in ordered if (kind := _kind(step)) is not None}
    for step in kinds:
        step.inputs = [_compact(v) for v in step.inputs]
    here: dict[Step, Step] = {}
    for members in _connected(ordered, kinds):
        if len(members) == 1 and _left_alone(members[0]):
            continue
        for part in _small_enough(members, users, kept):
            here.update(dict.fromkeys(part.members, part.step(kinds[part.members[0]])))
    return here


# -- what can be a member --------------------------------------------------------------------------


def _instruction(step: Step) -> str | None:
    definition = step.op_def
    if definition.vector_rule is not None:
        return sizes.apply(step, definition.vector_rule, definition.vector_attrs)
    return definition.vector


class _Reduction(NamedTuple):
    """What a step does to its first input."""

    name: str
    axes: list[int]
    keep_dims: bool


def _reduction(step: Step) -> _Reduction | None:
    """How a step reduces its first input, if a program can."""
    rule = step.op_def.reduction_rule
    if rule is None or not all(v.known for v in step.inputs[1:]):
        return None
    found = sizes.apply(step, rule, step.op_def.reduction_attrs)
    return None if found is None else _Reduction(*found)


def _kind(step: Step) -> _Kind | None:
    """None for steps that no program can do."""
    if type(step) not in (Step, Fused) or len(step.outputs) != 1 or not step.foldable:
        return None
    if step.device is not None or len(step.inputs) > _MOST_TERMS:
        return None  # the native call is the host's
    if any(v.is_ref for v in step.inputs) or all(v.known for v in step.inputs):
        return None
    if step.outputs[0].known:
        return None
    return _kind_of_reduction(step) if step.op_def.reduction_rule else _kind_of_function(step)


def _kind_of_function(step: Step) -> _Kind | None:
    dims, instruction = step.outputs[0].dims, _instruction(step)
    if dims is None or instruction is None:
        return None
    width = _width(instruction, tuple(map(_type, step.inputs)), _type(step.outputs[0]))
    return None if width is None else _Kind(dims, width, step.guards)


def _kind_of_reduction(step: Step) -> _Kind | None:
    """That of what it reduces."""
    source, reduction = step.inputs[0], _reduction(step)
    if reduction is None or source.dims is None or source.known:
        return None
    if fusion.split_of(reduction.axes, len(source.dims)) is None:
        return None
    if all(source.dims[axis] == 1 for axis in reduction.axes):
        return None  # there is nothing to reduce
    if not fusion.can_reduce(reduction.name, _type(source)):
        return None
    return _Kind(source.dims, fusion.lane_bytes([_type(source)]) or 4, step.guards)


def _split(step: Step) -> int:
    """Where a program with a step that may be a member has to be split; see `fusion.split_of`."""
    reduction = _reduction(step)
    found = reduction and fusion.split_of(reduction.axes, len(step.inputs[0].dims or ()))
    return -1 if found is None else found


def _left_alone(step: Step) -> bool:
    """Whether its kernel is at least as quick as a program of nothing but it."""
    if step.op_def.reduction_rule is None:
        return False
    dims = step.inputs[0].dims or ()
    return None not in dims and math.prod(d for d in dims if d is not None) > _MOST_ALONE


def _operands(step: Step) -> list[Value]:
    """The inputs that a program looks at."""
    return step.inputs if step.op_def.reduction_rule is None else step.inputs[:1]


@functools.cache
def _width(instruction: str, types: tuple[str, ...], result: str) -> int | None:
    """The width of lanes for an instruction on values of these types; None when it has none."""
    if not fusion.can_apply(instruction, types, result):
        return None
    return fusion.lane_bytes([*types, result]) or 4


def _type(value: Value) -> str:
    return value.tensor._dtype.base_dtype.name


# -- what makes a group ----------------------------------------------------------------------------


def _connected(ordered: list[Step], kinds: dict[Step, _Kind]) -> list[list[Step]]:
    """Steps of one kind and level that hang together, in order.

    Every step has a level, which a path never leaves downwards, and leaves upwards where it goes
    from a step that may be a member to one of another kind. So no path leads from a member through
    other steps to a member of the same level.
    """
    ends = {step for step in kinds if step.op_def.reduction_rule is not None}
    level = levels(ordered, kinds, ends)
    leader: dict[Step, Step] = {step: step for step in kinds}

    def find(step: Step) -> Step:
        while leader[step] is not step:
            leader[step] = leader[leader[step]]
            step = leader[step]
        return step

    takers: dict[tuple[Value, _Kind, int], Step] = {}
    for step in kinds:
        for before in step.needs():
            if kinds.get(before) == kinds[step] and level[before] == level[step]:
                leader[find(step)] = find(before)
        for value in _operands(step):
            # what takes the same numbers reads them once
            if value.dims and value.dims == kinds[step].dims:
                other = takers.setdefault((value, kinds[step], level[step]), step)
                leader[find(step)] = find(other)
    members: dict[Step, list[Step]] = collections.defaultdict(list)
    for step in kinds:
        members[find(step)].append(step)
    return [part for group in members.values() for part in _split_alike(group)]


def _split_alike(members: list[Step]) -> Iterator[list[Step]]:
    """The members without those reductions, alone, whose rows and columns are others than the first
    one's.
    """
    first = _first_split(members)
    others = [step for step in members if _split(step) not in (-1, first)]
    yield [step for step in members if step not in others] if others else members
    yield from ([step] for step in others)


def _first_split(members: list[Step]) -> int:
    """That of the first member which has one; -1 if none has."""
    return next((split for step in members if (split := _split(step)) != -1), -1)


def levels(
    ordered: list[Step], kinds: Mapping[Step, Any], ends: Collection[Step] = ()
) -> dict[Step, int]:
    """A number for each step: no path leads from one of a kind through steps of no kind, or of
    another, to one of the same kind and number; none that goes through `ends` or begins there.
    """
    levels: dict[Step, int] = {}
    later: dict[Step, list[Step]] = collections.defaultdict(list)
    for step in ordered:
        level = 0
        for before in step.needs():
            if before in levels:
                level = max(level, levels[before] + _climb(before, step, kinds, ends))
                later[before].append(step)
        levels[step] = level
    for step in reversed(ordered):
        if step in kinds and later[step] and not _follows(step, levels, kinds):
            highest = min(levels[user] - _climb(step, user, kinds, ends) for user in later[step])
            if any(kinds.get(u) == kinds[step] and levels[u] == highest for u in later[step]):
                levels[step] = highest  # it joins the group of its users
    return levels


def _climb(before: Step, step: Step, kinds: Mapping[Step, Any], ends: Collection[Step]) -> int:
    return int(before in kinds and (kinds[before] != kinds.get(step) or before in ends))


def _follows(step: Step, levels: dict[Step, int], kinds: Mapping[Step, Any]) -> bool:
    """Whether it is in a group with a step before it."""
    return any(
        kinds.get(before) == kinds[step] and levels[before] == levels[step]
        for before in step.needs()
    )


def _is_number(value: Value) -> bool:
    """Whether it is one number, the same in every run."""
    return value.known and not value.constant.shape


def _compact(value: Value) -> Value:
    """The value, or, of a constant that is the same number everywhere, one that has it once."""
    constant = value.constant
    if not value.known or constant.numel() < _MANY_ALIKE or not constant.is_contiguous():
        return value
    first = constant.flatten()[0]
    if not bool((constant == first).all()):
        return value
    found = Value(value.tensor, value.step)
    found.dims = value.dims
    found.fix(first.clone().expand(constant.shape))
    return found


# -- the step that stands for a group --------------------------------------------------------------


class _Group:
    """Members in order, the values they take from outside, and those of theirs asked for there."""

    def __init__(self, members: list[Step], users: Users, kept: set[Value]) -> None:
        self.members = members
        inside = set(members)
        made = [step.outputs[0] for step in members]
        self.outputs = [
            v for v in made if v in kept or any(user not in inside for user in users[v])
        ] or made[-1:]
        taken = dict.fromkeys(v for s in members for v in _operands(s) if not _is_number(v))
        within = set(made)
        self.inputs = [v for v in taken if v not in within]

    def step(self, kind: _Kind) -> Fused:
        inside = set(self.members)
        before = dict.fromkeys(b for s in self.members for b in s.after if b not in inside)
        one = Fused(
            self.members[-1].op,
            self.inputs,
            self.outputs,
            list(before),
            guards=kind.guards,
            definition=_definition(self, kind),
            attributes={"reuse": (None,) * len(self.outputs)},
            members=tuple(op for s in self.members for op in _operations(s)),
        )
        for value in self.outputs:
            value.step = one
        return one


def _small_enough(members: list[Step], users: Users, kept: set[Value]) -> Iterator[_Group]:
    """Groups of the members that keep within what a program may have."""
    group = _Group(members, users, kept)
    fits = len(group.inputs) <= fusion.MOST_INPUTS and len(group.outputs) <= fusion.MOST_OUTPUTS
    if len(members) == 1 or (fits and len(members) <= _MOST_MEMBERS):
        yield group
        return
    middle = len(members) // 2
    yield from _small_enough(members[:middle], users, kept)
    yield from _small_enough(members[middle:], users, kept)


def _operations(step: Step) -> tuple[Operation, ...]:
    return (step.members if isinstance(step, Fused) else ()) or (step.op,)


def _definition(group: _Group, kind: _Kind) -> OpDef:
    unfused = _OneByOne(group)
    definition = OpDef(
        _name(group.members), _args("x", group.inputs), _args("y", group.outputs), {}, unfused, {}
    )
    definition.elementwise = True

    def written() -> fusion.Writer:
        writer = fusion.Writer(kind.lane_bytes, _first_split(group.members))
        values = {v: writer.input(_type(v)) for v in group.inputs}
        for step in group.members:
            operands = []
            for value in _operands(step):
                if value not in values:
                    values[value] = writer.constant(value.constant.item(), _type(value))
                operands.append(values[value])
            reduction, output = _reduction(step), step.outputs[0]
            if reduction is None:
                values[output] = writer.apply(_instruction(step) or "", *operands)
            elif output in group.outputs:
                name, axes, keep_dims = reduction
                values[output] = writer.reduce(name, operands[0], axes, len(kind.dims), keep_dims)
        for value in group.outputs:
            writer.output(values[value])
        return writer

    @definition.bind
    def program(attrs: dict[str, Any]) -> Any:
        return written().program(unfused, attrs["reuse"])

    @definition.small
    def small(*operands: Any) -> bundles.Instruction | None:
        if not _reduces_little(group.members):
            return None
        split = _first_split(group.members)
        taken = [x.dims for x in operands]
        return bundles.elementwise(written().assembled(), taken, kind.dims, split)

    return definition


def _reduces_little(members: list[Step]) -> bool:
    """Whether all that is reduced is known to be few numbers, and to more than single ones."""
    for step in members:
        if step.op_def.reduction_rule is not None:
            taken, given = (v.dims for v in (step.inputs[0], step.outputs[0]))
            if taken is None or given is None or None in (*taken, *given):
                return False
            count = math.prod(d for d in taken if d is not None)
            if count > bundles.MANY or count == math.prod(d for d in given if d is not None):
                return False
    return True


def _args(prefix: str, values: list[Value]) -> tuple[Arg, ...]:
    return tuple(Arg(f"{prefix}{i}", v.tensor._dtype.base_dtype) for i, v in enumerate(values))


def _name(members: list[Step]) -> str:
    """What profiles and listings call a group: its operations, the first ones if there are many."""
    names = [step.op_def.name for step in members]
    if len(names) == 1:
        return names[0]
    shown = names if len(names) <= 6 else [*names[:5], f"{len(names) - 5} more"]
    return f"Fused({', '.join(shown)})"


class _OneByOne:
    """The members of a group as a function that runs one after the other."""

    def __init__(self, group: _Group) -> None:
        self._group = group

    def __call__(self, *arguments: Any) -> Any:
        values = dict(zip(self._group.inputs, arguments, strict=True))
        for step in self._group.members:
            operands = self._operands(step, values)
            try:
                values[step.outputs[0]] = self._run(step, operands)
            except Exception as failure:
                raise MemberFailure(step.op, failure) from failure
        results = tuple(values[v] for v in self._group.outputs)
        return results[0] if len(results) == 1 else results

    def _operands(self, step: Step, values: dict[Value, Any]) -> list[Any]:
        operands = [values.get(v, v.constant) for v in step.inputs]
        grouped = split_inputs(step.op_def, operands, step.attrs)
        for i, arg in enumerate(step.op_def.inputs):
            if arg.name in step.host_inputs:
                grouped[i] = arrays.host_value(grouped[i])
        return grouped

    def _run(self, step: Step, operands: list[Any]) -> Any:
        result = bound_kernel(step)(*operands)
        return result[0] if isinstance(result, (list, tuple)) else result
