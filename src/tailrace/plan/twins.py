"""Compute equal things once (common subexpressions)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from tailrace.plan.ir import Loop, Plan, Step, Value
from tailrace.plan.prune import sweep


def twins(plan: Plan) -> Plan:
    """Let steps of the same type, attributes, inputs and guards share one result.

    Steps with state or control inputs are left alone; but reads of a variable that nothing orders
    all give its value from before the run.
    """
    replaced: dict[Value, Value] = {}
    _merge(plan.steps, replaced)
    for step in plan.steps:
        step.replace(replaced)
    plan.fetches = [replaced.get(v, v) for v in plan.fetches]
    plan.fetch_guards = [
        tuple((replaced.get(v, v), branch) for v, branch in guards) for guards in plan.fetch_guards
    ]
    return sweep(plan)


def _merge(steps: list[Step], replaced: dict[Value, Value]) -> None:
    seen: dict[Hashable, Step] = {}
    for step in steps:
        step.replace(replaced)
        if isinstance(step, Loop):
            for part in step.parts():
                _merge(part, replaced)
            continue
        if (
            not (step.foldable or _only_reads(step))
            or step.after
            or not step.outputs
            or any(v.is_ref for v in step.inputs)
        ):
            continue
        key = _signature(step)
        first = seen.setdefault(key, step)
        if first is not step:
            replaced.update(zip(step.outputs, first.outputs, strict=True))


def _only_reads(step: Step) -> bool:
    return bool(step.op_def.reads) and not (step.op_def.writes or step.op_def.context)


def _signature(step: Step) -> Hashable:
    attrs = tuple((name, _hashable(value)) for name, value in step.attrs.items() if name[0] != "_")
    return step.op_def.name, attrs, tuple(map(id, step.inputs)), step.guards


def _hashable(value: Any) -> Hashable:
    if isinstance(value, np.ndarray):
        return id(value)
    if isinstance(value, list):
        return tuple(_hashable(v) for v in value)
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
