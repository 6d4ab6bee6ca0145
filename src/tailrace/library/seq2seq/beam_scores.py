"""The scores of a beam search: log probabilities with penalties for length and coverage.

Source: TF 1.15 contrib/seq2seq/python/ops/beam_search_decoder.py. Wu et al. 2016.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array
from tailrace.library.arithmetic import cast, div, equal, minimum
from tailrace.library.indexing import where
from tailrace.library.math import log
from tailrace.library.reductions import reduce_mean, reduce_sum
from tailrace.library.seq2seq.attention_wrapper import AttentionWrapperState


def attention_probabilities(cell_state: Any, coverage_penalty_weight: Any) -> Tensor | None:
    """The mean alignments of all cells that attend; None without a coverage penalty.

    Raises: ValueError when no cell attends.
    """
    if coverage_penalty_weight == 0.0:
        return None
    states = [cell_state] if isinstance(cell_state, AttentionWrapperState) else cell_state
    if not isinstance(states, (list, tuple)):
        states = []
    found = [_alignments(s) for s in states if isinstance(s, AttentionWrapperState)]
    if not found:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    return found[0] if len(found) == 1 else _mean(found)


def _alignments(state: AttentionWrapperState) -> Tensor:
    alignments = state.alignments
    return _mean(alignments) if isinstance(alignments, tuple) else alignments


def _mean(tensors: Any) -> Tensor:
    expanded = [array.expand_dims(t, -1) for t in tensors]
    return reduce_mean(array.concat(expanded, -1), -1)


def penalized(
    log_probs: Tensor,
    lengths: Tensor,
    length_penalty_weight: Any,
    coverage_penalty_weight: Any,
    finished: Tensor,
    accumulated_attention: Tensor | None,
) -> Tensor:
    """log_probs / length penalty + coverage penalty. Shapes: log_probs and lengths [B, K, V]."""
    penalty = cast(_length_penalty(lengths, length_penalty_weight), dtype=log_probs.dtype)
    scores = log_probs / penalty
    weight = convert_to_tensor(coverage_penalty_weight, name="coverage_penalty_weight")
    if weight.shape.ndims != 0:
        raise ValueError(
            f"coverage_penalty_weight should be a scalar, but saw shape: {weight.shape}"
        )
    known = g.known(weight)
    if known is not None and known == 0.0:
        return scores
    if accumulated_attention is None:
        raise ValueError(
            "accumulated_attention_probs can be None only if coverage penalty is disabled."
        )
    attention = where(
        equal(accumulated_attention, 0.0),
        array.ones_like(accumulated_attention),
        accumulated_attention,
    )
    coverage = reduce_sum(log(minimum(attention, 1.0)), 2)
    coverage *= cast(finished, dtypes.float32)
    return scores + array.expand_dims(coverage * weight, 2)


def _length_penalty(lengths: Tensor, factor: Any) -> Any:
    factor = convert_to_tensor(factor, name="penalty_factor")
    factor.set_shape(())
    known = g.known(factor)
    if known is not None and known == 0:
        return 1.0
    return div((5.0 + cast(lengths, dtypes.float32)) ** factor, (5.0 + 1.0) ** factor)
