"""Makes `import tensorflow` find Tailrace."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from tailrace.compat.facade import ROOT, create

# tensorboard's own files would import `tensorflow`; this module's presence tells them not to
_NO_TENSORFLOW = "tensorboard.compat.notf"


class _Loader:
    """Hands over a module that is made already."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.own_spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Called first by the import system."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Called next; there is nothing left to execute."""
        if self.own_spec is not None:
            # a module of another name, whose spec the import system has just replaced
            module.__spec__ = self.own_spec


class TensorFlowFinder:
    """Finder of `tensorflow` and everything below it."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module comes from; None for everybody else's."""
        root, _, rest = name.partition(".")
        if root != ROOT:
            return None
        module = create(rest)
        if module is None:
            return None
        loader: Any = _Loader(module)
        return ModuleSpec(name, loader, is_package=hasattr(module, "__path__"))


def install() -> None:
    """From here on `import tensorflow` gives Tailrace, even if TensorFlow is installed.

    Raises: RuntimeError when the real TensorFlow was imported before.
    """
    loaded = sys.modules.get(ROOT)
    if loaded is not None and not _is_ours(loaded):
        raise RuntimeError("tensorflow is imported already: install Tailrace's before")
    sys.modules.setdefault(_NO_TENSORFLOW, ModuleType(_NO_TENSORFLOW))
    if TensorFlowFinder not in sys.meta_path:
        sys.meta_path.insert(0, TensorFlowFinder)


def uninstall() -> None:
    """Takes `install` back; modules that imported `tensorflow` keep what they have."""
    if TensorFlowFinder in sys.meta_path:
        sys.meta_path.remove(TensorFlowFinder)
    for name in [name for name in sys.modules if name.partition(".")[0] == ROOT]:
        del sys.modules[name]


def _is_ours(module: ModuleType) -> bool:
    return type(module).__module__ == create.__module__
