"""`tf.contrib.losses`: weighted means of losses, predictions before labels.

Each adds its mean to the collection of losses. Weights [1], [B] or [B, d1, ..., dK] apply to the
sums over the dimensions they do not have; a mean is over what has a weight other than zero.

Source: TF 1.15 contrib/losses/python/losses/loss_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor
from tailrace.library import array
from tailrace.library.arithmetic import (
    abs,
    cast,
    div,
    div_no_nan,
    equal,
    multiply,
    not_equal,
    squared_difference,
    subtract,
)
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.indexing import slice, where
from tailrace.library.math import log
from tailrace.library.nn.activations import relu
from tailrace.library.nn.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from tailrace.library.reductions import add_n, reduce_prod, reduce_sum
from tailrace.library.scopes import name_scope

_FLOAT = dtypes.float32


def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """The weighted mean of losses [B, d1, ..., dN], a scalar.

    Raises: ValueError when the rank of losses or weights is not known.
    """
    with name_scope(scope, "weighted_loss", [losses, weights]):
        losses = convert_to_tensor(losses)
        given = losses.dtype
        losses = cast(losses, _FLOAT)
        weights = cast(convert_to_tensor(weights), _FLOAT)
        _rank(losses, "losses")
        if _rank(weights, "weights") > 1 and weights.get_shape()[-1].is_compatible_with(1):
            weights = array.squeeze(weights, [-1])
        total = _scaled_sum(losses, weights)
        count = _weighted_count(losses, weights)
        mean = div_no_nan(reduce_sum(total), count, name="value")
        mean = cast(mean, given)
        add_loss(mean)
        return mean


def _rank(tensor: Tensor, what: str = "") -> int:
    rank = tensor.get_shape().ndims
    if rank is None:
        raise ValueError(f"{what}.get_shape().ndims cannot be None")
    return rank


def _scaled_sum(losses: Tensor, weights: Tensor) -> Tensor:
    axes = list(range(_rank(weights), _rank(losses)))
    return reduce_sum(multiply(reduce_sum(losses, axis=axes), weights))


def _weighted_count(losses: Tensor, weights: Tensor) -> Tensor:
    """How many losses have a weight other than zero."""
    rank = _rank(weights)
    if rank == 0:
        batch = array.reshape(slice(array.shape(losses), [0], [1]), [])
        each = div(cast(array.size(losses), _FLOAT), cast(batch, _FLOAT))
        each = where(equal(weights, 0), 0.0, each)
        return reduce_sum(multiply(array.ones(array.reshape(batch, [1])), each))
    present = reduce_sum(cast(not_equal(weights, 0), _FLOAT), axis=list(range(1, rank)))
    rest = slice(array.shape(losses), [rank], [-1])
    return reduce_sum(multiply(present, cast(reduce_prod(rest), _FLOAT)))


@add_arg_scope
def add_loss(loss: Tensor, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Put a loss into the collection, if there is one."""
    if loss_collection:
        add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """The losses so far, or those whose names begin with `scope`."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The penalties of regularizers so far, or those whose names begin with `scope`."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> Tensor:
    """The sum of all losses, penalties of regularizers among them unless told otherwise."""
    losses = get_losses()
    if add_regularization_losses:
        losses = losses + get_regularization_losses()
    return add_n(losses, name=name)


def _check_same_shape(predictions: Any, labels: Any) -> None:
    predictions.get_shape().assert_is_compatible_with(labels.get_shape())


def absolute_difference(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The weighted mean of |predictions - labels|."""
    with name_scope(scope, "absolute_difference", [predictions, labels, weights]) as inner:
        _check_same_shape(predictions, labels)
        predictions, labels = cast(predictions, _FLOAT), cast(labels, _FLOAT)
        return compute_weighted_loss(abs(subtract(predictions, labels)), weights, scope=inner)


def sigmoid_cross_entropy(
    logits: Any,
    multi_class_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """The weighted mean cross entropy of independent classes; smoothing moves labels towards ½."""
    args = [logits, multi_class_labels, weights]
    with name_scope(scope, "sigmoid_cross_entropy_loss", args) as inner:
        _check_same_shape(logits, multi_class_labels)
        labels = cast(multi_class_labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=inner)


def softmax_cross_entropy(
    logits: Any,
    onehot_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """The weighted mean cross entropy; smoothing moves labels towards 1/classes."""
    args = [logits, onehot_labels, weights]
    with name_scope(scope, "softmax_cross_entropy_loss", args) as inner:
        _check_same_shape(logits, onehot_labels)
        labels = cast(onehot_labels, logits.dtype)
        if label_smoothing > 0:
            classes = cast(array.shape(labels)[1], logits.dtype)
            positive, negative = 1.0 - label_smoothing, label_smoothing / classes
            labels = labels * positive + negative
        losses = softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=inner)


def sparse_softmax_cross_entropy(
    logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The weighted mean cross entropy, labels [B] or [B, 1] as numbers of classes."""
    args = [logits, labels, weights]
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", args) as inner:
        labels = array.reshape(labels, shape=[array.shape(labels)[0]])
        losses = sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope=inner)


def log_loss(
    predictions: Any,
    labels: Any = None,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
) -> Tensor:
    """The weighted mean of -y·log(p + ε) - (1 - y)·log(1 - p + ε)."""
    with name_scope(scope, "log_loss", [predictions, labels, weights]) as inner:
        _check_same_shape(predictions, labels)
        predictions, labels = cast(predictions, _FLOAT), cast(labels, _FLOAT)
        yes = -multiply(labels, log(predictions + epsilon))
        losses = yes - multiply(1 - labels, log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope=inner)


def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Tensor:
    """max(0, 1 - y·logit) for each element, y = ±1 for labels 1 and 0; not added to the losses."""
    with name_scope(scope, "hinge_loss", [logits, labels]):
        _check_same_shape(logits, labels)
        labels = cast(labels, _FLOAT)
        ones = array.ones_like(labels)
        signs = subtract(2 * labels, ones)
        return relu(subtract(ones, multiply(signs, logits)))


def mean_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The weighted mean of (predictions - labels)²."""
    with name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as inner:
        _check_same_shape(predictions, labels)
        predictions, labels = cast(predictions, _FLOAT), cast(labels, _FLOAT)
        losses = squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, scope=inner)


def cosine_distance(
    predictions: Any,
    labels: Any = None,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    dim: int | None = None,
) -> Tensor:
    """The weighted mean of 1 - Σ predictions·labels along `axis`, for vectors of length one.

    Raises: ValueError without an axis.
    """
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    with name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as inner:
        _check_same_shape(predictions, labels)
        predictions, labels = cast(predictions, _FLOAT), cast(labels, _FLOAT)
        losses = 1 - reduce_sum(multiply(predictions, labels), axis=[axis])
        return compute_weighted_loss(losses, weights, scope=inner)
