"""Elements chosen by index, and their gradients: gather, one-hot.

Source: TF 1.15 core/ops/array_ops.cc, core/kernels/gather_op.cc, python/ops/array_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import ANY, INDEX
from tailrace.errors import ShapeError
from tailrace.native import bundles
from tailrace.ops.array.moving import moves_elements
from tailrace.registry import op, type_attr
from tailrace.shapes import UNKNOWN, Shape, at_least_rank

_INDEX = type_attr(INDEX)


def _outside(indices, limit):
    """The error for the first index out of [0, limit)."""
    for place, index in enumerate(indices.reshape(-1).tolist()):
        if not 0 <= index < limit:
            where = _position(place, indices.shape)
            return errors.invalid(f"indices{where} = {index} is not in [0, {limit})")
    return errors.invalid(f"cannot take {list(indices.shape)} indices of {limit} elements")


def _position(place, shape):
    """`[i,j]` of an element counted in rows; nothing for a scalar."""
    entries = []
    for size in reversed(shape):
        place, entry = divmod(place, size)
        entries.append(str(entry))
    return f"[{','.join(reversed(entries))}]" if entries else ""


def _take(params, indices, axis):
    flat = indices if indices.ndim == 1 else indices.reshape(-1)
    try:
        taken = params.index_select(axis, flat)
    except (IndexError, RuntimeError):
        raise _outside(indices, params.shape[axis]) from None
    if indices.ndim == 1:
        return taken
    axis %= params.ndim
    return taken.reshape(params.shape[:axis] + indices.shape + params.shape[axis + 1 :])


def _take_batched(params, indices, axis, batch_dims):
    """The same for each entry of the batch dimensions that params and indices share."""
    batch, inner = params.shape[:batch_dims], indices.shape[batch_dims:]
    limit = params.shape[axis]
    if indices.numel() and not (int(indices.min()) >= 0 and int(indices.max()) < limit):
        raise _outside(indices, limit)
    before, after = params.shape[batch_dims:axis], params.shape[axis + 1 :]
    source = params.reshape(batch.numel(), before.numel(), limit, after.numel())
    places = indices.reshape(batch.numel(), 1, -1, 1).to(torch.int64)
    places = places.expand(-1, before.numel(), -1, after.numel())
    return source.gather(2, places).reshape(batch + before + inner + after)


def _gather(params, indices, axis, *, batch_dims):
    if batch_dims == 0:
        return _take(params, indices, axis)
    if batch_dims < 0:
        batch_dims += indices.ndim
    return _take_batched(params, indices, axis % params.ndim, batch_dims)


@op(
    "GatherV2",
    "params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams",
    batch_dims=0,
    Tparams=ANY,
    Tindices=_INDEX,
    Taxis=_INDEX,
    _host="axis",
    _gathers=True,
)
def gather_v2(params, indices, axis, *, batch_dims):
    """The slices of params along an axis that indices name.

    Shapes: params [P..., n, Q...], indices [I...] -> [P..., I..., Q...].
    """
    return _gather(params, indices, axis, batch_dims=batch_dims)


@gather_v2.bind
def gather_v2_bind(attrs):
    kernel = _gather if attrs["batch_dims"] else _take
    return moves_elements(kernel, 0)(attrs)


@gather_v2.shape
def gather_v2_shape(params, indices, axis, *, batch_dims):
    at_least_rank(params, 1, "params")
    place = axis.value
    if place is None:
        if params.dims is None or indices.dims is None:
            return [UNKNOWN]
        return [[None] * (len(params) + len(indices) - 1 - batch_dims)]
    place = int(place)
    at_least_rank(params, -place if place < 0 else place + 1, "params")
    if batch_dims < 0:
        batch_dims += len(indices)
    place %= len(params)
    return [[*params[:place], *indices[batch_dims:], *params[place + 1 :]]]


@gather_v2.small
def gather_v2_small(params, indices, axis, *, batch_dims):
    if batch_dims or not -len(params) <= axis.value < len(params):
        return None
    return bundles.gather(params, indices, int(axis.value) % len(params), params.dtype.name)


@gather_v2.gradient
def gather_v2_grad(g, op, dy):
    params, indices, axis = op.params, op.indices, op.axis
    with g.colocate_with(params):
        shape = g.cast(g.shape(params, out_type=dtypes.int64), dtypes.int32)
    size = g.ExpandDims(g.size(indices), 0)
    batch_dims = op.batch_dims
    if batch_dims < 0:
        batch_dims += indices.get_shape().ndims
    static = g.known(axis)
    if static is not None and static == 0:
        return _rows_grad(g, shape, indices, size, dy), None, None
    return _columns_grad(g, shape, indices, axis, batch_dims, dy), None, None


def _rows_grad(g, shape, indices, size, dy):
    """The gradient of a gather of rows: those rows."""
    values_shape = g.ConcatV2([size, shape[1:]], 0, name="concat")
    values = g.Reshape(dy, values_shape)
    return g.indexed_slices(values, g.Reshape(indices, size), shape)


def _columns_grad(g, shape, indices, axis, batch_dims, dy):
    """The axis moved to the front (behind the batch), the slices added there, and moved back."""
    outer, inner = shape[:axis], shape[axis:][1:]
    values_shape = g.ConcatV2([outer, [-1], inner], 0, name="concat")
    rank, place = g.size(values_shape), g.size(outer)
    batches = g.range(0, batch_dims)
    before = g.range(batch_dims, place)
    after = g.range(place + 1, rank)
    values = g.Reshape(dy, values_shape)
    to_front = g.ConcatV2([batches, [place], before, after], 0, name="concat")
    moved = g.Transpose(values, to_front, name="transpose")
    grad = _batch_gather_grad(g, shape, moved, indices, batch_dims, shape[axis])
    back = g.ConcatV2([batches, before + 1, [batch_dims], after], 0, name="concat")
    return g.Transpose(grad, back, name="transpose")


def _batch_gather_grad(g, shape, values, indices, batch_dims, size):
    count = g.ExpandDims(g.size(indices), 0)
    if not batch_dims:
        return g.UnsortedSegmentSum(values, g.Reshape(indices, count), size)
    values_shape = g.shape(values)
    outer, inner = values_shape[:batch_dims], values_shape[batch_dims:][1:]
    batch = g.Prod(outer, [0], keep_dims=False)
    flat_shape = g.ConcatV2([[-1], inner], 0, name="concat")
    size = size * batch
    indices = _with_batch_offsets(g, shape, indices, batch_dims)
    values = g.Reshape(values, flat_shape)
    grad = g.UnsortedSegmentSum(values, g.Reshape(indices, count), size)
    return g.Reshape(grad, g.ConcatV2([outer, flat_shape], 0, name="concat"))


def _with_batch_offsets(g, shape, indices, batch_dims):
    """Indices into params with the batch dimensions flattened."""
    rank = indices.get_shape().ndims
    dtype = indices.dtype.base_dtype
    shape = g.cast(shape, dtype)
    step = g.ones((), dtype)
    for dim in range(batch_dims, 0, -1):
        size = shape[dim - 1]
        step = step * shape[dim]
        start, one = g.zeros((), dtype), g.ones((), dtype)
        offsets = g.range(start, size, one) * step
        wide = g.convert([1] * (dim - 1) + [size] + [1] * (rank - dim), name="stack")
        indices = indices + g.Reshape(offsets, wide)
    return indices


@op(
    "Gather",
    "params: Tparams, indices: Tindices -> output: Tparams",
    validate_indices=True,
    Tparams=ANY,
    Tindices=_INDEX,
    _gathers=True,
)
def gather(params, indices):
    """The rows of params that indices name; an older form of GatherV2."""
    return _rows(params, indices)


def _rows(params, indices):
    return _take(params, indices, 0)


gather.bind(moves_elements(_rows, 0))


@gather.shape
def gather_shape(params, indices):
    return [[*indices, *at_least_rank(params, 1, "params")[1:]]]


@gather.small
def gather_small(params, indices):
    return bundles.gather(params, indices, 0, params.dtype.name)


@gather.gradient
def gather_grad(g, op, dy):
    with g.colocate_with(op.params):
        shape = g.cast(g.shape(op.params, out_type=dtypes.int64), dtypes.int32)
    size = g.ExpandDims(g.size(op.indices), 0)
    return _rows_grad(g, shape, op.indices, size, dy), None


def flat_places(indices, dims):
    """Row numbers, in an array whose leading dimensions `dims` are flattened, of index vectors.

    Shapes: indices [..., len(dims)] -> int64 [...]. Raises: KernelError for an index out of bounds.
    """
    places = torch.zeros(indices.shape[:-1], dtype=torch.int64, device=indices.device)
    wide = indices.to(torch.int64)
    for k, size in enumerate(dims):
        column = wide[..., k]
        if column.numel() and not (int(column.min()) >= 0 and int(column.max()) < size):
            raise _outside_box(wide, dims)
        places = places * size + column
    return places


def _outside_box(indices, dims):
    rows = indices.reshape(-1, len(dims))
    limits = torch.tensor(list(dims))
    wrong = ((rows < 0) | (rows >= limits)).any(1).nonzero()
    place = int(wrong[0])
    where = _position(place, indices.shape[:-1])
    return errors.invalid(
        f"indices{where} = {rows[place].tolist()} does not index into param shape {list(dims)}"
    )


def _gather_nd(params, indices):
    depth = indices.shape[-1]
    if depth > params.ndim:
        raise errors.invalid(
            f"index innermost dimension length must be <= params rank; saw: {depth} vs. "
            f"{params.ndim}"
        )
    places = flat_places(indices, params.shape[:depth])
    inner = params.shape[depth:]
    table = params.reshape(params.shape[:depth].numel(), *inner)
    return table.index_select(0, places.reshape(-1)).reshape(places.shape + inner)


@op(
    "GatherNd",
    "params: Tparams, indices: Tindices -> output: Tparams",
    Tparams=ANY,
    Tindices=_INDEX,
)
def gather_nd(params, indices):
    """The slices of params at the places that index vectors name.

    Shapes: params [d1, ..., dn], indices [I..., k] -> [I..., dk+1, ..., dn].
    """
    return _gather_nd(params, indices)


gather_nd.bind(moves_elements(_gather_nd, 0))


def _gathered_dims(params, indices):
    depth = at_least_rank(indices, 1, "indices")[-1]
    if depth is None:
        return UNKNOWN
    if depth > len(params):
        raise ShapeError(
            f"indices.shape[-1] must be <= params.rank, but saw {depth} vs. {len(params)}"
        )
    return [*indices[:-1], *params[depth:]]


@gather_nd.shape
def gather_nd_shape(params, indices):
    return [_gathered_dims(params, indices)]


def _nd_grad(g, indices, shape, dy):
    """Rows stay rows; other slices are scattered into zeros."""
    static = indices.get_shape()
    if static.ndims == 2 and static.dims[-1].value == 1:
        return g.indexed_slices(dy, g.Squeeze(indices, squeeze_dims=[-1]), shape), None
    return g.ScatterNd(indices, dy, shape), None


@gather_nd.gradient
def gather_nd_grad(g, op, dy):
    return _nd_grad(g, op.indices, g.shape(op.params, out_type=op.indices.dtype), dy)


@op(
    "ResourceGatherNd",
    "resource: resource, indices: Tindices -> output: dtype",
    dtype=ANY,
    Tindices=_INDEX,
    _reads="resource",
    _stateful=True,
)
def resource_gather_nd(resource, indices):
    """The slices of a resource variable at the places that index vectors name."""
    return _gather_nd(resource.read(), indices)


@resource_gather_nd.shape
def resource_gather_nd_shape(resource, indices):
    if resource.handle is None or resource.handle[1] is None:
        return [UNKNOWN]
    return [_gathered_dims(Shape(resource.handle[1]), indices)]


@resource_gather_nd.gradient
def resource_gather_nd_grad(g, op, dy):
    shape = g.VariableShape(op.resource, out_type=op.indices.dtype)
    return _nd_grad(g, op.indices, shape, dy)


def _one_hot(indices, depth, on_value, off_value, *, axis):
    if depth < 0:
        raise errors.invalid(f"depth must be non-negative, got: {depth}")
    place = indices.ndim if axis == -1 else axis
    dims = [*indices.shape[:place], depth, *indices.shape[place:]]
    hot = off_value.expand(dims).clone()
    if not hot.numel():
        return hot
    places = indices.to(torch.int64)
    if not places.is_cuda:
        try:
            return hot.scatter_(place, places.unsqueeze(place), on_value.expand(dims))
        except RuntimeError:
            hot.copy_(off_value)
    # TF: an index out of bounds has no hot element
    inside = (places >= 0) & (places < depth)
    chosen = torch.where(inside, on_value, off_value)
    return hot.scatter_(place, places.where(inside, 0).unsqueeze(place), chosen.unsqueeze(place))


@op(
    "OneHot",
    "indices: TI, depth: int32, on_value: T, off_value: T -> output: T",
    axis=-1,
    T=ANY,
    TI=type_attr((dtypes.uint8, dtypes.int32, dtypes.int64), dtypes.int64),
    _host="depth",
)
def one_hot(indices, depth, on_value, off_value, *, axis):
    """`on_value` where the new axis has the position the index names, `off_value` elsewhere."""
    return _one_hot(indices, depth, on_value, off_value, axis=axis)


one_hot.bind(moves_elements(_one_hot, 2, 3))


@one_hot.shape
def one_hot_shape(indices, depth, on_value, off_value, *, axis):
    if axis < -1:
        raise ShapeError(f"axis must be >= -1, but is {axis}")
    size = depth.value
    if size is not None and size < 0:
        raise ShapeError(f"depth must not be negative, but is {size}")
    dims = list(indices)
    dims.insert(axis % (len(dims) + 1), None if size is None else int(size))
    return [dims]


one_hot.no_gradient("indices are whole numbers")


@op(
    "UnravelIndex",
    "indices: Tidx, dims: Tidx -> output: Tidx",
    Tidx=type_attr(INDEX, dtypes.int32),
    _host_only=True,
)
def unravel_index(indices, dims):
    """The index vectors of positions in the flattened array. Shapes: [n] -> [rank, n]."""
    total = int(dims.prod())
    if indices.numel() and not (int(indices.min()) >= 0 and int(indices.max()) < total):
        raise errors.invalid(f"index is out of bound as with dims {dims.tolist()}")
    rows = []
    for size in reversed(dims.tolist()):
        rows.append(indices % size)
        indices = indices // size
    return torch.stack(rows[::-1])


@unravel_index.shape
def unravel_index_shape(indices, dims):
    rank = dims.dims[0] if dims.dims else None
    if indices.dims is None:
        return [UNKNOWN]
    return [[rank] if not len(indices) else [rank, indices[0]]]
