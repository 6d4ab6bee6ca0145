"""Element-wise mathematical functions, sequences and complex numbers.

Source: TF 1.15 python/ops/math_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.arithmetic import cast
from tailrace.library.math_wrappers import unary

# -- one operation each ----------------------------------------------------------------------------

square = unary("Square", "square", "x * x.", of_sparse=True)
sqrt = unary("Sqrt", "sqrt", "The square root.", of_sparse=True)
rsqrt = unary("Rsqrt", "rsqrt", "One over the square root.")
reciprocal = unary("Reciprocal", "reciprocal", "1 / x.")
exp = unary("Exp", "exp", "e to the power of x.")
expm1 = unary("Expm1", "expm1", "exp(x) - 1, exact for small x.")
log = unary("Log", "log", "The natural logarithm.")
log1p = unary("Log1p", "log1p", "log(1 + x), exact for small x.")
sign = unary("Sign", "sign", "-1, 0 or 1 as x is negative, zero or positive.", of_sparse=True)
floor = unary("Floor", "floor", "The largest whole number not above x.")
ceil = unary("Ceil", "ceil", "The smallest whole number not below x.")
rint = unary("Rint", "rint", "The nearest whole number, halves to the even one.")
sin = unary("Sin", "sin", "The sine of x, in radians.")
cos = unary("Cos", "cos", "The cosine of x, in radians.")
tan = unary("Tan", "tan", "The tangent of x, in radians.")
asin = unary("Asin", "asin", "The angle in radians whose sine is x.")
acos = unary("Acos", "acos", "The angle in radians whose cosine is x.")
atan = unary("Atan", "atan", "The angle in radians whose tangent is x.")
sinh = unary("Sinh", "sinh", "The hyperbolic sine.")
cosh = unary("Cosh", "cosh", "The hyperbolic cosine.")
tanh = unary("Tanh", "tanh", "The hyperbolic tangent.", of_sparse=True)
asinh = unary("Asinh", "asinh", "The inverse hyperbolic sine.")
acosh = unary("Acosh", "acosh", "The inverse hyperbolic cosine.")
atanh = unary("Atanh", "atanh", "The inverse hyperbolic tangent.")
erf = unary("Erf", "erf", "The Gauss error function.", of_sparse=True)
erfc = unary("Erfc", "erfc", "1 - erf(x), exact for large x.")
is_finite = unary("IsFinite", "is_finite", "Whether x is neither infinite nor NaN.")
is_inf = unary("IsInf", "is_inf", "Whether x is infinite.")
is_nan = unary("IsNan", "is_nan", "Whether x is not a number.")


def atan2(y: Any, x: Any, name: str | None = None) -> Tensor:
    """The angle of the point (x, y) in radians, from -pi to pi."""
    return g.Atan2(y, x, name=name)


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """The logistic function 1 / (1 + exp(-x))."""
    with g.name_scope(name, "Sigmoid") as scope:
        return g.Sigmoid(convert_to_tensor(x, name="x"), name=scope)


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """log(sigmoid(x)), computed as -softplus(-x)."""
    with g.name_scope(name, "LogSigmoid") as scope:
        x = convert_to_tensor(x, name="x")
        return g.Neg(g.Softplus(g.Neg(x)), name=scope)


def round(x: Any, name: str | None = None) -> Tensor:
    """The nearest whole number, halves to the even one; integers are given back as they are."""
    x = convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else g.Round(x, name=name)


# -- sequences -------------------------------------------------------------------------------------

_WIDENING = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range"
) -> Tensor:
    """start, start + delta, ... up to and without `limit`; `range(n)` begins at 0.

    Without `dtype`, the widest type of the three arguments.
    """
    if limit is None:
        start, limit = 0, start
    with g.name_scope(name, "Range") as scope:
        start = convert_to_tensor(start, dtype=dtype, name="start")
        limit = convert_to_tensor(limit, dtype=dtype, name="limit")
        delta = convert_to_tensor(delta, dtype=dtype, name="delta")
        if dtype is None:
            types = [t.dtype.base_dtype for t in (start, limit, delta)]
            unordered = [t for t in types if t not in _WIDENING]
            if unordered:
                raise TypeError(f"range: cannot choose a type for {unordered[0]!r}; pass dtype=")
            widest = max(types, key=_WIDENING.index)
            start, limit, delta = (cast(t, widest) for t in (start, limit, delta))
        return g.Range(start, limit, delta, name=scope)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None) -> Tensor:
    """`num` numbers at equal distances from `start` to `stop`."""
    return g.LinSpace(start, stop, num, name=name)


lin_space = linspace
