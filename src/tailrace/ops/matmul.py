"""Matrix products.

Source: TF 1.15 core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from math import prod

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import COMPLEX, FLOATS, INDEX
from tailrace.native import bundles
from tailrace.native.products import product
from tailrace.registry import fused, op, type_attr
from tailrace.shapes import Shape, agree, at_least_rank, broadcast, merge, with_rank

_NUMBERS = (*FLOATS, *INDEX, *COMPLEX)
_HINT = "is transpose_a or transpose_b missing?"


# -- two matrices ----------------------------------------------------------------------------------


@op(
    "MatMul",
    "a: T, b: T -> product: T",
    transpose_a=False,
    transpose_b=False,
    T=_NUMBERS,
    _summed="SumOfProducts",
    _vanishes=("a", "b"),
)
def matmul(a, b, *, transpose_a, transpose_b):
    """Matrix product, each factor optionally transposed first.

    Shapes: a [m, k], b [k, n] -> product [m, n], after the transposes.
    """
    _check_matrices(a, b, a.shape[0 if transpose_a else -1], b.shape[1 if transpose_b else 0])
    return product(a.t() if transpose_a else a, b.t() if transpose_b else b)


def _check_matrices(a, b, inner_a, inner_b):
    if a.dim() != 2 or b.dim() != 2:
        raise errors.invalid(
            f"matmul needs matrices: In[0]: {list(a.shape)}, In[1]: {list(b.shape)}"
        )
    if inner_a != inner_b:
        raise errors.invalid(
            f"Matrix size-incompatible: In[0]: {list(a.shape)}, In[1]: {list(b.shape)}"
        )


@matmul.bind
def matmul_bind(attrs):
    if not attrs["transpose_a"] and not attrs["transpose_b"]:
        return product
    if not attrs["transpose_b"]:
        return lambda a, b: product(a.t(), b)
    if not attrs["transpose_a"]:
        return lambda a, b: product(a, b.t())
    return None


@matmul.shape
def matmul_shape(a, b, *, transpose_a, transpose_b):
    m, k = reversed(with_rank(a, 2)) if transpose_a else with_rank(a, 2)
    k_b, n = reversed(with_rank(b, 2)) if transpose_b else with_rank(b, 2)
    agree(k, k_b, "inner dimensions", _HINT)
    return [[m, n]]


@matmul.small
def matmul_small(a, b, *, transpose_a, transpose_b):
    if transpose_a or transpose_b or a[1] != b[0]:
        return None
    return bundles.product(a[0], a[1], b[1])


@matmul.flops
def matmul_flops(outputs, a, b, *, transpose_a):
    return 2 * prod(outputs[0]) * a[0 if transpose_a else 1]


@fused(
    "SumOfProducts",
    "a: N*T, b: N*T -> sum: T",
    transpose_a=False,
    transpose_b=False,
    T=_NUMBERS,
)
def sum_of_products(a, b, *, transpose_a, transpose_b):
    """The sum of matrix products: the product of all `a` side by side and all `b` one below the
    other."""
    left, right = torch.cat(a, 0 if transpose_a else 1), torch.cat(b, 1 if transpose_b else 0)
    return matmul(left, right, transpose_a=transpose_a, transpose_b=transpose_b)


@sum_of_products.flops
def sum_of_products_flops(outputs, a, b, *, transpose_a):
    return sum(matmul_flops(outputs, left, None, transpose_a=transpose_a) for left in a)


@matmul.over_steps
def matmul_over_steps(b, left, right, *, transpose_a, transpose_b):
    if left.each and not right.each and not transpose_a:
        rows, columns = left.dims
        count = left.value.dims[0]
        flat = b.Reshape(left.value, b.constant([count * rows, columns]))
        product = b.MatMul(flat, right.value, transpose_b=transpose_b)
        return [b.Reshape(product, b.constant([count, rows, product.dims[1]]))]
    return [b.BatchMatMulV2(left.value, right.value, adj_x=transpose_a, adj_y=transpose_b)]


@matmul.total
def matmul_total(b, left, right, *, transpose_a, transpose_b):
    if not (left.each and right.each and transpose_a and not transpose_b):
        return None
    # the sum over iterations of left' right is one product of all rows
    return b.MatMul(_all_rows(b, left), _all_rows(b, right), transpose_a=True)


def _all_rows(b, factor):
    count, rows, columns = factor.value.dims
    return b.Reshape(factor.value, b.constant([count * rows, columns]))


@matmul.gradient
def matmul_grad(g, op, dy):
    a, b = g.conj(op.a), g.conj(op.b)
    if op.transpose_a:
        da = g.MatMul(b, dy, transpose_a=op.transpose_b, transpose_b=True)
    else:
        da = g.MatMul(dy, b, transpose_b=not op.transpose_b)
    if op.transpose_b:
        db = g.MatMul(dy, a, transpose_a=True, transpose_b=op.transpose_a)
    else:
        db = g.MatMul(a, dy, transpose_a=not op.transpose_a)
    return da, db


_SPARSE = type_attr((dtypes.float32, dtypes.bfloat16), dtypes.float32)


@op(
    "SparseMatMul",
    "a: Ta, b: Tb -> product: float",
    transpose_a=False,
    transpose_b=False,
    a_is_sparse=False,
    b_is_sparse=False,
    Ta=_SPARSE,
    Tb=_SPARSE,
)
def sparse_matmul(a, b, *, transpose_a, transpose_b):
    """Matrix product of float32 of factors with many zeros; computed as any other.

    Shapes: as MatMul's.
    """
    return matmul(a.float(), b.float(), transpose_a=transpose_a, transpose_b=transpose_b)


sparse_matmul.shape(matmul_shape)
sparse_matmul.flops(matmul_flops)


@sparse_matmul.gradient
def sparse_matmul_grad(g, op, dy):
    sparse = {op.a: op.a_is_sparse, op.b: op.b_is_sparse, dy: dy.op.type == "ReluGrad"}

    def product(left, right, dtype, transpose_left=False, transpose_right=False):
        if transpose_right:
            right = g.transpose(right)
        result = g.matmul(
            left,
            right,
            transpose_a=transpose_left,
            a_is_sparse=sparse[left],
            b_is_sparse=sparse.get(right, False),
        )
        return g.cast(result, dtype)

    a, b, in_a, in_b = op.a, op.b, op.a.dtype.base_dtype, op.b.dtype.base_dtype
    if op.transpose_a:
        da = product(b, dy, in_a, op.transpose_b, True)
    else:
        da = product(dy, b, in_a, False, not op.transpose_b)
    if op.transpose_b:
        return da, product(dy, a, in_b, True, op.transpose_a)
    return da, product(a, dy, in_b, not op.transpose_a)


# -- batches of matrices ---------------------------------------------------------------------------


@op("BatchMatMulV2", "x: T, y: T -> output: T", T=_NUMBERS, adj_x=False, adj_y=False)
def batch_matmul(x, y, *, adj_x, adj_y):
    """Products of matrices in batches that broadcast, each factor optionally its adjoint.

    Shapes: x [..., m, k], y [..., k, n] -> output [..., m, n], after the adjoints.
    """
    if x.dim() < 2 or y.dim() < 2:
        raise errors.invalid(f"In[0] and In[1] must be matrices: {list(x.shape)}, {list(y.shape)}")
    x = x.mH if adj_x else x
    y = y.mH if adj_y else y
    try:
        return torch.matmul(x, y)
    except RuntimeError as error:
        raise _mismatch(x, y) or error from None


def _mismatch(x, y):
    """What to raise for factors that do not fit; None when they do."""
    if x.shape[-1] != y.shape[-2]:
        return errors.invalid(
            f"In[0] mismatch In[1] shape: {x.shape[-1]} vs. {y.shape[-2]}: "
            f"{list(x.shape)} {list(y.shape)}"
        )
    try:
        torch.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except RuntimeError:
        return errors.invalid(
            f"In[0] and In[1] must have compatible batch dimensions: "
            f"{list(x.shape)} vs. {list(y.shape)}"
        )
    return None


def _inner_sizes(x, y, adj_x, adj_y):
    m, k = (x[-1], x[-2]) if adj_x else (x[-2], x[-1])
    k_y, n = (y[-1], y[-2]) if adj_y else (y[-2], y[-1])
    agree(k, k_y, "inner dimensions", _HINT)
    return m, n


@batch_matmul.shape
def batch_matmul_shape(x, y, *, adj_x, adj_y):
    x, y = at_least_rank(x, 2), at_least_rank(y, 2)
    m, n = _inner_sizes(x, y, adj_x, adj_y)
    return [(*broadcast(x[:-2], y[:-2]), m, n)]


@batch_matmul.flops
def batch_matmul_flops(outputs, x, y, *, adj_x):
    return 2 * prod(outputs[0]) * x[-2 if adj_x else -1]


@batch_matmul.gradient
def batch_matmul_grad(g, op, dz):
    dx, dy = _factor_grads(g, op, dz)
    if g.same_static_shape(op.x, op.y):
        return dx, dy
    shape_x, shape_y = g.shape(op.x), g.shape(op.y)
    axes_x, axes_y = g.BroadcastGradientArgs(shape_x[:-2], shape_y[:-2])
    dx = g.Reshape(g.Sum(dx, axes_x), shape_x)
    return dx, g.Reshape(g.Sum(dy, axes_y), shape_y)


def _factor_grads(g, op, dz):
    """The gradients of both factors, before what was broadcast is summed."""
    x, y = op.x, op.y
    if op.adj_x:
        dx = g.matmul(y, dz, adjoint_a=op.adj_y, adjoint_b=True)
    else:
        dx = g.matmul(dz, y, adjoint_b=not op.adj_y)
    if op.adj_y:
        return dx, g.matmul(dz, x, adjoint_a=True, adjoint_b=op.adj_x)
    return dx, g.matmul(x, dz, adjoint_a=not op.adj_x)


@op("BatchMatMul", "x: T, y: T -> output: T", T=_NUMBERS, adj_x=False, adj_y=False)
def batch_matmul_v1(x, y, *, adj_x, adj_y):
    """Products of matrices in two batches of one shape, each factor optionally its adjoint.

    Shapes: x [..., m, k], y [..., k, n] -> output [..., m, n], after the adjoints.
    """
    if x.shape[:-2] != y.shape[:-2]:
        raise errors.invalid(
            f"In[0] and In[1] must have one batch: {list(x.shape)}, {list(y.shape)}"
        )
    return batch_matmul(x, y, adj_x=adj_x, adj_y=adj_y)


@batch_matmul_v1.shape
def batch_matmul_v1_shape(x, y, *, adj_x, adj_y):
    if x.dims is None or y.dims is None:
        return [Shape(None)]
    x, y = at_least_rank(x, 2), at_least_rank(y, 2)
    batch = merge(x[:-2], y[:-2], "batch shapes")
    return [batch + _inner_sizes(x, y, adj_x, adj_y)]


batch_matmul_v1.flops(batch_matmul_flops)


@batch_matmul_v1.gradient
def batch_matmul_v1_grad(g, op, dz):
    return _factor_grads(g, op, dz)
