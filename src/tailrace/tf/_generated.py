"""What TensorFlow's modules `gen_math_ops`, `gen_array_ops`, ... hold."""

from collections.abc import Callable as _Callable
from typing import Any as _Any

from tailrace.library.generated import function as _function
from tailrace.library.generated import names as _names


def __getattr__(name: str) -> _Callable[..., _Any]:
    """The function that adds an operation: `mat_mul` for MatMul."""
    return _function(name)


def __dir__() -> list[str]:
    """The functions of all operations."""
    return _names()
