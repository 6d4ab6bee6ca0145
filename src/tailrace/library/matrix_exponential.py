"""The matrix exponential, by scaling and squaring.

Source: TF 1.15 python/ops/linalg/linalg_impl.py; N. Higham, "The scaling and squaring method for
the matrix exponential revisited" (2005), table 2.3 and equation 2.3 for the numbers.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library.arithmetic import abs, cast, pow
from tailrace.library.array import concat, reshape
from tailrace.library.control_flow import while_loop
from tailrace.library.linalg import matmul
from tailrace.library.matrices import eye, matrix_solve
from tailrace.library.reductions import reduce_max, reduce_sum

# coefficients of the Pade approximants, by degree
_COEFFICIENTS = {
    3: (120.0, 60.0, 12.0),
    5: (30240.0, 15120.0, 3360.0, 420.0, 30.0),
    7: (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0),
    9: (
        *(17643225600.0, 8821612800.0, 2075673600.0, 302702400.0, 30270240.0, 2162160.0),
        *(110880.0, 3960.0, 90.0),
    ),
    13: (
        *(64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0),
        *(129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0),
        *(1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0),
    ),
}
# degrees, the norms up to which each but the last serves, and what the norm is scaled down to
_SINGLE = ((3, 5, 7), (0.4258730016922831, 1.880152677804762), 3.92572478313866)
_DOUBLE = (
    (3, 5, 7, 9, 13),
    (0.01495585217958292, 0.253939833006323, 0.9504178996162932, 2.097847961257068),
    5.371920351148152,
)
_PRECISION = {
    **dict.fromkeys((dtypes.float16, dtypes.float32, dtypes.complex64), _SINGLE),
    **dict.fromkeys((dtypes.float64, dtypes.complex128), _DOUBLE),
}


def matrix_exponential(input: Any, name: str | None = None) -> Tensor:
    """The sum of input^k / k! of the innermost matrices. Raises: ValueError for integers."""
    with g.name_scope(name, "matrix_exponential"):
        matrix = convert_to_tensor(input, name="input")
        if matrix.shape[-2:] == [0, 0]:
            return matrix
        batch: Any = matrix.shape[:-2]
        if not batch.is_fully_defined():
            batch = _sizes(matrix)[:-2]
        flat = reshape(matrix, concat(([-1], _sizes(matrix)[-2:]), axis=0))
        result = _squared(*_approximated(flat))
        if not flat.shape.is_fully_defined():
            return reshape(result, concat((batch, _sizes(result)[-2:]), axis=0))
        return reshape(result, batch.concatenate(result.shape[-2:]))


def _sizes(x: Tensor) -> Any:
    return g.shape(x)


def _approximated(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The exponential of each matrix scaled down by a power of 2, and that power."""
    columns = reduce_sum(abs(matrix), axis=g.size(g.shape(matrix)) - 2)
    norm = reduce_max(columns, axis=-1)
    if matrix.dtype.base_dtype not in _PRECISION:
        raise ValueError(f"tf.linalg.expm does not support matrices of type {matrix.dtype}")
    degrees, limits, largest = _PRECISION[matrix.dtype.base_dtype]
    ratio: Any = g.Log(norm / constant(largest, norm.dtype))
    halvings = ratio / g.Log(constant(2.0, norm.dtype))
    squarings = g.Maximum(g.Floor(halvings), 0.0)
    parts = [_numerator(matrix, degree) for degree in degrees[:-1]]
    parts.append(_numerator(_scaled(matrix, squarings), degrees[-1]))
    odd = _chosen(norm, limits, [u for u, _ in parts])
    even = _chosen(norm, limits, [v for _, v in parts])
    numerator = odd + even
    return matrix_solve(-odd + even, numerator), squarings


def _scaled(matrix: Any, squarings: Tensor) -> Tensor:
    two = constant(2.0, matrix.dtype)
    scale: Any = pow(two, cast(squarings, matrix.dtype))
    return matrix / scale[..., None, None]


def _chosen(norm: Tensor, limits: tuple[float, ...], cases: list[Any]) -> Any:
    """Of each matrix the approximant of the first degree whose limit is above its norm."""
    small = g.Less(norm, constant(limits[0], norm.dtype))
    if len(limits) == 1:
        return g.Select(small, cases[0], cases[1])
    return g.Select(small, cases[0], _chosen(norm, limits[1:], cases[1:]))


def _squared(result: Tensor, squarings: Tensor) -> Tensor:
    """Each matrix squared as often as it was halved."""
    most = reduce_max(squarings)

    def step(i: Any, r: Tensor) -> tuple[Any, Tensor]:
        following = i + 1.0
        due = g.Less(i, squarings)
        return following, g.Select(due, matmul(r, r), r)

    start = constant(0.0, squarings.dtype)
    _, result = while_loop(lambda i, _: g.Less(i, most), step, [start, result])
    return result


def _numerator(matrix: Any, degree: int) -> tuple[Any, Any]:
    """Odd and even part of the numerator of a Pade approximant."""
    b = [constant(x, matrix.dtype) for x in _COEFFICIENTS[degree]]
    rows = _sizes(matrix)[-2]
    ident = eye(rows, batch_shape=_sizes(matrix)[:-2], dtype=matrix.dtype)
    square: Any = matmul(matrix, matrix)
    powers: list[Any] = [square]
    for _ in range(min(degree, 7) // 2 - 1 + (degree == 9)):
        powers.append(matmul(powers[-1], square))
    if degree == 13:
        return _numerator_13(matrix, b, ident, powers)
    odd = powers[-1]
    for k, power in reversed(list(enumerate(powers[:-1], 1))):
        odd = odd + b[2 * k + 1] * power
    odd = matmul(matrix, odd + b[1] * ident)
    even = b[2 * len(powers)] * powers[-1]
    for k, power in reversed(list(enumerate(powers[:-1], 1))):
        even = even + b[2 * k] * power
    return odd, even + b[0] * ident


def _numerator_13(matrix: Any, b: list[Any], ident: Any, powers: list[Any]) -> tuple[Any, Any]:
    """The highest degree, arranged to need no power above the sixth."""
    m2, m4, m6 = powers
    odd = matmul(m6, m6 + b[11] * m4 + b[9] * m2) + b[7] * m6 + b[5] * m4 + b[3] * m2
    odd = matmul(matrix, odd + b[1] * ident)
    even = matmul(m6, b[12] * m6 + b[10] * m4 + b[8] * m2)
    return odd, even + b[6] * m6 + b[4] * m4 + b[2] * m2 + b[0] * ident
