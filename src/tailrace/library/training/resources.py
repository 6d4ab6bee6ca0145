"""Resources other than variables that want to be made before training begins.

Source: TF 1.15 python/ops/resources.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, g, get_default_graph
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.control_flow import group, no_op
from tailrace.library.indexing import boolean_mask


class _Resource(NamedTuple):
    handle: Any
    create: Any
    is_initialized: Any


def register_resource(
    handle: Any, create_op: Any, is_initialized_op: Any, is_shared: bool = True
) -> None:
    """Tell of a resource: its handle, what makes it, and whether it is made."""
    key = GraphKeys.RESOURCES if is_shared else GraphKeys.LOCAL_RESOURCES
    add_to_collection(key, _Resource(handle, create_op, is_initialized_op))


def shared_resources() -> list[Any]:
    """The resources that are made along with the global variables."""
    return get_collection(GraphKeys.RESOURCES)


def local_resources() -> list[Any]:
    """The resources that are made along with the local variables."""
    return get_collection(GraphKeys.LOCAL_RESOURCES)


def report_uninitialized_resources(
    resource_list: list[Any] | None = None, name: str = "report_uninitialized_resources"
) -> Tensor:
    """The names of the resources that are not made. Shape: [n] strings."""
    if resource_list is None:
        resource_list = [*shared_resources(), *local_resources()]
    with g.name_scope(name), get_default_graph().device("/cpu:0"):
        if not resource_list:
            return g.constant([], dtypes.string)
        mask = g.LogicalNot(g.Pack([r.is_initialized for r in resource_list], name="stack"))
        return boolean_mask(g.constant([r.handle.name for r in resource_list]), mask)


def initialize_resources(resource_list: list[Any], name: str = "init") -> Operation:
    """An operation that makes resources."""
    if not resource_list:
        return no_op(name=name)
    return group(*[resource.create for resource in resource_list], name=name)
