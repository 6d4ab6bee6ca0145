"""`tf.sysconfig`: where headers and libraries are; Tailrace takes no C++ operations."""

from tailrace.library.sysconfig import (
    get_compile_flags,
    get_include,
    get_lib,
    get_link_flags,
)
from tailrace.library.versions import CXX11_ABI_FLAG, MONOLITHIC_BUILD

__all__ = [
    "CXX11_ABI_FLAG",
    "MONOLITHIC_BUILD",
    "get_compile_flags",
    "get_include",
    "get_lib",
    "get_link_flags",
]
