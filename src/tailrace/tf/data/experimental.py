"""`tf.data.experimental`."""

from tailrace.library.data.dataset import AUTOTUNE
from tailrace.library.data.extras import (
    map_and_batch,
    parallel_interleave,
    prefetch_to_device,
    shuffle_and_repeat,
    unbatch,
)

__all__ = [
    "AUTOTUNE",
    "map_and_batch",
    "parallel_interleave",
    "prefetch_to_device",
    "shuffle_and_repeat",
    "unbatch",
]
