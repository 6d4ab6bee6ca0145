"""A model folder: what a trained model needs to work again. A TensorFlow checkpoint and JSON.

    model.json    which application's it is, its format, and what the application puts there; it
                  names the checkpoints that belong to it
    NAME/         checkpoints, under the name the application gives them

A checkpoint is written first, then `model.json` is replaced in one step by one that names it; the
checkpoint named before is kept until then. So whenever the process is killed, `model.json` names
complete files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tailrace as tf
from tailrace.apps.common.files import saying_why, write_file
from tailrace.apps.errors import UserError

FILE = "model.json"
# the checkpoint that model.json names, and the one that the next model.json will name
KEPT_CHECKPOINTS = 2


def write(folder: Path, application: str, number: int, data: dict[str, Any]) -> None:
    """Replaces the folder's `model.json`: an application's data in its format of that number.

    Raises: UserError where the folder cannot be written.
    """
    text = json.dumps({"application": application, "format": number, **data}, ensure_ascii=False)
    write_file(folder / FILE, text.encode())


def read(folder: str | Path, application: str, number: int) -> dict[str, Any]:
    """What `write` wrote.

    Raises: UserError where it is not a model folder, another application's, or damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    try:
        data = json.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        raise UserError(f"{folder}: is not a model folder (it has no {FILE})") from None
    except OSError as error:
        raise UserError(f"{folder / FILE}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{folder}: the model is damaged: {FILE} is not JSON ({error})") from None
    with damage_said(folder):
        if data["application"] != application:
            raise UserError(
                f"{folder}: is a model of tailrace {data['application']}, not {application}"
            )
        if data["format"] != number:
            raise UserError(f"{folder}: the model has format {data['format']}, not {number}")
    return data


@contextmanager
def damage_said(folder: Path) -> Iterator[None]:
    """Says of any failure to make sense of `model.json` that the model is damaged."""
    try:
        yield
    except UserError as error:
        if str(error).startswith(f"{folder}: "):
            raise
        raise UserError(f"{folder}: the model is damaged: {FILE}: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise UserError(f"{folder}: the model is damaged: {FILE}: {what}") from None


class Checkpoints:
    """Saves one kind of checkpoint in a model folder, and reads it back."""

    def __init__(self, folder: Path, name: str, variables: Sequence[tf.Variable]) -> None:
        self._folder = folder
        # two names in turn: what model.json names is never written over, not even in the same step
        self._prefixes = (f"{name}/model", f"{name}/model-again")
        self._last = ""
        self._saver = tf.train.Saver(list(variables), max_to_keep=KEPT_CHECKPOINTS)

    def save(self, session: tf.Session, step: int) -> str:
        """Writes the variables; returns the checkpoint's name relative to the folder."""
        prefix = next(name for name in self._prefixes if f"{name}-{step}" != self._last)
        path = self._folder / prefix
        with saying_why(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            written = self._saver.save(session, str(path), global_step=step, write_meta_graph=False)
        self._last = Path(written).relative_to(self._folder).as_posix()
        return self._last

    def keep(self, checkpoint: str) -> None:
        """Counts an existing checkpoint among those to keep, as the oldest."""
        self._last = checkpoint
        self._saver.set_last_checkpoints_with_time([(str(self._folder / checkpoint), 0.0)])

    def restore(self, session: tf.Session, checkpoint: str) -> None:
        """Reads the variables. Raises: UserError where the checkpoint is missing or damaged."""
        path = self._folder / checkpoint
        try:
            self._saver.restore(session, str(path))
        except (tf.errors.OpError, ValueError, OSError) as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise UserError(
                f"{self._folder}: the model is damaged: checkpoint {checkpoint} "
                f"cannot be restored: {reason[0]}"
            ) from None
