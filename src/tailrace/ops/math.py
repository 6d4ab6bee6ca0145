"""Element-wise functions of one tensor.

Source: TF 1.15 core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

import math

import torch

from tailrace import arrays, dtypes
from tailrace.dtypes import ANY, COMPLEX, FLOATS, INEXACT, int8, int16, int32, int64
from tailrace.native import bundles
from tailrace.registry import after_gradient, elementwise, op

SIGNED = (*FLOATS, int32, int64, *COMPLEX)
_FLAT = "a step function: its derivative is 0 wherever it has one"


# -- powers, exponentials, logarithms --------------------------------------------------------------


def abs_grad(g, op, dy):
    return dy * g.Sign(op.x)


def neg_grad(g, op, dy):
    return -dy


def reciprocal_grad(g, op, dy):
    return g.ReciprocalGrad(op.y, dy)


@after_gradient
def square_grad(g, op, dy):
    x = g.conj(op.x)
    two = g.constant(2.0, x.dtype.base_dtype)
    return g.Mul(dy, g.Mul(x, two))


def sqrt_grad(g, op, dy):
    return g.SqrtGrad(op.y, dy)


def rsqrt_grad(g, op, dy):
    return g.RsqrtGrad(op.y, dy)


@after_gradient
def exp_grad(g, op, dy):
    y = g.conj(op.y)
    return dy * y


@after_gradient
def expm1_grad(g, op, dy):
    y = g.Exp(g.conj(op.x))
    return dy * y


@after_gradient
def log_grad(g, op, dy):
    x = g.conj(op.x)
    return dy * g.Reciprocal(x)


@after_gradient
def log1p_grad(g, op, dy):
    x = g.conj(op.x)
    return dy * g.Reciprocal(1 + x)


def sign_kernel(x):
    """-1, 0 or 1; x / |x| of a complex number."""
    return torch.sgn(x)


def sign_grad(g, op, dy):
    x = op.x
    return g.zeros(g.shape(x), x.dtype.base_dtype)


def reciprocal_kernel(x):
    """1 / x; of integers, 0 unless x is 1 or -1."""
    if x.is_floating_point() or x.is_complex():
        return torch.reciprocal(x)
    return torch.div(torch.ones_like(x), x, rounding_mode="trunc")


def round_kernel(x):
    """The nearest whole number, halves to the even one."""
    if x.is_complex():
        return torch.complex(torch.round(x.real), torch.round(x.imag))
    return torch.round(x)


def rsqrt_kernel(x):
    """1 / sqrt(x)."""
    return torch.rsqrt(x)


elementwise("Abs", torch.abs, (*FLOATS, int8, int16, int32, int64), abs_grad, _vector="abs")
elementwise("Neg", torch.neg, SIGNED, neg_grad, _vector="neg", _vanishes="x")
elementwise("Inv", reciprocal_kernel, SIGNED, reciprocal_grad, _vector="reciprocal")
elementwise("Reciprocal", reciprocal_kernel, SIGNED, reciprocal_grad, _vector="reciprocal")
elementwise("Square", torch.square, SIGNED, square_grad, _vector="square")
elementwise("Sqrt", torch.sqrt, INEXACT, sqrt_grad, _vector="sqrt")
elementwise("Rsqrt", rsqrt_kernel, INEXACT, rsqrt_grad, _vector="rsqrt")
elementwise("Exp", torch.exp, INEXACT, exp_grad, _vector="exp")
elementwise("Expm1", torch.expm1, INEXACT, expm1_grad, _vector="expm1")
elementwise("Log", torch.log, INEXACT, log_grad, _vector="log")
elementwise("Log1p", torch.log1p, INEXACT, log1p_grad, _vector="log1p")
elementwise("Sign", sign_kernel, SIGNED, sign_grad, _vector="sign")

for _name, _kernel, _types, _vector in (
    ("Floor", torch.floor, FLOATS, "floor"),
    ("Ceil", torch.ceil, FLOATS, "ceil"),
    ("Round", round_kernel, SIGNED, "round"),
    ("Rint", torch.round, FLOATS, "round"),
):
    elementwise(_name, _kernel, _types, _FLAT, _vector=_vector)


# -- trigonometric and hyperbolic functions --------------------------------------------------------


@after_gradient
def sin_grad(g, op, dy):
    x = g.conj(op.x)
    return dy * g.Cos(x)


@after_gradient
def cos_grad(g, op, dy):
    x = g.conj(op.x)
    return -dy * g.Sin(x)


@after_gradient
def tan_grad(g, op, dy):
    secant = g.Reciprocal(g.Cos(g.conj(op.x)))
    return g.Square(secant) * dy


def _arc_slope(g, x, dy):
    """1 / sqrt(1 - x^2)."""
    square = g.Square(g.conj(x))
    one = g.constant(1, dy.dtype)
    return g.Reciprocal(g.Sqrt(g.Sub(one, square)))


@after_gradient
def asin_grad(g, op, dy):
    slope = _arc_slope(g, op.x, dy)
    return dy * slope


@after_gradient
def acos_grad(g, op, dy):
    slope = _arc_slope(g, op.x, dy)
    return -dy * slope


@after_gradient
def atan_grad(g, op, dy):
    square = g.Square(g.conj(op.x))
    one = g.constant(1, dy.dtype)
    return dy * g.Reciprocal(g.Add(one, square))


@after_gradient
def sinh_grad(g, op, dy):
    x = g.conj(op.x)
    return dy * g.Cosh(x)


@after_gradient
def cosh_grad(g, op, dy):
    x = g.conj(op.x)
    return dy * g.Sinh(x)


@after_gradient
def tanh_grad(g, op, dy):
    return g.TanhGrad(g.conj(op.y), dy)


@after_gradient
def asinh_grad(g, op, dy):
    y = g.conj(op.y)
    return dy / g.Cosh(y)


@after_gradient
def acosh_grad(g, op, dy):
    y = g.conj(op.y)
    return dy / g.Sinh(y)


@after_gradient
def atanh_grad(g, op, dy):
    square = g.Square(g.conj(op.x))
    one = g.constant(1, dy.dtype)
    return dy * g.Reciprocal(g.Sub(one, square))


@after_gradient
def sigmoid_grad(g, op, dy):
    return g.SigmoidGrad(g.conj(op.y), dy)


elementwise("Sin", torch.sin, INEXACT, sin_grad)
elementwise("Cos", torch.cos, INEXACT, cos_grad)
elementwise("Tan", torch.tan, SIGNED, tan_grad)
elementwise("Asin", torch.asin, SIGNED, asin_grad)
elementwise("Acos", torch.acos, SIGNED, acos_grad)
elementwise("Atan", torch.atan, SIGNED, atan_grad)
elementwise("Sinh", torch.sinh, INEXACT, sinh_grad)
elementwise("Cosh", torch.cosh, INEXACT, cosh_grad)
elementwise("Tanh", torch.tanh, INEXACT, tanh_grad, _vector="tanh")
elementwise("Asinh", torch.asinh, INEXACT, asinh_grad)
elementwise("Acosh", torch.acosh, INEXACT, acosh_grad)
elementwise("Atanh", torch.atanh, INEXACT, atanh_grad)
elementwise("Sigmoid", torch.sigmoid, INEXACT, sigmoid_grad, _vector="sigmoid")


# -- error function, truth tests -------------------------------------------------------------------


def erf_grad(g, op, dy):
    slope_at_0 = g.constant(2 / math.sqrt(math.pi), dy.dtype)
    with g.control_dependencies([dy]):
        x = g.conj(op.x)
        return dy * slope_at_0 * g.Exp(-g.Square(x))


def erfc_grad(g, op, dy):
    slope_at_0 = g.constant(-2 / math.sqrt(math.pi), dy.dtype)
    with g.control_dependencies([dy]):
        x = g.conj(op.x)
        return dy * slope_at_0 * g.Exp(-g.Square(x))


elementwise("Erf", torch.erf, FLOATS, erf_grad)
elementwise("Erfc", torch.erfc, FLOATS, erfc_grad)


def _truth_test(name, kernel, vector):
    facts = {"_elementwise": True, "_vector": vector}
    definition = op(name, "x: T -> y: bool", T=FLOATS, **facts)(kernel)
    definition.shape(lambda x: [x])
    definition.no_gradient("a truth value does not vary smoothly")


_truth_test("IsFinite", torch.isfinite, "is_finite")
_truth_test("IsInf", torch.isinf, "is_inf")
_truth_test("IsNan", torch.isnan, "is_nan")


# -- casts -----------------------------------------------------------------------------------------


@op(
    "Cast",
    "x: SrcT -> y: DstT",
    SrcT=ANY,
    DstT=ANY,
    Truncate=False,
    _elementwise=True,
    _static=True,
)
def cast(x, *, DstT):
    """The elements as another type; fractions are cut off, imaginary parts dropped."""
    return _cast(x, arrays.torch_dtype(DstT))


def _cast(x, dtype):
    if x.is_complex() and not dtype.is_complex:
        x = x.real if dtype is not torch.bool else x != 0
    return x.to(dtype, copy=True)


@cast.bind
def cast_bind(attrs):
    dtype = arrays.torch_dtype(attrs["DstT"])
    if attrs["SrcT"].is_complex or attrs["SrcT"] is attrs["DstT"]:
        return None
    return lambda x: x.to(dtype)


@cast.vectorized
def cast_vector(x, *, SrcT, DstT):
    if SrcT is DstT:
        return None
    kind = "mask" if DstT is dtypes.bool else "float" if DstT in FLOATS else "int"
    return f"to_{kind}"


@cast.small
def cast_small(x, *, DstT):
    if x.dtype.is_floating and DstT.is_integer:
        return None
    return bundles.Instruction("cast", (0,), (math.prod(x),))


@cast.repeats
def cast_repeats(x, *, SrcT, DstT):
    return 0 if SrcT is DstT else None


@cast.shape
def cast_shape(x):
    return [x]


@cast.gradient
def cast_grad(g, op, dy):
    source = op.x.dtype.base_dtype
    if source in INEXACT and dy.dtype.base_dtype in INEXACT:
        return g.cast(dy, source)
    return None
