"""Sums, products, maxima of sparse tensors, with each other and with dense ones.

Source: TF 1.15 core/ops/sparse_ops.cc, core/kernels/sparse_add_op.cc,
sparse_dense_binary_op_shared.cc, sparse_softmax_op.cc, python/ops/sparse_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import NUMERIC, REAL
from tailrace.ops.sparse.places import made, numbers
from tailrace.ops.sparse.structure import picked, union
from tailrace.registry import op
from tailrace.shapes import with_rank


@op(
    "SparseAdd",
    "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64, "
    "thresh: Treal -> sum_indices: int64, sum_values: T, sum_shape: int64",
    T=NUMERIC,
    Treal=REAL,
    _host_only=True,
)
def sparse_add(a_indices, a_values, a_shape, b_indices, b_values, b_shape, thresh):
    """The sum of two sparse tensors, without sums of two elements that are below the threshold."""
    if a_shape.tolist() != b_shape.tolist():
        raise errors.invalid(
            f"Operands' shapes do not match: got {a_shape.tolist()} and {b_shape.tolist()}"
        )
    places, rows_a, rows_b = union(a_indices, b_indices)
    total = a_values.new_zeros(len(places))
    total.index_add_(0, rows_a, a_values).index_add_(0, rows_b, b_values)
    both = torch.zeros(len(places), dtype=torch.int64)
    both.index_add_(
        0, torch.cat([rows_a, rows_b]), torch.ones(len(rows_a) + len(rows_b), dtype=both.dtype)
    )
    kept = (both < 2) | (total.abs() >= thresh)  # TF: elements of one term alone are always kept
    return places[kept], total[kept], a_shape


@sparse_add.shape
def sparse_add_shape(a_indices, a_values, a_shape, b_indices, b_values, b_shape, thresh):
    with_rank(thresh, 0, "thresh")
    rank = with_rank(a_shape, 1, "a_shape")[0]
    return [[None, rank], [None], [rank]]


@sparse_add.gradient
def sparse_add_grad_rule(g, op, _, dvalues, __):
    da, db = g.SparseAddGrad(dvalues, op.a_indices, op.b_indices, op.sum_indices)
    da.set_shape(op.a_values.get_shape())
    db.set_shape(op.b_values.get_shape())
    return None, da, None, None, db, None, None


@op(
    "SparseAddGrad",
    "backprop_val_grad: T, a_indices: int64, b_indices: int64, sum_indices: int64 -> "
    "a_val_grad: T, b_val_grad: T",
    T=NUMERIC,
)
def sparse_add_grad(backprop_val_grad, a_indices, b_indices, sum_indices):
    """The gradient of a sum's elements at the places of each term's."""
    return (
        picked(backprop_val_grad, a_indices, sum_indices),
        picked(backprop_val_grad, b_indices, sum_indices),
    )


@sparse_add_grad.shape
def sparse_add_grad_shape(backprop_val_grad, a_indices, b_indices, sum_indices):
    rows_a = with_rank(a_indices, 2, "a_indices")[0]
    return [[rows_a], [with_rank(b_indices, 2, "b_indices")[0]]]


sparse_add_grad.no_gradient("TensorFlow has none")


def _extremum(name, choose, types, doc):
    signature = (
        "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, "
        "b_shape: int64 -> output_indices: int64, output_values: T"
    )

    @op(name, signature, T=types)
    def extremum(a_indices, a_values, a_shape, b_indices, b_values, b_shape):
        places, rows_a, rows_b = union(a_indices, b_indices)
        wide_a = a_values.new_zeros(len(places)).index_copy_(0, rows_a, a_values)
        wide_b = b_values.new_zeros(len(places)).index_copy_(0, rows_b, b_values)
        return places, choose(wide_a, wide_b)

    @extremum.shape
    def extremum_shape(a_indices, a_values, a_shape, b_indices, b_values, b_shape):
        return [[None, None], [None]]

    @extremum.gradient
    def extremum_grad(g, op, *_):
        raise NotImplementedError(f"Gradient for {name} is currently not implemented yet.")

    extremum.__doc__ = doc
    return extremum


sparse_maximum = _extremum(
    "SparseSparseMaximum", torch.maximum, REAL, "The larger elements; absent ones are zero."
)
sparse_minimum = _extremum(
    "SparseSparseMinimum", torch.minimum, NUMERIC, "The smaller elements; absent ones are zero."
)


def _dense_elements(indices, shape, dense):
    """The elements of a dense tensor, broadcast to `shape`, at the places of a sparse one."""
    if dense.ndim > len(shape):
        raise errors.invalid(
            f"SparseDenseBinaryOpShared broadcasts dense to sparse only; got shapes: {shape} and "
            f"{list(dense.shape)}"
        )
    try:
        wide = dense.broadcast_to(shape)
    except RuntimeError:
        raise errors.invalid(
            f"SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: "
            f"{shape} vs. {list(dense.shape)}"
        ) from None
    return wide[tuple(indices.unbind(1))] if len(shape) else wide.expand(len(indices))


def _cwise(name, combine, doc):
    signature = "sp_indices: int64, sp_values: T, sp_shape: int64, dense: T -> output: T"

    @op(name, signature, T=NUMERIC, _host="sp_shape")
    def cwise(sp_indices, sp_values, sp_shape, dense):
        return combine(sp_values, _dense_elements(sp_indices, sp_shape, dense))

    @cwise.shape
    def cwise_shape(sp_indices, sp_values, sp_shape, dense):
        return [[with_rank(sp_indices, 2, "sp_indices")[0]]]

    cwise.__doc__ = doc
    return cwise


def _quotient(x, y):
    if x.is_floating_point() or x.is_complex():
        return x / y
    return torch.div(x, y, rounding_mode="trunc")


sparse_dense_cwise_add = _cwise(
    "SparseDenseCwiseAdd", torch.add, "Elements plus those of a dense tensor at their places."
)
sparse_dense_cwise_mul = _cwise(
    "SparseDenseCwiseMul", torch.mul, "Elements times those of a dense tensor at their places."
)
sparse_dense_cwise_div = _cwise(
    "SparseDenseCwiseDiv", _quotient, "Elements over those of a dense tensor at their places."
)


@sparse_dense_cwise_add.gradient
def sparse_dense_cwise_add_grad(g, op, dy):
    raise NotImplementedError("Gradient for SparseDenseCwiseAdd is currently not implemented yet.")


def _sparse_dense_grad(g, op, dy, product):
    y_shape = g.cast(g.shape(op.dense), dtypes.int64)
    added = g.ExpandDims(g.size(op.sp_shape) - g.size(y_shape), 0)
    wide_shape = g.ConcatV2([g.ones(added, dtypes.int64), y_shape], 0, name="concat")
    indices = op.sp_indices // (op.sp_shape // wide_shape)
    begin = g.ConcatV2([[0], added], 0, name="concat")
    indices = g.Slice(indices, begin, [-1, -1])
    elements = g.GatherNd(op.dense, indices)
    if product:
        dx, dy_values = dy * elements, dy * op.sp_values
    else:
        dx = dy / elements
        dy_values = dy * (-op.sp_values / g.Square(elements))
    zeros = g.zeros_like(op.dense)
    dy_sparse = made(g, indices, dy_values, y_shape)
    return None, dx, None, g.SparseTensorDenseAdd(*dy_sparse, zeros)


@sparse_dense_cwise_mul.gradient
def sparse_dense_cwise_mul_grad(g, op, dy):
    return _sparse_dense_grad(g, op, dy, product=True)


@sparse_dense_cwise_div.gradient
def sparse_dense_cwise_div_grad(g, op, dy):
    return _sparse_dense_grad(g, op, dy, product=False)


@op(
    "SparseSoftmax",
    "sp_indices: int64, sp_values: T, sp_shape: int64 -> output: T",
    T=(dtypes.float32, dtypes.float64),
    _host="sp_shape",
    _host_only=True,
)
def sparse_softmax(sp_indices, sp_values, sp_shape):
    """The softmax over the last dimension of the elements that are there."""
    rows = numbers(sp_indices[:, :-1], sp_shape[:-1])
    _, groups = torch.unique(rows, return_inverse=True)
    count = int(groups.max()) + 1 if len(groups) else 0
    largest = sp_values.new_full((count,), -torch.inf)
    largest.scatter_reduce_(0, groups, sp_values, "amax")
    powers = (sp_values - largest[groups]).exp()
    totals = powers.new_zeros(count).index_add_(0, groups, powers)
    return powers / totals[groups]


@sparse_softmax.shape
def sparse_softmax_shape(sp_indices, sp_values, sp_shape):
    return [sp_values]


@sparse_softmax.gradient
def sparse_softmax_grad(g, op, dy):
    indices, shape = op.sp_indices, op.sp_shape
    made(g, indices, op.output, shape)
    made(g, indices, dy, shape)
    product = made(g, indices, op.output * dy, shape)
    total = -g.SparseReduceSum(*product, [-1], keep_dims=True)
    shifted = g.SparseDenseCwiseAdd(indices, dy, shape, total)
    made(g, indices, shifted, shape)
    return None, shifted * op.output, None
