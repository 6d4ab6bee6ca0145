"""`tf.contrib.seq2seq.sequence_loss`.

Source: TF 1.15 contrib/seq2seq/python/ops/loss.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor
from tailrace.library import array
from tailrace.library.arithmetic import cast, div_no_nan
from tailrace.library.nn.cross_entropy import sparse_softmax_cross_entropy_with_logits
from tailrace.library.reductions import count_nonzero, reduce_sum
from tailrace.library.scopes import name_scope


def sequence_loss(
    logits: Tensor,
    targets: Tensor,
    weights: Tensor,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """Weighted cross entropy of sequences: a number, [T], [B] or [B, T].

    Averaging divides by the sum of the weights, summing by the number of weights that are not 0.
    Shapes: logits [B, T, V], targets [B, T], weights [B, T].
    Raises: ValueError for other ranks, or both averaging and summing over one axis.
    """
    for what, tensor, rank, sizes in (
        ("Logits", logits, 3, "[batch_size x sequence_length x logits]"),
        ("Targets", targets, 2, "[batch_size x sequence_length]"),
        ("Weights", weights, 2, "[batch_size x sequence_length]"),
    ):
        if len(tensor.get_shape()) != rank:
            raise ValueError(f"{what} must be a {sizes} tensor")
    for axis, averages, sums in (
        ("timesteps", average_across_timesteps, sum_over_timesteps),
        ("batch", average_across_batch, sum_over_batch),
    ):
        if averages and sums:
            raise ValueError(
                f"average_across_{axis} and sum_over_{axis} cannot be set to True at same time."
            )
    with name_scope(name, "sequence_loss", [logits, targets, weights]):
        losses = _losses(logits, targets, weights, softmax_loss_function)
        if average_across_timesteps and average_across_batch:
            return _averaged(losses, weights, None)
        if sum_over_timesteps and sum_over_batch:
            return _summed(losses, weights, None)
        losses = array.reshape(losses, array.shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            return _averaged(losses, weights, [0] if average_across_batch else [1])
        if sum_over_timesteps or sum_over_batch:
            return _summed(losses, weights, [0] if sum_over_batch else [1])
        return losses


def _losses(logits: Any, targets: Any, weights: Any, function: Any) -> Tensor:
    """Weighted losses of all steps of all sequences [B·T]."""
    classes = array.shape(logits)[2]
    logits = array.reshape(logits, [-1, classes])
    targets = array.reshape(targets, [-1])
    function = sparse_softmax_cross_entropy_with_logits if function is None else function
    losses = function(labels=targets, logits=logits)
    return losses * array.reshape(weights, [-1])


def _averaged(losses: Tensor, weights: Any, axis: Any) -> Tensor:
    total = reduce_sum(losses, axis=axis)
    return div_no_nan(total, reduce_sum(weights, axis=axis))


def _summed(losses: Tensor, weights: Any, axis: Any) -> Tensor:
    total = reduce_sum(losses, axis=axis)
    return div_no_nan(total, cast(count_nonzero(weights, axis=axis), total.dtype))
