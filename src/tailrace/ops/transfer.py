"""Copies of values from one device to another; the planner puts them in (`plan.place`)."""

from __future__ import annotations

import torch

from tailrace.dtypes import ANY
from tailrace.native.device_copies import to_device
from tailrace.registry import Attr, fused

_DEVICE = Attr("device")  # a torch.device


@fused("Transfer", "x: T -> y: T", T=ANY, to=_DEVICE, _alias=True, _waits=True)
def transfer(x, *, to):
    """`x` on the device `to`."""
    return to_device(x, to)


@transfer.shape
def transfer_shape(x):
    return [x]


def moved(cell: object, to: torch.device) -> None:
    """Have a variable's value lie on another device."""
    value = getattr(cell, "value", None)
    if isinstance(value, torch.Tensor):
        cell.value = value.to(to)  # type: ignore[attr-defined]
