"""`tf.losses`: weighted losses, collected.

Each takes `weights` (a scalar, or what broadcasts to the losses), adds the result to the
collection `LOSSES`, and reduces as `Reduction` says, by default to the mean over the elements of
nonzero weight.

Source: TF 1.15 python/ops/losses/losses_impl.py, util.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library import arithmetic, array, collections, indexing, math, reductions
from tailrace.library import weights as weighting
from tailrace.library.arguments import either
from tailrace.library.collections import GraphKeys
from tailrace.library.nn import cross_entropy
from tailrace.library.nn.activations import relu


class Reduction:
    """How a loss per element becomes one number."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All reductions there are."""
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: str) -> None:
        """Raises: ValueError for what is no reduction."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}.")


_DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS


# -- what is collected -----------------------------------------------------------------------------


def add_loss(loss: Tensor, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Add a loss to a collection, if one is named."""
    if loss_collection:
        collections.add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """The losses collected, those whose names begin with `scope`."""
    return collections.get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The regularization losses collected."""
    return collections.get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Tensor:
    """The sum of the regularization losses; 0 when there are none."""
    losses = get_regularization_losses(scope)
    return reductions.add_n(losses, name=name) if losses else constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """The sum of all losses collected."""
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope=scope)
    return reductions.add_n(losses, name=name)


# -- reduction -------------------------------------------------------------------------------------


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The losses times their weights, reduced and collected.

    Raises: ValueError when weights do not broadcast or there is no such reduction.
    """
    Reduction.validate(reduction)
    with g.name_scope(scope, "weighted_loss"):
        check = weighting.assert_broadcastable(weights, losses)
        with g.control_dependencies([check]):
            losses = convert_to_tensor(losses)
            dtype = losses.dtype
            losses = arithmetic.cast(losses, dtypes.float32)
            factors = arithmetic.cast(weights, dtypes.float32)
            loss = _reduced(losses, factors, reduction)
            loss = arithmetic.cast(loss, dtype)
            add_loss(loss, loss_collection)
            return loss


def _reduced(losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    weighted = arithmetic.multiply(losses, weights)
    if reduction == Reduction.NONE:
        return weighted
    total = reductions.reduce_sum(weighted)
    if reduction == Reduction.MEAN:
        return _safe_mean(total, reductions.reduce_sum(array.ones_like(losses) * weights))
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        return _safe_mean(total, _num_present(losses, weights))
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        return _safe_mean(total, _num_elements(losses))
    return total


def _safe_mean(losses: Tensor, count: Tensor) -> Tensor:
    return arithmetic.div_no_nan(reductions.reduce_sum(losses), count, name="value")


def _num_elements(losses: Tensor) -> Tensor:
    with g.name_scope(None, "num_elements") as scope:
        return arithmetic.cast(array.size(losses, name=scope), losses.dtype)


def _num_present(losses: Tensor, weights: Any, per_batch: bool = False) -> Tensor:
    """How many elements have a weight that is not 0, in all or in each example."""
    with g.name_scope(None, "num_present") as scope:
        weights = arithmetic.cast(weights, dtypes.float32)
        absent = arithmetic.equal(weights, 0.0)
        zeros, ones = array.zeros_like(weights), array.ones_like(weights)
        present = indexing.where(absent, zeros, ones)
        present = weighting.broadcast_weights(present, losses)
        if not per_batch:
            return reductions.reduce_sum(present, name=scope)
        axes = math.range(1, array.rank(present))
        return reductions.reduce_sum(present, axis=axes, keepdims=True, name=scope)


def _check_given(**given: Any) -> None:
    for name, value in given.items():
        if value is None:
            raise ValueError(f"{name} must not be None.")


def _as_floats(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    """Both as float32. Raises: ValueError when their shapes differ."""
    predictions = arithmetic.cast(predictions, dtypes.float32)
    labels = arithmetic.cast(labels, dtypes.float32)
    predictions.get_shape().assert_is_compatible_with(labels.get_shape())
    return predictions, labels


# -- regression ------------------------------------------------------------------------------------


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """(prediction - label) ** 2."""
    _check_given(labels=labels, predictions=predictions)
    with g.name_scope(scope, "mean_squared_error") as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = arithmetic.squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """|prediction - label|."""
    _check_given(labels=labels, predictions=predictions)
    with g.name_scope(scope, "absolute_difference") as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = arithmetic.abs(arithmetic.subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: float = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """error ** 2 / 2 up to an error of delta, from there on linear."""
    _check_given(labels=labels, predictions=predictions)
    with g.name_scope(scope, "huber_loss") as scope:
        predictions, labels = _as_floats(predictions, labels)
        error = arithmetic.abs(arithmetic.subtract(predictions, labels))
        quadratic = arithmetic.minimum(error, delta)
        linear = arithmetic.subtract(error, quadratic)
        half = convert_to_tensor(0.5, quadratic.dtype)
        squares = arithmetic.multiply(half, arithmetic.multiply(quadratic, quadratic))
        losses = arithmetic.add(squares, arithmetic.multiply(delta, linear))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
    dim: int | None = None,
) -> Tensor:
    """1 - the scalar product along `axis`, of vectors that have unit length."""
    axis = either("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    _check_given(labels=labels, predictions=predictions)
    with g.name_scope(scope, "cosine_distance_loss") as scope:
        predictions, labels = _as_floats(predictions, labels)
        products = arithmetic.multiply(predictions, labels)
        losses = 1 - reductions.reduce_sum(products, axis=(axis,), keepdims=True)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
) -> Tensor:
    """How much differences between pairs of elements of an example differ from the labels'."""
    _check_given(labels=labels, predictions=predictions)
    with g.name_scope(scope, "mean_pairwise_squared_error"):
        weights = arithmetic.cast(weights, dtypes.float32)
        labels = arithmetic.cast(labels, dtypes.float32)
        with g.control_dependencies([weighting.assert_broadcastable(weights, labels)]):
            predictions = arithmetic.cast(predictions, dtypes.float32)
            predictions.get_shape().assert_is_compatible_with(labels.get_shape())
            errors = arithmetic.subtract(predictions, labels)
            loss = _pairwise(errors, weights)
            add_loss(loss, loss_collection)
            return loss


def _pairwise(errors: Tensor, weights: Tensor) -> Tensor:
    axes = math.range(1, array.rank(errors))
    squares = reductions.reduce_sum(math.square(errors), axis=axes, keepdims=True)
    count = _num_present(errors, weights, per_batch=True)
    others = arithmetic.maximum(count - 1, 0)
    first = 2.0 * arithmetic.div_no_nan(squares, others, name="value")
    total = reductions.reduce_sum(errors, axis=axes, keepdims=True)
    squared = math.square(total)
    pairs = arithmetic.maximum(arithmetic.multiply(count, count - 1), 0)
    second = 2.0 * arithmetic.div_no_nan(squared, pairs, name="value")
    loss = reductions.reduce_sum(arithmetic.multiply(first - second, weights))
    some = reductions.reduce_sum(count) > 0
    return indexing.where(some, loss, array.zeros_like(loss), name="value")


# -- classification --------------------------------------------------------------------------------


def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """-z log(p + epsilon) - (1 - z) log(1 - p + epsilon) of probabilities p and labels z."""
    _check_given(labels=labels, predictions=predictions)
    with g.name_scope(scope, "log_loss") as scope:
        predictions, labels = _as_floats(predictions, labels)
        of_ones = -arithmetic.multiply(labels, math.log(predictions + epsilon))
        of_zeros = arithmetic.multiply(1 - labels, math.log(1 - predictions + epsilon))
        losses = of_ones - of_zeros
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """max(0, 1 - z x) of logits x and labels z that are 0 or 1, taken as -1 and 1."""
    _check_given(labels=labels, logits=logits)
    with g.name_scope(scope, "hinge_loss") as scope:
        logits, labels = _as_floats(logits, labels)
        ones = array.ones_like(labels)
        signs = arithmetic.subtract(2 * labels, ones)
        losses = relu(arithmetic.subtract(ones, arithmetic.multiply(signs, logits)))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: Any = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The logistic loss; smoothing moves labels towards 1/2."""
    _check_given(multi_class_labels=multi_class_labels, logits=logits)
    with g.name_scope(scope, "sigmoid_cross_entropy_loss") as scope:
        logits = convert_to_tensor(logits)
        labels = arithmetic.cast(multi_class_labels, logits.dtype)
        logits.get_shape().assert_is_compatible_with(labels.get_shape())
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = cross_entropy.sigmoid_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: Any = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The softmax cross entropy; smoothing moves labels towards one over the classes.

    Shapes: onehot_labels and logits [B, C], weights [] or [B].
    """
    _check_given(onehot_labels=onehot_labels, logits=logits)
    with g.name_scope(scope, "softmax_cross_entropy_loss") as scope:
        logits = convert_to_tensor(logits)
        labels = arithmetic.cast(onehot_labels, logits.dtype)
        logits.get_shape().assert_is_compatible_with(labels.get_shape())
        if label_smoothing > 0:
            classes = arithmetic.cast(array.shape(labels)[-1], logits.dtype)
            of_others = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + of_others
        labels = array.stop_gradient(labels, name="labels_stop_gradient")
        losses = cross_entropy.softmax_cross_entropy_with_logits_v2(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The softmax cross entropy of labels that are class numbers.

    Shapes: labels [B] or [B, 1], logits [B, C], weights [], [B] or [B, 1].
    """
    _check_given(labels=labels, logits=logits)
    with g.name_scope(scope, "sparse_softmax_cross_entropy_loss") as scope:
        labels, logits = weighting.remove_squeezable_dimensions(labels, logits, 1)
        weights = weighting.squeeze_weights(labels, weights)
        losses = cross_entropy.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)
