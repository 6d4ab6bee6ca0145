"""Functions as graphs of their own: what a dataset applies to each of its elements.

Source: TF 1.15 python/framework/func_graph.py, python/data/ops/dataset_ops.py
(StructuredFunctionWrapper).
"""

from __future__ import annotations

import itertools
from typing import Any

from tailrace import registry
from tailrace.graph.graph import Graph
from tailrace.graph.idioms import g
from tailrace.graph.operation import Operation
from tailrace.graph.tensor import Tensor
from tailrace.shapes import TensorShape

_numbers = itertools.count(1)


class FunctionGraph(Graph):
    """The body of a function. Tensors of the graph around it become inputs where they are used."""

    def __init__(self, outer: Graph) -> None:
        super().__init__()
        self.outer_graph = outer
        self.captures: dict[Tensor, Tensor] = {}  # tensor outside -> placeholder here
        self._seed = outer._seed
        self._collections = outer._collections
        self._py_functions = outer._py_functions

    @property
    def building_function(self) -> bool:
        return True

    def parameter(self, dtype: Any, shape: Any, name: str) -> Tensor:
        """A new input of the function."""
        with self.as_default():
            return g.Placeholder(dtype=dtype, shape=shape, name=name)

    def capture(self, tensor: Tensor) -> Tensor:
        """What stands for a tensor in this graph: itself, or an input for one from outside."""
        if tensor._op._graph is self:
            return tensor
        inside = self.captures.get(tensor)
        if inside is None:
            shape = TensorShape(tensor._dims)
            with self.control_dependencies(None):
                inside = self.parameter(tensor._dtype.base_dtype, shape, tensor._op.name)
            inside._handle = tensor._handle
            self.captures[tensor] = inside
        return inside

    def _add(
        self,
        op_def: registry.OpDef,
        inputs: list[Tensor],
        attrs: dict[str, Any],
        name: str,
        compute_device: bool = True,
    ) -> Operation:
        captured = [self.capture(tensor) for tensor in inputs]
        return super()._add(op_def, captured, attrs, name, compute_device)


class Function:
    """A function: a graph with parameters and results. The value of an attribute of kind func."""

    def __init__(
        self, name: str, graph: Graph, parameters: list[Tensor], results: list[Tensor]
    ) -> None:
        self.name = name
        self.graph = graph
        self.results = results
        captures = graph.captures if isinstance(graph, FunctionGraph) else {}
        self.captured = list(captures)  # tensors outside, given after the parameters
        self.inputs = [*parameters, *captures.values()]

    def __repr__(self) -> str:
        return f"Function({self.name!r})"


def function_name(what: str) -> str:
    """A name no other function has."""
    return f"__inference_{what}_{next(_numbers)}"
