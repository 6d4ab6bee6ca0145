"""`tf.sets`."""

from tailrace.library.sets import set_difference, set_intersection, set_size, set_union
from tailrace.library.sets import set_difference as difference
from tailrace.library.sets import set_intersection as intersection
from tailrace.library.sets import set_size as size
from tailrace.library.sets import set_union as union

__all__ = [
    "difference",
    "intersection",
    "set_difference",
    "set_intersection",
    "set_size",
    "set_union",
    "size",
    "union",
]
