"""`tf.data`."""

from tailrace.library.data.dataset import Dataset
from tailrace.library.data.extras import (
    get_output_classes,
    get_output_shapes,
    get_output_types,
    make_initializable_iterator,
    make_one_shot_iterator,
)
from tailrace.library.data.files import (
    FixedLengthRecordDataset,
    TextLineDataset,
    TFRecordDataset,
)
from tailrace.library.data.iterator import Iterator
from tailrace.library.data.options import Options
from tailrace.tf.data import experimental

__all__ = [
    "Dataset",
    "FixedLengthRecordDataset",
    "Iterator",
    "Options",
    "TFRecordDataset",
    "TextLineDataset",
    "experimental",
    "get_output_classes",
    "get_output_shapes",
    "get_output_types",
    "make_initializable_iterator",
    "make_one_shot_iterator",
]
