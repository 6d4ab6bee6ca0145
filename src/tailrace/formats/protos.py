"""Protobuf messages, loaded when they are first asked for: `protos.GraphDef()`.

Most come from `tensorboard`. It does not bring those of checkpoints, SavedModel and Example: each
is one row of `_SCHEMA` here.

Source: TF 1.15 core/protobuf/{tensor_bundle,saved_tensor_slice,saved_model,control_flow}.proto,
core/framework/tensor_slice.proto, core/example/{example,feature}.proto,
core/protobuf/trackable_object_graph.proto, python/training/checkpoint_state.proto.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

# message -> fields "number name type": a leading * repeats, `map` has string keys, a trailing
# |name puts the field into that oneof. Types with a dot lie in tensorboard's files.
_SCHEMA: dict[str, tuple[str, ...]] = {
    "BundleHeaderProto": (
        "1 num_shards int32",
        "2 endianness Endianness",
        "3 version tensorboard.VersionDef",
    ),
    "BundleEntryProto": (
        "1 dtype tensorboard.DataType",
        "2 shape tensorboard.TensorShapeProto",
        "3 shard_id int32",
        "4 offset int64",
        "5 size int64",
        "6 crc32c fixed32",
        "7 slices *TensorSliceProto",
    ),
    "TensorSliceExtent": ("1 start int64", "2 length int64|has_length"),
    "TensorSliceProto": ("1 extent *TensorSliceExtent",),
    "SavedSliceMeta": (
        "1 name string",
        "2 shape tensorboard.TensorShapeProto",
        "3 type tensorboard.DataType",
        "4 slice *TensorSliceProto",
    ),
    "SavedTensorSliceMeta": ("1 tensor *SavedSliceMeta", "2 versions tensorboard.VersionDef"),
    "SavedSlice": (
        "1 name string",
        "2 slice TensorSliceProto",
        "3 data tensorboard.TensorProto",
    ),
    "SavedTensorSlices": ("1 meta SavedTensorSliceMeta", "2 data SavedSlice"),
    "CheckpointState": (
        "1 model_checkpoint_path string",
        "2 all_model_checkpoint_paths *string",
        "3 all_model_checkpoint_timestamps *double",
        "4 last_preserved_timestamp double",
    ),
    "TrackableObjectGraph": ("1 nodes *TrackableObject",),
    "TrackableObject": (
        "1 children *ObjectReference",
        "2 attributes *SerializedTensor",
        "3 slot_variables *SlotVariableReference",
    ),
    "ObjectReference": ("1 node_id int32", "2 local_name string"),
    "SerializedTensor": (
        "1 name string",
        "2 full_name string",
        "3 checkpoint_key string",
        "4 optional_restore bool",
    ),
    "SlotVariableReference": (
        "1 original_variable_node_id int32",
        "2 slot_name string",
        "3 slot_variable_node_id int32",
    ),
    "SavedModel": (
        "1 saved_model_schema_version int64",
        "2 meta_graphs *tensorboard.MetaGraphDef",
    ),
    "ValuesDef": ("1 values *string", "2 external_values map:string"),
    "ControlFlowContextDef": (
        "1 cond_ctxt CondContextDef|ctxt",
        "2 while_ctxt WhileContextDef|ctxt",
    ),
    "CondContextDef": (
        "1 context_name string",
        "2 pred_name string",
        "3 pivot_name string",
        "4 branch int32",
        "5 values_def ValuesDef",
        "6 nested_contexts *ControlFlowContextDef",
    ),
    "WhileContextDef": (
        "1 context_name string",
        "2 parallel_iterations int32",
        "3 back_prop bool",
        "4 swap_memory bool",
        "5 pivot_name string",
        "6 pivot_for_pred_name string",
        "7 pivot_for_body_name string",
        "8 loop_exit_names *string",
        "10 loop_enter_names *string",
        "9 values_def ValuesDef",
        "11 maximum_iterations_name string",
        "12 nested_contexts *ControlFlowContextDef",
    ),
    "QueueRunnerDef": (
        "1 queue_name string",
        "2 enqueue_op_name *string",
        "3 close_op_name string",
        "4 cancel_op_name string",
        "5 queue_closed_exception_types *int32",
    ),
    "ReaderBaseState": (
        "1 work_started int64",
        "2 work_finished int64",
        "3 num_records_produced int64",
        "4 current_work bytes",
    ),
    "BoolList": ("1 value *bool",),
    "HParamType": (
        "1 int64_value int64|kind",
        "2 float_value float|kind",
        "3 bytes_value bytes|kind",
        "4 int64_list Int64List|kind",
        "5 float_list FloatList|kind",
        "6 bytes_list BytesList|kind",
        "7 bool_value bool|kind",
        "8 bool_list BoolList|kind",
    ),
    "HParamDef": ("1 hparam map:HParamType",),
    "ServerDef": (
        "1 cluster tensorboard.ClusterDef",
        "2 job_name string",
        "3 task_index int32",
        "4 default_session_config tensorboard.ConfigProto",
        "5 protocol string",
    ),
    "BytesList": ("1 value *bytes",),
    "FloatList": ("1 value *float",),
    "Int64List": ("1 value *int64",),
    "Feature": (
        "1 bytes_list BytesList|kind",
        "2 float_list FloatList|kind",
        "3 int64_list Int64List|kind",
    ),
    "Features": ("1 feature map:Feature",),
    "FeatureList": ("1 feature *Feature",),
    "FeatureLists": ("1 feature_list map:FeatureList",),
    "Example": ("1 features Features",),
    "SequenceExample": ("1 context Features", "2 feature_lists FeatureLists"),
}
_ENUMS = {"Endianness": ("LITTLE", "BIG")}
_TENSORBOARD_ENUMS = ("tensorboard.DataType",)
_PACKAGE = "tailrace.formats"
_FILE = "tailrace/formats/protos.proto"


# message or enum -> its module in tensorboard.compat.proto
_TENSORBOARD = {
    "AttrValue": "attr_value_pb2",
    "NameAttrList": "attr_value_pb2",
    "ClusterDef": "cluster_pb2",
    "JobDef": "cluster_pb2",
    "ConfigProto": "config_pb2",
    "GPUOptions": "config_pb2",
    "GraphOptions": "config_pb2",
    "OptimizerOptions": "config_pb2",
    "RunMetadata": "config_pb2",
    "RunOptions": "config_pb2",
    "Event": "event_pb2",
    "SessionLog": "event_pb2",
    "TaggedRunMetadata": "event_pb2",
    "FunctionDef": "function_pb2",
    "FunctionDefLibrary": "function_pb2",
    "GraphDef": "graph_pb2",
    "GraphDebugInfo": "graph_debug_info_pb2",
    "HistogramProto": "histogram_pb2",
    "AssetFileDef": "meta_graph_pb2",
    "CollectionDef": "meta_graph_pb2",
    "MetaGraphDef": "meta_graph_pb2",
    "SignatureDef": "meta_graph_pb2",
    "TensorInfo": "meta_graph_pb2",
    "NodeDef": "node_def_pb2",
    "OpDef": "op_def_pb2",
    "OpList": "op_def_pb2",
    "SaverDef": "saver_pb2",
    "StepStats": "step_stats_pb2",
    "Summary": "summary_pb2",
    "SummaryDescription": "summary_pb2",
    "SummaryMetadata": "summary_pb2",
    "TensorProto": "tensor_pb2",
    "TensorShapeProto": "tensor_shape_pb2",
    "DataType": "types_pb2",
    "SaveSliceInfoDef": "variable_pb2",
    "VariableDef": "variable_pb2",
    "VersionDef": "versions_pb2",
}


def __getattr__(name: str) -> Any:
    if name in _TENSORBOARD:
        module = importlib.import_module(f"tensorboard.compat.proto.{_TENSORBOARD[name]}")
        return globals().setdefault(name, getattr(module, name))
    if name in _SCHEMA:
        return _classes()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@functools.cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.Default()
    pool.Add(_file_descriptor())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _SCHEMA
    }


def _file_descriptor() -> Any:
    from google.protobuf import descriptor_pb2
    from tensorboard.compat.proto import (
        cluster_pb2,
        config_pb2,
        meta_graph_pb2,
        tensor_pb2,
        tensor_shape_pb2,
        types_pb2,
        versions_pb2,
    )

    file = descriptor_pb2.FileDescriptorProto(name=_FILE, package=_PACKAGE, syntax="proto3")
    used = (
        cluster_pb2,
        config_pb2,
        meta_graph_pb2,
        tensor_pb2,
        tensor_shape_pb2,
        types_pb2,
        versions_pb2,
    )
    file.dependency.extend(module.DESCRIPTOR.name for module in used)
    for name, values in _ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for field in fields:
            _add_field(message, field)
    return file


def _add_field(message: Any, row: str) -> None:
    number, name, kind = row.split()
    kind, _, oneof = kind.partition("|")
    repeated = kind.startswith("*")
    field = message.field.add(name=name, number=int(number), label=3 if repeated else 1)
    if kind.startswith("map:"):
        field.label = 3
        kind = _add_map_entry(message, name, kind[len("map:") :])
        field.type, field.type_name = field.TYPE_MESSAGE, kind
        return
    _set_type(field, kind.removeprefix("*"))
    if oneof:
        if oneof not in [declared.name for declared in message.oneof_decl]:
            message.oneof_decl.add(name=oneof)
        field.oneof_index = 0


def _add_map_entry(message: Any, name: str, value_type: str) -> str:
    entry_name = name.title().replace("_", "") + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _set_type(entry.field.add(name="key", number=1, label=1), "string")
    _set_type(entry.field.add(name="value", number=2, label=1), value_type)
    return f".{_PACKAGE}.{message.name}.{entry_name}"


def _set_type(field: Any, kind: str) -> None:
    if hasattr(field, f"TYPE_{kind.upper()}"):
        field.type = getattr(field, f"TYPE_{kind.upper()}")
        return
    field.type_name = f".{kind}" if "." in kind else f".{_PACKAGE}.{kind}"
    is_enum = kind in _ENUMS or kind in _TENSORBOARD_ENUMS
    field.type = field.TYPE_ENUM if is_enum else field.TYPE_MESSAGE
