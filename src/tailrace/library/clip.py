"""Keeping values and gradients within bounds.

Source: TF 1.15 python/ops/clip_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tailrace import dtypes
from tailrace.graph import IndexedSlices, Tensor, convert_to_tensor, g
from tailrace.library.array import ones_like, stack
from tailrace.library.math import range
from tailrace.library.reductions import reduce_sum


def _values(t: Any, name: str = "t") -> Tensor:
    return convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name=name)


def _like(t: Any, values: Tensor) -> Any:
    """`values` in the place of those of `t`."""
    if isinstance(t, IndexedSlices):
        return IndexedSlices(values, t.indices, t.dense_shape)
    return values


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """The elements of `t`, or the bounds where they lie beyond. Bounds broadcast to `t`.

    Raises: ValueError when a bound has more dimensions than `t`.
    """
    with g.name_scope(name, "clip_by_value") as scope:
        values = _values(t)
        below = g.Minimum(values, clip_value_max)
        values.shape.merge_with(below.shape)
        clipped = g.Maximum(below, clip_value_min, name=scope)
        values.shape.merge_with(clipped.shape)
        return _like(t, clipped)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """`t` scaled so that its Euclidean norm (along `axes`) is at most `clip_norm`."""
    with g.name_scope(name, "clip_by_norm") as scope:
        values = _values(t)
        squares = reduce_sum(values * values, axes, keepdims=True)
        positive = squares > 0
        # the root has no slope at 0
        safe = g.Select(positive, squares, ones_like(squares))
        norm = g.Select(positive, g.Sqrt(safe), squares)
        scaled = values * clip_norm
        values.shape.merge_with(scaled.shape)
        return _like(t, g.Identity(scaled / g.Maximum(norm, clip_norm), name=scope))


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """`t` scaled so that its norm divided by the number of elements is at most `clip_norm`."""
    with g.name_scope(name, "clip_by_average_norm") as scope:
        t = convert_to_tensor(t, name="t")
        count = g.cast(g.size(t), dtypes.float32)
        inverse_norm = g.Rsqrt(reduce_sum(t * t, range(g.rank(t))))
        scale = t * clip_norm
        limit = g.Minimum(inverse_norm * count, g.constant(1.0) / clip_norm)
        return g.Identity(scale * limit, name=scope)


def _checked_list(t_list: Any) -> list[Any]:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(f"t_list should be a sequence of tensors, not {type(t_list).__name__}")
    return list(t_list)


def _list_values(t_list: list[Any]) -> list[Tensor | None]:
    return [None if t is None else _values(t, f"t_{i}") for i, t in enumerate(t_list)]


def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """The Euclidean norm of all tensors of a list together; entries that are None do not count.

    Raises: TypeError when `t_list` is not a sequence.
    """
    t_list = _checked_list(t_list)
    with g.name_scope(name, "global_norm"):
        halves = []
        for value in _list_values(t_list):
            if value is not None:
                with g.colocate_with(value):
                    halves.append(g.L2Loss(value))
        half = reduce_sum(stack(halves))
        return g.Sqrt(half * g.constant(2.0, half.dtype), name="global_norm")


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """Tensors scaled together so that their global norm is at most `clip_norm`, and that norm.

    With an infinite norm the result is not a number.
    Raises: TypeError when `t_list` is not a sequence.
    """
    t_list = _checked_list(t_list)
    if use_norm is None:
        use_norm = global_norm(t_list, name)
    with g.name_scope(name, "clip_by_global_norm") as scope:
        inverse = 1.0 / use_norm
        one = g.constant(1.0, use_norm.dtype)
        finite_scale = clip_norm * g.Minimum(inverse, one / clip_norm)
        finite = g.IsFinite(use_norm)
        scale = g.Select(finite, finite_scale, g.constant(float("nan"), use_norm.dtype))
        clipped: list[Any] = []
        for i, (t, value) in enumerate(zip(t_list, _list_values(t_list), strict=True)):
            if value is None:
                clipped.append(None)
                continue
            with g.colocate_with(value):
                clipped.append(_like(t, g.Identity(value * scale, name=f"{scope}_{i}")))
        return clipped, use_norm
