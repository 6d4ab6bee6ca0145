"""`tf.graph_util`: parts of a GraphDef, and variables frozen into constants.

Source: TF 1.15 python/framework/graph_util_impl.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from tailrace import dtypes, registry
from tailrace.dtypes import as_dtype
from tailrace.formats import protos
from tailrace.formats.tensor_proto import make_tensor_proto
from tailrace.graph import Operation

_log = logging.getLogger("tailrace")
_READ = "ReadVariableOp"
_GATHER = "ResourceGather"


def node_name(name: str) -> str:
    """The node an input string means."""
    return name[1:] if name.startswith("^") else name.partition(":")[0]


def extract_sub_graph(graph_def: Any, dest_nodes: list[str]) -> Any:
    """The nodes that the given ones need, in their order.

    Raises: TypeError for arguments of the wrong kind, AssertionError for a node that is not there.
    """
    if not isinstance(graph_def, protos.GraphDef):
        raise TypeError("graph_def must be a graph_pb2.GraphDef proto.")
    if isinstance(dest_nodes, str):
        raise TypeError("dest_nodes must be a list.")
    nodes = {node.name: node for node in graph_def.node}
    for name in dest_nodes:
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
    keep: set[str] = set()
    waiting = list(dest_nodes)
    while waiting:
        name = waiting.pop()
        if name in keep:
            continue
        keep.add(name)
        if name in nodes:
            waiting.extend(_needed(nodes[name]))
    result = protos.GraphDef(node=[node for node in graph_def.node if node.name in keep])
    result.library.CopyFrom(graph_def.library)
    result.versions.CopyFrom(graph_def.versions)
    return result


def _needed(node: Any) -> Iterable[str]:
    yield from map(node_name, node.input)
    # TF: what a node is colocated with is kept too
    for each in node.attr["_class"].list.s if "_class" in node.attr else ():
        if each.startswith(b"loc:@"):
            yield each[len(b"loc:@") :].decode()


def tensor_shape_from_node_def_name(graph: Any, input_name: str) -> Any:
    """The static shape of the tensor an input string means."""
    name = input_name if ":" in input_name else f"{input_name}:0"
    return graph.get_tensor_by_name(name).get_shape()


def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether TensorFlow runs a node on the CPU: strings and int32 constants, and where asked
    what changes variables.
    """
    node_def = node.node_def if isinstance(node, Operation) else node
    definition = registry.lookup(node_def.op)
    if pin_variables_on_cpu and definition is not None:
        is_variable = any(arg.is_ref for arg in (*definition.inputs, *definition.outputs))
        if is_variable:
            return True
    attr = {"Const": "dtype", "DynamicStitch": "T", "ParallelDynamicStitch": "T", "Cast": "SrcT"}
    if node_def.op not in attr:
        return False
    dtype = node_def.attr[attr[node_def.op]].type
    if node_def.op == "Const" and dtype == dtypes.string.as_datatype_enum:
        return True
    return dtype == dtypes.int32.as_datatype_enum


# -- freezing --------------------------------------------------------------------------------------


def convert_variables_to_constants(
    sess: Any,
    input_graph_def: Any,
    output_node_names: list[str],
    variable_names_whitelist: Iterable[str] | None = None,
    variable_names_blacklist: Iterable[str] | None = None,
) -> Any:
    """The part of a graph that the outputs need, its variables replaced by their values in `sess`.

    Raises: ValueError for a read whose variable cannot be found, `tf.errors` as `sess.run`.
    """
    graph_def = extract_sub_graph(input_graph_def, output_node_names)
    nodes = {node.name: node for node in graph_def.node}
    tensors = {
        node.name: f"{node.name}:0" if is_reference else f"{node.name}/Read/ReadVariableOp:0"
        for node in graph_def.node
        if (is_reference := _is_reference(node)) is not None
        and (variable_names_whitelist is None or node.name in variable_names_whitelist)
        and (variable_names_blacklist is None or node.name not in variable_names_blacklist)
    }
    passed = _types_behind_handles(nodes)
    values = dict(zip(tensors, sess.run(list(tensors.values())), strict=True)) if tensors else {}
    result = protos.GraphDef()
    for node in graph_def.node:
        result.node.extend(_frozen(node, values, passed))
    result.library.CopyFrom(graph_def.library)
    _log.info("Converted %d variables to const ops.", len(values))
    return result


def _is_reference(node: Any) -> bool | None:
    """True for a variable kept by reference, False for a handle of one, None for other nodes."""
    definition = registry.lookup(node.op)
    if definition is None or not definition.once or definition.inputs:
        return None
    if "dtype" not in definition.attrs or "shape" not in definition.attrs:
        return None
    return definition.outputs[0].is_ref


def _types_behind_handles(nodes: dict[str, Any]) -> dict[str, Any]:
    """Node between a read and its handle -> the type attribute of the value read."""
    found: dict[str, Any] = {}
    for node in nodes.values():
        if node.op not in (_READ, _GATHER):
            continue
        waiting = [node_name(node.input[0])]
        while waiting:
            source = nodes[waiting.pop()]
            if _is_reference(source) is False or source.name in found:
                continue
            definition = registry.lookup(source.op)
            if definition is None or not (definition.region or definition.alias):
                raise ValueError(
                    "Cannot find the variable that is an input to the ReadVariableOp: "
                    f"{node.name} reads {source.name} ({source.op})"
                )
            found[source.name] = node.attr["dtype"]
            inputs = [each for each in source.input if not each.startswith("^")]
            # the second input of a switch is its condition, not the handle
            count = len(inputs) if definition.region == "merge" else 1
            waiting.extend(node_name(each) for each in inputs[:count])
    return found


def _frozen(node: Any, values: dict[str, Any], passed: dict[str, Any]) -> list[Any]:
    """What stands in the place of a node."""
    if node.name in values:
        return [_constant(node.name, node.attr["dtype"], values[node.name])]
    new = protos.NodeDef()
    if node.name in passed:
        new.CopyFrom(node)
        new.attr.pop("_output_shapes", None)
        new.attr["T"].CopyFrom(passed[node.name])
        return [new]
    if node.op == _READ:
        new.op, new.name = "Identity", node.name
        new.input.append(node.input[0])
        new.attr["T"].CopyFrom(node.attr["dtype"])
        _copy_class(node, new)
        return [new]
    if node.op == _GATHER:
        return _frozen_gather(node, new)
    new.CopyFrom(node)
    return [new]


def _frozen_gather(node: Any, new: Any) -> list[Any]:
    if node.attr["batch_dims"].i:
        raise ValueError("batch_dims != 0 is not supported by freeze_graph.")
    axis = _constant(f"{node.name}/axis", node.attr["Tindices"], 0)
    new.op, new.name = "GatherV2", node.name
    new.input.extend([node.input[0], node.input[1], axis.name])
    new.attr["Tparams"].CopyFrom(node.attr["dtype"])
    new.attr["Tindices"].CopyFrom(node.attr["Tindices"])
    new.attr["Taxis"].CopyFrom(node.attr["Tindices"])
    _copy_class(node, new)
    return [axis, new]


def _copy_class(node: Any, new: Any) -> None:
    if "_class" in node.attr:
        new.attr["_class"].CopyFrom(node.attr["_class"])


def _constant(name: str, dtype: Any, value: Any) -> Any:
    node = protos.NodeDef(name=name, op="Const")
    node.attr["dtype"].CopyFrom(dtype)
    shape = getattr(value, "shape", None)
    proto = make_tensor_proto(value, as_dtype(dtype.type), shape)
    node.attr["value"].tensor.CopyFrom(proto)
    return node


# -- what inference does not need ------------------------------------------------------------------


def remove_training_nodes(input_graph: Any, protected_nodes: Iterable[str] | None = None) -> Any:
    """The graph without checks of numerics and without identities; protected nodes stay."""
    protected = set(protected_nodes or ())
    checks = {n.name for n in input_graph.node if n.op == "CheckNumerics"} - protected
    nodes = []
    for node in input_graph.node:
        if node.name in checks:
            continue
        new = protos.NodeDef()
        new.CopyFrom(node)
        del new.input[:]
        new.input.extend(name for name in node.input if name.removeprefix("^") not in checks)
        nodes.append(new)
    controls = {name[1:] for node in nodes for name in node.input if name.startswith("^")}
    spliced = {
        node.name: node.input[0]
        for node in nodes
        if node.op == "Identity"
        and node.name not in protected | controls
        and not any(name.startswith("^") for name in node.input)
    }
    result = protos.GraphDef()
    for node in nodes:
        if node.name in spliced:
            continue
        for i, name in enumerate(node.input):
            while name.removeprefix("^") in spliced:
                name = spliced[name.removeprefix("^")]
            node.input[i] = name
        result.node.append(node)
    return result
