"""LSTM with layer normalization of its gates and of the cell.

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py, contrib/layers/python/layers/layers.py.
Ba et al. 2016; recurrent dropout: Semeniuta et al. 2016.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.initializers import Constant
from tailrace.library.linalg import matmul
from tailrace.library.math import sigmoid, tanh
from tailrace.library.nn.activations import bias_add
from tailrace.library.nn.dropout import dropout
from tailrace.library.nn.normalization import batch_normalization, moments
from tailrace.library.rnn.cell import BIAS, KERNEL, RNNCell
from tailrace.library.rnn.cells import LSTMStateTuple
from tailrace.library.variable_scope import get_variable, variable_scope

_EPSILON = 1e-12
_HALF_EPSILON = 1e-3  # half precision knows nothing smaller


def layer_norm(x: Tensor, gain: float, shift: float, scope: str, dtype: Any = None) -> Tensor:
    """gamma⊙(x − mean)/σ + beta over the last axis, gamma and beta variables below `scope`.

    Shapes: x [B, H], which is also the result's. Args: gain and shift, the first gamma and beta.
    """
    size = x.get_shape()[-1:]
    with variable_scope(scope):
        get_variable("gamma", shape=size, initializer=Constant(gain), dtype=dtype)
        get_variable("beta", shape=size, initializer=Constant(shift), dtype=dtype)
    with variable_scope(scope, reuse=True):
        beta = get_variable("beta", shape=size, dtype=x.dtype.base_dtype)
        gamma = get_variable("gamma", shape=size, dtype=x.dtype.base_dtype)
        mean, variance = moments(x, [1], keep_dims=True)
        epsilon = _HALF_EPSILON if x.dtype is dtypes.float16 else _EPSILON
        result = batch_normalization(x, mean, variance, beta, gamma, epsilon)
        result.set_shape(x.get_shape())
        return result


class LayerNormBasicLSTMCell(RNNCell):
    """LSTM with layer normalization N and dropout D of what enters the cell.

    i, j, f, o = N([x, h]·kernel);  c' = N(c⊙σ(f + forget_bias) + σ(i)⊙D(activation(j)));
    h' = activation(c')⊙σ(o). Without `layer_norm`, a bias instead.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: Any = None,
        activation: Any = tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._activation = activation
        self._forget_bias = forget_bias
        self._keep_prob = dropout_keep_prob
        self._seed = dropout_prob_seed
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of the state."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units

    def _normalized(self, x: Tensor, scope: str) -> Tensor:
        if not self._layer_norm:
            return x
        return layer_norm(x, self._norm_gain, self._norm_shift, scope, x.dtype)

    def _gates(self, args: Tensor) -> Tensor:
        size, dtype = 4 * self._num_units, args.dtype
        kernel = get_variable(KERNEL, [args.get_shape()[-1], size], dtype=dtype)
        gates = matmul(args, kernel)
        if self._layer_norm:
            return gates
        return bias_add(gates, get_variable(BIAS, [size], dtype=dtype))

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, LSTMStateTuple]:
        """One step: the output and the new state."""
        c, h = state
        gates = self._gates(array.concat([inputs, h], 1))
        i, j, f, o = array.split(value=gates, num_or_size_splits=4, axis=1)
        i, j = self._normalized(i, "input"), self._normalized(j, "transform")
        f, o = self._normalized(f, "forget"), self._normalized(o, "output")
        entering = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            entering = dropout(entering, self._keep_prob, seed=self._seed)
        new_c = c * sigmoid(f + self._forget_bias) + sigmoid(i) * entering
        new_c = self._normalized(new_c, "state")
        new_h = self._activation(new_c) * sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)
