"""CompiledWrapper: a cell whose nodes ask to be compiled.

Source: TF 1.15 contrib/rnn/python/ops/rnn_cell.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.library.jit_scope import experimental_jit_scope
from tailrace.library.rnn.cell import RNNCell
from tailrace.library.scopes import name_scope


class CompiledWrapper(RNNCell):
    """The cell, its nodes marked for compilation: all, or those without a state of their own."""

    def __init__(self, cell: Any, compile_stateful: bool = False) -> None:
        super().__init__()
        self._cell = cell
        self._compile_stateful = compile_stateful

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

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """One step: the output and the new state."""
        compile_ops = True if self._compile_stateful else _is_stateless
        with experimental_jit_scope(compile_ops):
            return self._cell(inputs, state, scope=scope)


def _is_stateless(node: Any) -> bool:
    return not node.stateful
