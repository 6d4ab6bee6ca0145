"""The function to call for a step that is not the host's, or that reaches for a variable elsewhere.

What a kernel makes anew (zeros, ranges, constants) is made on the step's device: it is called
where that is PyTorch's default device. Element-wise kernels make nothing but their outputs, which
are where their inputs are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from tailrace.devices import Device
from tailrace.plan.ir import Fused, Step


def device_kernel(step: Step, device: Device) -> Callable[..., Any]:
    """The step's kernel on a device, with its attributes."""
    definition = step.op_def
    kernel, names = definition.device_kernel, definition.device_kernel_attrs
    if kernel is None:
        kernel, names = definition.kernel, definition.kernel_attrs
    if names:
        kernel = functools.partial(kernel, **{name: step.attrs[name] for name in names})
    if definition.elementwise and not isinstance(step, Fused):
        return kernel
    return _where_default(kernel, device.torch)


def _where_default(kernel: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    def placed(*args: Any) -> Any:
        with device:
            return kernel(*args)

    return placed


def host_kernel(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that can only reach what is on the host, for cells whose values are elsewhere: these
    are brought here for as long as it takes.
    """

    def borrowing(*args: Any) -> Any:
        cells = [c for arg in args for c in (arg if isinstance(arg, list) else [arg])]
        lent = [
            (c, v)
            for c in cells
            if isinstance(v := getattr(c, "value", None), torch.Tensor) and not v.is_cpu
        ]
        for cell, value in lent:
            cell.value = value.cpu()
        try:
            return kernel(*args)
        finally:
            for cell, value in lent:
                cell.value = _back(cell.value, value)

    return borrowing


def _back(here: Any, there: torch.Tensor) -> Any:
    """The value of a cell on the device it came from, in its old memory where it fits."""
    if not isinstance(here, torch.Tensor):
        return here
    if here.shape == there.shape and here.dtype is there.dtype:
        return there.copy_(here)
    return here.to(there.device)
