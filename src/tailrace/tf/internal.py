"""What is no part of TensorFlow's API but imported by programs, or used by Tailrace's commands."""

from tailrace.formats.events import EventsWriter
from tailrace.library.collection_protos import (
    get_collection_proto_type,
    get_from_proto_function,
    get_to_proto_function,
    register_proto_function,
)
from tailrace.library.control_flow import with_dependencies
from tailrace.library.decorating import make_decorator, rewrap, unwrap
from tailrace.library.initializers import Initializer
from tailrace.library.local_devices import list_local_devices
from tailrace.library.moving_averages import assign_moving_average
from tailrace.library.rnn.cell import zero_state_tensors
from tailrace.library.rnn.loops import transpose_batch_time
from tailrace.library.rnn.wrappers import Linear, linear
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope
from tailrace.library.shape_names import as_shape, matrix, scalar, unknown_shape, vector
from tailrace.library.training.resources import initialize_resources, shared_resources
from tailrace.library.training.timeline import Timeline
from tailrace.library.variable_scope import pure_variable_scope
from tailrace.library.variables import ResourceVariable, is_resource_variable
from tailrace.run.profile import Profiler

__all__ = [
    "EventsWriter",
    "Initializer",
    "Linear",
    "Profiler",
    "ResourceVariable",
    "Timeline",
    "as_shape",
    "assign_moving_average",
    "get_collection_proto_type",
    "get_from_proto_function",
    "get_to_proto_function",
    "initialize_resources",
    "is_resource_variable",
    "linear",
    "list_local_devices",
    "make_decorator",
    "matrix",
    "prepend_name_scope",
    "pure_variable_scope",
    "register_proto_function",
    "rewrap",
    "scalar",
    "shared_resources",
    "strip_name_scope",
    "transpose_batch_time",
    "unknown_shape",
    "unwrap",
    "vector",
    "with_dependencies",
    "zero_state_tensors",
]
