"""Identity matrices, factorizations, inverses, systems of equations, norms.

Source: TF 1.15 python/ops/linalg_ops.py, linalg/linalg_impl.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.arguments import either
from tailrace.library.arithmetic import abs, pow
from tailrace.library.array import squeeze
from tailrace.library.reductions import reduce_max, reduce_sum
from tailrace.library.special_math import conj, real


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Identity matrices of shape [*batch_shape, num_rows, num_columns]."""
    return g.eye(num_rows, num_columns, batch_shape, dtype, name)


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The innermost matrices transposed and conjugated."""
    return g.adjoint(matrix, name)


# -- factorizations --------------------------------------------------------------------------------


def cholesky(input: Any, name: str | None = None) -> Tensor:
    """The lower triangular L with L L^H = input, a positive definite matrix."""
    return g.Cholesky(input, name=name)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> list[Tensor]:
    """A unitary Q and an upper triangular R with Q R = input."""
    return g.Qr(input, full_matrices=full_matrices, name=name)


def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> list[Tensor]:
    """Triangular factors in one matrix, and the permutation of the rows."""
    return g.Lu(input, output_idx_type=output_idx_type, name=name)


def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """Singular values s, and with `compute_uv` u and v: tensor = u diag(s) v^H."""
    s, u, v = g.Svd(tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (real(s), u, v) if compute_uv else real(s)


def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Eigenvalues in ascending order and eigenvectors (columns) of a self-adjoint matrix."""
    e, v = g.SelfAdjointEigV2(tensor, compute_v=True, name=name)
    return e, v


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """Eigenvalues in ascending order of a self-adjoint matrix."""
    e, _ = g.SelfAdjointEigV2(tensor, compute_v=False, name=name)
    return e


# -- determinants, inverses, functions -------------------------------------------------------------


def matrix_determinant(input: Any, name: str | None = None) -> Tensor:
    """The determinant of the innermost matrices."""
    return g.MatrixDeterminant(input, name=name)


def slogdet(input: Any, name: str | None = None) -> list[Tensor]:
    """The sign of the determinant and the logarithm of its absolute value."""
    return g.LogMatrixDeterminant(input, name=name)


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinant of a positive definite matrix."""
    with g.name_scope(name, "logdet"):
        chol = g.Cholesky(matrix)
        diagonal = real(g.MatrixDiagPart(chol, name="diag_part"))
        return 2.0 * reduce_sum(g.Log(diagonal), axis=[-1])


def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverse of the innermost matrices, or of their adjoints."""
    return g.MatrixInverse(input, adjoint=adjoint, name=name)


def matrix_square_root(input: Any, name: str | None = None) -> Tensor:
    """The principal square root of the innermost matrices."""
    return g.MatrixSquareRoot(input, name=name)


def matrix_logarithm(input: Any, name: str | None = None) -> Tensor:
    """The principal logarithm of complex matrices."""
    return g.MatrixLogarithm(input, name=name)


# -- systems of equations --------------------------------------------------------------------------


def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """x with matrix x = rhs, or with the adjoint of the matrix."""
    return g.MatrixSolve(matrix, rhs, adjoint=adjoint, name=name)


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """x with matrix x = rhs, for a triangular matrix."""
    return g.MatrixTriangularSolve(matrix, rhs, lower=lower, adjoint=adjoint, name=name)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """x with A x = rhs, from the Cholesky factor of A."""
    return g.cholesky_solve(chol, rhs, name)


_CACHE_BYTES = 256000


def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """The x that makes |matrix x - rhs|^2 + l2_regularizer |x|^2 least.

    Raises: NotImplementedError for complex128 with a regularizer, or for unknown sizes with `fast`.
    """
    matrix = convert_to_tensor(matrix, name="matrix")
    if matrix.dtype is dtypes.complex128 and l2_regularizer != 0:
        raise NotImplementedError(
            "matrix_solve_ls is currently disabled for complex128 and l2_regularizer != 0 "
            "due to poor accuracy."
        )
    if not fast or _is_large_batch(matrix):
        return g.MatrixSolveLs(matrix, rhs, l2_regularizer, fast=fast, name=name)
    with g.name_scope(name, "matrix_solve_ls"):
        rows, columns = (d.value for d in matrix.shape[-2:])
        if rows is None or columns is None:
            raise NotImplementedError(
                "matrix_solve_ls needs the number of rows and columns: give the matrix a static "
                "shape, or pass fast=False"
            )
        overdetermined = rows >= columns
        chol = g.gramian_cholesky(matrix, l2_regularizer, first_kind=overdetermined)
        if overdetermined:
            return g.cholesky_solve(chol, g.matmul(matrix, _as(rhs, matrix), adjoint_a=True))
        return g.matmul(matrix, g.cholesky_solve(chol, rhs), adjoint_a=True)


def _as(value: Any, like: Tensor) -> Tensor:
    return convert_to_tensor(value, preferred_dtype=like.dtype.base_dtype, name="b")


def _is_large_batch(matrix: Tensor) -> bool:
    """TF: many small matrices beyond the size of a cache are left to one operation."""
    shape = matrix.shape
    if not shape.is_fully_defined():
        return False
    sizes = [int(d) for d in shape]
    in_bytes = math.prod(sizes) * matrix.dtype.size
    return in_bytes > _CACHE_BYTES and math.prod(sizes[:-2]) > min(sizes[-2:])


# -- norms -----------------------------------------------------------------------------------------

_EUCLIDEAN = ("fro", "euclidean", 2, 2.0)


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The norm of vectors (`axis` None or a number) or matrices (two axes).

    Raises: ValueError for an order or axes that mean no norm.
    """
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims) or False
    of_matrices = isinstance(axis, (tuple, list)) and len(axis) == 2
    axes = _norm_axes(axis, ord, of_matrices)
    with g.name_scope(name, "norm"):
        tensor = convert_to_tensor(tensor)
        if of_matrices and ord in (2, 2.0):
            result = _spectral_norm(tensor, axes)
        elif ord in _EUCLIDEAN:
            result = g.Sqrt(reduce_sum(tensor * conj(tensor), axes, keepdims=True))
        else:
            result = _other_norm(abs(tensor), ord, axes, of_matrices)
        return result if keepdims else squeeze(result, axes)


def _norm_axes(axis: Any, ord: Any, of_matrices: bool) -> Any:
    if of_matrices:
        first, second = axis
        if not isinstance(first, int) or not isinstance(second, int) or first == second:
            raise ValueError("'axis' must be None, an integer, or a tuple of 2 unique integers")
        if ord not in ("euclidean", "fro", 1, 2, np.inf):
            raise ValueError(f"'ord' must be a supported matrix norm, got {ord}")
        return tuple(axis)
    if axis is not None and not isinstance(axis, int):
        raise ValueError("'axis' must be None, an integer, or a tuple of 2 unique integers")
    if ord not in ("euclidean", 1, 2, np.inf) and (not np.isreal(ord) or ord <= 0):
        raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    return None if axis is None else (axis,)


def _other_norm(size: Tensor, ord: Any, axes: Any, of_matrices: bool) -> Tensor:
    first, last = (None, None) if axes is None else (axes[0], axes[-1])
    if ord == 1:
        result = reduce_sum(size, first, keepdims=True)
        return reduce_max(result, last, keepdims=True) if of_matrices else result
    if ord == np.inf:
        if of_matrices:
            size = reduce_sum(size, last, keepdims=True)
        return reduce_max(size, first, keepdims=True)
    return pow(reduce_sum(pow(size, ord), axes, keepdims=True), 1.0 / ord)


def _spectral_norm(tensor: Tensor, axes: tuple[int, int]) -> Tensor:
    """The largest singular value. Raises: NotImplementedError for tensors of unknown rank."""
    rank = tensor.shape.ndims
    if rank is None:
        raise NotImplementedError("The 2-norm of matrices needs a tensor of known rank")
    last = [axis % rank for axis in axes]
    before = [axis for axis in range(rank) if axis not in last] + last
    after = [before.index(axis) for axis in range(rank)]
    s, _, _ = g.Svd(g.transpose(tensor, before), compute_uv=False)
    largest = g.ExpandDims(reduce_max(abs(s), axis=-1, keepdims=True), -1)
    return g.transpose(largest, after)
