"""Arrays put together and taken apart along an axis: concat, split, pack, unpack.

Source: TF 1.15 core/ops/array_ops.cc, python/ops/array_grad.py.
"""

from __future__ import annotations

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import ANY, INDEX
from tailrace.errors import ShapeError
from tailrace.native import bundles
from tailrace.ops.array.moving import moves_elements
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, Shape, agree, as_shape, at_least_rank, merge

_INDEX = type_attr(INDEX, dtypes.int32)


def _axis_in(axis, rank, what="axis"):
    """The axis counted from the front. Raises: ShapeError when there is none."""
    if not -rank <= axis < rank:
        raise ShapeError(f"{what} = {axis} not in [{-rank}, {rank})")
    return axis % rank


def _scalar_of(shape):
    """A static scalar, or None."""
    value = shape.value
    return None if value is None else int(value.reshape(-1)[0])


def _pack(values, *, axis):
    try:
        return torch.stack(values, axis)
    except (RuntimeError, IndexError):
        raise _unequal(values) from None


def _unequal(values):
    shapes = [list(v.shape) for v in values]
    return errors.invalid(f"Shapes of all inputs must match: {shapes}")


@op("Pack", "values: N*T -> output: T", T=ANY, axis=0, _static=True, _stacks=True)
def pack(values, *, axis):
    """Tensors of one shape, side by side along a new axis."""
    return _pack(values, axis=axis)


pack.bind(moves_elements(_pack, 0))


@pack.shape
def pack_shape(values, *, axis):
    each = UNKNOWN
    for value in reversed(values):
        each = merge(each, value, "shapes of the values")
    dims = list(each)
    dims.insert(_axis_in(axis, len(dims) + 1), len(values))
    return [dims]


@pack.small
def pack_small(values, *, axis):
    return bundles.joined(values, axis % (len(values[0]) + 1), values[0].dtype.name)


@pack.known_sizes
def pack_sizes(values, *, axis):
    if any(v.dims != () for v in values):
        return None
    numbers = [v.value for v in values]
    return Shape(None if n is None or n < 0 else int(n) for n in numbers)


@pack.gradient
def pack_grad(g, op, dy):
    parts = g.Unpack(dy, num=op.N, axis=op.axis, name="unstack")
    return parts if isinstance(parts, list) else [parts]


def _unpack(value, *, num, axis):
    parts = value.unbind(axis)
    if len(parts) != num:
        raise errors.invalid(
            f"Input shape axis {axis} must equal {num}, got shape {list(value.shape)}"
        )
    return parts


@op(
    "Unpack",
    "value: T -> output: num*T",
    num=Attr("int", minimum=0),
    T=ANY,
    axis=0,
    _alias=True,
    _unstacks=True,
)
def unpack(value, *, num, axis):
    """The slices along an axis, without that axis."""
    return _unpack(value, num=num, axis=axis)


unpack.bind(moves_elements(_unpack, 0))


@unpack.shape
def unpack_shape(value, *, num, axis):
    if value.dims is None:
        return [UNKNOWN] * num
    dims = list(value)
    place = _axis_in(axis, len(dims))
    agree(dims.pop(place), num, f"size of axis {axis} and num")
    return [dims] * num


@unpack.gradient
def unpack_grad(g, op, *dys):
    return _stacked(g, list(dys), op.axis)


def _stacked(g, values, axis):
    """What `tf.stack` builds."""
    if axis == 0:
        return g.convert(values, name="stack")
    return g.Pack(values, axis=axis, name="stack")


def _concat(values, axis):
    try:
        return torch.cat(values, axis)
    except (RuntimeError, IndexError):
        return _concat_checked(values, axis)


def _concat_checked(values, axis):
    """What torch.cat refuses: TF's errors, and a vector of no elements among matrices is one."""
    shapes = [list(v.shape) for v in values]
    rank = values[0].ndim
    if rank == 0:
        raise errors.invalid(
            "ConcatOp : Expected concatenating dimensions in the range [0, 0), but got 0"
        )
    if not -rank <= axis < rank:
        raise errors.invalid(
            f"ConcatOp : Expected concatenating dimensions in the range [{-rank}, {rank}), but got "
            f"{axis}"
        )
    raise errors.invalid(f"ConcatOp : Dimensions of inputs should match: shapes {shapes}")


@op(
    "ConcatV2",
    "values: N*T, axis: Tidx -> output: T",
    _joins=True,
    N=Attr("int", minimum=2),
    T=ANY,
    Tidx=_INDEX,
    _host="axis",
    _static=True,
)
def concat_v2(values, axis):
    """The tensors one behind the other along an axis."""
    return _concat(values, axis)


concat_v2.bind(moves_elements(_concat, 0))


@concat_v2.over_steps
def concat_v2_over_steps(b, values, axis):
    if axis.constant is None:
        return None
    count = next(v.value.dims[0] for v in values if v.each)
    parts = [v.value if v.each else b.RepeatOverSteps(v.value, count=count) for v in values]
    return [b.ConcatV2(*parts, b.constant(_axis_behind(axis)))]


def _axis_behind(axis):
    """An axis when there is one more in front."""
    position = int(axis.constant)
    return position + 1 if position >= 0 else position


@concat_v2.small
def concat_v2_small(values, axis):
    rank = len(values[0])
    if not -rank <= axis.value < rank or any(len(v) != rank for v in values):
        return None
    place = int(axis.value) % rank
    if len({v[:place] + v[place + 1 :] for v in values}) > 1:
        return None
    return bundles.joined(values, place, values[0].dtype.name)


@concat_v2.shape
def concat_v2_shape(values, axis):
    return [_concat_dims(values, _scalar_of(axis))]


def _concat_dims(values, axis):
    ranks = [len(v) for v in values if v.dims is not None]
    if axis is None:
        if not ranks:
            return UNKNOWN
        rank = ranks[0]
        for v in values:
            merge(v, [None] * rank, "ranks of the values")
        return [None] * rank
    least = axis + 1 if axis >= 0 else -axis
    if any(v.dims is None for v in values):
        for v in values:
            at_least_rank(v, least)
    known = [v for v in values if v.dims is not None]
    if not known:
        return UNKNOWN
    if any(len(at_least_rank(v, least)) != len(known[0]) for v in known):
        raise ShapeError(f"values have different ranks: {', '.join(map(str, known))}")
    rank = len(known[0])
    place = axis % rank
    return _joined([as_shape([None] * rank) if v.dims is None else v for v in values], place)


def _joined(shapes, place):
    dims: list[int | None] = [None] * len(shapes[0])
    for i in range(len(dims)):
        sizes = [s[i] for s in shapes]
        if i == place:
            dims[i] = None if None in sizes else sum(sizes)
        else:
            for size in sizes:
                dims[i] = agree(
                    dims[i], size, f"sizes of axis {i}", f"the values are joined along axis {place}"
                )
    return dims


def _concat_sizes(values):
    parts = [v.as_shape() for v in values]
    if any(p.dims is None for p in parts):
        return None
    return Shape([d for p in parts for d in p.dims])


@concat_v2.known_sizes
def concat_v2_sizes(values, axis):
    return _concat_sizes(values)


@concat_v2.gradient
def concat_v2_grad(g, op, dy):
    return [*_concat_grads(g, op.values, op.axis, dy), None]


@op(
    "Concat",
    "concat_dim: int32, values: N*T -> output: T",
    N=Attr("int", minimum=2),
    T=ANY,
    _host="concat_dim",
    _static=True,
)
def concat(concat_dim, values):
    """The tensors one behind the other along an axis; an older form of ConcatV2."""
    return _concat(values, concat_dim)


concat.bind(moves_elements(lambda concat_dim, values: _concat(values, concat_dim), 1))


@concat.shape
def concat_shape(concat_dim, values):
    return [_concat_dims(values, _scalar_of(concat_dim))]


@concat.known_sizes
def concat_sizes(concat_dim, values):
    return _concat_sizes(values)


@concat.gradient
def concat_grad(g, op, dy):
    return [None, *_concat_grads(g, op.values, op.concat_dim, dy)]


_MANY = 16  # values; beyond, one SplitV instead of a Slice each


def _concat_grads(g, values, axis, dy):
    """The parts of dy that belong to each of the values."""
    if g.is_indexed_slices(dy):
        return _concat_grads_of_slices(g, values, axis, dy)
    place = g.here(axis, dy) % g.rank(values[0])
    sizes = _shapes_of(g, values)
    if len(sizes) > _MANY:
        stacked = _stacked(g, sizes, 1)
        along = g.Squeeze(g.Slice(stacked, [place, 0], [1, -1]))
        return g.SplitV(dy, along, place, num_split=len(sizes), name="split")
    offsets = g.ConcatOffset(place, sizes)
    return [g.Slice(dy, begin, size) for begin, size in zip(offsets, sizes, strict=True)]


def _shapes_of(g, values):
    sizes = []
    for value in values:
        size = g.shape(value)
        if size.op.type != "Const":
            shapes = g.ShapeN(values)
            return shapes if isinstance(shapes, list) else [shapes]
        sizes.append(size)
    return sizes


def _concat_grads_of_slices(g, values, axis, dy):
    place = axis % g.rank(values[0])
    static = g.known(axis)
    if static is None:
        raise ValueError("Can only compute IndexedSlices gradient with statically-known concat_dim")
    static = int(static)
    if static < 0:
        rank = g.known(g.rank(values[0]))
        if rank is None:
            raise ValueError(
                "Can only compute IndexedSlices gradient with negative concat_dim when first value "
                "rank is statically-known."
            )
        static %= int(rank)
    sizes = [g.shape(v) for v in values]
    return _column_parts(g, sizes, place, dy) if static > 0 else _row_parts(g, sizes, place, dy)


def _column_parts(g, sizes, place, dy):
    """Every part has all the rows, and some of the columns."""
    shape_of_shape = g.shape(sizes[0])
    before = g.Fill(g.ExpandDims(place, 0), 0)
    mask = g.ConcatV2([before, [1], g.Fill(shape_of_shape - place - 1, 0)], 0, name="concat")
    begin = g.Fill(shape_of_shape, 0)
    parts = []
    for size in sizes:
        inner = g.ConcatV2([[-1], g.Slice(size, [1], [-1])], 0, name="concat")
        parts.append(g.indexed_slices(g.Slice(dy.values, begin, inner), dy.indices, size))
        begin = g.Add(begin, size * mask)
    return parts


def _row_parts(g, sizes, place, dy):
    """Every part has the rows whose indices fall into its range."""
    start = g.constant(0, dy.indices.dtype)
    parts = []
    for size in sizes:
        count = g.cast(g.GatherV2(size, place, 0, name="GatherV2"), dy.indices.dtype)
        end = start + count
        inside = g.LogicalAnd(dy.indices >= start, dy.indices < end)
        chosen = g.Squeeze(g.Where(inside), squeeze_dims=[1])
        indices = g.GatherV2(dy.indices, chosen, 0) - start
        parts.append(g.indexed_slices(g.GatherV2(dy.values, chosen, 0), indices, size))
        start = end
    return parts


@op(
    "ConcatOffset",
    "concat_dim: int32, shape: N*int32 -> offset: N*int32",
    N=Attr("int", minimum=2),
    _host=("concat_dim", "shape"),
)
def concat_offset(concat_dim, shape):
    """Where each of the tensors of these shapes begins in their concatenation."""
    first, start, offsets = shape[0], 0, []
    axis = concat_dim % len(first)
    for i, other in enumerate(shape):
        if any(m != n and k != axis for k, (m, n) in enumerate(zip(first, other, strict=True))):
            raise errors.invalid(
                f"All dimensions except {axis} must match. Input {i} has shape {other} and doesn't "
                f"match input 0 with shape {first}."
            )
        offset = [0] * len(first)
        offset[axis] = start
        start += other[axis]
        offsets.append(offset)
    return torch.tensor(offsets, dtype=torch.int32).unbind(0)


@concat_offset.shape
def concat_offset_shape(concat_dim, shape):
    return shape


concat_offset.no_gradient("positions do not depend on the values")


def _split(split_dim, value, *, num_split):
    if num_split == 1:
        return [value]
    if not -value.ndim <= split_dim < value.ndim:
        raise errors.invalid(f"split_dim = {split_dim} not in [{-value.ndim}, {value.ndim})")
    size, rest = divmod(value.shape[split_dim], num_split)
    if rest:
        raise errors.invalid(
            "Number of ways to split should evenly divide the split dimension, but got split_dim "
            f"{split_dim} (size = {value.shape[split_dim]}) and num_split {num_split}"
        )
    return value.chunk(num_split, split_dim) if size else [value] * num_split


@op(
    "Split",
    "split_dim: int32, value: T -> output: num_split*T",
    _splits=True,
    num_split=Attr("int", minimum=1),
    T=ANY,
    _host="split_dim",
    _alias=True,
)
def split(split_dim, value, *, num_split):
    """Equal parts along an axis."""
    return _split(split_dim, value, num_split=num_split)


split.bind(moves_elements(_split, 1))


@split.over_steps
def split_over_steps(b, split_dim, value, *, num_split):
    if split_dim.constant is None:
        return None
    return b.Split(b.constant(_axis_behind(split_dim)), value.value, num_split=num_split)


@split.shape
def split_shape(split_dim, value, *, num_split):
    axis = _scalar_of(split_dim)
    if axis is None:
        return [UNKNOWN if value.dims is None else [None] * len(value)] * num_split
    dims = list(value)
    place = _axis_in(axis, len(dims), "split_dim")
    if dims[place] is not None:
        size, rest = divmod(dims[place], num_split)
        if rest:
            raise ShapeError(
                f"Dimension size must be evenly divisible by {num_split} but is {dims[place]}: "
                f"{num_split} splits along axis {axis} of {value}"
            )
        dims[place] = size
    return [dims] * num_split


@split.cuts
def split_cuts(split_dim, value, *, num_split):
    axis = _scalar_of(split_dim)
    if axis is None or not value.complete:
        return None
    place = _axis_in(axis, len(value), "split_dim")
    width = value[place] // num_split
    return 1, place, [k * width for k in range(num_split)]


@split.gradient
def split_grad(g, op, *dys):
    return None, _concatenated(g, dys, op.split_dim)


def _concatenated(g, values, axis):
    """What `tf.concat` builds."""
    if len(values) > 1:
        return g.ConcatV2(list(values), axis, name="concat")
    with g.name_scope("concat"):
        return g.Identity(values[0], name="concat")


def _split_v(value, size_splits, split_dim, *, num_split):
    if num_split == 1:
        return [value]
    total = value.shape[split_dim]
    sizes = list(size_splits)
    if len(sizes) != num_split:
        raise errors.invalid(f"{num_split} outputs need as many sizes, but size_splits is {sizes}")
    if -1 in sizes:
        rest = total - sum(s for s in sizes if s != -1)
        sizes = [rest if s == -1 else s for s in sizes]
    if sum(sizes) != total or any(s < 0 for s in sizes):
        raise errors.invalid(
            f"The sizes {sizes} must add up to the size of the input along split_dim, {total}"
        )
    return value.split_with_sizes(sizes, split_dim)


@op(
    "SplitV",
    "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split*T",
    _splits=True,
    num_split=Attr("int", minimum=1),
    T=ANY,
    Tlen=type_attr(INDEX, dtypes.int64),
    _host=("size_splits", "split_dim"),
    _alias=True,
)
def split_v(value, size_splits, split_dim, *, num_split):
    """Parts of given sizes along an axis; one size may be -1 and is what remains."""
    return _split_v(value, size_splits, split_dim, num_split=num_split)


split_v.bind(moves_elements(_split_v, 0))


@split_v.cuts
def split_v_cuts(value, size_splits, split_dim, *, num_split):
    axis, sizes = _scalar_of(split_dim), size_splits.value
    if axis is None or sizes is None or (sizes < 0).any() or not value.complete:
        return None
    place = _axis_in(axis, len(value), "split_dim")
    *begins, end = [0, *sizes.cumsum().tolist()]
    return (0, place, begins) if end == value[place] else None


@split_v.shape
def split_v_shape(value, size_splits, split_dim, *, num_split):
    axis, sizes = _scalar_of(split_dim), size_splits.value
    dims = list(value)
    if not dims:
        raise ShapeError("Can't split scalars")
    if sizes is None:
        if axis is None:
            return [[None] * len(dims)] * num_split
        dims[_axis_in(axis, len(dims), "split_dim")] = None
        return [dims] * num_split
    # TF: an axis that is not known yet is taken for the last one
    place = _axis_in(-1 if axis is None else axis, len(dims), "split_dim")
    if len(sizes) != num_split:
        raise ShapeError(
            f"Length of size_splits should be equal to num_outputs: {len(sizes)} and {num_split}"
        )
    return [
        [*dims[:place], s, *dims[place + 1 :]] for s in _part_sizes(sizes.tolist(), dims[place])
    ]


def _part_sizes(sizes, total):
    if sizes.count(-1) > 1:
        raise ShapeError("size_splits can only have one -1")
    known = sum(s for s in sizes if s != -1)
    if total is not None and (known > total or (-1 not in sizes and known != total)):
        raise ShapeError(f"sizes {sizes} do not add up to the dimension, {total}")
    rest = None if total is None else total - known
    return [rest if s == -1 else s for s in sizes]


@split_v.gradient
def split_v_grad(g, op, *dys):
    return _concatenated(g, dys, op.split_dim), None, None
