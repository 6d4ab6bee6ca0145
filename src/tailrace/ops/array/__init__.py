"""Operations on arrays: their making, shapes, slices, joins, gathers and layout."""

from tailrace.ops.array import (
    gathering,
    joining,
    layout,
    shaping,
    slicing,
    sources,
)

__all__ = ["gathering", "joining", "layout", "shaping", "slicing", "sources"]
