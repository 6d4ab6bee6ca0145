"""Factorizations, inverses and functions of matrices, the innermost two dimensions of a tensor.

Source: TF 1.15 core/ops/linalg_ops.cc, python/ops/linalg_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import arrays, errors
from tailrace.dtypes import COMPLEX, INDEX, float16, float32, float64, int32
from tailrace.registry import op, type_attr
from tailrace.shapes import agree, at_least_rank

_TYPES = (float64, float32, float16, *COMPLEX)
_DETERMINANT_TYPES = (float16, float32, float64, *COMPLEX)


def _square(input):
    """A batch of square matrices: its batch dimensions and their size."""
    input = at_least_rank(input, 2)
    size = agree(input[-1], input[-2], "rows and columns of the matrix")
    return input[:-2], size


def _square_shape(input):
    batch, size = _square(input)
    return [[*batch, size, size]]


def _check_square(input):
    if input.dim() < 2 or input.shape[-1] != input.shape[-2]:
        raise errors.invalid(f"Input matrix must be square. shape = {list(input.shape)}")


# -- triangular factors ----------------------------------------------------------------------------


@op("Cholesky", "input: T -> output: T", T=_TYPES)
def cholesky(input):
    """The lower triangular L with L L^H = input, of which only the lower triangle is read.

    Raises: InvalidArgumentError when the matrix is not positive definite.
    """
    _check_square(input)
    factor, info = torch.linalg.cholesky_ex(input)
    if bool(info.any()):
        raise errors.invalid(
            "Cholesky decomposition was not successful. The input might not be valid."
        )
    return factor


cholesky.shape(_square_shape)


@cholesky.gradient
def cholesky_grad(g, op, dl):
    """Murray, "Differentiation of the Cholesky decomposition" (2016)."""
    factor = op.output
    size = g.shape(factor)[-1]
    batch = g.shape(factor)[:-2]
    identity = g.eye(size, batch_shape=batch, dtype=factor.dtype)
    inverse = g.MatrixTriangularSolve(factor, identity)
    middle = g.matmul(factor, dl, adjoint_a=True)
    half = 0.5 * g.MatrixDiagPart(middle, name="diag_part")
    middle = g.MatrixSetDiag(middle, half, name="set_diag")
    middle = g.MatrixBandPart(middle, -1, 0)
    grad = g.matmul(g.matmul(inverse, middle, adjoint_a=True), inverse)
    grad = grad + g.adjoint(grad)
    return grad * 0.5


@op(
    "Lu",
    "input: T -> lu: T, p: output_idx_type",
    T=_TYPES,
    output_idx_type=type_attr(INDEX, int32),
)
def lu(input, *, output_idx_type):
    """Triangular factors with partial pivoting, L below the diagonal of `lu` and U on and above it.

    Shapes: input [..., m, m] -> lu [..., m, m], p [..., m]; row p[i] of the input is row i of L U.
    Raises: InvalidArgumentError for a singular matrix.
    """
    _check_square(input)
    factors, pivots = torch.linalg.lu_factor(input)
    if bool((factors.diagonal(dim1=-2, dim2=-1) == 0).any()):
        raise errors.invalid("Input is not invertible.")
    permutation, _, _ = torch.lu_unpack(factors, pivots, unpack_data=False)
    places = permutation.abs().argmax(-2)
    return factors, places.to(arrays.torch_dtype(output_idx_type))


@lu.shape
def lu_shape(input):
    batch, size = _square(input)
    return [[*batch, size, size], [*batch, size]]


@op("Qr", "input: T -> q: T, r: T", full_matrices=False, T=_TYPES)
def qr(input, *, full_matrices):
    """A unitary Q and an upper triangular R with Q R = input.

    Shapes: input [..., m, n], p = min(m, n) -> q [..., m, p], r [..., p, n]; full: [..., m, m] and
    [..., m, n].
    """
    return tuple(torch.linalg.qr(input, mode="complete" if full_matrices else "reduced"))


@qr.shape
def qr_shape(input, *, full_matrices):
    *batch, m, n = at_least_rank(input, 2)
    p = None if m is None or n is None else min(m, n)
    if full_matrices:
        return [[*batch, m, m], [*batch, m, n]]
    return [[*batch, m, p], [*batch, p, n]]


@qr.gradient
def qr_grad(g, op, dq, dr):
    q, r = op.q, op.r
    _check_qr_differentiable(q, r)
    qdq = g.matmul(q, dq, adjoint_a=True)
    qdq_antisymmetric = qdq - g.adjoint(qdq)
    rdr = g.matmul(r, dr, adjoint_b=True)
    rdr_antisymmetric = rdr - g.adjoint(rdr)
    lower = g.MatrixBandPart(qdq_antisymmetric + rdr_antisymmetric, -1, 0)

    def divided_by_r(x):
        solution = g.MatrixTriangularSolve(r, g.adjoint(x), lower=False, adjoint=False)
        return g.adjoint(solution)

    grad = g.matmul(q, dr + divided_by_r(lower))
    return grad + divided_by_r(dq - g.matmul(q, qdq))


def _check_qr_differentiable(q, r):
    if q.dtype.is_complex:
        raise NotImplementedError(f"QrGrad not implemented for dtype: {q.dtype}")
    if r._dims is None or None in r._dims[-2:]:
        raise NotImplementedError("QrGrad not implemented with dynamic shapes.")
    if r._dims[-2] != r._dims[-1]:
        raise NotImplementedError(
            "QrGrad not implemented when ncols > nrows or full_matrices is true and ncols != nrows."
        )


# -- determinants, inverses, functions -------------------------------------------------------------


@op("MatrixDeterminant", "input: T -> output: T", T=_DETERMINANT_TYPES)
def matrix_determinant(input):
    """The determinant.

    Shapes: input [..., m, m] -> output [...].
    """
    _check_square(input)
    return torch.linalg.det(input)


@matrix_determinant.shape
def matrix_determinant_shape(input):
    return [_square(input)[0]]


@matrix_determinant.gradient
def matrix_determinant_grad(g, op, dy):
    inverse = g.MatrixInverse(op.input, adjoint=True)
    scaled = dy * op.output
    return _as_matrices(g, scaled, op.output) * inverse


def _as_matrices(g, values, like):
    """A number per matrix, in a shape that broadcasts with the matrices."""
    shape = g.ConcatV2([g.shape(like), [1, 1]], 0, name="concat")
    return g.Reshape(values, shape)


@op(
    "LogMatrixDeterminant",
    "input: T -> sign: T, log_abs_determinant: T",
    T=_DETERMINANT_TYPES,
)
def log_matrix_determinant(input):
    """The sign of the determinant, and the logarithm of its absolute value.

    Shapes: input [..., m, m] -> sign [...], log_abs_determinant [...].
    """
    _check_square(input)
    sign, value = torch.linalg.slogdet(input)
    return sign, value.to(input.dtype)


@log_matrix_determinant.shape
def log_matrix_determinant_shape(input):
    batch, _ = _square(input)
    return [batch, batch]


@log_matrix_determinant.gradient
def log_matrix_determinant_grad(g, op, _, dlog):
    inverse = g.MatrixInverse(op.input, adjoint=True)
    return _as_matrices(g, dlog, op.log_abs_determinant) * inverse


@op("MatrixInverse", "input: T -> output: T", adjoint=False, T=_TYPES)
def matrix_inverse(input, *, adjoint):
    """The inverse, or that of the adjoint. Raises: InvalidArgumentError for a singular matrix."""
    _check_square(input)
    return _inverse(input.mH if adjoint else input, "Input is not invertible.")


def _inverse(x, message):
    inverse, info = torch.linalg.inv_ex(x)
    if bool(info.any()):
        raise errors.invalid(message)
    return inverse


matrix_inverse.shape(_square_shape)


@matrix_inverse.gradient
def matrix_inverse_grad(g, op, dy):
    inverse = op.output
    product = g.matmul(dy, inverse, adjoint_b=True)
    return -g.matmul(inverse, product, adjoint_a=True)


@op("MatrixLogarithm", "input: T -> output: T", T=COMPLEX)
def matrix_logarithm(input):
    """The principal logarithm, by inverse scaling and squaring.

    Source: Higham, "Functions of Matrices" (2008), section 11.5, with a Taylor series.
    """
    _check_square(input)
    identity = torch.eye(input.shape[-1], dtype=torch.complex128, device=input.device)
    root, doublings = input.to(torch.complex128), 0
    while doublings < 60 and bool((torch.linalg.matrix_norm(root - identity) > 0.05).any()):
        root, doublings = _square_root(root), doublings + 1
    step = root - identity
    power, total = step, step
    for k in range(2, 24):
        power = -power @ step
        total = total + power / k
    return (total * 2**doublings).to(input.dtype)


matrix_logarithm.shape(_square_shape)


@op("MatrixSquareRoot", "input: T -> output: T", T=_TYPES)
def matrix_square_root(input):
    """The principal square root. Raises: InvalidArgumentError when none is found.

    Source: Higham, "Functions of Matrices" (2008), section 6.3 (the Denman-Beavers iteration).
    """
    _check_square(input)
    wide = torch.complex128 if input.is_complex() else torch.float64
    return _square_root(input.to(wide)).to(input.dtype)


def _square_root(x):
    root, inverse = x, torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    message = "The matrix has no principal square root."
    for _ in range(100):
        last = root
        root, inverse = (
            (root + _inverse(inverse, message)) / 2,
            (inverse + _inverse(root, message)) / 2,
        )
        change = torch.linalg.matrix_norm(root - last)
        if bool((change <= 1e-14 * torch.linalg.matrix_norm(root)).all()):
            break
    return root


matrix_square_root.shape(_square_shape)


@matrix_square_root.gradient
def matrix_square_root_grad(g, op, dy):
    """The Sylvester equation of the derivative, as one of Kronecker products."""
    root = op.output
    shape = g.shape(root)
    order = shape[-1]
    batch = shape[0:-2]
    count = g.Prod(batch, g.all_axes(batch, None))
    flat = g.Reshape(g.eye(order, dtype=root.dtype), [-1])
    identities = g.Reshape(g.Tile(flat, [count]), shape)
    transposed = g.matrix_transpose(root)
    total = g.Add(_kronecker(g, identities, transposed), _kronecker(g, root, identities))
    batch = g.Slice(shape, [0], [g.Sub(g.size(shape), 2)])
    columns = g.ConcatV2([batch, [order * order], [1]], 0, name="concat")
    column = g.Reshape(g.matrix_transpose(dy), columns)
    solution = g.MatrixSolve(total, column)
    return g.matrix_transpose(g.Reshape(solution, shape))


def _kronecker(g, a, b):
    shape_a, shape_b = g.shape(a), g.shape(b)
    m, n = shape_a[-1], shape_b[-1]
    batch = g.Slice(shape_a, [0], [g.Sub(g.size(shape_a), 2)])
    spread_a = g.ConcatV2([batch, [m], [1], [m], [1]], 0, name="concat")
    spread_b = g.ConcatV2([batch, [1], [n], [1], [n]], 0, name="concat")
    wide_a, wide_b = g.Reshape(a, spread_a), g.Reshape(b, spread_b)
    size = m * n
    shape = g.ConcatV2([batch, [size], [size]], 0, name="concat")
    return g.Reshape(wide_a * wide_b, shape)
