"""Functions of elements as functions of the graph.

Source: TF 1.15 python/data/ops/dataset_ops.py (StructuredFunctionWrapper).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import (
    Function,
    FunctionGraph,
    SparseTensor,
    convert_to_tensor,
    function_name,
    get_default_graph,
    nest,
)
from tailrace.shapes import TensorShape


class Structure:
    """What elements are made of: types and shapes in the same nesting."""

    def __init__(self, types: Any, shapes: Any) -> None:
        self.types = types
        self.shapes = shapes

    @classmethod
    def of(cls, tensors: Any) -> Structure:
        """That of an element of tensors."""
        return cls(
            nest.map_structure(lambda t: t.dtype, tensors),
            nest.map_structure(lambda t: t.get_shape(), tensors),
        )

    @property
    def flat_types(self) -> list[Any]:
        return nest.flatten(self.types)

    @property
    def flat_shapes(self) -> list[TensorShape]:
        return nest.flatten(self.shapes)

    def attrs(self, types_name: str = "output_types") -> dict[str, Any]:
        """The attributes of a dataset operation."""
        return {types_name: self.flat_types, "output_shapes": self.flat_shapes}

    def pack(self, values: list[Any]) -> Any:
        """Flat values in this nesting."""
        return nest.pack_sequence_as(self.types, values)

    def map_shapes(self, function: Callable[[TensorShape], TensorShape]) -> Structure:
        """The same with other shapes."""
        shapes = [function(shape) for shape in self.flat_shapes]
        return Structure(self.types, self.pack(shapes))


def leaves_of(element: Any) -> list[Any]:
    """The leaves, lists among them. TF: a list is one array."""
    if isinstance(element, dict):
        return [leaf for key in sorted(element) for leaf in leaves_of(element[key])]
    if isinstance(element, tuple):
        return [leaf for part in element for leaf in leaves_of(part)]
    if isinstance(element, SparseTensor):
        raise NotImplementedError(
            "sparse tensors as elements of datasets are not supported: use their parts, or "
            "tf.sparse_tensor_to_dense"
        )
    return [element]


def with_leaves(element: Any, leaves: Any) -> Any:
    """The nesting of an element with other leaves, taken from an iterator."""
    if isinstance(element, dict):
        made = {key: with_leaves(element[key], leaves) for key in sorted(element)}
        return type(element)((key, made[key]) for key in element)
    if isinstance(element, tuple):
        parts = [with_leaves(part, leaves) for part in element]
        return type(element)(*parts) if hasattr(element, "_fields") else tuple(parts)
    return next(leaves)


def element_function(
    what: str, function: Callable[..., Any], structure: Structure
) -> tuple[Function, Any]:
    """The function as a graph, and what it returned there."""
    graph = FunctionGraph(get_default_graph())
    pairs = zip(structure.flat_types, structure.flat_shapes, strict=True)
    parameters = [
        graph.parameter(dtype, shape, f"args_{i}") for i, (dtype, shape) in enumerate(pairs)
    ]
    with graph.as_default():
        element = structure.pack(parameters)
        several = isinstance(structure.types, tuple) and not hasattr(structure.types, "_fields")
        returned = function(*element) if several else function(element)
        result = _result(returned)
        leaves = [graph.capture(t) for t in _tensors_of(result)]
    name = f"{what}_{getattr(function, '__name__', 'function')}"
    return Function(function_name(name), graph, parameters, leaves), result


def _result(returned: Any) -> Any:
    """Tensors, or a dataset, for what a function returned."""
    if hasattr(returned, "_variant_tensor"):
        return returned
    return with_leaves(returned, map(convert_to_tensor, leaves_of(returned)))


def _tensors_of(result: Any) -> list[Any]:
    if hasattr(result, "_variant_tensor"):
        return [result._variant_tensor]
    return nest.flatten(result)
