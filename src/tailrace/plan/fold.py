"""Compute when the plan is made what is the same in every run."""

from __future__ import annotations

import math

from tailrace.graph.constants import run_kernel
from tailrace.plan.ir import Plan, Step
from tailrace.plan.prune import sweep

_LARGEST = 1 << 20  # elements; larger constants cost more memory than their computation costs time


def fold(plan: Plan) -> Plan:
    """Mark the outputs of steps that depend on constants alone as known.

    A step with control inputs stays: what follows it has to wait for them.
    """
    for step in plan.steps:
        if step.foldable and not step.after and all(v.known for v in step.inputs) and not _large(step):
            _compute(step)
    return sweep(plan)


def _large(step: Step) -> bool:
    sizes = (v.tensor._dims for v in step.outputs)
    return any(d is not None and None not in d and math.prod(d) > _LARGEST for d in sizes)  # type: ignore[type-var]


def _compute(step: Step) -> None:
    if not step.outputs:
        return
    try:
        results = run_kernel(step.op, [v.constant for v in step.inputs])
    except Exception:  # noqa: BLE001 - it fails again when it is run, and is reported then
        return
    for value, result in zip(step.outputs, results, strict=True):
        value.fix(result)
