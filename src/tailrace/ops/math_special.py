"""Special functions: gamma, zeta, Bessel functions, the incomplete gamma and beta functions.

Source: TF 1.15 core/ops/math_ops.cc, python/ops/math_grad.py; W. Press et al., "Numerical Recipes"
(continued fractions of the incomplete gamma and beta functions).
"""

from __future__ import annotations

import torch

from tailrace.dtypes import COMPLEX, FLOATS, float16, float32, float64
from tailrace.registry import after_gradient, elementwise, elementwise_binary, op, type_attr
from tailrace.shapes import broadcast, merge

_PLAIN = (float32, float64)
_NO_NAN = (float16, float32, float64, *COMPLEX)
_TERMS = 2000  # of a series or continued fraction, at most
_TINY = 1e-300


# -- gamma and its logarithmic derivatives ---------------------------------------------------------


def digamma_kernel(x):
    """The derivative of lgamma; infinite at 0, -1, -2, ..."""
    at_pole = (x <= 0) & (x == torch.floor(x))
    return torch.where(at_pole, torch.inf, torch.digamma(x))


def polygamma_kernel(a, x):
    """The derivative of digamma of order a; NaN unless a is 0, 1, 2, ..."""
    order = torch.where((a < 0) | (a != torch.floor(a)), torch.nan, a)
    sign = 1 - 2 * torch.fmod(order + 1, 2)
    higher = sign * torch.exp(torch.lgamma(order + 1)) * zeta_kernel(order + 1, x)
    return torch.where(order == 0, digamma_kernel(x), higher)


def zeta_kernel(x, q):
    """The Hurwitz zeta function, the sum over k of (q + k)^-x."""
    return torch.special.zeta(x, q)


@after_gradient
def lgamma_grad(g, op, dy):
    x = g.conj(op.x)
    return dy * g.Digamma(x)


@after_gradient
def digamma_grad(g, op, dy):
    x = g.conj(op.x)
    slope = g.Polygamma(g.constant(1, x.dtype.base_dtype), x)
    return dy * slope


def polygamma_grad(g, op, dz):
    shape_a, shape_x = g.shape(op.a), g.shape(op.x)
    _, axes = g.BroadcastGradientArgs(shape_a, shape_x)
    with g.control_dependencies([dz]):
        slope = g.Polygamma(g.conj(op.a) + 1, g.conj(op.x))
        return None, g.Reshape(g.Sum(slope * dz, axes), shape_x)


def zeta_grad(g, op, dz):
    shape_x, shape_q = g.shape(op.x), g.shape(op.q)
    _, axes = g.BroadcastGradientArgs(shape_x, shape_q)
    with g.control_dependencies([dz]):
        x, q = g.conj(op.x), g.conj(op.q)
        slope = -x * g.Zeta(x + 1, q)
        return None, g.Reshape(g.Sum(slope * dz, axes), shape_q)


elementwise("Lgamma", torch.lgamma, FLOATS, lgamma_grad)
elementwise("Digamma", digamma_kernel, FLOATS, digamma_grad)


def _binary(name, names, kernel, rule):
    first, second = names
    signature = f"{first}: T, {second}: T -> z: T"
    definition = op(name, signature, T=_PLAIN, _elementwise=True)(kernel)
    definition.shape(lambda x, y: [broadcast(x, y)])
    if rule is not None:
        definition.gradient(rule)


_binary("Polygamma", "ax", polygamma_kernel, polygamma_grad)
_binary("Zeta", "xq", zeta_kernel, zeta_grad)


# -- Bessel functions ------------------------------------------------------------------------------


@after_gradient
def bessel_i0e_grad(g, op, dy):
    slope = g.BesselI1e(op.x) - g.Sign(op.x) * op.y
    return dy * slope


@after_gradient
def bessel_i1e_grad(g, op, dy):
    """The slope at 0 is 1/2, where the formula divides by 0."""
    x, y = op.x, op.y
    smallest = torch.finfo(getattr(torch, x.dtype.base_dtype.name)).eps
    zeros = g.zeros_like(x)
    not_tiny = g.Greater(g.Abs(x), smallest)
    safe_x = g.Select(not_tiny, x, smallest + zeros)
    slope = g.BesselI0e(safe_x) - y * (g.Sign(safe_x) + g.Reciprocal(safe_x))
    slope = g.Select(not_tiny, slope, 0.5 + zeros)
    return dy * slope


elementwise("BesselI0e", torch.special.i0e, FLOATS, bessel_i0e_grad)
elementwise("BesselI1e", torch.special.i1e, FLOATS, bessel_i1e_grad)


# -- the incomplete gamma function -----------------------------------------------------------------


def igamma_kernel(a, x):
    """The share of the gamma function's integral that lies below x."""
    return _in_domain(torch.special.gammainc(a, x), a, x)


def igammac_kernel(a, x):
    """The share of the gamma function's integral that lies above x."""
    return _in_domain(torch.special.gammaincc(a, x), a, x)


def _in_domain(value, a, x):
    return torch.where((a <= 0) | (x < 0), torch.nan, value)


def igamma_grad_a_kernel(a, x):
    """The derivative of igamma by a, computed in float64."""
    dtype = torch.result_type(a, x)
    a, x = torch.broadcast_tensors(a.double(), x.double())
    below = (x <= 1) | (x <= a)
    positive = (a > 0) & (x > 0)
    a_series, x_series = _only(positive & below, a, x)
    a_fraction, x_fraction = _only(positive & ~below, a, x, other=3.0)
    value = torch.where(
        below, _series_slope(a_series, x_series), -_fraction_slope(a_fraction, x_fraction)
    )
    value = torch.where(x == 0, 0.0, value)
    return _in_domain(value, a, x).to(dtype)


def _only(where, a, x, other=1.0):
    """Arguments that matter, harmless ones elsewhere."""
    return torch.where(where, a, 1.0), torch.where(where, x, other)


def _series_slope(a, x):
    """d/da of the power series x^a e^-x / gamma(a + 1) * (1 + x/(a+1) + x^2/((a+1)(a+2)) + ...)."""
    term, total = torch.ones_like(a), torch.ones_like(a)
    d_term, d_total = torch.zeros_like(a), torch.zeros_like(a)
    for n in range(1, _TERMS):
        ratio = x / (a + n)
        d_term = d_term * ratio - term * ratio / (a + n)
        term = term * ratio
        total = total + term
        d_total = d_total + d_term
        if bool((d_term.abs() <= 1e-17 * d_total.abs()).all() & (term <= 1e-17 * total).all()):
            break
    scale = torch.exp(a * torch.log(x) - x - torch.lgamma(a + 1))
    return scale * (d_total + total * (torch.log(x) - torch.digamma(a + 1)))


def _fraction_slope(a, x):
    """d/da of igammac's continued fraction x^a e^-x / gamma(a) / (x+1-a - 1(1-a)/(x+3-a - ...))."""
    b, d_b = x + 1 - a, torch.full_like(a, -1.0)
    # numerators and denominators of the approximants, with their derivatives
    p0, p1, q0, q1 = torch.zeros_like(a), torch.ones_like(a), torch.ones_like(a), b
    dp0, dp1, dq0, dq1 = (torch.zeros_like(a) for _ in range(4))
    dq1 = d_b
    value, slope = p1 / q1, -dq1 / (q1 * q1)
    for n in range(1, _TERMS):
        factor, d_factor = n * (a - n), float(n)
        b = b + 2
        p2 = b * p1 + factor * p0
        q2 = b * q1 + factor * q0
        dp2 = b * dp1 + d_b * p1 + factor * dp0 + d_factor * p0
        dq2 = b * dq1 + d_b * q1 + factor * dq0 + d_factor * q0
        scale = 1 / q2.abs().clamp(min=1.0)
        p0, p1, q0, q1 = p1 * scale, p2 * scale, q1 * scale, q2 * scale
        dp0, dp1, dq0, dq1 = dp1 * scale, dp2 * scale, dq1 * scale, dq2 * scale
        last_slope, value = slope, p1 / q1
        slope = (dp1 - value * dq1) / q1
        if bool(((slope - last_slope).abs() <= 1e-16 * slope.abs()).all()):
            break
    outer = torch.exp(a * torch.log(x) - x - torch.lgamma(a))
    return outer * (slope + value * (torch.log(x) - torch.digamma(a)))


def igamma_grad(g, op, dz):
    a, x = op.a, op.x
    shape_a, shape_x = g.shape(a), g.shape(x)
    axes_a, axes_x = g.BroadcastGradientArgs(shape_a, shape_x)
    with g.control_dependencies([dz]):
        slope_a = g.IgammaGradA(a, x)
        # in logarithms, as gamma(a) grows large
        slope_x = g.Exp(-x + (a - 1) * g.Log(x) - g.Lgamma(a))
        da = g.Reshape(g.Sum(slope_a * dz, axes_a), shape_a)
        return da, g.Reshape(g.Sum(slope_x * dz, axes_x), shape_x)


def igammac_grad(g, op, dz):
    da, dx = igamma_grad(g, op, dz)
    return -da, -dx


_binary("Igamma", "ax", igamma_kernel, igamma_grad)
_binary("Igammac", "ax", igammac_kernel, igammac_grad)
_binary("IgammaGradA", "ax", igamma_grad_a_kernel, None)


# -- the incomplete beta function ------------------------------------------------------------------


@op("Betainc", "a: T, b: T, x: T -> z: T", T=_PLAIN, _elementwise=True)
def betainc(a, b, x):
    """The share of the beta function's integral that lies below x, computed in float64."""
    dtype = x.dtype
    a, b, x = torch.broadcast_tensors(a.double(), b.double(), x.double())
    swapped = x >= (a + 1) / (a + b + 2)
    first, second = torch.where(swapped, b, a), torch.where(swapped, a, b)
    at = torch.where(swapped, 1 - x, x)
    log_beta = torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)
    front = torch.exp(first * torch.log(at) + second * torch.log1p(-at) - log_beta) / first
    value = front * _beta_fraction(first, second, at)
    value = torch.where(swapped, 1 - value, value)
    value = torch.where(x == 0, 0.0, torch.where(x == 1, 1.0, value))
    return torch.where((a <= 0) | (b <= 0) | (x < 0) | (x > 1), torch.nan, value).to(dtype)


def _beta_fraction(a, b, x):
    """Lentz's evaluation of the continued fraction of the incomplete beta function."""

    def away_from_0(value):
        return torch.where(value.abs() < _TINY, _TINY, value)

    c = torch.ones_like(x)
    d = 1 / away_from_0(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _TERMS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / away_from_0(1 + numerator * d)
            c = away_from_0(1 + numerator / c)
            result = result * (d * c)
        if bool(((d * c - 1).abs() <= 1e-16).all()):
            break
    return result


@betainc.shape
def betainc_shape(a, b, x):
    shapes = [s for s in (a, b, x) if s.dims != ()]
    if not shapes:
        return [[]]
    shape = shapes[0]
    for other in shapes[1:]:
        shape = merge(shape, other)
    return [shape]


@betainc.gradient
def betainc_grad(g, op, dz):
    a, b, x = op.a, op.b, op.x
    shape_a, shape_x = g.shape(a), g.shape(x)
    _, axes = g.BroadcastGradientArgs(shape_a, shape_x)
    log_beta = g.Lgamma(a) + g.Lgamma(b) - g.Lgamma(a + b)
    slope = g.Exp((b - 1) * g.Log(1 - x) + (a - 1) * g.Log(x) - log_beta)
    return None, None, g.Reshape(g.Sum(slope * dz, axes), shape_x)


# -- products and quotients that are 0 where x is --------------------------------------------------


def xlogy_kernel(x, y):
    """x log(y), and 0 where x is 0."""
    return torch.where(x == 0, 0, x * torch.log(y))


def xdivy_kernel(x, y):
    """x / y, and 0 where x is 0."""
    return torch.where(x == 0, 0, x / y)


def _grad_where_nonzero(slopes):
    def rule(g, op, dz):
        x, y = op.x, op.y
        shape_x, shape_y = g.shape(x), g.shape(y)
        axes_x, axes_y = g.BroadcastGradientArgs(shape_x, shape_y)
        with g.control_dependencies([dz]):
            dtype = x.dtype.base_dtype
            not_zero = g.cast(g.NotEqual(x, g.cast(0.0, dtype)), dtype)
            slope_x, slope_y = slopes(g, not_zero, x, y)
            dx = g.Reshape(g.Sum(slope_x * dz, axes_x), shape_x)
            return dx, g.Reshape(g.Sum(slope_y * dz, axes_y), shape_y)

    return rule


def _xlogy_slopes(g, not_zero, x, y):
    return g.Xlogy(not_zero, y), g.Xdivy(x, y)


def _xdivy_slopes(g, not_zero, x, y):
    return g.Xdivy(not_zero, y), g.Xdivy(g.Neg(x), y**2)


elementwise_binary("Xlogy", xlogy_kernel, _NO_NAN, _grad_where_nonzero(_xlogy_slopes))
elementwise_binary("Xdivy", xdivy_kernel, _NO_NAN, _grad_where_nonzero(_xdivy_slopes))


@op(
    "NextAfter",
    "x1: T, x2: T -> output: T",
    T=type_attr((float64, float32), float32),
    _elementwise=True,
)
def next_after(x1, x2):
    """The number after x1 in the direction of x2."""
    return torch.nextafter(x1, x2)


@next_after.shape
def next_after_shape(x1, x2):
    return [broadcast(x1, x2)]


@next_after.gradient
def next_after_grad(g, op, dz):
    x1, x2 = op.x1, op.x2
    shape_1, shape_2 = g.shape(x1), g.shape(x2)
    axes_1, axes_2 = g.BroadcastGradientArgs(shape_1, shape_2)
    with g.control_dependencies([dz]):
        slope_1 = g.ones(shape_1, x1.dtype.base_dtype)
        slope_2 = g.zeros(shape_2, x2.dtype.base_dtype)
        d1 = g.Reshape(g.Sum(slope_1 * dz, axes_1), shape_1)
        return d1, g.Reshape(g.Sum(slope_2 * dz, axes_2), shape_2)
