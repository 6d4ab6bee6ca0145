"""`tf.data.experimental`."""

from tailrace.library.data.dataset import AUTOTUNE
from tailrace.library.data.extras import (
    map_and_batch,
    parallel_interleave,
    prefetch_to_device,
    shuffle_and_repeat,
    unbatch,
)
from tailrace.library.data.groups import bucket_by_sequence_length, group_by_window

__all__ = [
    "AUTOTUNE",
    "bucket_by_sequence_length",
    "group_by_window",
    "map_and_batch",
    "parallel_interleave",
    "prefetch_to_device",
    "shuffle_and_repeat",
    "unbatch",
]
