"""Looking into checkpoints, waiting for them, and starting variables from them.

Source: TF 1.15 python/training/checkpoint_utils.py, c/checkpoint_reader.cc.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tailrace.dtypes import DType
from tailrace.formats.checkpoint import open_checkpoint
from tailrace.formats.checkpoint_state import latest_checkpoint
from tailrace.graph import g, get_default_graph
from tailrace.library.saveables import op_list_to_dict, saveable_objects_for_op
from tailrace.library.variable_scope import _store
from tailrace.library.variables import Variable

_log = logging.getLogger("tailrace")


class CheckpointReader:
    """The tensors of a checkpoint. Raises: NotFoundError without it, DataLossError for damage."""

    def __init__(self, filename: str) -> None:
        """Opens a checkpoint of either format by its prefix."""
        self._reader = open_checkpoint(filename)

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether a tensor of this name is there."""
        return self._reader.has_tensor(tensor_str)

    def get_tensor(self, tensor_str: str | bytes) -> Any:
        """The value. Raises: NotFoundError for a name that is not there."""
        name = tensor_str.decode() if isinstance(tensor_str, bytes) else tensor_str
        value = self._reader.get(name)
        return value if value.ndim else value[()]

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Name -> shape of every tensor."""
        return {name: list(self._reader.shape(name)) for name in self._reader.names()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """Name -> element type of every tensor."""
        return {name: self._reader.dtype(name) for name in self._reader.names()}

    def debug_string(self) -> bytes:
        """A line `name (type) shape` per tensor."""
        return self._reader.debug_string()


def NewCheckpointReader(filepattern: str | bytes) -> CheckpointReader:
    """The reader of a checkpoint, by its prefix."""
    text = filepattern.decode() if isinstance(filepattern, bytes) else os.fspath(filepattern)
    return CheckpointReader(text)


def _checkpoint_file(ckpt_dir_or_file: Any) -> str | None:
    path = os.fsdecode(ckpt_dir_or_file)
    return latest_checkpoint(path) if Path(path).is_dir() else path


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """The reader of a checkpoint, or of the latest one of a folder.

    Raises: ValueError for a folder without checkpoints.
    """
    path = _checkpoint_file(ckpt_dir_or_file)
    if path is None:
        raise ValueError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {ckpt_dir_or_file}"
        )
    return NewCheckpointReader(path)


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """The value of a variable in a checkpoint."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Name and shape of every variable in a checkpoint, sorted."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def wait_for_new_checkpoint(
    checkpoint_dir: str,
    last_checkpoint: str | None = None,
    seconds_to_sleep: float = 1,
    timeout: float | None = None,
) -> str | None:
    """The latest checkpoint once it is another than `last_checkpoint`; None after `timeout` s."""
    _log.info("Waiting for new checkpoint at %s", checkpoint_dir)
    stop = None if timeout is None else time.time() + timeout
    while True:
        path = latest_checkpoint(checkpoint_dir)
        if path is not None and path != last_checkpoint:
            _log.info("Found new checkpoint at %s", path)
            return path
        if stop is not None and time.time() + seconds_to_sleep > stop:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(
    checkpoint_dir: str,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Every new latest checkpoint, at most one per interval.

    Ends when none came for `timeout` seconds, unless `timeout_fn` then says False.
    """
    path = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, path, timeout=timeout)
        if found is None:
            if timeout_fn is None or timeout_fn():
                return
            continue
        start = time.time()
        path = found
        yield path
        remaining = start + min_interval_secs - time.time()
        if remaining > 0:
            time.sleep(remaining)


# -- starting variables from a checkpoint ----------------------------------------------------------


def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: dict[str, Any]) -> None:
    """Makes variables initialize themselves from a checkpoint.

    `assignment_map` goes from names in the checkpoint to variables, lists of slices, or names; or
    from scopes to scopes, both ending in `/`.

    Raises: ValueError for a name the checkpoint lacks or a shape that differs.
    """
    path = _checkpoint_file(ckpt_dir_or_file)
    shapes = load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map()
    source = _Source(str(path), str(ckpt_dir_or_file), shapes)
    for name, target in sorted(assignment_map.items()):
        variable = _existing(target)
        if variable is not None:
            source.start(variable, name)
        else:
            _start_scope(source, name, target)


def _is_variable(value: Any) -> bool:
    return isinstance(value, Variable)


def _existing(target: Any) -> Any:
    """The variable, or the list of its slices, that a value is or names."""
    if _is_variable(target):
        return target
    if isinstance(target, list) and all(map(_is_variable, target)):
        return target
    return _variable_of_store(target)


def _variable_of_store(name: Any) -> Any:
    variables = _store().variables
    if name in variables:
        return variables[name]
    slices = []
    while f"{name}/part_{len(slices)}" in variables:
        slices.append(variables[f"{name}/part_{len(slices)}"])
    return slices or None


class _Source:
    """A checkpoint that variables start from."""

    def __init__(self, path: str, asked_for: str, shapes: dict[str, list[int]]) -> None:
        self.path = path
        self.asked_for = asked_for
        self.shapes = shapes

    def start(self, variable: Any, name: str) -> None:
        if name not in self.shapes:
            raise ValueError(
                f"Tensor {name} is not found in {self.asked_for} checkpoint {self.shapes}"
            )
        if not _is_variable(variable):
            self._start_slices(variable, name)
            return
        if not variable.get_shape().is_compatible_with(self.shapes[name]):
            raise ValueError(
                f"Shape of variable {variable.name} ({variable.get_shape()}) doesn't match with "
                f"shape of tensor {name} ({self.shapes[name]}) from checkpoint reader."
            )
        _set_initializer(variable, self.path, name, "")

    def _start_slices(self, slices: list[Any], name: str) -> None:
        names = {part._save_slice_info.full_name for part in slices}
        if len(names) != 1:
            listed = " != ".join(sorted(map(str, names)))
            raise ValueError(f"Slices must all be from the same tensor: {listed}")
        for part in slices:
            _set_initializer(part, self.path, name, part._save_slice_info.spec)


def _start_scope(source: _Source, saved_scope: str, scope: str) -> None:
    """Every variable of a scope, from the one of the same name in the checkpoint's scope."""
    own = scope[: scope.rindex("/")] if "/" in scope else ""
    if not saved_scope.endswith("/"):
        raise ValueError(
            f"Assignment map with scope only name {own} should map to scope only {saved_scope}. "
            "Should be 'scope/': 'other_scope/'."
        )
    inside = [name for name in _store().variables if not own or name.startswith(f"{own}/")]
    for name in sorted({each.partition("/part_")[0] for each in inside}):
        rest = name[len(own) :] if scope == "/" else name[len(own) + 1 :]
        saved = (rest if saved_scope == "/" else saved_scope + rest).removesuffix("/")
        if saved not in source.shapes:
            raise ValueError(
                f"Tensor {saved} ({name[len(own) + 1 :]} in {saved_scope}) is not found in "
                f"{source.asked_for} checkpoint"
            )
        source.start(_variable_of_store(name), saved)


def _set_initializer(variable: Any, path: str, tensor_name: str, slice_spec: str) -> None:
    """Replaces a variable's initializer by an assignment of what is read."""
    graph = get_default_graph()
    dtype = variable.dtype.base_dtype
    with graph.device(variable.device), graph.device("/cpu:0"):
        restored = g.RestoreV2(
            path, [tensor_name], [slice_spec], dtypes=[dtype], name="checkpoint_initializer"
        )[0]
        saveables = [
            saveable
            for name, value in op_list_to_dict([variable]).items()
            for saveable in saveable_objects_for_op(value, name)
        ]
    assert len(saveables) == 1, "one variable is one saveable"
    variable._initializer_op = saveables[0].restore([restored], None)
    restored.set_shape(variable.shape)
    variable._initial_value = restored
