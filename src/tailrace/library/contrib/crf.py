"""`tf.contrib.crf`: linear-chain conditional random fields over the tags of sequences.

The score of tags y for potentials x and transitions A is sum_t x[t, y_t] + sum_t A[y_t, y_t+1];
the likelihood is its exponential over the sum of those of all tag sequences.

Source: Lafferty, McCallum, Pereira (2001); TF 1.15 contrib/crf/python/ops/crf.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, g
from tailrace.library import arithmetic, array, indexing, math, reductions
from tailrace.library.array_more import sequence_mask
from tailrace.library.layers.tools import smart_cond
from tailrace.library.rnn.cell import RNNCell
from tailrace.library.rnn.loops import dynamic_rnn
from tailrace.library.variable_scope import get_variable


def _is_single(inputs: Tensor) -> Tensor:
    """Whether the sequences have one step."""
    return arithmetic.equal(inputs.shape[1].value or array.shape(inputs)[1], 1)


def _zero_where_empty(values: Tensor, lengths: Tensor) -> Tensor:
    empty = arithmetic.less_equal(lengths, 0)
    return indexing.where(empty, array.zeros_like(values), values)


def _less_one(lengths: Tensor) -> Tensor:
    return arithmetic.maximum(g.constant(0, lengths.dtype), lengths - 1)


def _steps_of(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The first step and those after. Shapes: [B, T, N] -> [B, N], [B, T - 1, N]."""
    first = indexing.slice(inputs, [0, 0, 0], [-1, 1, -1])
    first = array.squeeze(first, [1])
    return first, indexing.slice(inputs, [0, 1, 0], [-1, -1, -1])


def crf_sequence_score(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any
) -> Tensor:
    """The score of given tags. Shapes: inputs [B, T, N], tags [B, T], transitions [N, N] -> [B]."""

    def single() -> Tensor:
        batch = array.shape(inputs, out_type=tag_indices.dtype)[0]
        numbers = array.reshape(math.range(batch, dtype=tag_indices.dtype), [-1, 1])
        only = array.squeeze(inputs, [1])
        scores = indexing.gather_nd(only, array.concat([numbers, tag_indices], axis=1))
        return _zero_where_empty(scores, sequence_lengths)

    def several() -> Tensor:
        unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
        return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)

    return smart_cond(_is_single(inputs), single, several)


def crf_multitag_sequence_score(
    inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any
) -> Tensor:
    """The log of the summed scores of all sequences of allowed tags. Shapes: bitmap [B, T, N]."""

    def allowed() -> Tensor:
        never = g.Fill(array.shape(inputs), float("-inf"))
        return indexing.where(tag_bitmap, inputs, never)

    def single() -> Tensor:
        return reductions.reduce_logsumexp(allowed(), axis=[1, 2], keepdims=False)

    def several() -> Tensor:
        return crf_log_norm(allowed(), sequence_lengths, transition_params)

    return smart_cond(_is_single(inputs), single, several)


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The log of the summed scores of all tag sequences, by the forward algorithm. Shapes: [B]."""
    first = array.squeeze(indexing.slice(inputs, [0, 0, 0], [-1, 1, -1]), [1])

    def single() -> Tensor:
        return _zero_where_empty(reductions.reduce_logsumexp(first, [1]), sequence_lengths)

    def several() -> Tensor:
        rest = indexing.slice(inputs, [0, 1, 0], [-1, -1, -1])
        cell = CrfForwardRnnCell(transition_params)
        _, alphas = dynamic_rnn(
            cell=cell,
            inputs=rest,
            sequence_length=_less_one(sequence_lengths),
            initial_state=first,
            dtype=dtypes.float32,
        )
        return _zero_where_empty(reductions.reduce_logsumexp(alphas, [1]), sequence_lengths)

    return smart_cond(_is_single(inputs), single, several)


def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> tuple[Tensor, Any]:
    """The log-likelihood [B] of tags, and the transitions: if not given, a variable."""
    if transition_params is None:
        tags = inputs.shape[2].value
        transition_params = get_variable("transitions", [tags, tags])
    scores = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    norm = crf_log_norm(inputs, sequence_lengths, transition_params)
    return scores - norm, transition_params


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Tensor:
    """The sum of the tags' potentials. Shapes: -> [B]."""
    batch, steps, tags = (array.shape(inputs)[i] for i in range(3))
    flat = array.reshape(inputs, [-1])
    offsets = array.expand_dims(math.range(batch) * steps * tags, 1)
    offsets += array.expand_dims(math.range(steps) * tags, 0)
    if tag_indices.dtype is dtypes.int64:
        offsets = arithmetic.cast(offsets, dtypes.int64)
    places = array.reshape(offsets + tag_indices, [-1])
    scores = array.reshape(indexing.gather(flat, places), [batch, steps])
    return reductions.reduce_sum(scores * _mask(tag_indices, sequence_lengths), 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The sum of the transitions between the tags. Shapes: -> [B]."""
    tags = transition_params.get_shape()[0]
    count = array.shape(tag_indices)[1] - 1
    starts = indexing.slice(tag_indices, [0, 0], [-1, count])
    ends = indexing.slice(tag_indices, [0, 1], [-1, count])
    places = starts * tags + ends
    scores = indexing.gather(array.reshape(transition_params, [-1]), places)
    masks = indexing.slice(_mask(tag_indices, sequence_lengths), [0, 1], [-1, -1])
    return reductions.reduce_sum(scores * masks, 1)


def _mask(tag_indices: Any, sequence_lengths: Any) -> Tensor:
    longest = array.shape(tag_indices)[1]
    return sequence_mask(sequence_lengths, maxlen=longest, dtype=dtypes.float32)


class _TransitionCell(RNNCell):
    """A cell whose state has a number for each tag. It makes no variables and opens no scope."""

    def __init__(self, transition_params: Any) -> None:
        self._transition_params = array.expand_dims(transition_params, 0)
        self._num_tags = transition_params.shape[0].value

    @property
    def state_size(self) -> int:
        return self._num_tags

    @property
    def output_size(self) -> int:
        return self._num_tags

    def _transition_scores(self, state: Any) -> Tensor:
        """Scores of going from each tag to each. Shapes: state [B, N] -> [B, N, N]."""
        return array.expand_dims(state, 2) + self._transition_params


class CrfForwardRnnCell(_TransitionCell):
    """The forward algorithm: alpha_j' = x_j + log sum_i exp(alpha_i + A_ij)."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """The new alphas as output and state."""
        scores = self._transition_scores(state)
        alphas = inputs + reductions.reduce_logsumexp(scores, [1])
        return alphas, alphas


class CrfDecodeForwardRnnCell(_TransitionCell):
    """Viterbi's way forward: the best score up to each tag, and the tag it came from."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """The tags before as int32 output, the scores as state."""
        scores = self._transition_scores(state)
        best = inputs + reductions.reduce_max(scores, [1])
        pointers = reductions.argmax(scores, 1)
        return arithmetic.cast(pointers, dtype=dtypes.int32), best


class CrfDecodeBackwardRnnCell(RNNCell):
    """Viterbi's way back: the tag before the last one, by the pointers that are the inputs."""

    def __init__(self, num_tags: int) -> None:
        self._num_tags = num_tags

    @property
    def state_size(self) -> int:
        return 1

    @property
    def output_size(self) -> int:
        return 1

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """The tag [B, 1] as output and state."""
        state = array.squeeze(state, axis=[1])
        numbers = math.range(array.shape(inputs)[0])
        places = array.stack([numbers, state], axis=1)
        tags = array.expand_dims(g.GatherNd(inputs, places), axis=-1)
        return tags, tags


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[Any], Any]:
    """The best tags of one sequence and their score, in NumPy. Shapes: score [T, N] -> T tags."""
    best = np.zeros_like(score)
    pointers = np.zeros_like(score, dtype=np.int32)
    best[0] = score[0]
    for t in range(1, score.shape[0]):
        reached = np.expand_dims(best[t - 1], 1) + transition_params
        best[t] = score[t] + np.max(reached, 0)
        pointers[t] = np.argmax(reached, 0)
    tags = [np.argmax(best[-1])]
    for pointer in reversed(pointers[1:]):
        tags.append(pointer[tags[-1]])
    tags.reverse()
    return tags, np.max(best[-1])


def crf_decode(
    potentials: Any, transition_params: Any, sequence_length: Any
) -> tuple[Tensor, Tensor]:
    """The best tags [B, T] (int32) and their scores [B], by Viterbi's algorithm."""

    def single() -> tuple[Tensor, Tensor]:
        squeezed = array.squeeze(potentials, [1])
        tags = array.expand_dims(reductions.argmax(squeezed, axis=1), 1)
        score = reductions.reduce_max(squeezed, axis=1)
        return arithmetic.cast(tags, dtype=dtypes.int32), score

    def several() -> tuple[Tensor, Tensor]:
        return _viterbi(potentials, transition_params, sequence_length)

    return smart_cond(_is_single(potentials), single, several)


def _viterbi(
    potentials: Any, transition_params: Any, sequence_length: Any
) -> tuple[Tensor, Tensor]:
    forward = CrfDecodeForwardRnnCell(transition_params)
    first, rest = _steps_of(potentials)
    lengths = _less_one(sequence_length)
    pointers, last = dynamic_rnn(
        forward, rest, lengths, first, time_major=False, dtype=dtypes.int32
    )
    pointers = g.ReverseSequence(pointers, lengths, seq_dim=1)
    backward = CrfDecodeBackwardRnnCell(potentials.shape[2].value)
    end = arithmetic.cast(reductions.argmax(last, axis=1), dtype=dtypes.int32)
    end = array.expand_dims(end, axis=-1)
    tags, _ = dynamic_rnn(backward, pointers, lengths, end, time_major=False, dtype=dtypes.int32)
    tags = array.concat([end, array.squeeze(tags, axis=[2])], axis=1)
    tags = g.ReverseSequence(tags, sequence_length, seq_dim=1)
    return tags, reductions.reduce_max(last, axis=1)
