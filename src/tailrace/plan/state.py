"""When variables are read and written.

A run reads the values from before it unless data or control edges say otherwise. Reads give the
variable's own buffer, and writes change it in place; so every use of a value read that the graph
leaves unordered is put before the write. What was read by reference follows the variable, as in
TensorFlow, where reading a reference variable gives its buffer: a use that must come after the
write, and the caller who fetched it, see the new value. Where a value read from a resource handle
is still asked for after the write, the write gets a new buffer (`Step.detach`).
"""

from __future__ import annotations

import collections
import itertools

from tailrace.graph import Operation
from tailrace.plan.ir import Choice, Join, Loop, Plan, Step, Value


def order_state(plan: Plan) -> Plan:
    """Add to `Step.after` what the variables' values ask for."""
    _order(plan.steps, plan.fetches)
    return plan


def _order(steps: list[Step], results: list[Value]) -> None:
    consumers = _consumers(steps)
    writes, reads = _accesses(steps)
    for cell, writers in writes.items():
        for earlier, later in itertools.pairwise(writers):
            if later not in _descendants(earlier, consumers) and earlier not in _descendants(
                later, consumers
            ):
                later.after.append(earlier)
                consumers[earlier].append(later)
        for writer in writers:
            _order_reads(results, cell, writer, reads[cell], consumers)
    for step in steps:
        if isinstance(step, Loop):
            for part in step.parts():
                _order(part, [])
            _detach_always(step)


def _detach_always(loop: Loop) -> None:
    """In a loop a value that was read may be in use in any later iteration."""
    for step in loop.leaves():
        step.detach = [
            v for name, v in named_inputs(step) if name in step.op_def.writes and root(v)
        ]


def _order_reads(
    results: list[Value],
    cell: Operation,
    writer: Step,
    readers: list[Step],
    consumers: dict[Step, list[Step]],
) -> None:
    following = _descendants(writer, consumers)
    before = [r for r in readers if r not in following and r is not writer]
    kept = False
    for reader in before:
        _put_before(reader, writer, consumers)
        shared, users = _sharing(reader, consumers)
        if not reader.op_def.reads:
            shared -= set(reader.outputs)  # the caller sees the variable as the run leaves it
        kept = kept or any(r in shared and r.step not in following for r in results)
        for user in users:
            if user in following:
                # TF: what was read by reference follows the variable, what was read from a handle
                # stays
                kept = kept or bool(reader.op_def.reads)
            elif user is not writer:
                _put_before(user, writer, consumers)
    if kept:
        writer.detach = [v for v in writer.inputs if root(v) is cell]


def _put_before(first: Step, then: Step, consumers: dict[Step, list[Step]]) -> None:
    if first not in then.after:
        then.after.append(first)
        consumers[first].append(then)


def _consumers(steps: list[Step]) -> dict[Step, list[Step]]:
    consumers: dict[Step, list[Step]] = collections.defaultdict(list)
    for step in steps:
        for needed in step.needs():
            consumers[needed].append(step)
    return consumers


def _descendants(step: Step, consumers: dict[Step, list[Step]]) -> set[Step]:
    found: set[Step] = set()
    stack = list(consumers[step])
    while stack:
        other = stack.pop()
        if other not in found:
            found.add(other)
            stack.extend(consumers[other])
    return found


def _accesses(steps: list[Step]) -> tuple[dict[Operation, list[Step]], dict[Operation, list[Step]]]:
    """The steps that write and that read each variable, in the order they were built.

    A loop does what is done in it.
    """
    writes: dict[Operation, list[Step]] = collections.defaultdict(list)
    reads: dict[Operation, list[Step]] = collections.defaultdict(list)
    for step in steps:
        for leaf in step.leaves():
            for name, value in named_inputs(leaf):
                cell = root(value)
                if cell is None:
                    continue
                if name in leaf.op_def.writes:
                    _note(writes[cell], step)
                elif value.is_ref or name in leaf.op_def.reads:
                    _note(reads[cell], step)
    return writes, reads


def _note(steps: list[Step], step: Step) -> None:
    if not steps or steps[-1] is not step:
        steps.append(step)


def named_inputs(step: Step) -> list[tuple[str, Value]]:
    """Each input with the name of the argument it is, or belongs to."""
    args = step.op_def.inputs
    if isinstance(step, (Choice, Join)):
        return [(args[0].name, v) for v in step.inputs]
    if not any(arg.is_list for arg in args):
        return [(arg.name, v) for arg, v in zip(args, step.inputs, strict=True)]
    names: list[str] = []
    for arg in args:
        count = 1
        if arg.number_attr:
            count = step.attrs[arg.number_attr]
        elif arg.list_attr:
            count = len(step.attrs[arg.list_attr])
        names.extend([arg.name] * count)
    return list(zip(names, step.inputs, strict=True))


def root(value: Value) -> Operation | None:
    """The variable a reference or handle leads to; None for other values."""
    visited = set()
    while value.step is not None and refers(value) and value.step not in visited:
        visited.add(value.step)
        behind = [v for v in value.step.inputs if refers(v)]
        if not behind:
            return value.step.op
        value = behind[0]
    return None


def refers(value: Value) -> bool:
    """Whether a value is a reference or a handle."""
    return value.tensor._dtype._is_ref_dtype or value.tensor._dtype.name == "resource"


def _sharing(reader: Step, consumers: dict[Step, list[Step]]) -> tuple[set[Value], list[Step]]:
    """The values that may share the variable's buffer once `reader` has read it,
    and the steps that use them.
    """
    shared: set[Value] = set()
    users: list[Step] = []
    stack = [v for v in reader.outputs if not refers(v)] if reader.op_def.alias else []
    while stack:
        value = stack.pop()
        if value in shared or value.step is None:
            continue
        shared.add(value)
        for step in consumers[value.step]:
            if value in step.inputs:
                users.append(step)
                if step.op_def.alias:
                    stack.extend(step.outputs)
    return shared, users
