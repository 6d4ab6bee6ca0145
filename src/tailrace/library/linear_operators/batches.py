"""Products and solutions with matrices whose batch dimensions are broadcast.

Source: TF 1.15 python/ops/linalg/linear_operator_util.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, checks, matrices
from tailrace.library.special_math import imag
from tailrace.library.variables import Variable


def matrix_or_variable(value: Any, name: str) -> Any:
    """`value` as a tensor; a variable stays one and is read wherever it is used."""
    return value if isinstance(value, Variable) else convert_to_tensor(value, name=name)


def shape_tensor(shape: Any, name: str | None = None) -> Tensor:
    """A shape as a vector; () has the type of shapes."""
    empty = isinstance(shape, (tuple, list)) and not shape
    return convert_to_tensor(shape, dtypes.int32 if empty else None, name=name)


def assert_no_zeros(x: Any, message: str) -> Operation:
    """Checks in the run that no element is 0."""
    with g.name_scope("assert_no_entries_with_modulus_zero"):
        x = convert_to_tensor(x, name="x")
        size = arithmetic.abs(x)
        zero = convert_to_tensor(0, x.dtype.base_dtype.real_dtype)
        return checks.assert_less(zero, size, message=message)


def assert_real(x: Any, message: str) -> Operation:
    """Checks in the run that all imaginary parts are 0."""
    with g.name_scope("assert_zero_imag_part"):
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_floating:
            return g.NoOp()
        zero = convert_to_tensor(0, x.dtype.base_dtype.real_dtype)
        return checks.assert_equal(zero, imag(x), message=message)


def broadcast_batches(first: Tensor, second: Tensor) -> list[Tensor]:
    """Two matrices [..., m, k] repeated to the same batch shape."""
    with g.name_scope("broadcast_matrix_batch_dims"):
        pair = [convert_to_tensor(first), convert_to_tensor(second)]
        static = array.broadcast_static_shape(pair[0].shape[:-2], pair[1].shape[:-2])
        if static.is_fully_defined():
            return [_repeated(matrix, static) for matrix in pair]
        batch = array.shape(pair[0])[:-2]
        batch = array.broadcast_dynamic_shape(batch, array.shape(pair[1])[:-2])
        return [
            array.broadcast_to(matrix, array.concat([batch, array.shape(matrix)[-2:]], axis=0))
            for matrix in pair
        ]


def _repeated(matrix: Tensor, batch: Any) -> Tensor:
    if matrix.shape[:-2] == batch:
        return matrix
    shape = array.concat([batch.as_list(), array.shape(matrix)[-2:]], axis=0)
    return array.broadcast_to(matrix, shape)


def cholesky_solve(chol: Any, rhs: Any) -> Tensor:
    """The solution by a Cholesky factor."""
    with g.name_scope("CholeskySolveWithBroadcast"):
        chol, rhs = broadcast_batches(chol, rhs)
        return matrices.cholesky_solve(chol, rhs)


def solve(matrix: Any, rhs: Any, adjoint: bool) -> Tensor:
    """The solution of matrix x = rhs."""
    with g.name_scope("MatrixSolveWithBroadcast"):
        matrix, rhs, restore, turned = _arranged(matrix, rhs, adjoint)
        pair = broadcast_batches(matrix, rhs)
        return restore(matrices.matrix_solve(*pair, adjoint=adjoint and not turned))


def triangular_solve(matrix: Any, rhs: Any, adjoint: bool) -> Tensor:
    """The solution of matrix x = rhs, matrix lower triangular."""
    with g.name_scope("MatrixTriangularSolve"):
        matrix, rhs, restore, turned = _arranged(matrix, rhs, adjoint)
        pair = broadcast_batches(matrix, rhs)
        return restore(
            matrices.matrix_triangular_solve(
                *pair, lower=not (turned and adjoint), adjoint=adjoint and not turned
            )
        )


def _arranged(
    matrix: Any, rhs: Any, adjoint: bool
) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor], bool]:
    """Dimensions that only `rhs` has, moved to its end, so that the matrix is not repeated.

    Gives the two, what moves them back in the solution, and whether the matrix is adjoint now.
    """
    matrix = convert_to_tensor(matrix, name="matrix")
    rhs = convert_to_tensor(rhs, matrix.dtype, name="rhs")
    ranks = matrix.shape.ndims, rhs.shape.ndims
    if ranks[0] is None or ranks[1] is None or ranks[0] >= ranks[1]:
        return matrix, rhs, lambda y: y, False
    extra = ranks[1] - ranks[0]
    # TF: asks for the shape before it knows whether it is needed
    _ = array.shape(rhs)[:extra], array.shape(rhs)[extra:]
    columns = rhs.shape.as_list()[-1]
    domain = matrix.shape.as_list()[-2 if adjoint else -1]
    known = rhs.shape[:extra].is_fully_defined() and None not in (columns, domain)
    if known and (np.prod(rhs.shape[:extra].as_list()) < 2 or domain <= columns):
        return matrix, rhs, lambda y: y, False
    matrix = matrices.adjoint(matrix) if adjoint else matrix
    extra_shape, main_shape = array.shape(rhs)[:extra], array.shape(rhs)[extra:]
    order = np.concatenate((np.arange(extra, ranks[1]), np.arange(extra)), 0)
    at_end = array.transpose(rhs, perm=order)
    flat = array.reshape(at_end, array.concat((main_shape[:-1], [-1]), 0))

    def restore(y: Tensor) -> Tensor:
        shape = array.concat((array.shape(y)[:-1], [main_shape[-1]], extra_shape), 0)
        return array.transpose(array.reshape(y, shape), perm=np.argsort(order))

    return matrix, flat, restore, True
