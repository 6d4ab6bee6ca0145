"""Maximum pooling of images with the channels last, and its gradient."""

from __future__ import annotations

import ctypes
import dataclasses

import torch

from tailrace.native.loader import entry

_ALONE = 1 << 15  # numbers; fewer are not worth a second thread


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows over an image, each a pair for height and width; `before` is the padding in front."""

    window: tuple[int, int]
    strides: tuple[int, int]
    before: tuple[int, int]
    count: tuple[int, int]


class _Args(ctypes.Structure):
    _fields_ = (
        ("is_double", ctypes.c_int),
        ("threads", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("batch", "height", "width", "channels")),
        *((name, ctypes.c_long) for name in ("out_height", "out_width")),
        *((f"window_{side}", ctypes.c_long) for side in ("height", "width")),
        *((f"stride_{side}", ctypes.c_long) for side in ("height", "width")),
        *((name, ctypes.c_long) for name in ("top", "left")),
        *((name, ctypes.c_void_p) for name in ("x", "y", "dy", "dx")),
    )


def max_pool(x: torch.Tensor, windows: Windows) -> torch.Tensor | None:
    """The largest number of each window; None where the library cannot.

    It can for dense float32 and float64 in the processor's memory.
    Shapes: x [B, H, W, C] -> [B, *windows.count, C].
    """
    if not _fits(x):
        return None
    y = x.new_empty((x.shape[0], *windows.count, x.shape[3]))
    _call(x, windows, y, None, None)
    return y


def max_pool_gradient(x: torch.Tensor, dy: torch.Tensor, windows: Windows) -> torch.Tensor | None:
    """The gradients `dy` of the windows at the places of their largest numbers; None as above.

    Shapes: dy as the result of max_pool -> [B, H, W, C].
    """
    if not _fits(x) or not _fits(dy) or dy.dtype is not x.dtype:
        return None
    dx = torch.empty_like(x)
    _call(x, windows, None, dy, dx)
    return dx


def _fits(x: torch.Tensor) -> bool:
    return (
        x.dtype in (torch.float32, torch.float64)
        and x.is_cpu
        and x.dim() == 4
        and x.is_contiguous()
        and entry("max_pool") is not None
    )


def _call(
    x: torch.Tensor,
    windows: Windows,
    y: torch.Tensor | None,
    dy: torch.Tensor | None,
    dx: torch.Tensor | None,
) -> None:
    function = entry("max_pool")
    assert function is not None
    function(
        _Args(
            x.dtype is torch.float64,
            1 if x.numel() < _ALONE else torch.get_num_threads(),
            *x.shape,
            *windows.count,
            *windows.window,
            *windows.strides,
            *windows.before,
            *[None if t is None else t.data_ptr() for t in (x, y, dy, dx)],
        )
    )
