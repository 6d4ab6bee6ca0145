"""TensorArray: a list of tensors that loops write and read, each element once.

Source: TF 1.15 python/ops/tensor_array_ops.py.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Tensor, convert_to_tensor, g, get_default_graph
from tailrace.library import logging
from tailrace.library.array import shape as shape_of
from tailrace.library.math import range as range_of
from tailrace.shapes import TensorShape


class TensorArray:
    """A list of tensors of one type, written once each.

    What writes gives a new TensorArray, to be used from then on: its `flow` makes that the write
    comes first. Gradients flow through it.
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Tensor | None = None,
        flow: Tensor | None = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        """A new array of `size` elements, or the array of `handle` in the state of `flow`.

        Args: dynamic_size, whether writing may make it longer; clear_after_read, whether an element
        is freed when it has been read (by default it is); infer_shape, whether all elements have
        one shape, and element_shape, what is known of it.
        Raises: ValueError for a handle together with what only a new array has, or neither.
        """
        if handle is not None:
            only_new = {
                "tensor_array_name": tensor_array_name or None,
                "size": size,
                "element_shape": element_shape,
                "dynamic_size": dynamic_size,
                "clear_after_read": clear_after_read,
            }
            _check_handle(handle, flow, only_new)
        elif size is None:
            raise ValueError("Size must be provided if handle is not provided")
        self._dynamic_size = dynamic_size or False
        self._dtype = as_dtype(dtype).base_dtype
        self._colocate_with_first_write_call = colocate_with_first_write_call
        self._colocate_with: list[Any] | None = [] if colocate_with_first_write_call else None
        self._element_shape = [TensorShape(element_shape)]  # shared by all states of the array
        self._infer_shape = infer_shape
        clear = True if clear_after_read is None else clear_after_read
        with g.name_scope(name, "TensorArray") as scope:
            if handle is not None:
                self._handle, self._flow = handle, flow
                return
            with self._anywhere():
                self._handle, self._flow = g.TensorArrayV3(
                    size,
                    dtype=dtype,
                    element_shape=element_shape,
                    identical_element_shapes=infer_shape,
                    dynamic_size=self._dynamic_size,
                    clear_after_read=clear,
                    tensor_array_name=tensor_array_name,
                    name=scope,
                )

    @contextlib.contextmanager
    def _anywhere(self) -> Any:
        """Where a new array is made: on no device yet when it goes with the first value written."""
        if not self._colocate_with_first_write_call:
            yield
            return
        with get_default_graph().device(None), g.colocate_with(None, ignore_existing=True):
            yield

    @property
    def flow(self) -> Any:
        """The tensor that stands for this state of the array."""
        return self._flow

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self._dtype

    @property
    def handle(self) -> Tensor:
        """The tensor that stands for the array in any state."""
        return self._handle

    @property
    def element_shape(self) -> TensorShape:
        """What is known of the elements' shape."""
        return self._element_shape[0]

    @property
    def dynamic_size(self) -> bool:
        """Whether writing may make the array longer."""
        return self._dynamic_size

    def _with_flow(self, flow: Tensor) -> TensorArray:
        """The same array in the state of another flow."""
        new = TensorArray(
            dtype=self._dtype,
            handle=self._handle,
            flow=flow,
            infer_shape=self._infer_shape,
            colocate_with_first_write_call=self._colocate_with_first_write_call,
        )
        new._dynamic_size = self._dynamic_size
        new._colocate_with = self._colocate_with
        new._element_shape = self._element_shape
        return new

    def _merge_element_shape(self, shape: TensorShape) -> None:
        if not shape.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {shape} but expected {self.element_shape} ")
        if self._infer_shape:
            self._element_shape[0] = self.element_shape.merge_with(shape)

    def _merge_piece_shape(self, lengths: np.ndarray, shape: TensorShape) -> None:
        """Note the shape of the pieces of a split, when all are of one length."""
        if lengths.ndim and lengths.max() == lengths.min():
            self._merge_element_shape(TensorShape([int(lengths[0])]).concatenate(shape[1:]))

    def _beside_first_value(self, value: Tensor) -> Any:
        if self._colocate_with is None:
            return contextlib.nullcontext()
        if not self._colocate_with:
            self._colocate_with.append(value)
        return g.colocate_with(self._colocate_with[0])

    def _value(self, value: Any) -> Tensor:
        tensor = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
        if tensor.dtype is not self._dtype:
            logging.error(
                f"Error: Input value {tensor} has dtype {tensor.dtype.name}, but expected dtype "
                f"{self._dtype.name}.  This leads to undefined behavior."
            )
        return tensor

    def identity(self) -> TensorArray:
        """The same array, waiting for the control dependencies of where this is called."""
        return self._with_flow(g.Identity(self._flow))

    def grad(self, source: str, flow: Tensor | None = None, name: str | None = None) -> TensorArray:
        """The array of this one's gradients that belongs to the call of `tf.gradients` named
        `source`."""
        flow = self.flow if flow is None else flow
        with g.name_scope(name, "TensorArrayGrad"), g.colocate_with(self._handle):
            handle, _ = g.TensorArrayGradV3(self._handle, flow, source=source, name=name)
            with g.control_dependencies([handle]):
                flow = g.Identity(flow, name="gradient_flow")
            result = TensorArray(
                dtype=self._dtype,
                handle=handle,
                flow=flow,
                infer_shape=self._infer_shape,
                colocate_with_first_write_call=False,
            )
            result._element_shape = self._element_shape
            return result

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """Element `index`."""
        value = g.TensorArrayReadV3(self._handle, index, self._flow, dtype=self._dtype, name=name)
        value.set_shape(self.element_shape)
        return value

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with element `index` written."""
        with g.name_scope(name, "TensorArrayWrite"):
            value = self._value(value)
            self._merge_element_shape(value.get_shape())
            with self._beside_first_value(value):
                flow = g.TensorArrayWriteV3(self._handle, index, value, self._flow, name=name)
            return self._with_flow(flow)

    def stack(self, name: str | None = None) -> Tensor:
        """All elements as one tensor with a dimension more."""
        with g.colocate_with(self._handle), g.name_scope(name, "TensorArrayStack"):
            return self.gather(range_of(0, self.size()), name=name)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at `indices` as one tensor with a dimension more."""
        value = g.TensorArrayGatherV3(
            self._handle,
            indices,
            self._flow,
            dtype=self._dtype,
            element_shape=self.element_shape,
            name=name,
        )
        if self.element_shape.dims is not None:
            value.set_shape([None, *self.element_shape.as_list()])
        return value

    def concat(self, name: str | None = None) -> Tensor:
        """All elements, one after another along their first dimension."""
        value, _ = g.TensorArrayConcatV3(
            self._handle,
            self._flow,
            dtype=self._dtype,
            element_shape_except0=self.element_shape[1:],
            name=name,
        )
        if self.element_shape.dims is not None:
            value.set_shape([None, *self.element_shape.as_list()[1:]])
        return value

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value` as its elements."""
        with g.name_scope(name, "TensorArrayUnstack"):
            sizes: Any = shape_of(value)
            return self.scatter(range_of(0, sizes[0]), value, name=name)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value` as the elements at `indices`."""
        with g.name_scope(name, "TensorArrayScatter"):
            value = self._value(value)
            self._merge_element_shape(value.get_shape()[1:])
            with self._beside_first_value(value):
                flow = g.TensorArrayScatterV3(self._handle, indices, value, self._flow, name=name)
            return self._with_flow(flow)

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array with pieces of `value`, of `lengths` rows, as its elements."""
        with g.name_scope(name, "TensorArraySplit"):
            value = convert_to_tensor(value, self._dtype, name="value")
            with self._beside_first_value(value):
                lengths = g.cast(lengths, dtypes.int64)
                known = g.known(lengths)
                if known is not None and value.get_shape().dims is not None:
                    self._merge_piece_shape(known, value.get_shape())
                flow = g.TensorArraySplitV3(self._handle, value, lengths, self._flow, name=name)
            return self._with_flow(flow)

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements."""
        return g.TensorArraySizeV3(self._handle, self.flow, name=name)

    def close(self, name: str | None = None) -> Any:
        """An operation that frees the elements."""
        return g.TensorArrayCloseV3(self._handle, name=name)


def _check_handle(handle: Any, flow: Any, only_new: dict[str, Any]) -> None:
    given = [key for key, value in only_new.items() if value is not None]
    if "tensor_array_name" in given:
        raise ValueError("Cannot construct with both handle and tensor_array_name")
    if not isinstance(handle, Tensor):
        raise TypeError("Handle must be a Tensor")
    if given:
        raise ValueError(f"Cannot provide both a handle and {given[0]} at the same time")
    if flow is None:
        raise ValueError("flow must not be None if handle is not None.")
