"""`tf.contrib.checkpoint`: objects that are saved by their names in one another."""

from typing import Any as _Any

from tailrace.formats import protos as _protos
from tailrace.library.tracking.base import Trackable as CheckpointableBase
from tailrace.library.tracking.checkpoint import CheckpointManager, object_metadata
from tailrace.library.tracking.structures import AutoTrackable as Checkpointable
from tailrace.library.tracking.structures import NoDependency
from tailrace.library.tracking.structures import TrackedDict as Mapping
from tailrace.library.tracking.structures import TrackedList as List

__all__ = [
    "CheckpointManager",
    "Checkpointable",
    "CheckpointableBase",
    "List",
    "Mapping",
    "NoDependency",
    "object_metadata",
]


def __getattr__(name: str) -> _Any:
    """The message is loaded on first use."""
    if name == "CheckpointableObjectGraph":
        return _protos.TrackableObjectGraph
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
