"""Fourier transforms.

Source: TF 1.15 python/ops/signal/fft_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor, convert_to_tensor, g


def _transform(op_type: str, name: str, direction: str, over: str) -> Callable[..., Tensor]:
    def function(input: Any, name: str | None = None) -> Tensor:
        return getattr(g, op_type)(input, name=name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""The {direction} over the last {over}. Shapes: [...] -> the same."""
    return function


_FORWARD, _BACKWARD = "Fourier transform", "inverse Fourier transform"
fft = _transform("FFT", "fft", _FORWARD, "dimension")
ifft = _transform("IFFT", "ifft", _BACKWARD, "dimension")
fft2d = _transform("FFT2D", "fft2d", _FORWARD, "two dimensions")
ifft2d = _transform("IFFT2D", "ifft2d", _BACKWARD, "two dimensions")
fft3d = _transform("FFT3D", "fft3d", _FORWARD, "three dimensions")
ifft3d = _transform("IFFT3D", "ifft3d", _BACKWARD, "three dimensions")


def _real_transform(rank: int, name: str) -> Callable[..., Tensor]:
    def function(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        return g.rfft(rank, input_tensor, fft_length, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Half the spectrum of real numbers over the last dimensions ({rank}).

    Shapes: [..., n] -> [..., n // 2 + 1]; `fft_length` cuts or pads the input.
    """
    return function


def _inverse_real_transform(rank: int, name: str) -> Callable[..., Tensor]:
    def function(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        return g.irfft(rank, input_tensor, fft_length, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Real numbers from half their spectrum over the last dimensions ({rank}).

    Shapes: [..., n // 2 + 1] -> [..., n]; without `fft_length` n is taken to be even.
    """
    return function


rfft = _real_transform(1, "rfft")
rfft2d = _real_transform(2, "rfft2d")
rfft3d = _real_transform(3, "rfft3d")
irfft = _inverse_real_transform(1, "irfft")
irfft2d = _inverse_real_transform(2, "irfft2d")
irfft3d = _inverse_real_transform(3, "irfft3d")


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """The zero frequency moved to the middle, along `axes` or all of them."""
    with g.name_scope(name, "fftshift") as scope:
        return _shift(x, axes, 1, scope)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """The middle moved to the beginning: undoes `fftshift`."""
    with g.name_scope(name, "ifftshift") as scope:
        return _shift(x, axes, -1, scope)


def _shift(x: Any, axes: Any, sign: int, scope: str) -> Tensor:
    x = convert_to_tensor(x)
    sizes = x.shape.as_list()
    if axes is None:
        axes = tuple(range(len(sizes)))
    shift: Any
    if isinstance(axes, int):
        shift = sign * (sizes[axes] // 2)
    else:
        shift = [sign * (sizes[axis] // 2) for axis in axes]
    return g.Roll(x, shift, axes, name=scope)
