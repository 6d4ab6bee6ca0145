"""`tf.ConditionalAccumulator`: gradients of several steps, taken as one.

Source: TF 1.15 python/ops/data_flow_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Operation, Tensor, convert_to_tensor, g
from tailrace.library.arithmetic import cast
from tailrace.shapes import TensorShape


def _as_step(step: Any) -> Tensor:
    return cast(convert_to_tensor(step), dtypes.int64)


class ConditionalAccumulatorBase:
    """A sum of gradients that forgets those of past steps."""

    def __init__(self, dtype: Any, shape: Any, accumulator_ref: Tensor) -> None:
        self._dtype = as_dtype(dtype)
        self._shape = TensorShape(shape)
        self._accumulator_ref = accumulator_ref
        self._name = accumulator_ref.op.name.split("/")[-1]

    @property
    def accumulator_ref(self) -> Tensor:
        """The accumulator's handle."""
        return self._accumulator_ref

    @property
    def name(self) -> str:
        """The last part of the name of the accumulator's operation."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The type of the gradients."""
        return self._dtype

    def num_accumulated(self, name: str | None = None) -> Tensor:
        """How many gradients there are, int32."""
        name = name or f"{self._name}_NumAccumulated"
        return g.ResourceAccumulatorNumAccumulated(self._accumulator_ref, name=name)

    def set_global_step(self, new_global_step: Any, name: str | None = None) -> Operation:
        """An operation that sets the step; gradients of steps before it are dropped."""
        step = _as_step(new_global_step)
        return g.ResourceAccumulatorSetGlobalStep(self._accumulator_ref, step, name=name)


class ConditionalAccumulator(ConditionalAccumulatorBase):
    """An accumulator of tensors; `reduction_type` is "MEAN" or "SUM"."""

    def __init__(
        self,
        dtype: Any,
        shape: Any = None,
        shared_name: str | None = None,
        name: str = "conditional_accumulator",
        reduction_type: str = "MEAN",
    ) -> None:
        handle = g.ResourceConditionalAccumulator(
            dtype=dtype,
            shape=TensorShape(shape),
            shared_name=shared_name,
            name=name,
            reduction_type=reduction_type,
        )
        super().__init__(dtype, shape, handle)

    def apply_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Operation:
        """An operation that adds a gradient, unless its step is past.

        Raises: ValueError for a gradient of another shape.
        """
        grad = convert_to_tensor(grad, self._dtype)
        grad.get_shape().assert_is_compatible_with(self._shape)
        step = _as_step(local_step)
        return g.ResourceAccumulatorApplyGradient(self._accumulator_ref, step, grad, name=name)

    def take_grad(self, num_required: Any, name: str | None = None) -> Tensor:
        """The gradients as one, once there are `num_required`; waits for them."""
        taken = g.ResourceAccumulatorTakeGradient(
            self._accumulator_ref, num_required, dtype=self._dtype, name=name
        )
        taken.set_shape(self._shape)
        return taken
