"""`tf.nn`: losses of classification and counting.

Source: TF 1.15 python/ops/nn_ops.py, nn_impl.py.
"""

from __future__ import annotations

from math import pi
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library import arithmetic, array, checks, indexing, math
from tailrace.library.arguments import either
from tailrace.library.nn.activations import relu
from tailrace.shapes import TensorShape


def _check_given(name: str, sentinel: Any, labels: Any, logits: Any) -> None:
    if sentinel is not None:
        raise ValueError(f"Only call `{name}` with named arguments (labels=..., logits=..., ...)")
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def _check_same_shape(a: Tensor, b: Tensor, what: str) -> None:
    if not a.get_shape().is_compatible_with(b.get_shape()):
        raise ValueError(f"{what} must have the same shape ({a.get_shape()} vs {b.get_shape()})")


def _half(tensor: Tensor) -> bool:
    return tensor.dtype in (dtypes.float16, dtypes.bfloat16)


# -- softmax ---------------------------------------------------------------------------------------


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: Any = None,
    logits: Any = None,
    dim: int = -1,
    name: str | None = None,
    axis: int | None = None,
) -> Tensor:
    """-sum(labels * log_softmax(logits)) along `dim`; no gradient flows to the labels.

    Raises: ValueError when labels or logits are missing or given by position.
    """
    # TF: dim has a default, so that giving axis always is giving both
    dim = either("axis", axis, "dim", dim)
    _check_given("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with g.name_scope(name, "softmax_cross_entropy_with_logits_sg") as scope:
        labels = array.stop_gradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels, logits, axis=dim, name=scope)


def softmax_cross_entropy_with_logits_v2(
    labels: Any,
    logits: Any,
    axis: int | None = None,
    name: str | None = None,
    dim: int | None = None,
) -> Tensor:
    """-sum(labels * log_softmax(logits)) along `axis`, by default the last.

    Shapes: logits and labels [..., C] -> [...].
    """
    axis = either("axis", axis, "dim", dim)
    axis = -1 if axis is None else axis
    with g.name_scope(name, "softmax_cross_entropy_with_logits") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        precise = arithmetic.cast(logits, dtypes.float32) if _half(logits) else logits
        labels = arithmetic.cast(labels, precise.dtype)
        rank = array.rank(precise)
        if axis != -1:
            precise = _move_to_end(precise, axis, rank)
            labels = _move_to_end(labels, axis, rank)
        shape = array.shape(precise)
        flat = _as_matrix(precise)
        cost, _ = g.SoftmaxCrossEntropyWithLogits(flat, _as_matrix(labels), name=scope)
        cost = array.reshape(cost, indexing.slice(shape, [0], [arithmetic.subtract(rank, 1)]))
        if logits.shape.ndims is not None:
            dims = logits.shape.as_list()
            del dims[axis]
            cost.set_shape(dims)
        return arithmetic.cast(cost, logits.dtype) if _half(logits) else cost


def _move_to_end(tensor: Tensor, axis: int, rank: Tensor) -> Tensor:
    before, after = math.range(axis), math.range(axis + 1, rank)
    return array.transpose(tensor, array.concat([before, after, [axis]], 0))


def _as_matrix(logits: Tensor) -> Tensor:
    """The rows along the last dimension, however many dimensions there are before it."""
    rank = array.rank(logits)
    width = indexing.slice(array.shape(logits), [arithmetic.subtract(rank, 1)], [1])
    output = array.reshape(logits, array.concat([[-1], width], 0))
    shape = logits.shape
    if shape.ndims is not None and shape[:-1].is_fully_defined():
        output.set_shape([shape[:-1].num_elements(), shape[-1]])
    return output


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """-log_softmax(logits)[label] along the last dimension.

    Shapes: logits [..., C], labels [...] of classes -> [...].
    Raises: ValueError when the shapes do not go together.
    """
    _check_given("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with g.name_scope(name, "SparseSoftmaxCrossEntropyWithLogits"):
        labels, logits = convert_to_tensor(labels), convert_to_tensor(logits)
        is_half = logits.dtype is dtypes.float16
        precise = arithmetic.cast(logits, dtypes.float32) if is_half else logits
        label_shape = array.shape(labels)
        static = labels.shape.is_fully_defined() and logits.shape[:-1].is_fully_defined()
        _check_sparse_shapes(labels.shape, logits.shape, static)
        if logits.shape.ndims == 2:
            cost, _ = g.SparseSoftmaxCrossEntropyWithLogits(precise, labels, name=name)
            return arithmetic.cast(cost, dtypes.float16) if is_half else cost
        shape_checks = []
        if not static:
            of_labels, of_logits = array.shape(labels), array.shape(logits)[:-1]
            shape_checks.append(checks.assert_equal(of_labels, of_logits))
        with g.control_dependencies(shape_checks):
            cost = _sparse_flat(precise, labels, logits, label_shape, name)
            return arithmetic.cast(cost, dtypes.float16) if is_half else cost


def _sparse_flat(
    precise: Tensor, labels: Tensor, logits: Tensor, label_shape: Tensor, name: str | None
) -> Tensor:
    classes = array.shape(logits)[array.rank(logits) - 1]
    matrix = array.reshape(precise, [-1, classes])
    vector = array.reshape(labels, [-1])
    cost, _ = g.SparseSoftmaxCrossEntropyWithLogits(matrix, vector, name=name)
    cost = array.reshape(cost, label_shape)
    cost.set_shape(labels.shape)
    return cost


def _check_sparse_shapes(labels: TensorShape, logits: TensorShape, static: bool) -> None:
    if logits.ndims == 0:
        raise ValueError(f"Logits cannot be scalars - received shape {logits}.")
    if None not in (logits.ndims, labels.ndims) and labels.ndims != logits.ndims - 1:  # type: ignore[operator]
        raise ValueError(
            f"Rank mismatch: Rank of labels (received {labels.ndims}) should equal rank of logits "
            f"minus 1 (received {logits.ndims})."
        )
    if static and labels != logits[:-1]:
        raise ValueError(
            f"Shape mismatch: The shape of labels (received {labels}) should equal the shape of "
            f"logits except for the last dimension (received {logits})."
        )


# -- logistic --------------------------------------------------------------------------------------


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """max(x, 0) - x z + log(1 + exp(-|x|)) of logits x and labels z, element by element.

    Raises: ValueError when the shapes differ or an argument is missing.
    """
    _check_given("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with g.name_scope(name, "logistic_loss") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _check_same_shape(logits, labels, "logits and labels")
        zeros = array.zeros_like(logits, dtype=logits.dtype)
        positive = logits >= zeros
        rectified = indexing.where(positive, logits, zeros)
        negative = indexing.where(positive, -logits, logits)
        linear = rectified - logits * labels
        return arithmetic.add(linear, math.log1p(math.exp(negative)), name=scope)


def weighted_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    pos_weight: Any = None,
    name: str | None = None,
    targets: Any = None,
) -> Tensor:
    """The logistic loss with positive examples weighted by `pos_weight`.

    (1 - z) x + (1 + (q - 1) z) (log(1 + exp(-|x|)) + max(-x, 0)) of logits x, labels z, weight q.
    """
    labels = either("labels", labels, "targets", targets)
    with g.name_scope(name, "logistic_loss") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _check_same_shape(logits, labels, "logits and labels")
        weight = 1 + (pos_weight - 1) * labels
        linear = (1 - labels) * logits
        log_part = math.log1p(math.exp(-arithmetic.abs(logits)))
        return arithmetic.add(linear, weight * (log_part + relu(-logits)), name=scope)


# -- counts ----------------------------------------------------------------------------------------


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """exp(c) - c z of log-rates c and counts z, with Stirling's term for log(z!) if wanted."""
    with g.name_scope(name, "log_poisson_loss"):
        log_input = convert_to_tensor(log_input, name="log_input")
        targets = convert_to_tensor(targets, name="targets")
        _check_same_shape(log_input, targets, "log_input and targets")
        result = math.exp(log_input) - log_input * targets
        if not compute_full_loss:
            return result
        dtype = targets.dtype
        half, two_pi = constant(0.5, dtype), constant(2 * pi, dtype)
        stirling = targets * math.log(targets) - targets + half * math.log(two_pi * targets)
        zeros, ones = array.zeros_like(targets, dtype), array.ones_like(targets, dtype)
        small = arithmetic.logical_and(targets >= zeros, targets <= ones)
        return result + indexing.where(small, zeros, stirling)
