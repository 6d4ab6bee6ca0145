"""GatherTree: the sequences of a beam search, followed back from their ends.

Source: TF 1.15 contrib/seq2seq/ops/beam_search_ops.cc, kernels/beam_search_ops.cc.
"""

from __future__ import annotations

import torch

from tailrace.dtypes import int32
from tailrace.errors import invalid
from tailrace.registry import op
from tailrace.shapes import agree, merge, with_rank


@op(
    "GatherTree",
    "step_ids: T, parent_ids: T, max_sequence_lengths: int32, end_token: T -> beams: T",
    T=(int32,),
    _host_only=True,
)
def gather_tree(step_ids, parent_ids, max_sequence_lengths, end_token):
    """The symbols [T, B, K] of each beam, from the symbols and parents of all steps.

    A beam is followed back from its longest length; behind that, and behind the first
    `end_token`, all is `end_token`.
    """
    steps, batch, _ = step_ids.shape
    _check_sizes(step_ids, parent_ids, max_sequence_lengths, end_token)
    beams = torch.full_like(step_ids, int(end_token))
    for b in range(batch):
        length = min(steps, int(max_sequence_lengths[b]))
        if length > 0:
            _follow(beams[:, b], step_ids[:, b], parent_ids[:, b], length, b)
    ended = (beams == end_token).cumsum(0) > 0
    return torch.where(ended, end_token, beams)


def _check_sizes(step_ids, parent_ids, max_sequence_lengths, end_token):
    if step_ids.ndim != 3:
        raise invalid(f"step_ids must be a 3-tensor, saw shape: {list(step_ids.shape)}")
    if parent_ids.shape != step_ids.shape:
        raise invalid(
            "step_ids.shape must match parent_ids.shape.  but shapes are: "
            f"{list(step_ids.shape)} and {list(parent_ids.shape)}"
        )
    if max_sequence_lengths.ndim != 1 or len(max_sequence_lengths) != step_ids.shape[1]:
        raise invalid(
            f"max_sequence_lengths must be a vector of {step_ids.shape[1]}, saw shape: "
            f"{list(max_sequence_lengths.shape)}"
        )
    if end_token.ndim:
        raise invalid(f"end_token must be a scalar, saw shape: {list(end_token.shape)}")


def _follow(beams, step_ids, parent_ids, length, batch):
    """Fill the beams [T, K] of one sequence, from the last step to the first."""
    last = length - 1
    beams[last] = step_ids[last]
    parents = parent_ids[last].long()
    for step in range(last - 1, -1, -1):
        wrong = ((parents < 0) | (parents >= step_ids.shape[1])).nonzero()
        if len(wrong):
            beam = int(wrong[0])
            raise invalid(
                f"Saw invalid parent id {int(parents[beam])} at (batch, time, beam) == "
                f"({batch}, {step}, {beam})"
            )
        beams[step] = step_ids[step][parents]
        parents = parent_ids[step].long()[parents]


@gather_tree.shape
def gather_tree_shape(step_ids, parent_ids, max_sequence_lengths, end_token):
    beams = merge(with_rank(step_ids, 3), parent_ids)
    batch = with_rank(max_sequence_lengths, 1)[0]
    with_rank(end_token, 0)
    return [[beams[0], agree(beams[1], batch, "batch sizes"), beams[2]]]
