"""Cells whose units see only their own past: the recurrent weights are a vector, not a matrix.

Shapes: inputs [B, I], states and outputs [B, H]; kernels_u [1, gates·H].

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py. Li et al. 2018; Gonnet & Deselaers 2019.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, g
from tailrace.library import array
from tailrace.library.arithmetic import add, multiply
from tailrace.library.initializers import Constant, RandomUniform, Zeros
from tailrace.library.layers.base import InputSpec
from tailrace.library.linalg import matmul
from tailrace.library.math import sigmoid, tanh
from tailrace.library.nn.activations import bias_add
from tailrace.library.rnn.cell import BIAS, KERNEL, LayerRNNCell, input_depth
from tailrace.library.rnn.cells import LSTMStateTuple


class _IndependentCell(LayerRNNCell):
    """What these cells share: the variables of a linear layer with independent recurrence."""

    def __init__(
        self,
        num_units: int,
        activation: Any,
        kernel_initializer: Any,
        bias_initializer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation or tanh
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    @property
    def state_size(self) -> Any:
        """The sizes of the state."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units

    def _weights(self, depth: int, gates: int, names: tuple[str, str, str], bias: Any) -> list[Any]:
        """kernel_w [I, gates·H], kernel_u [1, gates·H] and bias [gates·H]."""
        width, (w, u, b) = gates * self._num_units, names
        recurrent = RandomUniform(minval=-1, maxval=1, dtype=self.dtype)
        own = self._bias_initializer
        return [
            self.add_variable(w, shape=[depth, width], initializer=self._kernel_initializer),
            self.add_variable(u, shape=[1, width], initializer=recurrent),
            self.add_variable(b, shape=[width], initializer=bias if own is None else own),
        ]


class IndRNNCell(_IndependentCell):
    """h' = activation(x·kernel_w + h⊙kernel_u + bias), which is also the output."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_units, activation, None, None, _reuse=reuse, name=name, dtype=dtype)

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        names = (f"{KERNEL}_w", f"{KERNEL}_u", BIAS)
        self._w, self._u, self._b = self._weights(
            input_depth(inputs_shape), 1, names, Zeros(self.dtype)
        )
        self.built = True

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the output and the new state."""
        linear = bias_add(matmul(inputs, self._w) + state * self._u, self._b)
        output = self._activation(linear)
        return output, output


class IndyGRUCell(_IndependentCell):
    """A GRU: r, u = σ(x·gates_w + [h, h]⊙gates_u + gates_b).

    c = activation(x·candidate_w + (r⊙h)⊙candidate_u + candidate_b);
    h' = u⊙h + (1−u)⊙c, which is also the output.
    """

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        kwargs = {"_reuse": reuse, "name": name, "dtype": dtype}
        super().__init__(num_units, activation, kernel_initializer, bias_initializer, **kwargs)

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        depth = input_depth(inputs_shape)
        gates = (f"gates/{KERNEL}_w", f"gates/{KERNEL}_u", f"gates/{BIAS}")
        self._gates = self._weights(depth, 2, gates, Constant(1.0, self.dtype))
        # TF: this kernel alone is called so
        candidate = (f"candidate/{KERNEL}", f"candidate/{KERNEL}_u", f"candidate/{BIAS}")
        self._candidate = self._weights(depth, 1, candidate, Zeros(self.dtype))
        self.built = True

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the output and the new state."""
        w, u, b = self._gates
        gates = sigmoid(bias_add(matmul(inputs, w) + g.Tile(state, [1, 2]) * u, b))
        reset, update = array.split(value=gates, num_or_size_splits=2, axis=1)
        past = reset * state
        w, u, b = self._candidate
        c = self._activation(bias_add(matmul(inputs, w) + past * u, b))
        new_h = update * state + (1 - update) * c
        return new_h, new_h


class IndyLSTMCell(_IndependentCell):
    """i, j, f, o = x·kernel_w + [h, h, h, h]⊙kernel_u + bias

    c' = c⊙σ(f + forget_bias) + σ(i)⊙activation(j);  h' = activation(c')⊙σ(o), also the output.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        activation: Any = None,
        reuse: bool | None = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        kwargs = {"_reuse": reuse, "name": name, "dtype": dtype}
        super().__init__(num_units, activation, kernel_initializer, bias_initializer, **kwargs)
        self._forget_bias = forget_bias

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of the state."""
        return LSTMStateTuple(self._num_units, self._num_units)

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        names = (f"{KERNEL}_w", f"{KERNEL}_u", BIAS)
        self._w, self._u, self._b = self._weights(
            input_depth(inputs_shape), 4, names, Zeros(self.dtype)
        )
        self.built = True

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, LSTMStateTuple]:
        """One step: the output and the new state."""
        one = constant(1, dtypes.int32)
        c, h = state
        gates = matmul(inputs, self._w)
        gates += g.Tile(h, [1, 4]) * self._u
        gates = bias_add(gates, self._b)
        i, j, f, o = array.split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = constant(self._forget_bias, f.dtype)
        kept = multiply(c, sigmoid(add(f, forget_bias)))
        new_c = add(kept, multiply(sigmoid(i), self._activation(j)))
        new_h = multiply(self._activation(new_c), sigmoid(o))
        return new_h, LSTMStateTuple(new_c, new_h)
