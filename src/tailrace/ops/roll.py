"""Moving elements along axes, those that fall off one end to the other.

Source: TF 1.15 core/ops/manip_ops.cc, python/ops/manip_grad.py.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import errors
from tailrace.dtypes import ANY, INDEX
from tailrace.registry import op
from tailrace.shapes import at_least_rank


@op(
    "Roll",
    "input: T, shift: Tshift, axis: Taxis -> output: T",
    T=ANY,
    Tshift=INDEX,
    Taxis=INDEX,
    _host=("shift", "axis"),
)
def roll(input, shift, axis):
    """The elements moved by `shift` places along `axis`; numbers, or vectors of one length.

    Shapes: input any -> output the same.
    """
    shifts = shift if isinstance(shift, list) else [shift]
    axes = axis if isinstance(axis, list) else [axis]
    if len(shifts) != len(axes):
        raise errors.invalid("shift and axis must have the same size")
    if input.ndim < 1:
        raise errors.invalid("input must be 1-D or higher")
    if any(not -input.ndim <= i < input.ndim for i in axes):
        raise errors.invalid(f"axis {axes} is out of range for {input.ndim} dimensions")
    if isinstance(input, np.ndarray):
        return np.roll(input, shifts, axes)
    return torch.roll(input, shifts, axes)


@roll.shape
def roll_shape(input, shift, axis):
    return [at_least_rank(input, 1)]


@roll.gradient
def roll_grad(g, op, dy):
    return g.Roll(dy, -op.shift, op.axis), None, None
