"""`tf.train.Checkpoint`: objects saved and restored by their names within one another; and
`CheckpointManager`, which numbers checkpoints and deletes old ones.

Source: TF 1.15 python/training/tracking/util.py, python/training/checkpoint_management.py.
"""

from __future__ import annotations

import collections
import logging
import os
import time
from pathlib import Path
from typing import Any

from tailrace import dtypes
from tailrace.formats import protos
from tailrace.formats.checkpoint import open_checkpoint
from tailrace.formats.checkpoint_state import (
    get_checkpoint_state,
    remove_checkpoint,
    update_checkpoint_state,
)
from tailrace.graph import Tensor, g, get_default_graph
from tailrace.library.global_step import global_step
from tailrace.library.saveables import SaveableObject, SaveSpec
from tailrace.library.tracking.base import Trackable
from tailrace.library.tracking.graph_view import ObjectGraphView
from tailrace.library.tracking.restoring import Position, Restoration, save_nodes
from tailrace.library.tracking.status import (
    CheckpointLoadStatus,
    InitializationOnlyStatus,
    NameBasedSaverStatus,
    session_or_default,
)
from tailrace.library.tracking.structures import AutoTrackable, NoDependency
from tailrace.library.variable_scope import variable_creator_scope
from tailrace.library.variables import Variable

_log = logging.getLogger("tailrace")
OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


def object_metadata(save_path: str) -> Any:
    """The TrackableObjectGraph of a checkpoint.

    Raises: ValueError for a checkpoint that a `Saver` wrote.
    """
    reader = open_checkpoint(save_path)
    if not reader.has_tensor(OBJECT_GRAPH_KEY):
        raise ValueError(
            f'The checkpoint "{save_path}" is not object-based: it lacks the key '
            f'"{OBJECT_GRAPH_KEY}". A Saver, which saves by variable names, wrote it.'
        )
    return protos.TrackableObjectGraph.FromString(reader.get(OBJECT_GRAPH_KEY).item())


class _Saver:
    """Saves and restores a root object; its nodes are built once for each graph of objects."""

    def __init__(self, root: Any) -> None:
        self._view = ObjectGraphView(root)
        self._graph_tensor: Any = None
        self._prefix: Any = None
        self._restored_prefix: Any = None
        self._saved_graph: Any = None
        self._save: Any = None
        self._restores: dict[str, Any] = {}

    def save(self, file_prefix: str, session: Any) -> str:
        """Writes the checkpoint; gives its prefix."""
        graph = get_default_graph()
        if self._graph_tensor is None:
            with graph.device("/cpu:0"):
                self._graph_tensor = g.constant("", dtypes.string)
                self._prefix = g.constant("", dtypes.string)
        Path(file_prefix).parent.mkdir(parents=True, exist_ok=True)
        saveables, objects = self._view.serialized()
        if objects != self._saved_graph:
            spec = SaveSpec(self._graph_tensor, "", OBJECT_GRAPH_KEY)
            saveables.append(SaveableObject(self._graph_tensor, [spec], OBJECT_GRAPH_KEY))
            written = save_nodes(saveables, self._prefix)
            with graph.device("/cpu:0"), graph.control_dependencies([written]):
                self._save = g.Identity(self._prefix)
            self._saved_graph = objects
        feeds = {self._prefix: file_prefix, self._graph_tensor: objects.SerializeToString()}
        return session_or_default(session).run(self._save, feeds).decode()

    def restore(self, save_path: Any) -> Any:
        """Builds what restores from a checkpoint, by its prefix; from None initializes."""
        if save_path is None:
            return InitializationOnlyStatus(self._view)
        save_path = os.fspath(save_path)
        if not open_checkpoint(save_path).has_tensor(OBJECT_GRAPH_KEY):
            return NameBasedSaverStatus(save_path, self._view)
        if self._restored_prefix is None:
            with get_default_graph().device("/cpu:0"):
                self._restored_prefix = g.constant("model")
        restoration = Restoration(
            object_metadata(save_path), save_path, self._restored_prefix, self._restores, self._view
        )
        Position(restoration, 0).restore(self._view.root)
        return CheckpointLoadStatus(restoration, {self._restored_prefix: save_path})


class Checkpoint(AutoTrackable):
    """Saves the objects given, and what they depend on, under the names given.

    Variables are found by the path of attribute names to them, so that their own names may change.
    Raises: ValueError for an object that cannot be saved so.
    """

    def __init__(self, **kwargs: Any) -> None:
        for name, value in sorted(kwargs.items()):
            if not isinstance(value, Trackable):
                raise ValueError(
                    "`Checkpoint` was expecting a trackable object (a variable, layer, optimizer, "
                    f"table or another Checkpoint) as {name}, got {value}."
                )
            setattr(self, name, value)
        self._save_counter: Any = None
        self._save_assign_op: Any = None
        self._saver = NoDependency(_Saver(self))

    @property
    def save_counter(self) -> Any:
        """A variable that counts the saves."""
        if self._save_counter is None:
            with get_default_graph().device("/cpu:0"):
                counter = Variable(
                    0, name="save_counter", dtype=dtypes.int64, use_resource=True, trainable=False
                )
            self._save_counter = NoDependency(counter)
            self._track_trackable(counter, "save_counter")
        return self._save_counter

    def write(self, file_prefix: str, session: Any = None) -> str:
        """Writes the checkpoint `file_prefix`, without number or state file; gives the prefix."""
        return self._saver.save(os.fspath(file_prefix), session)  # pyright: ignore

    def save(self, file_prefix: str, session: Any = None) -> str:
        """Writes the checkpoint `<file_prefix>-<number>` and makes it the folder's latest."""
        file_prefix = os.fspath(file_prefix)
        session = session_or_default(session)
        if self._save_counter is None:
            session.run(self.save_counter.initializer)
        if self._save_assign_op is None:
            with get_default_graph().colocate_with(self.save_counter.op):
                assigned = self.save_counter.assign_add(1, read_value=True)
            self._save_assign_op = NoDependency(assigned)
        number = session.run(self._save_assign_op)
        path = self.write(f"{file_prefix}-{number}", session)
        update_checkpoint_state(
            os.path.dirname(file_prefix), path, [path], save_relative_paths=True
        )
        return path

    def restore(self, save_path: Any) -> Any:
        """Builds the restoration from a checkpoint; its `initialize_or_restore` or
        `run_restore_ops` carries it out.

        Raises: NotFoundError without checkpoint.
        """
        status = self._saver.restore(save_path)  # pyright: ignore
        _ = self.save_counter  # initialized with the other variables
        return status


class CheckpointManager:
    """Writes numbered checkpoints into a folder and deletes the oldest beyond `max_to_keep`.

    With `keep_checkpoint_every_n_hours` one of each such period stays. What an earlier manager of
    the folder wrote is taken over. Raises: ValueError for `max_to_keep` below 1.
    """

    def __init__(
        self,
        checkpoint: Any,
        directory: Any,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(
                f"Expected a positive integer or `None` for `max_to_keep`, got {max_to_keep}."
            )
        self._checkpoint = checkpoint
        self._count: Any = None
        self._max_to_keep = max_to_keep
        self._keep_every_hours = keep_checkpoint_every_n_hours
        self._directory = os.fspath(directory)
        self._prefix = os.path.join(self._directory, checkpoint_name)
        self._latest: str | None = None
        self._kept: collections.OrderedDict[str, float] = collections.OrderedDict()
        now = time.time()
        self._last_preserved = now - 1.0
        state = get_checkpoint_state(self._directory)
        if state is not None:
            self._take_over(state, now)

    def _take_over(self, state: Any, now: float) -> None:
        self._latest = state.model_checkpoint_path
        if now < state.last_preserved_timestamp:
            _log.warning(
                "The last preserved checkpoint of %s was written %f seconds from now.",
                self._directory,
                state.last_preserved_timestamp - now,
            )
        self._last_preserved = min(now, state.last_preserved_timestamp)
        paths = list(state.all_model_checkpoint_paths)
        times = list(state.all_model_checkpoint_timestamps) or [self._last_preserved] * len(paths)
        for path, written in zip(paths, times, strict=False):
            if min(written, now) > self._last_preserved:
                self._kept[path] = min(written, now)

    @property
    def latest_checkpoint(self) -> str | None:
        """The prefix of the newest checkpoint of the folder."""
        return self._latest

    @property
    def checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints that may be deleted, the oldest first."""
        return list(self._kept)

    def save(self, checkpoint_number: Any = None) -> str:
        """Writes a checkpoint, numbered by the save counter or as told; gives its prefix."""
        session = session_or_default(None)

        def initialized(create: Any, **arguments: Any) -> Any:
            variable = create(**arguments)
            session.run(variable.initializer)
            return variable

        with variable_creator_scope(initialized):
            counter = self._checkpoint.save_counter
        if self._count is None:
            self._count = counter.assign_add(1, read_value=False)
        session.run(self._count)
        number = counter if checkpoint_number is None else checkpoint_number
        if isinstance(number, (Variable, Tensor)):
            number = global_step(session, number)
        path = self._checkpoint.write(f"{self._prefix}-{number}")
        self._kept.pop(path, None)
        self._kept[path] = time.time()
        self._latest = path
        # noted before anything is deleted, so that the new one is found if that is cut short
        self._note()
        self._sweep()
        self._note()
        return path

    def _note(self) -> None:
        assert self._latest is not None, "a checkpoint has been written"
        update_checkpoint_state(
            self._directory,
            self._latest,
            list(self._kept),
            all_model_checkpoint_timestamps=list(self._kept.values()),
            last_preserved_timestamp=self._last_preserved,
            save_relative_paths=True,
        )

    def _sweep(self) -> None:
        while self._max_to_keep and len(self._kept) > self._max_to_keep:
            path, written = self._kept.popitem(last=False)
            hours = self._keep_every_hours
            if hours and written - hours * 3600 >= self._last_preserved:
                self._last_preserved = written
            else:
                remove_checkpoint(path)
