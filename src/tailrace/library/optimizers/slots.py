"""Slots: variables an optimizer keeps beside the variables it changes, such as momenta.

Source: TF 1.15 python/training/slot_creator.py.
"""

from __future__ import annotations

import contextlib
from typing import Any

from tailrace.graph import g, get_default_graph
from tailrace.library.initializers import Zeros
from tailrace.library.variable_scope import get_variable, get_variable_scope, variable_scope
from tailrace.library.variables import RefVariable, ResourceVariable, SaveSliceInfo, Variable


def create_slot(
    primary: Any, value: Any, name: str, shape: Any = None, dtype: Any = None, colocate: bool = True
) -> Any:
    """A slot `<primary>/<name>` that starts at `value`, a tensor or an initializer of `shape`."""
    validate = (shape if callable(value) else value.get_shape()).is_fully_defined()
    graph = get_default_graph()
    place = graph.colocate_with(primary.op) if colocate else contextlib.nullcontext()
    with variable_scope(None, f"{primary.op.name}/{name}"), place:
        scope = get_variable_scope()
        partitioner = scope.partitioner
        scope.set_partitioner(None)
        slot = get_variable(
            "",
            initializer=value,
            trainable=False,
            use_resource=_use_resource(primary),
            shape=shape if callable(value) else None,
            dtype=dtype,
            validate_shape=validate,
        )
        scope.set_partitioner(partitioner)
    _take_slice_info(primary, slot)
    return slot


def _use_resource(primary: Any) -> bool | None:
    if isinstance(primary, ResourceVariable):
        return True
    return False if isinstance(primary, RefVariable) else None


def _take_slice_info(primary: Any, slot: Any) -> None:
    """A slot of a slice of a partitioned variable is the same slice of a larger slot."""
    info = getattr(primary, "_save_slice_info", None)
    if info is None:
        return
    real_name = slot.name[len(primary.op.name + "/") : -2]
    slot._set_save_slice_info(
        SaveSliceInfo(
            f"{info.full_name}/{real_name}", info.full_shape, info.var_offset, info.var_shape
        )
    )


def create_zeros_slot(primary: Any, name: str, dtype: Any = None, colocate: bool = True) -> Any:
    """A slot of zeros of the variable's shape."""
    dtype = primary.dtype.base_dtype if dtype is None else dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return create_slot(primary, Zeros(), name, shape, dtype, colocate)
    value = primary.initialized_value() if isinstance(primary, Variable) else primary
    return create_slot(primary, g.zeros(g.shape(value), dtype), name, colocate=colocate)
