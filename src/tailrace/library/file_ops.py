"""Operations on files.

Source: TF 1.15 python/ops/io_ops.py, python/training/input.py (match_filenames_once).
"""

from __future__ import annotations

from typing import Any

from tailrace.graph import Operation, Tensor, g
from tailrace.library.collections import GraphKeys
from tailrace.library.scopes import name_scope
from tailrace.library.variables import Variable


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """The content of a file. Shapes: filename [], result [] of strings."""
    return g.ReadFile(filename, name=name)


def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """Writes a file, making the folders it lies in."""
    return g.WriteFile(filename, contents, name=name)


def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """The sorted names of the files that match a pattern, or one of several. Shape: [n]."""
    return g.MatchingFiles(pattern, name=name)


def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """A local variable with the names of the files that match when it is initialized."""
    with name_scope(name, "matching_filenames", [pattern]) as scope:
        return Variable(
            name=scope,
            initial_value=g.MatchingFiles(pattern),
            trainable=False,
            validate_shape=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
        )
