"""`tf.manip`."""

from tailrace.library.array import reshape, reverse, tile
from tailrace.library.array_more import scatter_nd
from tailrace.library.blocks import batch_to_space_nd, space_to_batch_nd
from tailrace.library.indexing import gather_nd
from tailrace.library.rearranging import roll

__all__ = [
    "batch_to_space_nd",
    "gather_nd",
    "reshape",
    "reverse",
    "roll",
    "scatter_nd",
    "space_to_batch_nd",
    "tile",
]
