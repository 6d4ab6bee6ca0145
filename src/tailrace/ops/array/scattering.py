"""Elements put where indices say, and their gradients: scatter, partition, stitch.

Source: TF 1.15 core/ops/array_ops.cc, data_flow_ops.cc, python/ops/array_grad.py,
data_flow_grad.py.
"""

from __future__ import annotations

import math

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import ANY, INDEX, NUMERIC
from tailrace.errors import ShapeError
from tailrace.ops.array.gathering import flat_places
from tailrace.ops.array.moving import moves_elements
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, agree, as_shape, at_least_rank, merge, product

_INDEX = type_attr(INDEX)


def _check_updates(indices, updates, shape):
    """Scattered slices have the outer dimensions of indices and the inner ones of the output."""
    at_least_rank(indices, 1, "indices")
    at_least_rank(updates, 1, "updates")
    if shape.dims is not None and 0 in shape and _holds_elements(indices, updates):
        raise ShapeError(f"Indices and updates specified for empty output tensor {shape}")
    if None in (indices.dims, updates.dims) or indices[-1] is None:
        return
    outer, depth = len(indices) - 1, indices[-1]
    merge(indices[:-1], updates[:outer], "outer shapes of indices and updates")
    if shape.dims is not None:
        merge(shape[depth:], updates[outer:], "shapes of updates and of the slices to write")


def _holds_elements(*shapes):
    return any(s.dims is not None and (product(s.dims) or 0) > 0 for s in shapes)


def _rows(tensor, indices, updates):
    """The tensor with its indexed dimensions flattened, row numbers, and updates as rows of it."""
    depth = indices.shape[-1]
    inner = tensor.shape[depth:]
    if tuple(updates.shape) != (*indices.shape[:-1], *inner):
        raise errors.invalid(
            f"updates of shape {list(updates.shape)} do not fit indices {list(indices.shape)} into "
            f"shape {list(tensor.shape)}"
        )
    places = flat_places(indices, tensor.shape[:depth]).reshape(-1)
    table = tensor.view(math.prod(tensor.shape[:depth]), *inner)
    return table, places, updates.reshape(-1, *inner)


@op(
    "ScatterNd",
    "indices: Tindices, updates: T, shape: Tindices -> output: T",
    T=ANY,
    Tindices=_INDEX,
    _host="shape",
)
def scatter_nd(indices, updates, shape):
    """Zeros of `shape` with the updates added at the places that index vectors name.

    Shapes: indices [I..., k], updates [I..., shape[k:]] -> shape.
    """
    result = updates.new_zeros(shape)
    table, places, rows = _rows(result, indices, updates)
    if result.dtype is torch.bool:
        table[places] = rows
    else:
        table.index_add_(0, places, rows)
    return result


@scatter_nd.shape
def scatter_nd_shape(indices, updates, shape):
    out = shape.as_shape()
    _check_updates(indices, updates, out)
    return [out]


@scatter_nd.gradient
def scatter_nd_grad(g, op, dy):
    return None, g.GatherNd(dy, op.indices), None


def _scattered(tensor, indices, updates, how):
    result = tensor.clone(memory_format=torch.contiguous_format)
    table, places, rows = _rows(result, indices, updates)
    how(table, places, rows)
    return result


def _replace(table, places, rows):
    table[places] = rows


def _add(table, places, rows):
    table.index_add_(0, places, rows)


def _subtract(table, places, rows):
    table.index_add_(0, places, rows, alpha=-1)


def _tensor_shape(tensor, indices, updates):
    _check_updates(indices, updates, tensor)
    return [tensor]


def _tensor_scatter(name, how, doc, first="tensor", types=ANY):
    signature = f"{first}: T, indices: Tindices, updates: T -> output: T"

    @op(name, signature, T=types, Tindices=_INDEX)
    def scatter(tensor, indices, updates):
        return _scattered(tensor, indices, updates, how)

    scatter.__doc__ = doc
    scatter.shape(_tensor_shape)
    return scatter


tensor_scatter_update = _tensor_scatter(
    "TensorScatterUpdate", _replace, "The tensor with slices replaced at the places indices name."
)
tensor_scatter_add = _tensor_scatter(
    "TensorScatterAdd", _add, "The tensor with slices added at the places indices name."
)
tensor_scatter_sub = _tensor_scatter(
    "TensorScatterSub", _subtract, "The tensor with slices subtracted at the places indices name."
)
scatter_nd_add = _tensor_scatter(
    "ScatterNdNonAliasingAdd",
    _add,
    "The input with slices added where indices say.",
    "input",
    (*NUMERIC, dtypes.bool),
)


@tensor_scatter_update.gradient
def tensor_scatter_update_grad(g, op, dy):
    updates = g.GatherNd(dy, op.indices)
    base = g.Identity(dy)
    zeros = g.zeros_like(op.updates, dtype=dy.dtype)
    tensor = g.TensorScatterUpdate(base, op.indices, zeros)
    return tensor, None, updates


@tensor_scatter_add.gradient
def tensor_scatter_add_grad(g, op, dy):
    updates = g.GatherNd(dy, op.indices)
    return g.Identity(dy), None, updates


@tensor_scatter_sub.gradient
def tensor_scatter_sub_grad(g, op, dy):
    updates = g.GatherNd(dy, op.indices)
    tensor = g.Identity(dy)
    return tensor, None, -updates


@scatter_nd_add.gradient
def scatter_nd_add_grad(g, op, dy):
    return dy, None, g.GatherNd(dy, op.indices)


def _partition(data, partitions, *, num_partitions):
    rank = partitions.ndim
    if tuple(data.shape[:rank]) != tuple(partitions.shape):
        raise errors.invalid(
            "data.shape must start with partitions.shape, got data.shape = "
            f"{list(data.shape)}, partitions.shape = {list(partitions.shape)}"
        )
    wrong = ((partitions < 0) | (partitions >= num_partitions)).reshape(-1).nonzero()
    if wrong.numel():
        place = int(wrong[0])
        number = int(partitions.reshape(-1)[place])
        raise errors.invalid(f"partitions[{place}] = {number} is not in [0, {num_partitions})")
    return [data[partitions == i] for i in range(num_partitions)]


@op(
    "DynamicPartition",
    "data: T, partitions: int32 -> outputs: num_partitions*T",
    num_partitions=Attr("int", minimum=1),
    T=ANY,
)
def dynamic_partition(data, partitions, *, num_partitions):
    """The slices of data sorted into `num_partitions` outputs by the numbers in partitions."""
    return _partition(data, partitions, num_partitions=num_partitions)


dynamic_partition.bind(moves_elements(_partition, 0))


@dynamic_partition.shape
def dynamic_partition_shape(data, partitions, *, num_partitions):
    if partitions.dims is None:
        return [UNKNOWN] * num_partitions
    rank = len(partitions)
    if data.dims is None:
        return [UNKNOWN] * num_partitions
    merge(as_shape(data[:rank]), partitions, "shapes of the start of data and of partitions")
    return [[None, *data[rank:]]] * num_partitions


@dynamic_partition.gradient
def dynamic_partition_grad(g, op, *dys):
    prefix = g.shape(op.partitions)
    count = g.Prod(prefix, g.all_axes(prefix, None))
    numbers = g.Reshape(g.range(0, count), prefix)
    parts = g.DynamicPartition(numbers, op.partitions, num_partitions=op.num_partitions)
    parts = parts if isinstance(parts, list) else [parts]
    stitched = g.DynamicStitch(parts, list(dys))
    return g.Reshape(stitched, g.shape(op.data)), None


def _stitch(indices, data):
    inner = data[0].shape[indices[0].ndim :]
    for i, (places, values) in enumerate(zip(indices, data, strict=True)):
        if tuple(values.shape) != (*places.shape, *inner):
            raise errors.invalid(
                f"data[{i}].shape = {list(values.shape)} does not start with indices[{i}].shape = "
                f"{list(places.shape)}, or its slices differ from {list(inner)}"
            )
    flat = torch.cat([i.reshape(-1) for i in indices])
    rows = torch.cat([d.reshape(i.numel(), *inner) for i, d in zip(indices, data, strict=True)])
    count = int(flat.max()) + 1 if flat.numel() else 0
    if flat.numel() and int(flat.min()) < 0:
        raise errors.invalid(f"indices must not be negative, but are {flat.tolist()}")
    merged = rows.new_zeros((count, *inner))
    if flat.unique().numel() == flat.numel():
        merged[flat] = rows
    else:
        for place, row in zip(flat.tolist(), rows, strict=True):  # TF: the last of several wins
            merged[place] = row
    return merged


def _stitch_shape(indices, data):
    largest, inner = 0, UNKNOWN
    for places, values in zip(indices, data, strict=True):
        number = places.value
        if number is None:
            largest = None
        elif largest is not None and number.size:
            largest = max(largest, int(number.max()))
        if places.dims is not None and values.dims is not None:
            if len(places) > len(values):
                raise ShapeError(
                    f"data {values} does not begin with the shape of indices, {places}"
                )
            for m, n in zip(places.dims, values.dims, strict=False):
                agree(m, n, "sizes of indices and data")
            inner = merge(inner, values[len(places) :], "shapes of the slices of data")
    if inner.dims is None:
        return [UNKNOWN]
    return [[None if largest is None else largest + 1, *inner]]


def _stitch_grad(g, op, dy):
    if g.is_indexed_slices(dy):
        dy = g.UnsortedSegmentSum(dy.values, dy.indices, g.shape(op.merged)[0])
    return [*[None] * op.N, *[g.GatherV2(dy, places, 0) for places in op.indices]]


_SIGNATURE = "indices: N*int32, data: N*T -> merged: T"


@op("DynamicStitch", _SIGNATURE, T=ANY)
def dynamic_stitch(indices, data):
    """The slices of all data, each at the place its index says; of several the last stays."""
    return _stitch(indices, data)


@op("ParallelDynamicStitch", _SIGNATURE, T=ANY)
def parallel_dynamic_stitch(indices, data):
    """The slices of all data, each at the place its index says; places must not occur twice."""
    return _stitch(indices, data)


for _each in (dynamic_stitch, parallel_dynamic_stitch):
    _each.bind(moves_elements(_stitch, 1))
    _each.shape(_stitch_shape)
    _each.gradient(_stitch_grad)


@op("ParallelConcat", "values: N*T -> output: T", T=ANY, shape=Attr("shape"))
def parallel_concat(values):
    """Tensors whose first size is 1, one behind the other."""
    return torch.cat(values, 0)


@parallel_concat.shape
def parallel_concat_shape(values, *, shape):
    return [as_shape(shape)]


parallel_concat.missing_gradient("TensorFlow has none; stack has")
