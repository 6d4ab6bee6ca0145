"""BeamSearchDecoder: the `beam_width` best continuations of each sequence, step by step.

Shapes: B sequences, K beams, V symbols; states are [B, K, …] here and [B·K, …] for the cell.

Source: TF 1.15 contrib/seq2seq/python/ops/beam_search_decoder.py. Length and coverage penalties:
Wu et al. 2016.
"""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g, nest
from tailrace.library import array, logging
from tailrace.library.arithmetic import cast
from tailrace.library.control_flow import cond
from tailrace.library.layers.base import Layer
from tailrace.library.reductions import reduce_all, reduce_max
from tailrace.library.rnn.cell import assert_like_rnncell
from tailrace.library.scopes import name_scope
from tailrace.library.seq2seq.beam_arrays import (
    check_batch_beam,
    gather_tree,
    gather_tree_from_array,
)
from tailrace.library.seq2seq.beam_scores import attention_probabilities
from tailrace.library.seq2seq.beam_states import (
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
)
from tailrace.library.seq2seq.beam_step import beam_search_step, check_rank
from tailrace.library.seq2seq.decoder import Decoder, output_size
from tailrace.library.seq2seq.helper import embedding_function
from tailrace.library.tensor_array import TensorArray
from tailrace.shapes import TensorShape


class FinalBeamSearchDecoderOutput(
    collections.namedtuple(
        "FinalBeamDecoderOutput", ("predicted_ids", "beam_search_decoder_output")
    )
):
    """What is left at the end: the symbols of whole sequences, best first, and all steps."""

    __slots__ = ()


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Each element of the batch repeated, [B, …] -> [B·multiplier, …], in a structure's parts."""
    flat = nest.flatten(t)
    with name_scope(name, "tile_batch", [*flat, multiplier]):
        return nest.map_structure(lambda x: _tiled(x, multiplier), t)


def _tiled(t: Any, multiplier: int) -> Tensor:
    t = convert_to_tensor(t, name="t")
    shape: Any = array.shape(t)
    rank = t.shape.ndims
    if rank is None or rank < 1:
        raise ValueError("t must have statically known rank")
    batch = t.shape[0].value
    times = [1, multiplier, *([1] * (rank - 1))]
    tiled = array.tile(array.expand_dims(t, 1), times)
    tiled = array.reshape(tiled, array.concat(([shape[0] * multiplier], shape[1:]), 0))
    tiled_batch = None if batch is None else batch * multiplier
    tiled.set_shape(TensorShape([tiled_batch]).concatenate(t.shape[1:]))
    return tiled


class BeamSearchDecoder(Decoder):
    """A decoder that keeps the `beam_width` best continuations of each sequence.

    Score = log probability / ((5 + length) / 6) ** length_penalty_weight
    + coverage_penalty_weight·Σ log(min(attention, 1)).

    Args: embedding, a table or a function of symbols; start_tokens [B]; end_token, a scalar;
    initial_state [B·K, …] (see `tile_batch`); reorder_tensor_arrays puts what cells keep in arrays,
    as alignment histories, in the order of the beams at the end.
    Raises: TypeError for what is no cell or layer, ValueError for tokens of other ranks.
    """

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: Any = 0.0,
        coverage_penalty_weight: Any = 0.0,
        reorder_tensor_arrays: bool = True,
    ) -> None:
        assert_like_rnncell("cell", cell)
        if output_layer is not None and not isinstance(output_layer, Layer):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell = cell
        self._output_layer = output_layer
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._beam_width = beam_width
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight
        self._embedding_fn = embedding_function(embedding)
        starts = convert_to_tensor(start_tokens, dtype=dtypes.int32, name="start_tokens")
        if starts.get_shape().ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._end_token = convert_to_tensor(end_token, dtype=dtypes.int32, name="end_token")
        if self._end_token.get_shape().ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = array.size(start_tokens)
        self._initial_cell_state = nest.map_structure(
            self._maybe_split, initial_state, cell.state_size
        )
        starts = array.tile(array.expand_dims(starts, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(starts)
        self._finished = array.one_hot(
            array.zeros([self._batch_size], dtype=dtypes.int32),
            depth=beam_width,
            on_value=False,
            off_value=True,
            dtype=dtypes.bool,
        )

    @property
    def batch_size(self) -> Any:
        """The number of sequences, not counting the beams."""
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        """A beam may take the place of one that is finished."""
        return True

    @property
    def output_size(self) -> BeamSearchDecoderOutput:
        """A score, a symbol and a parent for each beam."""
        return BeamSearchDecoderOutput(*(TensorShape([self._beam_width]) for _ in range(3)))

    @property
    def output_dtype(self) -> BeamSearchDecoderOutput:
        """Scores are of the state's type, the rest int32."""
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        size = output_size(self._cell, self._output_layer)
        scores = nest.map_structure(lambda _: dtype, size)
        return BeamSearchDecoderOutput(scores, dtypes.int32, dtypes.int32)

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """The start tokens' embeddings; of each sequence, only the first beam is alive."""
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        log_probs = array.one_hot(
            array.zeros([self._batch_size], dtype=dtypes.int32),
            depth=self._beam_width,
            on_value=convert_to_tensor(0.0, dtype=dtype),
            off_value=convert_to_tensor(-np.inf, dtype=dtype),
            dtype=dtype,
        )
        attention = attention_probabilities(self._initial_cell_state, self._coverage_penalty_weight)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=log_probs,
            finished=self._finished,
            lengths=array.zeros([self._batch_size, self._beam_width], dtype=dtypes.int64),
            accumulated_attention_probs=() if attention is None else attention,
        )
        return self._finished, self._start_inputs, state

    def step(
        self, time: Any, inputs: Any, state: Any, name: str | None = None
    ) -> tuple[Any, Any, Any, Any]:
        """A step of the cell, the best continuations, and their embeddings."""
        with name_scope(name, "BeamSearchDecoderStep", (time, inputs, state)):
            inputs = nest.map_structure(lambda x: self._merged(x, x.shape[2:]), inputs)
            sizes = self._cell.state_size
            cell_state = nest.map_structure(self._maybe_merge, state.cell_state, sizes)
            outputs, next_state = self._cell(inputs, cell_state)
            outputs = nest.map_structure(lambda x: self._split(x, x.shape[1:]), outputs)
            next_state = nest.map_structure(self._maybe_split, next_state, sizes)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            best, beam_state = beam_search_step(
                time=time,
                logits=outputs,
                next_cell_state=next_state,
                beam_state=state,
                batch_size=self._batch_size,
                beam_width=self._beam_width,
                end_token=self._end_token,
                length_penalty_weight=self._length_penalty_weight,
                coverage_penalty_weight=self._coverage_penalty_weight,
            )
            finished = beam_state.finished
            next_inputs = cond(
                reduce_all(finished),
                lambda: self._start_inputs,
                lambda: self._embedding_fn(best.predicted_ids),
            )
        return best, beam_state, next_inputs, finished

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """Whole sequences, each beam followed back from its end."""
        longest = cast(reduce_max(final_state.lengths, axis=1), dtypes.int32)
        predicted_ids = gather_tree(
            outputs.predicted_ids, outputs.parent_ids, longest, self._end_token
        )
        if self._reorder_tensor_arrays:
            cell_state = nest.map_structure(
                lambda t: self._in_order(t, outputs.parent_ids, final_state.lengths),
                final_state.cell_state,
            )
            final_state = final_state._replace(cell_state=cell_state)
        return FinalBeamSearchDecoderOutput(predicted_ids, outputs), final_state

    # -- [B, K, …] and [B·K, …] --------------------------------------------------------------------

    def _merged(self, t: Tensor, size: Any) -> Tensor:
        shape: Any = array.shape(t)
        batch = g.known(self._batch_size)
        rows = array.concat(([self._batch_size * self._beam_width], shape[2:]), 0)
        merged = array.reshape(t, rows)
        both = None if batch is None else int(batch) * self._beam_width
        merged.set_shape(TensorShape([both]).concatenate(_as_shape(size)))
        return merged

    def _split(self, t: Tensor, size: Any) -> Tensor:
        shape: Any = array.shape(t)
        rows = array.concat(([self._batch_size, self._beam_width], shape[1:]), 0)
        split = array.reshape(t, rows)
        batch = g.known(self._batch_size)
        expected = TensorShape([None if batch is None else int(batch), self._beam_width])
        expected = expected.concatenate(_as_shape(size))
        if not split.shape.is_compatible_with(expected):
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size.  The "
                f"reshaped tensor has shape: {split.shape}.  We expected it to have shape "
                f"(batch_size, beam_width, depth) == {expected}.  Perhaps you forgot to create a "
                "zero_state with batch_size=encoder_batch_size * beam_width?"
            )
        split.set_shape(expected)
        return split

    def _maybe_split(self, t: Any, size: Any) -> Any:
        if isinstance(t, TensorArray):
            return t
        return self._split(t, size) if check_rank(t) >= 1 else t

    def _maybe_merge(self, t: Any, size: Any) -> Any:
        if isinstance(t, TensorArray):
            return t
        return self._merged(t, size) if check_rank(t) >= 2 else t

    def _in_order(self, t: Any, parent_ids: Tensor, lengths: Tensor) -> Any:
        """What a cell kept in an array [T, B·K, …], in the order of the beams at the end."""
        if not isinstance(t, TensorArray):
            return t
        shape = t.element_shape
        if shape.ndims is None or shape.ndims < 1:
            logging.warning(
                "The TensorArray %s in the cell state is not amenable to sorting based on the beam "
                "search result: its elements' shape must be known and of rank 1 at least, not %s",
                t.handle.name,
                shape,
            )
            return t
        if not self._fits(shape):
            return t
        stacked = t.stack()
        with g.control_dependencies(
            [check_batch_beam(stacked, self._batch_size, self._beam_width)]
        ):
            return gather_tree_from_array(stacked, parent_ids, lengths)

    def _fits(self, shape: TensorShape) -> bool:
        """Whether elements may be [B·K, …] or [B, K, …], as far as sizes are known."""
        batch, first, width = g.known(self._batch_size), shape[0].value, self._beam_width
        second = shape[1].value if (shape.ndims or 0) >= 2 else None
        if batch is None or first is None:
            return True
        # TF: with both known, neither form passes
        fits_second = second is None or (first == batch and second == width)
        if first == batch * width and fits_second:
            return True
        logging.warning(
            "TensorArray reordering expects elements to be reshapable to [%s, %s, -1] which is "
            "incompatible with the current shape %s. Consider setting reorder_tensor_arrays to "
            "False to disable TensorArray reordering during the beam search.",
            batch,
            width,
            shape,
        )
        return False


def _as_shape(size: Any) -> TensorShape:
    """A size as a shape, a tensor's where its value is known."""
    if isinstance(size, Tensor):
        known = g.known(size)
        return TensorShape(None if known is None else known.tolist())
    return TensorShape(size)
