"""Values written into parts of variables: `v[1:3].assign(x)`.

Source: TF 1.15 core/ops/array_ops.cc, core/kernels/strided_slice_op.cc (StridedSliceAssignOp).
"""

from __future__ import annotations

from tailrace import errors
from tailrace.dtypes import ANY, INDEX
from tailrace.errors import ShapeError
from tailrace.ops.array.indices import Masks, index_tuple, without_negative_steps
from tailrace.registry import op, type_attr

_MASKS = {
    "begin_mask": 0,
    "end_mask": 0,
    "ellipsis_mask": 0,
    "new_axis_mask": 0,
    "shrink_axis_mask": 0,
}
_BOUNDS = "begin: Index, end: Index, strides: Index, value: T"
_HOST = ("begin", "end", "strides")


def _write(cell, bounds, value, masks):
    """Copy the value into a part of the variable's buffer."""
    array = cell.read()
    try:
        begin, end, strides = bounds
        index = index_tuple(begin, end, strides, masks)
        forward, turned = without_negative_steps(index, array.shape)
        part = array[tuple(forward)]
    except (IndexError, ShapeError) as error:
        raise errors.invalid(str(error)) from None
    if part.shape != value.shape:
        raise errors.KernelError(
            errors.UnimplementedError,
            f"sliced l-value shape {list(part.shape)} does not match r-value shape "
            f"{list(value.shape)}: a value is not broadcast",
        )
    part.copy_(value.flip(turned) if turned else value)


@op(
    "StridedSliceAssign",
    f"ref: Ref(T), {_BOUNDS} -> output_ref: Ref(T)",
    T=ANY,
    Index=type_attr(INDEX),
    _host=_HOST,
    _writes="ref",
    **_MASKS,
)
def strided_slice_assign(
    ref, begin, end, strides, value, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask,
):  # fmt: skip
    """`ref[begin:end:strides] = value`; gives the reference."""
    masks = Masks(begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    _write(ref, (begin, end, strides), value, masks)
    return ref


@strided_slice_assign.shape
def strided_slice_assign_shape(ref, begin, end, strides, value):
    return [ref]


@op(
    "ResourceStridedSliceAssign",
    f"ref: resource, {_BOUNDS} ->",
    T=ANY,
    Index=type_attr(INDEX),
    _host=_HOST,
    _writes="ref",
    _stateful=True,
    **_MASKS,
)
def resource_strided_slice_assign(
    ref, begin, end, strides, value, *, begin_mask, end_mask, ellipsis_mask, new_axis_mask,
    shrink_axis_mask,
):  # fmt: skip
    """`ref[begin:end:strides] = value` of a resource variable."""
    masks = Masks(begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    _write(ref, (begin, end, strides), value, masks)


@resource_strided_slice_assign.shape
def resource_strided_slice_assign_shape(ref, begin, end, strides, value):
    return []
