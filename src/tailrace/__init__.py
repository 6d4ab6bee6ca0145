"""TensorFlow 1 programs on current Python: `import tailrace as tf`.

Nothing is loaded until the first use. Then `tailrace.tf`, where TensorFlow's names are assembled,
answers for every attribute, and `import tailrace.contrib.rnn` finds `tailrace.tf.contrib.rnn`. As a
module that stands for TensorFlow 1.15, `tailrace.__version__` is the version of TensorFlow's API;
`tailrace --version` says Tailrace's own.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

_PUBLIC = "tailrace.tf"
_FOLDER = Path(__file__).parent
# parts of this package whose names TensorFlow uses for something else
_SHARED_NAMES = ("compat", "dtypes", "errors", "gradients")
# parts that are themselves programs of the public API
_PROGRAMS = {"apps", "cli", "compat"}
_IMPORTER = "importlib._bootstrap"


def __getattr__(name: str) -> Any:
    """TensorFlow's `name`, loaded on first use and kept.

    An import statement asks for the name before it looks for a submodule. It is told no, so that
    the parts of this package import one another without loading all of it.
    """
    dunder = name.startswith("__") and name != "__version__"
    if dunder or _caller() == _IMPORTER:
        raise AttributeError(f"module 'tailrace' has no attribute '{name}'")
    value = getattr(api(), name)
    globals()[name] = value
    return value


def api() -> ModuleType:
    """The module of TensorFlow's names, loaded on first use.

    The collector would go through all that torch has just made, again and again, and find nothing:
    neither while it is made (a tenth of the time) nor, set aside as it is at the end, later, when a
    program's own objects set it off (a quarter of a second each time it looks at everything).
    """
    found = sys.modules.get(_PUBLIC)
    if found is not None:
        return import_module(_PUBLIC)
    from tailrace.native import pages

    collecting = gc.isenabled()
    gc.disable()
    try:
        with pages.loading():
            public = import_module(_PUBLIC)
        if collecting:
            gc.freeze()
        return public
    finally:
        if collecting:
            gc.enable()


def __dir__() -> list[str]:
    """TensorFlow's names."""
    return sorted(dir(import_module(_PUBLIC)))


def _caller() -> str:
    """The module whose code asked the function that calls this."""
    return sys._getframe(2).f_globals.get("__name__", "")


class _Package(ModuleType):
    """This package, with shared names that mean its own parts inside it and TensorFlow's outside.

    `tf.gradients` is a function for programs, while the import of the package `tailrace.gradients`
    stores that under the same name.
    """


def _shared(name: str) -> property:
    def get(package: ModuleType) -> Any:
        caller = _caller()
        inside = caller.startswith("tailrace.") and caller.split(".")[1] not in _PROGRAMS
        if caller != _IMPORTER and not inside:
            return getattr(import_module(_PUBLIC), name)
        if name not in package.__dict__:
            raise AttributeError(name)
        return package.__dict__[name]

    def put(package: ModuleType, value: Any) -> None:
        package.__dict__[name] = value

    return property(get, put)


class _Alias:
    """Loads a module under a second name: one module object, executed once."""

    def __init__(self, target: str) -> None:
        self.target = target

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self.target)
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # the import system has just replaced it
        module.__spec__ = self.own_spec


class _PublicNames:
    """Finds `tailrace.nn`, `tailrace.contrib.rnn`, ...: the namespaces of `tailrace.tf`."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        head, _, rest = name.partition(".")
        if head != "tailrace" or _is_own(rest):
            return None
        public = f"{_PUBLIC}.{rest}"
        try:
            found = find_spec(public)
        except ModuleNotFoundError as error:
            if not public.startswith(error.name or " "):
                raise
            return None
        if found is None:
            return None
        is_package = found.submodule_search_locations is not None
        loader: Any = _Alias(public)
        return ModuleSpec(name, loader, is_package=is_package)


def _is_own(name: str) -> bool:
    """Whether the module is a file of this package rather than a name of TensorFlow's."""
    first = name.split(".")[0]
    if first == "compat":
        own = _FOLDER / name.replace(".", "/")
        return own.is_dir() or own.with_suffix(".py").exists()
    return (_FOLDER / first).exists() or (_FOLDER / f"{first}.py").exists()


for _name in _SHARED_NAMES:
    setattr(_Package, _name, _shared(_name))
sys.modules[__name__].__class__ = _Package
# before the finder of files, which would load tailrace/tf/io/gfile.py again as tailrace.io.gfile
sys.meta_path.insert(0, _PublicNames)
