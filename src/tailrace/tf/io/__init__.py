"""`tf.io`."""

from tailrace.library.file_ops import (
    match_filenames_once,
    matching_files,
    read_file,
    write_file,
)
from tailrace.library.graph_io import write_graph
from tailrace.library.record_io import (
    TFRecordCompressionType,
    TFRecordOptions,
    TFRecordWriter,
    tf_record_iterator,
)
from tailrace.tf.io import gfile

__all__ = [
    "TFRecordCompressionType",
    "TFRecordOptions",
    "TFRecordWriter",
    "gfile",
    "match_filenames_once",
    "matching_files",
    "read_file",
    "tf_record_iterator",
    "write_file",
    "write_graph",
]
