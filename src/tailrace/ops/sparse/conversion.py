"""Between sparse and dense, and products of the two.

Source: TF 1.15 core/ops/sparse_ops.cc, core/kernels/sparse_to_dense_op.cc,
python/ops/sparse_grad.py.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import dtypes, errors
from tailrace.dtypes import ANY, INDEX, NUMERIC
from tailrace.ops.sparse.places import check_bounds, numbers, size_of
from tailrace.registry import op, type_attr
from tailrace.shapes import with_rank

_INDEX = type_attr(INDEX)


def _as_matrix(indices):
    """Indices given as a scalar or vector are those of a vector."""
    return indices.reshape(-1, 1) if indices.ndim < 2 else indices


def _check_order(indices, shape):
    check_bounds(indices, shape)
    places = numbers(indices, shape)
    steps = places[1:] - places[:-1]
    wrong = (steps <= 0).nonzero()
    if len(wrong):
        row = int(wrong[0]) + 1
        what = "is repeated" if int(steps[row - 1]) == 0 else "is out of order"
        raise errors.invalid(f"indices[{row}] = {indices[row].tolist()} {what}")


@op(
    "SparseToDense",
    "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T -> "
    "dense: T",
    validate_indices=True,
    T=ANY,
    Tindices=_INDEX,
    _host="output_shape",
    _host_only=True,
)
def sparse_to_dense(
    sparse_indices, output_shape, sparse_values, default_value, *, validate_indices
):
    """A dense tensor with the values at the places indices name and the default elsewhere.

    Raises: InvalidArgumentError for indices out of bounds, or out of order when they are checked.
    """
    indices = _as_matrix(sparse_indices)
    if validate_indices:
        _check_order(indices, output_shape)
    else:
        check_bounds(indices, output_shape)
    places = numbers(indices, output_shape)
    if isinstance(sparse_values, np.ndarray):
        flat = np.full(size_of(output_shape), default_value[()], dtype=object)
        flat[places.numpy()] = sparse_values
    else:
        flat = default_value.expand(size_of(output_shape)).clone()
        flat[places] = sparse_values
    return flat.reshape(output_shape)


@sparse_to_dense.shape
def sparse_to_dense_shape(sparse_indices, output_shape, sparse_values, default_value):
    with_rank(default_value, 0, "default_value")
    return [output_shape.as_shape()]


@sparse_to_dense.gradient
def sparse_to_dense_grad(g, op, dy):
    values = g.GatherNd(dy, op.sparse_indices)
    default = g.reduce_sum(dy) - g.reduce_sum(values)
    return g.zeros_like(op.sparse_indices), g.zeros_like(op.output_shape), values, default


def _adjoint(matrix):
    return matrix.t().conj().resolve_conj() if matrix.is_complex() else matrix.t()


@op(
    "SparseTensorDenseMatMul",
    "a_indices: Tindices, a_values: T, a_shape: int64, b: T -> product: T",
    T=ANY,
    Tindices=type_attr(INDEX, dtypes.int64),
    adjoint_a=False,
    adjoint_b=False,
    _host="a_shape",
)
def sparse_tensor_dense_mat_mul(a_indices, a_values, a_shape, b, *, adjoint_a, adjoint_b):
    """The product of a sparse and a dense matrix."""
    rows, columns = a_indices.to(torch.int64).unbind(1)
    check_bounds(a_indices, a_shape)
    height, width = a_shape
    if adjoint_a:
        rows, columns, height, width = columns, rows, width, height
        a_values = a_values.conj().resolve_conj() if a_values.is_complex() else a_values
    b = _adjoint(b) if adjoint_b else b
    if width != b.shape[0]:
        raise errors.invalid(
            f"Cannot multiply A and B because inner dimension does not match: {width} vs. "
            f"{b.shape[0]}"
        )
    product = b.new_zeros((height, b.shape[1]))
    return product.index_add_(0, rows, a_values[:, None] * b.index_select(0, columns))


@sparse_tensor_dense_mat_mul.shape
def sparse_tensor_dense_mat_mul_shape(a_indices, a_values, a_shape, b, *, adjoint_a, adjoint_b):
    height, width = with_rank(a_shape.as_shape(), 2, "a_shape")
    rows, columns = with_rank(b, 2, "b")
    return [[width if adjoint_a else height, rows if adjoint_b else columns]]


@sparse_tensor_dense_mat_mul.gradient
def sparse_tensor_dense_mat_mul_grad(g, op, dy):
    if op.T.is_complex:
        raise NotImplementedError("SparseTensorDenseMatMul op does not support complex gradients.")
    db = g.SparseTensorDenseMatMul(
        op.a_indices, op.a_values, op.a_shape, dy, adjoint_a=not op.adjoint_a
    )
    if op.adjoint_b:
        db = g.transpose(db)
    rows, columns = op.a_indices[:, 0], op.a_indices[:, 1]
    if op.adjoint_a:
        rows, columns = columns, rows
    left = g.gather(dy, rows)
    right = g.gather(g.transpose(op.b) if op.adjoint_b else op.b, columns)
    return None, g.reduce_sum(left * right, 1), None, db


@op(
    "SparseTensorDenseAdd",
    "a_indices: Tindices, a_values: T, a_shape: Tindices, b: T -> output: T",
    T=NUMERIC,
    Tindices=_INDEX,
    _host="a_shape",
)
def sparse_tensor_dense_add(a_indices, a_values, a_shape, b):
    """The sum of a sparse and a dense tensor of one shape."""
    if tuple(a_shape) != tuple(b.shape):
        raise errors.invalid(f"Shapes {a_shape} and {list(b.shape)} differ")
    total = b.clone(memory_format=torch.contiguous_format)
    total.view(-1).index_add_(0, numbers(a_indices, a_shape), a_values)
    return total


@sparse_tensor_dense_add.shape
def sparse_tensor_dense_add_shape(a_indices, a_values, a_shape, b):
    return [b]


@sparse_tensor_dense_add.gradient
def sparse_tensor_dense_add_grad(g, op, dy):
    return None, g.GatherNd(dy, op.a_indices), None, dy
