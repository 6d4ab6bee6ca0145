"""`tf.raw_ops`: every operation by its type, called with keywords only."""

from collections import namedtuple as _namedtuple
from collections.abc import Callable as _Callable
from typing import Any as _Any

from tailrace.graph import g as _g
from tailrace.registry import OPS as _OPS


def __getattr__(name: str) -> _Callable[..., _Any]:
    """The function that adds operations of the type `name`."""
    if name not in _OPS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    add = getattr(_g, name)
    fields = [arg.name for arg in _OPS[name].outputs]
    outputs = _namedtuple(name, fields) if len(fields) > 1 else None

    def raw(**keywords: _Any) -> _Any:
        added = add(**keywords)
        return added if outputs is None else outputs(*added)

    raw.__name__ = name
    raw.__doc__ = _OPS[name].__doc__
    return raw


def __dir__() -> list[str]:
    """The operation types that start with a letter."""
    return sorted(name for name in _OPS if not name.startswith("_"))
