"""`tf.contrib.legacy_seq2seq`: losses over lists of steps, and models for several lengths.

Source: TF 1.15 contrib/legacy_seq2seq/python/ops/seq2seq.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.arithmetic import cast
from tailrace.library.nn.cross_entropy import sparse_softmax_cross_entropy_with_logits
from tailrace.library.reductions import add_n, reduce_sum
from tailrace.library.scopes import name_scope
from tailrace.library.variable_scope import get_variable_scope, variable_scope


def sequence_loss_by_example(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """Σ_t weight·cross entropy for each sequence [B], over Σ_t weight when averaged.

    Args: lists of logits [B, V], targets [B] and weights [B], one per step.
    Raises: ValueError for lists of different lengths.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same "
            f"{len(logits)}, {len(weights)}, {len(targets)}."
        )
    with name_scope(name, "sequence_loss_by_example", logits + targets + weights):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                target = array.reshape(target, [-1])
                loss = sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            losses.append(loss * weight)
        total: Any = add_n(losses)
        if average_across_timesteps:
            size: Any = add_n(weights)
            size += 1e-12  # where all weights are 0
            total /= size
    return total


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """`sequence_loss_by_example` summed over the batch, or averaged."""
    with name_scope(name, "sequence_loss", logits + targets + weights):
        cost = reduce_sum(
            sequence_loss_by_example(
                logits,
                targets,
                weights,
                average_across_timesteps=average_across_timesteps,
                softmax_loss_function=softmax_loss_function,
            )
        )
        if not average_across_batch:
            return cost
        batch_size = array.shape(targets[0])[0]
        return cost / cast(batch_size, cost.dtype)


def model_with_buckets(
    encoder_inputs: Any,
    decoder_inputs: Any,
    targets: Any,
    weights: Any,
    buckets: Any,
    seq2seq: Callable[[Any, Any], tuple[Any, Any]],
    softmax_loss_function: Callable[..., Any] | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list[Any], list[Tensor]]:
    """`seq2seq` for several pairs of lengths, with the same weights.

    Args: buckets, (encoder length, decoder length) pairs, the longest last.
    Returns: the outputs and the loss of each. Raises: ValueError for too short inputs.
    """
    longest_in, longest_out = buckets[-1]
    for what, steps, longest in (
        ("encoder_inputs", encoder_inputs, longest_in),
        ("targets", targets, longest_out),
        ("weights", weights, longest_out),
    ):
        if len(steps) < longest:
            raise ValueError(
                f"Length of {what} ({len(steps)}) must be at least that of last bucket ({longest})."
            )
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    outputs, losses = [], []
    values = encoder_inputs + decoder_inputs + targets + weights
    with name_scope(name, "model_with_buckets", values):
        for j, (steps_in, steps_out) in enumerate(buckets):
            with variable_scope(get_variable_scope(), reuse=True if j > 0 else None):
                logits, _ = seq2seq(encoder_inputs[:steps_in], decoder_inputs[:steps_out])
                outputs.append(logits)
                losses.append(
                    loss(
                        logits,
                        targets[:steps_out],
                        weights[:steps_out],
                        softmax_loss_function=softmax_loss_function,
                    )
                )
    return outputs, losses
