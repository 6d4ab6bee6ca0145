"""Finds and loads the shared library that the build put beside this file."""

from __future__ import annotations

import ctypes
import functools
import logging
import os
from pathlib import Path

_NAMES = ("libtailrace_native.so", "libtailrace_native.dylib", "tailrace_native.dll")


@functools.cache
def library() -> ctypes.CDLL | None:
    """The loaded library, or None (said once, in the log) where there is none.

    TAILRACE_NATIVE=0 in the environment leaves it out, for comparison.
    """
    if os.environ.get("TAILRACE_NATIVE") == "0":
        return None
    for folder in _folders():
        for name in _NAMES:
            if (folder / name).is_file():
                return ctypes.CDLL(str(folder / name))
    logging.getLogger("tailrace").info(
        "the native library was not built (no C++ compiler at install): Python kernels serve"
    )
    return None


def _folders() -> list[Path]:
    """Where the library may lie: beside this file; an installed package may span two folders."""
    from tailrace import native

    return [Path(folder) for folder in native.__path__]
