"""Variables of models, which are collected as such.

Source: TF 1.15 contrib/framework/python/ops/variables.py.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from tailrace import dtypes
from tailrace.library import variable_scope
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.global_step import assert_global_step, get_global_step
from tailrace.library.scopes import device as device_scope
from tailrace.library.variable_scope import VariableScope
from tailrace.library.variables import VariableAggregation, VariableSynchronization


@add_arg_scope
def variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """A variable as `tf.get_variable` gives it, on a device, through a getter of its own."""
    kept = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    getter = variable_scope.get_variable
    if custom_getter is not None:
        reuse = variable_scope.get_variable_scope().reuse
        getter = functools.partial(custom_getter, reuse=reuse)
    with device_scope(device or ""):
        return getter(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=list(dict.fromkeys(kept)),
            caching_device=caching_device,
            partitioner=partitioner,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )


@add_arg_scope
def model_variable(
    name: str,
    shape: Any = None,
    dtype: Any = dtypes.float32,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """A variable that is in `MODEL_VARIABLES` as well."""
    kept = [*(collections or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=kept,
        caching_device=caching_device,
        device=device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """The variables of a collection whose names begin with `scope` and end with `suffix`."""
    if isinstance(scope, VariableScope):
        scope = scope.name
    if suffix is not None:
        suffix = suffix if ":" in suffix else suffix + ":"
        scope = f"{scope or ''}.*{suffix}"
    return get_collection(collection, scope)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The variables of models."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """The variables whose names end with `suffix`."""
    return get_variables(scope, suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """The variables of this name, in whatever scope."""
    return get_variables(scope, f"/{given_name}:|^{given_name}:")


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """The variables of the scopes in `include` (all by default) without those in `exclude`.

    Raises: TypeError when one of them is no list.
    """
    for name, given in (("include", include), ("exclude", exclude)):
        if given is not None and not isinstance(given, (list, tuple)):
            raise TypeError(f"{name} is provided but is not a list or a tuple.")
    chosen = [v for s in include for v in get_variables(s)] if include else get_variables()
    unwanted = [v for s in exclude or [] for v in get_variables(s)]
    return [v for v in chosen if all(v is not u for u in unwanted)]


def add_model_variable(var: Any) -> None:
    """Put a variable into the collection of the models' variables, unless it is there."""
    if all(var is not known for known in get_collection(GraphKeys.MODEL_VARIABLES)):
        add_to_collection(GraphKeys.MODEL_VARIABLES, var)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The local variables."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The variables that optimizers change."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_unique_variable(var_op_name: str) -> Any:
    """The variable whose operation has this name.

    Raises: ValueError when there is none.
    """
    candidates = get_variables(var_op_name)
    if not candidates:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")


def filter_variables(
    var_list: list[Any],
    include_patterns: list[str] | None = None,
    exclude_patterns: list[str] | None = None,
    reg_search: bool = True,
) -> list[Any]:
    """The variables whose names match a pattern to include and none to exclude.

    `reg_search` looks for patterns anywhere in the names, not only at their beginning.
    """
    matches = re.search if reg_search else re.match

    def chosen(name: str) -> bool:
        wanted = include_patterns is None or any(matches(p, name) for p in include_patterns)
        return wanted and not any(matches(p, name) for p in exclude_patterns or [])

    return [v for v in var_list if chosen(v.name)]


def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """The global step, or the tensor given as it, when it may be one."""
    if global_step_tensor is None:
        return get_global_step(graph)
    assert_global_step(global_step_tensor)
    return global_step_tensor
