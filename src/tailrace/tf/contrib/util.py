"""`tf.contrib.util`."""

from tailrace.formats.tensor_proto import make_ndarray, make_tensor_proto
from tailrace.library.array_more import get_static_value as constant_value
from tailrace.library.op_list import ops_used_by_graph_def, stripped_op_list_for_graph

__all__ = [
    "constant_value",
    "make_ndarray",
    "make_tensor_proto",
    "ops_used_by_graph_def",
    "stripped_op_list_for_graph",
]
