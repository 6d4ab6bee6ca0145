"""Variables: reference variables (`VariableV2`) and resource variables (`VarHandleOp`), reads and
assignments.

Both kinds are cells of the session's store. Writes change the cell's buffer in place where the
shape stays; the planner has put every use of the old value before, or given the cell a buffer of
its own.

Source: TF 1.15 core/ops/state_ops.cc, core/ops/resource_variable_ops.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tailrace.dtypes import ANY, INDEX, NUMERIC, int32
from tailrace.errors import (
    FailedPreconditionError,
    KernelError,
    NotFoundError,
    OutOfRangeError,
    invalid,
)
from tailrace.registry import Attr, fused, op
from tailrace.shapes import UNKNOWN, Shape, merge

_STATEFUL = {"_stateful": True}
_ALIGNED = 64  # bytes, as torch allocates


def store_value(cell: Any, value: Any, validate_shape: bool = True, owned: bool = False) -> None:
    """Make `value` the cell's, in place where the shape stays.

    The cell never shares `value`'s memory, but keeps it where that is `owned`.
    """
    old = cell.value
    if isinstance(old, torch.Tensor) and old.shape == value.shape and old.dtype is value.dtype:
        old.copy_(value)
        return
    wanted = cell.shape if old is None else old.shape
    if validate_shape and wanted is not None and wanted != value.shape:
        raise invalid(
            "Assign requires shapes of both tensors to match. lhs shape= "
            f"{list(wanted)} rhs shape= {list(value.shape)}"
        )
    if not isinstance(value, torch.Tensor):
        cell.value = value.copy()
        return
    if not (owned and _may_keep(value)):
        value = value.clone(memory_format=torch.contiguous_format)
    cell.value = value


def _may_keep(value: Any) -> bool:
    """Whether a tensor lies as a variable does: all of its memory, in order, well aligned."""
    whole = value.untyped_storage().nbytes() == value.nbytes and value.is_contiguous()
    return whole and value.data_ptr() % _ALIGNED == 0


# -- reference variables ---------------------------------------------------------------------------


def variable(ctx):
    """A variable that lives as long as the session; its output is a reference to it."""
    cell, shape = ctx.cell(), ctx.attr("shape")
    cell.shape = tuple(shape.as_list()) if shape.is_fully_defined() else None
    return cell


def _shape_of_variable(*, shape):
    return [Shape(shape._dims)]


def _shape_of_old_variable(*, shape):
    # TF: the older form cannot tell a scalar from an unknown shape
    return [Shape(shape._dims or None)]


for _name in ("VariableV2", "Variable"):
    _definition = op(
        _name,
        "-> ref: Ref(dtype)",
        dtype=ANY,
        shape=Attr("shape"),
        container="",
        shared_name="",
        _stateful=True,
        _context=True,
        _once=True,
    )(variable)

    _definition.shape(_shape_of_variable if _name == "VariableV2" else _shape_of_old_variable)
    _definition.no_gradient("a variable is where derivatives are taken, nothing is before it")


@op(
    "TemporaryVariable",
    "-> ref: Ref(dtype)",
    dtype=ANY,
    shape=Attr("shape"),
    var_name="",
    **_STATEFUL,
    _context=True,
)
def temporary_variable(ctx):
    """A variable that exists from here to its `DestroyTemporaryVariable`, within one run."""
    shape, dtype = ctx.attr("shape"), ctx.attr("dtype")
    cell = ctx.cell()
    cell.value = torch.from_numpy(np.zeros(shape.as_list(), dtype.as_numpy_dtype))
    return cell


@temporary_variable.shape
def temporary_variable_shape(*, shape):
    return [Shape(shape._dims)]


@op(
    "DestroyTemporaryVariable",
    "ref: Ref(T) -> value: T",
    T=ANY,
    var_name=Attr("string"),
    _writes="ref",
    **_STATEFUL,
)
def destroy_temporary_variable(ref):
    """The last value of a temporary variable, which is gone after."""
    value = ref.read()
    ref.value = None
    return value


@destroy_temporary_variable.shape
def destroy_temporary_variable_shape(ref):
    return [ref]


@op(
    "IsVariableInitialized",
    "ref: Ref(dtype) -> is_initialized: bool",
    dtype=ANY,
    _reads="ref",
    _waits=True,
)
def is_variable_initialized(ref):
    """Whether a variable has a value."""
    return torch.tensor(ref.value is not None)


@is_variable_initialized.shape
def is_variable_initialized_shape(ref):
    return [[]]


is_variable_initialized.no_gradient("a truth value does not vary smoothly")


@op(
    "Assign",
    "ref: Ref(T), value: T -> output_ref: Ref(T)",
    T=ANY,
    validate_shape=True,
    use_locking=True,
    _writes="ref",
    _owning="AssignOwned",
)
def assign(ref, value, *, validate_shape):
    """`ref = value`; gives the reference."""
    store_value(ref, value, validate_shape)
    return ref


@assign.shape
def assign_shape(ref, value, *, validate_shape):
    return (
        [merge(ref, value, "shapes of the variable and the value")] if validate_shape else [value]
    )


assign.no_gradient("an assignment has no derivative")


@fused(
    "AssignOwned",
    "ref: Ref(T), value: T -> output_ref: Ref(T)",
    T=ANY,
    validate_shape=True,
    use_locking=True,
    _writes="ref",
)
def assign_owned(ref, value, *, validate_shape):
    """`ref = value`, which nobody else needs; gives the reference."""
    store_value(ref, value, validate_shape, owned=True)
    return ref


def _accumulate(name: str, method: str, what: str) -> None:
    """`AssignAdd` and `AssignSub`."""

    def kernel(ref, value):
        current = ref.read()
        if current.shape != value.shape:
            raise invalid(
                f"{name} requires shapes of both tensors to match. lhs shape= "
                f"{list(current.shape)} rhs shape= {list(value.shape)}"
            )
        getattr(current, method)(value)
        return ref

    kernel.__doc__ = f"`{what}`; gives the reference."
    definition = op(
        name,
        "ref: Ref(T), value: T -> output_ref: Ref(T)",
        T=NUMERIC,
        use_locking=False,
        _writes="ref",
        _stateful=False,
    )(kernel)
    definition.shape(lambda ref, value: [merge(ref, value, "shapes of the variable and the value")])
    definition.no_gradient("an assignment has no derivative")


_accumulate("AssignAdd", "add_", "ref += value")
_accumulate("AssignSub", "sub_", "ref -= value")


@op("CountUpTo", "ref: Ref(T) -> output: T", T=INDEX, limit=Attr("int"), _writes="ref")
def count_up_to(ref, *, limit):
    """The variable's value, which then grows by one, until it reaches `limit`."""
    value = ref.read()
    if int(value) >= limit:
        raise KernelError(OutOfRangeError, f"Reached limit of {limit}")
    before = value.clone()
    value.add_(1)
    return before


@count_up_to.shape
def count_up_to_shape(ref):
    return [[]]


count_up_to.no_gradient("a counter has no derivative")

# -- resource variables ----------------------------------------------------------------------------


@op(
    "VarHandleOp",
    "-> resource: resource",
    container="",
    shared_name="",
    dtype=Attr("type"),
    shape=Attr("shape"),
    _stateful=True,
    _context=True,
    _once=True,
)
def var_handle(ctx):
    """A handle of a variable that lives as long as the session."""
    return ctx.cell()


@var_handle.shape
def var_handle_shape():
    return [[]]


@var_handle.handle
def var_handle_leads_to(*, dtype, shape):
    return dtype, Shape(shape._dims)


var_handle.no_gradient("a handle is no number")


@op(
    "ReadVariableOp",
    "resource: resource -> value: dtype",
    dtype=ANY,
    _reads="resource",
    _alias=True,
    **_STATEFUL,
)
def read_variable(resource):
    """The value of a resource variable."""
    return _read(resource)


def _read(cell: Any) -> Any:
    if cell.value is None:
        raise KernelError(
            FailedPreconditionError,
            f"Error while reading resource variable {cell.name}: it is uninitialized. "
            "Run its initializer first.",
        )
    return cell.value


@read_variable.shape
def read_variable_shape(resource):
    return [UNKNOWN if resource.handle is None else Shape(resource.handle[1])]


@read_variable.gradient
def read_variable_grad(g, op, grad):
    """The handle stands for the variable."""
    return grad


@op(
    "AssignVariableOp",
    "resource: resource, value: dtype",
    dtype=ANY,
    _writes="resource",
    _owning="AssignVariableOwned",
    **_STATEFUL,
)
def assign_variable(resource, value):
    """Set a resource variable."""
    store_value(resource, value, validate_shape=False)


@fused(
    "AssignVariableOwned",
    "resource: resource, value: dtype",
    dtype=ANY,
    _writes="resource",
    **_STATEFUL,
)
def assign_variable_owned(resource, value):
    """Set a resource variable to what nobody else needs."""
    store_value(resource, value, validate_shape=False, owned=True)


@assign_variable.shape
def assign_variable_shape(resource, value):
    return []


def _accumulate_resource(name: str, method: str, what: str) -> None:
    def kernel(resource, value):
        getattr(_read(resource), method)(value)

    kernel.__doc__ = f"`{what}` of a resource variable."
    definition = op(
        name, "resource: resource, value: dtype", dtype=ANY, _writes="resource", **_STATEFUL
    )(kernel)
    definition.shape(lambda resource, value: [])
    definition.no_gradient("an assignment has no derivative")


_accumulate_resource("AssignAddVariableOp", "add_", "value += delta")
_accumulate_resource("AssignSubVariableOp", "sub_", "value -= delta")


@op(
    "VarIsInitializedOp",
    "resource: resource -> is_initialized: bool",
    _reads="resource",
    _waits=True,
    **_STATEFUL,
)
def var_is_initialized(resource):
    """Whether a resource variable has a value."""
    return torch.tensor(resource.value is not None)


@var_is_initialized.shape
def var_is_initialized_shape(resource):
    return [[]]


var_is_initialized.no_gradient("a truth value does not vary smoothly")


@op(
    "VariableShape",
    "input: resource -> output: out_type",
    out_type=Attr("type", int32, INDEX),
    _reads="input",
    **_STATEFUL,
)
def variable_shape_op(input, *, out_type):
    """The shape of a resource variable."""
    return torch.tensor(
        list(_read(input).shape), dtype=torch.int32 if out_type.size == 4 else torch.int64
    )


@variable_shape_op.shape
def variable_shape_op_shape(input, *, out_type):
    return [[None if input.handle is None or input.handle[1] is None else len(input.handle[1])]]


variable_shape_op.no_gradient("a shape does not vary smoothly")


@op(
    "DestroyResourceOp",
    "resource: resource",
    ignore_lookup_error=True,
    _writes="resource",
    **_STATEFUL,
)
def destroy_resource(resource, *, ignore_lookup_error):
    """Forget a variable's value; one that has none is an error if that is wished."""
    if resource.value is None and not ignore_lookup_error:
        raise KernelError(NotFoundError, f"Resource {resource.name} does not exist.")
    resource.value = None


@destroy_resource.shape
def destroy_resource_shape(resource):
    return []
