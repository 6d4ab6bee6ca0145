"""Rank and pseudo-inverse of matrices, tridiagonal systems, normalized vectors.

Source: TF 1.15 python/ops/linalg/linalg_impl.py, nn_impl.py (normalize).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library.arithmetic import cast
from tailrace.library.array import (
    expand_dims,
    identity,
    matrix_transpose,
    pad,
    squeeze,
    stack,
    transpose,
)
from tailrace.library.checks import assert_rank_at_least
from tailrace.library.indexing import gather_nd, where_v2
from tailrace.library.linalg import matmul
from tailrace.library.matrices import norm, svd
from tailrace.library.reductions import reduce_max, reduce_sum
from tailrace.library.special_math import conj


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """`tensor` divided by its norm, and the norm."""
    with g.name_scope(name, "normalize"):
        tensor = convert_to_tensor(tensor)
        size = cast(norm(tensor, ord, axis, keepdims=True), tensor.dtype.base_dtype)
        return tensor / size, size


# -- rank and pseudo-inverse -----------------------------------------------------------------------


def _checked_matrix(a: Tensor, validate_args: bool) -> Tensor:
    if not a.dtype.is_floating:
        raise TypeError(f"Input `a` must have `float`-like `dtype` (saw {a.dtype.name}).")
    rank = a.shape.ndims
    if rank is not None and rank < 2:
        raise ValueError(f"Input `a` must have at least 2 dimensions (saw: {rank}).")
    assertions: list[Operation] = []
    if rank is None and validate_args:
        message = "Input `a` must have at least 2 dimensions."
        assertions.append(assert_rank_at_least(a, rank=2, message=message))
    if not assertions:
        return a
    with g.control_dependencies(assertions):
        return identity(a)


def matrix_rank(
    a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """How many singular values are above `tol`.

    Raises: TypeError for matrices that are not of floating point, ValueError for vectors.
    """
    with g.name_scope(name or "matrix_rank"):
        a = convert_to_tensor(a, preferred_dtype=dtypes.float32, name="a")
        a = _checked_matrix(a, validate_args)
        s = svd(a, compute_uv=False)
        if tol is None:
            sizes = a.shape[-2:]
            dynamic: Any = g.shape(a)[-2:] if not sizes.is_fully_defined() else None
            largest = np.max(sizes.as_list()) if dynamic is None else reduce_max(dynamic)
            smallest_step = np.finfo(a.dtype.as_numpy_dtype).eps
            scale = smallest_step * cast(largest, a.dtype)
            tol = scale * reduce_max(s, axis=-1, keepdims=True)
        return reduce_sum(cast(s > tol, dtypes.int32), axis=-1)


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """The Moore-Penrose pseudo-inverse; singular values below `rcond` times the largest count as 0.

    Raises: TypeError for matrices that are not of floating point, ValueError for vectors.
    """
    with g.name_scope(name or "pinv"):
        a = convert_to_tensor(a, name="a")
        a = _checked_matrix(a, validate_args)
        dtype = a.dtype.base_dtype
        if rcond is None:
            rcond = 10.0 * _largest_size(a) * np.finfo(dtype.as_numpy_dtype).eps
        rcond = convert_to_tensor(rcond, dtype=dtype, name="rcond")
        s, u, v = svd(a, full_matrices=False, compute_uv=True)
        cutoff = rcond * reduce_max(s, axis=-1)
        infinity = np.array(np.inf, dtype.as_numpy_dtype)
        s = where_v2(s > expand_dims(cutoff, -1), s, infinity)
        result = matmul(v / expand_dims(s, -2), u, adjoint_b=True)
        shape = a.shape
        if shape.ndims is not None:
            result.set_shape(shape[:-2].concatenate([shape[-1], shape[-2]]))
        return result


def _largest_size(a: Tensor) -> Any:
    """The larger of the numbers of rows and columns, a float or a tensor."""
    rows, columns = (a.shape[-2].value, a.shape[-1].value)
    if rows is not None and columns is not None:
        return float(max(rows, columns))
    dynamic: Any = g.shape
    sizes = [dynamic(a)[i] if n is None else n for i, n in ((-2, rows), (-1, columns))]
    return cast(g.Maximum(*sizes), a.dtype.base_dtype)


# -- tridiagonal matrices --------------------------------------------------------------------------


def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
) -> Tensor:
    """x with A x = rhs for a tridiagonal A.

    Shapes: diagonals [..., 3, m] ("compact"), three of [..., m] ("sequence": above, main, below) or
    [..., m, m] ("matrix"); rhs [..., m] or [..., m, k].
    Raises: ValueError when shapes do not fit or the format is unknown.
    """
    if diagonals_format == "sequence":
        diagonals = _stacked(diagonals)
    elif diagonals_format == "matrix":
        diagonals = _gathered(diagonals)
    elif diagonals_format != "compact":
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    diagonals = convert_to_tensor(diagonals)
    rhs = convert_to_tensor(rhs)
    _check_tridiagonal(diagonals, rhs)
    of_vectors = len(rhs.shape) == len(diagonals.shape) - 1
    if of_vectors:
        rhs = expand_dims(conj(rhs) if conjugate_rhs else rhs, -1)
    elif transpose_rhs:
        rhs = matrix_transpose(rhs, conjugate=conjugate_rhs)
    elif conjugate_rhs:
        rhs = conj(rhs)
    sizes = (diagonals.shape[-1].value, rhs.shape[-2].value)
    if None not in sizes and sizes[0] != sizes[1]:
        raise ValueError(
            "Expected number of left-hand sided and right-hand sides to be equal, got "
            f"{sizes[0]} and {sizes[1]}"
        )
    result = g.TridiagonalSolve(diagonals, rhs, partial_pivoting=partial_pivoting, name=name)
    if of_vectors:
        return squeeze(result, -1)
    return matrix_transpose(result) if transpose_rhs else result


def _check_tridiagonal(diagonals: Tensor, rhs: Tensor) -> None:
    rank, rhs_rank = len(diagonals.shape), len(rhs.shape)
    if rank < 2:
        raise ValueError(f"Expected diagonals to have rank at least 2, got {rank}")
    if rhs_rank not in (rank, rank - 1):
        raise ValueError(f"Expected the rank of rhs to be {rank - 1} or {rank}, got {rhs_rank}")
    if diagonals.shape[-2].value not in (None, 3):
        raise ValueError(f"Expected 3 diagonals got {diagonals.shape[-2]}")
    if not diagonals.shape[:-2].is_compatible_with(rhs.shape[: rank - 2]):
        raise ValueError(
            f"Batch shapes {diagonals.shape[:-2]} and {rhs.shape[: rank - 2]} are incompatible"
        )


def _stacked(diagonals: Any) -> Tensor:
    """Three diagonals as one tensor, shorter ones padded where no element is."""
    if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
        raise ValueError("Expected diagonals to be a sequence of length 3.")
    above, main, below = diagonals
    for other in (above, below):
        if not other.shape[:-1].is_compatible_with(main.shape[:-1]):
            raise ValueError(
                "Tensors representing the three diagonals must have the same shape, except for "
                f"the last dimension, got {below.shape}, {main.shape}, {above.shape}"
            )
    size = main.shape[-1].value

    def padded(diagonal: Any, name: str, at: list[int]) -> Any:
        count = diagonal.shape[-1].value
        if not count or count == size:
            return diagonal
        if count != size - 1:
            raise ValueError(
                f"Expected {name} to be have length {size} or {size - 1}, got {count}."
            )
        return pad(diagonal, [[0, 0]] * (len(diagonal.shape) - 1) + [at])

    below = padded(below, "subdiagonal", [1, 0])
    above = padded(above, "superdiagonal", [0, 1])
    return stack((above, main, below), axis=-2)


def _gathered(matrix: Any) -> Tensor:
    """The three diagonals of a matrix; where there is no element, any other."""
    sizes = {d.value for d in matrix.shape[-2:]} - {None}
    if len(sizes) > 1:
        raise ValueError(f"Expected last two dimensions of diagonals to be same, got {sizes}")
    if not sizes:
        raise ValueError('The size of the matrix needs to be known for diagonals_format="matrix"')
    (m,) = sizes
    none = [0, 0]
    indices = [
        [[i + 1, i] if i + 1 < m else none, [i, i], [i - 1, i] if i else none] for i in range(m)
    ]
    return transpose(gather_nd(transpose(matrix), indices))


def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None
) -> Tensor:
    """The product of a tridiagonal matrix and another; formats as of `tridiagonal_solve`."""
    if diagonals_format == "compact":
        parts = [diagonals[..., i, :] for i in range(3)]
    elif diagonals_format == "sequence":
        parts = list(diagonals)
    elif diagonals_format == "matrix":
        parts = _three_diagonals(diagonals)
    else:
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    above, main, below = (expand_dims(part, -2) for part in parts)
    return g.TridiagonalMatMul(above, main, below, rhs, name=name)


def _three_diagonals(matrix: Any) -> list[Tensor]:
    rows, columns = (d.value for d in matrix.shape[-2:])
    if not rows or not columns:
        raise ValueError('The size of the matrix needs to be known for diagonals_format="matrix"')
    if rows != columns:
        raise ValueError(
            f"Expected last two dimensions of diagonals to be same, got {columns} and {rows}"
        )
    main = g.MatrixDiagPart(matrix, name="diag_part")
    turned = transpose(matrix)
    above = [[i + 1, i] for i in range(rows - 1)] + [[0, 0]]
    below = [[0, 0]] + [[i - 1, i] for i in range(1, rows)]
    return [
        transpose(gather_nd(turned, above)),
        main,
        transpose(gather_nd(turned, below)),
    ]
