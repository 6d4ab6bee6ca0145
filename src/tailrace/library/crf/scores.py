"""How likely a sequence of tags is in a linear-chain conditional random field.

A sequence y of L tags over unary potentials u [L, tags] and transitions A [tags, tags] scores
s(y) = Σ_t u[t, y_t] + Σ_t A[y_t, y_t+1]; its log-likelihood is s(y) - log Σ_y' exp s(y').

Shapes: inputs [B, T, tags], tags [B, T], lengths [B], transitions [tags, tags].
Source: TF 1.15 contrib/crf/python/ops/crf.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant
from tailrace.library import array
from tailrace.library.arithmetic import cast, equal, less_equal, maximum
from tailrace.library.array_more import sequence_mask
from tailrace.library.crf.cells import CrfForwardRnnCell
from tailrace.library.indexing import gather, gather_nd, slice, where
from tailrace.library.layers.tools import smart_cond
from tailrace.library.math import range
from tailrace.library.reductions import reduce_logsumexp, reduce_sum
from tailrace.library.rnn.loops import dynamic_rnn
from tailrace.library.variable_scope import get_variable
from tailrace.shapes import dimension_value


def by_length(inputs: Tensor, single: Callable[[], Any], several: Callable[[], Any]) -> Any:
    """`single()` for sequences of one step, else `several()`: decided when run if T is unknown."""
    steps = dimension_value(inputs.shape[1]) or array.shape(inputs)[1]
    return smart_cond(equal(steps, 1), single, several)


def _zero_when_empty(values: Tensor, sequence_lengths: Any) -> Tensor:
    return where(less_equal(sequence_lengths, 0), array.zeros_like(values), values)


def crf_sequence_score(
    inputs: Tensor, tag_indices: Tensor, sequence_lengths: Tensor, transition_params: Any
) -> Tensor:
    """The score s(y) of each sequence of tags [B]."""

    def single() -> Tensor:
        batch = array.shape(inputs, out_type=tag_indices.dtype)[0]
        examples = array.reshape(range(batch, dtype=tag_indices.dtype), [-1, 1])
        unary = array.squeeze(inputs, [1])
        scores = gather_nd(unary, array.concat([examples, tag_indices], axis=1))
        return _zero_when_empty(scores, sequence_lengths)

    def several() -> Tensor:
        unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
        return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)

    return by_length(inputs, single, several)


def crf_multitag_sequence_score(
    inputs: Tensor, tag_bitmap: Tensor, sequence_lengths: Tensor, transition_params: Any
) -> Tensor:
    """log Σ exp s(y) over the sequences that `tag_bitmap` [B, T, tags] admits, for each [B]."""

    def admitted() -> Tensor:
        never = array.fill(array.shape(inputs), float("-inf"))
        return where(tag_bitmap, inputs, never)

    def single() -> Tensor:
        return reduce_logsumexp(admitted(), axis=[1, 2], keepdims=False)

    def several() -> Tensor:
        return crf_log_norm(admitted(), sequence_lengths, transition_params)

    return by_length(inputs, single, several)


def crf_log_norm(inputs: Tensor, sequence_lengths: Tensor, transition_params: Any) -> Tensor:
    """log Σ exp s(y) over all sequences, for each example [B], by the forward algorithm."""
    first = array.squeeze(slice(inputs, [0, 0, 0], [-1, 1, -1]), [1])

    def single() -> Tensor:
        return _zero_when_empty(reduce_logsumexp(first, [1]), sequence_lengths)

    def several() -> Tensor:
        rest = slice(inputs, [0, 1, 0], [-1, -1, -1])
        cell = CrfForwardRnnCell(transition_params)
        _, alphas = dynamic_rnn(
            cell,
            rest,
            sequence_length=one_less(sequence_lengths),
            initial_state=first,
            dtype=dtypes.float32,
        )
        return _zero_when_empty(reduce_logsumexp(alphas, [1]), sequence_lengths)

    return by_length(inputs, single, several)


def one_less(sequence_lengths: Tensor) -> Tensor:
    """Transitions in sequences of these lengths."""
    return maximum(constant(0, dtype=sequence_lengths.dtype), sequence_lengths - 1)


def crf_log_likelihood(
    inputs: Tensor, tag_indices: Tensor, sequence_lengths: Tensor, transition_params: Any = None
) -> tuple[Tensor, Any]:
    """The log-likelihood of each sequence of tags [B], and the transitions.

    Transitions that are not given are a new variable "transitions".
    """
    tags = dimension_value(inputs.shape[2])
    if transition_params is None:
        transition_params = get_variable("transitions", [tags, tags])
    scores = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    norm = crf_log_norm(inputs, sequence_lengths, transition_params)
    return scores - norm, transition_params


def crf_unary_score(tag_indices: Tensor, sequence_lengths: Any, inputs: Tensor) -> Tensor:
    """Σ_t u[t, y_t] of each sequence [B]."""
    batch = array.shape(inputs)[0]
    steps = array.shape(inputs)[1]
    tags = array.shape(inputs)[2]
    flat = array.reshape(inputs, [-1])
    offsets = array.expand_dims(range(batch) * steps * tags, 1)
    offsets += array.expand_dims(range(steps) * tags, 0)
    if tag_indices.dtype == dtypes.int64:
        offsets = cast(offsets, dtypes.int64)
    places = array.reshape(offsets + tag_indices, [-1])
    scores = array.reshape(gather(flat, places), [batch, steps])
    return reduce_sum(scores * _mask(sequence_lengths, tag_indices), 1)


def crf_binary_score(tag_indices: Tensor, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """Σ_t A[y_t, y_t+1] of each sequence [B]."""
    tags = transition_params.get_shape()[0]
    transitions = array.shape(tag_indices)[1] - 1
    start = slice(tag_indices, [0, 0], [-1, transitions])
    end = slice(tag_indices, [0, 1], [-1, transitions])
    places = start * tags + end
    scores = gather(array.reshape(transition_params, [-1]), places)
    mask = slice(_mask(sequence_lengths, tag_indices), [0, 1], [-1, -1])
    return reduce_sum(scores * mask, 1)


def _mask(sequence_lengths: Any, tag_indices: Tensor) -> Tensor:
    steps = array.shape(tag_indices)[1]
    return sequence_mask(sequence_lengths, maxlen=steps, dtype=dtypes.float32)
