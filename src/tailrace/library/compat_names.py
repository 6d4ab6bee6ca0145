"""`tf.compat`: text and bytes, number types, and what "recent enough" means.

Source: TF 1.15 python/util/compat.py, python/compat/compat.py.
"""

from __future__ import annotations

import datetime
import numbers
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)
bytes_or_text_types = (bytes, str)

# graphs of TensorFlow 1.15 may use what was added before this day
_horizon = datetime.date(2019, 8, 21)


def as_bytes(bytes_or_text: str | bytes | bytearray, encoding: str = "utf-8") -> bytes:
    """The text encoded, bytes as they are; raises TypeError for anything else."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, bytes | bytearray):
        return bytes(bytes_or_text)
    raise _not_text(bytes_or_text)


def as_text(bytes_or_text: str | bytes, encoding: str = "utf-8") -> str:
    """The bytes decoded, text as it is; raises TypeError for anything else."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise _not_text(bytes_or_text)


as_str = as_text


def as_str_any(value: Any) -> str:
    """Bytes decoded, anything else by `str`."""
    return as_text(value) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """A path object as its text; anything else as it is."""
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


def _not_text(value: object) -> TypeError:
    return TypeError(f"Expected binary or unicode string, got {value!r}")


def forward_compatible(year: int, month: int, day: int) -> bool:
    """Whether a change made on that day may be used in graphs meant for other installations."""
    return _horizon > datetime.date(year, month, day)


@contextmanager
def forward_compatibility_horizon(year: int, month: int, day: int) -> Iterator[None]:
    """Moves the day that `forward_compatible` compares with, for a test."""
    global _horizon
    before = _horizon
    _horizon = datetime.date(year, month, day)
    try:
        yield
    finally:
        _horizon = before
