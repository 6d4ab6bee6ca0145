"""Where elements lie: transpose, tile, pad, reverse.

Source: TF 1.15 core/ops/array_ops.cc, python/ops/array_grad.py.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import dtypes, errors
from tailrace.dtypes import ANY, COMPLEX, INDEX
from tailrace.errors import ShapeError
from tailrace.ops.array.moving import moves_elements
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, Shape, with_rank

_INDEX = type_attr(INDEX, dtypes.int32)
_FEW = 16  # copies that are quicker joined than repeated


def _transpose(x, perm):
    try:
        return x.permute(perm)
    except (RuntimeError, IndexError):
        raise errors.invalid(
            f"transpose expects a permutation of 0 ... {x.ndim - 1}, but perm is {perm}"
        ) from None


@op(
    "Transpose",
    "x: T, perm: Tperm -> y: T",
    T=ANY,
    Tperm=_INDEX,
    _host="perm",
    _alias=True,
    _permutes=True,
)
def transpose(x, perm):
    """The dimensions in another order: dimension i of the output is dimension perm[i] of x."""
    return _transpose(x, perm)


transpose.bind(moves_elements(_transpose, 0))


@transpose.over_steps
def transpose_over_steps(b, x, perm):
    if perm.constant is None:
        return None
    rank = len(x.dims)
    order = [0, *(1 + i % rank for i in perm.constant.tolist())]
    return [b.Transpose(x.value, b.constant(order))]


@transpose.repeats
def transpose_repeats(x, perm):
    return 0 if perm.value is not None and perm.value.tolist() == list(range(len(x))) else None


@transpose.shape
def transpose_shape(x, perm):
    order, count = perm.value, perm.as_shape().rank
    if x.dims is None and count is None:
        return [UNKNOWN]
    rank = len(x) if x.dims is not None else count
    if x.dims is None and rank < 2:
        return [x]  # TF: a vector of one number may mean a scalar or a vector
    x = with_rank(x, rank)
    if count not in (None, rank):
        raise ShapeError(f"perm has {count} entries for {rank} dimensions")
    if order is None:
        return [[None] * rank]
    if any(not -rank <= i < rank for i in order):
        raise ShapeError(f"perm {order.tolist()} goes beyond the {rank} dimensions")
    return [[x[int(i)] for i in order]]


@transpose.gradient
def transpose_grad(g, op, dy):
    return g.Transpose(dy, g.InvertPermutation(op.perm), name="transpose"), None


@op(
    "ConjugateTranspose",
    "x: T, perm: Tperm -> y: T",
    T=ANY,
    Tperm=_INDEX,
    _host="perm",
    _alias=True,
)
def conjugate_transpose(x, perm):
    """The dimensions in another order, complex numbers conjugated."""
    return _transpose(x, perm).conj().resolve_conj()


conjugate_transpose.shape(transpose_shape)


@conjugate_transpose.gradient
def conjugate_transpose_grad(g, op, dy):
    inverse = g.InvertPermutation(op.perm)
    if op.T.is_complex:
        return g.ConjugateTranspose(dy, inverse, name="transpose"), None
    return g.Transpose(dy, inverse, name="transpose"), None


def _tile(input, multiples):
    if len(multiples) != input.ndim or any(m < 0 for m in multiples):
        raise errors.invalid(
            f"Expected multiples of {input.ndim} entries that are not negative, but got {multiples}"
        )
    for axis, times in enumerate(multiples):
        if times != 1:
            input = _repeated(input, axis, times)
    return input


def _repeated(input, axis, times):
    if input.shape[axis] == 1:
        # a view: what reads it need not read each copy
        return input.expand([times if i == axis else -1 for i in range(input.ndim)])
    if 0 < times <= _FEW:
        return torch.cat([input] * times, axis)
    return input.repeat([times if i == axis else 1 for i in range(input.ndim)])


@op(
    "Tile",
    "input: T, multiples: Tmultiples -> output: T",
    T=ANY,
    Tmultiples=_INDEX,
    _host="multiples",
    _alias=True,
    _vanishes="input",
)
def tile(input, multiples):
    """The input repeated `multiples[i]` times along axis i."""
    return _tile(input, multiples)


tile.bind(moves_elements(_tile, 0))


@tile.repeats
def tile_repeats(input, multiples):
    return 0 if multiples.value is not None and (multiples.value == 1).all() else None


@tile.shape
def tile_shape(input, multiples):
    times = multiples.as_shape()
    if times.dims is None:
        if input.dims is None:
            return [UNKNOWN]
        times = Shape([None] * len(input))
    input = with_rank(input, len(times))
    return [[_times(d, m) for d, m in zip(input, times, strict=True)]]


def _times(dim, factor):
    if 0 in (dim, factor):
        return 0
    return None if dim is None or factor is None else dim * factor


@tile.gradient
def tile_grad(g, op, dy):
    shape = g.shape(op.input, out_type=op.multiples.dtype)
    stacked = g.Pack([op.multiples, shape], axis=0, name="stack")
    split_shape = g.Reshape(_transposed(g, stacked), [-1])
    axes = g.Range(0, g.size(split_shape), 2, name="range")
    if g.is_indexed_slices(dy):
        rows = g.cast(shape[0], dy.indices.dtype)
        dy = g.UnsortedSegmentSum(dy.values, g.FloorMod(dy.indices, rows, name="mod"), rows)
        split_shape = g.ConcatV2([[1], split_shape[1:]], 0, name="concat")
    dx = g.reduce_sum(g.Reshape(dy, split_shape), axes)
    dx.set_shape(op.input.get_shape())
    return dx, None


def _transposed(g, matrix):
    """`tf.transpose(matrix)` of a tensor whose rank is known."""
    with g.name_scope("transpose") as scope:
        rank = g.Rank(matrix) if not matrix.get_shape().ndims else matrix.get_shape().ndims
        perm = (rank - 1) - (np.arange(rank) if isinstance(rank, int) else g.Range(0, rank, 1))
        return g.Transpose(matrix, perm, name=scope)


def _pad(input, paddings, value):
    if len(paddings) != input.ndim:
        raise errors.invalid(
            f"The first dimension of paddings must be the rank of inputs: [{len(paddings)}, 2], "
            f"{list(input.shape)}"
        )
    if any(n < 0 for pair in paddings for n in pair):
        raise errors.invalid(f"Paddings must be non-negative: {paddings}")
    if isinstance(input, np.ndarray):
        return np.pad(input, paddings, constant_values=value) if paddings else input
    widths = [n for pair in reversed(paddings) for n in pair]
    return torch.constant_pad_nd(input, widths, value)


@op(
    "Pad",
    "input: T, paddings: Tpaddings -> output: T",
    T=ANY,
    Tpaddings=_INDEX,
    _host="paddings",
    _vanishes="input",
)
def pad(input, paddings):
    """The input with `paddings[i][0]` zeros before and `paddings[i][1]` after it along axis i."""
    return _pad(input, paddings, b"" if isinstance(input, np.ndarray) else 0)


@pad.places
def pad_places(input, paddings):
    zeros = paddings.value
    return None if zeros is None or (zeros < 0).any() else (0, zeros.tolist())


@op(
    "PadV2",
    "input: T, paddings: Tpaddings, constant_values: T -> output: T",
    T=ANY,
    Tpaddings=_INDEX,
    _host=("paddings", "constant_values"),
)
def pad_v2(input, paddings, constant_values):
    """The input with copies of a constant before and after it along each axis."""
    return _pad(input, paddings, constant_values)


@pad.shape
def pad_shape(input, paddings):
    return [padded_dims(input, paddings)]


@pad_v2.shape
def pad_v2_shape(input, paddings, constant_values):
    return [padded_dims(input, paddings)]


def padded_dims(input, paddings):
    """The static shape after padding."""
    value = paddings.value
    rows = with_rank(paddings, 2, "paddings")[0]
    if input.dims is None and rows is not None:
        input = Shape([None] * rows)
    if rows is not None and rows != len(input):
        raise ShapeError(f"paddings have {rows} rows for {len(input)} dimensions")
    if value is None:
        return [None] * len(input)
    if (value < 0).any():
        raise ShapeError(f"paddings must be non-negative: {value.tolist()}")
    return [None if d is None else d + int(n) for d, n in zip(input, value.sum(1), strict=True)]


def _pad_grad(g, op, dy):
    """The part of dy that belongs to the input, by its place and size."""
    rank = g.rank(op.input)
    before = g.Slice(op.paddings, [0, 0], g.convert([rank, 1], name="stack"))
    begin = g.Reshape(before, [-1])
    return g.Slice(dy, begin, g.shape(op.input))


@pad.gradient
def pad_grad(g, op, dy):
    return _pad_grad(g, op, dy), None


@pad_v2.gradient
def pad_v2_grad(g, op, dy):
    return _pad_grad(g, op, dy), None, None


_MODE = Attr("string", allowed=(b"REFLECT", b"SYMMETRIC"))


def _mirrored(size, before, after, mode):
    """The places of the input that make up a padded axis."""
    edge = 1 if mode == b"REFLECT" else 0
    if max(before, after) > size - edge:
        limit = "less than" if edge else "no greater than"
        raise errors.invalid(
            f"paddings must be {limit} the dimension size: {before}, {after} for {size}"
        )
    left = list(range(edge, before + edge))[::-1]
    right = list(range(size - edge - after, size - edge))[::-1]
    return left + list(range(size)) + right


def _mirror_pad(input, paddings, *, mode):
    for axis, (before, after) in enumerate(paddings):
        if before or after:
            places = _mirrored(input.shape[axis], before, after, mode)
            index = torch.tensor(places, device=input.device)
            input = input.index_select(axis, index)
    return input


@op(
    "MirrorPad",
    "input: T, paddings: Tpaddings -> output: T",
    T=ANY,
    Tpaddings=_INDEX,
    mode=_MODE,
    _host="paddings",
    _alias=True,
)
def mirror_pad(input, paddings, *, mode):
    """The input continued by its mirror image, with (SYMMETRIC) or without (REFLECT) its edge."""
    return _mirror_pad(input, paddings, mode=mode)


mirror_pad.bind(moves_elements(_mirror_pad, 0))


@mirror_pad.shape
def mirror_pad_shape(input, paddings):
    return [padded_dims(input, paddings)]


@mirror_pad.gradient
def mirror_pad_grad_rule(g, op, dy):
    return g.MirrorPadGrad(dy, op.paddings, mode=op.mode), None


@op(
    "MirrorPadGrad",
    "input: T, paddings: Tpaddings -> output: T",
    T=ANY,
    Tpaddings=_INDEX,
    mode=_MODE,
    _host="paddings",
    _alias=True,
)
def mirror_pad_grad(input, paddings, *, mode):
    """What a MirrorPad's output gradient is to its input: the padding folded back and added."""
    for axis, (before, after) in enumerate(paddings):
        if before or after:
            size = input.shape[axis] - before - after
            index = torch.tensor(_mirrored(size, before, after, mode), device=input.device)
            dims = [*input.shape[:axis], size, *input.shape[axis + 1 :]]
            input = input.new_zeros(dims).index_add_(axis, index, input)
    return input


@mirror_pad_grad.shape
def mirror_pad_grad_shape(input, paddings):
    value = paddings.value
    rows = with_rank(paddings, 2, "paddings")[0]
    if input.dims is None and rows is None:
        return [UNKNOWN]
    input = input if input.dims is not None else Shape([None] * rows)
    if value is None:
        return [[None] * len(input)]
    return [[None if d is None else d - int(n) for d, n in zip(input, value.sum(1), strict=True)]]


@mirror_pad_grad.gradient
def mirror_pad_grad_grad(g, op, dy):
    return g.MirrorPad(dy, op.paddings, mode=op.mode), None


def _reverse(tensor, axis):
    rank = tensor.ndim
    if any(not -rank <= a < rank for a in axis):
        raise errors.invalid(f"'axis' {axis} is out of valid range [{-rank}, {rank - 1}]")
    if len({a % rank for a in axis}) != len(axis):
        raise errors.invalid(f"axis {axis} specified more than once.")
    return tensor.flip(axis)


_OLD_REVERSIBLE = (
    *(dtypes.uint8, dtypes.int8, dtypes.uint16, dtypes.int16, dtypes.int32, dtypes.int64),
    *(dtypes.bool, dtypes.float16, dtypes.float32, dtypes.float64, *COMPLEX, dtypes.string),
)
_REVERSIBLE = (*_OLD_REVERSIBLE, dtypes.bfloat16)


@op(
    "ReverseV2",
    "tensor: T, axis: Tidx -> output: T",
    T=_REVERSIBLE,
    Tidx=_INDEX,
    _host="axis",
)
def reverse_v2(tensor, axis):
    """The input with the order along some axes turned around."""
    return _reverse(tensor, axis)


reverse_v2.bind(moves_elements(_reverse, 0))


@reverse_v2.shape
def reverse_v2_shape(tensor, axis):
    places = axis.value
    if places is not None and tensor.dims is not None:
        rank = len(tensor)
        for place in places.tolist():
            if not -rank <= place < rank:
                raise ShapeError(f"'axis' {place} is out of valid range [{-rank}, {rank - 1}]")
    return [tensor]


@reverse_v2.gradient
def reverse_v2_grad(g, op, dy):
    return g.ReverseV2(dy, op.axis), None


@op("Reverse", "tensor: T, dims: bool -> output: T", T=_OLD_REVERSIBLE, _host="dims")
def reverse(tensor, dims):
    """The input with the order turned around along the axes marked; an older form of ReverseV2."""
    return tensor.flip([i for i, marked in enumerate(dims) if marked])


reverse.bind(moves_elements(reverse.kernel, 0))


@reverse.shape
def reverse_shape(tensor, dims):
    return [tensor]


@reverse.gradient
def reverse_grad(g, op, dy):
    return g.Reverse(dy, op.dims), None


def _reverse_sequence(input, seq_lengths, *, seq_dim, batch_dim):
    time = input.shape[seq_dim]
    lengths = seq_lengths.to(torch.int64)
    if lengths.numel() and int(lengths.max()) > time:
        raise errors.invalid(f"seq_lens({int(lengths.argmax())}) > input.dims({seq_dim})")
    if lengths.numel() and int(lengths.min()) < 0:
        raise errors.invalid(f"seq_lens({int(lengths.argmin())}) < 0")
    steps = torch.arange(time, device=input.device)
    backward = lengths[:, None] - 1 - steps
    order = torch.where(backward >= 0, backward, steps)  # [batch, time]
    if batch_dim > seq_dim:
        order = order.t()
    shape = [1] * input.ndim
    shape[batch_dim], shape[seq_dim] = input.shape[batch_dim], time
    return input.gather(seq_dim, order.reshape(shape).expand(input.shape))


@op(
    "ReverseSequence",
    "input: T, seq_lengths: Tlen -> output: T",
    seq_dim=Attr("int"),
    batch_dim=0,
    T=ANY,
    Tlen=type_attr(INDEX, dtypes.int64),
)
def reverse_sequence(input, seq_lengths, *, seq_dim, batch_dim):
    """The first `seq_lengths[b]` steps of each sequence turned around, the rest as it is."""
    return _reverse_sequence(input, seq_lengths, seq_dim=seq_dim, batch_dim=batch_dim)


reverse_sequence.bind(moves_elements(_reverse_sequence, 0))


@reverse_sequence.shape
def reverse_sequence_shape(input, seq_lengths, *, seq_dim, batch_dim):
    count = with_rank(seq_lengths, 1, "seq_lengths")[0]
    dims = list(input)
    for name, place in (("batch_dim", batch_dim), ("seq_dim", seq_dim)):
        if place >= len(dims):
            raise ShapeError(f"{name} must be < input rank: {place} vs. {len(dims)}")
    if dims[batch_dim] is None:
        dims[batch_dim] = count
    elif count not in (None, dims[batch_dim]):
        raise ShapeError(f"{count} seq_lengths for a batch of {dims[batch_dim]}")
    return [dims]


@reverse_sequence.gradient
def reverse_sequence_grad(g, op, dy):
    dx = g.ReverseSequence(dy, op.seq_lengths, seq_dim=op.seq_dim, batch_dim=op.batch_dim)
    return dx, None
