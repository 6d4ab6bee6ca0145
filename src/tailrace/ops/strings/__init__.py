"""Strings: arrays of bytes, one object an element."""

from tailrace.ops.strings import (
    crossing,
    elements,
    hashing,
    joining,
    parsing,
    patterns,
    printing,
)

__all__ = ["crossing", "elements", "hashing", "joining", "parsing", "patterns", "printing"]
