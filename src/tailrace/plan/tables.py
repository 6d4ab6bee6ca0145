"""Multiply a table once, instead of every row that is looked up in it.

A layer whose inputs are rows of a small table, as the embeddings of characters are, needs products
of no more rows than the table has: the rows of the product are looked up. The gradient of the
weights sums what belongs to the same row first.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from tailrace.plan.build import Builder
from tailrace.plan.edges import users_of
from tailrace.plan.ir import Fused, Plan, Step, Value
from tailrace.plan.prune import sweep

_USES = 4  # times each row has to be looked up, on average, for it to pay


@dataclasses.dataclass
class _Lookup:
    """Rows of `table` at `indices`, [T,B] or, where `swapped`, [B,T]."""

    table: Value
    indices: Value
    swapped: bool


def tables(plan: Plan) -> Plan:
    """Put lookups in products in the place of products of lookups."""
    steps: list[Step] = []
    for step in plan.steps:
        rule = step.op_def.by_table_rule
        if rule is None or not isinstance(step, Fused):
            steps.append(step)
        else:
            steps.extend(_by_table(step, rule))
    plan.steps = steps
    _sum_the_sums(plan)
    return sweep(plan)


def _sum_the_sums(plan: Plan) -> None:
    """Where rows are summed by word, all of them are the sum of these sums."""
    users = users_of(plan.steps)
    for step in plan.steps:
        if not step.op_def.row_sums:
            continue
        rows, sums = step.inputs[0], step.outputs[1]
        for user in users[rows]:
            # of all axes but the last
            total = user.op_def.sums and user.outputs[0].dims == (rows.dims or (None,))[-1:]
            if total and user.inputs[0] is rows and len(user.inputs) == 2:
                user.inputs = [sums, Builder(user.op).constant([0])]


def _by_table(step: Fused, rule: Callable[..., Any]) -> list[Step]:
    """The steps in place of one that multiplies values, where some of them are looked up."""
    found = {v: lookup for v in step.inputs if (lookup := _lookup(v)) is not None}
    if not found:
        return [step]
    builder = Builder(step.op, step.guards, step.members)
    outputs = rule(builder, step.inputs, step.attrs, found)
    if outputs is None:
        return [step]
    made = outputs[0].step
    assert made is not None
    made.outputs = step.outputs
    for value in step.outputs:
        value.step = made
    for one in builder.steps:
        one.after = list(step.after)
    return builder.steps


def _lookup(value: Value) -> _Lookup | None:
    """What a value [T,B,I] looks up, if it does, in a table that is small for that."""
    step, swapped = value.step, False
    if step is not None and step.op_def.permutes and step.inputs[1].known:
        if step.inputs[1].constant.tolist() != [1, 0, 2]:
            return None
        step, swapped = step.inputs[0].step, True
    if step is None or not step.op_def.gathers or any(v.is_ref for v in step.inputs):
        return None
    table, indices, *axis = step.inputs
    if any(not a.known or int(a.constant) != 0 for a in axis):
        return None
    rows, uses = _matrix(table), _matrix(indices)
    if rows is None or uses is None or rows[0] * _USES > math.prod(uses):
        return None
    return _Lookup(table, indices, swapped)


def _matrix(value: Value) -> tuple[int, int] | None:
    """The sizes of a matrix, where they are known."""
    if value.dims is None or len(value.dims) != 2:
        return None
    rows, columns = value.dims
    return None if rows is None or columns is None else (rows, columns)
