"""Values of all steps or iterations at once, and what operations make of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tailrace.graph.inference import split_inputs
from tailrace.plan import sizes
from tailrace.plan.build import Builder
from tailrace.plan.ir import Value
from tailrace.registry import OpDef


@dataclasses.dataclass
class Lifted:
    """A value for all steps: `each` tells whether it has an axis of steps in front, or is the same
    in all of them. `dims` are the sizes in one step.
    """

    value: Value
    each: bool

    @property
    def dims(self) -> sizes.Dims:
        dims = self.value.dims
        return dims[1:] if self.each and dims is not None else dims

    @property
    def constant(self) -> Any:
        """What is known of it, as a tensor."""
        return self.value.constant if self.value.known and not self.each else None


def by_rule(
    b: Builder, definition: OpDef, inputs: Sequence[Lifted], attrs: dict[str, Any]
) -> list[Value] | None:
    """What an operation gives in all steps; None where it cannot be done for all at once."""
    d = definition
    if d.over_steps_rule is not None:
        grouped = split_inputs(d, list(inputs), attrs)
        return d.over_steps_rule(b, *grouped, **{n: attrs[n] for n in d.over_steps_attrs})
    if not d.elementwise or any(i.dims is None for i in inputs):
        return None
    rank = max(len(i.dims or ()) for i in inputs)
    return b.add(d, [_aligned(b, i, rank) for i in inputs], **attrs)


def _aligned(b: Builder, found: Lifted, rank: int) -> Value:
    if found.each and len(found.dims or ()) < rank:
        return b.AlignSteps(found.value, rank=rank)
    return found.value
