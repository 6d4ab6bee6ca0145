"""Assignments as functions: `tf.assign`, `tf.scatter_add` and their kin, on either kind of
variable.

Source: TF 1.15 python/ops/state_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor, g
from tailrace.library.variable_scatter import nd_indices
from tailrace.library.variables import RefVariable, ResourceVariable


def _by_reference(ref: Any) -> bool:
    return isinstance(ref, RefVariable) or (isinstance(ref, Tensor) and ref.dtype._is_ref_dtype)


def assign(
    ref: Any,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Any:
    """Set a variable; gives what reads as its new value.

    With `validate_shape=False` the variable may change its shape.
    """
    if _by_reference(ref):
        return g.Assign(
            ref, value, use_locking=use_locking, name=name, validate_shape=validate_shape
        )
    return ref.assign(value, name=name)


def assign_add(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Add to a variable."""
    if _by_reference(ref):
        return g.AssignAdd(ref, value, use_locking=use_locking, name=name)
    return ref.assign_add(value)


def assign_sub(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Subtract from a variable."""
    if _by_reference(ref):
        return g.AssignSub(ref, value, use_locking=use_locking, name=name)
    return ref.assign_sub(value)


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """A variable's value, which then grows by one until it reaches `limit`;
    then OutOfRangeError.
    """
    if _by_reference(ref):
        return g.CountUpTo(ref, limit=limit, name=name)
    return g.ResourceCountUpTo(ref.handle, limit=limit, T=ref.dtype, name=name)


def _scatter(action: str, nd: bool = False, locking: bool = False) -> Callable[..., Any]:
    """A function `(ref, indices, updates, use_locking, name)` of either kind of variable."""
    op_type = f"Scatter{'Nd' if nd else ''}{action}"

    def scatter(
        ref: Any, indices: Any, updates: Any, use_locking: bool = locking, name: str | None = None
    ) -> Any:
        if not isinstance(ref, ResourceVariable):
            return getattr(g, op_type)(ref, indices, updates, use_locking=use_locking, name=name)
        values = g.convert(updates, ref.dtype)
        return ref._changed(
            getattr(g, "Resource" + op_type)(ref.handle, indices, values, name=name), True
        )

    scatter.__name__ = f"scatter_{'nd_' if nd else ''}{action.lower()}"
    return scatter


def batch_scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """Set rows of each matrix of a stack.

    Shapes: ref [B..., N, ...], indices [B..., M], updates [B..., M, ...].
    Raises: ValueError for indices of unknown rank.
    """
    with g.name_scope(name):
        return scatter_nd_update(ref, nd_indices(indices), updates, use_locking=use_locking)


scatter_update = _scatter("Update", locking=True)
scatter_add = _scatter("Add")
scatter_sub = _scatter("Sub")
scatter_mul = _scatter("Mul")
scatter_div = _scatter("Div")
scatter_min = _scatter("Min")
scatter_max = _scatter("Max")
scatter_nd_update = _scatter("Update", nd=True, locking=True)
scatter_nd_add = _scatter("Add", nd=True)
scatter_nd_sub = _scatter("Sub", nd=True)
