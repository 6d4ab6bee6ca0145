"""The words plans are written in: values, steps, plans."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from tailrace.graph import Operation, Tensor
from tailrace.registry import OpDef


class Value:
    """What one name of the generated program stands for: an output of a step, a feed or a constant."""

    __slots__ = ("constant", "known", "step", "tensor")

    def __init__(self, tensor: Tensor, step: Step | None = None) -> None:
        self.tensor = tensor  # the graph's tensor this computes
        self.step = step  # None for feeds
        self.known = False  # whether `constant` holds the value in every run
        self.constant: Any = None

    @property
    def is_ref(self) -> bool:
        """Whether this is a reference to a variable, and not its value."""
        return self.step is not None and self.tensor._dtype._is_ref_dtype

    def fix(self, constant: Any) -> None:
        self.known = True
        self.constant = constant

    def __repr__(self) -> str:
        return f"Value({self.tensor.name})"


@dataclasses.dataclass(slots=True, eq=False)
class Step:
    """One kernel call: an operation, where its inputs come from, what must come before.

    `inputs` are flat, one per input tensor. `after` are the steps of control edges and the order that state asks
    for. `detach` are the inputs whose variable is given a new buffer before this step writes to it, because the
    old one is still needed.
    """

    op: Operation
    inputs: list[Value]
    outputs: list[Value]
    after: list[Step]
    detach: list[Value] = dataclasses.field(default_factory=list)

    @property
    def op_def(self) -> OpDef:
        return self.op.op_def

    @property
    def foldable(self) -> bool:
        """Whether the operation gives the same for the same inputs and does nothing else."""
        d = self.op.op_def
        return not (d.stateful or d.context or d.varies or d.writes or d.reads)

    def needs(self) -> Iterator[Step]:
        """The steps that must run before this one."""
        for value in self.inputs:
            if value.step is not None and not value.known:
                yield value.step
        yield from self.after

    def __repr__(self) -> str:
        return f"Step({self.op.name})"


@dataclasses.dataclass(slots=True)
class Plan:
    """What one signature of `Session.run` executes."""

    feeds: list[Value]
    fetches: list[Value]
    steps: list[Step]
    targets: list[Step]

    def __str__(self) -> str:
        """One line per step: what it computes from what."""
        lines = [f"feed {v.tensor.name}" for v in self.feeds]
        for step in self.steps:
            inputs = ", ".join(v.tensor.name for v in step.inputs)
            lines.append(f"{step.op.name} = {step.op.type}({inputs})")
        lines.append("fetch " + ", ".join(v.tensor.name for v in self.fetches))
        return "\n".join(lines)
