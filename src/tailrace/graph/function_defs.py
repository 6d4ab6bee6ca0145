"""Functions as FunctionDef protos: the library of a GraphDef, and functions made of one.

In a FunctionDef an input is `node:output name:index`, a parameter just its name.

Source: TF 1.15 core/framework/function.proto, c/c_api_function.cc, core/graph/graph_to_functiondef.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tailrace import registry
from tailrace.dtypes import DType, as_dtype
from tailrace.formats import protos
from tailrace.graph.function_graph import Function, FunctionGraph
from tailrace.graph.operation import Operation
from tailrace.graph.tensor import Tensor

if TYPE_CHECKING:
    from tailrace.registry import OpDef

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]")


def functions_of(operations: Iterable[Operation]) -> list[Function]:
    """The functions that operations, and the functions among them, have as attributes."""
    found: dict[str, Function] = {}
    waiting = list(operations)
    while waiting:
        for value in _function_attrs(waiting.pop(0)):
            if value.name not in found:
                found[value.name] = value
                waiting += _nodes(value)
    return list(found.values())


def _function_attrs(op: Operation) -> Iterator[Function]:
    for value in op.attrs.values():
        listed = value if isinstance(value, (list, tuple)) else [value]
        yield from (each for each in listed if isinstance(each, Function))


def _nodes(function: Function) -> list[Operation]:
    """The body: all nodes of a function's own graph, else what the results need."""
    parameters = {tensor.op for tensor in function.inputs}
    if isinstance(function.graph, FunctionGraph):
        return [op for op in function.graph.get_operations() if op not in parameters]
    needed: set[Operation] = set()
    waiting = [tensor.op for tensor in function.results]
    while waiting:
        op = waiting.pop()
        if op not in needed and op not in parameters:
            needed.add(op)
            waiting += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return [op for op in function.graph.get_operations() if op in needed]


def function_def(function: Function) -> Any:
    """The FunctionDef."""
    from tailrace.graph.export import node_def  # which builds libraries by this module

    proto = protos.FunctionDef()
    proto.signature.name = function.name
    names: dict[Tensor, str] = {}
    taken: set[str] = set()
    for tensor in function.inputs:
        names[tensor] = _argument_name(tensor, taken)
        proto.signature.input_arg.add(name=names[tensor], type=tensor.dtype.as_datatype_enum)
    body = _nodes(function)
    proto.signature.is_stateful = any(op.op_def.stateful for op in body)
    for op in body:
        node = proto.node_def.add()
        node.CopyFrom(node_def(op))
        controls = [each for each in node.input if each.startswith("^")]
        del node.input[:]
        node.input.extend(_reference(tensor, names) for tensor in op.inputs)
        node.input.extend(controls)
    for tensor in function.results:
        name = _argument_name(tensor, taken)
        proto.signature.output_arg.add(name=name, type=tensor.dtype.as_datatype_enum)
        proto.ret[name] = _reference(tensor, names)
    return proto


def _argument_name(tensor: Tensor, taken: set[str]) -> str:
    """A node's name in small letters, digits and underscores, numbered where it is taken."""
    base = _NOT_IN_NAMES.sub("_", tensor.op.name.lower())
    base = base if base[0].isalpha() else f"arg_{base}"
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name


def _reference(tensor: Tensor, parameters: dict[Tensor, str]) -> str:
    if tensor in parameters:
        return parameters[tensor]
    index = tensor.value_index
    for name, count in _outputs(tensor.op.op_def, tensor.op.attrs):
        if index < count:
            return f"{tensor.op.name}:{name}:{index}"
        index -= count
    raise AssertionError(f"{tensor.name} is no output of its node")


def _outputs(definition: OpDef, attrs: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The names of a node's outputs, and how many tensors each is."""
    for arg in definition.outputs:
        if arg.list_attr:
            yield arg.name, len(attrs[arg.list_attr])
        else:
            yield arg.name, attrs[arg.number_attr] if arg.number_attr else 1


# -- from a library --------------------------------------------------------------------------------


def parameters_of(proto: Any) -> list[tuple[str, DType]]:
    """The names and types of a FunctionDef's parameters."""
    return [(arg.name, as_dtype(arg.type)) for arg in proto.signature.input_arg]


def body_of(proto: Any) -> Any:
    """The nodes of a FunctionDef as a GraphDef; its parameters are nodes that are not in it.

    Raises: ValueError for a reference to what is not there.
    """
    graph = protos.GraphDef()
    parameters = {arg.name for arg in proto.signature.input_arg}
    nodes = {node.name: node for node in proto.node_def}
    for node in proto.node_def:
        plain = graph.node.add()
        plain.CopyFrom(node)
        del plain.input[:]
        plain.input.extend(plain_reference(each, nodes, parameters) for each in node.input)
    return graph


def plain_reference(reference: str, nodes: dict[str, Any], parameters: set[str]) -> str:
    """`node:output name:index` as `node:number`. Raises: ValueError for what is not there."""
    if reference.startswith("^"):
        return reference
    name, _, output = reference.partition(":")
    if name in parameters:
        return f"{name}:0"
    definition = registry.lookup(nodes[name].op) if name in nodes else None
    if definition is None:
        raise ValueError(f"There is no {reference!r} in the function")
    wanted, _, index = output.partition(":")
    before = 0
    attrs = nodes[name].attr
    for arg in definition.outputs:
        if arg.name == wanted:
            return f"{name}:{before + int(index or 0)}"
        if arg.list_attr:
            before += len(attrs[arg.list_attr].list.type)
        else:
            before += attrs[arg.number_attr].i if arg.number_attr else 1
    raise ValueError(f"There is no {reference!r} in the function")
