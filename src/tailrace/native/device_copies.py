"""Copies to other devices."""

from __future__ import annotations

import torch
from torch import Tensor


def to_device(x: Tensor, device: torch.device) -> Tensor:
    """`x` on a device; it is `x` itself where it is there already.

    What goes to a GPU is laid in pinned memory first, so that the copy need not be waited for.
    """
    if device.type == "cuda" and x.is_cpu:
        return x.pin_memory().to(device, non_blocking=True)
    return x.to(device)
