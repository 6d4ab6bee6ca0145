"""TensorFlow 1.15's random numbers: arrays of them from a position in a stream.

Each function has a native and a NumPy path; uniforms agree bit for bit, the others as far as the
logarithms and sines of the C library and NumPy agree. Arrays are one-dimensional; float16 and
bfloat16 numbers are made from the same words as float32 ones.

Source: TF 1.15 core/lib/random/random_distributions.h, core/kernels/random_op.cc.
"""

from __future__ import annotations

import ctypes

import numpy as np

from tailrace.native import _random_numpy as fallback
from tailrace.native.loader import library
from tailrace.native.philox import Position, c_pointer

# A run of a random op moves its stream on by this many blocks for each number drawn.
BLOCKS_PER_NUMBER = 256

_SUFFIX = {np.dtype(np.float32): "f32", np.dtype(np.float64): "f64"}
_MANY = 1 << 16
_ALIGNED = 64  # bytes


def uniform(start: Position, count: int, dtype: type[np.floating]) -> np.ndarray:
    """Numbers in [0, 1): [count] of float32 or float64."""
    return _fill("uniform", start, count, np.dtype(dtype))


def uniform_short(start: Position, count: int, mantissa_bits: int) -> np.ndarray:
    """Numbers in [0, 1) with few bits, float32 [count]: 10 bits for float16, 7 for bfloat16."""
    bits = start.words(count) & np.uint32((1 << mantissa_bits) - 1)
    return bits.astype(np.float32) / np.float32(1 << mantissa_bits)


def uniform_int(start: Position, count: int, low: int, high: int, bits: int) -> np.ndarray:
    """Integers in [low, high): int32 or int64 [count] by `bits`; the bias of `%` is TF's."""
    kind = np.dtype(f"u{bits // 8}")
    words = start.words(count * (bits // 32)).view(kind)
    offsets = words % kind.type(high - low)
    return (offsets + np.array(low, kind.str[1:].replace("u", "i")).view(kind)).view(
        f"i{bits // 8}"
    )


def normal(start: Position, count: int, dtype: type[np.floating]) -> np.ndarray:
    """Standard normal numbers: [count] of float32 or float64."""
    return _fill("normal", start, count, np.dtype(dtype))


def truncated_normal(start: Position, count: int, dtype: type[np.floating]) -> np.ndarray:
    """Standard normal numbers, drawn again beyond +-2: [count] of float32 or float64."""
    return _fill("truncated", start, count, np.dtype(dtype))


def permutation(start: Position, count: int) -> np.ndarray:
    """0 .. count-1 shuffled, int64 [count]."""
    loaded = library()
    if loaded is None:
        return fallback.permutation(start, count)
    out = np.empty(count, np.int64)
    loaded.tailrace_permutation(*start.c_arguments(), ctypes.c_size_t(count), c_pointer(out))
    return out


def gamma(start: Position, samples: int, alphas: np.ndarray) -> np.ndarray:
    """Gamma numbers of scale 1: alphas float64 [n] -> float64 [samples, n]."""
    alphas = np.ascontiguousarray(alphas, np.float64)
    loaded = library()
    if loaded is None:
        return fallback.gamma(start, samples, alphas)
    out = np.empty((samples, alphas.size))
    sizes = ctypes.c_size_t(samples), ctypes.c_size_t(alphas.size)
    loaded.tailrace_gamma(*start.c_arguments(), *sizes, c_pointer(alphas), c_pointer(out))
    return out


def poisson(start: Position, samples: int, rates: np.ndarray, highest: float) -> np.ndarray:
    """Poisson numbers: rates float64 [n] -> float64 [samples, n], none above `highest`."""
    rates = np.ascontiguousarray(rates, np.float64)
    loaded = library()
    if loaded is None:
        return fallback.poisson(start, samples, rates, highest)
    out = np.empty((samples, rates.size))
    sizes = ctypes.c_size_t(samples), ctypes.c_size_t(rates.size)
    arguments = *sizes, c_pointer(rates), ctypes.c_double(highest), c_pointer(out)
    loaded.tailrace_poisson(*start.c_arguments(), *arguments)
    return out


def _fill(kind: str, start: Position, count: int, dtype: np.dtype) -> np.ndarray:
    loaded = library()
    if loaded is None:
        return getattr(fallback, kind)(start, count, dtype)
    out = _room(count, dtype)
    function = getattr(loaded, f"tailrace_{kind}_{_SUFFIX[dtype]}")
    function(*start.c_arguments(), ctypes.c_size_t(count), c_pointer(out))
    return out


def _room(count: int, dtype: np.dtype) -> np.ndarray:
    """Memory for numbers; much of it lies as torch's does, so that a variable may keep it."""
    if count < _MANY:
        return np.empty(count, dtype)
    room = np.empty(count * dtype.itemsize + _ALIGNED, np.uint8)
    start = -room.ctypes.data % _ALIGNED
    return room[start : start + count * dtype.itemsize].view(dtype)
