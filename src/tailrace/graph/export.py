"""Graphs as GraphDef protos.

Source: TF 1.15 core/graph/graph.cc (ToGraphDef), python/framework/ops.py (as_graph_def).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailrace.formats.graph_def import attr_to_proto
from tailrace.formats.protos import GraphDef, NodeDef
from tailrace.graph.function_defs import function_def, functions_of
from tailrace.graph.operation import Operation

if TYPE_CHECKING:
    from tailrace.graph.graph import Graph


def node_def(op: Operation) -> Any:
    """The NodeDef of an operation: inputs in order, then control inputs by name."""
    node = NodeDef(name=op.name, op=op.type, device=op.device)
    node.input.extend(t._as_node_def_input() for t in op.inputs)
    node.input.extend(sorted(f"^{c.name}" for c in op.control_inputs))
    for name, value in op.attrs.items():
        attr = op.op_def.attrs.get(name)
        node.attr[name].CopyFrom(attr_to_proto(value, None if attr is None else attr.kind))
    return node


def graph_def(graph: Graph, from_version: int, add_shapes: bool) -> Any:
    """The GraphDef of the operations added after `from_version`, and the functions they name."""
    proto = GraphDef()
    proto.versions.producer = graph.graph_def_versions_producer
    operations = [op for op in graph.get_operations() if op._id > from_version]
    for op in operations:
        node = proto.node.add()
        node.CopyFrom(node_def(op))
        if add_shapes and op.outputs:
            shapes = node.attr["_output_shapes"].list.shape
            shapes.extend(t.get_shape().as_proto() for t in op.outputs)
    proto.library.function.extend(map(function_def, functions_of(operations)))
    return proto
