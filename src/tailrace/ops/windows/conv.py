"""Convolution and its two gradients, of any number of spatial dimensions, as kernels share them.

The three are one family: each is linear in its two arguments, and the gradients of any of them
are the other two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F

from tailrace.errors import ShapeError, invalid
from tailrace.ops.windows import geometry
from tailrace.ops.windows.geometry import Layout
from tailrace.shapes import with_rank

_CONVOLVE = {4: F.conv2d, 5: F.conv3d}
_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


@dataclasses.dataclass(frozen=True)
class Windows:
    """How the filter goes over the input: per spatial dimension stride, dilation and padding."""

    layout: Layout
    strides: list[int]
    dilations: list[int]
    padding: bytes
    explicit: list[int]

    @classmethod
    def of(
        cls,
        strides: Sequence[int],
        dilations: Sequence[int],
        padding: bytes,
        data_format: bytes,
        explicit_paddings: Sequence[int] = (),
    ) -> Windows:
        """From an operation's attributes, which have an entry for every dimension."""
        layout = geometry.layout(data_format)
        space = layout.spatial
        explicit = list(explicit_paddings)[2 * space.start : 2 * space.stop]
        return cls(layout, list(strides[space]), list(dilations[space]), padding, explicit)

    def pads(self, sizes: Sequence[int], windows: Sequence[int]) -> geometry.Pads:
        """The padding of each spatial dimension."""
        return geometry.pads(
            sizes, windows, self.strides, self.dilations, self.padding, self.explicit
        )


def _weight(filter: torch.Tensor) -> torch.Tensor:
    """A filter [spatial..., in, out] as torch has it, [out, in, spatial...]; a view."""
    last = filter.dim() - 1
    return filter.permute(last, last - 1, *range(last - 1))


def _filter(weight: torch.Tensor) -> torch.Tensor:
    return weight.permute(*range(2, weight.dim()), 1, 0).contiguous()


def convolve(x: torch.Tensor, weight: torch.Tensor, windows: Windows, groups: int) -> torch.Tensor:
    """x in the layout, weight [out, in / groups, spatial...]."""
    x = windows.layout.channels_first(x)
    padding = windows.pads(x.shape[2:], weight.shape[2:])
    if geometry.symmetric(padding):
        amount = [before for before, _ in padding]
    else:
        x, amount = geometry.pad(x, padding), 0
    y = _CONVOLVE[x.dim()](x, weight, None, windows.strides, amount, windows.dilations, groups)
    return windows.layout.restored(y)


def input_gradient(
    sizes: Sequence[int],
    weight: torch.Tensor,
    gradient: torch.Tensor,
    windows: Windows,
    groups: int,
) -> torch.Tensor:
    """The gradient with respect to an input of the given shape."""
    layout = windows.layout
    dy = layout.channels_first(gradient)
    space = list(sizes[layout.spatial])
    padding = windows.pads(space, weight.shape[2:])
    same = geometry.symmetric(padding)
    padded = space if same else [s + sum(p) for s, p in zip(space, padding, strict=True)]
    shape = [dy.shape[0], sizes[layout.channel], *padded]
    if groups == 1 and _is_quicker_as_product(dy, shape):
        amount = [before for before, _ in padding] if same else [0] * len(space)
        dx = _as_product(dy, weight, shape, windows, amount)
        return layout.restored(dx if same else geometry.unpad(dx, padding))
    # only its shape and memory order matter
    like = torch.empty(
        shape,
        dtype=dy.dtype,
        device=dy.device,
        memory_format=torch.contiguous_format if layout.channel == 1 else _LAST[dy.dim()],
    )
    amount = [before for before, _ in padding] if same else [0] * len(space)
    dx, _, _ = _backward(dy, like, weight, windows, amount, groups, [True, False, False])
    return layout.restored(dx if same else geometry.unpad(dx, padding))


_FEW_CHANNELS = 3
_PRODUCT_BYTES = 1 << 22  # of a product that is added up afterwards


def _is_quicker_as_product(dy: torch.Tensor, shape: Sequence[int]) -> bool:
    """Whether PyTorch's kernel does much more than it needs to, as it does for few channels."""
    if len(shape) != 4 or not dy.is_cpu or dy.dtype not in (torch.float32, torch.float64):
        return False
    return shape[1] <= _FEW_CHANNELS


def _as_product(
    dy: torch.Tensor,
    weight: torch.Tensor,
    shape: Sequence[int],
    windows: Windows,
    padding: list[int],
) -> torch.Tensor:
    """The input's gradient in two steps: what each window gives, a matrix product; its sum."""
    batch, channels, *space = shape
    lying = tuple(windows.dilations), tuple(padding), tuple(windows.strides)
    rows = weight.flatten(1).t()
    each = dy.flatten(2)
    size = rows.shape[0] * each.shape[2] * dy.element_size()
    some = max(1, _PRODUCT_BYTES // max(1, size))
    dx = dy.new_empty([batch, channels, *space])
    for start in range(0, batch, some):
        products = torch.matmul(rows, each[start : start + some])
        dx[start : start + some] = F.fold(products, tuple(space), weight.shape[2:], *lying)
    return dx


def weight_gradient(
    x: torch.Tensor,
    weight_shape: Sequence[int],
    gradient: torch.Tensor,
    windows: Windows,
    groups: int,
) -> torch.Tensor:
    """The gradient with respect to a weight [out, in / groups, spatial...]."""
    x = windows.layout.channels_first(x)
    dy = windows.layout.channels_first(gradient)
    padding = windows.pads(x.shape[2:], weight_shape[2:])
    if geometry.symmetric(padding):
        amount = [before for before, _ in padding]
    else:
        x, amount = geometry.pad(x, padding), [0] * len(padding)
    like = torch.empty(list(weight_shape), dtype=dy.dtype, device=dy.device)
    _, dw, _ = _backward(dy, x, like, windows, amount, groups, [False, True, False])
    return dw


def _backward(
    dy: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    windows: Windows,
    padding: list[int],
    groups: int,
    wanted: list[bool],
) -> Any:
    return torch.ops.aten.convolution_backward(
        dy,
        x,
        weight,
        None,
        windows.strides,
        padding,
        windows.dilations,
        False,
        [0] * len(padding),
        groups,
        wanted,
    )


# -- windows as wide as the input ------------------------------------------------------------------


def _covers_lines(
    sizes: Sequence[int], filter: Sequence[int], gradient: torch.Tensor, windows: Windows
) -> bool:
    """Whether each window is some whole lines of an input [B, H, W, C], as of words' vectors.

    Then the numbers of a window lie one after another.
    """
    if len(sizes) != 4 or windows.layout.channel == 1 or windows.dilations != [1, 1]:
        return False
    if not gradient.is_cpu or gradient.dtype not in (torch.float32, torch.float64):
        return False
    if list(sizes[2:]) != list(filter[1:3]) or prod(gradient.shape) == 0:
        return False
    return not any(map(sum, windows.pads(sizes[1:3], filter[:2])))


def _input_gradient_of_lines(
    sizes: Sequence[int], filter: torch.Tensor, dy: torch.Tensor, windows: Windows
) -> torch.Tensor:
    rows, last = filter.shape[0], filter.shape[3]
    products = torch.mm(dy.reshape(-1, last), filter.reshape(-1, last).t())
    products = products.view(sizes[0], dy.shape[1], rows, -1)
    dx = dy.new_zeros([*sizes[:2], sizes[2] * sizes[3]])
    stride = windows.strides[0]
    for row in range(rows):
        dx[:, row : row + stride * (dy.shape[1] - 1) + 1 : stride] += products[:, :, row]
    return dx.view(list(sizes))


def _filter_gradient_of_lines(
    x: torch.Tensor, sizes: Sequence[int], dy: torch.Tensor, windows: Windows
) -> torch.Tensor:
    line = x.shape[2] * x.shape[3]
    steps = x.shape[1] * line, windows.strides[0] * line, 1
    each = x.contiguous().as_strided((x.shape[0], dy.shape[1], sizes[0] * line), steps)
    each = each.reshape(-1, sizes[0] * line)
    return torch.mm(each.t(), dy.reshape(-1, sizes[3])).view(list(sizes))


# -- what Conv2D and Conv3D are made of ------------------------------------------------------------


def forward(x: torch.Tensor, filter: torch.Tensor, windows: Windows) -> torch.Tensor:
    channels = x.shape[windows.layout.channel]
    _check_channels(channels, filter)
    return convolve(x, _weight(filter), windows, channels // filter.shape[-2])


def backprop_input(
    sizes: Sequence[int], filter: torch.Tensor, gradient: torch.Tensor, windows: Windows
) -> torch.Tensor:
    channels = sizes[windows.layout.channel]
    _check_channels(channels, filter)
    _check_gradient(sizes, filter.shape, gradient, windows)
    if _covers_lines(sizes, filter.shape, gradient, windows):
        return _input_gradient_of_lines(sizes, filter, gradient, windows)
    groups = channels // filter.shape[-2]
    return input_gradient(sizes, _weight(filter), gradient, windows, groups)


def backprop_filter(
    x: torch.Tensor, sizes: Sequence[int], gradient: torch.Tensor, windows: Windows
) -> torch.Tensor:
    _check_gradient(list(x.shape), sizes, gradient, windows)
    if _covers_lines(x.shape, sizes, gradient, windows):
        return _filter_gradient_of_lines(x, sizes, gradient, windows)
    shape = [sizes[-1], sizes[-2], *sizes[:-2]]
    groups = x.shape[windows.layout.channel] // sizes[-2]
    return _filter(weight_gradient(x, shape, gradient, windows, groups))


def _check_channels(channels: int, filter: torch.Tensor) -> None:
    if channels % filter.shape[-2]:
        raise invalid(
            "input depth must be evenly divisible by filter depth: "
            f"{channels} vs {filter.shape[-2]}"
        )


def _check_gradient(
    sizes: Sequence[int], filter: Sequence[int], gradient: torch.Tensor, windows: Windows
) -> None:
    """The gradient must have the shape that the convolution gives."""
    wanted = output_shape(list(sizes), list(filter), windows)
    if list(gradient.shape) != wanted:
        raise invalid(
            f"Size of out_backprop doesn't match computed: actual = {list(gradient.shape)}, "
            f"computed = {wanted}"
        )


def output_shape(sizes: Sequence[Any], filter: Sequence[Any], windows: Windows) -> list[Any]:
    """The shape of the convolution, as far as it is known."""
    layout = windows.layout
    explicit = windows.explicit or [0] * (2 * len(windows.strides))
    space = [
        geometry.output_size(size, window, stride, dilation, windows.padding, (before, after))
        for size, window, stride, dilation, before, after in zip(
            sizes[layout.spatial],
            filter[: layout.rank - 2],
            windows.strides,
            windows.dilations,
            explicit[::2],
            explicit[1::2],
            strict=True,
        )
    ]
    return layout.shape(sizes[0], space, filter[-1])


def static_shape(input: Any, filter: Any, windows: Windows) -> list[Any]:
    """The shape rule of a convolution."""
    rank = windows.layout.rank
    x, filter = with_rank(input, rank, "input"), with_rank(filter, rank, "filter")
    channels, wanted = x[windows.layout.channel], filter[-2]
    if channels is not None and wanted is not None and (wanted == 0 or channels % wanted):
        raise ShapeError(
            f"Dimensions must be equal, but are {channels} and {wanted}: depth of input "
            "and of filter\n  hint: is the filter [height, width, in, out]?"
        )
    return output_shape(list(x), list(filter), windows)


def flops(output: Any, filter: Any) -> int:
    """Multiplications and additions of a convolution that gives `output`, and of its gradients."""
    return 2 * prod(output) * prod(filter[:-1])


def facts_of(op: Any) -> dict[str, Any]:
    """The attributes that the convolutions of a gradient have in common with `op`."""
    names = ("strides", "padding", "data_format", "dilations", "explicit_paddings")
    present = [n for n in (*names, "use_cudnn_on_gpu") if n in op.node.attrs]
    return {name: op.node.attrs[name] for name in present}
