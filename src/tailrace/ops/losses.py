"""Softmax and the cross entropies of classification.

The cross entropies give the gradient along with the loss, since both come from one softmax.

Source: TF 1.15 core/ops/nn_ops.cc, core/kernels/xent_op.h, sparse_xent_op.h, python/ops/nn_grad.py.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from tailrace.dtypes import FLOATS, INDEX, int64
from tailrace.errors import ShapeError, invalid
from tailrace.native import bundles, cross_entropy
from tailrace.registry import fused, op, type_attr
from tailrace.shapes import Shape, agree, at_least_rank, broadcast, merge, with_rank

_SECOND_DERIVATIVE = (
    "Currently there is no way to take the second derivative of "
    "sparse_softmax_cross_entropy_with_logits due to the fused implementation's interaction with "
    "tf.gradients()"
)


@op("Softmax", "logits: T -> softmax: T", T=FLOATS)
def softmax(logits):
    """exp(x) over its sum along the last dimension."""
    return torch.softmax(logits, -1)


@softmax.shape
def softmax_shape(logits):
    return [at_least_rank(logits, 1)]


def _small(logarithms):
    def rule(logits):
        rows = prod(logits[:-1])
        return bundles.Instruction("softmax", (0,), (logarithms, rows, logits[-1]))

    return rule


softmax.small(_small(False))


@softmax.gradient
def softmax_gradient(g, op, dy):
    y = op.softmax
    total = g.Sum(dy * y, -1, keep_dims=True)
    return (dy - total) * y


@op("LogSoftmax", "logits: T -> logsoftmax: T", T=FLOATS)
def log_softmax(logits):
    """x - log(sum(exp(x))) along the last dimension."""
    return torch.log_softmax(logits, -1)


log_softmax.shape(softmax_shape)
log_softmax.small(_small(True))


@log_softmax.gradient
def log_softmax_gradient(g, op, dy):
    softmax = g.Exp(op.logsoftmax)
    return dy - g.Sum(dy, -1, keep_dims=True) * softmax


# -- cross entropy ---------------------------------------------------------------------------------


@op(
    "SoftmaxCrossEntropyWithLogits",
    "features: T, labels: T -> loss: T, backprop: T",
    T=FLOATS,
    _scored=("SoftmaxLoss", "SoftmaxScaledGradient"),
)
def softmax_xent(features, labels):
    """-sum(labels * log_softmax(features)) of each row, and its gradient softmax - labels.

    Shapes: features and labels broadcast to [B, C] -> loss [B], backprop [B, C].
    """
    logs = torch.log_softmax(features, -1)
    loss = -(labels * logs).sum(-1)
    backprop = torch.softmax(features, -1) - labels
    return loss.expand(backprop.shape[0]), backprop


@softmax_xent.shape
def softmax_xent_shape(features, labels):
    if _could_be_matrices(features, labels):
        both = merge(with_rank(features, 2), labels)
        return [[both[0]], both]
    both = broadcast(features, labels)
    if both.dims is None or len(both) != 2:
        raise ShapeError(f"features {features} and labels {labels} do not broadcast to a matrix")
    return [[both[0]], both]


def _could_be_matrices(a: Shape, b: Shape) -> bool:
    """Whether both may be matrices of one shape."""
    if a.dims is None or b.dims is None:
        return {2, None} >= {a.rank, b.rank}
    same = all(None in pair or pair[0] == pair[1] for pair in zip(a.dims, b.dims, strict=False))
    return len(a) == len(b) == 2 and same


@softmax_xent.gradient
def softmax_xent_gradient(g, op, d_loss, d_backprop):
    grad = _times_rows(g, d_loss, op.backprop)
    logits = op.features
    if d_backprop is not None and not _is_zero(g, d_backprop):
        softmax = g.Softmax(logits)
        row, column = g.ExpandDims(d_backprop, 1), g.ExpandDims(softmax, 2)
        inner = g.Squeeze(g.BatchMatMulV2(row, column, name="MatMul"), squeeze_dims=[1])
        grad = grad + (d_backprop - inner) * softmax
    return grad, _times_rows(g, d_loss, -g.LogSoftmax(logits))


def _times_rows(g: Any, vector: Any, matrix: Any) -> Any:
    """Each row of the matrix times its entry of the vector."""
    return g.ExpandDims(vector, -1) * matrix


def _is_zero(g: Any, tensor: Any) -> bool:
    if tensor.op.type == "ZerosLike":
        return True
    value = g.known(tensor)
    return value is not None and bool((value == 0).all())


@op(
    "SparseSoftmaxCrossEntropyWithLogits",
    "features: T, labels: Tlabels -> loss: T, backprop: T",
    T=FLOATS,
    Tlabels=type_attr(INDEX, int64),
    _scored=("SparseSoftmaxLoss", "SparseSoftmaxScaledGradient"),
)
def sparse_softmax_xent(features, labels):
    """-log_softmax(features)[label] of each row, and its gradient.

    Shapes: features [B, C], labels [B] -> loss [B], backprop [B, C].
    """
    if features.dim() != 2 or labels.dim() != 1 or len(labels) != len(features):
        raise invalid(
            "logits and labels must have the same first dimension, got logits shape "
            f"{list(features.shape)} and labels shape {list(labels.shape)}"
        )
    logs = torch.log_softmax(features, -1)
    index = labels.to(torch.int64).unsqueeze(1)
    try:
        loss = -logs.gather(1, index).squeeze(1)
    except (RuntimeError, IndexError):
        raise _bad_label(labels, features.shape[1]) from None
    backprop = torch.softmax(features, -1)
    backprop.scatter_add_(1, index, backprop.new_full((1, 1), -1.0).expand(index.shape))
    return loss, backprop


def _bad_label(labels: torch.Tensor, classes: int) -> Exception:
    values = labels.tolist()
    wrong = next((v for v in values if not 0 <= v < classes), None)
    return invalid(
        f"Received a label value of {wrong} which is outside the valid range of [0, {classes}).  "
        f"Label values: {' '.join(map(str, values))}"
    )


@sparse_softmax_xent.shape
def sparse_softmax_xent_shape(features, labels):
    features, labels = with_rank(features, 2), with_rank(labels, 1)
    batch = agree(features[0], labels[0], "first dimensions of logits and labels")
    return [[batch], [batch, features[1]]]


@sparse_softmax_xent.gradient
def sparse_softmax_xent_gradient(g, op, d_loss, _):
    once = g.PreventGradient(op.backprop, message=_SECOND_DERIVATIVE)
    return _times_rows(g, d_loss, once), None


# -- the same in one pass, for plans ---------------------------------------------------------------


@fused("SoftmaxLoss", "features: T, labels: T -> loss: T", T=FLOATS)
def softmax_loss(features, labels):
    """The loss of softmax_xent alone."""
    loss = cross_entropy.loss(features, None, labels)
    return softmax_xent(features, labels)[0] if loss is None else loss


@fused("SparseSoftmaxLoss", "features: T, labels: Tlabels -> loss: T", T=FLOATS, Tlabels=INDEX)
def sparse_softmax_loss(features, labels):
    """The loss of sparse_softmax_xent alone."""
    try:
        loss = cross_entropy.loss(features, None, labels)
    except cross_entropy.WrongLabel:
        raise _bad_label(labels, features.shape[1]) from None
    return sparse_softmax_xent(features, labels)[0] if loss is None else loss


_SCALED = "factor: T, bias: B*T -> loss: T, backprop: T, bias_backprop: B*T"


@fused(
    "SoftmaxScaledGradient",
    f"features: T, labels: T, {_SCALED}",
    T=FLOATS,
    in_place=False,
    _consumes="features",
)
def softmax_scaled_gradient(features, labels, factor, bias, *, in_place):
    """softmax_xent of features + bias; the gradient times `factor`, and the sum of its rows where
    there is a bias.

    Shapes: as softmax_xent; factor [B, 1] or one number, bias [C].
    """
    return _scaled_gradient(softmax_xent, features, labels, factor, bias, in_place)


@fused(
    "SparseSoftmaxScaledGradient",
    f"features: T, labels: Tlabels, {_SCALED}",
    T=FLOATS,
    Tlabels=INDEX,
    in_place=False,
    _consumes="features",
)
def sparse_softmax_scaled_gradient(features, labels, factor, bias, *, in_place):
    """As softmax_scaled_gradient, of sparse_softmax_xent."""
    try:
        return _scaled_gradient(sparse_softmax_xent, features, labels, factor, bias, in_place)
    except cross_entropy.WrongLabel:
        raise _bad_label(labels, features.shape[1]) from None


def _scaled_gradient(kernel, features, labels, factor, bias, in_place):
    results = cross_entropy.loss_and_gradient(
        features, bias[0] if bias else None, labels, factor, in_place
    )
    if results is not None:
        return results
    loss, backprop = kernel(features + bias[0] if bias else features, labels)
    backprop *= factor
    return (loss, backprop, backprop.sum(0)) if bias else (loss, backprop)


@softmax_loss.shape
@sparse_softmax_loss.shape
def loss_shape(features, labels):
    return [features[:1]]


@softmax_scaled_gradient.shape
@sparse_softmax_scaled_gradient.shape
def scaled_gradient_shape(features, labels, factor, bias):
    return [features[:1], features, *bias]
