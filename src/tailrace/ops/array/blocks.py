"""Space, batch and depth exchanged in blocks; patches.

Source: TF 1.15 core/ops/array_ops.cc, python/ops/array_grad.py.
"""

from __future__ import annotations

import math

import torch

from tailrace import dtypes, errors
from tailrace.dtypes import ANY, INDEX
from tailrace.errors import ShapeError
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, at_least_rank, with_rank

_INDEX = type_attr(INDEX, dtypes.int32)


def _space_to_batch(x, block, paddings):
    """Shapes: x [N, S..., D...] -> [N * prod(block), padded S / block ..., D...]."""
    count = len(block)
    if x.ndim < 1 + count or len(paddings) != count:
        raise errors.invalid(
            f"input rank should be >= {1 + count} and paddings have {count} rows, instead of "
            f"{x.ndim} and {len(paddings)}"
        )
    widths = [0, 0] * (x.ndim - 1 - count) + [n for pair in reversed(paddings) for n in pair]
    x = torch.nn.functional.pad(x, widths)
    if any(s % b for s, b in zip(x.shape[1:], block, strict=False)):
        raise errors.invalid(
            f"padded_shape {list(x.shape[1 : 1 + count])} is not divisible by block_shape {block}"
        )
    batch, rest = x.shape[0], x.shape[1 + count :]
    cut = [n for s, b in zip(x.shape[1:], block, strict=False) for n in (s // b, b)]
    x = x.reshape(batch, *cut, *rest)
    order = [*range(2, 2 + 2 * count, 2), 0, *range(1, 1 + 2 * count, 2)]
    x = x.permute(*order, *range(1 + 2 * count, x.ndim))
    return x.reshape(batch * math.prod(block), *cut[::2], *rest)


def _batch_to_space(x, block, crops):
    """Shapes: x [N * prod(block), S..., D...] -> [N, S * block less crops ..., D...]."""
    count = len(block)
    total = math.prod(block)
    if x.ndim < 1 + count or len(crops) != count:
        raise errors.invalid(
            f"input rank should be >= {1 + count} and crops have {count} rows, instead of "
            f"{x.ndim} and {len(crops)}"
        )
    if x.shape[0] % total:
        raise errors.invalid(
            f"Input batch dimension ({x.shape[0]}) is not divisible by product of block sizes "
            f"({total})"
        )
    space, rest = x.shape[1 : 1 + count], x.shape[1 + count :]
    x = x.reshape(*block, x.shape[0] // total, *space, *rest)
    order = [count]
    for i in range(count):
        order += [count + 1 + i, i]
    x = x.permute(*order, *range(2 * count + 1, x.ndim))
    x = x.reshape(x.shape[0], *(s * b for s, b in zip(space, block, strict=True)), *rest)
    kept = [slice(a, x.shape[1 + i] - b) for i, (a, b) in enumerate(crops)]
    return x[(slice(None), *kept)]


def _blocks_dims(x, block, edges, into_batch):
    """The static shape of space_to_batch (edges are paddings) or batch_to_space (crops)."""
    sizes = block.value
    count = with_rank(block, 1, "block_shape")[0]
    if count is None:
        return UNKNOWN
    at_least_rank(x, 1 + count, "input")
    dims = list(x)
    if sizes is None:
        return [None] * (1 + count) + dims[1 + count :]
    total = math.prod(sizes.tolist())
    widths = edges.value
    return [
        _scaled(dims[0], total, into_batch),
        *(
            _block_size(dims[1 + i], int(b), None if widths is None else widths[i], into_batch)
            for i, b in enumerate(sizes)
        ),
        *dims[1 + count :],
    ]


def _scaled(size, factor, up):
    if size is None:
        return None
    if up:
        return size * factor
    if size % factor:
        raise ShapeError(f"Dimension size must be evenly divisible by {factor} but is {size}")
    return size // factor


def _block_size(size, block, widths, into_batch):
    if size is None or widths is None:
        return None
    around = int(widths.sum())
    if into_batch:
        return _scaled(size + around, block, up=False)
    if size * block < around:
        raise ShapeError(f"cropped size {size * block} is less than the crops, {around}")
    return size * block - around


@op(
    "SpaceToBatchND",
    "input: T, block_shape: Tblock_shape, paddings: Tpaddings -> output: T",
    T=ANY,
    Tblock_shape=_INDEX,
    Tpaddings=_INDEX,
    _host=("block_shape", "paddings"),
)
def space_to_batch_nd(input, block_shape, paddings):
    """Spatial positions of a block moved to the batch, after padding with zeros."""
    return _space_to_batch(input, block_shape, paddings)


@space_to_batch_nd.shape
def space_to_batch_nd_shape(input, block_shape, paddings):
    return [_blocks_dims(input, block_shape, paddings, into_batch=True)]


@space_to_batch_nd.gradient
def space_to_batch_nd_grad(g, op, dy):
    return g.BatchToSpaceND(dy, op.block_shape, op.paddings), None, None


@op(
    "BatchToSpaceND",
    "input: T, block_shape: Tblock_shape, crops: Tcrops -> output: T",
    T=ANY,
    Tblock_shape=_INDEX,
    Tcrops=_INDEX,
    _host=("block_shape", "crops"),
)
def batch_to_space_nd(input, block_shape, crops):
    """Entries of the batch moved back to spatial positions of a block, then cropped."""
    return _batch_to_space(input, block_shape, crops)


@batch_to_space_nd.shape
def batch_to_space_nd_shape(input, block_shape, crops):
    return [_blocks_dims(input, block_shape, crops, into_batch=False)]


@batch_to_space_nd.gradient
def batch_to_space_nd_grad(g, op, dy):
    return g.SpaceToBatchND(dy, op.block_shape, op.crops), None, None


_BLOCK = Attr("int", minimum=2)


def _square_dims(input, edges, block_size, into_batch):
    batch, height, width, depth = with_rank(input, 4, "input")
    widths = edges.value
    rows = (None, None) if widths is None else widths
    return [
        _scaled(batch, block_size**2, into_batch),
        _block_size(height, block_size, rows[0], into_batch),
        _block_size(width, block_size, rows[1], into_batch),
        depth,
    ]


@op(
    "SpaceToBatch",
    "input: T, paddings: Tpaddings -> output: T",
    T=ANY,
    Tpaddings=_INDEX,
    block_size=_BLOCK,
    _host="paddings",
)
def space_to_batch(input, paddings, *, block_size):
    """SpaceToBatchND of pictures [N, H, W, C] in square blocks."""
    return _space_to_batch(input, [block_size] * 2, paddings)


@space_to_batch.shape
def space_to_batch_shape(input, paddings, *, block_size):
    return [_square_dims(input, paddings, block_size, into_batch=True)]


@space_to_batch.gradient
def space_to_batch_grad(g, op, dy):
    return g.BatchToSpaceND(dy, [op.block_size] * 2, op.paddings), None


@op(
    "BatchToSpace",
    "input: T, crops: Tidx -> output: T",
    T=ANY,
    block_size=_BLOCK,
    Tidx=_INDEX,
    _host="crops",
)
def batch_to_space(input, crops, *, block_size):
    """BatchToSpaceND of pictures [N, H, W, C] in square blocks."""
    return _batch_to_space(input, [block_size] * 2, crops)


@batch_to_space.shape
def batch_to_space_shape(input, crops, *, block_size):
    return [_square_dims(input, crops, block_size, into_batch=False)]


@batch_to_space.gradient
def batch_to_space_grad(g, op, dy):
    return g.SpaceToBatchND(dy, [op.block_size] * 2, op.crops), None


_FORMAT = Attr("string", b"NHWC", allowed=(b"NHWC", b"NCHW", b"NCHW_VECT_C"))


def _check_format(data_format):
    if data_format == b"NCHW_VECT_C":
        raise errors.invalid("data_format NCHW_VECT_C is for qint8 on GPUs only")


@op("SpaceToDepth", "input: T -> output: T", T=ANY, block_size=_BLOCK, data_format=_FORMAT)
def space_to_depth(input, *, block_size, data_format):
    """Spatial blocks moved to the channels."""
    _check_format(data_format)
    b = block_size
    if data_format == b"NHWC":
        n, h, w, c = input.shape
        cut = input.reshape(n, h // b, b, w // b, b, c).permute(0, 1, 3, 2, 4, 5)
        return cut.reshape(n, h // b, w // b, b * b * c)
    n, c, h, w = input.shape
    cut = input.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4)
    return cut.reshape(n, b * b * c, h // b, w // b)


@op("DepthToSpace", "input: T -> output: T", T=ANY, block_size=_BLOCK, data_format=_FORMAT)
def depth_to_space(input, *, block_size, data_format):
    """Channels moved to spatial blocks."""
    _check_format(data_format)
    b = block_size
    if data_format == b"NHWC":
        n, h, w, c = input.shape
        cut = input.reshape(n, h, w, b, b, c // (b * b)).permute(0, 1, 3, 2, 4, 5)
        return cut.reshape(n, h * b, w * b, c // (b * b))
    n, c, h, w = input.shape
    cut = input.reshape(n, b, b, c // (b * b), h, w).permute(0, 3, 4, 1, 5, 2)
    return cut.reshape(n, c // (b * b), h * b, w * b)


def _depth_dims(input, block_size, data_format, to_depth):
    dims = list(with_rank(input, 5 if data_format == b"NCHW_VECT_C" else 4, "input"))
    rows, depth = (2, 1) if data_format != b"NHWC" else (1, 3)
    for place in (rows, rows + 1):
        dims[place] = _scaled(dims[place], block_size, up=not to_depth)
    dims[depth] = _scaled(dims[depth], block_size**2, up=to_depth)
    return [dims]


@space_to_depth.shape
def space_to_depth_shape(input, *, block_size, data_format):
    return _depth_dims(input, block_size, data_format, to_depth=True)


@depth_to_space.shape
def depth_to_space_shape(input, *, block_size, data_format):
    return _depth_dims(input, block_size, data_format, to_depth=False)


@space_to_depth.gradient
def space_to_depth_grad(g, op, dy):
    return g.DepthToSpace(dy, block_size=op.block_size, data_format=op.data_format)


@depth_to_space.gradient
def depth_to_space_grad(g, op, dy):
    return g.SpaceToDepth(dy, block_size=op.block_size, data_format=op.data_format)
