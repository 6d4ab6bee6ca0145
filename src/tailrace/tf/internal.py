"""What is no part of TensorFlow's API but imported by programs, or used by Tailrace's commands."""

from tailrace.library.local_devices import list_local_devices
from tailrace.library.shape_names import as_shape, matrix, scalar, unknown_shape, vector
from tailrace.run.profile import Profiler

__all__ = [
    "Profiler",
    "as_shape",
    "list_local_devices",
    "matrix",
    "scalar",
    "unknown_shape",
    "vector",
]
