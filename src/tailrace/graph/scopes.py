"""The contexts a graph is built in: name scopes and control dependencies.

Source: TF 1.15 python/framework/ops.py (Graph.name_scope, _ControlDependenciesController,
name_scope).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tailrace.graph.graph import Graph
    from tailrace.graph.operation import Operation


class NameScope:
    """`with graph.name_scope(name) as scope`: `scope` is the full prefix, ending in `/`."""

    __slots__ = ("_graph", "_name", "_saved")

    def __init__(self, graph: Graph, name: str | None) -> None:
        self._graph = graph
        self._name = name
        self._saved = ""

    def __enter__(self) -> str:
        graph, name = self._graph, self._name
        self._saved = graph._name_stack
        if not name:
            graph._name_stack = ""
            return ""
        scope = name[:-1] if name[-1] == "/" else graph.unique_name(name)
        graph._name_stack = scope
        return scope + "/"

    def __exit__(self, *_: object) -> None:
        self._graph._name_stack = self._saved


class ControlDependencies:
    """`with graph.control_dependencies(ops)`: operations built inside run after `ops`.

    An operation that has an input made inside needs no control edge of its own.
    """

    __slots__ = ("_context", "_graph", "_new_stack", "_saved", "_seen", "control_inputs")

    def __init__(self, graph: Graph, control_inputs: list[Operation] | None) -> None:
        self._graph = graph
        self._new_stack = control_inputs is None
        self.control_inputs: list[Operation] = control_inputs or []
        self._seen: set[Operation] = set()
        self._saved: list[Any] = []
        self._context: Any = None

    def __enter__(self) -> None:
        stack = self._graph._stack("control")
        if self._new_stack:
            self._saved = list(stack)
            stack.clear()
            # TF: clearing the dependencies also leaves the loop or conditional being built.
            self._context = self._graph._control_flow_context
            self._graph._control_flow_context = None
        stack.append(self)

    def __exit__(self, *_: object) -> None:
        stack = self._graph._stack("control")
        stack.remove(self)
        if self._new_stack:
            stack[:] = self._saved
            self._graph._control_flow_context = self._context

    def add_op(self, op: Operation) -> None:
        self._seen.add(op)

    def op_in_group(self, op: Operation) -> bool:
        return op in self._seen
