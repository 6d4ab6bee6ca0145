"""The global step: how many steps a model has been trained.

Source: TF 1.15 python/training/training_util.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Graph, Tensor, get_default_graph
from tailrace.library.collections import GraphKeys
from tailrace.library.initializers import Zeros
from tailrace.library.variable_scope import get_variable
from tailrace.library.variables import Variable, VariableAggregation


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The step's value in a session."""
    return int(sess.run(global_step_tensor))


def get_global_step(graph: Graph | None = None) -> Any:
    """The step of the graph: the one collected as such, or the tensor `global_step:0`;
    None without.
    """
    graph = graph or get_default_graph()
    collected = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(collected) > 1:
        return None
    if collected:
        found = collected[0]
    else:
        try:
            found = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    assert_global_step(found)
    return found


def create_global_step(graph: Graph | None = None) -> Any:
    """A new global step. Raises: ValueError when the graph has one."""
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        return get_variable(
            GraphKeys.GLOBAL_STEP,
            shape=[],
            dtype=dtypes.int64,
            initializer=Zeros(),
            trainable=False,
            aggregation=VariableAggregation.ONLY_FIRST_REPLICA,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )


def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """The graph's global step, made if there is none."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


_READ_KEY = "global_step_read_op_cache"


def get_or_create_global_step_read(graph: Graph | None = None) -> Tensor | None:
    """A tensor with the global step's value, one for each graph; None without a global step.

    Raises: RuntimeError when the graph has several.
    """
    graph = graph or get_default_graph()
    known = graph.get_collection(_READ_KEY)
    if len(known) > 1:
        raise RuntimeError(f"There are multiple items in collection {_READ_KEY}.")
    if known:
        return known[0]
    step = get_global_step(graph)
    if step is None:
        return None
    with graph.as_default(), graph.name_scope(None), graph.name_scope(f"{step.op.name}/"):
        value: Any = step.initialized_value() if isinstance(step, Variable) else step
        read = value + 0
        graph.add_to_collection(_READ_KEY, read)
    return read


def assert_global_step(global_step_tensor: Any) -> None:
    """Raises: TypeError for what is no scalar integer variable or tensor."""
    if not isinstance(global_step_tensor, (Variable, Tensor)):
        raise TypeError(
            f'Existing "global_step" must be a Variable or Tensor: {global_step_tensor}.'
        )
    if not global_step_tensor.dtype.base_dtype.is_integer:
        raise TypeError(
            f'Existing "global_step" does not have integer type: {global_step_tensor.dtype}'
        )
    shape = global_step_tensor.get_shape()
    if shape.ndims != 0 and shape.is_fully_defined():
        raise TypeError(f'Existing "global_step" is not scalar: {shape}')
