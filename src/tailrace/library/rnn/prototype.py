"""PrototypeLSTMCell: the first-generation LSTM, whose state is its output.

Source: E. Larson, lecture notes "Machine Learning in Python: RNN Demo" ("Gen 1 LSTM: LSTM
prototype"). TensorFlow has no such cell.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.initializers import Constant, Zeros
from tailrace.library.layers.base import InputSpec
from tailrace.library.math import sigmoid
from tailrace.library.rnn.cell import (
    BIAS,
    KERNEL,
    LayerRNNCell,
    activation_function,
    check_floating,
    gate_inputs,
    input_depth,
)


class PrototypeLSTMCell(LayerRNNCell):
    """The LSTM prototype: three gates read from the state itself, no cell state beside it.

    f, i, o = σ([x, s]·gates/kernel + gates/bias)                   forget, input and output gate
    c = activation([x, o⊙s]·candidate/kernel + candidate/bias)    the new content
    s' = f⊙s + i⊙c                                                the new state, also the output

    The gates lie side by side in the order f, i, o; o hides parts of the state from the new
    content. The state is what a later LSTM calls its cell: nothing bounds it, since f and i may
    both be near 1.

    Args: forget_bias, the first value of the forget gate's bias (those of the other gates are 0).
    Shapes: x [B, I], s and output [B, H], gates/kernel [I+H, 3H], candidate/kernel [I+H, H].
    """

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
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
        self._num_units = num_units
        self._activation = activation_function(activation)
        self._forget_bias = forget_bias
        self._kernel_initializer = kernel_initializer

    @property
    def state_size(self) -> int:
        """The sizes of the state."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        check_floating(self.dtype)
        rows, units = input_depth(inputs_shape) + self._num_units, self._num_units
        dtype = self.dtype or dtypes.float32
        biases = [self._forget_bias] * units + [0.0] * (2 * units)
        self._gate_kernel = self.add_variable(
            f"gates/{KERNEL}", shape=[rows, 3 * units], initializer=self._kernel_initializer
        )
        self._gate_bias = self.add_variable(
            f"gates/{BIAS}", shape=[3 * units], initializer=Constant(biases, dtype)
        )
        self._candidate_kernel = self.add_variable(
            f"candidate/{KERNEL}", shape=[rows, units], initializer=self._kernel_initializer
        )
        self._candidate_bias = self.add_variable(
            f"candidate/{BIAS}", shape=[units], initializer=Zeros(dtype)
        )
        self.built = True

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the output and the new state."""
        check_floating(inputs, state)
        gates = sigmoid(gate_inputs(inputs, state, self._gate_kernel, self._gate_bias))
        f, i, o = array.split(value=gates, num_or_size_splits=3, axis=1)
        content = gate_inputs(inputs, o * state, self._candidate_kernel, self._candidate_bias)
        new_state = f * state + i * self._activation(content)
        return new_state, new_state
