"""`tf.test`."""

from unittest import mock

from tailrace.library.gradient_checker import compute_gradient, compute_gradient_error
from tailrace.library.local_devices import (
    gpu_device_name,
    is_built_with_cuda,
    is_built_with_gpu_support,
    is_built_with_rocm,
    is_gpu_available,
)
from tailrace.library.testing import TestCase, main
from tailrace.library.testing_tools import (
    Benchmark,
    StubOutForTesting,
    assert_equal_graph_def,
    get_temp_dir,
    test_src_dir_path,
)
from tailrace.library.training.servers import create_local_cluster

__all__ = [
    "Benchmark",
    "StubOutForTesting",
    "TestCase",
    "assert_equal_graph_def",
    "compute_gradient",
    "compute_gradient_error",
    "create_local_cluster",
    "get_temp_dir",
    "gpu_device_name",
    "is_built_with_cuda",
    "is_built_with_gpu_support",
    "is_built_with_rocm",
    "is_gpu_available",
    "main",
    "mock",
    "test_src_dir_path",
]
