"""The cumulative distribution functions of the normal and Laplace distributions, made of
elementary operations that keep their accuracy in the tails.

Source: TF 1.15 python/ops/distributions/special_math.py; Cephes (ndtri.c) by S. L. Moshier.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, math
from tailrace.library.indexing import where_v2 as where

# below the first, the asymptotic series is used; above the second, the other tail
_SEGMENTS = {
    dtypes.float32: (np.array(-10, np.float32), np.array(5, np.float32)),
    dtypes.float64: (np.array(-20, np.float64), np.array(8, np.float64)),
}
_SERIES_ORDER = 3

# Cephes' rational approximations of the inverse: numerator and denominator, rising powers
_MIDDLE = (
    [-1.23916583867381258016e0, 1.39312609387279679503e1, -5.66762857469070293439e1,
     9.80010754185999661536e1, -5.99633501014107895267e1],
    [-1.18331621121330003142e0, 1.59056225126211695515e1, -8.20372256168333339912e1,
     2.00260212380060660359e2, -2.25462687854119370527e2, 8.63602421390890590575e1,
     4.67627912898881538453e0, 1.95448858338141759834e0, 1.0],
)  # fmt: skip
_TAIL = (
    [-8.57456785154685413611e-4, -3.50424626827848203418e-2, -1.40256079171354495875e-1,
     2.18663306850790267539e0, 1.46849561928858024014e1, 4.40805073893200834700e1,
     5.71628192246421288162e1, 3.15251094599893866154e1, 4.05544892305962419923e0],
    [-9.33259480895457427372e-4, -3.80806407691578277194e-2, -1.42182922854787788574e-1,
     2.50464946208309415979e0, 1.50425385692907503408e1, 4.13172038254672030440e1,
     4.53907635128879210584e1, 1.57799883256466749731e1, 1.0],
)  # fmt: skip
_FAR_TAIL = (
    [6.23974539184983293730e-9, 2.65806974686737550832e-6, 3.01581553508235416007e-4,
     1.23716634817820021358e-2, 2.01485389549179081538e-1, 1.33303460815807542389e0,
     3.93881025292474443415e0, 6.91522889068984211695e0, 3.23774891776946035970e0],
    [6.79019408009981274425e-9, 2.89247864745380683936e-6, 3.28014464682127739104e-4,
     1.34204006088543189037e-2, 2.16236993594496635890e-1, 1.37702099489081330271e0,
     3.67983563856160859403e0, 6.02427039364742014255e0, 1.0],
)  # fmt: skip


def _floats(x: Any, name: str) -> Tensor:
    x = convert_to_tensor(x, name=name)
    if x.dtype.base_dtype not in _SEGMENTS:
        raise TypeError(
            f"{name}.dtype={x.dtype} is not handled, see docstring for supported types."
        )
    return x


def ndtr(x: Any) -> Tensor:
    """P(X <= x) of a standard normal X. Raises: TypeError unless float32 or float64."""
    with g.name_scope("ndtr"):
        return _ndtr(_floats(x, "x"))


def _ndtr(x: Tensor) -> Tensor:
    half = g.constant(0.5 * np.sqrt(2.0), x.dtype, name="half_sqrt_2")
    w = x * half
    z = arithmetic.abs(w)
    near, inside = arithmetic.less(z, half), 1.0 + math.erf(w)
    right, upper = arithmetic.greater(w, 0.0), 2.0 - math.erfc(z)
    return 0.5 * where(near, inside, where(right, upper, math.erfc(z)))


def log_ndtr(x: Any) -> Tensor:
    """log P(X <= x) of a standard normal X. Raises: TypeError unless float32 or float64."""
    with g.name_scope("log_ndtr"):
        x = _floats(x, "x")
        lower, upper = _SEGMENTS[x.dtype.base_dtype]
        is_large, other_tail = arithmetic.greater(x, upper), -_ndtr(-x)
        is_middle = arithmetic.greater(x, lower)
        middle = math.log(_ndtr(arithmetic.maximum(x, lower)))
        small = _log_ndtr_lower(arithmetic.minimum(x, lower))
        return where(is_large, other_tail, where(is_middle, middle, small))


def _log_ndtr_lower(x: Tensor) -> Tensor:
    square = math.square(x)
    scale = -0.5 * square - math.log(-x) - 0.5 * np.log(2.0 * np.pi)
    return scale + math.log(_series(x))


def _series(x: Tensor) -> Tensor:
    """1 - 1/x^2 + 3/x^4 - 15/x^6 ..."""
    square = math.square(x)
    sums = [array.zeros_like(x), array.zeros_like(x)]
    power = square
    for n in range(1, _SERIES_ORDER + 1):
        factor = np.array(np.prod(np.arange(2 * n - 1, 1, -2)), x.dtype.as_numpy_dtype)
        sums[n % 2] += factor / power
        power *= square
    return 1.0 + sums[0] - sums[1]


def ndtri(p: Any) -> Tensor:
    """The x for which P(X <= x) = p, X standard normal. Raises: TypeError as `ndtr`."""
    with g.name_scope("ndtri"):
        return _ndtri(_floats(p, "p"))


def _polynomial(x: Tensor, coefficients: np.ndarray) -> Tensor:
    if not coefficients.size:
        return array.zeros_like(x)
    return coefficients[0] + _polynomial(x, coefficients[1:]) * x


def _ratio(x: Any, coefficients: tuple[list[float], list[float]]) -> Tensor:
    """Numerator over denominator; `x` builds the argument of each anew."""
    parts = []
    for each in coefficients:
        argument = x()
        numbers = np.array(each, argument.dtype.as_numpy_dtype)
        parts.append(_polynomial(argument, numbers))
    return parts[0] / parts[1]


def _ndtri(p: Tensor) -> Tensor:
    numbers = p.dtype.as_numpy_dtype
    tail = where(p > -np.expm1(-2.0), 1.0 - p, p)
    is_zero = tail <= 0.0
    safe = where(is_zero, array.fill(array.shape(p), np.array(0.5, numbers)), tail)
    w = safe - 0.5
    square = w**2
    middle = w + w * square * _ratio(lambda: square, _MIDDLE)
    middle *= -np.sqrt(2.0 * np.pi)
    z = math.sqrt(-2.0 * math.log(safe))
    first = z - math.log(z) / z
    far = _ratio(lambda: 1.0 / z, _FAR_TAIL) / z
    near = _ratio(lambda: 1.0 / z, _TAIL) / z
    far, near = first - far, first - near
    in_middle, is_far = safe > np.exp(-2.0), z >= 8.0
    x = where(in_middle, middle, where(is_far, far, near))
    x = where(p > 1.0 - np.exp(-2.0), x, -x)
    scalar = g.constant(np.inf, p.dtype)
    infinity = array.fill(array.shape(p), scalar)
    at_zero, minus_infinity, at_one = p <= 0.0, -infinity, p >= 1.0
    return where(at_zero, minus_infinity, where(at_one, infinity, x))


def log_cdf_laplace(x: Any) -> Tensor:
    """log P(X <= x) of a standard Laplace X."""
    with g.name_scope("log_cdf_laplace"):
        x = convert_to_tensor(x, name="x")
        lower = -np.log(2.0) + x
        upper = math.log1p(-0.5 * math.exp(-arithmetic.abs(x)))
        return where(x < 0.0, lower, upper)
