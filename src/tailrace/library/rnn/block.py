"""LSTM and GRU cells whose step, or whose whole sequence, is one operation.

Their variables are those of `LSTMCell` and `GRUCell`.

Source: TF 1.15 contrib/rnn/python/ops/lstm_ops.py, gru_ops.py. Zaremba et al. 2014;
Cho et al. 2014.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array
from tailrace.library.arithmetic import cast
from tailrace.library.array_more import sequence_mask
from tailrace.library.indexing import gather_nd
from tailrace.library.initializers import Constant
from tailrace.library.layers.base import InputSpec, Layer
from tailrace.library.math import range as range_
from tailrace.library.reductions import reduce_max
from tailrace.library.rnn.cell import BIAS, KERNEL, LayerRNNCell
from tailrace.library.rnn.cells import LSTMStateTuple


class _LSTMVariables(Layer):
    """The variables of an LSTM, its clipping and its peepholes."""

    _num_units: int
    _use_peephole: bool

    def _make_variables(self, input_size: int | None, shown: Any) -> None:
        if not input_size:
            raise ValueError(f"Expecting the size of the inputs to be set: {shown}")
        units = self._num_units
        self._kernel = self.add_variable(KERNEL, [input_size + units, units * 4])
        self._bias = self.add_variable(BIAS, [units * 4], initializer=Constant(0.0))
        if self._use_peephole:
            self._w_i_diag = self.add_variable("w_i_diag", [units])
            self._w_f_diag = self.add_variable("w_f_diag", [units])
            self._w_o_diag = self.add_variable("w_o_diag", [units])
        self.built = True

    def _peepholes(self, dtype: Any) -> dict[str, Any]:
        if self._use_peephole:
            return {"wci": self._w_i_diag, "wcf": self._w_f_diag, "wco": self._w_o_diag}
        zeros = array.zeros([self._num_units], dtype=dtype)
        return {"wci": zeros, "wcf": zeros, "wco": zeros}


class LSTMBlockCell(LayerRNNCell, _LSTMVariables):
    """`LSTMCell` as one operation per step.

    c' = σ(f + forget_bias + w_f⊙c)⊙c + σ(i + w_i⊙c)⊙tanh(j), clipped to ±cell_clip;
    h' = σ(o + w_o⊙c')⊙tanh(c'), where i, j, f, o = [x, h]·kernel + bias. Without peepholes w = 0.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: bool | None = None,
        name: str | None = "lstm_cell",
    ) -> None:
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._use_peephole = use_peephole
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> LSTMStateTuple:
        """The sizes of the state."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Make the variables."""
        self._make_variables(inputs_shape[1].value, inputs_shape)

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, LSTMStateTuple]:
        """One step: the output and the new state."""
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        peepholes = self._peepholes(self.dtype)
        c, h = state
        _, new_c, _, _, _, _, new_h = g.LSTMBlockCell(
            inputs,
            c,
            h,
            self._kernel,
            **peepholes,
            b=self._bias,
            forget_bias=self._forget_bias,
            cell_clip=self._cell_clip,
            use_peephole=self._use_peephole,
        )
        return new_h, LSTMStateTuple(new_c, new_h)


class LSTMBlockWrapper(Layer):
    """What runs an LSTM over a whole sequence; a subclass gives `num_units` and `_call_cell`.

    Shapes: inputs [T, B, I] or a list of T tensors [B, I]; outputs [T, B, H] or a list.
    """

    @property
    def num_units(self) -> int:
        """The number of cells."""
        raise NotImplementedError("Abstract method")

    def _call_cell(
        self,
        inputs: Tensor,
        initial_cell_state: Tensor,
        initial_output: Tensor,
        dtype: Any,
        sequence_length: Any,
    ) -> tuple[Tensor, Tensor]:
        """Cell states and outputs of all steps [T, B, H], from the state before the first."""
        raise NotImplementedError("Abstract method")

    def call(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
    ) -> tuple[Any, LSTMStateTuple]:
        """Outputs of all steps, and the state after the last, or at each `sequence_length` [B].

        Raises: ValueError without `initial_state` and `dtype`, or for inputs of unknown size.
        """
        is_list = isinstance(inputs, list)
        if is_list:
            inputs = array.stack(inputs)
        steps, batch = _steps_and_batch(inputs)
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            zeros = array.zeros(array.stack([batch, self.num_units]), dtype=dtype)
            initial_state = zeros, zeros
        if len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        dtype = initial_state[0].dtype if dtype is None else dtype
        if sequence_length is not None:
            sequence_length = convert_to_tensor(sequence_length)
        cells, outputs = self._call_cell(
            inputs, *initial_state, dtype=dtype, sequence_length=sequence_length
        )
        if sequence_length is None:
            final = LSTMStateTuple(cells[-1], outputs[-1])
        else:
            outputs *= self._mask(sequence_length, steps, dtype)
            parts = zip(initial_state, (cells, outputs), strict=True)
            whole = [array.concat([array.expand_dims(s, [0]), x], 0) for s, x in parts]
            final = LSTMStateTuple(*(_at(x, sequence_length, batch) for x in whole))
        return array.unstack(outputs) if is_list else outputs, final

    def _mask(self, sequence_length: Any, steps: Any, dtype: Any) -> Tensor:
        """[T, B, H], 1 where a sequence goes on and 0 behind its end."""
        mask = array.transpose(sequence_mask(sequence_length, steps, dtype=dtype), [1, 0])
        return array.tile(array.expand_dims(mask, [-1]), [1, 1, self.num_units])


def _steps_and_batch(inputs: Tensor) -> tuple[Any, Any]:
    """T and B, as numbers where they are known."""
    steps, batch, depth = inputs.get_shape().with_rank(3).as_list()
    if not depth:
        raise ValueError(f"Expecting inputs_shape[2] to be set: {inputs.get_shape()}")
    batch = array.shape(inputs)[1] if batch is None else batch
    return (array.shape(inputs)[0] if steps is None else steps), batch


def _at(data: Tensor, times: Any, batch: Any) -> Tensor:
    """[B, H] of data [T, B, H]: each sequence at its own time."""
    return gather_nd(data, array.stack([times, range_(batch)], axis=1))


class LSTMBlockFusedCell(LSTMBlockWrapper, _LSTMVariables):
    """`LSTMBlockCell` over a whole sequence in one operation. See `LSTMBlockWrapper.call`."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        reuse: bool | None = None,
        dtype: Any = None,
        name: str | None = "lstm_fused_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self._use_peephole = use_peephole
        self.input_spec = InputSpec(ndim=3)

    @property
    def num_units(self) -> int:
        """The number of cells."""
        return self._num_units

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        self._make_variables(input_shape[2].value, input_shape)

    def _call_cell(
        self,
        inputs: Tensor,
        initial_cell_state: Tensor,
        initial_output: Tensor,
        dtype: Any,
        sequence_length: Any,
    ) -> tuple[Tensor, Tensor]:
        steps = inputs.get_shape().with_rank(3)[0].value
        if steps is None:
            steps = array.shape(inputs)[0]
        peepholes = self._peepholes(dtype)
        longest = steps if sequence_length is None else reduce_max(sequence_length)
        _, cells, _, _, _, _, outputs = g.BlockLSTM(
            cast(longest, dtypes.int64),
            inputs,
            initial_cell_state,
            initial_output,
            self._kernel,
            **peepholes,
            b=self._bias,
            forget_bias=self._forget_bias,
            cell_clip=self._cell_clip,
            use_peephole=self._use_peephole,
        )
        return cells, outputs


class GRUBlockCell(LayerRNNCell):
    """`GRUCell` as one operation: r, u = σ([x, h]·w_ru + b_ru);  c = tanh([x, r⊙h]·w_c + b_c).

    h' = u⊙h + (1−u)⊙c, which is also the output.
    """

    _names = ("w_ru", "b_ru", "w_c", "b_c")

    def __init__(
        self,
        num_units: int | None = None,
        cell_size: int | None = None,
        reuse: bool | None = None,
        name: str | None = "gru_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size: Any = cell_size if num_units is None else num_units
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> int:
        """The sizes of the state."""
        return self._cell_size

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._cell_size

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        depth, units = input_shape[1].value, self._cell_size
        if depth is None:
            raise ValueError("Expecting input_size to be set.")
        w_ru, b_ru, w_c, b_c = self._names
        self._gate_kernel = self.add_variable(w_ru, [depth + units, units * 2])
        self._gate_bias = self.add_variable(b_ru, [units * 2], initializer=Constant(1.0))
        self._candidate_kernel = self.add_variable(w_c, [depth + units, units])
        self._candidate_bias = self.add_variable(b_c, [units], initializer=Constant(0.0))
        self.built = True

    def call(self, inputs: Tensor, h_prev: Tensor) -> tuple[Tensor, Tensor]:
        """One step: the output and the new state."""
        size = h_prev.get_shape().with_rank(2)[1]
        if size.value != self._cell_size:
            raise ValueError(f"Shape of h_prev[1] incorrect: cell_size {self._cell_size} vs {size}")
        new_h = g.GRUBlockCell(
            inputs,
            h_prev,
            self._gate_kernel,
            self._candidate_kernel,
            self._gate_bias,
            self._candidate_bias,
        )[3]
        return new_h, new_h


class GRUBlockCellV2(GRUBlockCell):
    """`GRUBlockCell` with the variable names of `GRUCell`."""

    _names = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
