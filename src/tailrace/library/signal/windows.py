"""Window functions.

Source: TF 1.15 python/ops/signal/window_ops.py.
"""

from __future__ import annotations

import math
from typing import Any

from tailrace import dtypes
from tailrace.dtypes import as_dtype
from tailrace.graph import Tensor, constant, convert_to_tensor, g
from tailrace.library.arithmetic import cast, equal, mod
from tailrace.library.array import ones
from tailrace.library.control_flow import cond
from tailrace.library.math import cos, range


def hann_window(
    window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """0.5 - 0.5 cos(2 pi i / n), [window_length]."""
    return _raised_cosine(name, "hann_window", window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(
    window_length: Any, periodic: Any = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """0.54 - 0.46 cos(2 pi i / n), [window_length]."""
    return _raised_cosine(name, "hamming_window", window_length, periodic, dtype, 0.54, 0.46)


def _raised_cosine(
    name: str | None, default: str, length: Any, periodic: Any, dtype: Any, a: float, b: float
) -> Tensor:
    dtype = as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype}")
    with g.name_scope(name, default):
        length = convert_to_tensor(length, dtype=dtypes.int32, name="window_length")
        length.shape.assert_has_rank(0)
        known = g.known(length)
        if known == 1:
            return ones([1], dtype=dtype)
        truth = convert_to_tensor(periodic, dtype=dtypes.bool, name="periodic")
        periodic = cast(truth, dtypes.int32)
        periodic.shape.assert_has_rank(0)
        even = 1 - mod(length, 2)
        n = cast(length + periodic * even - 1, dtype)
        places = cast(range(length), dtype)
        angle = constant(2 * math.pi, dtype=dtype) * places / n

        def window() -> Tensor:
            return cast(a - b * cos(angle), dtype)

        if known is not None:
            return window()
        return cond(equal(length, 1), lambda: ones([1], dtype=dtype), window)
