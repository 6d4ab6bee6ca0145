"""Compute equal things once (common subexpressions)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from tailrace.plan.ir import Plan, Step, Value
from tailrace.plan.prune import sweep


def twins(plan: Plan) -> Plan:
    """Let steps of the same type, attributes and inputs share one result.

    Steps with state or control inputs are left alone.
    """
    seen: dict[Hashable, Step] = {}
    replaced: dict[Value, Value] = {}
    for step in plan.steps:
        step.inputs = [replaced.get(v, v) for v in step.inputs]
        if not step.foldable or step.after or not step.outputs or any(v.is_ref for v in step.inputs):
            continue
        key = _signature(step)
        first = seen.setdefault(key, step)
        if first is not step:
            replaced.update(zip(step.outputs, first.outputs, strict=True))
    plan.fetches = [replaced.get(v, v) for v in plan.fetches]
    for step in plan.steps:
        step.inputs = [replaced.get(v, v) for v in step.inputs]
    return sweep(plan)


def _signature(step: Step) -> Hashable:
    attrs = tuple((name, _hashable(value)) for name, value in step.op.attrs.items() if name[0] != "_")
    return step.op.type, attrs, tuple(map(id, step.inputs))


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
