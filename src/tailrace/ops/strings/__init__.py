"""Strings: arrays of bytes, one object an element."""

from tailrace.ops.strings import (
    elements,
    hashing,
    joining,
    parsing,
    patterns,
    printing,
)

__all__ = ["elements", "hashing", "joining", "parsing", "patterns", "printing"]
