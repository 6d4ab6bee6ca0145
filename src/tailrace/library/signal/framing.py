"""Cutting signals into frames that overlap, and adding them up again.

Source: TF 1.15 python/ops/signal/shape_ops.py, reconstruction_ops.py, util_ops.py.
"""

from __future__ import annotations

import math
from typing import Any

from tailrace import dtypes
from tailrace.graph import Tensor, convert_to_tensor, g
from tailrace.library.arithmetic import mod
from tailrace.library.array import concat, pad, reshape, split, transpose, zeros, zeros_like
from tailrace.library.control_flow import while_loop
from tailrace.library.indexing import gather, strided_slice
from tailrace.library.math import range
from tailrace.library.reductions import reduce_sum


def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: str | None = None,
) -> Tensor:
    """The pieces of `frame_length` samples that begin at every `frame_step`-th sample.

    Shapes: signal [..., samples, ...] -> [..., frames, frame_length, ...]; `pad_end` fills up the
    last frames with `pad_value` instead of leaving them out.
    """
    with g.name_scope(name, "frame"):
        signal = convert_to_tensor(signal, name="signal")
        length: Any = convert_to_tensor(frame_length, name="frame_length")
        step: Any = convert_to_tensor(frame_step, name="frame_step")
        place: Any = convert_to_tensor(axis, name="axis")
        signal.shape.with_rank_at_least(1)
        for scalar in (length, step, place):
            scalar.shape.assert_has_rank(0)
        static = _static_frames(signal, length, step, pad_end, place)
        rank: Any = g.rank(signal)
        place = range(rank)[place]
        sizes: Any = g.shape(signal)
        before, samples, after = split(sizes, [place, 1, rank - 1 - place])
        samples = reshape(samples, [])
        outer, inner = g.size(before), g.size(after)
        if pad_end:
            pad_value = convert_to_tensor(pad_value, signal.dtype)
            pad_value.shape.assert_has_rank(0)
            count = -(-samples // step)
            missing = (length + step * (count - 1), samples)
            signal = _padded_end(signal, pad_value, missing, (outer, inner))
            sizes = g.shape(signal)
            samples = sizes[place]
        else:
            count = g.Maximum(0, 1 + (samples - length) // step)
        part = gcd(length, step)
        parts = _Parts(part, length // part, step // part, samples // part)
        frames = _gathered(signal, sizes, (before, after, place), parts, count, length)
        if static:
            frames.set_shape(static)
        return frames


class _Parts:
    """What frames are put together from: pieces of the largest length that divides both."""

    def __init__(self, length: Any, per_frame: Any, per_step: Any, count: Any) -> None:
        self.length = length
        self.per_frame = per_frame
        self.per_step = per_step
        self.count = count


def _padded_end(signal: Tensor, pad_value: Any, lengths: Any, ranks: tuple[Any, Any]) -> Tensor:
    """The signal with values at its end, from its length up to the one wanted."""
    (wanted, present), (outer, inner) = lengths, ranks
    missing = g.Maximum(0, wanted - present)
    before = zeros([outer, 2], dtype=missing.dtype)
    after = zeros([inner, 2], dtype=missing.dtype)
    widths = concat([before, [[0, missing]], after], 0)
    return pad(signal, widths, constant_values=pad_value)


def _gathered(
    signal: Tensor, sizes: Any, around: tuple[Any, Any, Any], parts: _Parts, count: Any, length: Any
) -> Tensor:
    before, after, axis = around
    used = concat([before, [parts.count * parts.length], after], 0)
    pieces_shape = concat([before, [parts.count, parts.length], after], 0)
    cut = strided_slice(signal, zeros_like(sizes), used)
    pieces = reshape(cut, pieces_shape)
    first = reshape(range(count) * parts.per_step, [count, 1])
    following = reshape(range(parts.per_frame), [1, parts.per_frame])
    chosen = gather(pieces, first + following, axis=axis)
    return reshape(chosen, concat([before, [count, length], after], 0))


def _static_frames(
    signal: Tensor, frame_length: Tensor, frame_step: Tensor, pad_end: bool, axis: Tensor
) -> list[Any] | None:
    """The shape of the frames as far as it is known."""
    length, step, place = (g.known(t) for t in (frame_length, frame_step, axis))
    if signal.shape.ndims is None:
        return None
    if place is None:
        return [None] * (signal.shape.ndims + 1)
    sizes = signal.shape.as_list()
    samples = sizes[int(place)]
    count = None
    if samples is not None and step is not None:
        if pad_end:
            count = max(0, -(-samples // int(step)))
        elif length is not None:
            count = max(0, (samples - int(length) + int(step)) // int(step))
    after = sizes[int(place) :][1:]
    return [*sizes[: int(place)], count, None if length is None else int(length), *after]


def gcd(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The greatest common divisor of two scalars. Raises: ValueError unless they are integers."""
    with g.name_scope(name, "gcd"):
        a, b = convert_to_tensor(a), convert_to_tensor(b)
        for which, value in (("a", a), ("b", b)):
            value.shape.assert_has_rank(0)
            if not value.dtype.is_integer:
                raise ValueError(f"{which} must be an integer type. Got: {value.dtype}")
        known_a, known_b = g.known(a), g.known(b)
        if known_a is not None and known_b is not None:
            return convert_to_tensor(math.gcd(int(known_a), int(known_b)))

        def remains(_: Any, b: Any) -> Tensor:
            return g.Greater(b, zeros_like(b))

        def step(a: Any, b: Any) -> list[Any]:
            return [b, mod(a, b)]

        a, _ = while_loop(remains, step, [a, b], back_prop=False)
        return a


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Tensor:
    """Frames added up, each `frame_step` samples after the one before.

    Shapes: signal [..., frames, frame_length] -> [..., (frames - 1) frame_step + frame_length].
    Raises: ValueError when the step is no integer.
    """
    with g.name_scope(name, "overlap_and_add"):
        signal = convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        step: Any = convert_to_tensor(frame_step, name="frame_step")
        step.shape.assert_has_rank(0)
        if not step.dtype.is_integer:
            raise ValueError(f"frame_step must be an integer. Got {step.dtype}")
        sizes: Any = g.shape(signal)
        outer = sizes[:-2]
        outer_rank: Any = g.size(outer)
        length, frames = sizes[-1], sizes[-2]
        total = length + step * (frames - 1)
        known = g.known(step)
        static = signal.shape
        if known is not None and static.ndims is not None and known == static[-1].value:
            return reshape(signal, concat([outer, [total]], 0), name="fast_path")
        return _added(signal, (outer, outer_rank), (frames, length, step, total))


def _added(signal: Tensor, outside: tuple[Any, Any], sizes: tuple[Any, Any, Any, Any]) -> Tensor:
    """The frames cut into segments of the step, those that fall together moved into one column."""
    (outer, outer_rank), (frames, length, step, total) = outside, sizes
    segments = -(-length // step)
    widths: Any = [[0, segments], [0, segments * step - length]]
    widths = concat([zeros([outer_rank, 2], dtypes.int32), widths], 0)
    result: Any = pad(signal, widths)
    result = reshape(result, concat([outer, [frames + segments, segments, step]], 0))
    before = range(outer_rank)
    exchanged: Any = [1, 0, 2]
    order = concat([before, outer_rank + exchanged], 0)
    result = transpose(result, order)
    result = reshape(result, concat([outer, [(frames + segments) * segments, step]], 0))
    result = result[..., : (frames + segments - 1) * segments, :]
    result = reshape(result, concat([outer, [segments, frames + segments - 1, step]], 0))
    result = reduce_sum(result, -3)
    result = reshape(result, concat([outer, [(frames + segments - 1) * step]], 0))
    return result[..., :total]
