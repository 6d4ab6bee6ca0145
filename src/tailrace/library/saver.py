"""`tf.train.Saver`: variables to checkpoints and back.

Source: TF 1.15 python/training/saver.py.
"""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from tailrace import errors
from tailrace.formats import protos
from tailrace.formats.checkpoint_state import (
    checkpoint_exists,
    get_checkpoint_mtimes,
    meta_graph_filename,
    remove_checkpoint,
    update_checkpoint_state,
)
from tailrace.graph import get_default_graph
from tailrace.library.collection_protos import register_proto_function
from tailrace.library.collections import GraphKeys, add_to_collection, get_collection
from tailrace.library.meta_graph_export import export_meta_graph
from tailrace.library.object_checkpoints import object_graph_key_mapping, remapped_saveables
from tailrace.library.saver_builder import V1, V2, BaseSaverBuilder, BulkSaverBuilder
from tailrace.library.scope_names import prepend_name_scope, strip_name_scope
from tailrace.library.variable_lists import _all_saveable_objects

_log = logging.getLogger("tailrace")
_HOUR_S = 3600


class Saver:
    """Saves variables to checkpoints and restores them.

    `var_list` is a list of variables, or a dict from names in the checkpoint to variables; all
    global variables when None. `reshape` restores tensors of another shape but equal size;
    `sharded` writes a file per device; of the checkpoints written `max_to_keep` stay (0 or None:
    all), and one every `keep_checkpoint_every_n_hours`. `name` is the operations' scope ("save").

    Raises: ValueError without variables (unless `allow_empty`) and for two of one name, TypeError
    for what is no variable.
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: BaseSaverBuilder | None = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = V2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        """Adds the operations, unless `defer_build` or a `saver_def` names those there are."""
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set "
                "defer_build=False or var_list=None."
            )
        self._var_list = var_list
        self._reshape = reshape
        self._sharded = sharded
        self._max_to_keep = max_to_keep
        self._keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self._name = name
        self._restore_sequentially = restore_sequentially
        self.saver_def = saver_def
        self._builder = builder
        self._is_built = False
        self._allow_empty = allow_empty
        self._is_empty: bool | None = None
        self._write_version = write_version
        self._pad_step_number = pad_step_number
        self._filename = filename
        self._save_relative_paths = save_relative_paths
        self._last_checkpoints: list[tuple[str, float]] = []
        self._checkpoints_to_be_deleted: list[tuple[str, float]] = []
        self._next_checkpoint_time = math.inf
        self._object_restore_saver: Saver | None = None
        if not defer_build:
            self.build()
        if self.saver_def is not None:
            self._check_saver_def()
            self._write_version = self.saver_def.version

    def build(self) -> None:
        """Adds the operations to the default graph, once."""
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            if not self._build_operations():
                return
        elif self._name and self.saver_def is not None:
            for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
                name = prepend_name_scope(getattr(self.saver_def, field), self._name)
                setattr(self.saver_def, field, name)
        hours = self._check_saver_def().keep_checkpoint_every_n_hours
        self._next_checkpoint_time = time.time() + hours * _HOUR_S

    def _build_operations(self) -> bool:
        """Whether there is anything to save."""
        self._builder = self._builder or BulkSaverBuilder(self._write_version)
        if self._var_list is None:
            self._var_list = _all_saveable_objects()
        if not self._var_list:
            if not self._allow_empty:
                raise ValueError("No variables to save")
            self._is_empty = True
            return False
        self._is_empty = False
        self.saver_def = self._builder.build(
            self._var_list,
            reshape=self._reshape,
            sharded=self._sharded,
            max_to_keep=self._max_to_keep,
            keep_checkpoint_every_n_hours=self._keep_checkpoint_every_n_hours,
            name=self._name,
            restore_sequentially=self._restore_sequentially,
            filename=self._filename,
        )
        return True

    def _check_saver_def(self) -> Any:
        if not isinstance(self.saver_def, protos.SaverDef):
            raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {self.saver_def}")
        for field in ("save_tensor_name", "restore_op_name"):
            if not getattr(self.saver_def, field):
                raise ValueError(f"saver_def must specify the {field}: {self.saver_def}")
        return self.saver_def

    # -- which checkpoints there are ---------------------------------------------------------------

    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints not yet deleted, oldest first."""
        return [name for name, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: list[str]) -> None:
        """Replaces the list of checkpoints; of unknown age, they are never kept for their hour."""
        assert isinstance(last_checkpoints, list)
        self._last_checkpoints = [(name, np.inf) for name in last_checkpoints]

    def set_last_checkpoints_with_time(
        self, last_checkpoints_with_time: list[tuple[str, float]]
    ) -> None:
        """Replaces the list of checkpoints: (prefix, seconds since the epoch)."""
        assert isinstance(last_checkpoints_with_time, list)
        self._last_checkpoints = last_checkpoints_with_time

    def recover_last_checkpoints(self, checkpoint_paths: list[str]) -> None:
        """Takes over those of the checkpoints that exist, as after a crash."""
        found = []
        for path in checkpoint_paths:
            times = get_checkpoint_mtimes([path])
            if times:
                found.append((path, times[0]))
        self.set_last_checkpoints_with_time(found)

    def _record(self, path: str) -> None:
        if not self.saver_def.max_to_keep:
            return
        self._last_checkpoints = [entry for entry in self._last_checkpoints if entry[0] != path]
        self._last_checkpoints.append((path, time.time()))
        if len(self._last_checkpoints) > self.saver_def.max_to_keep:
            self._checkpoints_to_be_deleted.append(self._last_checkpoints.pop(0))

    def _delete_old(self, meta_graph_suffix: str) -> None:
        if not self._checkpoints_to_be_deleted:
            return
        path, written = self._checkpoints_to_be_deleted.pop(0)
        if written > self._next_checkpoint_time:
            hours = self.saver_def.keep_checkpoint_every_n_hours
            self._next_checkpoint_time += hours * _HOUR_S
            return
        try:
            remove_checkpoint(path, self.saver_def.version, meta_graph_suffix)
        except errors.OpError as error:
            _log.warning("Ignoring: %s", error)

    # -- saving ------------------------------------------------------------------------------------

    def save(
        self,
        sess: Any,
        save_path: str,
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Writes a checkpoint and beside it the MetaGraph; gives its prefix, None for an empty one.

        `global_step`, a number, tensor or tensor's name, is appended to `save_path`.

        Raises: ValueError for a missing folder or a name that collides with the state file's,
        TypeError when `sess` is no session, RuntimeError before `build`.
        """
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        latest_filename = latest_filename or "checkpoint"
        if self._write_version == V1:
            _log.warning("TensorFlow's V1 checkpoint format is outdated; write_version=2 is better")
        if os.path.split(latest_filename)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        save_path = os.fsdecode(save_path)
        prefix = self._numbered(sess, save_path, global_step, latest_filename)
        if not hasattr(sess, "run") or not hasattr(sess, "graph"):
            raise TypeError(f"'sess' must be a Session; {sess}")
        written = None
        if not self._is_empty:
            written = self._write(sess, save_path, prefix, latest_filename, write_state)
            if write_state:
                self._delete_old(meta_graph_suffix)
        if write_meta_graph:
            with sess.graph.as_default():
                self.export_meta_graph(
                    meta_graph_filename(prefix, meta_graph_suffix),
                    strip_default_attrs=strip_default_attrs,
                    save_debug_info=save_debug_info,
                )
        return written

    def _numbered(self, sess: Any, save_path: str, step: Any, latest_filename: str) -> str:
        if step is None:
            if Path(save_path).name == latest_filename and not self._sharded:
                raise ValueError(
                    f"'latest_filename' collides with 'save_path': '{latest_filename}' and "
                    f"'{save_path}'"
                )
            return save_path
        if not isinstance(step, (int, np.integer)):
            step = int(sess.run(step))
        return f"{save_path}-{step:08d}" if self._pad_step_number else f"{save_path}-{step}"

    def _write(
        self, sess: Any, save_path: str, prefix: str, latest_filename: str, write_state: bool
    ) -> str:
        folder = os.path.dirname(save_path)
        names = self.saver_def
        try:
            result = sess.run(names.save_tensor_name, {names.filename_tensor_name: prefix})
            written = result.decode() if isinstance(result, bytes) else str(result)
            if write_state:
                self._record(written)
                update_checkpoint_state(
                    folder,
                    written,
                    self.last_checkpoints,
                    latest_filename,
                    save_relative_paths=self._save_relative_paths,
                )
        except (errors.FailedPreconditionError, errors.NotFoundError) as error:
            if folder and not Path(folder).is_dir():
                message = f"Parent directory of {save_path} doesn't exist, can't save."
                raise ValueError(message) from error
            raise
        return written

    def export_meta_graph(
        self,
        filename: str | None = None,
        collection_list: list[str] | None = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> Any:
        """The MetaGraphDef of the default graph with this saver; written where a name is given."""
        return export_meta_graph(
            filename=filename,
            graph_def=get_default_graph().as_graph_def(add_shapes=True),
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
            save_debug_info=save_debug_info,
        )

    # -- restoring ---------------------------------------------------------------------------------

    def restore(self, sess: Any, save_path: str) -> None:
        """Sets the variables to the values of a checkpoint.

        Raises: ValueError where there is no checkpoint, NotFoundError for a variable it lacks,
        InvalidArgumentError for one of another shape or type.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        prefix = save_path.decode() if isinstance(save_path, bytes) else os.fsdecode(save_path)
        if not checkpoint_exists(prefix):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {prefix}")
        _log.info("Restoring parameters from %s", prefix)
        names = self.saver_def
        try:
            sess.run(names.restore_op_name, {names.filename_tensor_name: prefix})
        except errors.NotFoundError as error:
            self._restore_from_objects(sess, prefix, error)
        except errors.InvalidArgumentError as error:
            what = "a mismatch between the current graph and the graph"
            raise _explained(error, what) from error

    def _restore_from_objects(self, sess: Any, prefix: str, error: errors.OpError) -> None:
        """Restores from an object-based checkpoint; where it is none, raises `error` explained."""
        try:
            keys = object_graph_key_mapping(prefix)
        except errors.NotFoundError:
            what = "a Variable name or other graph key that is missing"
            raise _explained(error, what) from error
        _log.warning("Restoring an object-based checkpoint by the names of variables: %s", prefix)
        var_list = _all_saveable_objects() if self._var_list is None else self._var_list
        saveables = remapped_saveables(var_list, keys)
        if self._object_restore_saver is None:
            self._object_restore_saver = Saver(saveables, builder=self._builder)
        self._object_restore_saver.restore(sess, prefix)

    # -- protos ------------------------------------------------------------------------------------

    def as_saver_def(self) -> Any:
        """The SaverDef proto: the names of the operations."""
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The SaverDef with names inside `export_scope`; None for a saver outside of it."""
        if export_scope is None:
            return self.saver_def
        fields = ("filename_tensor_name", "save_tensor_name", "restore_op_name")
        if not all(getattr(self.saver_def, field).startswith(export_scope) for field in fields):
            return None
        saver_def = protos.SaverDef()
        saver_def.CopyFrom(self.saver_def)
        for field in fields:
            setattr(saver_def, field, strip_name_scope(getattr(saver_def, field), export_scope))
        return saver_def

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """The saver whose operations are in the default graph already."""
        return Saver(saver_def=saver_def, name=import_scope)


def _explained(error: errors.OpError, why: str) -> errors.OpError:
    message = (
        f"Restoring from checkpoint failed. This is most likely due to {why} from the checkpoint. "
        "Please ensure that you have not altered the graph expected based on the checkpoint. "
        f"Original error:\n\n{error.message}"
    )
    return type(error)(error.node_def, error.op, message)


def _get_saver_or_default() -> Saver | None:
    """The saver of the SAVERS collection, made where there is none.

    Raises: RuntimeError when there are several.
    """
    savers = get_collection(GraphKeys.SAVERS)
    if len(savers) > 1:
        raise RuntimeError(
            f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one to "
            "use by passing it to the constructor."
        )
    if savers:
        return savers[0]
    saver = Saver(sharded=True, allow_empty=True)
    add_to_collection(GraphKeys.SAVERS, saver)
    return saver


register_proto_function(GraphKeys.SAVERS, lambda: protos.SaverDef, Saver.to_proto, Saver.from_proto)
