"""The modules that a program gets when it imports `tensorflow`.

Each is a `Namespace`: it asks Tailrace for the public name, and where there is none looks among the
names from before 1.0. Values are looked up on first use and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from tailrace import api
from tailrace.compat import internals
from tailrace.compat.old_calls import ADAPTED
from tailrace.compat.old_names import MOVED, RENAMED

API = "tailrace.tf"
ROOT = "tensorflow"

# modules that are no part of the API of Tailrace itself
_MNIST = "tailrace.compat.mnist"
OWN_MODULES = {
    "examples.tutorials.mnist.input_data": _MNIST,
    "contrib.learn.datasets.mnist": _MNIST,
    "contrib.learn.python.learn.datasets.mnist": _MNIST,
    "contrib.learn.python.learn.datasets.base": _MNIST,
    "contrib.learn.datasets.base": _MNIST,
}
PROTOS = "tensorboard.compat.proto"


class Missing(AttributeError):
    """A TensorFlow name that Tailrace does not have."""


class Namespace(ModuleType):
    """One module of `tensorflow`, whose attributes `resolve` finds by name."""

    def __init__(self, name: str, resolve: Callable[[str], Any], names: Callable[[], list[str]]):
        super().__init__(name, "TensorFlow 1 as Tailrace provides it.")
        self.__path__ = []
        self._resolve = resolve
        self._names = names

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [public for public in self._names() if not public.startswith("_")]
        if name.startswith("__") and name != "__version__":
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")
        try:
            value = self._resolve(name)
        except Missing:
            message = (
                f"module '{self.__name__}' has no attribute '{name}' in Tailrace "
                "(`tailrace check` lists what a program needs)"
            )
            raise AttributeError(message) from None
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        return self._names()


def public(path: str) -> Any:
    """The object of 1.15's API at `path` ("nn.relu"; "" is the API itself); raises `Missing`."""
    value: Any = api()
    done: list[str] = []
    for part in filter(None, path.split(".")):
        done.append(part)
        try:
            value = getattr(value, part)
        except AttributeError:
            value = _submodule(".".join(done))
    return value


def _submodule(path: str) -> ModuleType:
    name = f"{API}.{path}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith(error.name or " "):
            raise
        raise Missing(path) from None


def lookup(path: str) -> Any:
    """What a program means by `tf.<path>`, old names included; raises `Missing`.

    A namespace comes as the module object of Tailrace, not as a `Namespace`.
    """
    if path in ADAPTED:
        name, adapter = ADAPTED[path]
        return adapter(public(name))
    if path in OWN_MODULES:
        return import_module(OWN_MODULES[path])
    try:
        return public(path)
    except Missing:
        if path in RENAMED:
            return public(RENAMED[path])
        if path in MOVED:
            return public(MOVED[path])
        namespace, _, name = path.rpartition(".")
        if namespace in MOVED:
            return lookup(f"{MOVED[namespace]}.{name}".lstrip("."))
        raise


def is_namespace(path: str) -> bool:
    """Whether `tf.<path>` is a module."""
    if path in MOVED or any(inner.startswith(f"{path}.") for inner in (*OWN_MODULES, *MOVED)):
        return True
    try:
        value = lookup(path)
    except Missing:
        return False
    # tf.test.mock is a module too, but none of TensorFlow's
    return isinstance(value, ModuleType) and value.__name__.startswith("tailrace.")


def create(path: str) -> ModuleType | None:
    """The module to import as `tensorflow.<path>`; None if there is no such module."""
    name = f"{ROOT}.{path}" if path else ROOT
    if path == "compat.v1" or path.startswith("compat.v1."):
        return import_module(f"{ROOT}{path.removeprefix('compat.v1')}")
    if path in OWN_MODULES:
        return import_module(OWN_MODULES[path])
    if path == "core" or path.startswith("core."):
        return _core(name, path)
    if path == "python" or path.startswith("python."):
        return _internal(name, path.removeprefix("python").lstrip("."))
    if path.startswith("contrib."):
        path = _contrib(path)
    if not is_namespace(path):
        return None
    return Namespace(name, lambda part: _member(path, part), lambda: _names(path))


def _contrib(path: str) -> str:
    """Modules below a contrib package's `python` folder are its public namespace, or inside it.

    `contrib.slim.python.slim.nets.vgg` is `contrib.slim.nets.vgg`.
    """
    head, found, tail = path.partition(".python")
    if not found:
        return path
    parts = [part for part in tail.split(".") if part]
    inner = (".".join([head, *parts[i:]]) for i in range(len(parts)))
    return next((name for name in inner if is_namespace(name)), head)


def _member(path: str, name: str) -> Any:
    inner = f"{path}.{name}" if path else name
    return lookup(inner) if create(inner) is None else import_module(f"{ROOT}.{inner}")


def _names(path: str) -> list[str]:
    try:
        return sorted(dir(lookup(path)))
    except Missing:
        return []


def _internal(name: str, module: str) -> ModuleType | None:
    if module in internals.STANDARD:
        return import_module(internals.STANDARD[module])
    spaces = internals.namespaces_of(module)
    if spaces is None and module and module not in internals.PACKAGES:
        return None

    def resolve(part: str) -> Any:
        inner = f"{module}.{part}".lstrip(".")
        if inner in internals.RENAMED:
            return public(internals.RENAMED[inner])
        is_folder = spaces is None or module in internals.PACKAGES
        if is_folder and create(f"python.{inner}") is not None:
            return import_module(f"{ROOT}.python.{inner}")
        for space in spaces if spaces is not None else ("",):
            try:
                return lookup(f"{space}.{part}".lstrip("."))
            except Missing:
                continue
        # a module of a folder, unless what is looked into is a module itself
        if module not in internals.MODULES and create(f"python.{inner}") is not None:
            return import_module(f"{ROOT}.python.{inner}")
        # a module that this one imports
        known = internals.module_called(part)
        if known is not None:
            return import_module(f"{ROOT}.python.{known}")
        raise Missing(inner)

    return Namespace(name, resolve, lambda: [n for s in spaces or () for n in _names(s)])


def _core(name: str, path: str) -> ModuleType | None:
    """Protocol buffers: `tensorflow.core.framework.graph_pb2` is a module of tensorboard."""
    last = path.rpartition(".")[2]
    if last.endswith("_pb2"):
        try:
            return import_module(f"{PROTOS}.{last}")
        except ModuleNotFoundError:
            return None
    return Namespace(name, lambda part: import_module(f"{name}.{part}"), list)
