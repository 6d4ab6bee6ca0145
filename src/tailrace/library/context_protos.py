"""Loops and conditionals as protos: with them an imported MetaGraph can be built on and derived.

Source: TF 1.15 core/protobuf/control_flow.proto, python/ops/control_flow_ops.py (to_proto,
from_proto of CondContext and WhileContext).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.formats import protos
from tailrace.graph import Tensor, get_default_graph
from tailrace.graph.control_flow import CondContext, ControlFlowContext
from tailrace.graph.control_flow_backprop import WhileContext
from tailrace.library.collection_protos import register_proto_function
from tailrace.library.collections import GraphKeys
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope

# -- to protos -------------------------------------------------------------------------------------


def to_proto(context: Any, export_scope: str | None = None) -> Any:
    """The CondContextDef or WhileContextDef; None for a context outside `export_scope`."""
    if export_scope is not None and not context.name.startswith(export_scope):
        return None

    def stripped(name: str) -> str:
        return strip_name_scope(name, export_scope)

    make = _while_def if context.IsWhileContext() else _cond_def
    definition = make(context, stripped)
    definition.context_name = stripped(context.name)
    values = sorted(stripped(tensor.name) for tensor in context._values)
    definition.values_def.values.extend(values)
    for outside, inside in context._external_values.items():
        definition.values_def.external_values[stripped(outside.name)] = stripped(inside.name)
    for nested in context._nested_contexts:
        proto = to_proto(nested, export_scope)
        if proto is None:
            continue
        entry = definition.nested_contexts.add()
        (entry.while_ctxt if nested.IsWhileContext() else entry.cond_ctxt).CopyFrom(proto)
    return definition


def _cond_def(context: CondContext, stripped: Callable[[str], str]) -> Any:
    return protos.CondContextDef(
        pred_name=stripped(context.pred.name),
        pivot_name=stripped(context.pivot.name),
        branch=context.branch,
    )


def _while_def(context: WhileContext, stripped: Callable[[str], str]) -> Any:
    def name(tensor: Tensor | None) -> str:
        return "" if tensor is None else stripped(tensor.name)

    return protos.WhileContextDef(
        parallel_iterations=context.parallel_iterations,
        maximum_iterations_name=name(context.maximum_iterations),
        back_prop=context.back_prop,
        swap_memory=context.swap_memory,
        pivot_name=name(context.pivot),
        pivot_for_pred_name=name(context._pivot_for_pred),
        pivot_for_body_name=name(context._pivot_for_body),
        loop_exit_names=[stripped(tensor.name) for tensor in context.loop_exits],
        loop_enter_names=[stripped(tensor.name) for tensor in context.loop_enters],
    )


# -- from protos -----------------------------------------------------------------------------------


def from_proto(definition: Any, import_scope: str | None = None) -> ControlFlowContext:
    """The context whose nodes are in the default graph already, with the contexts inside it.

    Raises: KeyError when a node it names is missing.
    """
    graph = get_default_graph()

    def element(name: str) -> Any:
        return graph.as_graph_element(prepend_name_scope(name, import_scope))

    is_cond = isinstance(definition, protos.CondContextDef)
    context: Any = object.__new__(CondContext if is_cond else WhileContext)
    context._name = prepend_name_scope(definition.context_name, import_scope)
    context._graph = graph
    context._outer_context = graph._control_flow_context
    context._nested_contexts = []
    context._context_stack = []
    if context._outer_context is not None:
        context._outer_context._nested_contexts.append(context)
    (_read_cond if is_cond else _read_while)(context, definition, element)
    _read_values(context, definition.values_def, element)
    if not is_cond and import_scope:
        _rename_frames(context)
    context.Enter()
    for nested in definition.nested_contexts:
        from_proto(getattr(nested, nested.WhichOneof("ctxt")), import_scope)
    context.Exit()
    return context


def _read_cond(context: Any, definition: Any, element: Callable[[str], Any]) -> None:
    context._pred = element(definition.pred_name)
    context._pivot = element(definition.pivot_name)
    context._branch = definition.branch


def _read_while(context: Any, definition: Any, element: Callable[[str], Any]) -> None:
    limit = definition.maximum_iterations_name
    context._maximum_iterations = element(limit) if limit else None
    context._parallel_iterations = definition.parallel_iterations
    context._back_prop = definition.back_prop
    context._swap_memory = definition.swap_memory
    context._grad_state = None
    context._pivot_for_pred = element(definition.pivot_for_pred_name)
    context._pivot_for_body = element(definition.pivot_for_body_name)
    context._pivot = element(definition.pivot_name)
    context._loop_exits = [element(name) for name in definition.loop_exit_names]
    context._loop_enters = [element(name) for name in definition.loop_enter_names]


def _read_values(context: Any, values_def: Any, element: Callable[[str], Any]) -> None:
    """The tensors known in the context; those that are its own lie in it from now on."""
    external = values_def.external_values
    context._values = {element(name) for name in values_def.values}
    context._external_values = {element(k): element(v) for k, v in external.items()}
    for name in values_def.values:
        if name not in external:
            element(name).op._control_flow_context = context


def _rename_frames(context: Any) -> None:
    """Loops of one name in one graph would be one loop: the frame gets the context's new name."""
    for tensor in context._values:
        if tensor.op.op_def.region == "enter":
            tensor.op._set_attr("frame_name", context.name.encode())


def register() -> None:
    """Teaches MetaGraphs about the collections of contexts."""
    register_proto_function(
        GraphKeys.COND_CONTEXT, lambda: protos.CondContextDef, to_proto, from_proto
    )
    register_proto_function(
        GraphKeys.WHILE_CONTEXT, lambda: protos.WhileContextDef, to_proto, from_proto
    )
