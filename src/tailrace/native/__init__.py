"""Our C++ kernels, called through a plain C interface, each with a fallback in Python.

`library()` is the loaded shared library, or None where it was not built (no C++ compiler at
install time). Kernels pick their path by it; both paths give the same results.
"""

from tailrace.native.loader import library

__all__ = ["library"]
