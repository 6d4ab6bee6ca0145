"""`tf.bitwise`."""

# ruff: noqa: F401 - the names are what this module is for

from tailrace.library.bitwise import (
    bitwise_and,
    bitwise_or,
    bitwise_xor,
    invert,
    left_shift,
    right_shift,
)
