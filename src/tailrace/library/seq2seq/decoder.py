"""Decoders and the loop that runs them, `dynamic_decode`; `BasicDecoder`.

Source: TF 1.15 contrib/seq2seq/python/ops/decoder.py, basic_decoder.py.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g, nest
from tailrace.library import array
from tailrace.library.arithmetic import logical_not, logical_or
from tailrace.library.control_flow import while_loop
from tailrace.library.indexing import where
from tailrace.library.layers.base import Layer
from tailrace.library.reductions import reduce_all
from tailrace.library.rnn.cell import assert_like_rnncell, zero_state_tensors
from tailrace.library.rnn.loops import _cache_variables, transpose_batch_time
from tailrace.library.scopes import name_scope
from tailrace.library.seq2seq.helper import Helper
from tailrace.library.tensor_array import TensorArray
from tailrace.library.variable_scope import variable_scope
from tailrace.shapes import TensorShape


class Decoder:
    """What `dynamic_decode` runs. A subclass gives what raises here, and `finalize` if it wants."""

    @property
    def batch_size(self) -> Any:
        """The batch size of the inputs."""
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        """The sizes of a step's outputs, in their structure."""
        raise NotImplementedError

    @property
    def output_dtype(self) -> Any:
        """The types of a step's outputs, in their structure."""
        raise NotImplementedError

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """Which sequences are finished [B], the first inputs, the initial state."""
        raise NotImplementedError

    def step(
        self, time: Any, inputs: Any, state: Any, name: str | None = None
    ) -> tuple[Any, Any, Any, Any]:
        """Outputs, next state, next inputs, which sequences are finished [B]."""
        raise NotImplementedError

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """What is made of the outputs of all steps and the final state."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self) -> bool:
        """Whether a sequence may go on after `step` called it finished."""
        return False


def dynamic_decode(
    decoder: Decoder,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Tensor]:
    """Run a decoder until all sequences are finished, or for `maximum_iterations` steps.

    Args: with `impute_finished`, finished sequences give zeros and keep their state.
    Returns: outputs [B, T, …] (time-major [T, B, …]), the final state, the lengths [B].
    Raises: TypeError for what is no decoder, ValueError for a maximum that is no scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with variable_scope(scope, "decoder") as opened:
        _cache_variables(opened)
        if maximum_iterations is not None:
            maximum_iterations = convert_to_tensor(
                maximum_iterations, dtype=dtypes.int32, name="maximum_iterations"
            )
            if maximum_iterations.get_shape().ndims != 0:
                raise ValueError("maximum_iterations must be a scalar")
        finished, inputs, state = decoder.initialize()
        zeros = nest.map_structure(
            lambda size, dtype: zero_state_tensors(size, decoder.batch_size, dtype),
            decoder.output_size,
            decoder.output_dtype,
        )
        if maximum_iterations is not None:
            finished = logical_or(finished, maximum_iterations <= 0)
        lengths = array.zeros_like(finished, dtype=dtypes.int32)
        time = constant(0, dtype=dtypes.int32)
        arrays = nest.map_structure(
            lambda size, dtype: _output_array(decoder, size, dtype),
            decoder.output_size,
            decoder.output_dtype,
        )
        results = while_loop(
            lambda time, arrays, state, inputs, finished, *_: logical_not(reduce_all(finished)),
            _body(decoder, zeros if impute_finished else None),
            loop_vars=(time, arrays, state, inputs, finished, lengths),
            parallel_iterations=parallel_iterations,
            maximum_iterations=maximum_iterations,
            swap_memory=swap_memory,
        )
        return _finished(decoder, results, output_time_major)


def _output_array(decoder: Decoder, size: Any, dtype: Any) -> TensorArray:
    shape = None
    if isinstance(size, TensorShape) and size.ndims != 0:
        known = g.known(convert_to_tensor(decoder.batch_size, name="batch_size"))
        batch = None if known is None else int(known)
        shape = TensorShape([batch]).concatenate(size)
    return TensorArray(dtype=dtype, size=0, dynamic_size=True, element_shape=shape)


def _body(decoder: Decoder, zeros: Any) -> Callable[..., Any]:
    """The step of the loop; `zeros`, if not None, is what finished sequences give."""

    def body(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> Any:
        outputs, next_state, next_inputs, ended = decoder.step(time, inputs, state)
        next_finished = ended if decoder.tracks_own_finished else logical_or(ended, finished)
        going_on = logical_not(finished)
        next_lengths = where(going_on, array.fill(array.shape(lengths), time + 1), lengths)
        nest.assert_same_structure(state, next_state)
        nest.assert_same_structure(arrays, outputs)
        nest.assert_same_structure(inputs, next_inputs)

        def kept(new: Any, old: Any) -> Any:
            if isinstance(old, TensorArray):
                return new
            new.set_shape(old.shape)
            return new if new.shape.ndims == 0 else where(finished, old, new)

        if zeros is not None:
            outputs = nest.map_structure(
                lambda out, zero: where(finished, zero, out), outputs, zeros
            )
            next_state = nest.map_structure(kept, next_state, state)
        arrays = nest.map_structure(lambda a, out: a.write(time, out), arrays, outputs)
        return time + 1, arrays, next_state, next_inputs, next_finished, next_lengths

    return body


def _finished(decoder: Decoder, results: Any, time_major: bool) -> tuple[Any, Any, Tensor]:
    _, arrays, state, _, _, lengths = results
    outputs = nest.map_structure(lambda a: a.stack(), arrays)
    if type(decoder).finalize is not Decoder.finalize:
        outputs, state = decoder.finalize(outputs, state, lengths)
    if not time_major:
        outputs = nest.map_structure(transpose_batch_time, outputs)
    return outputs, state, lengths


class BasicDecoderOutput(collections.namedtuple("BasicDecoderOutput", ("rnn_output", "sample_id"))):
    """What `BasicDecoder` gives each step."""

    __slots__ = ()


class BasicDecoder(Decoder):
    """A cell, the layer its outputs go through, and a helper that samples them and gives inputs.

    Raises: TypeError for what is no cell, helper or layer.
    """

    def __init__(
        self, cell: Any, helper: Helper, initial_state: Any, output_layer: Any = None
    ) -> None:
        assert_like_rnncell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        if output_layer is not None and not isinstance(output_layer, Layer):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell = cell
        self._helper = helper
        self._initial_state = initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self) -> Any:
        """The helper's."""
        return self._helper.batch_size

    @property
    def output_size(self) -> BasicDecoderOutput:
        """The sizes of the outputs and of what is sampled."""
        size = output_size(self._cell, self._output_layer)
        return BasicDecoderOutput(rnn_output=size, sample_id=self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> BasicDecoderOutput:
        """The types of the outputs, which are the state's, and of what is sampled."""
        dtype = nest.flatten(self._initial_state)[0].dtype
        size = output_size(self._cell, self._output_layer)
        types = nest.map_structure(lambda _: dtype, size)
        return BasicDecoderOutput(types, self._helper.sample_ids_dtype)

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """The helper's first inputs, and the initial state."""
        return (*self._helper.initialize(), self._initial_state)

    def step(
        self, time: Any, inputs: Any, state: Any, name: str | None = None
    ) -> tuple[Any, Any, Any, Any]:
        """A step of the cell, the layer and the helper."""
        with name_scope(name, "BasicDecoderStep", (time, inputs, state)):
            outputs, cell_state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            samples = self._helper.sample(time=time, outputs=outputs, state=cell_state)
            finished, next_inputs, next_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=cell_state, sample_ids=samples
            )
        return BasicDecoderOutput(outputs, samples), next_state, next_inputs, finished


def output_size(cell: Any, layer: Any) -> Any:
    """The size of a cell's outputs behind a layer, which may be None."""
    size = cell.output_size
    if layer is None:
        return size
    shapes = nest.map_structure(lambda s: TensorShape([None]).concatenate(s), size)
    return nest.map_structure(lambda s: s[1:], layer.compute_output_shape(shapes))
