"""Tensor arrays: lists of tensors that loops write and read, each element once.

A handle is the Python object itself, which lives as long as the run that made it. The order of
reads and writes comes from the graph: the flow value that each operation on a tensor array takes
and gives, and control edges.

Source: TF 1.15 core/ops/data_flow_ops.cc, core/kernels/tensor_array.h, tensor_array_ops.cc,
python/ops/tensor_array_grad.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tailrace import arrays
from tailrace.dtypes import ANY, DType, int64
from tailrace.errors import KernelError, UnimplementedError, invalid
from tailrace.registry import Attr, fused, op
from tailrace.shapes import UNKNOWN, Shape, TensorShape, merge, with_rank

_UNKNOWN_SHAPE = Attr("shape", TensorShape(None))
_STATE: dict[str, Any] = {"_stateful": True}
_FLOW = torch.zeros(())
_HANDLE = [2]  # TF: a handle's shape, from when handles were a pair of strings


# -- tensor arrays ---------------------------------------------------------------------------------


class Array:
    """The elements of a tensor array, each written once.

    An array of gradients (`sums`) adds up what is written to an element, and its elements not
    written are zero.
    """

    __slots__ = (
        "clear_after_read",
        "dims",
        "dtype",
        "dynamic",
        "gradients",
        "identical",
        "name",
        "read",
        "shapes",
        "sums",
        "values",
    )

    def __init__(
        self, name: str, dtype: DType, dims: tuple[int | None, ...] | None, size: int
    ) -> None:
        self.name = name
        self.dtype = dtype
        self.dims = dims
        self.values: list[Any] = [None] * size
        self.read = [False] * size
        self.shapes: list[Any] = [None] * size  # of elements known to exist though not written
        self.dynamic = False
        self.identical = False
        self.clear_after_read = True
        self.sums = False
        self.gradients: dict[bytes, Array] = {}

    def gradient(self, source: bytes) -> Array:
        """The array of this array's gradients that belongs to one call of `tf.gradients`."""
        found = self.gradients.get(source)
        if found is None:
            found = Array(f"{self.name}@{source.decode()}", self.dtype, self.dims, len(self.values))
            found.shapes = [
                tuple(v.shape) if v is not None else s
                for v, s in zip(self.values, self.shapes, strict=True)
            ]
            found.sums = True
            found.identical = self.identical
            self.dynamic = False
            self.gradients[source] = found
        return found

    def grow(self, size: int) -> None:
        """Add elements that are not written yet."""
        missing = size - len(self.values)
        self.values.extend([None] * missing)
        self.read.extend([False] * missing)
        self.shapes.extend([None] * missing)

    def put(self, index: int, value: Any) -> None:
        """Write element `index`. Raises: KernelError when it cannot be written."""
        if not 0 <= index < len(self.values):
            if index < 0 or not self.dynamic:
                raise invalid(
                    f"TensorArray {self.name}: Tried to write to index {index} but array is not "
                    f"resizeable and size is: {len(self.values)}"
                )
            self.grow(index + 1)
        if self.dims != value.shape and (self.dims is not None or self.identical):
            self._check_shape(index, tuple(value.shape))
        if self.read[index]:
            raise self._refused(index, "has already been read")
        old = self.values[index]
        if old is None:
            self.values[index] = value
        elif not self.sums:
            raise self._refused(index, "has already been written to")
        elif old.shape != value.shape:
            raise invalid(
                f"TensorArray {self.name}: Could not aggregate to TensorArray index {index} "
                "because the "
                f"existing shape is {list(old.shape)} but the new input shape is "
                f"{list(value.shape)}."
            )
        else:
            self.values[index] = old + value

    def _refused(self, index: int, why: str) -> KernelError:
        return invalid(
            f"TensorArray {self.name}: Could not write to TensorArray index {index} because it "
            f"{why}."
        )

    def _check_shape(self, index: int, shape: tuple[int, ...]) -> None:
        dims = self.dims
        if dims is None:
            self.dims = shape
        elif len(dims) != len(shape) or any(
            d not in (None, n) for d, n in zip(dims, shape, strict=True)
        ):
            raise invalid(
                f"TensorArray {self.name}: Could not write to TensorArray index {index} because "
                "the "
                f"value shape is {list(shape)} which is incompatible with the TensorArray's "
                "inferred "
                f"element shape: {list(dims)} (consider setting infer_shape=False)."
            )
        elif self.identical:
            self.dims = shape

    def get(self, index: int) -> Any:
        """Element `index`. Raises: KernelError when it cannot be read."""
        if not 0 <= index < len(self.values):
            raise invalid(f"Tried to read from index {index} but array size is: {len(self.values)}")
        value = self.values[index]
        if value is None:
            value = self._unwritten(index)
        if self.clear_after_read:
            self.values[index] = None
            self.shapes[index] = tuple(value.shape)
        self.read[index] = True
        return value

    def _unwritten(self, index: int) -> Any:
        if self.read[index] and self.clear_after_read:
            raise invalid(
                f"TensorArray {self.name}: Could not read index {index} twice because it was "
                "cleared "
                "after a previous read (perhaps try setting clear_after_read = false?)."
            )
        shape = self.shapes[index] or self.dims
        if shape is None or None in shape:
            raise invalid(
                f"TensorArray {self.name}: Could not read from TensorArray index {index}.  "
                "Furthermore, "
                f"the element shape is not fully defined: {TensorShape(shape)}.  The element was "
                "never "
                "written; with the full element_shape given, it would be zeros."
            )
        return _zeros(shape, self.dtype)

    def get_all(self, indices: list[int]) -> list[Any]:
        """The elements at `indices`. Raises: KernelError when their shapes differ."""
        values = [self.get(i) for i in indices]
        first = values[0].shape
        for i, value in enumerate(values):
            if value.shape != first:
                raise invalid(
                    f"TensorArray has inconsistent shapes.  Index 0 has shape: {list(first)} but "
                    "index "
                    f"{i} has shape: {list(value.shape)}"
                )
        return values


def _zeros(shape: Any, dtype: DType) -> Any:
    if dtype.name == "string":
        return np.full(tuple(shape), b"", dtype=object)
    return torch.zeros(tuple(shape), dtype=arrays.torch_dtype(dtype))


def _dims(shape: TensorShape) -> tuple[int | None, ...] | None:
    return Shape(shape._dims).dims


@op(
    "TensorArrayV3",
    "size: int32 -> handle: resource, flow: float32",
    dtype=ANY,
    element_shape=_UNKNOWN_SHAPE,
    dynamic_size=False,
    clear_after_read=True,
    identical_element_shapes=False,
    tensor_array_name="",
    _host="size",
    _context=True,
    _array="new",
    _anywhere="flow",
    **_STATE,
)
def tensor_array(ctx, size):
    """A new array of `size` tensors."""
    if size < 0:
        raise invalid("Size should be >= 0.")
    name = ctx.attr("tensor_array_name").decode() or ctx.name
    array = Array(name, ctx.attr("dtype"), _dims(ctx.attr("element_shape")), size)
    array.dynamic = ctx.attr("dynamic_size")
    array.identical = ctx.attr("identical_element_shapes")
    array.clear_after_read = ctx.attr("clear_after_read")
    return array, _FLOW


@tensor_array.shape
def tensor_array_shape(size):
    with_rank(size, 0, "size")
    return [_HANDLE, []]


@tensor_array.contents
def tensor_array_contents(box, size, *, dynamic_size):
    if size.value is not None and not dynamic_size:
        box.length = int(size.value)


@tensor_array.handle
def tensor_array_handle(size, *, dtype, element_shape, identical_element_shapes):
    dims = _dims(element_shape)
    known = identical_element_shapes or (dims is not None and None not in dims)
    return (dtype, Shape(dims)) if known else None


@op(
    "TensorArrayGradV3",
    "handle: resource, flow_in: float32 -> grad_handle: resource, flow_out: float32",
    source=Attr("string"),
    _array="gradient",
    _anywhere=("flow_in", "flow_out"),
    **_STATE,
    _alias=True,
)
def tensor_array_grad(handle, flow_in, *, source):
    """The array of an array's gradients, one for each call of `tf.gradients` (`source`)."""
    return handle.gradient(source), flow_in


@tensor_array_grad.shape
def tensor_array_grad_shape(handle, flow_in):
    return [_HANDLE, []]


@op(
    "TensorArrayGradWithShape",
    "handle: resource, flow_in: float32, shape_to_prepend: int32 -> grad_handle: resource, "
    "flow_out: float32",
    source=Attr("string"),
    _host="shape_to_prepend",
    _alias=True,
    _anywhere=("flow_in", "flow_out"),
    **_STATE,
)
def tensor_array_grad_with_shape(handle, flow_in, shape_to_prepend, *, source):
    """`TensorArrayGradV3` whose elements have more dimensions in front."""
    array = handle.gradient(source)
    array.shapes = [None if s is None else (*shape_to_prepend, *s) for s in array.shapes]
    array.dims = None if array.dims is None else (*shape_to_prepend, *array.dims)
    return array, flow_in


tensor_array_grad_with_shape.shape(lambda handle, flow_in, shape_to_prepend: [_HANDLE, []])


def _source(g, tensor):
    """Which call of `tf.gradients` a gradient belongs to, told by its name."""
    parts = tensor.name.split("/")
    found = [i for i, part in enumerate(parts) if part.startswith("gradients")]
    if not found:
        raise ValueError(
            "Expected op/tensor name to start with gradients (excluding scope), got: "
            f"{tensor.name}. "
            "Calls of tf.gradients that differentiate tensor arrays need a name that starts with "
            "'gradients'."
        )
    return "/".join(parts[: found[-1] + 1])


def _gradient_array(g, op, grad, flow):
    """Handle and flow of the array that holds the gradients of `op`'s array."""
    source = _source(g, grad)
    with g.name_scope(None, "TensorArrayGrad"), g.colocate_with(op.handle):
        handle, _ = g.TensorArrayGradV3(op.handle, flow, source=source)
        with g.control_dependencies([handle]):
            return handle, g.Identity(flow, name="gradient_flow")


@tensor_array_grad_with_shape.handle
def tensor_array_grad_with_shape_handle(handle, flow_in, shape_to_prepend):
    if handle.handle is None:
        return None
    dtype, dims = handle.handle
    prepended = None if shape_to_prepend.dims is None else shape_to_prepend.dims[0]
    if dims is None or prepended is None:
        return dtype, UNKNOWN
    return dtype, Shape([None] * prepended + list(dims))


@tensor_array_grad_with_shape.contents
def tensor_array_grad_with_shape_contents(box, handle, flow_in, shape_to_prepend):
    box.put(UNKNOWN)


# -- one element -----------------------------------------------------------------------------------


@op(
    "TensorArrayReadV3",
    "handle: resource, index: int32, flow_in: float32 -> value: dtype",
    dtype=ANY,
    _host="index",
    _alias=True,
    _array="read",
    _anywhere="flow_in",
    **_STATE,
)
def tensor_array_read(handle, index, flow_in):
    """Element `index`."""
    return handle.get(index)


@tensor_array_read.shape
def tensor_array_read_shape(handle, index, flow_in):
    with_rank(index, 0, "index")
    return [UNKNOWN if handle.handle is None else Shape(handle.handle[1])]


@tensor_array_read.contents
def tensor_array_read_contents(box, handle, index, flow_in):
    return [box.get()]


@tensor_array_read.gradient
def tensor_array_read_grad(g, op, grad):
    handle, flow = _gradient_array(g, op, grad, op.flow_in)
    with g.name_scope(None, "TensorArrayWrite"):
        value = g.convert(grad, name="value")
        return None, None, g.TensorArrayWriteV3(handle, op.index, value, flow)


@op(
    "TensorArrayWriteV3",
    "handle: resource, index: int32, value: T, flow_in: float32 -> flow_out: float32",
    T=ANY,
    _host="index",
    _alias=True,
    _array="write",
    _anywhere=("flow_in", "flow_out"),
    **_STATE,
)
def tensor_array_write(handle, index, value, flow_in):
    """Make `value` element `index`."""
    handle.put(index, value)
    return flow_in


@tensor_array_write.shape
def tensor_array_write_shape(handle, index, value, flow_in):
    with_rank(index, 0, "index")
    if handle.handle is not None:
        merge(Shape(handle.handle[1]), value)
    return [[]]


@tensor_array_write.contents
def tensor_array_write_contents(box, handle, index, value, flow_in):
    box.put(value)


@tensor_array_write.gradient
def tensor_array_write_grad(g, op, flow):
    handle, grad_flow = _gradient_array(g, op, flow, flow)
    return None, None, g.TensorArrayReadV3(handle, op.index, grad_flow, dtype=op.T), flow


# -- many elements ---------------------------------------------------------------------------------


@op(
    "TensorArrayGatherV3",
    "handle: resource, indices: int32, flow_in: float32 -> value: dtype",
    dtype=ANY,
    element_shape=_UNKNOWN_SHAPE,
    _host="indices",
    _array="gather",
    _anywhere="flow_in",
    **_STATE,
)
def tensor_array_gather(handle, indices, flow_in, *, element_shape):
    """The elements at `indices`, stacked."""
    if not indices:
        shape = handle.dims if handle.dims is not None else _dims(element_shape)
        if shape is None or None in shape:
            raise KernelError(
                UnimplementedError,
                f"TensorArray has size zero, but element shape {TensorShape(shape)} is not fully "
                "defined. Currently only static shapes are supported when packing zero-size "
                "TensorArrays.",
            )
        return _zeros((0, *shape), handle.dtype)
    values = handle.get_all(indices)
    return torch.stack(values) if isinstance(values[0], torch.Tensor) else np.stack(values)


@tensor_array_gather.shape
def tensor_array_gather_shape(handle, indices, flow_in, *, element_shape):
    with_rank(indices, 1, "indices")
    dims = _dims(element_shape) if handle.handle is None else handle.handle[1]
    return [UNKNOWN if dims is None else (indices[0], *dims)]


@tensor_array_gather.contents
def tensor_array_gather_contents(box, handle, indices, flow_in):
    return [(indices[0], *box.get())]


@tensor_array_gather.gradient
def tensor_array_gather_grad(g, op, grad):
    handle, flow = _gradient_array(g, op, grad, op.flow_in)
    with g.name_scope(None, "TensorArrayScatter"):
        value = g.convert(grad, name="value")
        return None, None, g.TensorArrayScatterV3(handle, op.indices, value, flow)


@op(
    "TensorArrayScatterV3",
    "handle: resource, indices: int32, value: T, flow_in: float32 -> flow_out: float32",
    T=ANY,
    _host="indices",
    _alias=True,
    _array="scatter",
    _anywhere=("flow_in", "flow_out"),
    **_STATE,
)
def tensor_array_scatter(handle, indices, value, flow_in):
    """Make the rows of `value` the elements at `indices`."""
    if value.ndim == 0 or value.shape[0] != len(indices):
        raise invalid(
            f"Expected len(indices) == values.shape[0], but saw: {len(indices)} vs. "
            f"{value.shape[0] if value.ndim else 'a scalar'}"
        )
    largest = max(indices, default=-1)
    if largest >= len(handle.values):
        if not handle.dynamic:
            raise invalid(
                f"Max scatter index must be < array size ({largest} vs. {len(handle.values)})"
            )
        handle.grow(largest + 1)
    for index, row in zip(indices, _rows(value), strict=True):
        handle.put(index, row)
    return flow_in


@fused(
    "ScatterSteps",
    "handle: resource, indices: int32, value: T, flow_in: float32 -> flow_out: float32",
    T=ANY,
    _host="indices",
    _alias=True,
    **_STATE,
)
def scatter_steps(handle, indices, value, flow_in):
    """`TensorArrayScatterV3` of what a loop's iterations have written."""
    return tensor_array_scatter(handle, indices, value, flow_in)


scatter_steps.shape(lambda handle, indices, value, flow_in: [[]])


def _rows(value):
    if isinstance(value, torch.Tensor):
        return value.unbind(0)
    return [value[i : i + 1].reshape(value.shape[1:]) for i in range(len(value))]


@tensor_array_scatter.shape
def tensor_array_scatter_shape(handle, indices, value, flow_in):
    with_rank(indices, 1, "indices")
    if handle.handle is not None and value.dims is not None:
        merge(Shape(handle.handle[1]), value[1:])
    return [[]]


@tensor_array_scatter.contents
def tensor_array_scatter_contents(box, handle, indices, value, flow_in):
    box.put(UNKNOWN if value.dims is None else Shape(value.dims[1:]))


@tensor_array_scatter.gradient
def tensor_array_scatter_grad(g, op, flow):
    handle, grad_flow = _gradient_array(g, op, flow, flow)
    return None, None, g.TensorArrayGatherV3(handle, op.indices, grad_flow, dtype=op.T), flow


@op(
    "TensorArrayConcatV3",
    "handle: resource, flow_in: float32 -> value: dtype, lengths: int64",
    dtype=ANY,
    element_shape_except0=_UNKNOWN_SHAPE,
    _anywhere="flow_in",
    **_STATE,
)
def tensor_array_concat(handle, flow_in, *, element_shape_except0):
    """All elements, one after another along their first dimension, and the length of each."""
    count = len(handle.values)
    if not count:
        rest = handle.dims[1:] if handle.dims else _dims(element_shape_except0)
        if rest is None or None in rest:
            raise KernelError(
                UnimplementedError,
                f"TensorArray has size zero, but element_shape_except0 {TensorShape(rest)} is not "
                "fully "
                "defined. Currently only static shapes are supported when concatenating zero-size "
                "TensorArrays.",
            )
        return _zeros((0, *rest), handle.dtype), torch.zeros(0, dtype=torch.int64)
    values = [handle.get(i) for i in range(count)]
    for i, value in enumerate(values):
        if value.ndim == 0:
            raise invalid(
                f"Concat saw a scalar shape at index {i} but requires at least vectors.  "
                "Did you mean to call pack?"
            )
        if value.shape[1:] != values[0].shape[1:]:
            raise invalid(
                "TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) shape: "
                f"{list(values[0].shape[1:])} but index {i} has (excepting dimension 0) shape: "
                f"{list(value.shape[1:])}"
            )
    joined = torch.cat(values) if isinstance(values[0], torch.Tensor) else np.concatenate(values)
    return joined, torch.tensor([v.shape[0] for v in values], dtype=torch.int64)


@tensor_array_concat.shape
def tensor_array_concat_shape(handle, flow_in):
    return [UNKNOWN, [None]]


@tensor_array_concat.gradient
def tensor_array_concat_grad(g, op, grad, _):
    handle, flow = _gradient_array(g, op, grad, op.flow_in)
    with g.name_scope(None, "TensorArraySplit"):
        value = g.convert(grad, name="value")
        lengths = g.cast(op.lengths, int64)
        return None, g.TensorArraySplitV3(handle, value, lengths, flow)


@op(
    "TensorArraySplitV3",
    "handle: resource, value: T, lengths: int64, flow_in: float32 -> flow_out: float32",
    T=ANY,
    _host="lengths",
    _alias=True,
    _anywhere=("flow_in", "flow_out"),
    **_STATE,
)
def tensor_array_split(handle, value, lengths, flow_in):
    """Cut `value` into pieces of `lengths` rows and make them the elements."""
    if value.ndim == 0:
        raise invalid("Expected value to be at least a vector, but received shape: []")
    if sum(lengths) != value.shape[0]:
        raise invalid(
            "Expected sum of lengths to be equal to values.shape[0], but sum of lengths is "
            f"{sum(lengths)} and value's shape is: {list(value.shape)}"
        )
    if len(lengths) != len(handle.values):
        if not handle.dynamic or len(lengths) < len(handle.values):
            raise invalid(
                f"TensorArray's size is not equal to the size of lengths ({len(handle.values)} vs. "
                f"{len(lengths)}), and the TensorArray is not marked as dynamically resizeable"
            )
        handle.grow(len(lengths))
    start = 0
    for index, length in enumerate(lengths):
        handle.put(index, value[start : start + length])
        start += length
    return flow_in


@tensor_array_split.shape
def tensor_array_split_shape(handle, value, lengths, flow_in):
    with_rank(lengths, 1, "lengths")
    return [[]]


@tensor_array_split.contents
def tensor_array_split_contents(box, handle, value, lengths, flow_in):
    box.put(UNKNOWN if value.dims is None else (None, *value.dims[1:]))


@tensor_array_split.gradient
def tensor_array_split_grad(g, op, flow):
    handle, grad_flow = _gradient_array(g, op, flow, flow)
    value, _ = g.TensorArrayConcatV3(handle, grad_flow, dtype=op.T)
    return None, value, None, flow


# -- the array itself ------------------------------------------------------------------------------


@op(
    "TensorArraySizeV3",
    "handle: resource, flow_in: float32 -> size: int32",
    _anywhere="flow_in",
    **_STATE,
)
def tensor_array_size(handle, flow_in):
    """The number of elements."""
    return torch.tensor(len(handle.values), dtype=torch.int32)


tensor_array_size.shape(lambda handle, flow_in: [[]])


@tensor_array_size.contents
def tensor_array_size_contents(box, handle, flow_in):
    return None if box.length is None else [np.array(box.length, np.int32)]


@op("TensorArrayCloseV3", "handle: resource ->", **_STATE)
def tensor_array_close(handle):
    """Free the elements."""
    handle.values.clear()


for _definition in (
    tensor_array,
    tensor_array_grad,
    tensor_array_grad_with_shape,
    tensor_array_size,
    tensor_array_close,
):
    _definition.no_gradient("it gives no number that elements' values change")
