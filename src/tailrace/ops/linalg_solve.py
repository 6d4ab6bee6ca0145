"""Systems of linear equations.

Source: TF 1.15 core/ops/linalg_ops.cc, python/ops/linalg_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import errors
from tailrace.dtypes import COMPLEX, float16, float32, float64
from tailrace.registry import op
from tailrace.shapes import agree, at_least_rank, merge

_TYPES = (float64, float32, float16, *COMPLEX)


def _system(matrix, rhs, square):
    """Batch shape, rows and columns of the matrix, columns of the right-hand side."""
    matrix, rhs = at_least_rank(matrix, 2), at_least_rank(rhs, 2)
    batch = merge(matrix[:-2], rhs[:-2], "batch shapes of the matrix and the right-hand side")
    m, n = matrix[-2:]
    if square:
        n = m = agree(m, n, "rows and columns of the matrix")
    m = agree(m, rhs[-2], "rows of the matrix and the right-hand side")
    return batch, m, (m if square else n), rhs[-1]


def _check(matrix, rhs, square=True):
    if matrix.dim() < 2 or (square and matrix.shape[-1] != matrix.shape[-2]):
        raise errors.invalid(f"Input matrix must be square, not {list(matrix.shape)}")
    if rhs.dim() != matrix.dim() or matrix.shape[:-1] != rhs.shape[:-1]:
        raise errors.invalid(
            f"Input matrix and rhs are incompatible: {list(matrix.shape)}, {list(rhs.shape)}"
        )


@op("MatrixSolve", "matrix: T, rhs: T -> output: T", adjoint=False, T=_TYPES)
def matrix_solve(matrix, rhs, *, adjoint):
    """x with matrix x = rhs, or with its adjoint. Raises: InvalidArgumentError for a singular one.

    Shapes: matrix [..., m, m], rhs [..., m, k] -> output [..., m, k].
    """
    _check(matrix, rhs)
    solution, info = torch.linalg.solve_ex(matrix.mH if adjoint else matrix, rhs)
    if bool(info.any()):
        raise errors.invalid("Input matrix is not invertible.")
    return solution


@matrix_solve.shape
def matrix_solve_shape(matrix, rhs):
    batch, _, n, k = _system(matrix, rhs, square=True)
    return [[*batch, n, k]]


@matrix_solve.gradient
def matrix_solve_grad(g, op, dy):
    d_rhs = g.MatrixSolve(op.matrix, dy, adjoint=not op.adjoint)
    return _matrix_gradient(g, op, d_rhs), d_rhs


def _matrix_gradient(g, op, d_rhs):
    if op.adjoint:
        return -g.matmul(op.output, d_rhs, adjoint_b=True)
    return -g.matmul(d_rhs, op.output, adjoint_b=True)


@op(
    "MatrixTriangularSolve",
    "matrix: T, rhs: T -> output: T",
    lower=True,
    adjoint=False,
    T=_TYPES,
)
def matrix_triangular_solve(matrix, rhs, *, lower, adjoint):
    """x with matrix x = rhs, of which only one triangle is read.

    Shapes: matrix [..., m, m], rhs [..., m, k] -> output [..., m, k].
    Raises: InvalidArgumentError when the diagonal has a zero.
    """
    _check(matrix, rhs)
    if bool((matrix.diagonal(dim1=-2, dim2=-1) == 0).any()):
        raise errors.invalid("Input matrix is not invertible.")
    factor = matrix.mH if adjoint else matrix
    return torch.linalg.solve_triangular(factor, rhs, upper=lower == adjoint)


matrix_triangular_solve.shape(matrix_solve_shape)


@matrix_triangular_solve.gradient
def matrix_triangular_solve_grad(g, op, dy):
    d_rhs = g.MatrixTriangularSolve(op.matrix, dy, lower=op.lower, adjoint=not op.adjoint)
    d_matrix = _matrix_gradient(g, op, d_rhs)
    below, above = (-1, 0) if op.lower else (0, -1)
    return g.MatrixBandPart(d_matrix, below, above), d_rhs


# -- least squares ---------------------------------------------------------------------------------


@op(
    "MatrixSolveLs",
    "matrix: T, rhs: T, l2_regularizer: double -> output: T",
    T=_TYPES,
    fast=True,
    _host="l2_regularizer",
)
def matrix_solve_ls(matrix, rhs, l2_regularizer):
    """The x that makes |matrix x - rhs|^2 + l2_regularizer |x|^2 least; of several, the shortest.

    Shapes: matrix [..., m, n], rhs [..., m, k] -> output [..., n, k].
    """
    _check(matrix, rhs, square=False)
    if not l2_regularizer:
        return torch.linalg.pinv(matrix) @ rhs
    size = matrix.shape[-1]
    ridge = l2_regularizer * torch.eye(size, dtype=matrix.dtype, device=matrix.device)
    return torch.linalg.solve(matrix.mH @ matrix + ridge, matrix.mH @ rhs)


@matrix_solve_ls.shape
def matrix_solve_ls_shape(matrix, rhs, l2_regularizer):
    batch, _, n, k = _system(matrix, rhs, square=False)
    return [[*batch, n, k]]


@matrix_solve_ls.gradient
def matrix_solve_ls_grad(g, op, dx):
    if not op.fast:
        raise ValueError("Gradient not defined for fast=False")
    sizes = op.matrix._dims
    if sizes is None or None in sizes[-2:]:
        raise NotImplementedError(
            "The gradient of MatrixSolveLs needs the number of rows and columns of the matrix: "
            "give it a static shape"
        )
    ridge = g.cast(op.l2_regularizer, op.matrix.dtype.base_dtype)
    if sizes[-2] >= sizes[-1]:
        return (*_overdetermined_grads(g, op, dx, ridge), None)
    return (*_underdetermined_grads(g, op, dx, ridge), None)


def _overdetermined_grads(g, op, dx, ridge):
    a, b, x = op.matrix, op.rhs, op.output
    z = g.cholesky_solve(g.gramian_cholesky(a, ridge, first_kind=True), dx)
    xz = g.matmul(x, z, adjoint_b=True)
    both = xz + g.matrix_transpose(xz)
    da = -g.matmul(a, both) + g.matmul(b, z, adjoint_b=True)
    return da, g.matmul(a, z)


def _underdetermined_grads(g, op, dx, ridge):
    a, b = op.matrix, op.rhs
    chol = g.gramian_cholesky(a, ridge, first_kind=False)
    db = g.cholesky_solve(chol, g.matmul(a, dx))
    solution = g.cholesky_solve(chol, b)
    first = -g.matmul(db, g.matmul(solution, a, adjoint_a=True))
    rest = dx - g.matmul(a, db, adjoint_a=True)
    return first + g.matmul(solution, rest, adjoint_b=True), db
