"""`tf.data.experimental`."""

from tailrace.library.data.choices import (
    Counter,
    RandomDataset,
    choose_from_datasets,
    enumerate_dataset,
    get_single_element,
    sample_from_datasets,
    scan,
    take_while,
    unique,
)
from tailrace.library.data.csv import CsvDataset, make_csv_dataset
from tailrace.library.data.dataset import AUTOTUNE
from tailrace.library.data.extras import (
    ignore_errors,
    map_and_batch,
    parallel_interleave,
    prefetch_to_device,
    shuffle_and_repeat,
    unbatch,
)
from tailrace.library.data.groups import bucket_by_sequence_length, group_by_window

__all__ = [
    "AUTOTUNE",
    "Counter",
    "CsvDataset",
    "RandomDataset",
    "bucket_by_sequence_length",
    "choose_from_datasets",
    "enumerate_dataset",
    "get_single_element",
    "group_by_window",
    "ignore_errors",
    "make_csv_dataset",
    "map_and_batch",
    "parallel_interleave",
    "prefetch_to_device",
    "sample_from_datasets",
    "scan",
    "shuffle_and_repeat",
    "take_while",
    "unbatch",
    "unique",
]
