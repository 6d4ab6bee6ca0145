"""Short-time Fourier transforms and cosine transforms.

Source: TF 1.15 python/ops/signal/spectral_ops.py, dct_ops.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library.arithmetic import cast, pow
from tailrace.library.array import concat, expand_dims, pad, reshape, tile, zeros
from tailrace.library.math import ceil, exp, log, range, rsqrt, sqrt, square
from tailrace.library.reductions import reduce_sum
from tailrace.library.signal.framing import frame, overlap_and_add
from tailrace.library.signal.windows import hann_window
from tailrace.library.special_math import complex, real
from tailrace.library.spectral import irfft, rfft

Window = Callable[..., Any]


def _scalar(value: Any, name: str) -> Any:
    tensor = convert_to_tensor(value, name=name)
    tensor.shape.assert_has_rank(0)
    return tensor


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Tensor:
    """The spectra of overlapping frames.

    Shapes: signals [..., samples] -> [..., frames, fft_length // 2 + 1]; `fft_length` is the next
    power of 2 when it is not given.
    """
    with g.name_scope(name, "stft"):
        signals = convert_to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        frame_length = _scalar(frame_length, "frame_length")
        frame_step = _scalar(frame_step, "frame_step")
        if fft_length is None:
            fft_length = _next_power_of_2(frame_length)
        else:
            fft_length = convert_to_tensor(fft_length, name="fft_length")
        frames: Any = frame(signals, frame_length, frame_step, pad_end=pad_end)
        if window_fn is not None:
            frames = frames * window_fn(frame_length, dtype=frames.dtype)
        return rfft(frames, [fft_length])


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Window = hann_window, name: str | None = None
) -> Window:
    """The window with which `inverse_stft` undoes `stft` exactly."""
    with g.name_scope(name, "inverse_stft_window_fn"):
        step = _scalar(frame_step, "frame_step")

    def window(frame_length: Any, dtype: Any) -> Tensor:
        with g.name_scope(name, "inverse_stft_window_fn"):
            frame_length = _scalar(frame_length, "frame_length")
            forward = forward_window_fn(frame_length, dtype=dtype)
            total: Any = square(forward)
            overlaps = -(-frame_length // step)
            total = pad(total, [(0, overlaps * step - frame_length)])
            total = reshape(total, [overlaps, step])
            total = reduce_sum(total, 0, keepdims=True)
            total = tile(total, [overlaps, 1])
            total = reshape(total, [overlaps * step])
            return forward / total[:frame_length]

    return window


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    name: str | None = None,
) -> Tensor:
    """The signals whose frames have these spectra.

    Shapes: stfts [..., frames, fft_length // 2 + 1] -> [..., samples].
    """
    with g.name_scope(name, "inverse_stft"):
        stfts = convert_to_tensor(stfts, name="stfts")
        stfts.shape.with_rank_at_least(2)
        frame_length = _scalar(frame_length, "frame_length")
        frame_step = _scalar(frame_step, "frame_step")
        if fft_length is None:
            fft_length = _next_power_of_2(frame_length)
        else:
            fft_length = _scalar(fft_length, "fft_length")
        frames = _of_length(irfft(stfts, [fft_length]), frame_length)
        if window_fn is not None:
            frames = frames * window_fn(frame_length, dtype=stfts.dtype.real_dtype)
        return overlap_and_add(frames, frame_step)


def _of_length(frames: Any, frame_length: Any) -> Any:
    """Frames cut or padded to a length."""
    known = g.known(frame_length)
    rank = frames.shape.ndims
    present = None if rank is None else frames.shape[-1].value
    whole = [[0, 0]] * ((rank or 1) - 1)
    if known is None or present is None:
        frames = frames[..., :frame_length]
        dynamic_rank: Any = g.rank(frames)
        sizes: Any = g.shape(frames)
        outer = zeros([dynamic_rank - 1, 2], dtype=frame_length.dtype)
        missing = g.Maximum(0, frame_length - sizes[-1])
        frames = pad(frames, concat([outer, [[0, missing]]], 0))
    elif present > known:
        frames = frames[..., : int(known)]
    elif present < known:
        frames = pad(frames, [*whole, [0, int(known) - present]])
    if known is not None and rank is not None:
        frames.set_shape([None] * len(whole) + [int(known)])
    return frames


def _next_power_of_2(value: Any) -> Tensor:
    known = g.known(value)
    if known is not None:
        return constant(int(2 ** np.ceil(np.log(known) / np.log(2.0))), value.dtype)
    exponent = ceil(log(cast(value, dtypes.float32)) / log(2.0))
    return cast(pow(2.0, exponent), value.dtype)


# -- cosine transforms -----------------------------------------------------------------------------


def _check_dct(x: Any, kind: int, n: int | None, axis: int, norm: str | None) -> None:
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if kind not in (1, 2, 3):
        raise ValueError("Only Types I, II and III (I)DCT are supported.")
    if kind == 1:
        if norm == "ortho":
            raise ValueError("Normalization is not supported for the Type-I DCT.")
        if x.shape[-1].value is not None and x.shape[-1].value < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")


def dct(
    input: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The cosine transform of type 1, 2 or 3 over the last dimension, as SciPy defines them.

    `n` cuts or pads the input. Raises: ValueError for other types and normalizations.
    """
    _check_dct(input, type, n, axis, norm)
    with g.name_scope(name, "dct"):
        x: Any = convert_to_tensor(input, dtype=dtypes.float32)
        length = _last_size(x)
        if n is not None:
            x = x[..., 0:n] if n <= length else _padded(x, n - length)
        size = _last_size(x)
        size_float = cast(size, dtypes.float32)
        if type == 1:
            return real(rfft(concat([x, x[..., -2:0:-1]], axis=-1)))
        if type == 2:
            return _dct2(x, size, size_float, norm)
        return _dct3(x, size, size_float, norm)


def idct(
    input: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The inverse cosine transform, up to a factor without `norm="ortho"`."""
    _check_dct(input, type, n, axis, norm)
    return dct(input, type={1: 1, 2: 3, 3: 2}[type], n=n, axis=axis, norm=norm, name=name)


def _last_size(x: Any) -> Any:
    sizes: Any = g.shape
    return x.shape[-1].value or sizes(x)[-1]


def _padded(x: Any, count: Any) -> Tensor:
    widths = [[0, 0]] * (len(x.shape) - 1) + [[0, count]]
    return pad(x, paddings=convert_to_tensor(widths, dtype=dtypes.int32))


def _dct2(x: Any, size: Any, size_float: Any, norm: str | None) -> Tensor:
    angles = -range(size_float) * math.pi * 0.5 / size_float
    scale: Any = 2.0 * exp(complex(0.0, angles))
    spectrum: Any = rfft(x, fft_length=[2 * size])
    result: Any = real(spectrum[..., :size] * scale)
    if norm != "ortho":
        return result
    first: Any = 0.5 * rsqrt(size_float)
    return result * _weights(first, first * sqrt(2.0), size)


def _dct3(x: Any, size: Any, size_float: Any, norm: str | None) -> Tensor:
    if norm == "ortho":
        first: Any = sqrt(size_float)
        x = x * _weights(first, first * sqrt(0.5), size)
    else:
        x = x * size_float
    angles = range(size_float) * math.pi * 0.5 / size_float
    scale: Any = 2.0 * exp(complex(0.0, angles))
    back: Any = real(irfft(scale * complex(x, 0.0), fft_length=[2 * size]))
    return back[..., :size]


def _weights(first: Any, others: Any, size: Any) -> Tensor:
    """The factor of the first coefficient, and that of all others."""
    return pad(expand_dims(first, 0), [[0, size - 1]], constant_values=others)
