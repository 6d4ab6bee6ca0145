"""Accumulators: gradients of several steps, summed until there are enough, then taken as one.

Source: TF 1.15 core/ops/data_flow_ops.cc, core/kernels/conditional_accumulator_base.cc.
"""

from __future__ import annotations

import threading
from typing import Any

import torch

from tailrace.dtypes import NUMERIC
from tailrace.errors import invalid
from tailrace.registry import Attr, op, type_attr
from tailrace.shapes import UNKNOWN, Shape, with_rank

_STATEFUL: dict[str, Any] = {"_stateful": True}


class Accumulator:
    """A sum of gradients, none of them older than the accumulator's step."""

    def __init__(self, name: str, shape: Shape, mean: bool) -> None:
        self.name = name
        self.count = 0
        self._shape = shape
        self._mean = mean
        self._step = 0
        self._sum: Any = None
        self._changed = threading.Condition()

    def set_step(self, step: int) -> None:
        """Set the step; gradients of steps before it are dropped."""
        with self._changed:
            self._step = step

    def apply(self, step: int, gradient: torch.Tensor) -> None:
        """Add a gradient. Raises: KernelError for one of another shape."""
        dims = self._shape.dims
        fits = dims is None or (
            len(dims) == gradient.ndim
            and all(d in (None, n) for d, n in zip(dims, gradient.shape, strict=True))
        )
        with self._changed:
            if not fits or (self._sum is not None and self._sum.shape != gradient.shape):
                raise invalid(
                    f"Accumulator '{self.name}' of shape {self._shape}: the gradient has shape "
                    f"{list(gradient.shape)}"
                )
            if step < self._step:
                return
            self._sum = gradient.clone() if self._sum is None else self._sum + gradient
            self.count += 1
            self._changed.notify_all()

    def take(self, count: int) -> torch.Tensor:
        """The mean (or sum) of the gradients once there are `count`; begins the next step."""
        if count <= 0:
            raise invalid(f"Argument num_required must be positive, but it is {count}")
        with self._changed:
            self._changed.wait_for(lambda: self.count >= count)
            result = self._sum / self.count if self._mean else self._sum
            result = result.to(self._sum.dtype)
            self._sum, self.count = None, 0
            self._step += 1
            return result


@op(
    "ResourceConditionalAccumulator",
    "-> handle: resource",
    dtype=type_attr(NUMERIC),
    shape=Attr("shape"),
    container="",
    shared_name="",
    reduction_type=Attr("string", b"MEAN", allowed=(b"MEAN", b"SUM")),
    _context=True,
    _once=True,
    **_STATEFUL,
)
def resource_conditional_accumulator(ctx):
    """An accumulator of gradients."""
    mean = ctx.attr("reduction_type") == b"MEAN"
    shape = Shape(ctx.attr("shape")._dims)
    return ctx.resource("accumulator", lambda name: Accumulator(name, shape, mean))


@resource_conditional_accumulator.shape
def resource_conditional_accumulator_shape():
    return [[]]


@resource_conditional_accumulator.handle
def resource_conditional_accumulator_handle(*, dtype, shape):
    return dtype, Shape(shape._dims)


@op(
    "ResourceAccumulatorApplyGradient",
    "handle: resource, local_step: int64, gradient: dtype ->",
    dtype=type_attr(NUMERIC),
    _host="local_step",
    **_STATEFUL,
)
def resource_accumulator_apply_gradient(handle, local_step, gradient):
    """Add a gradient, unless its step is past."""
    handle.apply(local_step, gradient)


@resource_accumulator_apply_gradient.shape
def resource_accumulator_apply_gradient_shape(handle, local_step, gradient):
    with_rank(local_step, 0, "local_step")
    return []


@op(
    "ResourceAccumulatorTakeGradient",
    "handle: resource, num_required: int32 -> average: dtype",
    dtype=type_attr(NUMERIC),
    _host="num_required",
    **_STATEFUL,
)
def resource_accumulator_take_gradient(handle, num_required):
    """The gradients as one, once there are so many."""
    return handle.take(num_required)


@resource_accumulator_take_gradient.shape
def resource_accumulator_take_gradient_shape(handle, num_required):
    return [UNKNOWN]


@op(
    "ResourceAccumulatorNumAccumulated",
    "handle: resource -> num_accumulated: int32",
    **_STATEFUL,
)
def resource_accumulator_num_accumulated(handle):
    """How many gradients there are."""
    return torch.tensor(handle.count, dtype=torch.int32)


resource_accumulator_num_accumulated.shape(lambda handle: [[]])


@op(
    "ResourceAccumulatorSetGlobalStep",
    "handle: resource, new_global_step: int64 ->",
    _host="new_global_step",
    **_STATEFUL,
)
def resource_accumulator_set_global_step(handle, new_global_step):
    """Set the step of an accumulator."""
    handle.set_step(new_global_step)


@resource_accumulator_set_global_step.shape
def resource_accumulator_set_global_step_shape(handle, new_global_step):
    with_rank(new_global_step, 0, "new_global_step")
    return []
