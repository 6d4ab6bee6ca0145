"""`tf.nn`: connectionist temporal classification. The last class is the blank.

Source: TF 1.15 python/ops/ctc_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import SparseTensor, Tensor, g
from tailrace.library import array
from tailrace.library.arguments import either

Decoded = tuple[list[SparseTensor], Tensor]


def ctc_loss(
    labels: SparseTensor,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Tensor:
    """-log P(labels | inputs), summed over all alignments of the labels with the time steps.

    Shapes: labels sparse int32 [B, any], inputs logits [T, B, C] (or [B, T, C]),
    sequence_length int32 [B] -> [B].
    Raises: TypeError when the labels are not sparse.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels (first argument) to be a SparseTensor")
    inputs = either("logits", logits, "inputs", inputs)
    if not time_major:
        inputs = array.transpose(inputs, [1, 0, 2])
    loss, _ = g.CTCLoss(
        inputs,
        labels.indices,
        labels.values,
        sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    )
    return loss


def ctc_greedy_decoder(inputs: Any, sequence_length: Any, merge_repeated: bool = True) -> Decoded:
    """The likeliest class of each step, without blanks, and minus the sum of their logits.

    Shapes: inputs [T, B, C], sequence_length [B] -> [sparse [B, any]], [B, 1].
    """
    indices, values, shape, scores = g.CTCGreedyDecoder(
        inputs, sequence_length, merge_repeated=merge_repeated
    )
    return [SparseTensor(indices, values, shape)], scores


def ctc_beam_search_decoder(
    inputs: Any,
    sequence_length: Any,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> Decoded:
    """The likeliest label sequences and their log-probabilities [B, top_paths].

    With merge_repeated equal labels one after the other are one, even with a blank between.
    Shapes: inputs [T, B, C], sequence_length [B] -> top_paths sparse tensors [B, any].
    """
    indices, values, shapes, scores = g.CTCBeamSearchDecoder(
        inputs,
        sequence_length,
        beam_width=beam_width,
        top_paths=top_paths,
        merge_repeated=merge_repeated,
    )
    return [SparseTensor(*parts) for parts in zip(indices, values, shapes, strict=True)], scores


def ctc_beam_search_decoder_v2(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> Decoded:
    """The likeliest label sequences, as `ctc_beam_search_decoder` without merging."""
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, False)
