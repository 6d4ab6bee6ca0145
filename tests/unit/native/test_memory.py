import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailrace.native import memory

_PROGRAM = """
import ctypes, resource, statistics
from tailrace.native import memory
kept = memory.keep()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
seen = []
for i in range(40):
    sizes = [(j + i % 3) << 21 for j in range(4, 11)]
    arrays = [libc.malloc(size) for size in sizes]
    for array, size in zip(arrays, sizes):
        libc.memset(array, 1, size)
        libc.free(array)
    seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(kept, int(statistics.median(b - a for a, b in zip(seen[20:], seen[21:]))))
"""


def _run(**settings: str) -> tuple[str, int]:
    """Whether memory was kept, and the pages new to most steps, which touch 29,000."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "LD_"))}
    command = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(
        command, env={**environment, **settings}, capture_output=True, text=True, check=True
    )
    kept, pages = done.stdout.split()
    return kept, int(pages)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc alone is told")
def test_steps_take_the_pages_of_those_before():
    kept, pages = _run()
    assert kept == "True"
    assert pages < 500


@pytest.mark.parametrize("settings", [{"TAILRACE_KEEP_MIB": "0"}, {"MALLOC_ARENA_MAX": "2"}])
def test_malloc_stays_as_it_is_where_that_is_wanted(settings):
    assert _run(**settings)[0] == "False"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc alone is told")
def test_malloc_as_it_is_takes_new_pages_for_each_step():
    _, pages = _run(TAILRACE_KEEP_MIB="0")
    assert pages > 10_000


_FLAGS = """
import torch
from tailrace.native import memory
memory.keep()
address, inside = torch.ones(4 << 20).data_ptr() + (8 << 20), False
for line in open("/proc/self/smaps"):
    first, *rest = line.split()
    if "-" in first and not first.endswith(":"):
        begin, end = (int(part, 16) for part in first.split("-"))
        inside = begin <= address < end
    elif inside and first == "VmFlags:":
        print("hg" in rest)
"""


def _gives_huge_pages_to_those_who_ask() -> bool:
    file: Path = memory._HUGE_PAGES
    return file.exists() and "[madvise]" in file.read_text()


@pytest.mark.skipif(not _gives_huge_pages_to_those_who_ask(), reason="no huge pages on asking")
@pytest.mark.parametrize(("limit", "huge"), [("512", "True"), ("100", "False")])
def test_arrays_lie_in_huge_pages(limit, huge):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "LD_"))}
    command = [sys.executable, "-c", _FLAGS]
    environment["TAILRACE_KEEP_MIB"] = limit
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == huge
