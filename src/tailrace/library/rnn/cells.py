"""The basic cells: Elman RNN, GRU, LSTM, and several stacked.

Shapes: inputs [B, I], states and outputs [B, H] (LSTM with projection: output [B, P]).

Source: TF 1.15 python/ops/rnn_cell_impl.py. Elman 1990; Cho et al. 2014; Hochreiter & Schmidhuber
1997; Zaremba et al. 2014; Sak et al. 2014.
"""

from __future__ import annotations

import collections
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, nest
from tailrace.library import array
from tailrace.library.arithmetic import add, multiply
from tailrace.library.clip import clip_by_value
from tailrace.library.indexing import slice as slice_
from tailrace.library.initializers import Constant, Zeros
from tailrace.library.layers.base import InputSpec, Layer
from tailrace.library.linalg import matmul
from tailrace.library.math import sigmoid
from tailrace.library.rnn.cell import (
    BIAS,
    KERNEL,
    LayerRNNCell,
    RNNCell,
    activation_function,
    check_floating,
    gate_inputs,
    input_depth,
)
from tailrace.library.scopes import name_scope
from tailrace.library.tracking.base import Trackable
from tailrace.library.variable_scope import variable_scope


class BasicRNNCell(LayerRNNCell):
    """h' = activation([x, h]·kernel + bias), which is also the output."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_floating(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_function(activation)

    @property
    def state_size(self) -> int:
        return self._num_units

    @property
    def output_size(self) -> int:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        depth = input_depth(inputs_shape)
        self._kernel = self.add_variable(KERNEL, shape=[depth + self._num_units, self._num_units])
        self._bias = self.add_variable(
            BIAS, shape=[self._num_units], initializer=Zeros(self.dtype or dtypes.float32)
        )
        self.built = True

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        check_floating(inputs, state)
        output = self._activation(gate_inputs(inputs, state, self._kernel, self._bias))
        return output, output


class GRUCell(LayerRNNCell):
    """r, u = σ([x, h]·gate_kernel + gate_bias);  c = activation([x, r⊙h]·candidate_kernel +
    candidate_bias)

    h' = u⊙h + (1−u)⊙c, which is also the output: the reset gate r applies to the state before the
    candidate.
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
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_floating(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_function(activation)
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    @property
    def state_size(self) -> int:
        return self._num_units

    @property
    def output_size(self) -> int:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        rows, units = input_depth(inputs_shape) + self._num_units, self._num_units
        dtype = self.dtype or dtypes.float32
        own = self._bias_initializer
        self._gate_kernel = self.add_variable(
            f"gates/{KERNEL}", shape=[rows, 2 * units], initializer=self._kernel_initializer
        )
        self._gate_bias = self.add_variable(
            f"gates/{BIAS}",
            shape=[2 * units],
            initializer=Constant(1.0, dtype) if own is None else own,
        )
        self._candidate_kernel = self.add_variable(
            f"candidate/{KERNEL}", shape=[rows, units], initializer=self._kernel_initializer
        )
        self._candidate_bias = self.add_variable(
            f"candidate/{BIAS}", shape=[units], initializer=Zeros(dtype) if own is None else own
        )
        self.built = True

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        check_floating(inputs, state)
        gates = sigmoid(gate_inputs(inputs, state, self._gate_kernel, self._gate_bias))
        r, u = array.split(value=gates, num_or_size_splits=2, axis=1)
        reset = r * state
        c = self._activation(
            gate_inputs(inputs, reset, self._candidate_kernel, self._candidate_bias)
        )
        new_h = u * state + (1 - u) * c
        return new_h, new_h


class LSTMStateTuple(collections.namedtuple("LSTMStateTuple", ("c", "h"))):
    """The state of an LSTM: the cell c and the output h."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        c, h = self
        if c.dtype is not h.dtype:
            raise TypeError(f"Inconsistent internal state: {c.dtype} vs {h.dtype}")
        return c.dtype


class BasicLSTMCell(LayerRNNCell):
    """i, j, f, o = split([x, h]·kernel + bias);  c' = c⊙σ(f + forget_bias) + σ(i)⊙activation(j)

    h' = activation(c')⊙σ(o), which is also the output.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_floating(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation_function(activation)

    @property
    def state_size(self) -> Any:
        units = self._num_units
        return LSTMStateTuple(units, units) if self._state_is_tuple else 2 * units

    @property
    def output_size(self) -> int:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        rows, units = input_depth(inputs_shape) + self._num_units, self._num_units
        self._kernel = self.add_variable(KERNEL, shape=[rows, 4 * units])
        self._bias = self.add_variable(
            BIAS, shape=[4 * units], initializer=Zeros(self.dtype or dtypes.float32)
        )
        self.built = True

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        check_floating(inputs, state)
        one = constant(1, dtypes.int32)
        c, h = state if self._state_is_tuple else array.split(state, 2, axis=one)
        gates = gate_inputs(inputs, h, self._kernel, self._bias)
        i, j, f, o = array.split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = constant(self._forget_bias, f.dtype)
        new_c = add(
            multiply(c, sigmoid(add(f, forget_bias))), multiply(sigmoid(i), self._activation(j))
        )
        new_h = multiply(self._activation(new_c), sigmoid(o))
        if self._state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, array.concat([new_c, new_h], 1)


class LSTMCell(LayerRNNCell):
    """LSTM with peepholes, cell clipping and projection.

    c' = σ(f + forget_bias + w_f⊙c)⊙c + σ(i + w_i⊙c)⊙activation(j), clipped to ±cell_clip;
    m = σ(o + w_o⊙c')⊙activation(c'), then m·projection, clipped to ±proj_clip. The w are 0 without
    peepholes.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int | None = None,
        num_proj_shards: int | None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_floating(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._shards = (num_unit_shards, num_proj_shards)
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation_function(activation)

    @property
    def output_size(self) -> int:
        return self._num_proj or self._num_units

    @property
    def state_size(self) -> Any:
        if self._state_is_tuple:
            return LSTMStateTuple(self._num_units, self.output_size)
        return self._num_units + self.output_size

    def build(self, inputs_shape: Any) -> None:
        units = self._num_units
        rows = input_depth(inputs_shape) + (units if self._num_proj is None else self._num_proj)
        self._kernel = self.add_variable(
            KERNEL,
            shape=[rows, 4 * units],
            initializer=self._initializer,
            partitioner=_shards(self._shards[0]),
        )
        self._bias = self.add_variable(
            BIAS, shape=[4 * units], initializer=Zeros(self.dtype or dtypes.float32)
        )
        if self._use_peepholes:
            names = ("w_f_diag", "w_i_diag", "w_o_diag")
            weights = [
                self.add_variable(n, shape=[units], initializer=self._initializer) for n in names
            ]
            self._w_f_diag, self._w_i_diag, self._w_o_diag = weights
        if self._num_proj is not None:
            self._proj_kernel = self.add_variable(
                f"projection/{KERNEL}",
                shape=[units, self._num_proj],
                initializer=self._initializer,
                partitioner=_shards(self._shards[1]),
            )
        self.built = True

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        check_floating(inputs, state)
        c_prev, m_prev = self._split_state(state)
        if inputs.get_shape().with_rank(2).as_list()[1] is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        gates = gate_inputs(inputs, m_prev, self._kernel, self._bias)
        i, j, f, o = array.split(value=gates, num_or_size_splits=4, axis=1)
        c = self._new_cell(i, j, f, c_prev)
        if self._cell_clip is not None:
            c = clip_by_value(c, -self._cell_clip, self._cell_clip)
        gate = sigmoid(o + self._w_o_diag * c) if self._use_peepholes else sigmoid(o)
        m = self._projected(gate * self._activation(c))
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else array.concat([c, m], 1)

    def _split_state(self, state: Any) -> Any:
        if self._state_is_tuple:
            return state
        return (
            slice_(state, [0, 0], [-1, self._num_units]),
            slice_(state, [0, self._num_units], [-1, self.output_size]),
        )

    def _new_cell(self, i: Any, j: Any, f: Any, c: Any) -> Any:
        if self._use_peepholes:
            forget = sigmoid(f + self._forget_bias + self._w_f_diag * c)
            return forget * c + sigmoid(i + self._w_i_diag * c) * self._activation(j)
        return sigmoid(f + self._forget_bias) * c + sigmoid(i) * self._activation(j)

    def _projected(self, m: Tensor) -> Tensor:
        if self._num_proj is None:
            return m
        m = matmul(m, self._proj_kernel)
        return m if self._proj_clip is None else clip_by_value(m, -self._proj_clip, self._proj_clip)


def _shards(count: int | None) -> Any:
    if count is None:
        return None
    from tailrace.library.partitioned import fixed_size_partitioner  # rarely asked for

    return fixed_size_partitioner(count)


class MultiRNNCell(RNNCell):
    """Cells on top of each other, each fed with the output of the one below.

    The state is a tuple of theirs.
    """

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not nest.is_sequence(cells):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        self._cells = cells
        for number, cell in enumerate(cells):
            if isinstance(cell, Trackable):
                self._track_trackable(cell, f"cell-{number}")
        self._state_is_tuple = state_is_tuple
        if not state_is_tuple and any(nest.is_sequence(c.state_size) for c in cells):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set.  "
                f"State sizes are: {[c.state_size for c in cells]}"
            )

    @property
    def state_size(self) -> Any:
        sizes = [cell.state_size for cell in self._cells]
        return tuple(sizes) if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        return self._cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return super().zero_state(batch_size, dtype)

    @property
    def trainable_weights(self) -> list[Any]:
        if not self.trainable:
            return []
        return [
            w for cell in self._cells if isinstance(cell, Layer) for w in cell.trainable_weights
        ]

    @property
    def non_trainable_weights(self) -> list[Any]:
        layers = [cell for cell in self._cells if isinstance(cell, Layer)]
        fixed = [w for cell in layers for w in cell.non_trainable_weights]
        if self.trainable:
            return fixed
        return [w for cell in layers for w in cell.trainable_weights] + fixed

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        if self._state_is_tuple and not nest.is_sequence(state):
            raise ValueError(
                f"Expected state to be a tuple of length {len(self.state_size)}, but received: "
                f"{state}"
            )
        position = 0
        new_states = []
        for i, cell in enumerate(self._cells):
            with variable_scope(f"cell_{i}"):
                if self._state_is_tuple:
                    own = state[i]
                else:
                    own = slice_(state, [0, position], [-1, cell.state_size])
                    position += cell.state_size
                inputs, new_state = cell(inputs, own)
                new_states.append(new_state)
        return inputs, tuple(new_states) if self._state_is_tuple else array.concat(new_states, 1)
