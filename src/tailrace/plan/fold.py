"""Compute when the plan is made what is the same in every run."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tailrace.graph.constants import run_kernel
from tailrace.plan.ir import Loop, Plan, Step, Value
from tailrace.plan.prune import sweep

_LARGEST = 1 << 20  # elements; larger constants cost more memory than their computation costs time


def fold(plan: Plan) -> Plan:
    """Mark the outputs of steps that depend on constants alone as known.

    What such a step waits for, its users wait for instead; a step that is fetched stays.
    """
    _fold(plan.steps, plan.targets, plan.fetches)
    return sweep(plan)


def _fold(steps: list[Step], targets: list[Step], results: Iterable[Value]) -> None:
    kept = {*targets, *(v.step for v in results)}
    for step in steps:
        if isinstance(step, Loop):
            _fold(list(step.steps()), step.targets, step.results())
        elif step.foldable and all(v.known for v in step.inputs) and not _large(step):
            if not step.after:
                _compute(step)
            elif step not in kept and _compute(step):
                _hand_on(step, steps)


def _hand_on(step: Step, steps: list[Step]) -> None:
    outputs = set(step.outputs)
    for user in steps:
        if not outputs.isdisjoint(user.inputs):
            user.after.extend(b for b in step.after if b not in user.after)
    step.after = []


def _large(step: Step) -> bool:
    sizes = (v.tensor._dims for v in step.outputs)
    return any(d is not None and None not in d and math.prod(d) > _LARGEST for d in sizes)  # type: ignore[type-var]


def _compute(step: Step) -> bool:
    """Whether the outputs are known now."""
    if not step.outputs:
        return False
    try:
        results = run_kernel(step.op, [v.constant for v in step.inputs])
    except Exception:
        return False
    for value, result in zip(step.outputs, results, strict=True):
        value.fix(result)
    return True
