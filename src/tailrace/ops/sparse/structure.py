"""Sparse tensors ordered, reshaped, joined, cut and filled.

Source: TF 1.15 core/ops/sparse_ops.cc, core/util/sparse/sparse_tensor.h, python/ops/sparse_grad.py.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import errors
from tailrace.dtypes import ANY, NUMERIC
from tailrace.ops.sparse.places import (
    NOT_SMOOTH,
    coordinates,
    joined,
    made,
    numbers,
    order,
    size_of,
    static_rank,
    take,
)
from tailrace.registry import Attr, op
from tailrace.shapes import with_rank


@op(
    "SparseReorder",
    "input_indices: int64, input_values: T, input_shape: int64 -> "
    "output_indices: int64, output_values: T",
    T=ANY,
    _host_only=True,
)
def sparse_reorder(input_indices, input_values, input_shape):
    """The elements in row-major order."""
    places = order(input_indices)
    return input_indices[places], take(input_values, places)


@sparse_reorder.shape
def sparse_reorder_shape(input_indices, input_values, input_shape):
    return [with_rank(input_indices, 2, "indices"), with_rank(input_values, 1, "values")]


@sparse_reorder.gradient
def sparse_reorder_grad(g, op, _, dvalues):
    count = g.shape(op.input_indices)[0]
    entries = g.range(0, count)
    indices, ordered = g.SparseReorder(*made(g, op.input_indices, entries, op.input_shape))
    made(g, indices, ordered, _shape_of_reordered(g, op.input_shape))
    return None, g.gather(dvalues, g.InvertPermutation(ordered)), None


def _shape_of_reordered(g, shape):
    known = g.known_shape(shape)
    return g.Identity(shape) if known is None or None in known else list(known)


@op(
    "SparseReshape",
    "input_indices: int64, input_shape: int64, new_shape: int64 -> "
    "output_indices: int64, output_shape: int64",
    _host=("input_shape", "new_shape"),
)
def sparse_reshape(input_indices, input_shape, new_shape):
    """The same elements in another dense shape; a size of -1 is what remains."""
    total, known = size_of(input_shape), size_of([d for d in new_shape if d != -1])
    if list(new_shape).count(-1) > 1:
        raise errors.invalid("only one output dimension may be -1, not both")
    if -1 in new_shape:
        if not known or total % known:
            raise errors.invalid(
                f"Input to reshape has {total} values, which {new_shape} divides not"
            )
        new_shape = [total // known if d == -1 else d for d in new_shape]
    if size_of(new_shape) != total:
        raise errors.invalid(
            f"Input to reshape is a tensor with {total} dense values, but the requested shape has "
            f"{size_of(new_shape)}"
        )
    moved = coordinates(numbers(input_indices, input_shape), new_shape)
    return moved, torch.tensor(new_shape, dtype=torch.int64)


@sparse_reshape.shape
def sparse_reshape_shape(input_indices, input_shape, new_shape):
    rank = with_rank(new_shape, 1, "new_shape")[0]
    return [[with_rank(input_indices, 2, "indices")[0], rank], [rank]]


sparse_reshape.no_gradient(NOT_SMOOTH)


@op(
    "SparseConcat",
    "indices: N*int64, values: N*T, shapes: N*int64 -> "
    "output_indices: int64, output_values: T, output_shape: int64",
    concat_dim=Attr("int"),
    N=Attr("int", minimum=2),
    T=ANY,
    _host_only=True,
)
def sparse_concat(indices, values, shapes, *, concat_dim):
    """Sparse tensors one behind the other along an axis."""
    rank = len(shapes[0])
    if not -rank <= concat_dim < rank:
        raise errors.invalid(
            f"Concat dimension must be in range [{-rank}, {rank}), got {concat_dim}"
        )
    axis = concat_dim % rank
    others = [[d for i, d in enumerate(s.tolist()) if i != axis] for s in shapes]
    if any(o != others[0] for o in others):
        raise errors.invalid(
            f"All shapes must match except in dimension {axis}: {[s.tolist() for s in shapes]}"
        )
    moved, start = [], 0
    for each, shape in zip(indices, shapes, strict=True):
        shift = torch.zeros(rank, dtype=torch.int64)
        shift[axis] = start
        moved.append(each + shift)
        start += int(shape[axis])
    all_indices = torch.cat(moved)
    places = order(all_indices)
    total = shapes[0].clone()
    total[axis] = start
    return all_indices[places], take(joined(values), places), total


@sparse_concat.shape
def sparse_concat_shape(indices, values, shapes):
    count, rank = 0, None
    for each, value, shape in zip(indices, values, shapes, strict=True):
        rows, columns = with_rank(each, 2, "indices")
        rows = with_rank(value, 1, "values")[0] if rows is None else rows
        count = None if count is None or rows is None else count + rows
        rank = columns if columns is not None else rank
        rank = with_rank(shape, 1, "shapes")[0] if rank is None else rank
    return [[count, rank], [count], [rank]]


sparse_concat.no_gradient("TensorFlow has none")


@op(
    "SparseSlice",
    "indices: int64, values: T, shape: int64, start: int64, size: int64 -> "
    "output_indices: int64, output_values: T, output_shape: int64",
    T=ANY,
)
def sparse_slice(indices, values, shape, start, size):
    """The elements in a box, with indices counted from its corner."""
    inside = ((indices >= start) & (indices < start + size)).all(1)
    places = inside.nonzero().reshape(-1)
    cut = torch.minimum(size, shape - start).clamp(min=0)
    return indices[places] - start, take(values, places), cut


@sparse_slice.shape
def sparse_slice_shape(indices, values, shape, start, size):
    rank = with_rank(shape, 1, "shape")[0]
    return [[None, rank], [None], [rank]]


@sparse_slice.gradient
def sparse_slice_grad_rule(g, op, _, dvalues, __):
    grad = g.SparseSliceGrad(dvalues, op.indices, op.start, op.output_indices)
    grad.set_shape(op.values.get_shape())
    return None, grad, None, None, None


def _found(wanted, present):
    """For each index vector its row among `present` and whether it is there."""
    rows = {tuple(row): i for i, row in enumerate(present.tolist())}
    found = [rows.get(tuple(row), -1) for row in wanted.tolist()]
    places = torch.tensor(found, dtype=torch.int64)
    return places.clamp(min=0), places >= 0


def _picked(gradient, wanted, present):
    """The gradient of the elements of `present` at index vectors, zero for absent ones."""
    places, there = _found(wanted, present)
    if not len(gradient):
        return gradient.new_zeros(len(wanted))
    return torch.where(there, gradient[places], torch.zeros_like(gradient[:1]))


@op(
    "SparseSliceGrad",
    "backprop_val_grad: T, input_indices: int64, input_start: int64, output_indices: int64 -> "
    "val_grad: T",
    T=NUMERIC,
)
def sparse_slice_grad(backprop_val_grad, input_indices, input_start, output_indices):
    """The gradient of a slice's elements at the places they came from."""
    return _picked(backprop_val_grad, input_indices, output_indices + input_start)


@sparse_slice_grad.shape
def sparse_slice_grad_shape(backprop_val_grad, input_indices, input_start, output_indices):
    return [[with_rank(input_indices, 2, "input_indices")[0]]]


sparse_slice_grad.missing_gradient("it is a gradient itself")


@op(
    "SparseSplit",
    "split_dim: int64, indices: int64, values: T, shape: int64 -> output_indices: num_split*int64, "
    "output_values: num_split*T, output_shape: num_split*int64",
    num_split=Attr("int", minimum=1),
    T=ANY,
    _host="split_dim",
    _host_only=True,
)
def sparse_split(split_dim, indices, values, shape, *, num_split):
    """Parts along an axis, the first ones longer by one when it does not divide."""
    rank = len(shape)
    if not -rank <= split_dim < rank:
        raise errors.invalid(f"Input split_dim should be between {-rank} and {rank - 1}")
    axis = split_dim % rank
    each, more = divmod(int(shape[axis]), num_split)
    if each == 0:
        raise errors.invalid(f"num_split {num_split} is more than the size {int(shape[axis])}")
    parts, start = [], 0
    for i in range(num_split):
        width = each + (i < more)
        column = indices[:, axis]
        places = ((column >= start) & (column < start + width)).nonzero().reshape(-1)
        moved = indices[places].clone()
        moved[:, axis] -= start
        part_shape = shape.clone()
        part_shape[axis] = width
        parts.append((moved, take(values, places), part_shape))
        start += width
    return [*(p[0] for p in parts), *(p[1] for p in parts), *(p[2] for p in parts)]


@sparse_split.shape
def sparse_split_shape(split_dim, indices, values, shape, *, num_split):
    rank = static_rank(indices, shape)
    return [[None, rank]] * num_split + [[None]] * num_split + [[rank]] * num_split


sparse_split.missing_gradient("TensorFlow has none")


@op(
    "SparseFillEmptyRows",
    "indices: int64, values: T, dense_shape: int64, default_value: T -> output_indices: int64, "
    "output_values: T, empty_row_indicator: bool, reverse_index_map: int64",
    T=ANY,
    _host="dense_shape",
    _host_only=True,
)
def sparse_fill_empty_rows(indices, values, dense_shape, default_value):
    """A default element in the first column of each row that has none."""
    if not dense_shape:
        raise errors.invalid("Dense shape cannot be empty.")
    rows = indices[:, 0]
    if len(rows) and not (int(rows.min()) >= 0 and int(rows.max()) < dense_shape[0]):
        raise errors.invalid(f"indices(:, 0) is outside of [0, {dense_shape[0]}): {rows.tolist()}")
    counts = torch.bincount(rows, minlength=dense_shape[0])
    empty = counts == 0
    fillers = torch.zeros((int(empty.sum()), indices.shape[1]), dtype=torch.int64)
    fillers[:, 0] = empty.nonzero().reshape(-1)
    everything = torch.cat([indices, fillers])
    places = torch.argsort(everything[:, 0], stable=True)
    reverse = torch.empty_like(places)
    reverse[places] = torch.arange(len(places))
    filled = joined([values, _repeated(default_value, len(fillers))])
    return everything[places], take(filled, places), empty, reverse[: len(indices)]


def _repeated(scalar, count):
    if isinstance(scalar, np.ndarray):
        return np.full(count, scalar[()], dtype=object)
    return scalar.expand(count)


@sparse_fill_empty_rows.shape
def sparse_fill_empty_rows_shape(indices, values, dense_shape, default_value):
    with_rank(default_value, 0, "default_value")
    rows = dense_shape.as_shape()
    rank = static_rank(indices, dense_shape)
    count = with_rank(indices, 2, "indices")[0]
    return [[None, rank], [None], [rows.dims[0] if rows.dims else None], [count]]


@sparse_fill_empty_rows.gradient
def sparse_fill_empty_rows_grad_rule(g, op, _, dvalues, *__):
    dvalues, ddefault = g.SparseFillEmptyRowsGrad(op.reverse_index_map, dvalues)
    return None, dvalues, None, ddefault


@op(
    "SparseFillEmptyRowsGrad",
    "reverse_index_map: int64, grad_values: T -> d_values: T, d_default_value: T",
    T=ANY,
)
def sparse_fill_empty_rows_grad(reverse_index_map, grad_values):
    """The gradients of the elements that were there, and the sum of those of the fillers."""
    kept = torch.zeros(len(grad_values), dtype=torch.bool)
    kept[reverse_index_map] = True
    return grad_values[reverse_index_map], grad_values[~kept].sum()


@sparse_fill_empty_rows_grad.shape
def sparse_fill_empty_rows_grad_shape(reverse_index_map, grad_values):
    return [with_rank(reverse_index_map, 1, "reverse_index_map"), []]


sparse_fill_empty_rows_grad.missing_gradient("it is a gradient itself")


def union(a_indices, b_indices):
    """Index vectors of either, in order, and the rows of a's and of b's among them."""
    if a_indices.shape[1] != b_indices.shape[1]:
        raise errors.invalid("Input SparseTensors must have the same rank")
    both = torch.cat([a_indices, b_indices])
    distinct, rows = torch.unique(both, dim=0, return_inverse=True)
    return distinct, rows[: len(a_indices)], rows[len(a_indices) :]


def picked(gradient, wanted, present):
    """See `_picked`; for the gradients of sums."""
    return _picked(gradient, wanted, present)
