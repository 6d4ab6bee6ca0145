"""`tf.contrib.framework`: setting variables from arrays or from checkpoints through feeds.

Source: TF 1.15 contrib/framework/python/ops/variables.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace.graph import Operation, Tensor, g
from tailrace.library.checkpoint_utils import NewCheckpointReader
from tailrace.library.collections import GraphKeys, get_collection
from tailrace.library.saver import Saver
from tailrace.library.saver_builder import V1

_log = logging.getLogger("tailrace")


def get_variable_full_name(var: Any) -> str:
    """The name in checkpoints; of a slice that of the whole."""
    return var._save_slice_info.full_name if var._save_slice_info else var.op.name


def _assign_placeholder(variable: Any) -> tuple[Tensor, Any]:
    placeholder = g.Placeholder(
        dtype=variable.dtype.base_dtype,
        shape=variable.get_shape(),
        name=f"placeholder/{variable.op.name}",
    )
    return placeholder, variable.assign(placeholder)


def assign_from_values(var_names_to_values: dict[str, Any]) -> tuple[Operation, dict[Tensor, Any]]:
    """An operation that sets variables to arrays, and the feed dict it takes.

    Raises: ValueError for a name that no variable has.
    """
    feeds, assigns = {}, []
    for name, value in var_names_to_values.items():
        variable = _variable_named(name)
        placeholder, assign = _assign_placeholder(variable)
        assigns.append(assign)
        feeds[placeholder] = np.asarray(value).reshape(variable.get_shape().as_list())
    return g.group(*assigns), feeds


def _variable_named(name: str) -> Any:
    found = get_collection(GraphKeys.GLOBAL_VARIABLES, name)
    if not found:
        raise ValueError(f"Variable {name} wasn't found")
    exact = [variable for variable in found if variable.op.name == name]
    if len(found) > 1 and not exact:
        raise ValueError(f"Variable {name} doesn't uniquely identify a variable")
    return exact[0] if exact else found[0]


def assign_from_values_fn(var_names_to_values: dict[str, Any]) -> Callable[[Any], Any]:
    """A function of a session that sets variables to arrays."""
    assign, feeds = assign_from_values(var_names_to_values)
    return lambda session: session.run(assign, feeds)


def assign_from_checkpoint(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Operation, dict[Tensor, Any]]:
    """An operation that sets variables to a checkpoint's values, and the feed dict it takes.

    Raises: ValueError for a variable the checkpoint lacks (unless ignored) or of another shape.
    """
    reader = NewCheckpointReader(model_path)
    feeds, assigns = {}, []
    for name, group in _grouped(var_list).items():
        if not reader.has_tensor(name):
            if not ignore_missing_vars:
                raise ValueError(f"Checkpoint is missing variable [{name}]")
            _log.warning("Checkpoint is missing variable [%s]", name)
            continue
        value = np.asarray(reader.get_tensor(name))
        for variable in group:
            placeholder, assign = _assign_placeholder(variable)
            assigns.append(assign)
            feeds[placeholder] = _part_of(value, variable, name)
    return g.group(*assigns), feeds


def _grouped(var_list: Any) -> dict[str, list[Any]]:
    """Name in the checkpoint -> the variables it sets."""
    groups: dict[str, list[Any]] = {}
    if isinstance(var_list, (tuple, list)):
        for variable in var_list:
            groups.setdefault(get_variable_full_name(variable), []).append(variable)
        return groups
    for name, value in var_list.items():
        groups[name] = list(value) if isinstance(value, (tuple, list)) else [value]
    return groups


def _part_of(value: np.ndarray, variable: Any, name: str) -> np.ndarray:
    info = variable._save_slice_info
    if info is not None:
        bounds = zip(info.var_offset, info.var_shape, strict=True)
        return value[tuple(slice(start, start + size) for start, size in bounds)]
    if not variable.get_shape().is_compatible_with(value.shape):
        raise ValueError(
            f"Total size of new array must be unchanged for {name} lh_shape: [{value.shape}], "
            f"rh_shape: [{variable.get_shape()}]"
        )
    return value


def assign_from_checkpoint_fn(
    model_path: str,
    var_list: Any,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[[Any], None] | None:
    """A function of a session that restores variables; None when the checkpoint has none of them.

    Raises: ValueError for an empty `var_list`.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        reader = NewCheckpointReader(model_path)
        named = var_list
        if not isinstance(named, dict):
            named = {variable.op.name: variable for variable in var_list}
        var_list = {name: v for name, v in named.items() if reader.has_tensor(name)}
        for name in named.keys() - var_list.keys():
            _log.warning("Variable %s missing in checkpoint %s", name, model_path)
    if not var_list:
        _log.warning("No Variables to restore")
        return None
    saver = Saver(var_list, reshape=reshape_variables, write_version=V1)
    return lambda session: saver.restore(session, model_path)
