"""Objects, lists and dicts that track the trackable values they are given.

Source: TF 1.15 python/training/tracking/{tracking,data_structures}.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex

from tailrace.library.tracking.base import Trackable, TrackableReference


class NoDependency:
    """A value that is set as an attribute without being tracked."""

    def __init__(self, value: Any) -> None:
        self.value = value


class AutoTrackable(Trackable):
    """An object whose trackable attributes are saved with it; lists and dicts of such, too."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, NoDependency):
            value = value.value
        else:
            value = wrapped(value)
            if isinstance(value, Trackable):
                self._track_trackable(value, name, overwrite=True)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._untrack(name)
        super().__delattr__(name)


def wrapped(value: Any) -> Any:
    """A list or dict as one that tracks; anything else as it is."""
    if type(value) is list:
        return TrackedList(value)
    if type(value) is dict:
        return TrackedDict(value)
    return value


class TrackedList(Trackable, list):
    """A list whose trackable items are saved by their index."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(wrapped(item) for item in items)

    @property
    def _checkpoint_dependencies(self) -> list[TrackableReference]:
        return [
            TrackableReference(str(i), item)
            for i, item in enumerate(self)
            if isinstance(item, Trackable)
        ]

    def _lookup_dependency(self, name: str) -> Any:
        return dict(self._checkpoint_dependencies).get(name)

    def append(self, value: Any, /) -> None:
        value = wrapped(value)
        super().append(value)
        if isinstance(value, Trackable):
            self._handle_deferred_dependencies(str(len(self) - 1), value)

    def extend(self, values: Iterable[Any], /) -> None:
        for value in values:
            self.append(value)

    def __setitem__(self, key: SupportsIndex | slice, value: Any) -> None:
        super().__setitem__(key, wrapped(value) if not isinstance(key, slice) else value)

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return id(self)


class TrackedDict(Trackable, dict):
    """A dict with string keys whose trackable values are saved by them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__({k: wrapped(v) for k, v in dict(*args, **kwargs).items()})

    @property
    def _checkpoint_dependencies(self) -> list[TrackableReference]:
        tracked = {key: v for key, v in self.items() if isinstance(v, Trackable)}
        for key in tracked:
            if not isinstance(key, str):
                raise ValueError(
                    f"A dict to save has the key {key!r}: only string keys can be saved."
                )
        return [TrackableReference(*item) for item in tracked.items()]

    def _lookup_dependency(self, name: str) -> Any:
        return dict(self._checkpoint_dependencies).get(name)

    def __setitem__(self, key: Any, value: Any) -> None:
        value = wrapped(value)
        super().__setitem__(key, value)
        if isinstance(value, Trackable):
            self._handle_deferred_dependencies(key, value)

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return id(self)
