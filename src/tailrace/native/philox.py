"""Positions in Philox4x32-10 streams, and the streams' words.

A stream is named by a 64-bit key and consists of blocks of four 32-bit words, one for each value of
a 128-bit counter. A random op owns a `Generator`; every run of the op takes a piece of the stream
and moves on by a length that depends on shapes alone, so results do not depend on threads.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; TF 1.15
core/lib/random/philox_random.h, core/util/guarded_philox_random.cc.
"""

from __future__ import annotations

import ctypes
import itertools
import secrets
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tailrace.native.loader import library

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF
_MASK128 = (1 << 128) - 1
_ROUNDS = 10
_WORDS = 4


class Position(NamedTuple):
    """A place in a stream: `key` names the stream, `counter` is the next block's number."""

    key: int
    counter: int

    @classmethod
    def from_seeds(cls, seed: int, seed2: int) -> Position:
        """Where an op with these seeds starts; negative seeds count as their two's complement."""
        return cls(seed & _MASK64, (seed2 & _MASK64) << 64)

    @classmethod
    def stateless(cls, seed: int, seed2: int) -> Position:
        """Where a stateless op starts: the seeds are stirred by one block of a fixed stream."""
        start = cls(0x02461E293EC8F720, (seed2 & _MASK64) << 64 | seed & _MASK64)
        a, b, c, d = start.block()
        return cls(b << 32 | a, (d << 32 | c) << 64)

    def skip(self, blocks: int) -> Position:
        """The position `blocks` blocks later."""
        return Position(self.key, (self.counter + blocks) & _MASK128)

    def block(self) -> tuple[int, int, int, int]:
        """The four words here."""
        a, b, c, d = (self.counter >> shift & _MASK32 for shift in (0, 32, 64, 96))
        key0, key1 = self.key & _MASK32, self.key >> 32
        for _ in range(_ROUNDS):
            first, second = a * 0xD2511F53, c * 0xCD9E8D57
            a, b = second >> 32 ^ b ^ key0, second & _MASK32
            c, d = first >> 32 ^ d ^ key1, first & _MASK32
            key0, key1 = key0 + 0x9E3779B9 & _MASK32, key1 + 0xBB67AE85 & _MASK32
        return a, b, c, d

    def words(self, count: int) -> np.ndarray:
        """The next `count` words, uint32 [count]."""
        loaded = library()
        if loaded is None:
            groups = np.arange(-(-count // _WORDS), dtype=np.uint64)
            return self.blocks(groups).reshape(-1)[:count]
        out = np.empty(count, np.uint32)
        loaded.tailrace_random_words(*self.c_arguments(), ctypes.c_size_t(count), c_pointer(out))
        return out

    def blocks(self, offsets: np.ndarray) -> np.ndarray:
        """The blocks `offsets` (uint64 [n]) after here, uint32 [n, 4], by NumPy."""
        low = np.uint64(self.counter & _MASK64) + offsets
        high = np.uint64(self.counter >> 64) + (low < offsets)
        mask, shift = np.uint64(_MASK32), np.uint64(32)
        a, b, c, d = low & mask, low >> shift, high & mask, high >> shift
        key0, key1 = self.key & _MASK32, self.key >> 32
        for _ in range(_ROUNDS):
            first, second = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
            a, b = second >> shift ^ b ^ np.uint64(key0), second & mask
            c, d = first >> shift ^ d ^ np.uint64(key1), first & mask
            key0, key1 = key0 + 0x9E3779B9 & _MASK32, key1 + 0xBB67AE85 & _MASK32
        return np.stack([a, b, c, d], axis=1).astype(np.uint32)

    def c_arguments(self) -> tuple[ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64]:
        """Key, counter's low half and high half, as the native functions take them."""
        return (
            ctypes.c_uint64(self.key),
            ctypes.c_uint64(self.counter),
            ctypes.c_uint64(self.counter >> 64),
        )


def c_pointer(array: np.ndarray) -> ctypes.c_void_p:
    """The address of an array's first element."""
    return ctypes.c_void_p(array.ctypes.data)


class Generator:
    """The stream of one random op in one session, shared by the threads that run it."""

    def __init__(self, seed: int = 0, seed2: int = 0) -> None:
        """Starts at the seeds' position; two zeros ask for a position nobody can foresee."""
        if seed == 0 and seed2 == 0:
            seed, seed2 = secrets.randbits(64), secrets.randbits(64)
        self._next = Position.from_seeds(seed, seed2)
        self._lock = threading.Lock()

    def reserve(self, blocks: int) -> Position:
        """The present position, after which the stream moves on by `blocks`."""
        with self._lock:
            start = self._next
            self._next = start.skip(blocks)
        return start


class Draws:
    """Numbers taken one after the other from a position (TF's SimplePhilox)."""

    def __init__(self, start: Position) -> None:
        """Starts at the first word of the block at `start`."""
        self._words = _endless(start)

    def word(self) -> int:
        """32 random bits."""
        return next(self._words)

    def words(self, count: int) -> list[int]:
        """As many words."""
        return list(itertools.islice(self._words, count))

    def float32(self) -> np.float32:
        """A float32 in [0, 1)."""
        return (np.uint32(self.word() & 0x7FFFFF | 0x3F800000)).view(np.float32) - np.float32(1)

    def float64(self) -> float:
        """A float64 in [0, 1), from two words."""
        return uniform_float64(self.word(), self.word())

    def below(self, bound: int, bits: int = 32) -> int:
        """An unbiased integer in [0, bound), from words of 32 bits or pairs of them (`bits` 64)."""
        if bound & bound - 1 == 0:
            return self._integer(bits) & bound - 1
        biased = ((1 << bits) - 1) % bound + 1
        while (value := self._integer(bits)) < biased:
            pass
        return value % bound

    def _integer(self, bits: int) -> int:
        return self.word() if bits == 32 else self.word() | self.word() << 32


def _endless(start: Position, chunk: int = 256) -> Iterator[int]:
    while True:
        yield from start.words(chunk).tolist()
        start = start.skip(chunk // _WORDS)


def uniform_float64(high: Any, low: Any) -> Any:
    """The float64 in [0, 1) that two words make; of int64 arrays of words an array."""
    return ((high & 0xFFFFF) << 32 | low) / (1 << 52)
