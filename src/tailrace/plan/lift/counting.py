"""How often a loop runs, where its test depends on counters alone: by counting.

The counters are followed with the operations' own kernels, iteration by iteration; whatever depends
on them and on constants is known in every iteration as well.
"""

from __future__ import annotations

from typing import Any

import torch

from tailrace.graph.constants import run_kernel
from tailrace.plan.ir import Choice, Join, Loop, Step, Value

_LONGEST = 4096  # iterations that are counted

Known = dict[Value, Any]


class Counters:
    """The values of a loop that are known in every iteration.

    `ends` are what counters of other loops are known to end with. `count` is the number of
    iterations; None when it depends on more than counters, or is large. `bound` is a number from
    outside that may end the loop before, as soon as the counter `time` reaches it.
    """

    def __init__(self, loop: Loop, ends: Known) -> None:
        self.ends = ends
        self.bound: Value | None = None
        self.time: Value | None = None
        self._inside = {s for part in (loop.head, loop.body) for s in part}
        self._depends: dict[Value, bool] = {}
        self._counters = {
            v.value: v
            for v in loop.variables
            if v.value.dims == () and (v.initial.known or v.initial in ends)
        }
        self._settle()
        self._iterations: list[Known] = []
        self.count: int | None = None
        self.final: Known = {}
        test = loop.test if self.known(loop.test) else self._within_bound(loop.test)
        if test is not None:
            self._count(test)

    def _settle(self) -> None:
        """Keep the variables whose next value depends on counters and constants alone."""
        while True:
            self._depends = {}
            lost = [value for value, v in self._counters.items() if not self.known(v.next)]
            if not lost:
                return
            for value in lost:
                del self._counters[value]

    def known(self, value: Value) -> bool:
        """Whether the value is known in every iteration."""
        if value.known or value in self._counters:
            return True
        if value not in self._depends:
            self._depends[value] = False  # for as long as it is being asked, in a circle
            self._depends[value] = self._computable(value.step)
        return self._depends[value]

    def _computable(self, step: Step | None) -> bool:
        return (
            step is not None
            and step in self._inside
            and not isinstance(step, (Choice, Join, Loop))
            and not step.guards
            and step.foldable
            and bool(step.inputs)
            and all(v.dims == () for v in step.outputs)
            and all(self.known(v) for v in step.inputs)
        )

    def _within_bound(self, test: Value) -> Value | None:
        """The known half of a test, when the other is whether a counter is below a bound."""
        step = test.step
        if step is None or step not in self._inside or not step.op_def.both:
            return None
        for half, other in (step.inputs, step.inputs[::-1]):
            below = other.step
            if below is None or not self.known(half) or below.op_def.compares != "<":
                continue
            time, bound = below.inputs
            if self.known(time) and bound.step not in self._inside and bound.dims == ():
                self.time, self.bound = time, bound
                return half
        return None

    def _count(self, test: Value) -> None:
        now: Known = {
            value: v.initial.constant if v.initial.known else self.ends[v.initial]
            for value, v in self._counters.items()
        }
        while bool(_value(test, now)):
            if len(self._iterations) == _LONGEST:
                return
            following = {value: _value(v.next, now) for value, v in self._counters.items()}
            self._iterations.append(now)
            now = following
        self.final = now
        self.count = len(self._iterations)

    def series(self, value: Value) -> list[Any]:
        """A known value in each iteration."""
        return [_value(value, known) for known in self._iterations]


def _value(value: Value, known: Known) -> Any:
    """The value in the iteration that `known` is of; what is computed on the way is kept there."""
    if value.known:
        return value.constant
    if value not in known:
        step = value.step
        assert step is not None
        outputs = run_kernel(step.op, [_value(v, known) for v in step.inputs])
        known.update(zip(step.outputs, outputs, strict=True))
    return known[value]


def as_ints(series: list[Any]) -> list[int]:
    """A series of whole numbers."""
    return [int(v) for v in series]


def stacked(series: list[Any]) -> torch.Tensor:
    """A series as one tensor, an axis of iterations in front."""
    return torch.stack(series)
