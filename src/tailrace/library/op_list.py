"""Operation types as OpDef protos: MetaGraphs carry those of the graph they hold.

Source: TF 1.15 core/framework/op_def.proto, python/framework/meta_graph.py (OpList functions).
"""

from __future__ import annotations

from typing import Any

from tailrace import registry
from tailrace.dtypes import DType
from tailrace.formats import protos
from tailrace.formats.graph_def import attr_to_proto
from tailrace.registry import Arg, Attr, OpDef


def op_def_proto(definition: OpDef) -> Any:
    """The OpDef proto of an operation type."""
    proto = protos.OpDef(name=definition.name, is_stateful=definition.stateful)
    for arg in definition.inputs:
        _fill_arg(proto.input_arg.add(name=arg.name), arg)
    for arg in definition.outputs:
        _fill_arg(proto.output_arg.add(name=arg.name), arg)
    for name, attr in definition.attrs.items():
        _fill_attr(proto.attr.add(name=name, type=attr.kind), attr)
    return proto


def _fill_arg(proto: Any, arg: Arg) -> None:
    if arg.dtype is not None:
        proto.type = arg.dtype.as_datatype_enum
    proto.type_attr = arg.type_attr or ""
    proto.type_list_attr = arg.list_attr or ""
    proto.number_attr = arg.number_attr or ""
    proto.is_ref = arg.is_ref


def _fill_attr(proto: Any, attr: Attr) -> None:
    if not attr.required:
        proto.default_value.CopyFrom(attr_to_proto(attr.default, attr.kind))
    if attr.minimum is not None:
        proto.has_minimum, proto.minimum = True, attr.minimum
    if attr.allowed:
        kind = "type" if isinstance(attr.allowed[0], DType) else "string"
        proto.allowed_values.CopyFrom(attr_to_proto(list(attr.allowed), f"list({kind})"))


def ops_used_by_graph_def(graph_def: Any) -> list[str]:
    """The operation types of the nodes, those inside functions that are called included."""
    functions = {function.signature.name: function for function in graph_def.library.function}
    used: set[str] = set()
    waiting = [node.op for node in graph_def.node]
    while waiting:
        name = waiting.pop()
        if name in used:
            continue
        used.add(name)
        if name in functions:
            waiting.extend(node.op for node in functions[name].node_def)
    return [name for name in used if name not in functions]


def stripped_op_list_for_graph(graph_def: Any) -> Any:
    """The OpList of the types a graph uses. Raises: ValueError for one that is not registered."""
    names = sorted(ops_used_by_graph_def(graph_def))
    for name in names:
        if registry.lookup(name) is None:
            raise ValueError(f"Op {name} is used by the graph, but is not registered")
    return protos.OpList(op=[op_def_proto(registry.OPS[name]) for name in names])


def strip_default_attrs(graph_def: Any) -> None:
    """Removes the attributes that have their type's default."""
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    for node in nodes:
        definition = registry.lookup(node.op)
        for key, attr in definition.attrs.items() if definition else ():
            if attr.required or key not in node.attr:
                continue
            if node.attr[key] == attr_to_proto(attr.default, attr.kind):
                del node.attr[key]
