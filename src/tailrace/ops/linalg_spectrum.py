"""Eigenvalues and singular values.

Source: TF 1.15 core/ops/linalg_ops.cc, python/ops/linalg_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import errors
from tailrace.dtypes import COMPLEX, float16, float32, float64
from tailrace.registry import op
from tailrace.shapes import agree, at_least_rank, merge

_TYPES = (float64, float32, float16, *COMPLEX)


@op("SelfAdjointEigV2", "input: T -> e: T, v: T", compute_v=True, T=_TYPES)
def self_adjoint_eig(input, *, compute_v):
    """Eigenvalues in ascending order and eigenvectors; only the lower triangle is read.

    Shapes: input [..., m, m] -> e [..., m], v [..., m, m], the vectors its columns ([0] if not
    computed).
    """
    if input.dim() < 2 or input.shape[-1] != input.shape[-2]:
        raise errors.invalid(f"Input matrix must be square. shape = {list(input.shape)}")
    if not compute_v:
        return torch.linalg.eigvalsh(input).to(input.dtype), input.new_empty(0)
    values, vectors = torch.linalg.eigh(input)
    return values.to(input.dtype), vectors


@self_adjoint_eig.shape
def self_adjoint_eig_shape(input, *, compute_v):
    *batch, m, n = at_least_rank(input, 2)
    m = agree(m, n, "rows and columns of the matrix")
    return [[*batch, m], [*batch, m, m] if compute_v else [0]]


@self_adjoint_eig.gradient
def self_adjoint_eig_grad(g, op, de, dv):
    e = op.e
    with g.control_dependencies([de, dv]):
        if op.compute_v:
            v = op.v
            gaps = g.ExpandDims(e, -2) - g.ExpandDims(e, -1)
            inverse_gaps = g.MatrixSetDiag(g.Reciprocal(gaps), g.zeros_like(e), name="set_diag")
            diagonal = g.MatrixDiag(de, name="diag")
            inner = diagonal + inverse_gaps * g.matmul(v, dv, adjoint_a=True)
        else:
            _, v = g.SelfAdjointEigV2(op.input)
            inner = g.MatrixDiag(de, name="diag")
        grad = g.matmul(v, g.matmul(inner, v, adjoint_b=True))
        # only the lower triangle is read
        grad = g.MatrixBandPart(grad + g.adjoint(grad), -1, 0)
        half = 0.5 * g.MatrixDiagPart(grad, name="diag_part")
        return g.MatrixSetDiag(grad, half, name="set_diag")


@op(
    "Svd",
    "input: T -> s: T, u: T, v: T",
    compute_uv=True,
    full_matrices=False,
    T=_TYPES,
)
def svd(input, *, compute_uv, full_matrices):
    """Singular values in descending order, and the vectors: input = u diag(s) v^H.

    Shapes: input [..., m, n], p = min(m, n) -> s [..., p], u [..., m, p], v [..., n, p]; full
    matrices are square; empty ([0]) if not computed.
    """
    if not compute_uv:
        empty = input.new_empty(0)
        return torch.linalg.svdvals(input).to(input.dtype), empty, empty.clone()
    u, s, vh = torch.linalg.svd(input, full_matrices=full_matrices)
    return s.to(input.dtype), u, vh.mH.resolve_conj()


@svd.shape
def svd_shape(input, *, compute_uv, full_matrices):
    *batch, m, n = at_least_rank(input, 2)
    p = None if m is None or n is None else min(m, n)
    if not compute_uv:
        return [[*batch, p], [0], [0]]
    if full_matrices:
        return [[*batch, p], [*batch, m, m], [*batch, n, n]]
    return [[*batch, p], [*batch, m, p], [*batch, n, p]]


@svd.gradient
def svd_grad(g, op, ds, du, dv):
    """Giles, "Collected matrix derivative results for forward and reverse mode" (2008)."""
    shape = op.input.get_shape().with_rank_at_least(2)
    ds_matrix = g.MatrixDiag(ds, name="diag")
    if not op.compute_uv:
        _, u, v = g.Svd(op.input, compute_uv=True)
        grad = g.matmul(u, g.matmul(ds_matrix, v, adjoint_b=True))
        grad.set_shape(shape)
        return grad
    m, n = _svd_sizes(op, du, dv)
    u, v = op.u, op.v
    wide = m <= n
    if not wide:
        m, n, u, v, du, dv = n, m, v, u, dv, du
    with g.control_dependencies([ds, du, dv]):
        if op.full_matrices and n - m > 1:
            raise NotImplementedError(
                "svd gradient is not implemented for abs(m - n) > 1 when full_matrices is True"
            )
        grad = _wide_svd_grad(g, op, ds_matrix, (u, v), (du, dv), (m, n))
        grad = grad if wide else g.matrix_transpose(grad)
        batch = merge(shape[:-2], du.get_shape()[:-2])
        grad.set_shape([*batch, m, n] if wide else [*batch, n, m])
        return grad


def _svd_sizes(op, du, dv):
    if op.input.dtype.is_complex:
        raise NotImplementedError(
            "SVD gradient is not implemented for complex types and compute_uv=True."
        )
    sizes = [
        merge([a], [b])[0]
        for a, b in zip(op.input._dims[-2:], (du._dims[-2], dv._dims[-2]), strict=True)
    ]
    if None in sizes:
        raise NotImplementedError(
            "SVD gradient has not been implemented for input with unknown inner matrix shape."
        )
    return sizes


def _wide_svd_grad(g, op, ds_matrix, vectors, d_vectors, sizes):
    """The gradient for m <= n."""
    (u, v), (du, dv), (m, n) = vectors, d_vectors, sizes
    s = op.s
    s_matrix = g.MatrixDiag(s, name="diag")
    squares = g.Square(s)
    s_shape = g.shape(s)
    identity = g.eye(s_shape[-1], batch_shape=s_shape[:-1], dtype=s.dtype)
    gaps = g.ExpandDims(squares, -2) - g.ExpandDims(squares, -1) + identity
    inverse_gaps = g.MatrixSetDiag(g.Reciprocal(gaps), g.zeros_like(s), name="set_diag")
    s_inverse = g.MatrixDiag(g.Reciprocal(s), name="diag")
    v1 = v[..., :, :m]
    dv1 = dv[..., :, :m]
    u_du = g.matmul(u, du, adjoint_a=True)
    v_dv = g.matmul(v1, dv1, adjoint_a=True)
    f_u = inverse_gaps * u_du
    f_v = inverse_gaps * v_dv
    inner = (
        ds_matrix
        + g.matmul(f_u + g.adjoint(f_u), s_matrix)
        + g.matmul(s_matrix, f_v + g.adjoint(f_v))
    )
    first = g.matmul(u, g.matmul(inner, v1, adjoint_b=True))
    if m == n:
        return first
    dv1_t = g.matrix_transpose(dv1)
    rest = dv1_t - g.matmul(g.matmul(dv1_t, v1), v1, adjoint_b=True)
    if op.full_matrices:
        v2 = v[..., :, m:n]
        dv2 = dv[..., :, m:n]
        rest = rest - g.matmul(g.matmul(v1, dv2, adjoint_a=True), v2, adjoint_b=True)
    return first + g.matmul(g.matmul(u, s_inverse), rest)
