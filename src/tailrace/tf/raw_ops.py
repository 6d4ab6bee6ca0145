"""`tf.raw_ops`: every operation by its type, called with keywords only."""

from collections.abc import Callable as _Callable
from typing import Any as _Any

from tailrace.library.generated import raw as _raw
from tailrace.registry import OPS as _OPS


def __getattr__(name: str) -> _Callable[..., _Any]:
    """The function that adds operations of the type `name`."""
    if name not in _OPS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _raw(name)


def __dir__() -> list[str]:
    """The operation types that start with a letter."""
    return sorted(name for name in _OPS if not name.startswith("_"))
