"""Changing single rows and elements of variables.

Source: TF 1.15 core/kernels/scatter_op.cc, scatter_nd_op.cc, resource_variable_ops.cc.
"""

from __future__ import annotations

from typing import Any

import torch

from tailrace import ordering
from tailrace.dtypes import (
    ANY,
    INDEX,
    NUMERIC,
    bfloat16,
    float16,
    float32,
    float64,
    int32,
    int64,
)
from tailrace.errors import FailedPreconditionError, KernelError, invalid
from tailrace.native import updates as added
from tailrace.registry import op
from tailrace.shapes import UNKNOWN, Shape


def _read(cell: Any) -> Any:
    if cell.value is None:
        raise KernelError(
            FailedPreconditionError, f"Attempting to use uninitialized value {cell.name}"
        )
    return cell.value


def _flat_rows(var: torch.Tensor, indices: torch.Tensor, updates: torch.Tensor) -> tuple[Any, Any]:
    """Indices as a vector and the update of each; a scalar update serves all."""
    index = indices.reshape(-1).long()
    if index.numel():
        bad = ((index < 0) | (index >= var.shape[0])).nonzero()
        if bad.numel():
            at = int(bad[0])
            raise invalid(f"indices[{at}] = {int(index[at])} is not in [0, {var.shape[0]})")
    if updates.dim() == 0:
        return index, updates.expand(index.shape[0], *var.shape[1:])
    expected = (*indices.shape, *var.shape[1:])
    if tuple(updates.shape) != expected:
        raise invalid(
            "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got "
            f"updates.shape {list(updates.shape)}, indices.shape {list(indices.shape)}, "
            f"params.shape {list(var.shape)}"
        )
    return index, updates.reshape(index.shape[0], *var.shape[1:])


def _set_rows(var, index, rows):
    if index.unique().numel() == index.numel():
        var.index_copy_(0, index, rows)
        return
    # of several updates of a row the last wins
    for i, row in zip(index.tolist(), rows, strict=True):
        var[i] = row


def _row_by_row(combine: Any) -> Any:
    """Repeated indices are combined one after another."""

    def apply(var, index, rows):
        for i, row in zip(index.tolist(), rows, strict=True):
            var[i] = combine(var[i], row)

    return apply


# what each operation does to the rows of a variable
_ORDERED = (float16, bfloat16, float32, float64, int32, int64)
_ACTIONS: dict[str, Any] = {
    "Update": _set_rows,
    "Add": lambda var, index, rows: var.index_add_(0, index, rows),
    "Sub": lambda var, index, rows: var.index_add_(0, index, rows, alpha=-1),
    "Mul": _row_by_row(torch.mul),
    "Div": _row_by_row(torch.div),
    "Min": _row_by_row(ordering.smaller),
    "Max": _row_by_row(ordering.larger),
}
# of those that add, what the updates count
_FACTORS = {"Add": 1.0, "Sub": -1.0}
_WORDS = {
    "Update": "ref[indices] = updates",
    "Add": "ref[indices] += updates, repeated indices adding up",
    "Sub": "ref[indices] -= updates, repeated indices adding up",
    "Mul": "ref[indices] *= updates",
    "Div": "ref[indices] /= updates",
    "Min": "ref[indices] = min(ref[indices], updates)",
    "Max": "ref[indices] = max(ref[indices], updates)",
}


def _no_outputs(*_: Any) -> list[Any]:
    return []


def _ref_shape(ref: Any, *_: Any) -> list[Any]:
    return [ref]


def _register_rows(action: str) -> None:
    """`Scatter<action>` and `ResourceScatter<action>`."""
    apply, factor = _ACTIONS[action], _FACTORS.get(action)

    def kernel(ref, indices, updates):
        var = _read(ref)
        fits = updates.shape == (*indices.shape, *var.shape[1:])
        if factor and fits and added.add_rows(var, indices, updates, factor):
            return ref
        apply(var, *_flat_rows(var, indices, updates))
        return ref

    def resource_kernel(resource, indices, updates):
        kernel(resource, indices, updates)

    kernel.__doc__ = resource_kernel.__doc__ = _WORDS[action]
    types = {"Update": ANY, "Min": _ORDERED, "Max": _ORDERED}.get(action, NUMERIC)
    definition = op(
        f"Scatter{action}",
        "ref: Ref(T), indices: Tindices, updates: T -> output_ref: Ref(T)",
        T=types,
        Tindices=INDEX,
        use_locking=action == "Update",
        _writes="ref",
    )(kernel)
    definition.shape(_ref_shape)
    # TF: declares it for these four only
    declare = definition.no_gradient if types is NUMERIC else definition.missing_gradient
    declare("an assignment has no derivative")
    definition = op(
        f"ResourceScatter{action}",
        "resource: resource, indices: Tindices, updates: dtype",
        dtype=ANY if action == "Update" else NUMERIC,
        Tindices=INDEX,
        _writes="resource",
        _stateful=True,
    )(resource_kernel)
    definition.shape(_no_outputs)
    definition.no_gradient("an assignment has no derivative")


def nd_positions(indices: torch.Tensor, shape: Any) -> tuple[torch.Tensor, ...]:
    """Index vectors, one per indexed dimension, checked against the shape."""
    flat = indices.reshape(-1, indices.shape[-1]).long()
    limits = torch.tensor(list(shape[: flat.shape[1]]))
    bad = ((flat < 0) | (flat >= limits)).any(1).nonzero()
    if bad.numel():
        at = int(bad[0])
        raise invalid(
            f"indices[{at}] = {flat[at].tolist()} does not index into shape {list(shape)}"
        )
    return tuple(flat.unbind(1))


def _register_elements(action: str) -> None:
    """`ScatterNd<action>` and `ResourceScatterNd<action>`."""

    def kernel(ref, indices, updates):
        var = _read(ref)
        positions = nd_positions(indices, var.shape)
        values = updates.reshape(-1, *var.shape[indices.shape[-1] :])
        if action == "Update":
            var[positions] = values
        else:
            var.index_put_(positions, values if action == "Add" else -values, accumulate=True)
        return ref

    def resource_kernel(ref, indices, updates):
        kernel(ref, indices, updates)

    kernel.__doc__ = resource_kernel.__doc__ = (
        f"{_WORDS[action]}, where indices[..., :] are positions."
    )
    types = ANY if action == "Update" else NUMERIC
    definition = op(
        f"ScatterNd{action}",
        "ref: Ref(T), indices: Tindices, updates: T -> output_ref: Ref(T)",
        T=types,
        Tindices=INDEX,
        use_locking=action == "Update",
        _writes="ref",
    )(kernel)
    definition.shape(_ref_shape)
    definition.no_gradient("an assignment has no derivative")
    definition = op(
        f"ResourceScatterNd{action}",
        "ref: resource, indices: Tindices, updates: T",
        T=ANY,
        Tindices=INDEX,
        use_locking=True,
        _writes="ref",
        _stateful=True,
    )(resource_kernel)
    definition.shape(_no_outputs)
    definition.no_gradient("an assignment has no derivative")


for _action in _ACTIONS:
    _register_rows(_action)
for _action in ("Update", "Add", "Sub"):
    _register_elements(_action)


@op(
    "ResourceGather",
    "resource: resource, indices: Tindices -> output: dtype",
    batch_dims=0,
    validate_indices=True,
    dtype=ANY,
    Tindices=INDEX,
    _reads="resource",
    _stateful=True,
)
def resource_gather(resource, indices):
    """Rows of a resource variable.

    Shapes: indices [...], output indices.shape + variable.shape[1:].
    """
    var = _read(resource)
    index, _ = _flat_rows(var, indices, var.new_zeros(()))
    return var.index_select(0, index).reshape(*indices.shape, *var.shape[1:])


@resource_gather.shape
def resource_gather_shape(resource, indices):
    dims = None if resource.handle is None else resource.handle[1]
    if dims is None:
        return [UNKNOWN]
    return [indices + Shape(dims)[1:]]


@resource_gather.gradient
def resource_gather_grad(g, op, grad):
    """Rows of the gradient belong where they came from."""
    handle = op.resource
    # TF: the shape is known of the variable's own handle, not of what a loop or conditional makes
    # of it.
    own = handle.op.op_def.handle_rule is not None
    if own and handle._handle is not None and handle._handle[1] is not None:
        shape = g.constant(list(handle._handle[1]), name="Const")
    else:
        shape = g.VariableShape(handle)
    size = g.ExpandDims(g.size(op.indices), 0)
    values = g.Reshape(grad, g.ConcatV2([size, shape[1:]], 0, name="concat"))
    return g.indexed_slices(values, g.Reshape(op.indices, size), shape), None
