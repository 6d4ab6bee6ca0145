"""Pages of libraries that only loading them needed are given back.

Loading PyTorch's libraries runs code once that registers 3,000 operations, and reads tables of
symbols and relocations: 60 MiB of their files, which stay mapped into the process and count as its
own although nothing reads them again. They are clean: a page that is wanted after all is mapped
again, mostly from the system's cache, sixteen at a time. What that costs is below what is measured.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_SMAPS = Path("/proc/self/smaps")
# address range, rights and file of a mapping; private and not to be written, of a shared library
_LIBRARY = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-[x-]p .*/[^/]+\.so[.\d]*$")
_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ ")
_DONTNEED = 4  # MADV_DONTNEED of Linux's mman.h
_FINDERS = sys.meta_path


def give_back() -> int:
    """Unmap the clean pages of all shared libraries; gives the bytes of address space told.

    Without Linux's `/proc` nothing happens: 0.
    """
    madvise = getattr(ctypes.CDLL(None), "madvise", None) if _SMAPS.exists() else None
    if madvise is None:
        return 0
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with _SMAPS.open(errors="replace") as file:
        found = list(clean_libraries(file))
    # mappings locked in memory refuse
    return sum(size for start, size in found if madvise(start, size, _DONTNEED) == 0)


def clean_libraries(smaps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Start and size of the mappings of libraries that hold nothing but what is in their files.

    A page that was written once, by the relocation of an address or by a debugger, is a copy of
    its own: anonymous. A mapping with one of these is left out.
    """
    mapping = None
    for line in smaps:
        if _MAPPING.match(line):
            mapping = _LIBRARY.match(line)
        elif mapping and line.startswith("Anonymous:") and line.split()[1] == "0":
            start, end = (int(address, 16) for address in mapping.groups())
            yield start, end - start


class _OnceLoaded:
    """Finds no module; waits for the first that PyTorch imports when its libraries are loaded.

    What its Python modules then allocate need not come on top of the libraries' pages.
    """

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name.startswith("torch.") and "torch._C" in sys.modules and cls in _FINDERS:
            _FINDERS.remove(cls)
            give_back()


@contextmanager
def loading() -> Iterator[None]:
    """Give pages back when PyTorch's libraries are loaded, and at the end."""
    if "torch" not in sys.modules:
        _FINDERS.insert(0, _OnceLoaded)
    try:
        yield
    finally:
        if _OnceLoaded in _FINDERS:
            _FINDERS.remove(_OnceLoaded)
    give_back()
