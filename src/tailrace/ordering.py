"""The larger and the smaller of values among which may be NaN, as TensorFlow's CPU kernels see it.

TF: there `max(x, y)` is `y` where x < y, else `x`, whatever the vector unit; and extrema of many
start from the lowest value, so that NaN among them counts for nothing. PyTorch hands NaN on.

That nothing is NaN is told from one sum, which costs a fraction of a comparison. On other devices
that would have to wait for the device, so the comparison itself serves there.
"""

from __future__ import annotations

import torch


def has_nan(x: torch.Tensor) -> bool:
    """Whether there is NaN in a tensor, or infinities of both signs, which count too."""
    if not x.is_floating_point():
        return False
    total = x.sum().item()
    return total != total


def larger(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The larger of both, `x` where one of them is NaN."""
    if x.is_cpu and y.is_cpu:
        z = torch.maximum(x, y)
        if not has_nan(z):
            return z
    return torch.where(x < y, y, x)


def smaller(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The smaller of both, `x` where one of them is NaN."""
    if x.is_cpu and y.is_cpu:
        z = torch.minimum(x, y)
        if not has_nan(z):
            return z
    return torch.where(y < x, y, x)


def without_nan(x: torch.Tensor, instead: float) -> torch.Tensor:
    """`x` with another number for NaN."""
    return torch.where(torch.isnan(x), instead, x)
