"""Operations on arrays: their making, shapes, slices, joins, gathers and layout."""

from tailrace.ops.array import (
    assigning,
    blocks,
    diagonals,
    distances,
    gathering,
    joining,
    layout,
    patches,
    scattering,
    selecting,
    shaping,
    slicing,
    sources,
)

__all__ = [
    "assigning",
    "blocks",
    "diagonals",
    "distances",
    "gathering",
    "joining",
    "layout",
    "patches",
    "scattering",
    "selecting",
    "shaping",
    "slicing",
    "sources",
]
