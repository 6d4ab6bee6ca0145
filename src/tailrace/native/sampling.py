"""TensorFlow 1.15's samplers that draw one number after the other from a stream.

Multinomial classes, normals between bounds, and the candidate samplers of sampled softmax and NCE.
TensorFlow may split the first two over threads and then draws otherwise; these are the numbers of
one thread.

Source: TF 1.15 core/kernels/multinomial_op.cc, parameterized_truncated_normal_op.cc,
candidate_sampler_ops.cc, range_sampler.cc; core/lib/random/distribution_sampler.cc.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from tailrace.native import random
from tailrace.native.loader import library
from tailrace.native.philox import Draws, Position, c_pointer, uniform_float64

# Candidate samplers move their stream on by this many words for each candidate asked for.
WORDS_PER_CANDIDATE = 2048
# More ids than these the library does not draw: it looks each up among those before.
_MANY = 1 << 11
# Normals between bounds: tries TF provides for, each of two numbers.
MAX_TRIES = 1000
# ... and how many of equal parameters make a row.
BATCH = 100


def multinomial(start: Position, logits: np.ndarray, samples: int) -> np.ndarray:
    """Classes by unnormalised log-probability: logits [B, C] -> int64 [B, samples].

    Infinite and undefined logits have no chance.
    """
    rows, classes = logits.shape
    numbers = random.uniform(start, rows * samples, np.float64).reshape(rows, samples)
    logits = logits.astype(np.float64)
    finite = np.isfinite(logits)
    top = np.max(logits, axis=1, keepdims=True, where=finite, initial=np.finfo(np.float64).min)
    weights = np.where(finite, np.exp(np.where(finite, logits - top, 0)), 0)
    sums = np.cumsum(weights, axis=1)
    out = np.empty((rows, samples), np.int64)
    for row in range(rows):
        target = numbers[row] * (sums[row, -1] if classes else 0.0)
        out[row] = np.searchsorted(sums[row], target, side="right")
    return out


class Bounds(NamedTuple):
    """Parameters of a normal number between bounds."""

    mean: np.floating
    stddev: np.floating
    low: np.floating
    high: np.floating

    def normalised(self) -> Bounds:
        """The same for the standard normal, mirrored if that makes the lower bound the tighter."""
        mean, stddev, low, high = self
        if (np.isinf(low) and low < 0) or high < mean:
            low, high, stddev = high, low, -stddev
        return Bounds(mean, stddev, (low - mean) / stddev, (high - mean) / stddev)

    def valid(self) -> bool:
        """Whether TF accepts them."""
        finite = bool(np.isfinite(self.low) or np.isfinite(self.high))
        return bool(self.stddev > 0 and self.low < self.high and finite)


def normal_between(start: Position, counts: list[int], bounds: list[Bounds]) -> np.ndarray:
    """Normal numbers of each row's bounds: `counts` of them a row, one after the other.

    Rows draw one after the other from the stream; each begins with a fresh block.
    """
    pieces = []
    for count, row in zip(counts, bounds, strict=True):
        values, start = _row_between(start, count, row.normalised())
        pieces.append(values)
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)


def batches(count: int) -> list[int]:
    """How TF cuts numbers of equal parameters into rows."""
    full, rest = divmod(count, BATCH)
    return [BATCH] * full + [rest] * bool(rest)


def _row_between(start: Position, count: int, row: Bounds) -> tuple[np.ndarray, Position]:
    draw = _method(row)
    kept: list[np.ndarray] = []
    while count:
        tries = max(8, -(-count // 2))
        values, blocks = draw(start, tries, row)
        index = np.flatnonzero(~np.isnan(values))[:count]
        kept.append(values[index] * row.stddev + row.mean)
        count -= index.size
        per_block = values.size // tries
        used = tries if count else int(index[-1]) // per_block + 1
        start = start.skip(used * blocks)
    return np.concatenate(kept), start


_Draw = Callable[[Position, int, Bounds], tuple[np.ndarray, int]]


def _method(row: Bounds) -> _Draw:
    """The way to draw that wastes least; each gives tries, NaN where rejected, and blocks a try."""
    low, high = row.low, row.high
    one = type(low)
    root = np.sqrt(low * low + one(4))
    cutoff = one(2) * np.exp(one(0.5) + (low * (low - root)) / one(4)) / (low + root)
    inside = one(1.3)
    if (low < -inside and high >= 0) or (high > inside and low <= 0):
        return _from_normal
    return _from_uniform if high - low < cutoff else _from_exponential


def _dtype(row: Bounds) -> type[np.floating]:
    return type(row.low)


def _per_block(row: Bounds) -> int:
    return 2 if _dtype(row) is np.float64 else 4


def _from_normal(start: Position, tries: int, row: Bounds) -> tuple[np.ndarray, int]:
    values = random.normal(start, tries * _per_block(row), _dtype(row))
    return np.where((values >= row.low) & (values <= row.high), values, np.nan), 1


def _from_uniform(start: Position, tries: int, row: Bounds) -> tuple[np.ndarray, int]:
    one, size = _dtype(row), _per_block(row)
    numbers = random.uniform(start, 2 * tries * size, one).reshape(tries, 2, size)
    z = numbers[:, 0].reshape(-1) * (row.high - row.low) + row.low
    plus = one(0) if row.low < 0 else row.low * row.low
    accepted = numbers[:, 1].reshape(-1) <= np.exp((plus - z * z) / one(2))
    return np.where(accepted, z, one(np.nan)), 2


def _from_exponential(start: Position, tries: int, row: Bounds) -> tuple[np.ndarray, int]:
    one = _dtype(row)
    numbers = random.uniform(start, tries * _per_block(row), one).reshape(-1, 2)
    alpha = (row.low + np.sqrt(row.low * row.low + one(4))) / one(2)
    with np.errstate(divide="ignore"):
        z = -np.log(numbers[:, 0]) / alpha + row.low
    x = alpha - z if row.low < alpha else np.full_like(z, row.low - alpha)
    accepted = (numbers[:, 1] <= np.exp(-x * x / one(2))) & (z < row.high)
    return np.where(accepted, z, one(np.nan)), 1


# of tailrace_log_uniform, see src/candidates.cpp
_LOG_UNIFORM = (
    *(ctypes.c_uint64,) * 3,
    ctypes.c_double,
    ctypes.c_int64,
    ctypes.c_size_t,
    ctypes.c_int,
    *(ctypes.c_void_p,) * 2,
    ctypes.c_size_t,
    ctypes.c_void_p,
)


class Sampler(Protocol):
    """A distribution over class ids 0 .. range-1."""

    def sample(self, draws: Draws) -> int:
        """One class id."""
        ...

    def probability(self, ids: np.ndarray) -> np.ndarray:
        """float32 probabilities of int64 ids."""
        ...


class Uniform:
    """Every id alike."""

    def __init__(self, count: int) -> None:
        """`count` ids."""
        self._count = count

    def sample(self, draws: Draws) -> int:
        """One class id."""
        return draws.below(self._count, bits=64)

    def probability(self, ids: np.ndarray) -> np.ndarray:
        """float32 probabilities of int64 ids."""
        return np.full(ids.shape, 1 / self._count, np.float32)


class LogUniform:
    """Zipf-like: P(id) = log((id + 2) / (id + 1)) / log(count + 1)."""

    def __init__(self, count: int) -> None:
        """`count` ids, the frequent ones first."""
        self.count = count
        self.log_range = math.log1p(count)

    def sample(self, draws: Draws) -> int:
        """One class id."""
        return (int(math.exp(draws.float64() * self.log_range)) - 1) % self.count

    def several(self, draws: Draws, count: int) -> list[int]:
        """As many class ids, as `sample` draws them one after the other."""
        numbers = uniform_float64(*np.array(draws.words(2 * count), np.int64).reshape(-1, 2).T)
        scaled = (numbers * self.log_range).tolist()
        return [(int(math.exp(x)) - 1) % self.count for x in scaled]

    def probability(self, ids: np.ndarray) -> np.ndarray:
        """float32 probabilities of int64 ids."""
        return (np.log((ids + 2.0) / (ids + 1.0)) / self.log_range).astype(np.float32)


class Fixed:
    """Given weights, drawn by Walker's alias method."""

    def __init__(self, weights: np.ndarray) -> None:
        """Weights float32 [count]."""
        self._weights = weights.astype(np.float32)
        self._total = float(np.cumsum(self._weights, dtype=np.float64)[-1])
        self._keep, self._other = _alias_table(self._weights, self._total)

    def sample(self, draws: Draws) -> int:
        """One class id."""
        level, index = draws.float32(), draws.below(len(self._weights))
        return index if level < self._keep[index] else int(self._other[index])

    def probability(self, ids: np.ndarray) -> np.ndarray:
        """float32 probabilities of int64 ids; 0 for ids out of range."""
        inside = (ids >= 0) & (ids < len(self._weights))
        weights = self._weights[np.where(inside, ids, 0)]
        return np.where(inside, (weights / self._total).astype(np.float32), np.float32(0))


def _alias_table(weights: np.ndarray, total: float) -> tuple[np.ndarray, np.ndarray]:
    """For each slot the share it keeps (float32) and the id that gets the rest."""
    shares = (weights * np.float32(len(weights))).astype(np.float64) / total
    other = np.arange(len(weights))
    low = np.flatnonzero(shares < 1).tolist()
    high = np.flatnonzero(shares >= 1).tolist()
    keep = shares.tolist()
    while low and high:
        small, big = low.pop(), high.pop()
        other[small] = big
        keep[big] -= 1 - keep[small]
        (low if keep[big] < 1 else high).append(big)
    for index in low + high:
        keep[index] = 1.0
    return np.array(keep, np.float32), other


class Learned:
    """Counts of the ids seen so far, each once to begin with."""

    def __init__(self, count: int) -> None:
        """`count` ids, none seen yet."""
        self._counts = np.ones(count, np.int64)
        self._sums = np.cumsum(self._counts)

    def sample(self, draws: Draws) -> int:
        """One class id."""
        target = draws.below(int(self._sums[-1]))
        return int(np.searchsorted(self._sums, target, side="right"))

    def probability(self, ids: np.ndarray) -> np.ndarray:
        """float32 probabilities of int64 ids."""
        total = np.float32(self._sums[-1])
        return self._counts[ids].astype(np.float32) / total

    def update(self, ids: np.ndarray) -> None:
        """Counts ids as seen once more, each as often as it stands there."""
        np.add.at(self._counts, ids, 1)
        self._sums = np.cumsum(self._counts)


class Candidates(NamedTuple):
    """Sampled class ids, int64 [n], and how often each is expected among n (float32)."""

    sampled: np.ndarray
    true_expected: np.ndarray
    sampled_expected: np.ndarray


def candidates(
    start: Position, sampler: Sampler, count: int, true: np.ndarray, *, unique: bool
) -> Candidates:
    """Draws `count` ids; with `unique`, draws until that many different ones came.

    `true` (int64, any shape) are ids whose expected counts are wanted too.
    """
    drawn = _native(start, sampler, count, true, unique=unique)
    if drawn is not None:
        return drawn
    ids, tries = _drawn_all(start, sampler, count, unique)

    def expected(of: np.ndarray) -> np.ndarray:
        p = sampler.probability(of)
        if tries == count:
            return p * np.float32(count)
        return -np.expm1(np.float32(tries) * np.log1p(-p))

    return Candidates(ids, expected(true), expected(ids))


def _native(
    start: Position, sampler: Sampler, count: int, true: np.ndarray, *, unique: bool
) -> Candidates | None:
    """What `candidates` gives, by the library; None where it cannot."""
    function = _log_uniform()
    if function is None or not isinstance(sampler, LogUniform) or count > _MANY:
        return None
    ids, known = np.empty(count, np.int64), np.ascontiguousarray(true)
    expected = np.empty(known.size + count, np.float32)
    function(
        *start.c_arguments(),
        sampler.log_range,
        sampler.count,
        count,
        unique,
        c_pointer(ids),
        c_pointer(known),
        known.size,
        c_pointer(expected),
    )
    return Candidates(ids, expected[: known.size].reshape(true.shape), expected[known.size :])


def _log_uniform() -> Any:
    """The library's function, or None."""
    loaded = library()
    if loaded is None:
        return None
    function = loaded.tailrace_log_uniform
    if function.argtypes is None:
        function.argtypes = _LOG_UNIFORM
        function.restype = ctypes.c_int64
    return function


def _drawn_all(
    start: Position, sampler: Sampler, count: int, unique: bool
) -> tuple[np.ndarray, int]:
    draws = Draws(start)
    if unique:
        sampled, tries = _distinct(sampler, draws, count)
    else:
        sampled, tries = _drawn(sampler, draws, count), count
    return np.array(sampled, np.int64), tries


def _distinct(sampler: Sampler, draws: Draws, count: int) -> tuple[list[int], int]:
    found: dict[int, None] = {}
    tries = 0
    while len(found) < count:
        missing = count - len(found)  # no more, for draws that are not needed would count as tries
        found.update(dict.fromkeys(_drawn(sampler, draws, missing)))
        tries += missing
    return list(found), tries


def _drawn(sampler: Sampler, draws: Draws, count: int) -> list[int]:
    if isinstance(sampler, LogUniform):
        return sampler.several(draws, count)
    return [sampler.sample(draws) for _ in range(count)]


def unigram_weights(
    weights: list[float], *, distortion: float, reserved: int, shards: int, shard: int
) -> np.ndarray:
    """The weights a Fixed sampler of one shard draws by, float32: zeros for reserved ids first.

    Ids are dealt to the shards in turn; ids count from the shard's own reserved ones.
    """
    own = [0.0] * len(range(shard, reserved, shards))
    for index, weight in enumerate(weights, start=len(own)):
        if index % shards == shard:
            own.append(weight)
    return np.power(np.array(own, np.float32), np.float32(distortion))


def blocks_between(rows: int, samples: int) -> int:
    """How far a run of normals between bounds moves its stream on; `samples` a row, full or not."""
    return rows * 2 * MAX_TRIES * (samples + 3) // 4
