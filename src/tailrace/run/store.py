"""What a session keeps between runs: variables, and the state of stateful operations."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tailrace.devices import Devices
from tailrace.errors import FailedPreconditionError, KernelError
from tailrace.graph import Operation


class Cell:
    """A variable: a buffer that kernels read and write. `value` is None until it is initialized.

    `shape` is what its first value must have, None where that is open.
    """

    __slots__ = ("lock", "name", "shape", "value")

    def __init__(self, name: str) -> None:
        self.name = name
        self.shape: tuple[int, ...] | None = None
        self.value: Any = None
        self.lock = threading.Lock()

    def read(self) -> Any:
        """The value; it shares the variable's memory."""
        value = self.value
        if value is None:
            raise KernelError(
                FailedPreconditionError, f"Attempting to use uninitialized value {self.name}"
            )
        return value

    def detach(self) -> None:
        """Give the variable a buffer of its own, because its values are still in use elsewhere."""
        if self.value is not None:
            self.value = self.value.clone() if hasattr(self.value, "clone") else self.value.copy()

    def __repr__(self) -> str:
        return f"Cell({self.name!r})"


class Store:
    """The mutable state of a session, by container and name; `devices` are what it lies on."""

    def __init__(self, devices: Devices | None = None) -> None:
        self.devices = devices
        self._resources: dict[tuple[str, str, str], Any] = {}
        self._op_states: dict[str, dict[str, Any]] = {}
        self._functions: dict[Any, Callable[..., Any]] = {}
        self._lock = threading.Lock()

    def resource(self, kind: str, container: str, name: str, make: Callable[[], Any]) -> Any:
        """The resource of a name, made on first use."""
        key = (kind, container, name)
        with self._lock:
            found = self._resources.get(key)
            if found is None:
                found = self._resources[key] = make()
            return found

    def drop(self, kind: str, container: str, name: str) -> None:
        with self._lock:
            self._resources.pop((kind, container, name), None)

    def op_state(self, name: str) -> dict[str, Any]:
        """What one operation keeps between runs, such as the position of its random stream."""
        with self._lock:
            return self._op_states.setdefault(name, {})

    def function(self, function: Any, make: Callable[[], Any]) -> Callable[..., Any]:
        """What runs a function of the graph, made on first use."""
        found = self._functions.get(function)
        return self._functions.setdefault(function, make()) if found is None else found

    def clear(self, containers: list[str] | None = None) -> None:
        """Forget resources, all or those of some containers."""
        with self._lock:
            kept = {
                k: v for k, v in self._resources.items() if containers and k[1] not in containers
            }
            self._resources = kept


class OpContext:
    """What a kernel declared with `_context` knows: its operation and its session's state."""

    __slots__ = ("_compile", "op", "state", "store")

    def __init__(
        self,
        op: Operation,
        store: Store,
        compile_function: Callable[[Any, Store], Callable[..., Any]],
        scope: str = "",
    ) -> None:
        self.op = op
        self.store = store
        self.state = store.op_state(scope + op.name)
        self._compile = compile_function

    @property
    def name(self) -> str:
        return self.op.name

    def attr(self, name: str) -> Any:
        return self.op.attrs[name]

    def function(self, function: Any) -> Callable[..., Any]:
        """Runs a function of the graph: called with its inputs' values, gives its results'."""
        return self.store.function(function, lambda: self._compile(function, self.store))

    def resource(self, kind: str, make: Callable[[str], Any]) -> Any:
        """The resource this operation is a handle of: named by `shared_name`,
        else after the operation.
        """
        container = self.op.attrs.get("container", b"").decode()
        name = self.op.attrs.get("shared_name", b"").decode() or self.op.name
        return self.store.resource(kind, container, name, lambda: make(name))

    def cell(self) -> Cell:
        """The variable this operation is."""
        return self.resource("variable", Cell)
