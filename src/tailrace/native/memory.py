"""Memory that a step gives back stays with the process, for the next step.

The arrays of a training step come and go by the dozen megabytes. GNU's malloc gives what it can of
them back to the system, which has to clear every page anew when the next step first touches it: 4
to 15 % of a step. Told otherwise, it keeps what it once had.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys

# parameters of mallopt, from glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 32 << 20  # bytes; larger blocks glibc always has from the system


@functools.cache
def keep() -> bool:
    """Have malloc keep up to 512 MiB that are free; says whether it does.

    In the environment, TAILRACE_KEEP_MIB names another limit; 0 leaves malloc as it is. So do
    settings of glibc's own (MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_), and other libraries.
    """
    limit = int(os.environ.get("TAILRACE_KEEP_MIB", "512")) << 20
    if limit <= 0 or not sys.platform.startswith("linux"):
        return False
    if any(name.startswith("MALLOC_") for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # not glibc
        return False
    return bool(
        mallopt(_TRIM_THRESHOLD, min(limit, 2**31 - 1)) and mallopt(_MMAP_THRESHOLD, _LARGEST)
    )
