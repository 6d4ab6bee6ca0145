"""Complex numbers: their parts, conjugates, absolute values and angles.

Source: TF 1.15 core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

import torch

from tailrace.dtypes import COMPLEX, complex64, float32, float64, variant
from tailrace.registry import after_gradient, op, type_attr
from tailrace.shapes import broadcast

_COMPLEX = type_attr(COMPLEX, complex64)
_REAL = type_attr((float32, float64), float32)


def _same_shape(input):
    return [input]


def _complex_like(g, real, imag):
    out = {float32: complex64}.get(real.dtype.base_dtype, COMPLEX[1])
    return g.Complex(real, imag, Tout=out)


def _real(g, x):
    return g.Real(x, Tout=x.dtype.real_dtype)


def _imag(g, x):
    return g.Imag(x, Tout=x.dtype.real_dtype)


@op("Complex", "real: T, imag: T -> out: Tout", T=_REAL, Tout=_COMPLEX, _elementwise=True)
def complex_(real, imag):
    """real + i imag."""
    return torch.complex(*torch.broadcast_tensors(real, imag))


@complex_.shape
def complex_shape(real, imag):
    return [broadcast(real, imag)]


@complex_.gradient
def complex_grad(g, op, dz):
    return g.unbroadcast(op.real, op.imag, lambda: _real(g, dz), lambda: _imag(g, dz))


@op("Real", "input: T -> output: Tout", T=_COMPLEX, Tout=_REAL, _elementwise=True)
def real(input):
    """The real part."""
    return input.real.clone()


@op("Imag", "input: T -> output: Tout", T=_COMPLEX, Tout=_REAL, _elementwise=True)
def imag(input):
    """The imaginary part."""
    return input.imag.clone()


@op("Angle", "input: T -> output: Tout", T=_COMPLEX, Tout=_REAL, _elementwise=True)
def angle(input):
    """The angle, from -pi to pi."""
    return torch.angle(input)


@op("ComplexAbs", "x: T -> y: Tout", T=_COMPLEX, Tout=_REAL, _elementwise=True)
def complex_abs(x):
    """The distance from 0."""
    return torch.abs(x)


@op(
    "Conj",
    "input: T -> output: T",
    T=type_attr((*COMPLEX, variant), complex64),
    _elementwise=True,
)
def conj(input):
    """The complex conjugate."""
    return torch.conj_physical(input) if isinstance(input, torch.Tensor) else input


for _definition in (real, imag, angle, conj):
    _definition.shape(_same_shape)


@complex_abs.shape
def complex_abs_shape(x):
    return [x]


@real.gradient
def real_grad(g, op, dy):
    zero = g.constant(0, dy.dtype)
    return _complex_like(g, dy, zero)


@imag.gradient
def imag_grad(g, op, dy):
    zero = g.constant(0, dy.dtype)
    return _complex_like(g, zero, dy)


@conj.gradient
def conj_grad(g, op, dy):
    return g.conj(dy)


@angle.gradient
@after_gradient
def angle_grad(g, op, dy):
    x = op.input
    re = _real(g, x)
    turned = g.Reciprocal(_complex_like(g, _imag(g, x), re))
    zero = g.constant(0, dy.dtype)
    return -_complex_like(g, dy, zero) * turned


@complex_abs.gradient
def complex_abs_grad(g, op, dy):
    numerator = _complex_like(g, dy, g.zeros_like(dy)) * op.x
    return g.DivNoNan(numerator, _complex_like(g, op.y, g.zeros_like(op.y)), name="div_no_nan")
