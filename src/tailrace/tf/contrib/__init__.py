"""`tf.contrib`: a namespace of namespaces, each loaded on first use."""

from importlib import import_module as _import_module
from pkgutil import iter_modules as _iter_modules
from types import ModuleType as _ModuleType

_NAMESPACES = frozenset(module.name for module in _iter_modules(__path__))


def __getattr__(name: str) -> _ModuleType:
    """Namespaces are loaded on first use."""
    if name not in _NAMESPACES:
        raise AttributeError(f"module 'tailrace.contrib' has no attribute '{name}'")
    return _import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted(_NAMESPACES)
