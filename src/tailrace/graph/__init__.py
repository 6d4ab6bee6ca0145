"""What a graph is: operations, tensors, scopes, collections, and how nodes are added."""

from tailrace.graph.builder import OpView
from tailrace.graph.composite import (
    IndexedSlices,
    IndexedSlicesValue,
    SparseTensor,
    SparseTensorValue,
    convert_to_tensor_or_indexed_slices,
    convert_to_tensor_or_sparse_tensor,
)
from tailrace.graph.convert import constant, convert_to_tensor, register_tensor_conversion_function
from tailrace.graph.devices import DeviceSpec
from tailrace.graph.function_graph import Function, FunctionGraph, function_name
from tailrace.graph.graph import (
    Graph,
    default_sessions,
    get_default_graph,
    get_default_session,
    reset_default_graph,
)
from tailrace.graph.idioms import g
from tailrace.graph.operation import Operation
from tailrace.graph.tensor import Tensor

__all__ = [
    "DeviceSpec",
    "Function",
    "FunctionGraph",
    "Graph",
    "IndexedSlices",
    "IndexedSlicesValue",
    "OpView",
    "Operation",
    "SparseTensor",
    "SparseTensorValue",
    "Tensor",
    "constant",
    "convert_to_tensor",
    "convert_to_tensor_or_indexed_slices",
    "convert_to_tensor_or_sparse_tensor",
    "default_sessions",
    "function_name",
    "g",
    "get_default_graph",
    "get_default_session",
    "register_tensor_conversion_function",
    "reset_default_graph",
]
