"""Tridiagonal matrices: products with them and systems of equations.

Source: TF 1.15 core/ops/linalg_ops.cc, python/ops/linalg_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import COMPLEX, float32, float64
from tailrace.registry import op
from tailrace.shapes import at_least_rank

_TYPES = (float64, float32, *COMPLEX)


@op(
    "TridiagonalMatMul",
    "superdiag: T, maindiag: T, subdiag: T, rhs: T -> output: T",
    T=_TYPES,
)
def tridiagonal_matmul(superdiag, maindiag, subdiag, rhs):
    """The product of tridiagonal matrices, given by their diagonals, and others.

    Shapes: diagonals [..., 1, m], rhs [..., m, n] -> output [..., m, n]; the last of `superdiag`
    and the first of `subdiag` do not count.
    """
    above, main, below = (d.mT for d in (superdiag, maindiag, subdiag))
    product = main * rhs
    product[..., :-1, :] += above[..., :-1, :] * rhs[..., 1:, :]
    product[..., 1:, :] += below[..., 1:, :] * rhs[..., :-1, :]
    return product


@tridiagonal_matmul.shape
def tridiagonal_matmul_shape(superdiag, maindiag, subdiag, rhs):
    return [at_least_rank(rhs, 2)]


@tridiagonal_matmul.gradient
def tridiagonal_matmul_grad(g, op, dy):
    above = g.matrix_transpose(op.superdiag, conjugate=True)
    main = g.matrix_transpose(op.maindiag, conjugate=True)
    below = g.matrix_transpose(op.subdiag, conjugate=True)
    rhs = g.conj(op.rhs)
    d_above = g.reduce_sum(_shifted_up(g, rhs) * dy, -1)
    d_main = g.reduce_sum(rhs * dy, -1)
    d_below = g.reduce_sum(_shifted_down(g, rhs) * dy, -1)
    d_rhs = _shifted_down(g, above * dy) + main * dy + _shifted_up(g, below * dy)
    d_above, d_main, d_below = (g.ExpandDims(d, -2) for d in (d_above, d_main, d_below))
    return d_above, d_main, d_below, d_rhs


def _shifted_up(g, x):
    """The rows one place earlier, zeros at the end."""
    return _padded_rows(g, x, slice(1, None), [[0, 1], [0, 0]])


def _shifted_down(g, x):
    """The rows one place later, zeros at the beginning."""
    return _padded_rows(g, x, slice(None, -1), [[1, 0], [0, 0]])


def _padded_rows(g, x, rows, padding):
    outer = g.zeros((g.rank(x) - 2, 2), dtypes.int32)
    widths = g.ConcatV2([outer, g.constant(padding)], 0, name="concat")
    return g.Pad(x[..., rows, :], widths)


@op(
    "TridiagonalSolve",
    "diagonals: T, rhs: T -> output: T",
    partial_pivoting=True,
    T=_TYPES,
)
def tridiagonal_solve(diagonals, rhs, *, partial_pivoting):
    """x with A x = rhs, for tridiagonal matrices A.

    Shapes: diagonals [..., 3, m] (above, main, below), rhs [..., m, k] -> output [..., m, k].
    Raises: InvalidArgumentError for a singular matrix.
    """
    above, main, below = diagonals.unbind(-2)
    if not main.shape[-1]:
        return rhs.clone()
    rows = _eliminated(above, main, below, rhs, partial_pivoting)
    return _substituted(rows, rhs)


def _eliminated(above, main, below, rhs, pivoting):
    """Upper triangular rows (main, above, second above, right-hand side), one tuple per row."""
    zero = torch.zeros_like(main[..., 0])
    current = (main[..., 0], above[..., 0], zero, rhs[..., 0, :])
    rows = []
    for i in range(1, main.shape[-1]):
        last = i + 1 == main.shape[-1]
        following = (below[..., i], main[..., i], zero if last else above[..., i], rhs[..., i, :])
        if pivoting:
            current, following = _exchanged(current, following)
        if bool((current[0] == 0).any()):
            raise errors.invalid("The first element of diagonals is zero or A is singular.")
        factor = following[0] / current[0]
        rows.append(current)
        current = (
            following[1] - factor * current[1],
            following[2] - factor * current[2],
            zero,
            following[3] - factor[..., None] * current[3],
        )
    if bool((current[0] == 0).any()):
        raise errors.invalid("The last element of diagonals is zero or A is singular.")
    return [*rows, current]


def _exchanged(current, following):
    """The row with the larger first element first."""
    swap = following[0].abs() > current[0].abs()
    pairs = list(zip(current, following, strict=True))
    wide = [swap[..., None] if a.dim() > swap.dim() else swap for a, _ in pairs]
    first = tuple(torch.where(s, b, a) for s, (a, b) in zip(wide, pairs, strict=True))
    second = tuple(torch.where(s, a, b) for s, (a, b) in zip(wide, pairs, strict=True))
    return first, second


def _substituted(rows, rhs):
    solution = torch.empty_like(rhs)
    count = len(rows)
    for i in reversed(range(count)):
        main, above, second, value = rows[i]
        if i + 1 < count:
            value = value - above[..., None] * solution[..., i + 1, :]
        if i + 2 < count:
            value = value - second[..., None] * solution[..., i + 2, :]
        solution[..., i, :] = value / main[..., None]
    return solution


@tridiagonal_solve.shape
def tridiagonal_solve_shape(diagonals, rhs):
    return [at_least_rank(rhs, 2)]


@tridiagonal_solve.gradient
def tridiagonal_solve_grad(g, op, dy):
    diagonals = op.diagonals
    d_rhs = g.TridiagonalSolve(_transposed(g, diagonals), dy, partial_pivoting=op.partial_pivoting)
    return -_product_diagonals(g, d_rhs, op.output), d_rhs


def _transposed(g, diagonals):
    """The diagonals of the transposed matrix."""
    main = diagonals[..., 1, :]
    if diagonals.shape.is_fully_defined():
        zeros = g.zeros([*diagonals._dims[:-2], 1], diagonals.dtype)
        above = g.ConcatV2([diagonals[..., 2, 1:], zeros], -1, name="concat")
        below = g.ConcatV2([zeros, diagonals[..., 0, :-1]], -1, name="concat")
    else:
        outer = g.zeros((g.rank(diagonals) - 2, 2), dtypes.int32)
        ends = g.ConcatV2([outer, g.constant([[0, 1]])], 0, name="concat")
        above = g.Pad(diagonals[..., 2, 1:], ends)
        ends = g.ConcatV2([outer, g.constant([[1, 0]])], 0, name="concat")
        below = g.Pad(diagonals[..., 0, :-1], ends)
    return g.Pack([above, main, below], axis=-2, name="stack")


def _product_diagonals(g, x, y):
    """The three diagonals of x y^T."""
    main = g.reduce_sum(x * y, -1)
    if y.shape.is_fully_defined():
        zeros = g.zeros([*x._dims[:-2], 1, x._dims[-1]], x.dtype)
        later = g.ConcatV2([y[..., 1:, :], zeros], -2, name="concat")
        above = g.reduce_sum(x * later, -1)
        earlier = g.ConcatV2([zeros, y[..., :-1, :]], -2, name="concat")
        below = g.reduce_sum(x * earlier, -1)
    else:
        outer = g.zeros((g.rank(y) - 2, 2), dtypes.int32)
        ends = g.ConcatV2([outer, g.constant([[0, 1], [0, 0]])], 0, name="concat")
        above = g.reduce_sum(x * g.Pad(y[..., 1:, :], ends), -1)
        ends = g.ConcatV2([outer, g.constant([[1, 0], [0, 0]])], 0, name="concat")
        below = g.reduce_sum(x * g.Pad(y[..., :-1, :], ends), -1)
    return g.Pack([above, main, below], axis=-2, name="stack")
