"""`raw_rnn`: a loop whose every step the program decides.

Source: TF 1.15 python/ops/rnn.py (raw_rnn).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import constant, convert_to_tensor, g, nest
from tailrace.library import array
from tailrace.library.arithmetic import logical_not, logical_or
from tailrace.library.control_flow import while_loop
from tailrace.library.indexing import where
from tailrace.library.reductions import reduce_all
from tailrace.library.rnn.cell import assert_like_rnncell, concat_sizes
from tailrace.library.rnn.loops import _as_size, _cache_variables
from tailrace.library.tensor_array import TensorArray
from tailrace.library.variable_scope import variable_scope
from tailrace.shapes import TensorShape


def raw_rnn(
    cell: Any,
    loop_fn: Callable[..., Any],
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """Run a cell with `loop_fn(time, output, state, loop_state)` between its steps.

    `loop_fn` gives (finished [B], next input, next state, what to emit, loop state); the first
    call, at time 0, has no output and gives the initial state and the structure of what is emitted.
    Returns: TensorArrays of what was emitted, the final state, the final loop state.
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with variable_scope(scope or "rnn") as opened:
        _cache_variables(opened)
        time = constant(0, dtypes.int32)
        finished, first_input, state, emit, loop_state = loop_fn(time, None, None, None)
        start = constant(0, dtypes.int32) if loop_state is None else loop_state
        const_batch, batch_size = _batch_size(nest.flatten(first_input))
        nest.assert_same_structure(state, cell.state_size)
        flat_state = [convert_to_tensor(s) for s in nest.flatten(state)]
        state = nest.pack_sequence_as(state, flat_state)
        emitted = _Emitted(cell, emit, flat_state[0].dtype, const_batch, batch_size)
        body = _body(cell, loop_fn, emitted)
        results = while_loop(
            lambda time, finished, *_: logical_not(reduce_all(finished)),
            body,
            loop_vars=[time, finished, first_input, emitted.arrays, state, start],
            parallel_iterations=parallel_iterations or 32,
            swap_memory=swap_memory,
        )
        arrays, final_state, final_loop_state = results[-3:]
        return arrays, final_state, None if loop_state is None else final_loop_state


def _batch_size(flat_input: list[Any]) -> tuple[int | None, Any]:
    first = flat_input[0].get_shape()[0]
    for tensor in flat_input:
        first.merge_with(tensor.get_shape()[0])
    return first.value, array.shape(flat_input[0])[0] if first.value is None else first.value


class _Emitted:
    """The arrays of what is emitted, and zeros for sequences that have ended."""

    def __init__(
        self, cell: Any, emit: Any, dtype: Any, const_batch: int | None, batch_size: Any
    ) -> None:
        if emit is None:
            structure = cell.output_size
            sizes = nest.flatten(structure)
            types = [dtype] * len(sizes)
        else:
            structure = emit
            parts = nest.flatten(emit)
            sizes = [
                p.get_shape() if p.get_shape().is_fully_defined() else array.shape(p) for p in parts
            ]
            types = [p.dtype for p in parts]
        arrays = [
            TensorArray(
                dtype=t,
                dynamic_size=True,
                element_shape=TensorShape([const_batch]).concatenate(_as_size(size)),
                size=0,
                name=f"rnn_output_{i}",
            )
            for i, (t, size) in enumerate(zip(types, sizes, strict=True))
        ]
        self.arrays = nest.pack_sequence_as(structure, arrays)
        zeros = [
            array.zeros(concat_sizes(batch_size, s), t) for s, t in zip(sizes, types, strict=True)
        ]
        self.zeros = nest.pack_sequence_as(structure, zeros)


def _body(cell: Any, loop_fn: Callable[..., Any], emitted: _Emitted) -> Callable[..., Any]:
    def body(
        time: Any, finished: Any, current: Any, arrays: Any, state: Any, loop_state: Any
    ) -> Any:
        output, cell_state = cell(current, state)
        nest.assert_same_structure(state, cell_state)
        nest.assert_same_structure(cell.output_size, output)
        next_time = time + 1
        next_finished, next_input, next_state, emit, next_loop_state = loop_fn(
            next_time, output, cell_state, loop_state
        )
        nest.assert_same_structure(state, next_state)
        nest.assert_same_structure(current, next_input)
        nest.assert_same_structure(arrays, emit)

        def choose(old: Any, new: Any) -> Any:
            if isinstance(old, TensorArray) or old.get_shape().rank == 0:
                return new
            with g.colocate_with(new.op):
                return where(finished, old, new)

        emit = nest.map_structure(choose, emitted.zeros, emit)
        next_state = nest.map_structure(choose, state, next_state)
        arrays = nest.map_structure(lambda array_, value: array_.write(time, value), arrays, emit)
        kept = loop_state if next_loop_state is None else next_loop_state
        return next_time, logical_or(finished, next_finished), next_input, arrays, next_state, kept

    return body
