"""Gradients of element-wise functions that are operations of their own: `TanhGrad(y, dy)`, ...

Source: TF 1.15 core/ops/math_ops.cc, core/kernels/cwise_ops_gradients.h, python/ops/math_grad.py.
"""

from __future__ import annotations

import torch

from tailrace.dtypes import INEXACT
from tailrace.registry import after_gradient, op
from tailrace.shapes import merge


def _gradient_op(name, kernel, rule, vector):
    facts = {"_elementwise": True, "_vector": vector, "_vanishes": "dy"}
    definition = op(name, "y: T, dy: T -> z: T", T=INEXACT, **facts)(kernel)
    definition.shape(_same_shape)
    definition.gradient(rule)


def _same_shape(y, dy):
    return [merge(y, dy)]


def _conj(x):
    return x.conj().resolve_conj() if x.is_complex() else x


_tanh_backward = torch.ops.aten.tanh_backward.default
_sigmoid_backward = torch.ops.aten.sigmoid_backward.default


def tanh_grad(y, dy):
    """The gradient of tanh: dy (1 - y^2), y = tanh(x)."""
    return dy * (1 - y * y) if y.is_complex() else _tanh_backward(dy, y)


@after_gradient
def tanh_grad_grad(g, op, dz):
    y = g.conj(op.y)
    dy = g.conj(op.dy)
    return dz * -2.0 * dy * y, g.TanhGrad(y, dz)


def sigmoid_grad(y, dy):
    """The gradient of the logistic function: dy y (1 - y), y = sigmoid(x)."""
    return dy * y * (1 - y) if y.is_complex() else _sigmoid_backward(dy, y)


@after_gradient
def sigmoid_grad_grad(g, op, dz):
    y = g.conj(op.y)
    dy = g.conj(op.dy)
    both = dz * dy
    return both - 2.0 * both * y, g.SigmoidGrad(y, dz)


def sqrt_grad(y, dy):
    """The gradient of the square root: dy / (2 y), y = sqrt(x)."""
    return 0.5 * dy / _conj(y)


@after_gradient
def sqrt_grad_grad(g, op, dz):
    ratio = dz / op.y
    return -g.conj(ratio) * op.z, 0.5 * ratio


def rsqrt_grad(y, dy):
    """The gradient of 1 / sqrt(x): -dy y^3 / 2, y = 1 / sqrt(x)."""
    y = _conj(y)
    return -0.5 * dy * y * y * y


@after_gradient
def rsqrt_grad_grad(g, op, dz):
    y = g.conj(op.y)
    grad_y = -1.5 * g.conj(dz) * op.dy * g.Square(y)
    return grad_y, g.RsqrtGrad(y, dz)


def reciprocal_grad(y, dy):
    """The gradient of 1 / x: -dy y^2, y = 1 / x."""
    y = _conj(y)
    return -dy * y * y


@after_gradient
def reciprocal_grad_grad(g, op, dz):
    y = g.conj(op.y)
    grad_y = g.conj(dz) * -2.0 * op.dy * y
    return grad_y, g.ReciprocalGrad(y, dz)


_gradient_op("TanhGrad", tanh_grad, tanh_grad_grad, "tanh_grad")
_gradient_op("SigmoidGrad", sigmoid_grad, sigmoid_grad_grad, "sigmoid_grad")
_gradient_op("SqrtGrad", sqrt_grad, sqrt_grad_grad, "sqrt_grad")
_gradient_op("RsqrtGrad", rsqrt_grad, rsqrt_grad_grad, "rsqrt_grad")
_gradient_op("ReciprocalGrad", reciprocal_grad, reciprocal_grad_grad, "reciprocal_grad")
_gradient_op("InvGrad", reciprocal_grad, reciprocal_grad_grad, "reciprocal_grad")
