"""The `checkpoint` file of a folder: which checkpoints there are, and which is the latest.

Source: TF 1.15 python/training/checkpoint_management.py.
"""

from __future__ import annotations

import glob
import logging
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tailrace.errors import OpError
from tailrace.formats import protos
from tailrace.formats.bundle_reader import index_name
from tailrace.formats.files import atomic_write, matching, os_errors, remove_if_there

_SHARD_SUFFIX = re.compile(r"-[\d?]+-of-\d+$")
_DEFAULT_NAME = "checkpoint"
_log = logging.getLogger("tailrace")


def state_file(folder: str, latest_filename: str | None = None) -> str:
    """The path of a folder's state file."""
    return os.path.join(folder, latest_filename or _DEFAULT_NAME)


def generate_checkpoint_state_proto(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> Any:
    """The CheckpointState; paths become relative to `save_dir` where both are relative.

    `all_model_checkpoint_paths` goes from oldest to newest and ends with `model_checkpoint_path`,
    which is added when it does not. Timestamps are seconds since the epoch.

    Raises: ValueError when paths and timestamps differ in number.
    """
    paths = list(all_model_checkpoint_paths or [])
    if not paths or paths[-1] != model_checkpoint_path:
        paths.append(model_checkpoint_path)
    times = all_model_checkpoint_timestamps
    if times and len(times) != len(paths):
        raise ValueError(
            "Checkpoint timestamps, if provided, must match checkpoint paths "
            f"(got paths {paths} and timestamps {times})"
        )

    def shortened(path: str) -> str:
        both_relative = not os.path.isabs(save_dir) and not os.path.isabs(path)
        return os.path.relpath(path, save_dir) if both_relative else path

    return protos.CheckpointState(
        model_checkpoint_path=shortened(model_checkpoint_path),
        all_model_checkpoint_paths=[shortened(path) for path in paths],
        all_model_checkpoint_timestamps=times,
        last_preserved_timestamp=last_preserved_timestamp,
    )


def update_checkpoint_state(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
    save_relative_paths: bool = False,
) -> None:
    """Writes the state file of `save_dir`; see `generate_checkpoint_state_proto`.

    Raises: RuntimeError when the checkpoint has the state file's own name.
    """
    paths = list(all_model_checkpoint_paths or [])
    latest = model_checkpoint_path
    if save_relative_paths:
        latest = _relative_to(save_dir, latest)
        paths = [_relative_to(save_dir, path) for path in paths]
    state = generate_checkpoint_state_proto(
        save_dir, latest, paths, all_model_checkpoint_timestamps, last_preserved_timestamp
    )
    path = state_file(save_dir, latest_filename)
    if path == state.model_checkpoint_path:
        raise RuntimeError(
            f"Save path '{model_checkpoint_path}' conflicts with path used for checkpoint state.  "
            "Please use a different save path."
        )
    from google.protobuf import text_format

    with os_errors(path), atomic_write(path) as file:
        file.write(text_format.MessageToString(state).encode())


def _relative_to(folder: str, path: str) -> str:
    return os.path.relpath(path, folder) if os.path.isabs(path) else path


def get_checkpoint_state(checkpoint_dir: str, latest_filename: str | None = None) -> Any:
    """The CheckpointState of a folder with full paths; None without a readable state file.

    Raises: ValueError when the file names no checkpoint.
    """
    from google.protobuf import text_format

    checkpoint_dir = os.fsdecode(checkpoint_dir)
    path = state_file(checkpoint_dir, latest_filename)
    if not Path(path).exists():
        return None
    state = protos.CheckpointState()
    try:
        with os_errors(path):
            content = Path(path).read_bytes()
        text_format.Merge(content.decode(), state)
    except (OpError, text_format.ParseError, UnicodeDecodeError) as error:
        _log.warning("%s: %s; checkpoint ignored", path, error)
        return None
    if not state.model_checkpoint_path:
        raise ValueError(f"Invalid checkpoint state loaded from {checkpoint_dir}")
    state.model_checkpoint_path = os.path.join(checkpoint_dir, state.model_checkpoint_path)
    for i, each in enumerate(state.all_model_checkpoint_paths):
        state.all_model_checkpoint_paths[i] = os.path.join(checkpoint_dir, each)
    return state


def latest_checkpoint(checkpoint_dir: str, latest_filename: str | None = None) -> str | None:
    """The prefix of the newest checkpoint of a folder, None where there is none."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    if checkpoint_exists(state.model_checkpoint_path):
        return state.model_checkpoint_path
    _log.error("Couldn't match files for checkpoint %s", state.model_checkpoint_path)
    return None


def _identifying_files(prefix: str) -> list[str]:
    """The files that tell a checkpoint is there: the index, or a V1 checkpoint itself."""
    return matching(index_name(prefix)) or matching(prefix)


def checkpoint_exists(checkpoint_prefix: str) -> bool:
    """Whether a checkpoint of either format is there.

    Raises: NotFoundError when not even its folder is.
    """
    return bool(_identifying_files(os.fsdecode(checkpoint_prefix)))


def get_checkpoint_mtimes(checkpoint_prefixes: Iterable[str]) -> list[float]:
    """When the checkpoints that exist were written, in seconds since the epoch."""
    files = (_identifying_files(prefix) for prefix in checkpoint_prefixes)
    return [Path(found[0]).stat().st_mtime_ns / 1e9 for found in files if found]


def remove_checkpoint(
    checkpoint_prefix: str, checkpoint_format_version: int = 2, meta_graph_suffix: str = "meta"
) -> None:
    """Deletes a checkpoint's files and its MetaGraph; what is gone already is fine."""
    patterns = [meta_graph_filename(checkpoint_prefix, meta_graph_suffix)]
    if checkpoint_format_version == 2:
        # the index first: without it the rest is no checkpoint
        patterns += [f"{checkpoint_prefix}.index", f"{checkpoint_prefix}.data-?????-of-?????"]
    else:
        patterns.append(checkpoint_prefix)
    for pattern in patterns:
        for path in glob.glob(pattern):
            with os_errors(path):
                remove_if_there(path)


def meta_graph_filename(checkpoint_filename: str, meta_graph_suffix: str = "meta") -> str:
    """The MetaGraph file of a checkpoint, the same for all shards."""
    return f"{_SHARD_SUFFIX.sub('', checkpoint_filename)}.{meta_graph_suffix}"
