"""Running a cell over time: `dynamic_rnn` (a loop), `static_rnn` (unrolled), both directions,
`raw_rnn`.

Shapes: inputs [B, T, …] (time-major [T, B, …]), outputs the same with the cell's output size.

Source: TF 1.15 python/ops/rnn.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g, get_default_graph, nest
from tailrace.graph.constants import evaluate
from tailrace.library import array
from tailrace.library.arithmetic import cast, equal, maximum, minimum
from tailrace.library.control_flow import Assert, cond, while_loop
from tailrace.library.indexing import where
from tailrace.library.math import range as range_
from tailrace.library.reductions import reduce_all, reduce_max, reduce_min
from tailrace.library.rnn.cell import assert_like_rnncell, concat_sizes, static_sizes
from tailrace.library.scopes import name_scope
from tailrace.library.tensor_array import TensorArray
from tailrace.library.variable_scope import variable_scope
from tailrace.shapes import TensorShape, as_tensor_shape


def transpose_batch_time(x: Tensor) -> Tensor:
    """[B, T, …] as [T, B, …], and the other way round."""
    static = x.get_shape()
    if static.rank is not None and static.rank < 2:
        return x
    perm = array.concat(([1, 0], range_(2, array.rank(x))), axis=0)
    swapped = array.transpose(x, perm)
    swapped.set_shape(TensorShape([static[1].value, static[0].value]).concatenate(static[2:]))
    return swapped


def _batch_size_of(flat_input: Any) -> Any:
    """The batch size of time-major inputs: a number where one of them tells it."""
    for tensor in flat_input:
        shape = tensor.get_shape()
        if shape.rank is None:
            continue
        if shape.rank < 2:
            raise ValueError(f"Expected input tensor {tensor} to have rank at least 2")
        if shape[1].value is not None:
            return shape[1].value
    return array.shape(flat_input[0])[1]


def _state_dtype(explicit: Any, state: Any) -> Any:
    """The type of outputs: given, or that of the state's parts."""
    if explicit is not None:
        return explicit
    if not nest.is_sequence(state):
        return state.dtype
    found = [part.dtype for part in nest.flatten(state)]
    if not found:
        raise ValueError("Unable to infer dtype from empty state.")
    if any(dtype is not found[0] for dtype in found):
        raise ValueError(
            "State has tensors of different inferred_dtypes. Unable to infer a single "
            "representative dtype."
        )
    return found[0]


def _as_size(size: Any) -> Any:
    if isinstance(size, Tensor):
        value = evaluate(size)
        return as_tensor_shape(None if value is None else value.tolist())
    return as_tensor_shape(size)


def _cache_variables(scope: Any) -> None:
    """Read variables once, outside the loop, unless inside another loop already."""
    context = get_default_graph()._get_control_flow_context()
    in_loop = context is not None and context.GetWhileContext() is not None
    if not in_loop and scope.caching_device is None:
        scope.set_caching_device(lambda op: op.device)


def _initial_state(cell: Any, batch_size: Any, initial_state: Any, dtype: Any, message: str) -> Any:
    if initial_state is not None:
        return initial_state
    if not dtype:
        raise ValueError(message)
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """Run a cell over time in a loop of the graph, as long as the inputs are.

    Args: sequence_length [B] ends sequences early: outputs are zero and states stay from there.
    Returns: outputs [B, T, output_size], and the final state.
    Raises: ValueError without initial state and dtype, or when the inputs' depth is unknown.
    """
    assert_like_rnncell("cell", cell)
    with variable_scope(scope or "rnn") as opened:
        _cache_variables(opened)
        flat_input = nest.flatten(inputs)
        if not time_major:
            flat_input = [convert_to_tensor(x) for x in flat_input]
            flat_input = [transpose_batch_time(x) for x in flat_input]
        lengths = _checked_lengths(sequence_length)
        batch_size = _batch_size_of(flat_input)
        state = _initial_state(
            cell,
            batch_size,
            initial_state,
            dtype,
            "If there is no initial_state, you must give a dtype.",
        )
        if lengths is not None:
            with g.control_dependencies([_assert_shape(lengths, [batch_size])]):
                lengths = array.identity(lengths, name="CheckSeqLen")
        inputs = nest.pack_sequence_as(inputs, flat_input)
        loop = _Loop(cell, inputs, state, lengths, dtype)
        outputs, final = loop.run(parallel_iterations or 32, swap_memory)
        if not time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
        return outputs, final


def _checked_lengths(sequence_length: Any) -> Tensor | None:
    if sequence_length is None:
        return None
    lengths = cast(sequence_length, dtypes.int32)
    if lengths.get_shape().rank not in (None, 1):
        raise ValueError(
            "sequence_length must be a vector of length batch_size, but saw shape: "
            f"{lengths.get_shape()}"
        )
    return array.identity(lengths, name="sequence_length")


def _assert_shape(x: Tensor, shape: list[Any]) -> Any:
    actual, wanted = array.shape(x), array.stack(shape)
    right = reduce_all(equal(actual, wanted))
    return Assert(
        right, [f"Expected shape for Tensor {x.name} is ", wanted, " but saw shape: ", actual]
    )


class _Loop:
    """The loop of `dynamic_rnn`, over time-major inputs."""

    def __init__(
        self, cell: Any, inputs: Any, state: Any, lengths: Tensor | None, dtype: Any
    ) -> None:
        self.cell, self.inputs, self.state, self.lengths = cell, inputs, state, lengths
        self.flat_input = nest.flatten(inputs)
        self.output_sizes = nest.flatten(cell.output_size)
        self.time_steps = array.shape(self.flat_input[0])[0]
        batch_size = _batch_size_of(self.flat_input)
        self.input_shapes = [x.get_shape().with_rank_at_least(3) for x in self.flat_input]
        self.const_steps, self.const_batch = self.input_shapes[0].as_list()[:2]
        self._check_inputs()
        zeros = [self._zeros(batch_size, size, dtype) for size in self.output_sizes]
        self.zero_output = nest.pack_sequence_as(cell.output_size, zeros)
        self.dtype = dtype

    def _check_inputs(self) -> None:
        for shape in self.input_shapes:
            if not shape[2:].is_fully_defined():
                raise ValueError(
                    "Input size (depth of inputs) must be accessible via shape inference, but saw "
                    "value None."
                )
            steps, batch = shape.as_list()[:2]
            if steps != self.const_steps:
                raise ValueError(
                    "Time steps is not the same for all the elements in the input in a batch."
                )
            if batch != self.const_batch:
                raise ValueError("Batch_size is not the same for all the elements in the input.")

    def _zeros(self, batch_size: Any, size: Any, dtype: Any) -> Tensor:
        shape = array.stack(concat_sizes(batch_size, size))
        return array.zeros(shape, _state_dtype(dtype, self.state))

    def run(self, parallel_iterations: int, swap_memory: bool) -> tuple[Any, Any]:
        if self.lengths is not None:
            self.min_length, self.max_length = reduce_min(self.lengths), reduce_max(self.lengths)
        else:
            self.min_length, self.max_length = None, self.time_steps
        time = constant(0, dtypes.int32, name="time")
        with name_scope("dynamic_rnn") as base:
            pass
        outputs = tuple(
            self._output_array(base, i, size) for i, size in enumerate(self.output_sizes)
        )
        arrays = [
            self._array(f"{base}input_{i}", x.get_shape()[1:], x.dtype)
            for i, x in enumerate(self.flat_input)
        ]
        self.input_arrays = [a.unstack(x) for a, x in zip(arrays, self.flat_input, strict=True)]
        bound = minimum(self.time_steps, maximum(1, self.max_length))
        _, outputs, final = while_loop(
            cond=lambda time, *_: time < bound,
            body=self._step,
            loop_vars=(time, outputs, self.state),
            parallel_iterations=parallel_iterations,
            maximum_iterations=self.time_steps,
            swap_memory=swap_memory,
        )
        return self._stacked(outputs), final

    def _array(self, name: str, element_shape: Any, dtype: Any) -> TensorArray:
        return TensorArray(
            dtype=dtype, size=self.time_steps, element_shape=element_shape, tensor_array_name=name
        )

    def _output_array(self, base: str, i: int, size: Any) -> TensorArray:
        shape = TensorShape([self.const_batch]).concatenate(_as_size(size))
        return self._array(f"{base}output_{i}", shape, _state_dtype(self.dtype, self.state))

    def _step(self, time: Any, outputs: Any, state: Any) -> tuple[Any, Any, Any]:
        values = [a.read(time) for a in self.input_arrays]
        for value, shape in zip(values, self.input_shapes, strict=True):
            value.set_shape(shape[1:])
        inputs = nest.pack_sequence_as(self.inputs, values)
        if self.lengths is None:
            output, new_state = self.cell(inputs, state)
        else:
            output, new_state = _rnn_step(
                time,
                self.lengths,
                self.min_length,
                self.max_length,
                self.zero_output,
                state,
                lambda: self.cell(inputs, state),
                skip_conditionals=True,
            )
        written = tuple(
            a.write(time, out) for a, out in zip(outputs, nest.flatten(output), strict=True)
        )
        return time + 1, written, new_state

    def _stacked(self, arrays: Any) -> Any:
        stacked = [a.stack() for a in arrays]
        for output, size in zip(stacked, self.output_sizes, strict=True):
            output.set_shape(static_sizes([self.const_steps, self.const_batch], size))
        return nest.pack_sequence_as(self.cell.output_size, stacked)


def _rnn_step(
    time: Any,
    lengths: Tensor,
    min_length: Any,
    max_length: Any,
    zero_output: Any,
    state: Any,
    call_cell: Callable[[], tuple[Any, Any]],
    skip_conditionals: bool = False,
) -> tuple[Any, Any]:
    """One step where some sequences have ended: those give zeros and keep their state."""
    flat_state, flat_zero = nest.flatten(state), nest.flatten(zero_output)
    ended = time >= lengths

    def choose(old: Any, new: Any) -> Any:
        if isinstance(old, TensorArray) or old.get_shape().rank == 0:
            return new
        with g.colocate_with(new.op):
            return where(ended, old, new)

    def copied(outputs: list[Any], states: list[Any]) -> list[Any]:
        chosen = [choose(zero, new) for zero, new in zip(flat_zero, outputs, strict=True)]
        return chosen + [choose(old, new) for old, new in zip(flat_state, states, strict=True)]

    def called() -> tuple[list[Any], list[Any]]:
        output, new_state = call_cell()
        nest.assert_same_structure(zero_output, output)
        nest.assert_same_structure(state, new_state)
        new_states = nest.flatten(new_state)
        return nest.flatten(output), new_states

    def stepped() -> Any:
        outputs, states = called()
        return cond(time < min_length, lambda: outputs + states, lambda: copied(outputs, states))

    if skip_conditionals:
        results = copied(*called())
    else:
        results = cond(time >= max_length, lambda: flat_zero + flat_state, stepped)
    outputs, states = results[: len(flat_zero)], results[len(flat_zero) :]
    for output, zero in zip(outputs, flat_zero, strict=True):
        output.set_shape(zero.get_shape())
    for new, old in zip(states, flat_state, strict=True):
        if not isinstance(new, TensorArray):
            new.set_shape(old.get_shape())
    return nest.pack_sequence_as(zero_output, outputs), nest.pack_sequence_as(state, states)


def static_rnn(
    cell: Any,
    inputs: Any,
    initial_state: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Run a cell over a list of inputs [B, I], one copy of its operations per step.

    Returns: the list of outputs, and the final state.
    """
    assert_like_rnncell("cell", cell)
    if not nest.is_sequence(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with variable_scope(scope or "rnn") as opened:
        _cache_variables(opened)
        fixed, batch_size = _static_batch_size(inputs)
        message = "If no initial_state is provided, dtype must be specified"
        state = _initial_state(cell, batch_size, initial_state, dtype, message)
        ends = None
        if sequence_length is not None:
            ends = _Ends(cell, sequence_length, fixed, batch_size, _state_dtype(dtype, state))
        outputs = []
        for time, step_input in enumerate(inputs):
            if time > 0:
                opened.reuse_variables()
            if ends is None:
                output, state = cell(step_input, state)
            else:
                output, state = ends.step(cell, time, step_input, state)
            outputs.append(output)
        return outputs, state


def _static_batch_size(inputs: Any) -> tuple[int | None, Any]:
    """The batch size as far as known, and as number or tensor."""
    first = inputs
    while nest.is_sequence(first):
        first = first[0]
    if first.get_shape().rank == 1:
        fixed = first.get_shape()[0]
    else:
        fixed = first.get_shape().with_rank_at_least(2)[0]
        for tensor in nest.flatten(inputs):
            shape = tensor.get_shape().with_rank_at_least(2)
            fixed.merge_with(shape[0])
            for i, size in enumerate(shape[1:].as_list()):
                if size is None:
                    raise ValueError(
                        f"Input size (dimension {i} of inputs) must be accessible via shape "
                        "inference, but saw value None."
                    )
    return fixed.value, fixed.value if fixed.value else array.shape(first)[0]


class _Ends:
    """What unrolled steps need where sequences have lengths."""

    def __init__(
        self, cell: Any, sequence_length: Any, fixed: int | None, batch_size: Any, dtype: Any
    ) -> None:
        lengths = convert_to_tensor(sequence_length, name="sequence_length")
        if lengths.get_shape().rank not in (None, 1):
            raise ValueError("sequence_length must be a vector of length batch_size")
        zeros = []
        for size in nest.flatten(cell.output_size):
            zero = array.zeros(array.stack(concat_sizes(batch_size, size)), dtype)
            zero.set_shape(static_sizes([fixed], size))
            zeros.append(zero)
        self.zero_output = nest.pack_sequence_as(cell.output_size, zeros)
        self.lengths = cast(lengths, dtypes.int32)
        self.min_length, self.max_length = reduce_min(self.lengths), reduce_max(self.lengths)

    def step(self, cell: Any, time: int, inputs: Any, state: Any) -> tuple[Any, Any]:
        return _rnn_step(
            time,
            self.lengths,
            self.min_length,
            self.max_length,
            self.zero_output,
            state,
            lambda: cell(inputs, state),
        )


def static_state_saving_rnn(
    cell: Any,
    inputs: Any,
    state_saver: Any,
    state_name: Any,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`static_rnn` that takes its state from `state_saver.state(name)` and gives it back with
    `save_state`.
    """
    sizes = cell.state_size
    is_tuple = nest.is_sequence(sizes)
    if is_tuple != nest.is_sequence(state_name):
        raise ValueError(
            f"state_name should be the same type as cell.state_size.  state_name: {state_name}, "
            f"cell.state_size: {sizes}"
        )
    names = nest.flatten(state_name)
    if len(names) != len(nest.flatten(sizes)):
        raise ValueError(
            f"#elems(state_name) != #elems(state_size): {len(names)} vs. {len(nest.flatten(sizes))}"
        )
    initial = [state_saver.state(name) for name in names]
    initial_state = nest.pack_sequence_as(sizes, initial) if is_tuple else initial[0]
    outputs, state = static_rnn(
        cell, inputs, initial_state=initial_state, sequence_length=sequence_length, scope=scope
    )
    flat_state = nest.flatten(state)
    saved = [
        state_saver.save_state(name, part) for name, part in zip(names, flat_state, strict=True)
    ]
    with g.control_dependencies(saved):
        last = [array.identity(x) for x in nest.flatten(outputs[-1])]
        outputs[-1] = nest.pack_sequence_as(outputs[-1], last)
        kept = [array.identity(part) for part in flat_state]
        return outputs, nest.pack_sequence_as(state, kept) if is_tuple else kept[0]


def _reversed(inputs: list[Any], lengths: Any) -> list[Any]:
    """A list of steps backwards, each sequence within its length."""
    if lengths is None:
        return list(reversed(inputs))
    flat = [nest.flatten(x) for x in inputs]
    results: list[list[Any]] = [[] for _ in inputs]
    for sequence in zip(*flat, strict=True):
        shape = TensorShape([None] * (sequence[0].get_shape().rank or 0))
        if sequence[0].get_shape().rank is None:
            shape = TensorShape(None)
        for tensor in sequence:
            tensor.set_shape(shape)
        backwards = array.reverse_sequence(array.stack(list(sequence)), lengths, 0, 1)
        for step, result in zip(array.unstack(backwards), results, strict=True):
            step.set_shape(shape)
            result.append(step)
    return [nest.pack_sequence_as(x, r) for x, r in zip(inputs, results, strict=True)]


def static_bidirectional_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any, Any]:
    """Two cells over a list of inputs, one forwards, one backwards.

    Returns: the list of both outputs side by side [B, fw + bw], and both final states.
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    if not nest.is_sequence(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as fw:
            forward, state_fw = static_rnn(
                cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=fw
            )
        with variable_scope("bw") as bw:
            backwards = _reversed(inputs, sequence_length)
            backward, state_bw = static_rnn(
                cell_bw, backwards, initial_state_bw, dtype, sequence_length, scope=bw
            )
    backward = _reversed(backward, sequence_length)
    pairs = zip(nest.flatten(forward), nest.flatten(backward), strict=True)
    joined = [array.concat([f, b], 1) for f, b in pairs]
    return nest.pack_sequence_as(forward, joined), state_fw, state_bw


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """`dynamic_rnn` in both directions.

    Returns: (forward, backward) outputs, (forward, backward) states.
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)

    def backwards(x: Any) -> Any:
        if sequence_length is None:
            return array.reverse(x, axis=[time_axis])
        return array.reverse_sequence(
            input=x, seq_lengths=sequence_length, seq_axis=time_axis, batch_axis=batch_axis
        )

    common = {
        "sequence_length": sequence_length,
        "dtype": dtype,
        "parallel_iterations": parallel_iterations,
        "swap_memory": swap_memory,
        "time_major": time_major,
    }
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as fw:
            forward, state_fw = dynamic_rnn(
                cell_fw, inputs, initial_state=initial_state_fw, scope=fw, **common
            )
        with variable_scope("bw") as bw:
            reversed_inputs = nest.map_structure(backwards, inputs)
            backward, state_bw = dynamic_rnn(
                cell_bw, reversed_inputs, initial_state=initial_state_bw, scope=bw, **common
            )
    return (forward, backwards(backward)), (state_fw, state_bw)
