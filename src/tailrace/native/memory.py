"""Memory that a step gives back stays with the process, for the next step.

The arrays of a training step come and go by the dozen megabytes. GNU's malloc gives what it can of
them back to the system, which has to clear every page anew when the next step first touches it: 4
to 15 % of a step. Told otherwise, it keeps what it once had.

Where Linux gives huge pages to those who ask, malloc's next 128 MiB are asked for, which costs no
memory before it is used: with pages of 4 KiB processors spend a few percent of a step, on virtual
machines above all, on finding out where the pages of such arrays are.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from pathlib import Path

# parameters of mallopt, from glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 32 << 20  # bytes; larger blocks glibc always has from the system

_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_MADV_HUGEPAGE = 14  # from Linux's mman-common.h
_PAGE, _BLOCK, _BLOCKS = 4096, 16 << 20, 8


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
    kept = bool(
        mallopt(_TRIM_THRESHOLD, min(limit, 2**31 - 1)) and mallopt(_MMAP_THRESHOLD, _LARGEST)
    )
    if kept and limit > _BLOCKS * _BLOCK:
        _in_huge_pages()
    return kept


def _in_huge_pages() -> None:
    """Let the heap grow by blocks that nothing touches, ask for huge pages there, give all back."""
    try:
        if "[madvise]" not in _HUGE_PAGES.read_text():
            return
    except OSError:
        return
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    blocks = [block for _ in range(_BLOCKS) if (block := libc.malloc(_BLOCK))]
    for first, last in _stretches(blocks):
        start = -(-first // _PAGE) * _PAGE
        libc.madvise(start, (last - start) // _PAGE * _PAGE, _MADV_HUGEPAGE)
    for block in blocks:
        libc.free(block)


def _stretches(blocks: list[int]) -> list[tuple[int, int]]:
    """Where the blocks that follow one another begin and end."""
    found: list[tuple[int, int]] = []
    for block in sorted(blocks):
        if found and block - found[-1][1] < _PAGE:
            found[-1] = (found[-1][0], block + _BLOCK)
        else:
            found.append((block, block + _BLOCK))
    return found
