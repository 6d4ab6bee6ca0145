"""`tf.sysconfig`: the places a build of TensorFlow operations in C++ would look at.

There are no such headers and libraries here: operations are added in Python, with `tf.py_func`.
"""

from __future__ import annotations

from pathlib import Path

from tailrace.library.versions import CXX11_ABI_FLAG

_PACKAGE = Path(__file__).parents[1]


def get_include() -> str:
    """The folder where headers would be."""
    return str(_PACKAGE / "include")


def get_lib() -> str:
    """The folder of this package."""
    return str(_PACKAGE)


def get_compile_flags() -> list[str]:
    """Compiler flags that name the headers."""
    return [f"-I{get_include()}", f"-D_GLIBCXX_USE_CXX11_ABI={CXX11_ABI_FLAG}"]


def get_link_flags() -> list[str]:
    """Linker flags that name the folder."""
    return [f"-L{get_lib()}"]
