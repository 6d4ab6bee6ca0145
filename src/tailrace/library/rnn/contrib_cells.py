"""Gated cells with one state, cells found by search, and a highway around any cell.

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py. Update gate, intersection: Collins et al. 2016;
NAS: Zoph & Le 2016; SRU: Lei et al. 2017; highway: Srivastava et al. 2015.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, nest
from tailrace.library import array
from tailrace.library.initializers import Constant, Zeros
from tailrace.library.layers.base import InputSpec
from tailrace.library.linalg import matmul
from tailrace.library.math import sigmoid, tanh
from tailrace.library.nn.activations import bias_add, relu, xw_plus_b
from tailrace.library.rnn.cell import BIAS, KERNEL, LayerRNNCell, RNNCell, input_depth
from tailrace.library.rnn.cells import LSTMStateTuple
from tailrace.library.rnn.wrappers import Linear
from tailrace.library.scopes import name_scope
from tailrace.library.variable_scope import get_variable, get_variable_scope, variable_scope

_NAS_BRANCHES = 8


class UGRNNCell(RNNCell):
    """g, c = Linear([x, h]);  h' = g⊙h + (1−g)⊙activation(c), g = σ(g + forget_bias): one gate."""

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Any = tanh,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._activation = activation
        self._linear: Linear | None = None

    @property
    def state_size(self) -> int:
        """The sizes of the state."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the output and the new state."""
        input_depth(inputs.get_shape().with_rank(2))
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            both = array.concat([inputs, state], 1)
            if self._linear is None:
                self._linear = Linear(both, 2 * self._num_units, True)
            gate, content = array.split(self._linear(both), 2, axis=1)
            content = self._activation(content)
            gate = sigmoid(gate + self._forget_bias)
            new_state = gate * state + (1.0 - gate) * content
        return new_state, new_state


class IntersectionRNNCell(RNNCell):
    """One gate through time and one through depth.

    gh, h, gy, y = Linear([x, s]);  s' = gh⊙s + (1−gh)⊙tanh(h);
    output = gy⊙x + (1−gy)⊙y_activation(y), where forget_bias is added to both gates.

    Raises: ValueError when inputs and state differ in size and `num_in_proj` is not given.
    """

    def __init__(
        self,
        num_units: int,
        num_in_proj: int | None = None,
        initializer: Any = None,
        forget_bias: float = 1.0,
        y_activation: Any = relu,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._num_input_proj = num_in_proj
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._y_activation = y_activation
        self._linear_in: Linear | None = None
        self._linear: Linear | None = None

    @property
    def state_size(self) -> int:
        """The sizes of the state."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the output and the new state."""
        depth, units = input_depth(inputs.get_shape().with_rank(2)), self._num_units
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            if depth != units:
                inputs = self._projected(inputs)
            both = array.concat([inputs, state], 1)
            if self._linear is None:
                self._linear = Linear(both, 4 * units, True)
            joint: Any = self._linear(both)
            time_gate, content = joint[:, :units], joint[:, units : 2 * units]
            depth_gate, output = joint[:, 2 * units : 3 * units], joint[:, 3 * units : 4 * units]
            content, output = tanh(content), self._y_activation(output)
            time_gate = sigmoid(time_gate + self._forget_bias)
            depth_gate = sigmoid(depth_gate + self._forget_bias)
            new_state = time_gate * state + (1.0 - time_gate) * content
            new_output = depth_gate * inputs + (1.0 - depth_gate) * output
        return new_output, new_state

    def _projected(self, inputs: Tensor) -> Tensor:
        if not self._num_input_proj:
            raise ValueError(
                "Must have input size == output size for Intersection RNN. To fix, num_in_proj "
                "should be set to num_units at cell init."
            )
        with variable_scope("in_projection"):
            if self._linear_in is None:
                self._linear_in = Linear(inputs, self._num_units, True)
            return self._linear_in(inputs)


class NASCell(LayerRNNCell):
    """The cell that neural architecture search found.

    With a = x·kernel and b = m·recurrent_kernel (+ bias), each in 8 branches:
    p0 = σ(a0+b0), p1 = relu(a1+b1), p2 = σ(a2+b2), p3 = relu(a3⊙b3), p4 = tanh(a4+b4),
    p5 = σ(a5+b5), p6 = tanh(a6+b6), p7 = σ(a7+b7);  c' = tanh(tanh(p0⊙p1) + c)⊙tanh(p2+p3);
    m' = tanh(c'⊙tanh(tanh(p4⊙p5) + σ(p6+p7))), then projected.
    """

    def __init__(
        self,
        num_units: int,
        num_proj: int | None = None,
        use_bias: bool = False,
        reuse: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units
        self._num_proj = num_proj
        self._use_bias = use_bias

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of the state."""
        return LSTMStateTuple(self._num_units, self.output_size)

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units if self._num_proj is None else self._num_proj

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        width = _NAS_BRANCHES * self._num_units
        depth = input_depth(inputs_shape)
        self.recurrent_kernel = self.add_variable("recurrent_kernel", [self.output_size, width])
        self.kernel = self.add_variable(KERNEL, [depth, width])
        if self._use_bias:
            self.bias = self.add_variable(BIAS, shape=[width], initializer=Zeros)
        if self._num_proj is not None:
            shape = [self._num_units, self._num_proj]
            self.projection_weights = self.add_variable("projection_weights", shape)
        self.built = True

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, LSTMStateTuple]:
        """One step: the output and the new state."""
        c_prev, m_prev = state
        from_m = matmul(m_prev, self.recurrent_kernel)
        from_x = matmul(inputs, self.kernel)
        if self._use_bias:
            from_m = bias_add(from_m, self.bias)
        b = array.split(axis=1, num_or_size_splits=_NAS_BRANCHES, value=from_m)
        a = array.split(axis=1, num_or_size_splits=_NAS_BRANCHES, value=from_x)
        first = (sigmoid, relu, sigmoid, relu, tanh, sigmoid, tanh, sigmoid)
        p = [function(a[k] * b[k] if k == 3 else a[k] + b[k]) for k, function in enumerate(first)]
        q0, q1, q2, q3 = (
            tanh(p[0] * p[1]),
            tanh(p[2] + p[3]),
            tanh(p[4] * p[5]),
            sigmoid(p[6] + p[7]),
        )
        new_c = tanh(q0 + c_prev) * q1
        new_m = tanh(new_c * tanh(q2 + q3))
        if self._num_proj is not None:
            new_m = matmul(new_m, self.projection_weights)
        return new_m, LSTMStateTuple(new_c, new_m)


class SRUCell(LayerRNNCell):
    """A unit whose gates do not look at the state, so that all products can be made beforehand.

    j, f, r, y = x·kernel;  f, r = σ([f, r] + bias);  c' = f⊙c + (1−f)⊙j, which is the state;
    output = r⊙activation(c') + (1−r)⊙y.
    """

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, **kwargs)
        self._num_units = num_units
        self._activation = activation or tanh
        self.input_spec = InputSpec(ndim=2)

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
        shape = [input_depth(inputs_shape), 4 * self._num_units]
        self._kernel = self.add_variable(KERNEL, shape=shape)
        self._bias = self.add_variable(BIAS, shape=[2 * self._num_units], initializer=Zeros)
        self.built = True

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the output and the new state."""
        product = matmul(inputs, self._kernel)
        content, f, r, passed = array.split(value=product, num_or_size_splits=4, axis=1)
        gates = sigmoid(bias_add(array.concat([f, r], 1), self._bias))
        f, r = array.split(value=gates, num_or_size_splits=2, axis=1)
        c = f * state + (1.0 - f) * content
        return r * self._activation(c) + (1.0 - r) * passed, c


class HighwayWrapper(RNNCell):
    """inputs⊙carry + outputs⊙transform, with carry = σ(inputs·carry_w + carry_b).

    transform is 1 − carry, or with `couple_carry_transform_gates` off a gate of its own.
    """

    def __init__(
        self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0
    ) -> None:
        super().__init__()
        self._cell = cell
        self._couple_carry_transform_gates = couple_carry_transform_gates
        self._carry_bias_init = carry_bias_init

    @property
    def state_size(self) -> Any:
        """The sizes of the state."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """The size of the output."""
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Zeros, the state before the first step."""
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """One step: the output and the new state."""
        outputs, new_state = self._cell(inputs, state, scope=scope)
        nest.assert_same_structure(inputs, outputs)
        for x, y in zip(nest.flatten(inputs), nest.flatten(outputs), strict=True):
            x.get_shape().assert_is_compatible_with(y.get_shape())
        return nest.map_structure(self._highway, inputs, outputs), new_state

    def _highway(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        carry = self._gate("carry", inputs, self._carry_bias_init)
        if self._couple_carry_transform_gates:
            transform = 1 - carry
        else:
            transform = self._gate("transform", inputs, -self._carry_bias_init)
        return inputs * carry + outputs * transform

    def _gate(self, name: str, inputs: Tensor, bias: float) -> Tensor:
        size = inputs.get_shape().with_rank(2)[1].value
        weights = get_variable(f"{name}_w", [size, size])
        biases = get_variable(f"{name}_b", [size], initializer=Constant(bias))
        return sigmoid(xw_plus_b(inputs, weights, biases))
