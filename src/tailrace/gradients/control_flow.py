"""Gradients through loops and conditionals.

Source: TF 1.15 python/ops/control_flow_state.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Operation, g


def state_for(between: list[Operation], colocate: bool) -> Any:
    """The state of the loops among the operations, or None when there are none."""
    return None


def zeros_like_outside_loop(op: Operation, index: int) -> Any:
    """Zeros for an output that no gradient reached."""
    return g.zeros_like(op.outputs[index], optimize=False)
