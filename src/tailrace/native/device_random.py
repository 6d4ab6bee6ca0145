"""TensorFlow's random numbers on devices other than the host: many of one stream at once.

The words of Philox4x32-10 are computed in PyTorch's 64-bit integers, a product of two words being
the same modulo 2**64 whether it has a sign or not. Uniforms agree bit for bit with those of
`random`, normal numbers as far as the device's logarithms and sines do. This takes some 80 kernels,
however few numbers are asked for: `MANY` says from how many on it is done here. That number is
reckoned, not measured: a kernel's launch as 4 us against 1.5 ns for a uniform and 9 ns for a normal
number on the host, and the copy.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tailrace.native.philox import Position

MANY = {"uniform": 1 << 18, "normal": 1 << 16}

_MASK32 = 0xFFFFFFFF
_MASK64 = (1 << 64) - 1
_FACTORS = (0xD2511F53, 0xCD9E8D57)
_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_MANTISSA = {torch.float16: 10, torch.bfloat16: 7}
_LEAST = 1e-7  # TF: what the logarithm is taken of


def words(start: Position, count: int, device: torch.device) -> Tensor:
    """The next `count` words, int64 [count]."""
    a, c, b, d = _blocks(start, -(-count // 4), device)
    factors = torch.tensor(_FACTORS, dtype=torch.int64, device=device)[:, None]
    keys = torch.tensor(_keys(start.key), dtype=torch.int64, device=device)[:, :, None]
    first, second = torch.stack((a, c)), torch.stack((b, d))
    for key in keys.unbind(0):
        products = (first * factors).flip(0)
        first = (products >> 32).bitwise_and_(_MASK32).bitwise_xor_(second).bitwise_xor_(key)
        second = products.bitwise_and_(_MASK32)
    return torch.stack((first[0], second[0], first[1], second[1]), 1).reshape(-1)[:count]


def _blocks(start: Position, count: int, device: torch.device) -> tuple[Tensor, ...]:
    """The words of the blocks' numbers: the first, the third, the second, the fourth."""
    low, high = start.counter & _MASK64, start.counter >> 64
    offsets = torch.arange(count, dtype=torch.int64, device=device)
    lower = offsets + _signed(low)
    upper = torch.full_like(offsets, _signed(high))
    if low + count > 1 << 64:
        upper += offsets >= (1 << 64) - low
    return (
        lower & _MASK32,
        upper & _MASK32,
        (lower >> 32).bitwise_and_(_MASK32),
        (upper >> 32).bitwise_and_(_MASK32),
    )


def _signed(number: int) -> int:
    """The number of 64 bits as one with a sign."""
    return number - (1 << 64) if number >> 63 else number


def _keys(key: int) -> list[tuple[int, int]]:
    """The two words of the key in each round."""
    low, high = key & _MASK32, key >> 32
    return [(low + i * _STEPS[0] & _MASK32, high + i * _STEPS[1] & _MASK32) for i in range(_ROUNDS)]


def uniform(start: Position, count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Numbers in [0, 1): [count]."""
    if dtype is torch.float64:
        high, low = words(start, 2 * count, device).view(-1, 2).unbind(1)
        bits = (high & 0xFFFFF) << 32 | low
        return (bits | 0x3FF0000000000000).view(torch.float64) - 1
    found = words(start, count, device)
    if dtype in _MANTISSA:
        scale = 1 << _MANTISSA[dtype]
        return (found & scale - 1).to(dtype) / scale
    return (found & 0x7FFFFF | 0x3F800000).to(torch.int32).view(torch.float32) - 1


def normal(start: Position, count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Standard normal numbers, by Box and Muller: [count]."""
    # TF: numbers of few bits are made as float32 and rounded
    wide = torch.float32 if dtype in _MANTISSA else dtype
    first, second = uniform(start, count + count % 2, wide, device).view(-1, 2).unbind(1)
    radius = first.clamp_min(_LEAST).log_().mul_(-2).sqrt_()
    angle = (second.double() * (2 * math.pi)).to(wide)
    numbers = torch.stack((angle.sin() * radius, angle.cos() * radius), 1)
    return numbers.reshape(-1)[:count].to(dtype)
