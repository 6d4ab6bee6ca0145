"""LSTM cells of other kinds: coupled gates, groups of units, a rhythm in time.

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py. Coupled gates: Greff et al. 2015;
groups: Kuchaiev & Ginsburg 2017; phased: Neil et al. 2016.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.arithmetic import cast, mod
from tailrace.library.clip import clip_by_value
from tailrace.library.indexing import slice as slice_
from tailrace.library.indexing import where
from tailrace.library.initializers import Constant, RandomUniform, Zeros
from tailrace.library.linalg import matmul
from tailrace.library.math import exp, log, sigmoid, tanh
from tailrace.library.nn.activations import bias_add
from tailrace.library.random import random_uniform
from tailrace.library.rnn.cell import RNNCell, input_depth
from tailrace.library.rnn.cells import LSTMStateTuple
from tailrace.library.rnn.layer_norm import layer_norm
from tailrace.library.rnn.sharded import concat_variable
from tailrace.library.rnn.wrappers import Linear
from tailrace.library.variable_scope import get_variable, get_variable_scope, variable_scope


class CoupledInputForgetGateLSTMCell(RNNCell):
    """An LSTM that forgets as much as it takes in.

    j, f, o = [x, m]·W + B;  c' = f⊙c + (1−f)⊙activation(j), f = σ(f + forget_bias + w_f⊙c);
    m' = σ(o + w_o⊙c')⊙activation(c'), then m'·W_P clipped to ±proj_clip. Without peepholes w = 0.
    With `layer_norm`, j, f, o and c' are normalized and B is not added.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int = 1,
        num_proj_shards: int = 1,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = tanh,
        reuse: bool | None = None,
        layer_norm: bool = False,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift

    @property
    def state_size(self) -> Any:
        """The sizes of the state."""
        if self._state_is_tuple:
            return LSTMStateTuple(self._num_units, self.output_size)
        return self._num_units + self.output_size

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_proj or self._num_units

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """One step: the output and the new state."""
        units, dtype = self._num_units, inputs.dtype
        c_prev, m_prev = state if self._state_is_tuple else self._parts(state)
        rows = input_depth(inputs.get_shape().with_rank(2)) + self.output_size
        kernel = concat_variable("W", [rows, 3 * units], dtype, self._num_unit_shards)
        bias = get_variable("B", shape=[3 * units], initializer=Zeros(), dtype=dtype)
        gates = matmul(array.concat([inputs, m_prev], 1), kernel)
        if not self._layer_norm:
            gates = bias_add(gates, bias)
        j, f, o = array.split(value=gates, num_or_size_splits=3, axis=1)
        j, f = self._normalized(j, "transform"), self._normalized(f, "forget")
        o = self._normalized(o, "output")
        names = ("W_F_diag", "W_O_diag") if self._use_peepholes else ()
        peepholes = [get_variable(n, shape=[units], dtype=dtype) for n in names]
        forget = f + self._forget_bias
        forget = sigmoid(forget + peepholes[0] * c_prev if peepholes else forget)
        c = forget * c_prev + (1 - forget) * self._activation(j)
        c = self._normalized(c, "state")
        gate = sigmoid(o + peepholes[1] * c if peepholes else o)
        m = self._projected(gate * self._activation(c), dtype)
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else array.concat([c, m], 1)

    def _parts(self, state: Tensor) -> tuple[Tensor, Tensor]:
        c = slice_(state, [0, 0], [-1, self._num_units])
        return c, slice_(state, [0, self._num_units], [-1, self.output_size])

    def _normalized(self, x: Tensor, scope: str) -> Tensor:
        if not self._layer_norm:
            return x
        return layer_norm(x, self._norm_gain, self._norm_shift, scope)

    def _projected(self, m: Tensor, dtype: Any) -> Tensor:
        if self._num_proj is None:
            return m
        shape = [self._num_units, self._num_proj]
        m = matmul(m, concat_variable("W_P", shape, dtype, self._num_proj_shards))
        return m if self._proj_clip is None else clip_by_value(m, -self._proj_clip, self._proj_clip)


class GLSTMCell(RNNCell):
    """An LSTM in groups: each part of the state sees its own part of the inputs and of the past.

    i, j, f, o are the groups' side by side; c' = σ(f + forget_bias)⊙c + σ(i)⊙tanh(j);
    m' = σ(o)⊙activation(c'), then projected.
    Raises: ValueError for sizes that the number of groups does not divide.
    """

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        num_proj: int | None = None,
        number_of_groups: int = 1,
        forget_bias: float = 1.0,
        activation: Any = tanh,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._num_proj = num_proj
        self._forget_bias = forget_bias
        self._activation = activation
        self._groups = number_of_groups
        if num_units % number_of_groups:
            raise ValueError("num_units must be divisible by number_of_groups")
        if num_proj and num_proj % number_of_groups:
            raise ValueError("num_proj must be divisible by number_of_groups")
        self._linears: list[Linear | None] = [None] * number_of_groups
        self._linear_out: Linear | None = None

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of the state."""
        return LSTMStateTuple(self._num_units, self.output_size)

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_proj or self._num_units

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, LSTMStateTuple]:
        """One step: the output and the new state."""
        c_prev, m_prev = state
        batch, depth = inputs.get_shape().as_list()
        batch = batch or array.shape(inputs)[0]
        if depth is None:
            raise ValueError("input size must be statically known")
        if depth % self._groups:
            raise ValueError(
                f"input size ({depth}) must be divisible by number_of_groups ({self._groups})"
            )
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            parts = [self._group(k, inputs, m_prev, batch) for k in range(self._groups)]
            zeros = Constant(0.0, inputs.dtype)
            shape = {"shape": [self._num_units], "dtype": inputs.dtype, "initializer": zeros}
            biases = [get_variable(name=f"bias_{gate}", **shape) for gate in "ijfo"]
            i, j, f, o = (
                bias_add(array.concat(list(gates), axis=1), bias)
                for gates, bias in zip(zip(*parts, strict=True), biases, strict=True)
            )
        c = sigmoid(f + self._forget_bias) * c_prev + sigmoid(i) * tanh(j)
        m = sigmoid(o) * self._activation(c)
        if self._num_proj is not None:
            with variable_scope("projection"):
                if self._linear_out is None:
                    self._linear_out = Linear(m, self._num_proj, False)
                m = self._linear_out(m)
        return m, LSTMStateTuple(c, m)

    def _group(self, k: int, inputs: Tensor, m_prev: Tensor, batch: Any) -> list[Tensor]:
        """The group's i, j, f, o."""
        with variable_scope(f"group{k}"):
            own_inputs = self._part(inputs, int(inputs.get_shape()[1]), k, batch)
            own_past = self._part(m_prev, self.output_size, k, batch)
            both = array.concat([own_inputs, own_past], axis=1)
            linear = self._linears[k]
            if linear is None:
                linear = Linear(both, 4 * (self._num_units // self._groups), False)
                self._linears[k] = linear
            return array.split(linear(both), 4, 1)

    def _part(self, x: Tensor, width: int, k: int, batch: Any) -> Tensor:
        size = width // self._groups
        name = f"GLSTM_group{k}_input_generation"
        return slice_(x, [0, k * size], [batch, size], name=name)


class PhasedLSTMCell(RNNCell):
    """An LSTM whose units are open in turn, each with its period: fit for events at any time.

    The inputs are (time [B, 1], x). A unit is at φ = (time − phase mod period) / period of its
    cycle, and open by k = 2φ/ratio_on, then 2 − 2φ/ratio_on, and leak·φ once φ ≥ ratio_on;
    c' = k⊙c̃ + (1−k)⊙c and h' = k⊙h̃ + (1−k)⊙h, where c̃ and h̃ are an LSTM's.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        leak: float = 0.001,
        ratio_on: float = 0.1,
        trainable_ratio_on: bool = True,
        period_init_min: float = 1.0,
        period_init_max: float = 1000.0,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse, autocast=False)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._leak = leak
        self._ratio_on = ratio_on
        self._trainable_ratio_on = trainable_ratio_on
        self._periods = (period_init_min, period_init_max)
        self._linears: dict[str, Linear] = {}

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of the state."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, LSTMStateTuple]:
        """One step: the output and the new state."""
        (time, x), (c_prev, h_prev) = inputs, state
        peephole = [c_prev] if self._use_peepholes else []
        with variable_scope("mask_gates"):
            gates = sigmoid(self._linear("mask", [x, h_prev, *peephole], 2 * self._num_units))
            input_gate, forget_gate = array.split(gates, 2, axis=1)
        with variable_scope("new_input"):
            new_input = tanh(self._linear("input", [x, h_prev], self._num_units))
        new_c = c_prev * forget_gate + input_gate * new_input
        peephole = [new_c] if self._use_peepholes else []
        with variable_scope("output_gate"):
            output_gate = sigmoid(self._linear("output", [x, h_prev, *peephole], self._num_units))
        new_h = tanh(new_c) * output_gate
        openness = self._openness(time)
        new_c = openness * new_c + (1 - openness) * c_prev
        new_h = openness * new_h + (1 - openness) * h_prev
        return new_h, LSTMStateTuple(new_c, new_h)

    def _linear(self, place: str, args: list[Any], size: int) -> Tensor:
        linear = self._linears.get(place)
        if linear is None:
            linear = self._linears[place] = Linear(args, size, True)
        return linear(args)

    def _openness(self, time: Tensor) -> Tensor:
        """How far each unit is open at a time [B, H]."""
        shape = [self._num_units]
        period = get_variable("period", shape, initializer=_exponential(*self._periods))
        phase_initializer = RandomUniform(0.0, period.initial_value)
        phase = get_variable("phase", shape, initializer=phase_initializer)
        ratio_on = get_variable(
            "ratio_on",
            shape,
            initializer=Constant(self._ratio_on),
            trainable=self._trainable_ratio_on,
        )
        cycle = _cycle_ratio(time, phase, period)
        rising = 2 * cycle / ratio_on
        falling = 2 - rising
        closed = self._leak * cycle
        openness = where(cycle < ratio_on, falling, closed)
        return where(cycle < 0.5 * ratio_on, rising, openness)


def _exponential(minval: float, maxval: float) -> Any:
    """An initializer: numbers whose logarithm is uniform between those of `minval` and `maxval`."""

    def initializer(shape: Any, dtype: Any = dtypes.float32, partition_info: Any = None) -> Tensor:
        return exp(random_uniform(shape, log(minval), log(maxval), dtype))

    return initializer


def _cycle_ratio(time: Tensor, phase: Any, period: Any) -> Tensor:
    """Where in its period each unit is, from 0 to 1."""
    phase, period = cast(phase, time.dtype), cast(period, time.dtype)
    shifted = time - phase
    # the remainder's value, with the gradient of what it is taken of
    remainder = array.stop_gradient(mod(shifted, period) - shifted) + shifted
    return cast(remainder / period, dtypes.float32)
