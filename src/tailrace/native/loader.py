"""Finds and loads the shared library that the build put beside this file."""

from __future__ import annotations

import ctypes
import functools
import logging
import os
from collections.abc import Callable
from pathlib import Path

_NAMES = ("libtailrace_native.so", "libtailrace_native.dylib", "tailrace_native.dll")
# as `Isa` of src/isa.h numbers them
_ISAS = ("baseline", "avx2", "avx512")


@functools.cache
def library() -> ctypes.CDLL | None:
    """The loaded library, or None (said once, in the log) where there is none.

    In the environment, TAILRACE_NATIVE=0 leaves it out, for comparison, or TAILRACE_NATIVE names
    another build of it; TAILRACE_NATIVE_ISA names the instruction set that the vector kernels use,
    if not the widest.
    """
    chosen = os.environ.get("TAILRACE_NATIVE")
    if chosen is not None:
        return None if chosen == "0" else _load(Path(chosen))
    for folder in _folders():
        for name in _NAMES:
            if (folder / name).is_file():
                return _load(folder / name)
    logging.getLogger("tailrace").info(
        "the native library was not built (no C++ compiler at install): Python kernels serve"
    )
    return None


@functools.cache
def entry(name: str) -> Callable[[ctypes.Structure], None] | None:
    """The function `tailrace_NAME`, which takes one structure; None without the library."""
    loaded = library()
    if loaded is None:
        return None
    found = getattr(loaded, f"tailrace_{name}")
    found.restype = None
    return lambda args: found(ctypes.byref(args))


def isas() -> list[str]:
    """The instruction sets that the vector kernels can use here, the plainest first."""
    loaded = library()
    return [] if loaded is None else list(_ISAS[: loaded.tailrace_widest_isa() + 1])


def use_isa(name: str) -> None:
    """Has the vector kernels use one of `isas()`; they begin with the widest."""
    loaded = library()
    if loaded is None or name not in isas():
        raise ValueError(f"instruction set {name!r} is not to be had here: choose of {isas()}")
    loaded.tailrace_use_isa(_ISAS.index(name))


def _load(path: Path) -> ctypes.CDLL:
    # the kernels' threads are those of the OpenMP runtime that PyTorch brings: that one first
    import torch  # noqa: F401

    loaded = ctypes.CDLL(str(path))
    wanted = os.environ.get("TAILRACE_NATIVE_ISA")
    if wanted is not None:
        allowed = _ISAS[: loaded.tailrace_widest_isa() + 1]
        if wanted not in allowed:
            raise ValueError(f"TAILRACE_NATIVE_ISA is {wanted!r}, not one of {', '.join(allowed)}")
        loaded.tailrace_use_isa(_ISAS.index(wanted))
    return loaded


def _folders() -> list[Path]:
    """Where the library may lie: beside this file; an installed package may span two folders."""
    from tailrace import native

    return [Path(folder) for folder in native.__path__]
