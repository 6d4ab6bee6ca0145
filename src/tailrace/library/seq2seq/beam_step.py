"""One step of a beam search: the best of all continuations of all beams.

Source: TF 1.15 contrib/seq2seq/python/ops/beam_search_decoder.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g, nest
from tailrace.library import array
from tailrace.library.arithmetic import cast, equal, logical_not, logical_or, mod
from tailrace.library.indexing import gather, where
from tailrace.library.math import range as range_
from tailrace.library.nn.activations import log_softmax, top_k
from tailrace.library.scopes import name_scope
from tailrace.library.seq2seq.beam_scores import attention_probabilities, penalized
from tailrace.library.seq2seq.beam_states import (
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
)
from tailrace.library.tensor_array import TensorArray
from tailrace.shapes import TensorShape


def check_rank(t: Tensor) -> int:
    """The rank. Raises: ValueError when it is unknown."""
    if t.shape.ndims is None:
        raise ValueError(f"Expected tensor ({t}) to have known rank, but ndims == None.")
    return t.shape.ndims


def beam_search_step(
    time: Any,
    logits: Any,
    next_cell_state: Any,
    beam_state: BeamSearchDecoderState,
    batch_size: Any,
    beam_width: int,
    end_token: Tensor,
    length_penalty_weight: Any,
    coverage_penalty_weight: Any,
) -> tuple[BeamSearchDecoderOutput, BeamSearchDecoderState]:
    """The `beam_width` best symbols [B, K] after `logits` [B, K, V], and the beams they make.

    A finished beam goes on with `end_token` alone, at its own probability.
    """
    was_finished = beam_state.finished
    not_finished = logical_not(was_finished)
    total = _total_log_probs(logits, beam_state, end_token)
    size = logits.shape[-1].value or array.shape(logits)[-1]
    lengths = _lengths(beam_state, batch_size, beam_width, end_token, size, not_finished)
    attention = attention_probabilities(next_cell_state, coverage_penalty_weight)
    if attention is not None:
        alive = array.expand_dims(cast(not_finished, dtypes.float32), 2)
        attention = beam_state.accumulated_attention_probs + attention * alive
    scores = penalized(
        total, lengths, length_penalty_weight, coverage_penalty_weight, was_finished, attention
    )
    convert_to_tensor(time, name="time")
    best, places = _best(scores, batch_size, beam_width)
    picked = _Picked(batch_size, beam_width)
    probs = picked.take(places, total, beam_width * size, [-1], "next_beam_probs")
    words = cast(mod(places, size, name="next_beam_word_ids"), dtypes.int32)
    parents = cast(places / size, dtypes.int32, name="next_beam_parent_ids")
    was_finished = picked.take(parents, was_finished, beam_width, [-1])
    finished = logical_or(was_finished, equal(words, end_token), name="next_beam_finished")
    longer = cast(logical_not(was_finished), dtypes.int64)
    next_lengths = picked.take(parents, beam_state.lengths, beam_width, [-1]) + longer
    next_attention: Any = ()
    if attention is not None:
        name = "next_accumulated_attention_probs"
        rows = [batch_size * beam_width, -1]
        next_attention = picked.take(parents, attention, beam_width, rows, name)
    cell_state = nest.map_structure(lambda t: picked.take_state(parents, t), next_cell_state)
    state = BeamSearchDecoderState(
        cell_state=cell_state,
        log_probs=probs,
        lengths=next_lengths,
        finished=finished,
        accumulated_attention_probs=next_attention,
    )
    return BeamSearchDecoderOutput(scores=best, predicted_ids=words, parent_ids=parents), state


def _total_log_probs(logits: Any, state: BeamSearchDecoderState, end_token: Tensor) -> Tensor:
    """Log probabilities of all continuations [B, K, V]."""
    step = _masked(log_softmax(logits), end_token, state.finished)
    return array.expand_dims(state.log_probs, 2) + step


def _masked(probs: Tensor, end_token: Tensor, finished: Tensor) -> Tensor:
    """Finished beams give the end token with probability 1."""
    size = array.shape(probs)[2]
    row = array.one_hot(
        end_token,
        size,
        dtype=probs.dtype,
        on_value=convert_to_tensor(0.0, dtype=probs.dtype),
        off_value=probs.dtype.min,
    )
    row = array.reshape(row, [1, 1, -1])
    rows = array.tile(row, array.concat([array.shape(finished), [1]], 0))
    mask = array.tile(array.expand_dims(finished, 2), [1, 1, size])
    return where(mask, rows, probs)


def _lengths(
    state: BeamSearchDecoderState,
    batch_size: Any,
    beam_width: int,
    end_token: Tensor,
    size: Any,
    not_finished: Tensor,
) -> Tensor:
    """Lengths with each continuation [B, K, V]: one more, but for the end token."""
    longer = array.one_hot(
        indices=array.fill([batch_size, beam_width], end_token),
        depth=size,
        on_value=cast(0, dtypes.int64, name="ToInt64"),
        off_value=cast(1, dtypes.int64, name="ToInt64"),
        dtype=dtypes.int64,
    )
    longer *= array.expand_dims(cast(not_finished, dtypes.int64), 2)
    return longer + array.expand_dims(state.lengths, 2)


def _best(scores: Tensor, batch_size: Any, beam_width: int) -> tuple[Tensor, Tensor]:
    """The best scores [B, K], and their places among all K·V continuations."""
    flat = array.reshape(scores, [batch_size, -1])
    count = convert_to_tensor(beam_width, dtype=dtypes.int32, name="beam_width")
    best, places = top_k(flat, k=count)
    known = g.known(batch_size)
    for tensor in (best, places):
        tensor.set_shape([None if known is None else int(known), beam_width])
    return best, places


class _Picked:
    """Takes from [B, range, …] what indices [B, K] say."""

    def __init__(self, batch_size: Any, beam_width: int) -> None:
        self.batch_size = batch_size
        self.beam_width = beam_width

    def take(
        self, indices: Tensor, source: Tensor, span: Any, shape: list[Any], name: str | None = None
    ) -> Tensor:
        """`source`, reshaped to `shape`, at `indices`, whose rows start `span` apart."""
        rank = len(shape)
        with name_scope(name, "tensor_gather_helper"):
            starts = array.expand_dims(range_(self.batch_size) * span, 1)
            flat = array.reshape(indices + starts, [-1])
            taken = gather(array.reshape(source, shape), flat)
            sizes = array.shape(source)[: 1 + rank]
            known = g.known(self.batch_size)
            static = TensorShape([None if known is None else int(known)])
            taken = array.reshape(taken, sizes, name="output")
            taken.set_shape(static.concatenate(source.shape[1 : 1 + rank]))
            return taken

    def take_state(self, parents: Tensor, part: Any) -> Any:
        """Of a part of the cell's state, those beams that go on."""
        # TF: the size is computed for what is left as it is, too
        rows = [self.batch_size * self.beam_width, -1]
        if isinstance(part, TensorArray):
            return part
        if check_rank(part) < len(rows):
            return part
        return self.take(parents, part, self.beam_width, rows)
