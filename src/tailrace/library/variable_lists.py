"""The variables of the default graph, and what initializes or checks them.

Source: TF 1.15 python/ops/variables.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import Operation, Tensor, g, get_default_graph
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.indexing import boolean_mask
from tailrace.library.variables import is_variable_initialized


def global_variables(scope: str | None = None) -> list[Any]:
    """All variables that are not local."""
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """Variables that are not saved, such as counters of metrics."""
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables inference needs, where layers have said so."""
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables optimizers change."""
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables that have moving averages."""
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def all_variables() -> list[Any]:
    """The older name of `global_variables`."""
    return global_variables()


def _all_saveable_objects(scope: str | None = None) -> list[Any]:
    """What a Saver saves when not told."""
    return [
        *get_collection(GraphKeys.GLOBAL_VARIABLES, scope),
        *get_collection(GraphKeys.SAVEABLE_OBJECTS, scope),
    ]


def variables_initializer(var_list: Any, name: str = "init") -> Operation:
    """An operation that initializes the variables, in any order."""
    if var_list:
        return g.group(*[v.initializer for v in var_list], name=name)
    return g.group(name=name)


def global_variables_initializer() -> Operation:
    """An operation that initializes all global variables."""
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    """An operation that initializes all local variables."""
    return variables_initializer(local_variables())


def initialize_variables(var_list: Any, name: str = "init") -> Operation:
    """The older name of `variables_initializer`."""
    return variables_initializer(var_list, name)


def initialize_all_variables() -> Operation:
    """The older name of `global_variables_initializer`."""
    return global_variables_initializer()


def initialize_local_variables() -> Operation:
    """The older name of `local_variables_initializer`."""
    return local_variables_initializer()


def _or_all(var_list: Any) -> list[Any]:
    if var_list is not None:
        return list(var_list)
    found = [*global_variables(), *local_variables()]
    if found:
        return found
    ops = get_default_graph().get_operations()
    return [op.outputs[0] for op in ops if op.op_def.once and op.outputs[0].dtype._is_ref_dtype]


def assert_variables_initialized(var_list: Any = None) -> Tensor | None:
    """An operation that fails with FailedPreconditionError while a variable has no value."""
    variables = _or_all(var_list)
    if not variables:
        return None
    ranks = []
    for variable in variables:
        with get_default_graph().colocate_with(variable.op):
            ranks.append(g.rank(variable, optimize=False))
    return ranks[0] if len(ranks) == 1 else g.Pack(ranks, name="stack")


def report_uninitialized_variables(
    var_list: Any = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names of the variables that have no value. Shape: [n] strings."""
    variables = _or_all(var_list)
    with g.name_scope(name):
        known = [is_variable_initialized(v) for v in variables]
        with get_default_graph().device("/cpu:0"):
            if not variables:
                return g.constant([], dtypes.string)
            mask = g.LogicalNot(g.Pack(known, name="stack"))
            return boolean_mask(g.constant([v.op.name for v in variables]), mask)
