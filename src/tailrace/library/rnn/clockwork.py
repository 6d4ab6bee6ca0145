"""ClockworkRNNCell: groups of units that run at different speeds. TensorFlow has no such cell.

Source: Koutnik, Greff, Gomez, Schmidhuber, "A clockwork RNN", 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, g
from tailrace.library.initializers import Zeros
from tailrace.library.layers.base import InputSpec
from tailrace.library.rnn.cell import (
    BIAS,
    KERNEL,
    LayerRNNCell,
    activation_function,
    check_floating,
    gate_inputs,
    input_depth,
)


class ClockworkStateTuple(NamedTuple):
    """The state of a ClockworkRNNCell: what it says [B, H], and the steps behind it [B, 1]."""

    h: Any
    time: Any


class ClockworkRNNCell(LayerRNNCell):
    """Groups of units, the g-th of which is computed anew every periods[g] steps only.

    h'[g] = activation(x·K_x[g] + sum of h[j]·K_h[j, g] over j with periods[j] >= periods[g] + b[g])
            where periods[g] divides the number of the step, 0 first, and h[g] where it does not

    So slow groups remember long and hear the input seldom, and fast ones see the slow ones, not
    the other way round. All groups are computed at every step; what is not due is dropped.

    Args: num_units, a multiple of the number of groups; periods, of the groups, powers of 2 by
    default (`group_count` of them).
    Shapes: x [B, I], output [B, H], kernel [I+H, H], bias [H]; the groups lie side by side, in the
    order of `periods`.
    """

    def __init__(
        self,
        num_units: int,
        periods: Sequence[int] | None = None,
        group_count: int = 4,
        activation: Any = None,
        reuse: bool | None = None,
        kernel_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_floating(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        periods = [2**i for i in range(group_count)] if periods is None else list(periods)
        if not periods or any(period < 1 for period in periods):
            raise ValueError(f"ClockworkRNNCell: periods {periods} are not all 1 or more")
        if num_units % len(periods):
            raise ValueError(
                f"ClockworkRNNCell: {num_units} units cannot be divided into {len(periods)} groups"
            )
        self._num_units = num_units
        self._periods = np.repeat(periods, num_units // len(periods))
        self._activation = activation_function(activation)
        self._kernel_initializer = kernel_initializer

    @property
    def state_size(self) -> ClockworkStateTuple:
        """The sizes of the state."""
        return ClockworkStateTuple(self._num_units, 1)

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        check_floating(self.dtype)
        depth, units = input_depth(inputs_shape), self._num_units
        dtype = self.dtype or dtypes.float32
        self._kernel = self.add_variable(
            KERNEL, shape=[depth + units, units], initializer=self._kernel_initializer
        )
        self._bias = self.add_variable(BIAS, shape=[units], initializer=Zeros(dtype))
        heard = np.ones([depth + units, units])
        heard[depth:] = self._periods[:, None] >= self._periods[None, :]
        self._heard = heard
        self.built = True

    def call(
        self, inputs: Tensor, state: ClockworkStateTuple
    ) -> tuple[Tensor, ClockworkStateTuple]:
        """One step: the output and the new state."""
        h, time = state
        check_floating(inputs, h)
        kernel = self._kernel * g.constant(self._heard, h.dtype)
        anew = self._activation(gate_inputs(inputs, h, kernel, self._bias))
        # [B, H]: how many steps ago each group was due
        since = g.FloorMod(time, g.constant(self._periods[None], h.dtype))
        new_h = g.Select(g.Equal(since, g.zeros_like(since)), anew, h)
        return new_h, ClockworkStateTuple(new_h, time + 1)
