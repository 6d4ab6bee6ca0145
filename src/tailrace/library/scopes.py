"""Contexts of the default graph: `tf.name_scope`, `tf.device`, `tf.control_dependencies` and their
kin.

Source: TF 1.15 python/framework/ops.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tailrace.graph import Graph, Tensor, get_default_graph
from tailrace.graph.graph import default_graphs
from tailrace.graph.scopes import NameScope


class name_scope:  # TensorFlow's name
    """`with tf.name_scope(name, default_name, values) as scope`: names inside start with `scope`.

    `default_name` serves when `name` is None; `values` are tensors whose graph becomes the default.
    Raises: ValueError when neither name is given though values are.
    """

    def __init__(self, name: Any, default_name: str | None = None, values: Any = None) -> None:
        if not (default_name is None or isinstance(default_name, str)):
            raise TypeError(
                f"`default_name` type ({type(default_name)}) is not a string type. You likely "
                "meant to pass this into the `values` kwarg."
            )
        self._name = default_name if name is None else name
        self._default_name = default_name
        self._values = values
        self._inner: NameScope | None = None
        self._graph: Graph | None = None

    @property
    def name(self) -> Any:
        return self._name

    def __enter__(self) -> str:
        if self._name is None and self._values is not None:
            raise ValueError(
                f"At least one of name ({self._name}) and default_name ({self._default_name}) must "
                "be provided."
            )
        graph: Any = get_default_graph()
        for value in self._values or ():
            owner = getattr(value, "graph", None)
            if isinstance(value, Tensor) and owner is not graph:
                if default_graphs():
                    raise ValueError(f"{value} must be from the same graph as the default graph.")
                graph = owner
        if graph is not get_default_graph():
            default_graphs().append(graph)
            self._graph = graph
        self._inner = inner = graph.name_scope(self._name)
        try:
            return inner.__enter__()
        except BaseException:
            self._leave_graph()
            raise

    def __exit__(self, *details: object) -> None:
        assert self._inner is not None
        self._inner.__exit__(*details)
        self._leave_graph()

    def _leave_graph(self) -> None:
        if self._graph is not None:
            default_graphs().remove(self._graph)
            self._graph = None


def device(device_name_or_function: Any) -> Any:
    """A context whose operations are placed on a device."""
    return get_default_graph().device(device_name_or_function)


def control_dependencies(control_inputs: Any) -> Any:
    """A context whose operations run after `control_inputs`."""
    return get_default_graph().control_dependencies(control_inputs)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """A context whose operations are placed where `op` is."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> Any:
    """A context whose variables live in a container of the session."""
    return get_default_graph().container(container_name)


def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Any:
    """The form of `name_scope` before 1.0."""
    return name_scope(name, default_name, values)


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """A context outside all control dependencies, loops and conditionals, for making variables."""
    graph = get_default_graph()
    scope = graph.get_name_scope()
    context = graph._get_control_flow_context()
    with graph.control_dependencies(None), graph.name_scope(scope + "/" if scope else scope):
        graph._set_control_flow_context(None)
        try:
            yield
        finally:
            graph._set_control_flow_context(context)
