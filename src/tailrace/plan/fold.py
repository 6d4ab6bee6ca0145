"""Find sizes and constants: what is the same in every run of a plan is computed when it is made.

Both at once, since sizes tell constants (the shape of a batch) and constants tell sizes (what a
batch is reshaped to).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tailrace import arrays
from tailrace.graph import Operation
from tailrace.graph.constants import run_kernel
from tailrace.plan import sizes
from tailrace.plan.edges import hand_on, users_of
from tailrace.plan.ir import Choice, Fused, Join, Loop, Plan, Step, Value
from tailrace.plan.prune import sweep

_LARGEST = 1 << 20  # elements; larger constants cost more memory than their computation costs time
_ATTEMPTS = 4


def fold(plan: Plan) -> Plan:
    """Set the sizes of all values, and mark the outputs of steps that depend on sizes and constants
    alone as known.

    What such a step waits for, its users wait for instead; a step that is fetched stays.
    """
    boxes: dict[Operation, sizes.Box] = {}
    folder = _Folder(plan, boxes)
    while True:
        try:
            folder.fold(plan.steps, plan.targets, plan.fetches)
        except sizes.Contradiction:
            folder.forget()
            continue
        return sweep(plan)


class _Folder:
    def __init__(self, plan: Plan, boxes: dict[Operation, sizes.Box]) -> None:
        self.boxes = boxes
        self.found: list[Value] = []  # whose value this pass has fixed
        self.users = users_of(plan.steps)
        self.chosen: set[Value] = set()

    def forget(self, since: int = 0) -> None:
        """Take back what was found, from the `since`-th value on."""
        for value in self.found[since:]:
            value.known, value.constant = False, None
        del self.found[since:]

    def fold(self, steps: list[Step], targets: list[Step], results: Iterable[Value]) -> None:
        kept = {*targets, *(v.step for v in results)}
        for step in sizes.in_order(steps):
            if isinstance(step, Loop):
                self._loop(step)
            elif isinstance(step, Choice):
                self._choice(step)
            elif not isinstance(step, (Join, Fused)):
                self._step(step, kept)

    def _step(self, step: Step, kept: set[Step | None]) -> None:
        known = sizes.infer(step, self.boxes)
        waits = bool(step.after)
        if waits and step in kept:
            return
        for value, shape in zip(step.outputs, known, strict=True):
            if isinstance(shape, np.ndarray):
                self._fix(value, arrays.to_torch(shape))
        if step.foldable and not all(v.known for v in step.outputs):
            self._by_value(step)
        if waits and step.outputs and all(v.known for v in step.outputs):
            hand_on(step, self.users)

    def _by_value(self, step: Step) -> None:
        """Compute a step whose inputs are known, or whose value their sizes tell."""
        rule = step.op_def.known_value_rule
        if rule is not None and step.inputs:
            told = sizes.apply(step, rule, step.op_def.known_value_attrs)
            for value, array in zip(step.outputs, told or (), strict=False):
                if array is not None:
                    self._fix(value, arrays.to_torch(np.asarray(array)))
        if all(v.known for v in step.inputs) and not _large(step):
            self._compute(step)

    def _compute(self, step: Step) -> None:
        if not step.outputs or all(v.known for v in step.outputs):
            return
        try:
            results = run_kernel(step.op, [v.constant for v in step.inputs])
        except Exception:  # what fails here fails again when it is run, and is explained there
            return
        for value, result in zip(step.outputs, results, strict=True):
            self._fix(value, result)
            value.dims = tuple(result.shape) if hasattr(result, "shape") else None

    def _fix(self, value: Value, constant: object) -> None:
        if not value.known:
            value.fix(constant)
            self.found.append(value)

    def _choice(self, choice: Choice) -> None:
        """The value has the sizes that all that it may become have in common."""
        value, index = choice.outputs
        dims = choice.inputs[0].dims
        value.dims = sizes.meet(value.dims, dims) if value in self.chosen else dims
        self.chosen.add(value)
        index.dims = ()

    def _loop(self, loop: Loop) -> None:
        sizes.enter(loop)
        for _ in range(_ATTEMPTS):
            since = len(self.found)
            for part in loop.parts():
                self.fold(part, loop.targets, loop.results())
            if sizes.settled(loop):
                break
            self.forget(since)
        else:
            sizes.give_up(loop)
            for part in loop.parts():
                self.fold(part, loop.targets, loop.results())
        sizes.leave(loop)


def _large(step: Step) -> bool:
    dims = [v.dims if v.dims is not None else v.tensor._dims for v in step.outputs]
    return any(d is not None and None not in d and math.prod(d) > _LARGEST for d in dims)  # type: ignore[type-var,arg-type]
