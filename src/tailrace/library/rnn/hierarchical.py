"""HierarchicalLSTMCell: layers that find out by themselves when something is over.

TensorFlow has no such cell.

Source: Chung, Ahn, Bengio, "Hierarchical multiscale recurrent neural networks", 2017 (HM-LSTM).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tailrace import dtypes
from tailrace.graph import Tensor, g
from tailrace.library import array
from tailrace.library.arithmetic import maximum, minimum
from tailrace.library.initializers import Zeros
from tailrace.library.layers.base import InputSpec
from tailrace.library.math import sigmoid, tanh
from tailrace.library.rnn.cell import (
    LayerRNNCell,
    check_floating,
    gate_inputs,
    input_depth,
)


class HierarchicalStateTuple(NamedTuple):
    """A layer's state: cell and hidden state [B, H]; 1 where a part has ended, else 0 [B, 1]."""

    c: Any
    h: Any
    z: Any


class HierarchicalLSTMCell(LayerRNNCell):
    """LSTM layers of which a higher one moves on only where the one below has ended a part.

    With z the layer's own boundary of the step before, and z_below this step's of the layer below
    (1 for the lowest one):

    f, i, o, z~, j = [z_below·h_below, h, z·h_above]·kernel + bias
    c' = sigmoid(i) tanh(j)                      where z = 1: a new part begins      (flush)
         sigmoid(f + forget_bias) c + the same   where z = 0, z_below = 1            (update)
         c                                       where both are 0: nothing is heard  (copy)
    h' = sigmoid(o) tanh(c'), and h where c is copied
    z' = 1 where clip((slope z~ + 1) / 2, 0, 1) > 1/2, else 0

    Gradients pass the step of z' as if it were the clipped line (straight through). `slope` may be
    a tensor: the paper lets it grow from 1 to 5. The highest layer ends nothing: its z is 0.

    Args: num_units, of each layer from the lowest; slope; forget_bias.
    Shapes: x [B, I]; output [B, sum of units], the layers' h side by side; state: one
    `HierarchicalStateTuple` a layer; variables layer_N/kernel and layer_N/bias.
    Raises: ValueError without layers.
    """

    def __init__(
        self,
        num_units: Sequence[int],
        slope: Any = 1.0,
        forget_bias: float = 1.0,
        reuse: bool | None = None,
        kernel_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_floating(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._units = [int(units) for units in num_units]
        if not self._units or min(self._units) < 1:
            raise ValueError(f"HierarchicalLSTMCell: num_units {self._units} name no layers")
        self._slope = slope
        self._forget_bias = forget_bias
        self._kernel_initializer = kernel_initializer

    @property
    def state_size(self) -> tuple[HierarchicalStateTuple, ...]:
        """The sizes of the layers' states."""
        return tuple(HierarchicalStateTuple(units, units, 1) for units in self._units)

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return sum(self._units)

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        check_floating(self.dtype)
        below = [input_depth(inputs_shape), *self._units]
        above = [*self._units[1:], 0]
        initial = Zeros(self.dtype or dtypes.float32)
        self._weights = []
        for i, units in enumerate(self._units):
            gates = 4 * units + (i + 1 < len(self._units))
            kernel = self.add_variable(
                f"layer_{i}/kernel",
                shape=[below[i] + units + above[i], gates],
                initializer=self._kernel_initializer,
            )
            bias = self.add_variable(f"layer_{i}/bias", shape=[gates], initializer=initial)
            self._weights.append((kernel, bias))
        self.built = True

    def call(
        self, inputs: Tensor, state: tuple[HierarchicalStateTuple, ...]
    ) -> tuple[Tensor, tuple[HierarchicalStateTuple, ...]]:
        """One step: the output and the new states."""
        check_floating(inputs, *(layer.h for layer in state))
        below, ended = inputs, None
        new: list[HierarchicalStateTuple] = []
        for i, layer in enumerate(state):
            above = state[i + 1] if i + 1 < len(state) else None
            new.append(self._layer(i, layer, below, ended, above))
            below, ended = new[-1].h, new[-1].z
        return array.concat([layer.h for layer in new], 1), tuple(new)

    def _layer(
        self,
        i: int,
        state: HierarchicalStateTuple,
        below: Tensor,
        ended: Tensor | None,
        above: HierarchicalStateTuple | None,
    ) -> HierarchicalStateTuple:
        """A layer's step. `ended` [B, 1]: where the layer below has ended a part; None: always."""
        units, (kernel, bias) = self._units[i], self._weights[i]
        heard = below if ended is None else below * ended
        # [B, below + units + above]
        told = [heard, state.h] if above is None else [heard, state.h, above.h * state.z]
        sums = gate_inputs(array.concat(told[:-1], 1), told[-1], kernel, bias)
        sizes = [units, units, units, units] if above is None else [units, units, units, units, 1]
        f, new, o, j, *rest = array.split(sums, sizes, 1)
        fresh = sigmoid(new) * tanh(j)
        kept = sigmoid(f + self._forget_bias) * state.c
        c = fresh + (1 - state.z) * kept
        h = sigmoid(o) * tanh(c)
        if ended is not None:
            moves = ended + (1 - ended) * state.z
            c, h = moves * c + (1 - moves) * state.c, moves * h + (1 - moves) * state.h
        z = self._boundary(rest[0]) if rest else g.zeros_like(state.z)
        return HierarchicalStateTuple(c, h, z)

    def _boundary(self, sums: Tensor) -> Tensor:
        """0 or 1 [B, 1], with the slope of the clipped line."""
        line = minimum(maximum((self._slope * sums + 1) / 2, 0.0), 1.0)
        step = g.Cast(g.Greater(line, 0.5), DstT=line.dtype)
        return line + g.StopGradient(step - line)
