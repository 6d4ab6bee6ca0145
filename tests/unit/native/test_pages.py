import os
import subprocess
import sys
import textwrap

import pytest

from tailrace.native import pages

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux's /proc")

_RESIDENT = """
def mib(name):
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith(name)).split()[1]) >> 10

"""


def _figures(program: str) -> list[int]:
    """What the program prints: numbers, of a fresh interpreter."""
    command = [sys.executable, "-W", "error", "-c", _RESIDENT + textwrap.dedent(program)]
    # without the memory that a sanitizer takes
    environment = {
        k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "TAILRACE_NATIVE")
    }
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [int(word) for word in done.stdout.split()]


def _mapping(addresses: str, rights: str, path: str, anonymous: int) -> list[str]:
    return [
        f"{addresses} {rights} 00000000 fe:00 42                      {path}\n",
        "Size:                  4 kB\n",
        "Rss:                   4 kB\n",
        f"Anonymous:             {anonymous} kB\n",
        "VmFlags: rd ex mr mw me\n",
    ]


def test_mappings_that_hold_only_what_is_in_the_files_of_libraries():
    smaps = [
        *_mapping("1000-3000", "r-xp", "/usr/lib/libtorch_cpu.so", 0),
        *_mapping("3000-4000", "r--p", "/usr/lib/libtorch_cpu.so", 4),  # relocated
        *_mapping("4000-5000", "rw-p", "/usr/lib/libtorch_cpu.so", 0),
        *_mapping("5000-6000", "r--p", "/usr/lib/libc.so.6", 0),
        *_mapping("6000-7000", "r--s", "/tmp/weights.so", 0),  # shared
        *_mapping("7000-8000", "r--p", "/tmp/weights.npy", 0),
        *_mapping("8000-9000", "rw-p", "", 0),
        *_mapping("7ff0-7fff", "r-xp", "[vdso]", 0),
    ]
    assert list(pages.clean_libraries(smaps)) == [(0x1000, 0x2000), (0x5000, 0x1000)]


@linux
def test_pages_come_back_when_wanted():
    import torch

    before = torch.ones(3, 3) @ torch.ones(3, 3)
    assert pages.give_back() > 100 << 20
    assert torch.equal(torch.ones(3, 3) @ torch.ones(3, 3), before)


def test_without_proc_nothing_is_given_back(monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "_SMAPS", tmp_path / "smaps")
    assert pages.give_back() == 0


@linux
def test_less_is_resident_than_with_the_libraries_alone():
    """At the end, and at the most at any time, with all that Tailrace itself loads."""
    (plain,) = _figures("import torch; print(mib('VmHWM'))")
    peak, at_the_end = _figures(
        "import tailrace as tf; tf.Session; print(mib('VmHWM'), mib('VmRSS'))"
    )
    assert peak < plain - 20
    assert at_the_end < plain - 40


@linux
@pytest.mark.parametrize("first", ["sys", "torch"])
def test_no_finder_stays(first: str):
    """Nor does it matter whether PyTorch was there before."""
    stayed, resident = _figures(
        f"""
        import sys
        import {first}
        import tailrace as tf
        tf.Session
        from tailrace.native import pages
        print(int(pages._OnceLoaded in sys.meta_path), mib('RssFile'))
        """
    )
    assert not stayed
    assert resident < 30
