"""Fourier transforms.

Source: TF 1.15 python/ops/signal/fft_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.math_wrappers import unary

fft = unary("FFT", "fft", "The Fourier transform over the last dimension.")
ifft = unary("IFFT", "ifft", "The inverse Fourier transform over the last dimension.")
fft2d = unary("FFT2D", "fft2d", "The Fourier transform over the last two dimensions.")
ifft2d = unary("IFFT2D", "ifft2d", "The inverse Fourier transform over the last two dimensions.")
fft3d = unary("FFT3D", "fft3d", "The Fourier transform over the last three dimensions.")
ifft3d = unary("IFFT3D", "ifft3d", "The inverse Fourier transform over the last three dimensions.")


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
