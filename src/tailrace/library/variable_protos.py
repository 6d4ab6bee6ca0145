"""Variables as VariableDef protos: how MetaGraphs keep them.

Source: TF 1.15 python/ops/variables.py, resource_variable_ops.py (to_proto, _init_from_proto).
"""

from __future__ import annotations

from typing import Any

from tailrace.dtypes import as_dtype
from tailrace.formats import protos
from tailrace.graph import get_default_graph
from tailrace.library.collection_protos import register_proto_function
from tailrace.library.collections import GraphKeys
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope
from tailrace.library.variables import (
    RefVariable,
    ResourceVariable,
    SaveSliceInfo,
    Variable,
    VariableAggregation,
    VariableSynchronization,
)


def to_proto(variable: Any, export_scope: str | None = None) -> Any:
    """The VariableDef; None when the variable lies outside `export_scope`."""
    resource = isinstance(variable, ResourceVariable)
    tensor = variable.handle if resource else variable._variable
    if export_scope is not None and not tensor.name.startswith(export_scope):
        return None
    definition = protos.VariableDef(
        variable_name=strip_name_scope(tensor.name, export_scope),
        initializer_name=strip_name_scope(variable.initializer.name, export_scope),
        snapshot_name=strip_name_scope(_snapshot(variable).name, export_scope),
        trainable=variable.trainable,
        is_resource=resource,
    )
    definition.synchronization = _number(variable.synchronization)
    definition.aggregation = _number(variable.aggregation)
    if variable.initial_value is not None:
        name = strip_name_scope(variable.initial_value.name, export_scope)
        definition.initial_value_name = name
    if variable._save_slice_info is not None:
        definition.save_slice_info_def.CopyFrom(_slice_def(variable._save_slice_info, export_scope))
    return definition


def _number(member: Any) -> int:
    return 0 if member is None else member.value


def _snapshot(variable: Any) -> Any:
    if not isinstance(variable, ResourceVariable):
        return variable._snapshot
    cached = variable._cached_value
    return variable._graph_element if cached is None else cached


def _slice_def(info: SaveSliceInfo, export_scope: str | None) -> Any:
    return protos.SaveSliceInfoDef(
        full_name=strip_name_scope(info.full_name or "", export_scope),
        full_shape=info.full_shape,
        var_offset=info.var_offset,
        var_shape=info.var_shape,
    )


def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
    """The variable whose nodes are in the default graph already. Raises: KeyError without them."""
    graph = get_default_graph()

    def element(name: str) -> Any:
        return graph.as_graph_element(prepend_name_scope(name, import_scope))

    kind = ResourceVariable if variable_def.is_resource else RefVariable
    variable: Any = object.__new__(kind)
    if variable_def.is_resource:
        _restore_resource(variable, variable_def, element)
    else:
        variable._variable = element(variable_def.variable_name)
        variable._snapshot = element(variable_def.snapshot_name)
    variable._initializer_op = element(variable_def.initializer_name)
    initial = variable_def.initial_value_name
    variable._initial_value = element(initial) if initial else None
    variable._trainable = variable_def.trainable
    variable._synchronization = VariableSynchronization(variable_def.synchronization)
    variable._aggregation = VariableAggregation(variable_def.aggregation)
    variable._constraint = None
    if variable_def.HasField("save_slice_info_def"):
        variable._save_slice_info = _slice_info(variable_def.save_slice_info_def, import_scope)
    return variable


def _restore_resource(variable: Any, variable_def: Any, element: Any) -> None:
    handle = element(variable_def.variable_name)
    variable._handle = handle
    variable._handle_name = handle.op.name
    variable._shape = handle.op.get_attr("shape")
    variable._dtype = as_dtype(handle.op.get_attr("dtype"))
    if variable_def.snapshot_name:
        variable._graph_element = element(variable_def.snapshot_name)
    else:
        name = f"{handle.op.name}/Read/ReadVariableOp:0"
        variable._graph_element = get_default_graph().get_tensor_by_name(name)
    # a caching variable's snapshot is the copy, not the read itself
    reads = handle in variable._graph_element.op.inputs
    variable._cached_value = None if reads else variable._graph_element


def _slice_info(definition: Any, import_scope: str | None) -> SaveSliceInfo:
    return SaveSliceInfo(
        full_name=prepend_name_scope(definition.full_name, import_scope),
        full_shape=list(definition.full_shape),
        var_offset=list(definition.var_offset),
        var_shape=list(definition.var_shape),
    )


def _convert(variable: Any, export_scope: str | None = None) -> Any:
    if not isinstance(variable, Variable):
        raise TypeError(f"{variable!r} is no Variable")
    return variable.to_proto(export_scope=export_scope)


def register() -> None:
    """Teaches MetaGraphs about the collections of variables."""
    for collection in GraphKeys._VARIABLE_COLLECTIONS:
        register_proto_function(
            collection, lambda: protos.VariableDef, _convert, Variable.from_proto
        )
