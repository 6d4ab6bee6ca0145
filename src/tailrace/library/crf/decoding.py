"""The most likely sequence of tags in a linear-chain conditional random field.

Source: TF 1.15 contrib/crf/python/ops/crf.py; Viterbi 1967.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.arithmetic import cast
from tailrace.library.crf.cells import CrfDecodeBackwardRnnCell, CrfDecodeForwardRnnCell
from tailrace.library.crf.scores import by_length, one_less
from tailrace.library.indexing import slice
from tailrace.library.reductions import argmax, reduce_max
from tailrace.library.rnn.loops import dynamic_rnn
from tailrace.shapes import dimension_value


def viterbi_decode(score: np.ndarray, transition_params: np.ndarray) -> tuple[list[Any], Any]:
    """The best tags of one sequence, a list of L, and their score; outside of the graph.

    Args: `score` [L, tags] unary potentials, `transition_params` [tags, tags].
    """
    best = np.zeros_like(score)
    before = np.zeros_like(score, dtype=np.int32)
    best[0] = score[0]
    for step in range(1, score.shape[0]):
        paths = np.expand_dims(best[step - 1], 1) + transition_params
        best[step] = score[step] + np.max(paths, 0)
        before[step] = np.argmax(paths, 0)
    tags = [np.argmax(best[-1])]
    tags.extend(_followed(before[:0:-1], tags[0]))
    return tags[::-1], np.max(best[-1])


def _followed(steps: np.ndarray, tag: Any) -> list[Any]:
    path = []
    for before in steps:
        tag = before[tag]
        path.append(tag)
    return path


def crf_decode(
    potentials: Tensor, transition_params: Any, sequence_length: Tensor
) -> tuple[Tensor, Tensor]:
    """The best tags of each sequence [B, T] and their score [B].

    Args: `potentials` [B, T, tags], `transition_params` [tags, tags], `sequence_length` [B].
    """

    def single() -> tuple[Tensor, Tensor]:
        unary = array.squeeze(potentials, [1])
        tags = array.expand_dims(argmax(unary, axis=1), 1)
        score = reduce_max(unary, axis=1)
        return cast(tags, dtype=dtypes.int32), score

    def several() -> tuple[Tensor, Tensor]:
        return _several(potentials, transition_params, sequence_length)

    return by_length(potentials, single, several)


def _several(
    potentials: Tensor, transition_params: Any, sequence_length: Tensor
) -> tuple[Tensor, Tensor]:
    tags = dimension_value(potentials.shape[2])
    cell = CrfDecodeForwardRnnCell(transition_params)
    first = array.squeeze(slice(potentials, [0, 0, 0], [-1, 1, -1]), axis=[1])
    rest = slice(potentials, [0, 1, 0], [-1, -1, -1])
    transitions = one_less(sequence_length)
    before, last = dynamic_rnn(
        cell, rest, sequence_length=transitions, initial_state=first, dtype=dtypes.int32
    )
    before = array.reverse_sequence(before, transitions, seq_dim=1)
    final = array.expand_dims(cast(argmax(last, axis=1), dtype=dtypes.int32), axis=-1)
    path, _ = dynamic_rnn(
        CrfDecodeBackwardRnnCell(tags),
        before,
        sequence_length=transitions,
        initial_state=final,
        dtype=dtypes.int32,
    )
    path = array.concat([final, array.squeeze(path, axis=[2])], axis=1)
    path = array.reverse_sequence(path, sequence_length, seq_dim=1)
    return path, reduce_max(last, axis=1)
