"""Less frequent array functions: masks, diagonals, distinct elements, scatter, patches.

Source: TF 1.15 python/ops/array_ops.py, gen_array_ops.py, gen_data_flow_ops.py.
"""

from __future__ import annotations

import collections
from typing import Any

from tailrace import dtypes, graph
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import IndexedSlices, SparseTensor, Tensor, g
from tailrace.graph.composite import SparseTensorValue
from tailrace.library.arguments import either
from tailrace.library.array import (
    as_list,
    broadcast_to,
    concat,
    expand_dims,
    ones,
    rank,
    reshape,
    shape,
    stack,
    tile,
)
from tailrace.library.indexing import boolean_mask, gather


def convert_to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    dtype_hint: Any = None,
) -> Tensor:
    """`value` as a tensor of the default graph; of `dtype_hint`, where it can be.

    Raises: ValueError when it is a tensor of another type, TypeError when it cannot be converted.
    """
    hint = either("dtype_hint", dtype_hint, "preferred_dtype", preferred_dtype)
    return graph.convert_to_tensor(value, dtype, name, preferred_dtype=hint)


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool, name: str | None = None
) -> Tensor:
    """True (or 1) at the first `lengths[i]` of `maxlen` places, the longest length by default.

    Shapes: lengths [...] -> [..., maxlen]. Raises: ValueError when maxlen is no scalar.
    """
    with g.name_scope(name, "SequenceMask"):
        lengths = convert_to_tensor(lengths)
        if maxlen is None:
            maxlen = g.Max(lengths, g.all_axes(lengths, None))
            maxlen = g.Maximum(g.constant(0, maxlen.dtype), maxlen)
        else:
            maxlen = convert_to_tensor(maxlen)
        if maxlen.get_shape().ndims not in (None, 0):
            raise ValueError("maxlen must be scalar for sequence_mask")
        start, delta = g.constant(0, maxlen.dtype), g.constant(1, maxlen.dtype)
        places = g.Range(start, maxlen, delta)
        # TF: a raw Cast, which stays in the graph when the types agree
        ends = g.Cast(expand_dims(lengths, -1), DstT=maxlen.dtype)
        mask = g.Less(places, ends)
        if dtype is None or as_dtype(dtype).base_dtype is dtypes.bool:
            return mask
        return g.Cast(mask, DstT=as_dtype(dtype))


# -- distinct elements ----------------------------------------------------------------------------


def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Any:
    """The distinct elements `y` of a vector in order of first occurrence; `idx` with x = y[idx]."""
    y, idx = g.Unique(x, out_idx=out_idx, name=name)
    return _named("Unique", ("y", "idx"), (y, idx))


def unique_with_counts(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Any:
    """The same, and how often each occurs."""
    outputs = g.UniqueWithCounts(x, out_idx=out_idx, name=name)
    return _named("UniqueWithCounts", ("y", "idx", "count"), outputs)


def _named(op_type: str, fields: tuple[str, ...], outputs: Any) -> Any:
    """Outputs as the named tuple TensorFlow gives."""
    return collections.namedtuple(op_type, fields)(*outputs)


def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> Any:
    """The elements of x that are not in y (`out`), and their places in x (`idx`)."""
    return _named("ListDiff", ("out", "idx"), g.ListDiff(x, y, out_idx=index_dtype, name=name))


def sparse_mask(a: IndexedSlices, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """The slices of `a` whose indices are not in `mask_indices`."""
    with g.name_scope(name, "sparse_mask") as scope:
        kept, places = g.ListDiff(a.indices, mask_indices)
        return IndexedSlices(gather(a.values, places, name=scope), kept, a.dense_shape)


def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: DType = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """Where each value belongs in its sorted row, before (`left`) or behind its equals."""
    count, wanted = shape(sorted_sequence)[-1], shape(values)[-1]
    rows = reshape(sorted_sequence, [-1, count])
    flat = reshape(values, [-1, wanted])
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'.  Saw: {side}.")
    bound = g.LowerBound if side == "left" else g.UpperBound
    return reshape(bound(rows, flat, out_type=out_type, name=name), shape(values))


# -- diagonals ------------------------------------------------------------------------------------


def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """A tensor of twice the rank with the input on its diagonal."""
    return g.Diag(diagonal, name=name)


def diag_part(input: Any, name: str | None = None) -> Tensor:
    """The diagonal of a tensor of even rank."""
    return g.DiagPart(input, name=name)


def matrix_diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
) -> Tensor:
    """Matrices with these diagonals. TF: 1.15 takes no notice of k, num_rows, num_cols, padding."""
    return g.MatrixDiag(diagonal, name=name)


def matrix_diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0
) -> Tensor:
    """The diagonals of matrices. TF: 1.15 takes no notice of k and padding_value."""
    return g.MatrixDiagPart(input, name=name)


def matrix_set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0) -> Tensor:
    """Matrices with other diagonals. TF: 1.15 takes no notice of k."""
    return g.MatrixSetDiag(input, diagonal, name=name)


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices, zero outside so many sub- and superdiagonals; -1 keeps all."""
    return g.MatrixBandPart(input, num_lower, num_upper, name=name)


# -- scatter, partition, stitch -------------------------------------------------------------------


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation that undoes x."""
    return g.InvertPermutation(x, name=name)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """The index vectors, as columns, of positions in a flattened array."""
    return g.UnravelIndex(indices, dims, name=name)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros of `shape` with the updates added at the places indices name."""
    return g.ScatterNd(indices, updates, shape, name=name)


def tensor_scatter_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Tensor:
    """The tensor with slices replaced at the places indices name."""
    return g.TensorScatterUpdate(tensor, indices, updates, name=name)


def tensor_scatter_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """The tensor with slices added at the places indices name."""
    return g.TensorScatterAdd(tensor, indices, updates, name=name)


def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """The tensor with slices subtracted at the places indices name."""
    return g.TensorScatterSub(tensor, indices, updates, name=name)


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """The slices of data sorted by the numbers in partitions."""
    return as_list(g.DynamicPartition(data, partitions, num_partitions=num_partitions, name=name))


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """The slices of all data, each at the place its index says."""
    return g.DynamicStitch(indices, data, name=name)


def parallel_dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """The same when no place occurs twice."""
    return g.ParallelDynamicStitch(indices, data, name=name)


def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """The same bits as another type."""
    return g.Bitcast(input, type=type, name=name)


def edit_distance(
    hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance"
) -> Tensor:
    """The Levenshtein distance of sparse sequences, by the length of the truth if `normalize`.

    Raises: TypeError when one of them is not sparse.
    """
    for what, value in (("Hypothesis", hypothesis), ("Truth", truth)):
        if not isinstance(value, (SparseTensor, SparseTensorValue)):
            raise TypeError(f"{what} must be a SparseTensor.")
    return g.EditDistance(
        hypothesis.indices,
        hypothesis.values,
        hypothesis.dense_shape,
        truth.indices,
        truth.values,
        truth.dense_shape,
        normalize=normalize,
        name=name,
    )


# -- patches --------------------------------------------------------------------------------------


def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
    sizes: Any = None,
) -> Tensor:
    """Windows of pictures, each flattened into the channels. `ksizes` is the old name of sizes."""
    sizes = either("sizes", sizes, "ksizes", ksizes)
    return g.ExtractImagePatches(
        images, ksizes=sizes, strides=strides, rates=rates, padding=padding, name=name
    )


def extract_volume_patches(
    input: Any, ksizes: Any, strides: Any, padding: Any, name: str | None = None
) -> Tensor:
    """Windows of volumes, each flattened into the channels."""
    return g.ExtractVolumePatches(input, ksizes=ksizes, strides=strides, padding=padding, name=name)


# -- repeat ---------------------------------------------------------------------------------------


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each element along an axis `repeats` times; without an axis, of the flattened input."""
    if axis is None:
        input, axis = reshape(input, [-1]), 0
    return _repeat(input, repeats, axis, name)


def _repeat(data: Any, repeats: Any, axis: int, name: str | None) -> Tensor:
    if not isinstance(axis, int):
        raise TypeError(f"axis must be an int; got {type(axis).__name__}")
    with g.name_scope(name, "Repeat"):
        data = convert_to_tensor(data, name="data")
        repeats = _as_int32(repeats)
        repeats.get_shape().with_rank_at_most(1)
        data = _at_least_vector(data)
        sizes = shape(data)
        axis = _positive(axis, data.get_shape().ndims)
        count = repeats.get_shape().ndims
        if count == 1:
            data.get_shape()[axis].assert_is_compatible_with(repeats.get_shape()[0])
        if count == 0:
            tiled = _tile_axis(expand_dims(data, axis + 1), axis + 1, repeats)
            return reshape(tiled, _with_axis(sizes, axis))
        return _repeat_each(data, sizes, repeats, axis)


def _repeat_each(data: Tensor, sizes: Tensor, repeats: Tensor, axis: int) -> Tensor:
    if repeats.get_shape().ndims != axis + 1:
        repeats_shape, repeats_rank = shape(repeats), rank(repeats)
        wide = concat([sizes[: axis + 1 - repeats_rank], repeats_shape], axis=0)
        repeats = broadcast_to(repeats, wide)
        repeats.set_shape([None] * (axis + 1))
    largest = g.Maximum(0, g.Max(repeats, g.all_axes(repeats, None)))
    mask = sequence_mask(repeats, largest)
    tiled = _tile_axis(expand_dims(data, axis + 1), axis + 1, largest)
    result = boolean_mask(tiled, mask)
    if axis != 0:
        result = reshape(result, _with_axis(sizes, axis))
    static = data.get_shape()
    if static.ndims is not None:
        size = 0 if repeats.get_shape()[0] == 0 else None
        result.set_shape(static[:axis].concatenate([size]).concatenate(static[axis + 1 :]))
    return result


def _with_axis(sizes: Tensor, axis: int) -> Tensor:
    return concat([sizes[:axis], [-1], sizes[axis + 1 :]], axis=0)


def _as_int32(repeats: Any) -> Tensor:
    repeats = convert_to_tensor(repeats, name="repeats", preferred_dtype=dtypes.int32)
    if not repeats.dtype.is_integer:
        raise TypeError(f"repeats must be an integer tensor; dtype={repeats.dtype}")
    return g.Cast(repeats, DstT=dtypes.int32)


def _at_least_vector(data: Tensor) -> Tensor:
    ndims = data.get_shape().ndims
    if ndims is not None:
        return data if ndims else stack([data])
    sizes, count = shape(data), rank(data)
    return reshape(data, concat([[1], sizes], axis=0)[-count:])


def _positive(axis: int, ndims: int | None) -> int:
    if ndims is None:
        if axis < 0:
            raise ValueError("axis may only be negative if ndims is statically known.")
        return axis
    if not -ndims <= axis < ndims:
        raise ValueError(f"axis={axis} out of bounds: expected {-ndims}<=axis<{ndims}")
    return axis % ndims


def _tile_axis(data: Tensor, axis: int, multiple: Any) -> Tensor:
    ndims = data.get_shape().ndims
    if ndims is None:
        each = ones(rank(data), dtypes.int32)
        return tile(data, concat([each[:axis], [multiple], each[axis + 1 :]], axis=0))
    multiples: list[Any] = [1] * ndims
    multiples[axis] = multiple
    return tile(data, multiples)


# -- what is known before a run -------------------------------------------------------------------


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor, dense or sparse, or a variable."""
    return isinstance(x, (Tensor, SparseTensor, IndexedSlices)) or hasattr(x, "_as_graph_element")


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value a tensor has in every run as an array, or None."""
    if isinstance(tensor, Tensor):
        return g.known(tensor)
    known = getattr(tensor, "numpy", None)
    return None if known is None else known()
