"""Functions of sparse tensors, `tf.sparse`.

Source: TF 1.15 python/ops/sparse_ops.py.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.graph.composite import SparseTensorValue
from tailrace.graph.constants import static_as_shape
from tailrace.library.arguments import either
from tailrace.library.array import (
    broadcast_static_shape,
    concat,
    expand_dims,
    fill,
    identity,
    ones,
    ones_like,
    rank,
    reshape,
    shape,
    stack,
    transpose,
    zeros,
)
from tailrace.library.checks import assert_equal, assert_less_equal
from tailrace.library.indexing import gather, where_v2
from tailrace.library.indexing import slice as dense_slice

_SPARSE = (SparseTensor, SparseTensorValue)


def _checked(value: Any) -> SparseTensor:
    """The SparseTensor given, or made of a value. Raises: TypeError for anything else."""
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return value


def _parts(value: SparseTensor) -> tuple[Tensor, Tensor, Tensor]:
    return value.indices, value.values, value.dense_shape


# -- to and from dense -----------------------------------------------------------------------------


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements of a dense tensor that are not zero."""
    with g.name_scope(name, "dense_to_sparse"):
        tensor = convert_to_tensor(tensor)
        present = g.NotEqual(tensor, g.constant(0, tensor.dtype))
        indices = where_v2(present)
        values = g.GatherNd(tensor, indices)
        return SparseTensor(indices, values, shape(tensor, out_type=dtypes.int64))


def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """A dense tensor with values at the places indices name and the default elsewhere."""
    return g.SparseToDense(
        sparse_indices,
        output_shape,
        sparse_values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )


def to_dense(
    sp_input: Any,
    default_value: Any = None,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """The dense tensor, with the default (zero) where no element is."""
    sp_input = _checked(sp_input)
    if default_value is None:
        default_value = zeros([], sp_input.dtype)
    return g.SparseToDense(
        sp_input.indices,
        sp_input.dense_shape,
        sp_input.values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )


def to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Tensor:
    """True at the places whose last index is one of the row's values."""
    sp_input = _checked(sp_input)
    with g.name_scope(name, "SparseToIndicator") as scope:
        count = shape(sp_input.indices)[0]
        present = fill(expand_dims(count, 0), True)
        flags = SparseTensor(sp_input.indices, present, sp_input.dense_shape)
        merged = merge(sp_input, flags, vocab_size, scope)
        return to_dense(merged, default_value=False, validate_indices=False, name=scope)


def eye(
    num_rows: Any, num_columns: Any = None, dtype: Any = dtypes.float32, name: str | None = None
) -> SparseTensor:
    """The identity matrix."""
    with g.name_scope(name, "eye"):
        rows = _int64(num_rows, "num_rows")
        columns = rows if num_columns is None else _int64(num_columns, "num_columns")
        size = g.Minimum(rows, columns)
        with g.name_scope("range") as scope:
            start = convert_to_tensor(0, dtypes.int64, name="start")
            delta = convert_to_tensor(1, dtypes.int64, name="delta")
            places = g.Range(start, size, delta, name=scope)
        indices = stack([places, places], axis=1)
        return SparseTensor(indices, ones(size, dtype), [rows, columns])


def _int64(value: Any, name: str) -> Tensor:
    if isinstance(value, numbers.Integral):
        return convert_to_tensor(value, dtypes.int64, name=name)
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be an integer value")
    return g.cast(value, dtypes.int64)


# -- order and shape -------------------------------------------------------------------------------


def reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The elements in row-major order."""
    sp_input = _checked(sp_input)
    indices, values = g.SparseReorder(*_parts(sp_input), name=name)
    static = sp_input.get_shape()
    known = static.is_fully_defined()
    dense_shape = static.as_list() if known else identity(sp_input.dense_shape)
    return SparseTensor(indices, values, dense_shape)


def sparse_reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The same elements in another dense shape; a size of -1 is what remains.

    Raises: ValueError when the number of elements is known to differ.
    """
    sp_input = _checked(sp_input)
    shape = g.cast(shape, dtypes.int64)
    with g.name_scope(name, "SparseReshape") as scope:
        indices, new_shape = g.SparseReshape(
            sp_input.indices, sp_input.dense_shape, shape, name=scope
        )
        known = _known_reshape(sp_input, shape)
        if known is not None:
            new_shape = g.constant(known, dtypes.int64)
        return SparseTensor(indices, identity(sp_input.values), new_shape)


def _known_reshape(sp_input: SparseTensor, shape: Tensor) -> list[int] | None:
    dims, static = static_as_shape(shape).dims, sp_input.get_shape()
    if dims is None or not static.is_fully_defined():
        return None
    given = g.known(shape)
    if given is not None and int((given == -1).sum()) > 1:
        raise ValueError(f"At most one dimension can be inferred (-1). Found: {given}")
    total, sizes = static.num_elements() or 0, list(dims)
    if sizes.count(None) > 1:
        return None
    rest = int(np.prod([d for d in sizes if d is not None]))
    filled = [total // rest if d is None else d for d in sizes]
    if int(np.prod(filled)) != total:
        raise ValueError(
            f"Cannot reshape a tensor with {total} elements to shape {sizes} "
            f"({int(np.prod(filled))} elements)."
        )
    return filled


def sparse_transpose(sp_input: SparseTensor, perm: Any = None, name: str | None = None) -> Any:
    """The dimensions in another order, reversed by default."""
    with g.name_scope(name, "SparseTranspose"):
        if perm is None:
            count = rank(sp_input)
            perm = (count - 1) - g.range(0, count)
        indices = transpose(gather(transpose(sp_input.indices), perm))
        known, static = g.known(convert_to_tensor(perm)), sp_input.get_shape()
        if known is not None and static.is_fully_defined():
            dense_shape: Any = [static.as_list()[int(p)] for p in known]
        else:
            dense_shape = gather(sp_input.dense_shape, perm)
        return reorder(SparseTensor(indices, sp_input.values, dense_shape))


def sparse_expand_dims(
    sp_input: SparseTensor, axis: Any = None, name: str | None = None
) -> SparseTensor:
    """One more dimension, of size 1, at `axis` (the last by default)."""
    count = sp_input.dense_shape.get_shape()[0]
    axis = -1 if axis is None else axis
    with g.name_scope(name, "expand_dims"):
        if isinstance(axis, numbers.Integral):
            axis = convert_to_tensor(axis, dtypes.int32, name="axis")
        elif not isinstance(axis, Tensor):
            raise TypeError("axis must be an integer value in range [-rank(sp_input) - 1, rank]")
        axis = where_v2(axis >= 0, axis, axis + count + 1)
        column = zeros([shape(sp_input.indices)[0], 1], dtypes.int64)
        before = dense_slice(sp_input.indices, [0, 0], [-1, axis])
        after = dense_slice(sp_input.indices, [0, axis], [-1, -1])
        indices = concat([before, column, after], axis=1)
        shape_before = dense_slice(sp_input.dense_shape, [0], [axis])
        shape_after = dense_slice(sp_input.dense_shape, [axis], [-1])
        one = convert_to_tensor([1], dtypes.int64, name="new_shape")
        dense_shape = concat([shape_before, one, shape_after], axis=0)
        return SparseTensor(indices, sp_input.values, dense_shape)


def reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The elements in a larger dense shape, or the smallest that holds them."""
    sp_input = _checked(sp_input)
    indices, values, in_shape = (identity(part) for part in _parts(sp_input))
    if new_shape is None:
        largest = g.Max(indices, 0)
        zero = g.constant(0, dtypes.int64)
        return SparseTensor(indices, values, g.Maximum(zero, g.Add(largest, ones_like(in_shape))))
    wanted = convert_to_tensor(new_shape)
    wanted.get_shape().assert_has_rank(1)
    wanted = g.cast(wanted, dtypes.int64)
    known, static = g.known(wanted), sp_input.get_shape()
    if known is not None and static.is_fully_defined():
        if not np.all(np.array(static.as_list()) <= known):
            raise ValueError(
                "Requested new_shape should have dimension sizes >= sp_input.shape.  Found "
                f"new_shape ({known}), sp_input.shape ({static})."
            )
        return SparseTensor(indices, values, known)
    wanted = g.with_dependencies([assert_equal(shape(in_shape), shape(wanted))], wanted)
    wanted = g.with_dependencies([assert_less_equal(in_shape, wanted)], wanted)
    return SparseTensor(indices, values, wanted)


# -- parts and unions ------------------------------------------------------------------------------


def sparse_concat(
    axis: int | None = None,
    sp_inputs: Any = None,
    name: str | None = None,
    expand_nonconcat_dim: bool = False,
    concat_dim: int | None = None,
    expand_nonconcat_dims: bool | None = None,
) -> SparseTensor:
    """Sparse tensors one behind the other along an axis.

    With `expand_nonconcat_dims` the other sizes need not agree.
    """
    if expand_nonconcat_dims is not None:
        expand_nonconcat_dim = expand_nonconcat_dims
    place = either("axis", axis, "concat_dim", concat_dim)
    if not isinstance(sp_inputs, (list, tuple)):
        raise TypeError("Inputs must be a list or tuple.")
    inputs = [_checked(each) for each in sp_inputs]
    if len(inputs) == 1:
        return inputs[0]
    shapes = [each.dense_shape for each in inputs]
    if expand_nonconcat_dim:
        shapes = _expanded_shapes(shapes, place)
    indices, values, total = g.SparseConcat(
        [each.indices for each in inputs],
        [each.values for each in inputs],
        shapes,
        concat_dim=place,
        name=name,
    )
    known = [g.known(each) for each in shapes]
    if all(each is not None for each in known):
        static = np.array(known[0])
        static[place] = sum(int(each[place]) for each in known if each is not None)
        total = convert_to_tensor(static)
    return SparseTensor(indices, values, total)


def _expanded_shapes(shapes: list[Tensor], axis: int) -> list[Tensor]:
    rows = concat([reshape(each, [1, -1]) for each in shapes], 0)
    largest = g.Max(rows, 0)
    return [
        concat(
            [
                largest[:axis],
                each[-1:] if axis == -1 else each[axis : axis + 1],
                [] if axis == -1 else largest[axis + 1 :],
            ],
            0,
        )
        for each in shapes
    ]


def sparse_split(
    keyword_required: Any = None,
    sp_input: Any = None,
    num_split: int | None = None,
    axis: Any = None,
    name: str | None = None,
    split_dim: Any = None,
) -> list[SparseTensor]:
    """Parts along an axis. All arguments are given by keyword."""
    if keyword_required is not None:
        raise ValueError("Keyword arguments are required for this function.")
    for what, value in (("sp_input", sp_input), ("num_split", num_split), ("axis", axis)):
        if value is None and (what != "axis" or split_dim is None):
            raise ValueError(f"{what} is required")
    place = either("axis", axis, "split_dim", split_dim)
    parts = g.SparseSplit(place, *_parts(_checked(sp_input)), num_split=num_split, name=name)
    columns = [part if isinstance(part, list) else [part] for part in parts]
    return [SparseTensor(*each) for each in zip(*columns, strict=True)]


def sparse_slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """The elements in a box, with indices counted from its corner."""
    sp_input = _checked(sp_input)
    start = convert_to_tensor(start, dtypes.int64)
    size = convert_to_tensor(size, dtypes.int64)
    with g.name_scope(name, "SparseSlice") as scope:
        return SparseTensor(*g.SparseSlice(*_parts(sp_input), start, size, name=scope))


def retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """The elements for which `to_retain` is True."""
    sp_input = _checked(sp_input)
    to_retain = convert_to_tensor(to_retain)
    to_retain.get_shape().assert_has_rank(1)
    if sp_input.values.get_shape().dims is not None:
        sp_input.values.get_shape()[0].merge_with(to_retain.get_shape()[0])
    kept = reshape(where_v2(to_retain), [-1])
    indices, values = gather(sp_input.indices, kept), gather(sp_input.values, kept)
    return SparseTensor(indices, values, identity(sp_input.dense_shape))


def fill_empty_rows(
    sp_input: Any, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """A default element in each row that has none, and which rows had none."""
    sp_input = _checked(sp_input)
    with g.name_scope(name, "SparseFillEmptyRows"):
        default_value = convert_to_tensor(default_value, sp_input.values.dtype)
        indices, values, empty, _ = g.SparseFillEmptyRows(*_parts(sp_input), default_value)
        return SparseTensor(indices, values, sp_input.dense_shape), empty


def merge(
    sp_ids: Any,
    sp_values: Any,
    vocab_size: Any,
    name: str | None = None,
    already_sorted: bool = False,
) -> SparseTensor:
    """Values at the places whose last indices are the ids. Raises: TypeError, ValueError."""
    if isinstance(sp_ids, _SPARSE):
        sp_ids, vocab_size = [sp_ids], [vocab_size]
    elif not isinstance(sp_ids, Iterable) or not isinstance(vocab_size, Iterable):
        raise TypeError("sp_ids and vocab_size have to be one SparseTensor and size, or lists")
    vocab_size = list(vocab_size)
    for size in vocab_size:
        if not isinstance(size, (Tensor, numbers.Integral)):
            raise TypeError(f"vocab_size has to be Tensors or Python ints. Found {type(size)}")
    if len(list(sp_ids)) != len(vocab_size):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    with g.name_scope(name, "SparseMerge"):
        ids = [_checked(each) for each in sp_ids]
        sp_values = _checked(sp_values)
        columns = [expand_dims(g.cast(each.values, dtypes.int64), axis=1) for each in ids]
        sizes = [g.cast(size, dtypes.int64) for size in vocab_size]
        indices = concat([ids[0].indices[:, :-1], *columns], 1)
        dense_shape = concat([ids[0].dense_shape[:-1], sizes], 0)
        result = SparseTensor(indices, sp_values.values, dense_shape)
        if already_sorted:
            return result
        ordered = reorder(result)
        return SparseTensor(ordered.indices, ordered.values, dense_shape)


# -- arithmetic ------------------------------------------------------------------------------------


def sparse_add(a: Any, b: Any, threshold: Any = None, thresh: Any = None) -> Any:
    """The sum of two tensors of which one at least is sparse.

    Elements of a sparse sum smaller than the threshold are left out. Raises: TypeError for two
    dense tensors.
    """
    threshold = either("threshold", threshold, "thresh", thresh)
    if not isinstance(a, _SPARSE) and not isinstance(b, _SPARSE):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if isinstance(a, _SPARSE) and isinstance(b, _SPARSE):
        return _sum_of_sparse(_checked(a), _checked(b), 0 if threshold is None else threshold)
    sparse, dense = (b, a) if isinstance(b, _SPARSE) else (a, b)
    return g.SparseTensorDenseAdd(sparse.indices, sparse.values, sparse.dense_shape, dense)


def _sum_of_sparse(a: SparseTensor, b: SparseTensor, threshold: Any) -> SparseTensor:
    threshold = convert_to_tensor(threshold, a.dtype.real_dtype.base_dtype, name="threshold")
    indices, values, dense_shape = g.SparseAdd(*_parts(a), *_parts(b), threshold)
    a.get_shape().assert_is_compatible_with(b.get_shape())
    static = broadcast_static_shape(a.get_shape(), b.get_shape())
    if static.is_fully_defined():
        dense_shape = static.as_list()
    return SparseTensor(indices, values, dense_shape)


def matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """The product of a sparse and a dense matrix."""
    sp_a = _checked(sp_a)
    with g.name_scope(name, "SparseTensorDenseMatMul"):
        b = convert_to_tensor(b, name="b")
        return g.SparseTensorDenseMatMul(*_parts(sp_a), b, adjoint_a=adjoint_a, adjoint_b=adjoint_b)


def sparse_softmax(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """The softmax over the last dimension of the elements that are there."""
    with g.name_scope(name, "SparseSoftmax"):
        values = g.SparseSoftmax(*_parts(sp_input))
        return SparseTensor(sp_input.indices, values, sp_input.dense_shape)


def _extremum(op_type: str, sp_a: SparseTensor, sp_b: SparseTensor, name: str | None) -> Any:
    with g.name_scope(name, op_type) as scope:
        indices, values = getattr(g, op_type)(*_parts(sp_a), *_parts(sp_b), name=scope)
    return SparseTensor(indices, values, sp_a.dense_shape)


def sparse_maximum(sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None) -> Any:
    """The larger elements of two sparse tensors; absent ones are zero."""
    return _extremum("SparseSparseMaximum", sp_a, sp_b, name)


def sparse_minimum(sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None) -> Any:
    """The smaller elements of two sparse tensors; absent ones are zero."""
    return _extremum("SparseSparseMinimum", sp_a, sp_b, name)


def _reduced(op_type: str, sp_input: Any, axis: Any, keepdims: Any, old: tuple[Any, Any]) -> Any:
    keepdims = either("keepdims", keepdims, "keep_dims", old[1])
    axes = either("axis", axis, "reduction_axes", old[0])
    axes = g.all_axes(sp_input, axes)
    return getattr(g, op_type)(*_parts(sp_input), axes, keep_dims=bool(keepdims))


def sparse_reduce_sum(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Sums over some axes (all by default) as a dense tensor."""
    return _reduced("SparseReduceSum", sp_input, axis, keepdims, (reduction_axes, keep_dims))


def sparse_reduce_max(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Maxima over some axes (all by default) as a dense tensor."""
    return _reduced("SparseReduceMax", sp_input, axis, keepdims, (reduction_axes, keep_dims))


def sparse_reduce_sum_sparse(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> SparseTensor:
    """Sums over some axes (all by default) as a sparse tensor."""
    old = (reduction_axes, keep_dims)
    return SparseTensor(*_reduced("SparseReduceSumSparse", sp_input, axis, keepdims, old))


def sparse_reduce_max_sparse(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    reduction_axes: Any = None,
    keep_dims: bool | None = None,
) -> SparseTensor:
    """Maxima over some axes (all by default) as a sparse tensor."""
    old = (reduction_axes, keep_dims)
    return SparseTensor(*_reduced("SparseReduceMaxSparse", sp_input, axis, keepdims, old))
