"""What a beam search carries from step to step, and what a step gives.

Source: TF 1.15 contrib/seq2seq/python/ops/beam_search_decoder.py.
"""

from __future__ import annotations

import collections

_STATE = ("cell_state", "log_probs", "finished", "lengths", "accumulated_attention_probs")


class BeamSearchDecoderState(collections.namedtuple("BeamSearchDecoderState", _STATE)):
    """The cell's state and the beams': log probabilities, finished, lengths, all [B, K]."""

    __slots__ = ()


class BeamSearchDecoderOutput(
    collections.namedtuple("BeamSearchDecoderOutput", ("scores", "predicted_ids", "parent_ids"))
):
    """What a step gives, [B, K] each: scores, symbols, and the beams they continue."""

    __slots__ = ()
