"""AttentionCellWrapper: a cell that looks back on its own last outputs.

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py. Bahdanau et al. 2014.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Tensor, nest
from tailrace.library import array
from tailrace.library.indexing import slice as slice_
from tailrace.library.math import tanh
from tailrace.library.nn.activations import softmax
from tailrace.library.nn.convolution import conv2d
from tailrace.library.reductions import reduce_sum
from tailrace.library.rnn.cell import RNNCell, assert_like_rnncell
from tailrace.library.rnn.wrappers import Linear
from tailrace.library.variable_scope import get_variable, variable_scope


class AttentionCellWrapper(RNNCell):
    """A cell with attention over the last `attn_length` outputs.

    x' = Linear([x, a]);  y, s' = cell(x', s);  weights = softmax(v·tanh(W·outputs + Linear(s')));
    a' = Σ weights⊙outputs;  output = Linear([y, a']), which joins the outputs looked back on.

    The state is (cell state, a [B, attn_size], the outputs [B, attn_size·attn_length]), or these
    side by side.
    Raises: ValueError for an `attn_length` that is not positive.
    """

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        input_size: int | None = None,
        state_is_tuple: bool = True,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if nest.is_sequence(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. "
                f"State size is: {cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        self._cell = cell
        self._state_is_tuple = state_is_tuple
        self._attn_size: int = cell.output_size if attn_size is None else attn_size
        self._attn_vec_size = self._attn_size if attn_vec_size is None else attn_vec_size
        self._input_size = input_size
        self._attn_length = attn_length
        self._linear_in: Linear | None = None
        self._linear_out: Linear | None = None
        self._linear_query: Linear | None = None

    @property
    def state_size(self) -> Any:
        """The sizes of the state."""
        sizes = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self._attn_size

    def call(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """One step: the output and the new state."""
        state, attended, past = state if self._state_is_tuple else self._parts(state)
        past = array.reshape(past, [-1, self._attn_length, self._attn_size])
        if self._linear_in is None:
            size = inputs.get_shape().as_list()[1] if self._input_size is None else self._input_size
            self._linear_in = Linear([inputs, attended], size, True)
        cell_output, new_state = self._cell(self._linear_in([inputs, attended]), state)
        query = array.concat(nest.flatten(new_state), 1) if self._state_is_tuple else new_state
        attended, recent = self._attend(query, past)
        with variable_scope("attn_output_projection"):
            if self._linear_out is None:
                self._linear_out = Linear([cell_output, attended], self._attn_size, True)
            output = self._linear_out([cell_output, attended])
        past = array.concat([recent, array.expand_dims(output, 1)], 1)
        past = array.reshape(past, [-1, self._attn_length * self._attn_size])
        if self._state_is_tuple:
            return output, (new_state, attended, past)
        return output, array.concat([new_state, attended, past], 1)

    def _parts(self, state: Tensor) -> list[Tensor]:
        inner, size = self._cell.state_size, self._attn_size
        return [
            slice_(state, [0, 0], [-1, inner]),
            slice_(state, [0, inner], [-1, size]),
            slice_(state, [0, inner + size], [-1, size * self._attn_length]),
        ]

    def _attend(self, query: Any, past: Tensor) -> tuple[Tensor, Tensor]:
        """What is attended to [B, A], and the outputs but for the oldest [B, L − 1, A]."""
        size, length = self._attn_size, self._attn_length
        with variable_scope("attention"):
            kernel = get_variable("attn_w", [1, 1, size, self._attn_vec_size])
            v = get_variable("attn_v", [self._attn_vec_size])
            hidden = array.reshape(past, [-1, length, 1, size])
            features = conv2d(hidden, kernel, [1, 1, 1, 1], "SAME")
            if self._linear_query is None:
                self._linear_query = Linear(query, self._attn_vec_size, True)
            y = array.reshape(self._linear_query(query), [-1, 1, 1, self._attn_vec_size])
            weights = softmax(reduce_sum(v * tanh(features + y), [2, 3]))
            weighted = array.reshape(weights, [-1, length, 1, 1]) * hidden
            attended = array.reshape(reduce_sum(weighted, [1, 2]), [-1, size])
            return attended, slice_(past, [0, 1, 0], [-1, -1, -1])
