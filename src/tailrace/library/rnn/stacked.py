"""Bidirectional layers on top of each other, each fed with both outputs of the one below.

Source: TF 1.15 contrib/rnn/python/ops/rnn.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.library import array
from tailrace.library.rnn.loops import bidirectional_dynamic_rnn, static_bidirectional_rnn
from tailrace.library.variable_scope import variable_scope


def _layers(forward: Any, backward: Any, states_fw: Any, states_bw: Any) -> list[tuple[Any, ...]]:
    """The layers as (cell, backward cell, initial state, backward initial state).

    Raises: ValueError for what are no lists of the same length.
    """
    if not forward:
        raise ValueError("Must specify at least one fw cell for BidirectionalRNN.")
    if not backward:
        raise ValueError("Must specify at least one bw cell for BidirectionalRNN.")
    for name, cells in (("cells_fw", forward), ("cells_bw", backward)):
        if not isinstance(cells, list):
            raise ValueError(f"{name} must be a list of RNNCells (one per layer).")
    if len(forward) != len(backward):
        raise ValueError("Forward and Backward cells must have the same depth.")
    none = [None] * len(forward)
    for name, states in (("initial_states_fw", states_fw), ("initial_states_bw", states_bw)):
        if states is not None and (not isinstance(states, list) or len(states) != len(forward)):
            raise ValueError(f"{name} must be a list of state tensors (one per layer).")
    return list(zip(forward, backward, states_fw or none, states_bw or none, strict=True))


def stack_bidirectional_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], tuple[Any, ...], tuple[Any, ...]]:
    """`static_bidirectional_rnn` in layers.

    Returns: the last layer's outputs, a list of [B, fw + bw], and the final states of all layers.
    """
    layers = _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states_fw, states_bw = [], []
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (cell_fw, cell_bw, initial_fw, initial_bw) in enumerate(layers):
            with variable_scope(f"cell_{i}") as cell_scope:
                inputs, state_fw, state_bw = static_bidirectional_rnn(
                    cell_fw,
                    cell_bw,
                    inputs,
                    initial_state_fw=initial_fw,
                    initial_state_bw=initial_bw,
                    sequence_length=sequence_length,
                    dtype=dtype,
                    scope=cell_scope,
                )
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return inputs, tuple(states_fw), tuple(states_bw)


def stack_bidirectional_dynamic_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    time_major: bool = False,
    scope: Any = None,
    swap_memory: bool = False,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """`bidirectional_dynamic_rnn` in layers.

    Returns: the last layer's outputs [B, T, fw + bw], and the final states of all layers.
    """
    layers = _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states_fw, states_bw = [], []
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (cell_fw, cell_bw, initial_fw, initial_bw) in enumerate(layers):
            with variable_scope(f"cell_{i}"):
                outputs, (state_fw, state_bw) = bidirectional_dynamic_rnn(
                    cell_fw,
                    cell_bw,
                    inputs,
                    initial_state_fw=initial_fw,
                    initial_state_bw=initial_bw,
                    sequence_length=sequence_length,
                    parallel_iterations=parallel_iterations,
                    dtype=dtype,
                    swap_memory=swap_memory,
                    time_major=time_major,
                )
                inputs = array.concat(outputs, 2)
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return inputs, tuple(states_fw), tuple(states_bw)
