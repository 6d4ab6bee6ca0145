"""`tf.contrib.data`: what was there before `tf.data`, and functions for `Dataset.apply`."""

from tailrace.library.data.dataset import AUTOTUNE, Dataset
from tailrace.library.data.extras import (
    batch_and_drop_remainder,
    ignore_errors,
    map_and_batch,
    parallel_interleave,
    prefetch_to_device,
    shuffle_and_repeat,
    unbatch,
)
from tailrace.library.data.files import (
    FixedLengthRecordDataset,
    TextLineDataset,
    TFRecordDataset,
)
from tailrace.library.data.groups import bucket_by_sequence_length, group_by_window
from tailrace.library.data.iterator import Iterator

__all__ = [
    "AUTOTUNE",
    "Dataset",
    "FixedLengthRecordDataset",
    "Iterator",
    "TFRecordDataset",
    "TextLineDataset",
    "batch_and_drop_remainder",
    "bucket_by_sequence_length",
    "group_by_window",
    "ignore_errors",
    "map_and_batch",
    "parallel_interleave",
    "prefetch_to_device",
    "shuffle_and_repeat",
    "unbatch",
]
