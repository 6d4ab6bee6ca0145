"""Cells that take a whole sequence: an ordinary cell made one, and one that runs backwards.

Source: TF 1.15 contrib/rnn/python/ops/fused_rnn_cell.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.library import array
from tailrace.library.rnn.loops import dynamic_rnn, static_rnn


class FusedRNNCell:
    """`cell(inputs, initial_state, dtype, sequence_length, scope) -> (outputs, final state)`.

    Shapes: inputs [T, B, I] or a list of T tensors [B, I]; the outputs are of the same kind.
    """

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        """The outputs of all steps, and the state after the last."""
        raise NotImplementedError("Abstract method")


class FusedRNNCellAdaptor(FusedRNNCell):
    """A cell run over the sequence by `static_rnn` or, with `use_dynamic_rnn`, `dynamic_rnn`."""

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell = cell
        self._use_dynamic_rnn = use_dynamic_rnn

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        """The outputs of all steps, and the state after the last."""
        is_list = isinstance(inputs, list)
        common = {
            "sequence_length": sequence_length,
            "initial_state": initial_state,
            "dtype": dtype,
            "scope": scope,
        }
        if self._use_dynamic_rnn:
            stacked = array.stack(inputs) if is_list else inputs
            outputs, state = dynamic_rnn(self._cell, stacked, time_major=True, **common)
            return array.unstack(outputs) if is_list else outputs, state
        outputs, state = static_rnn(
            self._cell, inputs if is_list else array.unstack(inputs), **common
        )
        return outputs if is_list else array.stack(outputs), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A fused cell run from the end of each sequence to its start."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        """The outputs of all steps, and the state after the last."""
        outputs, state = self._cell(
            _backwards(inputs, sequence_length),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return _backwards(outputs, sequence_length), state


def _backwards(sequence: Any, lengths: Any) -> Any:
    # TF: a list is reversed as a whole, whatever the lengths
    if isinstance(sequence, list):
        return list(reversed(sequence))
    if lengths is None:
        return array.reverse(sequence, [0])
    return array.reverse_sequence(sequence, lengths, 0, 1)
