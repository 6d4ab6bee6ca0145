"""Where windows lie: layouts, padding and output sizes, of one, two or three spatial dimensions.

Kernels work on tensors [B, C, spatial...], as torch does. From TensorFlow's layouts with the
channels last these are views, and torch's kernels keep to the memory order (channels_last).

Source: TF 1.15 core/framework/common_shape_fns.cc (GetWindowedOutputSize).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from tailrace.errors import ShapeError, invalid

Pads = list[tuple[int, int]]


class Layout(NamedTuple):
    """The order of dimensions: the place of the channels and of the first spatial dimension."""

    rank: int
    channel: int
    space: int

    @property
    def spatial(self) -> slice:
        """The part of a list with an entry per dimension that is about space."""
        return slice(self.space, self.space + self.rank - 2)

    def channels_first(self, x: torch.Tensor) -> torch.Tensor:
        """A view [B, C, spatial...]."""
        return x if self.channel == 1 else x.movedim(-1, 1)

    def restored(self, x: torch.Tensor) -> torch.Tensor:
        """The view in this layout of a tensor [B, C, spatial...], laid out in memory as it says."""
        return x.contiguous() if self.channel == 1 else x.movedim(1, -1).contiguous()

    def shape(self, batch: Any, space: Iterable[Any], channels: Any) -> list[Any]:
        """The dimensions in this layout's order."""
        return [batch, channels, *space] if self.channel == 1 else [batch, *space, channels]


def layout(data_format: bytes) -> Layout:
    """The layout that NHWC, NCHW, NDHWC or NCDHW names."""
    rank = len(data_format)
    return Layout(rank, 1, 2) if data_format[1:2] == b"C" else Layout(rank, rank - 1, 1)


def output_size(
    size: int | None,
    window: int | None,
    stride: int,
    dilation: int,
    padding: bytes,
    explicit: tuple[int, int] = (0, 0),
) -> int | None:
    """How many windows fit along a dimension; None when that is not known.

    Raises: ShapeError for a window larger than the dimension.
    """
    if stride <= 0:
        raise ShapeError(f"Stride must be > 0, but got {stride}")
    if size is None:
        return None
    if padding == b"SAME":
        return -(-size // stride)
    if window is None:
        return None
    padded = size + sum(explicit)
    extent = (window - 1) * dilation + 1
    if extent > padded:
        raise ShapeError(f"Negative dimension size caused by subtracting {extent} from {padded}")
    return (padded - extent) // stride + 1


def pads(
    sizes: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    padding: bytes,
    explicit: Sequence[int] = (),
) -> Pads:
    """What is added before and after each spatial dimension; TensorFlow adds the odd one after."""
    if padding == b"EXPLICIT":
        return list(zip(explicit[::2], explicit[1::2], strict=True))
    if padding == b"VALID":
        return [(0, 0)] * len(sizes)
    result = []
    for size, window, stride, dilation in zip(sizes, windows, strides, dilations, strict=True):
        last_start = (-(-size // stride) - 1) * stride
        total = max(last_start + (window - 1) * dilation + 1 - size, 0)
        result.append((total // 2, total - total // 2))
    return result


def symmetric(padding: Pads) -> bool:
    return all(before == after for before, after in padding)


def pad(x: torch.Tensor, padding: Pads, value: float = 0) -> torch.Tensor:
    """`x` [B, C, spatial...] with its spatial dimensions padded."""
    if not any(map(any, padding)):
        return x
    return F.pad(x, [n for pair in reversed(padding) for n in pair], value=value)


def unpad(x: torch.Tensor, padding: Pads) -> torch.Tensor:
    """`x` [B, C, spatial...] without its padding."""
    for axis, (before, after) in enumerate(padding):
        if before or after:
            x = x.narrow(axis + 2, before, x.shape[axis + 2] - before - after)
    return x


def check_fits(sizes: Sequence[int], windows: Sequence[int], padding: bytes) -> None:
    """Raises: KernelError when a window does not fit in where nothing is padded."""
    if padding == b"VALID" and any(w > s for w, s in zip(windows, sizes, strict=True)):
        raise invalid(
            f"Computed output size would be negative: input {list(sizes)}, window {list(windows)}"
        )
