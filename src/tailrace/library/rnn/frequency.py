"""LSTM cells that run over the frequencies of a spectrum within each step of time.

The inputs are cut into windows (`feature_size` wide, `frequency_skip` apart), and the cell goes
from window to window with the same weights, having a state for each.

Source: Li et al., LSTM time and frequency recurrence (2015); Kalchbrenner et al., Grid LSTM (2015);
TF 1.15 contrib/rnn/python/ops/rnn_cell.py.
"""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

from tailrace.dtypes import int32
from tailrace.graph import Tensor, g
from tailrace.library import array, indexing, linalg, logging
from tailrace.library.clip import clip_by_value
from tailrace.library.initializers import Zeros
from tailrace.library.math import sigmoid, tanh
from tailrace.library.nn.activations import bias_add
from tailrace.library.rnn.cell import RNNCell
from tailrace.library.rnn.sharded import concat_variable
from tailrace.library.variable_scope import get_variable, variable_scope


def _input_size(inputs: Tensor) -> int:
    size = inputs.get_shape().with_rank(2)[-1].value
    if size is None:
        raise ValueError("Cannot infer input_size from static shape inference.")
    return size


class TimeFreqLSTMCell(RNNCell):
    """An LSTM over time and frequency: each window also sees the output of the window before.

    i, j, f, o = [x, m of this window, m of the window before]·W + B;
    c' = σ(f + forget_bias)⊙c + σ(i)⊙tanh(j);  m' = σ(o)⊙tanh(c'), with peepholes if wished.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int = 1,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size: Any = feature_size
        self._frequency_skip = frequency_skip

    @property
    def output_size(self) -> int:
        return self._num_units

    @property
    def state_size(self) -> int:
        return 2 * self._num_units

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs of all windows side by side, and c, m of each."""
        windows = self._windows(inputs)
        units, dtype = self._num_units, inputs.dtype
        rows = windows[0].get_shape()[1].value + 2 * units
        kernel = concat_variable("W", [rows, 4 * units], dtype, self._num_unit_shards)
        bias = get_variable("B", shape=[4 * units], initializer=Zeros(), dtype=dtype)
        names = ("W_F_diag", "W_I_diag", "W_O_diag") if self._use_peepholes else ()
        diagonals = [get_variable(name, shape=[units], dtype=dtype) for name in names]
        static = inputs.get_shape()[0]
        m = array.zeros([static.value or static, units], dtype)
        outputs, states = m, m
        for k, window in enumerate(windows):
            c = indexing.slice(state, [0, 2 * k * units], [-1, units])
            m_time = indexing.slice(state, [0, (2 * k + 1) * units], [-1, units])
            joined = array.concat([window, m_time, m], 1)
            gates = bias_add(linalg.matmul(joined, kernel), bias)
            c, m = self._step(array.split(value=gates, num_or_size_splits=4, axis=1), c, diagonals)
            states = array.concat([states, c, m] if k else [c, m], 1)
            outputs = array.concat([outputs, m], 1) if k else m
        return outputs, states

    def _step(self, gates: list[Tensor], c: Tensor, diagonals: list[Any]) -> tuple[Tensor, Tensor]:
        i, j, f, o = gates
        w_f, w_i, w_o = diagonals or (None, None, None)

        def opened(x: Tensor, weights: Any, seen: Tensor) -> Tensor:
            return sigmoid(x if weights is None else x + weights * seen)

        kept = opened(f + self._forget_bias, w_f, c) * c
        c = kept + opened(i, w_i, c) * tanh(j)
        if self._cell_clip is not None:
            c = clip_by_value(c, -self._cell_clip, self._cell_clip)
        return c, opened(o, w_o, c) * tanh(c)

    def _windows(self, inputs: Tensor) -> list[Tensor]:
        count = (_input_size(inputs) - self._feature_size) // self._frequency_skip + 1
        return [
            indexing.slice(inputs, [0, k * self._frequency_skip], [-1, self._feature_size])
            for k in range(count)
        ]


@dataclasses.dataclass
class _Weights:
    """What one direction (frequency or time) of a block has: matrix, bias, peepholes by gate."""

    kernel: Any
    bias: Any
    peepholes: dict[str, tuple[Any, Any]]

    def inside(self, gate: str, x: Tensor, c_freq: Tensor, c_time: Tensor) -> Tensor:
        """The gate's input with what it sees of the cells."""
        if gate not in self.peepholes:
            return x
        w_freq, w_time = self.peepholes[gate]
        return x + w_freq * c_freq + w_time * c_time


class GridLSTMCell(RNNCell):
    """An LSTM over frequency and one over time in each window, which see each other's cells.

    Windows are in blocks (`num_frequency_blocks` windows each, from `start_freqindex_list` to
    `end_freqindex_list`); each block has weights of its own.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int | None = None,
        num_frequency_blocks: list[int] | None = None,
        start_freqindex_list: list[int] | None = None,
        end_freqindex_list: list[int] | None = None,
        couple_input_forget_gates: bool = False,
        state_is_tuple: bool = True,
        reuse: bool | None = None,
    ) -> None:
        """Raises: ValueError without num_frequency_blocks."""
        super().__init__(_reuse=reuse)
        if not state_is_tuple:
            logging.warn(
                "%s: Using a concatenated state is slower and will soon be deprecated. Use "
                "state_is_tuple=True.",
                self,
            )
        if num_frequency_blocks is None:
            raise ValueError("Must specify num_frequency_blocks")
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._share_time_frequency_weights = share_time_frequency_weights
        self._couple_input_forget_gates = couple_input_forget_gates
        self._state_is_tuple = state_is_tuple
        self._cell_clip = cell_clip
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size: Any = feature_size
        self._frequency_skip: Any = frequency_skip
        self._start_freqindex_list = start_freqindex_list
        self._end_freqindex_list = end_freqindex_list
        self._num_frequency_blocks = num_frequency_blocks
        self._total_blocks = sum(int(count) for count in num_frequency_blocks)
        self._state_tuple_type: Any = None
        self._state_size: Any = num_units * self._total_blocks * 2
        if state_is_tuple:
            self._name_states("GridLSTMStateTuple", ["state"])
        self._output_size = num_units * self._total_blocks * 2

    def _name_states(self, name: str, prefixes: list[str]) -> None:
        fields = [
            f"{prefix}_f{k:02d}_b{block:02d}_{part}"
            for prefix in prefixes
            for block, count in enumerate(self._num_frequency_blocks)
            for k in range(count)
            for part in ("c", "m")
        ]
        self._state_tuple_type = collections.namedtuple(name, fields)
        self._state_size = self._state_tuple_type(*[self._num_units] * len(fields))

    @property
    def output_size(self) -> int:
        return self._output_size

    @property
    def state_size(self) -> Any:
        return self._state_size

    @property
    def state_tuple_type(self) -> Any:
        """The class of the state, a field for the c and the m of each window."""
        return self._state_tuple_type

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The outputs of all windows side by side, and the new state."""
        batch = inputs.shape[0].value or array.shape(inputs)[0]
        outputs, states = [], []
        for block, windows in enumerate(self._blocks(inputs)):
            of_block = self._compute(windows, block, state, batch)
            outputs += of_block[0]
            states += of_block[1]
        if self._state_is_tuple:
            new_state = self._state_tuple_type(*states)
        else:
            new_state = array.concat(states, 1)
        return array.concat(outputs, 1), new_state

    def _weights(self, block: int, rows: int, dtype: Any) -> list[_Weights]:
        """Those of frequency and of time, the same if they are shared."""
        units = self._num_units
        gates = 3 if self._couple_input_forget_gates else 4
        shared = self._share_time_frequency_weights
        pairs = []
        for way in "f" if shared else "ft":
            kernel = concat_variable(
                f"W_{way}_{block}", [rows, gates * units], dtype, self._num_unit_shards
            )
            bias = get_variable(
                f"B_{way}_{block}", shape=[gates * units], initializer=Zeros(), dtype=dtype
            )
            pairs.append((kernel, bias))
        found = []
        letters = "IO" if self._couple_input_forget_gates else "FIO"
        for (kernel, bias), way in zip(pairs, ("freq", "time"), strict=False):
            peepholes = {}
            for letter in letters if self._use_peepholes else "":
                seen, other = (
                    get_variable(f"W_{letter}_diag_{way}{of}_{block}", shape=[units], dtype=dtype)
                    for of in "ft"
                )
                peepholes[letter] = (seen, other)
            found.append(_Weights(kernel, bias, peepholes))
        return found * 2 if shared else found

    def _compute(
        self,
        windows: list[Tensor],
        block: int,
        state: Any,
        batch: Any,
        prefix: str = "state",
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Outputs and new states of a block's windows."""
        units, dtype = self._num_units, windows[0].dtype
        rows = windows[0].get_shape()[1].value + 2 * units
        freq, time = self._weights(block, rows, dtype)
        m_freq = array.zeros([batch, units], dtype)
        c_freq = array.zeros([batch, units], dtype)
        outputs, states = [], []
        for k, window in enumerate(windows):
            c_time, m_time = self._state_of(state, f"{prefix}_f{k:02d}_b{block:02d}", k)
            joined = array.concat([window, m_time, m_freq], 1)
            of_freq = self._gates(joined, freq)
            of_time = of_freq if time is freq else self._gates(joined, time)
            new_freq = self._new_cell(freq, of_freq, c_freq, c_freq, c_time)
            c_time = self._new_cell(time, of_time, c_time, c_freq, c_time)
            c_freq = new_freq
            opened = sigmoid(freq.inside("O", of_freq[-1], c_freq, c_time))
            m_freq = opened * tanh(c_freq)
            opened = sigmoid(time.inside("O", of_time[-1], c_freq, c_time))
            m_time = opened * tanh(c_time)
            states += [c_time, m_time]
            outputs += [m_time, m_freq]
        return outputs, states

    def _state_of(self, state: Any, name: str, k: int) -> tuple[Tensor, Tensor]:
        if self._state_is_tuple:
            return getattr(state, f"{name}_c"), getattr(state, f"{name}_m")
        units = self._num_units
        c = indexing.slice(state, [0, 2 * k * units], [-1, units])
        return c, indexing.slice(state, [0, (2 * k + 1) * units], [-1, units])

    def _gates(self, joined: Tensor, weights: _Weights) -> list[Tensor]:
        count = 3 if self._couple_input_forget_gates else 4
        inside = bias_add(linalg.matmul(joined, weights.kernel), weights.bias)
        return array.split(value=inside, num_or_size_splits=count, axis=1)

    def _new_cell(
        self, weights: _Weights, gates: list[Tensor], c: Tensor, c_freq: Tensor, c_time: Tensor
    ) -> Tensor:
        i = sigmoid(weights.inside("I", gates[0], c_freq, c_time))
        if self._couple_input_forget_gates:
            f = 1.0 - i
        else:
            f = sigmoid(weights.inside("F", gates[2] + self._forget_bias, c_freq, c_time))
        c = f * c + i * tanh(gates[1])
        if self._cell_clip is not None:
            c = clip_by_value(c, -self._cell_clip, self._cell_clip)
        return c

    def _blocks(self, inputs: Tensor, slice_offset: int = 0) -> list[list[Tensor]]:
        """The windows of each block. Raises: ValueError when their numbers are not as said."""
        size = _input_size(inputs)
        if slice_offset:
            before, after = max(-slice_offset, 0), max(slice_offset, 0)
            paddings = g.constant([0, 0, before, after], int32, shape=[2, 2])
            inputs = array.pad(inputs, paddings, "CONSTANT")
            slice_offset = after
        starts, ends = self._start_freqindex_list, self._end_freqindex_list
        if not starts:
            starts, ends = [0], [size]
        counts = self._num_frequency_blocks
        if ends is None or not len(starts) == len(ends) == len(counts):
            raise ValueError(
                f"num_frequency_blocks has {len(counts)} blocks, start_freqindex_list "
                f"{len(starts)}, end_freqindex_list {len(ends or [])}"
            )
        return [
            self._block(inputs, start + slice_offset, end - start, count)
            for start, end, count in zip(starts, ends, counts, strict=True)
        ]

    def _block(self, inputs: Tensor, start: int, size: int, count: int) -> list[Tensor]:
        found = int((size - self._feature_size) / self._frequency_skip) + 1
        if found != count:
            raise ValueError(
                f"Invalid num_frequency_blocks, requires {count} but gets {found}, please check "
                "the input size and filter config are correct."
            )
        return [
            indexing.slice(inputs, [0, start + k * self._frequency_skip], [-1, self._feature_size])
            for k in range(count)
        ]


class BidirectionalGridLSTMCell(GridLSTMCell):
    """Two grids, one from low to high frequencies and one back, each with its state."""

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int | None = None,
        num_frequency_blocks: list[int] | None = None,
        start_freqindex_list: list[int] | None = None,
        end_freqindex_list: list[int] | None = None,
        couple_input_forget_gates: bool = False,
        backward_slice_offset: int = 0,
        reuse: bool | None = None,
    ) -> None:
        """`backward_slice_offset` shifts the windows of the way back."""
        super().__init__(
            num_units,
            use_peepholes,
            share_time_frequency_weights,
            cell_clip,
            initializer,
            num_unit_shards,
            forget_bias,
            feature_size,
            frequency_skip,
            num_frequency_blocks,
            start_freqindex_list,
            end_freqindex_list,
            couple_input_forget_gates,
            True,
            reuse,
        )
        self._backward_slice_offset = int(backward_slice_offset)
        self._name_states("BidirectionalGridLSTMStateTuple", ["fwd_state", "bwd_state"])
        self._output_size *= 2

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The outputs of all windows side by side, forward before backward, and the new state."""
        batch = inputs.shape[0].value or array.shape(inputs)[0]
        forward = self._blocks(inputs)
        offset = self._backward_slice_offset
        backward = self._blocks(inputs, offset) if offset else forward
        outputs, states = [], []
        ways = (("fwd", forward), ("bwd", [windows[::-1] for windows in backward]))
        for way, blocks in ways:
            with variable_scope(way):
                for block, windows in enumerate(blocks):
                    found = self._compute(windows, block, state, batch, f"{way}_state")
                    outputs += found[0]
                    states += found[1]
        return array.concat(outputs, 1), self._state_tuple_type(*states)
