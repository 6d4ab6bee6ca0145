"""Cells around cells: dropout, residual connections, devices, projections, embeddings.

Source: TF 1.15 python/ops/rnn_cell_wrapper_impl.py, contrib/rnn/python/ops/core_rnn_cell.py.
Variational dropout: Gal & Ghahramani 2016; residual: Wu et al. 2016.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, get_default_graph, nest
from tailrace.graph.constants import evaluate
from tailrace.library import array
from tailrace.library.arithmetic import div
from tailrace.library.embedding import embedding_lookup
from tailrace.library.initializers import Constant, RandomUniform
from tailrace.library.linalg import matmul
from tailrace.library.math import floor
from tailrace.library.nn.activations import bias_add
from tailrace.library.nn.dropout import dropout
from tailrace.library.random import random_uniform
from tailrace.library.rnn.cell import BIAS, KERNEL, RNNCell, assert_like_rnncell
from tailrace.library.rnn.cells import LSTMStateTuple
from tailrace.library.scopes import name_scope
from tailrace.library.tensor_array import TensorArray
from tailrace.library.tracking.base import Trackable
from tailrace.library.variable_scope import get_variable, get_variable_scope, variable_scope
from tailrace.shapes import TensorShape


class CellWrapper(RNNCell):
    """A cell that calls another, with its sizes and in its place:
    variables keep the inner cell's names.
    """

    def __init__(self, cell: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert_like_rnncell("cell", cell)
        self.cell = cell
        if isinstance(cell, Trackable):
            self._track_trackable(cell, "cell")

    @property
    def wrapped_cell(self) -> Any:
        return self.cell

    @property
    def state_size(self) -> Any:
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        return self.cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        return self._call_wrapped(inputs, state, self.cell.__call__, scope=scope)

    def _call_wrapped(
        self, inputs: Any, state: Any, call: Callable[..., Any], **kwargs: Any
    ) -> Any:
        raise NotImplementedError


class DropoutWrapper(CellWrapper):
    """Dropout of inputs, outputs and states, anew each step or (variational) the same at all steps.

    Args: the probabilities to keep an element; `input_size` and `dtype` for variational dropout;
    `seed`, from which each place derives its own; `dropout_state_filter_visitor`, which says of
    each part of the state whether it is dropped (by default an LSTM's h and not its c).
    Raises: ValueError for probabilities outside [0, 1], or variational dropout without dtype or
    input_size.
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._state_filter = dropout_state_filter_visitor or _default_state_filter
        with name_scope("DropoutWrapperInit"):
            self._input_keep_prob = _probability(input_keep_prob, "input_keep_prob")
            self._state_keep_prob = _probability(state_keep_prob, "state_keep_prob")
            self._output_keep_prob = _probability(output_keep_prob, "output_keep_prob")
        self._variational = variational_recurrent
        self._seed = seed
        self._input_noise = self._state_noise = self._output_noise = None
        if variational_recurrent:
            self._make_noise(input_size, dtype)

    def _make_noise(self, input_size: Any, dtype: Any) -> None:
        """One draw per place, kept for all steps."""
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")

        def noise_of(sizes: Any, place: str) -> Any:
            def draw(i: int, size: Any) -> Tensor:
                shape = array.concat(([1], TensorShape(size).as_list()), 0)
                return random_uniform(shape, seed=self._own_seed(place, i), dtype=dtype)

            return _numbered_map(sizes, draw, sizes)

        if _drops(self._input_keep_prob):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, "
                    "input_size must be provided"
                )
            self._input_noise = noise_of(input_size, "input")
        self._state_noise = noise_of(self.cell.state_size, "state")
        self._output_noise = noise_of(self.cell.output_size, "output")

    def _own_seed(self, place: str, index: int) -> int | None:
        if self._seed is None:
            return None
        text = f"{self._seed}{place}_{index}".encode()
        return int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF

    def _dropped(self, values: Any, place: str, noise: Any, keep: Any, which: Any = None) -> Any:
        which = values if which is None else which

        def anew(i: int, wanted: Any, value: Any) -> Any:
            if isinstance(wanted, bool) and not wanted:
                return value
            return dropout(value, rate=1.0 - keep, seed=self._own_seed(place, i))

        def the_same(i: int, wanted: Any, value: Any, drawn: Any) -> Any:
            if isinstance(wanted, bool) and not wanted:
                return value
            mask = floor(keep + drawn)
            kept = div(value, keep) * mask
            kept.set_shape(value.get_shape())
            return kept

        if self._variational:
            return _numbered_map(which, the_same, which, values, noise)
        return _numbered_map(which, anew, which, values)

    def _call_wrapped(
        self, inputs: Any, state: Any, call: Callable[..., Any], **kwargs: Any
    ) -> Any:
        if _drops(self._input_keep_prob):
            inputs = self._dropped(inputs, "input", self._input_noise, self._input_keep_prob)
        output, new_state = call(inputs, state, **kwargs)
        if _drops(self._state_keep_prob):
            which = nest.get_traverse_shallow_structure(self._state_filter, new_state)
            new_state = self._dropped(
                new_state, "state", self._state_noise, self._state_keep_prob, which
            )
        if _drops(self._output_keep_prob):
            output = self._dropped(output, "output", self._output_noise, self._output_keep_prob)
        return output, new_state


def _probability(value: Any, name: str) -> Any:
    tensor = convert_to_tensor(value)
    known = evaluate(tensor)
    if known is None:
        return tensor
    if known < 0 or known > 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {known}")
    return float(known)


def _drops(keep: Any) -> bool:
    return not isinstance(keep, float) or keep < 1


def _default_state_filter(substate: Any) -> Any:
    if isinstance(substate, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(substate, TensorArray)


def _numbered_map(shallow: Any, function: Callable[..., Any], *structures: Any) -> Any:
    """`function(i, *parts)` over structures, as deep as `shallow` is."""
    count = iter(range(1 << 30))
    return nest.map_structure_up_to(
        shallow, lambda *parts: function(next(count), *parts), *structures
    )


class ResidualWrapper(CellWrapper):
    """The inputs added to the cell's outputs, or `residual_fn(inputs, outputs)`."""

    def __init__(
        self, cell: Any, residual_fn: Callable[..., Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cell, **kwargs)
        self._residual_fn = residual_fn or _add_inputs

    def _call_wrapped(
        self, inputs: Any, state: Any, call: Callable[..., Any], **kwargs: Any
    ) -> Any:
        outputs, new_state = call(inputs, state, **kwargs)
        return self._residual_fn(inputs, outputs), new_state


def _add_inputs(inputs: Any, outputs: Any) -> Any:
    nest.assert_same_structure(inputs, outputs)
    for x, y in zip(nest.flatten(inputs), nest.flatten(outputs), strict=True):
        x.get_shape().assert_is_compatible_with(y.get_shape())
    return nest.map_structure(lambda x, y: x + y, inputs, outputs)


class DeviceWrapper(CellWrapper):
    """The cell placed on a device."""

    def __init__(self, cell: Any, device: Any, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._device = device

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]), self._placed():
            return self.cell.zero_state(batch_size, dtype)

    def _placed(self) -> Any:
        return get_default_graph().device(self._device)

    def _call_wrapped(
        self, inputs: Any, state: Any, call: Callable[..., Any], **kwargs: Any
    ) -> Any:
        with self._placed():
            return call(inputs, state, **kwargs)


class Linear:
    """x·kernel + bias with variables of the current scope, for one x or several side by side.

    Shapes: each x [B, n]; result [B, output_size].
    """

    def __init__(
        self,
        args: Any,
        output_size: int,
        build_bias: bool,
        bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ) -> None:
        self._build_bias = build_bias
        self._is_sequence = nest.is_sequence(args)
        args = _as_arguments(args)
        rows, dtype = _total_depth(args), args[0].dtype
        with variable_scope(get_variable_scope()) as outer:
            self._weights = get_variable(
                KERNEL, [rows, output_size], dtype=dtype, initializer=kernel_initializer
            )
            if build_bias:
                self._biases = _bias(outer, output_size, dtype, bias_initializer)

    def __call__(self, args: Any) -> Tensor:
        args = list(args) if self._is_sequence else [args]
        if len(args) == 1:
            result = matmul(args[0], self._weights)
        else:
            result = matmul(array.concat(args, constant(1, dtypes.int32)), self._weights)
        return bias_add(result, self._biases) if self._build_bias else result


def linear(
    args: Any,
    output_size: int,
    bias: bool,
    bias_initializer: Any = None,
    kernel_initializer: Any = None,
) -> Tensor:
    """`Linear` in one call: the weights and the product."""
    args = _as_arguments(args)
    rows, dtype = _total_depth(args), args[0].dtype
    with variable_scope(get_variable_scope()) as outer:
        weights = get_variable(
            KERNEL, [rows, output_size], dtype=dtype, initializer=kernel_initializer
        )
        result = matmul(args[0] if len(args) == 1 else array.concat(args, 1), weights)
        if not bias:
            return result
        return bias_add(result, _bias(outer, output_size, dtype, bias_initializer))


def _as_arguments(args: Any) -> list[Any]:
    if args is None or (nest.is_sequence(args) and not args):
        raise ValueError("`args` must be specified")
    return list(args) if nest.is_sequence(args) else [args]


def _total_depth(args: list[Any]) -> int:
    total = 0
    shapes = [a.get_shape() for a in args]
    for shape in shapes:
        if shape.ndims != 2:
            raise ValueError(f"linear is expecting 2D arguments: {shapes}")
        if shape[1].value is None:
            raise ValueError(
                f"linear expects shape[1] to be provided for shape {shape}, but saw {shape[1]}"
            )
        total += shape[1].value
    return total


def _bias(outer: Any, size: int, dtype: Any, initializer: Any) -> Any:
    with variable_scope(outer) as inner:
        inner.set_partitioner(None)
        initializer = Constant(0.0, dtype.base_dtype) if initializer is None else initializer
        return get_variable(BIAS, [size], dtype=dtype, initializer=initializer)


class _InnerCell(RNNCell):
    """A cell with another inside, below its own scope."""

    def __init__(self, cell: Any, reuse: bool | None) -> None:
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        self._cell = cell

    @property
    def state_size(self) -> Any:
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)


class EmbeddingWrapper(_InnerCell):
    """Integers [B] or [B, 1] looked up in a table [embedding_classes, embedding_size],
    then the cell.
    """

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                f"Both embedding_classes and embedding_size must be > 0: {embedding_classes}, "
                f"{embedding_size}."
            )
        self._embedding_shape = [embedding_classes, embedding_size]
        self._initializer = initializer

    def call(self, inputs: Any, state: Any) -> Any:
        with get_default_graph().device("/cpu:0"):
            initializer = self._initializer or get_variable_scope().initializer
            if not initializer:
                initializer = RandomUniform(-math.sqrt(3), math.sqrt(3))  # of variance 1
            dtype = state[0].dtype if isinstance(state, tuple) else state.dtype
            table = get_variable(
                "embedding", self._embedding_shape, initializer=initializer, dtype=dtype
            )
            embedded = embedding_lookup(table, array.reshape(inputs, [-1]))
            return self._cell(embedded, state)


class InputProjectionWrapper(_InnerCell):
    """The inputs through a linear layer of `num_proj` units, then the cell."""

    def __init__(
        self,
        cell: Any,
        num_proj: int,
        activation: Any = None,
        input_size: Any = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, reuse)
        self._num_proj = num_proj
        self._activation = activation
        self._linear: Linear | None = None

    def call(self, inputs: Any, state: Any) -> Any:
        if self._linear is None:
            self._linear = Linear(inputs, self._num_proj, True)
        projected = self._linear(inputs)
        return self._cell(self._activation(projected) if self._activation else projected, state)


class OutputProjectionWrapper(_InnerCell):
    """The cell, then its outputs through a linear layer of `output_size` units."""

    def __init__(
        self, cell: Any, output_size: int, activation: Any = None, reuse: bool | None = None
    ) -> None:
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size = output_size
        self._activation = activation
        self._linear: Linear | None = None

    @property
    def output_size(self) -> int:
        return self._output_size

    def call(self, inputs: Any, state: Any) -> Any:
        output, new_state = self._cell(inputs, state)
        if self._linear is None:
            self._linear = Linear(output, self._output_size, True)
        projected = self._linear(output)
        return self._activation(projected) if self._activation else projected, new_state
