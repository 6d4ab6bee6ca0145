"""Blocks of pixels moved to the batch or the channels and back.

Source: TF 1.15 python/ops/array_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library import array
from tailrace.library.arguments import either


def space_to_batch_nd(
    input: Any, block_shape: Any, paddings: Any, name: str | None = None
) -> Tensor:
    """Every block_shape-th element of the spatial dimensions, padded, as a batch of its own."""
    return g.SpaceToBatchND(input, block_shape, paddings, name=name)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """The reverse of `space_to_batch_nd`; crops are cut off."""
    return g.BatchToSpaceND(input, block_shape, crops, name=name)


def space_to_batch(
    input: Any,
    paddings: Any,
    block_size: Any = None,
    name: str | None = None,
    block_shape: Any = None,
) -> Tensor:
    """`space_to_batch_nd` of images with square blocks."""
    size = either("block_shape", block_shape, "block_size", block_size)
    result = space_to_batch_nd(input, np.array([size, size], np.int64), paddings, name)
    result.set_shape(result.get_shape().with_rank(4))
    return result


def batch_to_space(
    input: Any, crops: Any, block_size: Any, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """`batch_to_space_nd` of images with square blocks."""
    size = either("block_shape", block_shape, "block_size", block_size)
    result = batch_to_space_nd(input, np.array([size, size], np.int64), crops, name)
    result.set_shape(result.get_shape().with_rank(4))
    return result


def space_to_depth(
    input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC"
) -> Tensor:
    """Blocks of pixels as channels. Shapes: [B, H, W, C] -> [B, H/n, W/n, n n C]."""
    return g.SpaceToDepth(input, block_size=block_size, data_format=data_format, name=name)


def depth_to_space(
    input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC"
) -> Tensor:
    """The reverse of `space_to_depth`. Shapes: [B, H, W, n n C] -> [B, n H, n W, C]."""
    return g.DepthToSpace(input, block_size=block_size, data_format=data_format, name=name)


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The paddings that make the input divisible by the blocks, and the crops that undo them.

    Shapes: input_shape [n], block_shape [n], base_paddings [n, 2] -> [n, 2] each.
    """
    with g.name_scope(name, "required_space_to_batch_paddings"):
        sizes = convert_to_tensor(input_shape, dtypes.int32, name="input_shape")
        blocks = convert_to_tensor(block_shape, dtypes.int32, name="block_shape")
        blocks.get_shape().assert_is_fully_defined()
        blocks.get_shape().assert_has_rank(1)
        n = blocks.get_shape().as_list()[0]
        if n == 0:
            return array.zeros([0, 2], dtypes.int32), array.zeros([0, 2], dtypes.int32)
        sizes.get_shape().assert_is_compatible_with([n])
        if base_paddings is None:
            base = array.zeros([n, 2], dtypes.int32)
        else:
            base = convert_to_tensor(base_paddings, dtypes.int32, name="base_paddings")
            base.get_shape().assert_is_compatible_with([n, 2])
        known = [g.known(t) for t in (blocks, sizes, base)]
        if all(value is not None for value in known):
            return _paddings_and_crops(*known, n=n)
        return _paddings_and_crops(blocks, sizes, base, n)


def _paddings_and_crops(blocks: Any, sizes: Any, base: Any, n: int) -> tuple[Tensor, Tensor]:
    before, after = base[:, 0], base[:, 1]
    full = sizes + before + after
    extra = (blocks - full % blocks) % blocks
    end = after + extra
    paddings = array.stack([[before[i], end[i]] for i in range(n)], name="paddings")
    return paddings, array.stack([[0, extra[i]] for i in range(n)], name="crops")
