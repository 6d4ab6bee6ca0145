"""The random numbers of `random` by NumPy, for machines where the native library was not built."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from tailrace.native.philox import Position, uniform_float64

_RESERVED = 256


def uniform(start: Position, count: int, dtype: np.dtype) -> np.ndarray:
    """Numbers in [0, 1): random bits become the mantissa."""
    return _uniform(start.words(count * (dtype.itemsize // 4)), dtype)


def normal(start: Position, count: int, dtype: np.dtype) -> np.ndarray:
    """Standard normal numbers."""
    words = start.words((count + 1) // 2 * 2 * (dtype.itemsize // 4))
    return _normal(words, dtype).reshape(-1)[:count]


def truncated(start: Position, count: int, dtype: np.dtype) -> np.ndarray:
    """Normal numbers within +-2; each group of 16 bytes has counters of its own."""
    size = 16 // dtype.itemsize
    groups = -(-count // size)
    out = np.empty((groups, size), dtype)
    have = np.zeros(groups, np.int64)
    waiting = np.arange(groups)
    step = 0
    while waiting.size:
        offsets = waiting.astype(np.uint64) * np.uint64(64 * size) + np.uint64(step)
        drawn = _normal(start.blocks(offsets).reshape(-1), dtype).reshape(len(waiting), size)
        for column in drawn.T:
            keep = (np.abs(column) < 2) & (have[waiting] < size)
            rows = waiting[keep]
            out[rows, have[rows]] = column[keep]
            have[rows] += 1
        waiting = waiting[have[waiting] < size]
        step += 1
    return out.reshape(-1)[:count]


def permutation(start: Position, count: int) -> np.ndarray:
    """0 .. count-1, each swapped with one at or after it."""
    out = np.arange(count)
    for here, word in enumerate(start.words(max(count - 1, 0)).tolist()):
        there = here + word % (count - here)
        out[here], out[there] = out[there], out[here]
    return out


def gamma(start: Position, samples: int, alphas: np.ndarray) -> np.ndarray:
    """Gamma numbers, by Marsaglia and Tsang."""
    return _per_parameter(start, samples, alphas, _gamma)


def poisson(start: Position, samples: int, rates: np.ndarray, highest: float) -> np.ndarray:
    """Poisson numbers: products of uniforms (Knuth), above rate 10 rejection (Hormann)."""

    def draw(draws: _Draws, rate: float) -> float:
        if math.isnan(rate) or rate == math.inf:
            return rate
        method = _poisson_product if rate < 10 else _poisson_rejection
        return method(draws, rate, highest)

    return _per_parameter(start, samples, rates, draw)


def _uniform(words: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype == np.float32:
        return (words & np.uint32(0x7FFFFF) | np.uint32(0x3F800000)).view(dtype) - np.float32(1)
    high = (words[0::2] & np.uint32(0xFFFFF)).astype(np.uint64) << np.uint64(32)
    return (high | words[1::2] | np.uint64(0x3FF0000000000000)).view(dtype) - np.float64(1)


def _normal(words: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Box-Muller on consecutive uniforms: [pairs, 2], the sine first."""
    numbers = _uniform(words, dtype).reshape(-1, 2)
    radius = np.sqrt(dtype.type(-2) * np.log(np.maximum(numbers[:, 0], dtype.type(1e-7))))
    angle = (2 * math.pi * numbers[:, 1].astype(np.float64)).astype(dtype)
    return np.stack([np.sin(angle) * radius, np.cos(angle) * radius], axis=1)


class _Draws:
    """Doubles from one stream; a block holds two, handed out last one first."""

    def __init__(self, start: Position) -> None:
        self._next = start
        self._uniforms: Iterator[float] = iter(())
        self._normals: Iterator[float] = iter(())

    def _block(self) -> tuple[float, float]:
        a, b, c, d = self._next.block()
        self._next = self._next.skip(1)
        return uniform_float64(a, b), uniform_float64(c, d)

    def uniform(self) -> float:
        for value in self._uniforms:
            return value
        first, second = self._block()
        self._uniforms = iter((first,))
        return second

    def normal(self) -> float:
        for value in self._normals:
            return value
        first, second = self._block()
        radius = math.sqrt(-2 * math.log(max(first, 1e-7)))
        self._normals = iter((math.sin(2 * math.pi * second) * radius,))
        return math.cos(2 * math.pi * second) * radius


def _per_parameter(
    start: Position, samples: int, parameters: np.ndarray, draw: Callable[[_Draws, float], float]
) -> np.ndarray:
    """Output i, counted parameter by parameter, draws from 256 * i blocks after the start."""
    out = np.empty((samples, parameters.size))
    for p, parameter in enumerate(parameters.tolist()):
        for s in range(samples):
            out[s, p] = draw(_Draws(start.skip(_RESERVED * (p * samples + s))), parameter)
    return out


def _gamma(draws: _Draws, alpha: float) -> float:
    if alpha == 1:
        return -math.log1p(-draws.uniform())
    d = alpha + (2 / 3 if alpha < 1 else -1 / 3)
    c = 1 / 3 / math.sqrt(d)
    while True:
        x = draws.normal()
        v = 1 + c * x
        if v <= 0:
            continue
        v = v * v * v
        u = draws.uniform()
        if u < 1 - 0.0331 * (x * x) * (x * x) or (
            _log(u) < 0.5 * x * x + d * (1 - v + math.log(v))
        ):
            return d * v * draws.uniform() ** (1 / alpha) if alpha < 1 else d * v


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _poisson_product(draws: _Draws, rate: float, highest: float) -> float:
    bound = math.exp(-rate)
    product, count = 1.0, 0.0
    while True:
        product *= draws.uniform()
        if product <= bound and count <= highest:
            return count
        count += 1


def _poisson_rejection(draws: _Draws, rate: float, highest: float) -> float:
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    while True:
        u = draws.uniform() - 0.5
        v = draws.uniform()
        shifted = 0.5 - abs(u)
        k = math.floor((2 * a / shifted + b) * u + rate + 0.43) if shifted else -math.inf
        if k > highest:
            continue
        if shifted >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2):
            return k
        if k < 0 or (shifted < 0.013 and v > shifted):
            continue
        s = _log(v * inverse_alpha / (a / (shifted * shifted) + b))
        if s <= -rate + k * log_rate - math.lgamma(k + 1):
            return k
