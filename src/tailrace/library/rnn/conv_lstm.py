"""LSTM cells whose states are pictures: convolutions in place of matrix products.

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py. Shi et al. 2015.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.initializers import Constant
from tailrace.library.math import sigmoid, tanh
from tailrace.library.nn.convolution import conv1d, conv2d, conv3d
from tailrace.library.rnn.cell import KERNEL, RNNCell
from tailrace.library.rnn.cells import LSTMStateTuple
from tailrace.library.variable_scope import get_variable
from tailrace.shapes import TensorShape


class ConvLSTMCell(RNNCell):
    """An LSTM with convolutions: i, j, f, o = [x, h] * kernel + biases.

    c' = σ(f + forget_bias)⊙c + σ(i)⊙tanh(j);  h' = tanh(c')⊙σ(o).
    With `skip_connection` the inputs' channels join the output's (and h').
    Shapes: x [B, *input_shape], c [B, *input_shape[:-1], output_channels].
    Raises: ValueError for an `input_shape` that does not fit `conv_ndims`.
    """

    def __init__(
        self,
        conv_ndims: int,
        input_shape: Any,
        output_channels: int,
        kernel_shape: Any,
        use_bias: bool = True,
        skip_connection: bool = False,
        forget_bias: float = 1.0,
        initializers: Any = None,
        name: str | None = "conv_lstm_cell",
    ) -> None:
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        self._conv_ndims = conv_ndims
        self._output_channels = output_channels
        self._kernel_shape = list(kernel_shape)
        self._use_bias = use_bias
        self._forget_bias = forget_bias
        self._skip_connection = skip_connection
        channels = output_channels + (input_shape[-1] if skip_connection else 0)
        state_size = TensorShape([*input_shape[:-1], output_channels])
        self._state_size = LSTMStateTuple(state_size, state_size)
        self._output_size = TensorShape([*input_shape[:-1], channels])

    @property
    def output_size(self) -> TensorShape:
        """The size of the output."""
        return self._output_size

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of the state."""
        return self._state_size

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, LSTMStateTuple]:
        """One step: the output and the new state."""
        c, h = state
        gates = _convolved(
            [inputs, h], self._kernel_shape, 4 * self._output_channels, self._use_bias
        )
        i, j, f, o = array.split(value=gates, num_or_size_splits=4, axis=self._conv_ndims + 1)
        new_c = sigmoid(f + self._forget_bias) * c
        new_c += sigmoid(i) * tanh(j)
        output = tanh(new_c) * sigmoid(o)
        if self._skip_connection:
            output = array.concat([output, inputs], axis=-1)
        return output, LSTMStateTuple(new_c, output)


class Conv1DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over sequences."""

    def __init__(self, name: str | None = "conv_1d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over pictures."""

    def __init__(self, name: str | None = "conv_2d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` over volumes."""

    def __init__(self, name: str | None = "conv_3d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=3, name=name, **kwargs)


def _convolved(args: list[Tensor], kernel_shape: list[int], channels: int, bias: bool) -> Tensor:
    """A convolution of all `args`, channels side by side."""
    shapes = [a.get_shape().as_list() for a in args]
    rank = len(shapes[0])
    if rank not in (3, 4, 5) or any(len(shape) != rank for shape in shapes):
        raise ValueError(f"Conv Linear expects 3D, 4D or 5D arguments of one rank: {shapes}")
    dtype, depth = args[0].dtype, sum(shape[-1] for shape in shapes)
    kernel = get_variable(KERNEL, [*kernel_shape, depth, channels], dtype=dtype)
    joined = array.concat(axis=rank - 1, values=args)
    if rank == 3:
        result = conv1d(joined, kernel, 1, padding="SAME")
    else:
        convolve = conv2d if rank == 4 else conv3d
        result = convolve(joined, kernel, [1] * rank, padding="SAME")
    if not bias:
        return result
    initializer = Constant(0.0, dtype)
    return result + get_variable("biases", [channels], dtype=dtype, initializer=initializer)
