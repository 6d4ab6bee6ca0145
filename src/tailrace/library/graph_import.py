"""`tf.import_graph_def`: the nodes of a GraphDef added to the default graph.

Source: TF 1.15 python/framework/importer.py, core/graph/graph_constructor.cc.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Sequence
from typing import Any

from tailrace import registry
from tailrace.dtypes import DType, resource
from tailrace.errors import OpError, ShapeError, UnsupportedOpError
from tailrace.formats import protos
from tailrace.formats.graph_def import attr_from_proto
from tailrace.graph import (
    Function,
    FunctionGraph,
    Graph,
    Operation,
    Tensor,
    convert_to_tensor,
    get_default_graph,
    inference,
)
from tailrace.graph import devices as device_names
from tailrace.graph.function_defs import body_of, parameters_of, plain_reference
from tailrace.library.scopes import name_scope
from tailrace.registry import OpDef
from tailrace.shapes import TensorShape, merge

_SHAPES_ATTR = "_output_shapes"
_COLOCATION = b"loc:@"
_NODE_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")


def import_graph_def(
    graph_def: Any,
    input_map: dict[Any, Any] | None = None,
    return_elements: Sequence[Any] | None = None,
    name: str | None = None,
    op_dict: Any = None,
    producer_op_list: Any = None,
) -> list[Any] | None:
    """Adds the nodes of `graph_def` under the scope `name` ("import").

    `input_map` puts tensors of the graph in the place of tensors of `graph_def` ("x:0") or of
    control inputs ("^x"); `return_elements` names tensors and operations to give back.
    `producer_op_list` is the OpList of the program that wrote the graph: attributes it knows as
    defaults and this version does not know are dropped.

    Raises: TypeError for arguments of the wrong kind, ValueError for a graph that is not valid or
    lacks what is asked for, UnsupportedOpError for an unknown type of operation.
    """
    graph_def = _checked_graph_def(graph_def)
    mapped = _checked_input_map(input_map)
    wanted = _checked_return_elements(return_elements)
    if producer_op_list is not None:
        _drop_producer_defaults(graph_def, producer_op_list)
    graph = get_default_graph()
    with name_scope(name, "import", mapped.values()) as scope:
        if not all(isinstance(value, Tensor) for value in mapped.values()):
            mapped = _converted(mapped, name)
    library = _Library(graph, graph_def.library)
    importer = _Importer(graph, graph_def, scope, mapped, library)
    importer.run()
    return None if wanted is None else [importer.returned(each) for each in wanted]


def _checked_graph_def(graph_def: Any) -> Any:
    if isinstance(graph_def, protos.GraphDef):
        return graph_def
    if getattr(getattr(graph_def, "DESCRIPTOR", None), "name", "") != "GraphDef":
        raise TypeError("graph_def must be a GraphDef proto.")
    return protos.GraphDef.FromString(graph_def.SerializeToString())


def _checked_input_map(input_map: Any) -> dict[str, Any]:
    if input_map is None:
        return {}
    if not isinstance(input_map, dict) or not all(isinstance(k, (str, bytes)) for k in input_map):
        raise TypeError("input_map must be a dictionary mapping strings to Tensor objects.")
    return {_text(key): value for key, value in input_map.items()}


def _checked_return_elements(elements: Any) -> list[str] | None:
    if elements is None:
        return None
    if not all(isinstance(each, (str, bytes)) for each in elements):
        raise TypeError("return_elements must be a list of strings.")
    return [_text(each) for each in elements]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _converted(input_map: dict[str, Any], name: str | None) -> dict[str, Tensor]:
    if name == "":
        raise ValueError(
            "tf.import_graph_def() requires a non-empty `name` if `input_map` contains non-Tensor "
            "values. Try calling tf.convert_to_tensor() on `input_map` values before calling "
            "tf.import_graph_def()."
        )
    with get_default_graph().name_scope("_inputs"):
        return {key: convert_to_tensor(value) for key, value in input_map.items()}


def _drop_producer_defaults(graph_def: Any, producer_op_list: Any) -> None:
    """Removes attributes unknown here that have the producer's default."""
    producers = {op.name: {attr.name: attr for attr in op.attr} for op in producer_op_list.op}
    for node in graph_def.node:
        known, written = registry.lookup(node.op), producers.get(node.op)
        if known is None or written is None:
            continue
        for key in list(node.attr):
            attr = written.get(key)
            if key in known.attrs or attr is None or not attr.HasField("default_value"):
                continue
            if node.attr[key] == attr.default_value:
                del node.attr[key]


class _Library:
    """The functions of a GraphDef, made when a node names them."""

    def __init__(self, graph: Graph, proto: Any) -> None:
        self._graph = graph
        self._protos = {each.signature.name: each for each in proto.function}
        self._made: dict[str, Function] = {}

    def resolved(self, value: Any) -> Any:
        """An attribute's value, functions of the library in place of their names."""
        if isinstance(value, list):
            return [self.resolved(each) for each in value]
        if isinstance(value, protos.NameAttrList) and value.name in self._protos:
            return self._function(value.name)
        return value

    def _function(self, name: str) -> Function:
        if name not in self._made:
            self._made[name] = self._make(name, self._protos[name])
        return self._made[name]

    def _make(self, name: str, proto: Any) -> Function:
        body = FunctionGraph(self._graph)
        names = {}
        for argument, dtype in parameters_of(proto):
            names[f"{argument}:0"] = body.parameter(dtype, TensorShape(None), argument)
        with body.as_default():
            importer = _Importer(body, body_of(proto), "", dict(names), self)
            importer.run(strict=False)
        nodes = {node.name: node for node in proto.node_def}
        arguments = {argument for argument, _ in parameters_of(proto)}
        results = [
            importer.returned(plain_reference(proto.ret[each.name], nodes, arguments))
            for each in proto.signature.output_arg
        ]
        return Function(name, body, list(names.values()), results)


class _Importer:
    """One import: `nodes` are the NodeDefs, `made` the operations by their NodeDef's name."""

    def __init__(
        self,
        graph: Graph,
        graph_def: Any,
        scope: str,
        input_map: dict[str, Any],
        library: _Library,
    ) -> None:
        self.graph = graph
        self.nodes = list(graph_def.node)
        self.prefix = scope
        self.input_map = {_plain_input(key): value for key, value in input_map.items()}
        self.used: set[str] = set()
        self.library = library
        self.made: dict[str, Operation] = {}
        self.late: list[tuple[Operation, int, str]] = []  # loop inputs that come after their use
        self.index = {node.name: i for i, node in enumerate(self.nodes)}
        if len(self.index) != len(self.nodes):
            names = [node.name for node in self.nodes]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"Node '{twice}' is not unique")
        self.names = self._unique_names()

    def run(self, strict: bool = True) -> None:
        """Adds the nodes; `strict`, everything in the input map must be there."""
        for i in self._order():
            self._add(self.nodes[i])
        for op, position, name in self.late:
            op._update_input(position, self._tensor(name, op.name))
        for node in self.nodes:
            self._place(node)
        missing = [key for key in self.input_map if key not in self.used and self._unknown(key)]
        if missing and strict:
            listed = ", ".join(missing)
            raise ValueError(
                f"Attempted to map inputs that were not found in graph_def: [{listed}]"
            )

    def returned(self, name: str) -> Any:
        """The element a caller asked for."""
        if ":" in name:
            key = _plain_input(name)
            if key in self.input_map:
                return self.input_map[key]
            op_name, index = _split(key)
            if op_name not in self.made:
                raise ValueError(f"Requested return tensor '{name}' not found in graph def")
            outputs = self.made[op_name].outputs
            if index >= len(outputs):
                raise ValueError(
                    f"Invalid return output {index} of node '{op_name}', which has "
                    f"{len(outputs)} output(s)"
                )
            return outputs[index]
        if name not in self.made:
            raise ValueError(f"Requested return node '{name}' not found in graph def")
        return self.made[name]

    # -- order -------------------------------------------------------------------------------------

    def _order(self) -> Iterable[int]:
        """Every node after its inputs, else as in the GraphDef; loops are cut at their merges."""
        waiting, users = [0] * len(self.nodes), [[] for _ in self.nodes]
        for i, node in enumerate(self.nodes):
            before = {
                self.index[name]
                for name in self._input_nodes(node)
                if not self._is_back(node, name)
            }
            waiting[i] = len(before)
            for j in before:
                users[j].append(i)
        ready = [i for i, count in enumerate(waiting) if not count]
        done = 0
        while ready:
            i = heapq.heappop(ready)
            done += 1
            yield i
            for user in users[i]:
                waiting[user] -= 1
                if not waiting[user]:
                    heapq.heappush(ready, user)
        if done != len(self.nodes):
            raise ValueError(f"{len(self.nodes) - done} nodes in a cycle")

    def _input_nodes(self, node: Any) -> Iterable[str]:
        """The names of the nodes an operation waits for."""
        for each in node.input:
            name = each[1:] if each.startswith("^") else _split(_plain_input(each))[0]
            if _plain_input(each) in self.input_map:
                continue
            if name not in self.index:
                raise ValueError(f"Node '{node.name}': Unknown input node '{each}'")
            yield name

    def _is_back(self, node: Any, name: str) -> bool:
        """Whether an input is the next iteration's value, which comes after the loop's body."""
        source, target = (registry.lookup(n.op) for n in (self.nodes[self.index[name]], node))
        return bool(source and target and source.region == "next" and target.region == "merge")

    # -- nodes -------------------------------------------------------------------------------------

    def _unique_names(self) -> dict[str, str]:
        """The name each node gets: under the prefix, numbered where the graph has it already."""
        names: dict[str, str] = {}
        taken: set[str] = set()
        for node in self.nodes:
            if not _NODE_NAME.match(node.name):
                raise ValueError(f"Node '{node.name}': Node name contains invalid characters")
            base = name = self.prefix + node.name
            number = 0
            while name in self.graph._nodes or name in taken:
                number += 1
                name = f"{base}_{number}"
            taken.add(name)
            names[node.name] = name
        return names

    def _add(self, node: Any) -> None:
        definition = registry.lookup(node.op)
        if definition is None:
            raise UnsupportedOpError(node.op, f" (node '{node.name}' of the imported graph)")
        attrs = self._attrs(node, definition)
        inputs, late = self._inputs(node, attrs)
        controls = [self._control(each) for each in node.input if each.startswith("^")]
        try:
            values = inference.complete_attrs(definition, inputs, attrs)
            self._check_inputs(node, definition, inputs, values)
        except TypeError as error:
            raise ValueError(f"Node '{node.name}': {error}") from error
        shapes = values.pop(_SHAPES_ATTR, None)
        op = self._new_operation(node, definition, inputs, controls, values)
        self.made[node.name] = op
        self.late += [(op, position, name) for position, name in late]
        if shapes:
            _refine(op, shapes)

    def _new_operation(
        self,
        node: Any,
        definition: OpDef,
        inputs: list[Tensor],
        controls: list[Operation],
        attrs: dict[str, Any],
    ) -> Operation:
        graph, name = self.graph, self.names[node.name]
        outer = graph._control_dependencies_for_inputs(inputs)
        controls = list(dict.fromkeys([*controls, *outer]))
        types = inference.output_types(definition, attrs)
        op = Operation(graph, definition, name, inputs, controls, attrs, types)
        inference.set_shapes(op)
        if resource in types:
            inference.set_handles(op)
        graph._nodes[name] = op
        graph._names_in_use.setdefault(name.lower(), 1)
        context = graph._control_flow_context
        if context is not None:
            op._control_flow_context = context
            context.AddOp(op)
        return op

    def _attrs(self, node: Any, definition: OpDef) -> dict[str, Any]:
        attrs = {}
        for key, proto in node.attr.items():
            if key not in definition.attrs and not key.startswith("_"):
                raise ValueError(
                    f"NodeDef mentions attr '{key}' not in Op<name={definition.name}>; NodeDef: "
                    f"{node.name}. (Check whether your GraphDef-interpreting binary is up to date "
                    "with your GraphDef-generating binary.)"
                )
            if proto.WhichOneof("value") is not None:
                attr = definition.attrs.get(key)
                value = attr_from_proto(proto, attr.kind if attr else None)
                attrs[key] = self.library.resolved(value)
        if "_class" in attrs:
            attrs["_class"] = [self._scoped_class(node, each) for each in attrs["_class"]]
        return attrs

    def _scoped_class(self, node: Any, name: bytes) -> bytes:
        if not name.startswith(_COLOCATION):
            return name
        other = name[len(_COLOCATION) :].decode()
        if other not in self.names:
            raise ValueError(
                f"Node '{node.name}' expects to be colocated with unknown node '{other}'"
            )
        return _COLOCATION + self.names[other].encode()

    def _inputs(self, node: Any, attrs: dict[str, Any]) -> tuple[list[Tensor], list[Any]]:
        """The data inputs, and those to be set later: in their place a tensor of unknown shape."""
        names = [each for each in node.input if not each.startswith("^")]
        inputs: list[Any] = []
        late: list[tuple[int, str]] = []
        for position, name in enumerate(names):
            source = _split(_plain_input(name))[0]
            if source not in self.made and _plain_input(name) not in self.input_map:
                late.append((position, name))
                inputs.append(None)
            else:
                inputs.append(self._tensor(name, node.name))
        if late:
            known = next(tensor for tensor in inputs if tensor is not None)
            stand_in = Tensor(known.op, known.value_index, known.dtype)
            inputs = [stand_in if tensor is None else tensor for tensor in inputs]
        return inputs, late

    def _tensor(self, name: str, user: str) -> Tensor:
        key = _plain_input(name)
        if key in self.input_map:
            self.used.add(key)
            return self.input_map[key]
        op_name, index = _split(key)
        outputs = self.made[op_name].outputs
        if index >= len(outputs):
            raise ValueError(
                f"Node '{user}': Connecting to invalid output {index} of source node {op_name} "
                f"which has {len(outputs)} outputs."
            )
        return outputs[index]

    def _control(self, name: str) -> Operation:
        mapped = self.input_map.get(name)
        if mapped is None:
            return self.made[name[1:]]
        self.used.add(name)
        return mapped.op

    def _check_inputs(
        self, node: Any, definition: OpDef, inputs: list[Tensor], attrs: dict[str, Any]
    ) -> None:
        wanted = _input_types(definition, attrs)
        if len(wanted) != len(inputs):
            types = ", ".join(dtype.name for dtype in wanted)
            raise ValueError(
                f"NodeDef expected inputs '{types}' do not match {len(inputs)} inputs specified; "
                f"Op<name={definition.name}>; NodeDef: {self.names[node.name]}"
            )
        for i, (tensor, dtype) in enumerate(zip(inputs, wanted, strict=True)):
            if not dtype.is_compatible_with(tensor.dtype):
                raise ValueError(
                    f"Input {i} of node {self.names[node.name]} was passed {tensor.dtype.name} "
                    f"from {tensor.name} incompatible with expected {dtype.name}."
                )

    # -- devices -----------------------------------------------------------------------------------

    def _place(self, node: Any) -> None:
        """The device of the node within the program's scopes; colocated ones take the other's."""
        op = self.made[node.name]
        others = [
            each[len(_COLOCATION) :].decode()
            for each in op.attrs.get("_class") or []
            if each.startswith(_COLOCATION)
        ]
        others = [name for name in others if name != op.name]
        if not others:
            scopes = self.graph._stack("devices")
            device_names.apply_scopes(op, [*scopes, *([node.device] if node.device else [])])
            return
        for name in others:
            device = self.graph._nodes[name].device
            if device:
                op._set_device(device)
                return

    def _unknown(self, key: str) -> bool:
        """Whether the GraphDef has no such tensor or node."""
        if key.startswith("^"):
            return key[1:] not in self.made
        name, index = _split(key)
        return name not in self.made or index >= len(self.made[name].outputs)


def _plain_input(name: str) -> str:
    """Tensor names with their index, so that `x` and `x:0` are one."""
    return name if name.startswith("^") or ":" in name else f"{name}:0"


def _split(name: str) -> tuple[str, int]:
    op_name, _, index = name.rpartition(":")
    if not index.isdigit():
        raise ValueError(f"Cannot convert {name!r} to a tensor name.")
    return op_name, int(index)


def _input_types(definition: OpDef, attrs: dict[str, Any]) -> list[DType]:
    types: list[DType] = []
    for arg in definition.inputs:
        if arg.list_attr:
            types.extend(attrs[arg.list_attr])
            continue
        dtype = arg.dtype or attrs[arg.type_attr or ""]
        dtype = dtype._as_ref if arg.is_ref else dtype
        types.extend([dtype] * (attrs[arg.number_attr] if arg.number_attr else 1))
    return types


def _refine(op: Operation, shapes: list[TensorShape]) -> None:
    """Adds what the producer knew of the output shapes."""
    for i, (tensor, shape) in enumerate(zip(op.outputs, shapes, strict=False)):
        try:
            tensor._dims = merge(tensor._dims, shape._dims).dims
        except (ShapeError, OpError) as error:
            raise ValueError(
                f"Node '{op.name}' has an _output_shapes attribute inconsistent with the GraphDef "
                f"for output #{i}: {error}"
            ) from error
