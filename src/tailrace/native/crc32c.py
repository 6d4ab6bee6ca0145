"""The native CRC-32C."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from tailrace.native.loader import library


@functools.cache
def native_crc32c() -> Callable[[int, Any, int], int] | None:
    """`f(crc, address or bytes, size_bytes) -> crc`, or None without the native library."""
    loaded = library()
    if loaded is None:
        return None
    function = loaded.tailrace_crc32c
    function.argtypes = (ctypes.c_uint32, ctypes.c_void_p, ctypes.c_size_t)
    function.restype = ctypes.c_uint32
    return function
