"""What the pooling operations share: their windows, and torch's calls for them.

Torch pads both sides alike. TensorFlow's odd row of padding after the image is torch's `ceil_mode`
where that reaches as far, and an explicit padding where it does not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from tailrace.errors import KernelError, ShapeError, UnimplementedError
from tailrace.ops.windows import geometry
from tailrace.ops.windows.geometry import Layout
from tailrace.registry import Attr
from tailrace.shapes import with_rank


@dataclasses.dataclass(frozen=True)
class Pool:
    """Windows of pooling over the spatial dimensions."""

    layout: Layout
    window: list[int]
    strides: list[int]
    padding: bytes

    @classmethod
    def of(
        cls, ksize: Sequence[int], strides: Sequence[int], padding: bytes, data_format: bytes
    ) -> Pool:
        """From an operation's attributes.

        Raises: KernelError for windows over batch or channels.
        """
        layout = geometry.layout(data_format)
        if ksize[0] != 1 or strides[0] != 1 or ksize[layout.channel] != 1:
            raise KernelError(
                UnimplementedError,
                f"Pooling over batch or channels is not supported: ksize {list(ksize)}",
            )
        space = layout.spatial
        return cls(layout, list(ksize[space]), list(strides[space]), padding)

    def sizes(self, space: Sequence[int]) -> list[int]:
        """The number of windows along each dimension."""
        geometry.check_fits(space, self.window, self.padding)
        return [
            geometry.output_size(size, window, stride, 1, self.padding) or 0
            for size, window, stride in zip(space, self.window, self.strides, strict=True)
        ]

    def pads(self, space: Sequence[int]) -> geometry.Pads:
        """The padding of each dimension."""
        ones = [1] * len(space)
        return geometry.pads(space, self.window, self.strides, ones, self.padding)

    def as_torch(self, space: Sequence[int]) -> tuple[geometry.Pads, dict[str, Any]]:
        """What has to be padded beforehand, and torch's arguments for the rest."""
        padding = self.pads(space)
        amount = [before for before, _ in padding]
        fits = all(2 * p <= w for p, w in zip(amount, self.window, strict=True))
        for ceil in (False, True):
            found = [
                self._torch_size(size, window, stride, p, ceil)
                for size, window, stride, p in zip(
                    space, self.window, self.strides, amount, strict=True
                )
            ]
            if fits and found == self.sizes(space):
                return [(0, 0)] * len(space), {"padding": amount, "ceil_mode": ceil}
        return padding, {"padding": 0, "ceil_mode": False}

    @staticmethod
    def _torch_size(size: int, window: int, stride: int, pad: int, ceil: bool) -> int:
        rest = size + 2 * pad - window
        if not ceil:
            return rest // stride + 1
        count = -(-rest // stride) + 1
        return count - 1 if (count - 1) * stride >= size + pad else count


def static_shape(
    input: Any, ksize: Sequence[int], strides: Sequence[int], padding: bytes, data_format: bytes
) -> list[Any]:
    """The shape rule of pooling."""
    layout = geometry.layout(data_format)
    x = with_rank(input, layout.rank, "input")
    if len(ksize) != layout.rank or len(strides) != layout.rank:
        raise ShapeError(f"ksize and strides must have {layout.rank} entries")
    return [
        geometry.output_size(size, window, stride, 1, padding)
        for size, window, stride in zip(x, ksize, strides, strict=True)
    ]


def facts(rank: int, types: Any, layouts: tuple[bytes, ...]) -> dict[str, Any]:
    """The attributes pooling operations declare."""
    return {
        "T": types,
        "ksize": Attr("list(int)", minimum=rank),
        "strides": Attr("list(int)", minimum=rank),
        "padding": Attr("string", allowed=(b"SAME", b"VALID")),
        "data_format": Attr("string", layouts[0], layouts),
    }


def facts_of(op: Any) -> dict[str, Any]:
    """The attributes a gradient's operation takes over."""
    return {n: op.node.attrs[n] for n in ("ksize", "strides", "padding", "data_format")}


def as_float(x: torch.Tensor) -> torch.Tensor:
    """Torch pools no integers; those of up to 53 bits are exact as float64."""
    return x if x.is_floating_point() else x.double()
