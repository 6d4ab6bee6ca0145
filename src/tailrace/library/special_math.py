"""Special functions: gamma, zeta, Bessel, incomplete gamma and beta; complex numbers; polynomials.

Source: TF 1.15 python/ops/special_math_ops.py, math_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.arithmetic import abs
from tailrace.library.math_wrappers import binary, unary
from tailrace.library.reductions import reduce_sum

# -- special functions -----------------------------------------------------------------------------

lgamma = unary("Lgamma", "lgamma", "The logarithm of the absolute value of the gamma function.")
digamma = unary("Digamma", "digamma", "The derivative of lgamma.")
bessel_i0e = unary(
    "BesselI0e", "bessel_i0e", "exp(-|x|) times the Bessel function I0.", of_sparse=True
)
bessel_i1e = unary(
    "BesselI1e", "bessel_i1e", "exp(-|x|) times the Bessel function I1.", of_sparse=True
)
xlogy = binary("Xlogy", "xlogy", "x log(y), and 0 where x is 0.")
xdivy = binary("Xdivy", "xdivy", "x / y, and 0 where x is 0.")


def polygamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The derivative of digamma of order `a`, at x."""
    return g.Polygamma(a, x, name=name)


def zeta(x: Any, q: Any, name: str | None = None) -> Tensor:
    """The Hurwitz zeta function, the sum over k of (q + k)^-x."""
    return g.Zeta(x, q, name=name)


def igamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The lower incomplete gamma function, as a share of gamma(a)."""
    return g.Igamma(a, x, name=name)


def igammac(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The upper incomplete gamma function, as a share of gamma(a)."""
    return g.Igammac(a, x, name=name)


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Tensor:
    """The incomplete beta function, as a share of beta(a, b)."""
    return g.Betainc(a, b, x, name=name)


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Tensor:
    """The number after x1 in the direction of x2."""
    return g.NextAfter(x1, x2, name=name)


def lbeta(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the absolute beta function of the vectors along the last axis."""
    with g.name_scope(name, "lbeta"):
        x = convert_to_tensor(x, name="x")
        of_each = reduce_sum(g.Lgamma(x), axis=[-1])
        of_sum = g.Lgamma(reduce_sum(x, axis=[-1]))
        return of_each - of_sum


def bessel_i0(x: Any, name: str | None = None) -> Tensor:
    """The modified Bessel function of order 0."""
    with g.name_scope(name, "bessel_i0"):
        return g.Exp(abs(x)) * bessel_i0e(x)


def bessel_i1(x: Any, name: str | None = None) -> Tensor:
    """The modified Bessel function of order 1."""
    with g.name_scope(name, "bessel_i1"):
        return g.Exp(abs(x)) * bessel_i1e(x)


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Tensor:
    """The polynomial coeffs[0] x^n + ... + coeffs[n], by Horner's rule."""
    with g.name_scope(name, "polyval") as scope:
        x = convert_to_tensor(x, name="x")
        if len(coeffs) < 1:
            return g.zeros_like(x, name=scope)
        terms = [convert_to_tensor(c, name=f"coeff_{i}") for i, c in enumerate(coeffs)]
        value = terms[0]
        for term in terms[1:]:
            value = term + value * x
        return value


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The cross product of the vectors along the last axis, which has size 3."""
    return g.Cross(a, b, name=name)


# -- complex numbers -------------------------------------------------------------------------------


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """real + i imag. Raises: TypeError unless both are float32 or both float64."""
    real = convert_to_tensor(real, name="real")
    imag = convert_to_tensor(imag, name="imag")
    with g.name_scope(name, "Complex") as scope:
        types = (real.dtype.base_dtype, imag.dtype.base_dtype)
        out = {
            (dtypes.float64, dtypes.float64): dtypes.complex128,
            (dtypes.float32, dtypes.float32): dtypes.complex64,
        }.get(types)
        if out is None:
            raise TypeError(
                f"real and imag have incorrect types: {types[0].name} {types[1].name}; "
                "both must be float32 or both float64"
            )
        return g.Complex(real, imag, Tout=out, name=scope)


def real(input: Any, name: str | None = None) -> Tensor:
    """The real part; real numbers are given back as they are."""
    with g.name_scope(name, "Real") as scope:
        x = convert_to_tensor(input, name="input")
        return g.Real(x, Tout=x.dtype.real_dtype, name=scope) if x.dtype.is_complex else x


def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary part; 0 of real numbers."""
    with g.name_scope(name, "Imag") as scope:
        x = convert_to_tensor(input, name="input")
        if x.dtype.is_complex:
            return g.Imag(x, Tout=x.dtype.real_dtype, name=scope)
        return g.zeros_like(x)


def angle(input: Any, name: str | None = None) -> Tensor:
    """The angle from -pi to pi; 0 of real numbers."""
    with g.name_scope(name, "Angle") as scope:
        x = convert_to_tensor(input, name="input")
        if x.dtype.is_complex:
            return g.Angle(x, Tout=x.dtype.real_dtype, name=scope)
        return g.zeros_like(x)


def conj(x: Any, name: str | None = None) -> Tensor:
    """The complex conjugate; of real numbers, themselves. Raises: TypeError for other types."""
    if isinstance(x, Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with g.name_scope(name, "Conj") as scope:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex or x.dtype is dtypes.variant:
            return g.Conj(x, name=scope)
        if x.dtype.is_floating or x.dtype.is_integer:
            return x
        raise TypeError(f"Expected numeric or variant tensor, got dtype {x.dtype!r}")
