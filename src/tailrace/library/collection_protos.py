"""How the objects in collections become protos in a MetaGraph, and come back.

Source: TF 1.15 python/framework/ops.py (register_proto_function).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class ProtoFunctions(NamedTuple):
    """`to_proto(object, export_scope)` and `from_proto(proto, import_scope)` of a collection."""

    proto_type: Any
    to_proto: Callable[..., Any] | None
    from_proto: Callable[..., Any] | None


_functions: dict[str, ProtoFunctions] = {}


def register_proto_function(
    collection_name: str,
    proto_type: Any = None,
    to_proto: Callable[..., Any] | None = None,
    from_proto: Callable[..., Any] | None = None,
) -> None:
    """Teaches MetaGraphs about the objects of a collection.

    `proto_type` is a message class, or a function without arguments that gives it.

    Raises: TypeError for functions that cannot be called.
    """
    for function in (to_proto, from_proto):
        if function is not None and not callable(function):
            raise TypeError("to_proto and from_proto must be callable.")
    _functions[collection_name] = ProtoFunctions(proto_type, to_proto, from_proto)


def functions_of(collection_name: str) -> ProtoFunctions:
    """What is registered for a collection; three times None when nothing is."""
    return _functions.get(collection_name, ProtoFunctions(None, None, None))


def get_to_proto_function(collection_name: str) -> Callable[..., Any] | None:
    """The function registered as `to_proto`, or None."""
    return functions_of(collection_name).to_proto


def get_from_proto_function(collection_name: str) -> Callable[..., Any] | None:
    """The function registered as `from_proto`, or None."""
    return functions_of(collection_name).from_proto


def get_collection_proto_type(collection_name: str) -> Any:
    """The message class registered for a collection, or None."""
    found = functions_of(collection_name).proto_type
    return found if found is None or isinstance(found, type) else found()
