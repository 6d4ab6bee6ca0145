"""What `Session.run` is asked for: any structure of graph elements, and back from tensors to that
structure.

Source: TF 1.15 python/client/session.py (_FetchMapper).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.errors import InaccessibleTensorError
from tailrace.graph import (
    Graph,
    IndexedSlices,
    IndexedSlicesValue,
    Operation,
    SparseTensor,
    SparseTensorValue,
    Tensor,
)

# Rebuilds a fetch from the list of all tensors' values.
Rebuild = Callable[[list[Any]], Any]


class Fetches:
    """The tensors and operations of a fetch structure.

    `rebuild(values)` gives what `run` returns.
    """

    def __init__(self, graph: Graph, fetches: Any) -> None:
        self._graph = graph
        self._positions: dict[Tensor, int] = {}
        self.tensors: list[Tensor] = []
        self.targets: list[Operation] = []
        self.rebuild: Rebuild = self._map(fetches)

    def _map(self, fetch: Any) -> Rebuild:
        if fetch is None:
            raise TypeError(f"Fetch argument {fetch!r} has invalid type {type(fetch)}")
        if isinstance(fetch, (IndexedSlices, SparseTensor)):
            return self._map_parts(fetch)
        if isinstance(fetch, (list, tuple)):
            return self._map_sequence(fetch)
        if isinstance(fetch, dict):
            return self._map_dict(fetch)
        if hasattr(type(fetch), "__attrs_attrs__"):
            names = [a.name for a in type(fetch).__attrs_attrs__]
            inner = self._map([getattr(fetch, n) for n in names])
            return lambda values: type(fetch)(*inner(values))
        return self._map_element(fetch)

    def _map_sequence(self, fetch: Any) -> Rebuild:
        parts = [self._map(item) for item in fetch]
        if isinstance(fetch, list):
            return lambda values: [part(values) for part in parts]
        if hasattr(fetch, "_fields"):
            return lambda values: type(fetch)(*[part(values) for part in parts])
        return lambda values: tuple(part(values) for part in parts)

    def _map_dict(self, fetch: dict[Any, Any]) -> Rebuild:
        parts = {key: self._map(item) for key, item in fetch.items()}
        kind = type(fetch)

        def rebuild(values: list[Any]) -> Any:
            result = {key: part(values) for key, part in parts.items()}
            return result if kind is dict else kind(result)

        return rebuild

    def _map_parts(self, fetch: Any) -> Rebuild:
        if isinstance(fetch, SparseTensor):
            parts = self._map([fetch.indices, fetch.values, fetch.dense_shape])
            return lambda values: SparseTensorValue(*parts(values))
        elements = [fetch.values, fetch.indices]
        if fetch.dense_shape is None:
            parts = self._map(elements)
            return lambda values: IndexedSlicesValue(*parts(values), dense_shape=None)
        parts = self._map([*elements, fetch.dense_shape])
        return lambda values: IndexedSlicesValue(*parts(values))

    def _map_element(self, fetch: Any) -> Rebuild:
        try:
            element = self._graph.as_graph_element(fetch)
        except TypeError as error:
            raise TypeError(
                f"Fetch argument {fetch!r} has invalid type {type(fetch)}, must be a string or "
                f"Tensor. ({error})"
            ) from None
        except ValueError as error:
            raise ValueError(
                f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error})"
            ) from None
        except KeyError as error:
            raise ValueError(
                f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error})"
            ) from None
        if not self._graph.is_fetchable(element):
            raise InaccessibleTensorError(
                f"{element} has been marked as not fetchable: it is computed only inside of a loop "
                "or a branch of a conditional; return it from there."
            )
        if isinstance(element, Operation):
            self.targets.append(element)
            return lambda values: None
        position = self._positions.setdefault(element, len(self.tensors))
        if position == len(self.tensors):
            self.tensors.append(element)
        return lambda values: values[position]


def structure_key(fetch: Any) -> Any:
    """A hashable that is equal for equal fetch structures of the same elements;
    None when there is none.
    """
    if isinstance(fetch, (Tensor, Operation)):
        return fetch
    if isinstance(fetch, (list, tuple)):
        return (type(fetch), *[structure_key(item) for item in fetch])
    if isinstance(fetch, dict):
        return (dict, *[(key, structure_key(item)) for key, item in fetch.items()])
    return fetch
