"""What can be saved by name within what owns it: variables, layers, optimizers.

Source: TF 1.15 python/training/tracking/base.py.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

VARIABLE_VALUE = "VARIABLE_VALUE"


class TrackableReference(NamedTuple):
    """A dependency: the name it has in its owner, and the object."""

    name: str
    ref: Any


class _State:
    """What an object knows about its dependencies."""

    def __init__(self) -> None:
        self.dependencies: dict[str, Any] = {}  # by name, in the order they came
        self.deferred: dict[str, list[Any]] = {}  # name -> positions that wait for it
        self.restored_by = -1  # number of the restoration that set the value

    def __deepcopy__(self, memo: dict[int, Any]) -> _State:
        """Of a copied layer: its own layers are copied, variables are not."""
        result = _State()
        result.dependencies = {
            name: each if hasattr(each, "_as_graph_element") else copy.deepcopy(each, memo)
            for name, each in self.dependencies.items()
        }
        return result


class Trackable:
    """An object that checkpoints by objects can hold.

    A subclass with values of its own says so in `_gather_saveables_for_checkpoint`.
    """

    @property
    def _tracking(self) -> _State:
        state = self.__dict__.get("_tracking_state")
        if state is None:
            state = self.__dict__["_tracking_state"] = _State()
        return state

    @property
    def _checkpoint_dependencies(self) -> list[TrackableReference]:
        return [TrackableReference(*item) for item in self._tracking.dependencies.items()]

    def _lookup_dependency(self, name: str) -> Any:
        return self._tracking.dependencies.get(name)

    def _track_trackable(self, trackable: Any, name: str, overwrite: bool = False) -> Any:
        """Saves `trackable` with this object, under `name`.

        Raises: TypeError for what cannot be tracked, ValueError for a name already given.
        """
        if not isinstance(trackable, Trackable):
            raise TypeError(
                f"Trackable._track_trackable() passed type {type(trackable)}, not a Trackable."
            )
        current = self._lookup_dependency(name)
        if current is not None and current is not trackable and not overwrite:
            raise ValueError(
                f"An object is tracked as '{name}' already. Names must be unique (or "
                "overwrite=True)."
            )
        self._tracking.dependencies[name] = trackable
        if current is None:
            self._handle_deferred_dependencies(name, trackable)
        return trackable

    def _untrack(self, name: str) -> None:
        self._tracking.dependencies.pop(name, None)

    def _handle_deferred_dependencies(self, name: str, trackable: Any) -> None:
        """Restore what waited for a dependency of this name, the latest checkpoint first."""
        waiting = self._tracking.deferred.pop(name, [])
        for position in sorted(waiting, key=lambda each: each.restoration.number, reverse=True):
            position.restore(trackable)

    def _gather_saveables_for_checkpoint(self) -> dict[str, Any | Callable[..., Any]]:
        """The object's own values: name -> variable, saveable or function of a key giving one."""
        return {}
