"""A model folder: everything a trained language model needs to work again, or to go on training.

    model.json    settings, vocabulary, symbol groups, figures, and which checkpoints belong to them
    best/         checkpoint of the variables that predicted the validation part best
    last/         checkpoint of all variables and optimizer slots where training stopped
    report.html   curve.png

A checkpoint is written first, then `model.json` is replaced in one step by one that names it; the
checkpoint named before is kept until then. So whenever the process is killed, `model.json` names
complete files.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tailrace as tf
from tailrace.apps.errors import UserError
from tailrace.apps.lm.corpus import Vocabulary
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.settings import Settings

FILE = "model.json"
FORMAT = 1
# the checkpoint that model.json names, and the one that the next model.json will name
KEPT_CHECKPOINTS = 2


@dataclass
class Progress:
    """How far training is. `history` has a row of figures per evaluation."""

    step: int = 0
    epoch: int = 0
    # steps done of the epoch under way
    epoch_steps: int = 0
    seconds: float = 0.0
    finished: bool = False
    best_bits: float | None = None
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass
class Contents:
    """What `model.json` says."""

    settings: Settings
    vocabulary: Vocabulary
    groups: SymbolGroups
    text_name: str
    # absolute paths of the corpus files; none for the built-in text
    files: list[str]
    fingerprint: str
    progress: Progress = field(default_factory=Progress)
    # names of checkpoints, relative to the folder
    best: str | None = None
    last: str | None = None
    results: dict[str, Any] = field(default_factory=dict)


def write(folder: Path, contents: Contents) -> None:
    """Replaces the folder's `model.json`.

    Raises: UserError where the folder cannot be written.
    """
    data = {
        "format": FORMAT,
        "settings": contents.settings.to_json(),
        "vocabulary": contents.vocabulary.symbols,
        "groups": contents.groups.to_json(),
        "text_name": contents.text_name,
        "files": contents.files,
        "fingerprint": contents.fingerprint,
        "progress": vars(contents.progress),
        "best": contents.best,
        "last": contents.last,
        "results": contents.results,
    }
    write_file(folder / FILE, json.dumps(data, ensure_ascii=False).encode())


def check_free(folder: Path) -> None:
    """Raises UserError where a new model's folder is no folder or holds something already."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"{folder}: is a file; the model needs a folder")
    if any(folder.iterdir()):
        raise UserError(
            f"{folder}: holds something already; name another folder, or go on with --resume if "
            "it is a model"
        )


def make(folder: Path) -> None:
    """Makes the folder for a new model.

    Raises: UserError where it holds something already, or cannot be made.
    """
    check_free(folder)
    with saying_why(folder):
        folder.mkdir(parents=True, exist_ok=True)


def read(folder: str | Path) -> Contents:
    """What a model folder holds.

    Raises: UserError where it is not a model folder, or is damaged.
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
    if isinstance(data, dict) and data.get("format", FORMAT) != FORMAT:
        raise UserError(f"{folder}: the model has format {data['format']}, this program {FORMAT}")
    try:
        return _contents(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise UserError(f"{folder}: the model is damaged: {FILE}: {what}") from None


def _contents(data: dict[str, Any]) -> Contents:
    settings = Settings.from_json(data["settings"])
    symbols = data["vocabulary"]
    if not symbols or not all(isinstance(symbol, str) for symbol in symbols):
        raise ValueError("the vocabulary is not a list of symbols")
    vocabulary = Vocabulary(symbols, settings.level)
    groups = SymbolGroups.from_json(data["groups"], len(vocabulary))
    if groups.longest != settings.ngram_inputs:
        raise ValueError("the symbol groups do not fit the settings")
    return Contents(
        settings,
        vocabulary,
        groups,
        data["text_name"],
        data["files"],
        data["fingerprint"],
        Progress(**data["progress"]),
        data["best"],
        data["last"],
        data["results"],
    )


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all.

    Raises: UserError where it cannot be written.
    """
    with saying_why(path):
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp's files are the user's alone
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


@contextmanager
def saying_why(path: Path) -> Iterator[None]:
    """Turns the system's refusal to write into one line."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


class Checkpoints:
    """Saves one kind of checkpoint in a model folder, and reads it back."""

    def __init__(self, folder: Path, name: str, variables: list[tf.Variable]) -> None:
        self._folder = folder
        self._prefix = f"{name}/model"
        self._saver = tf.train.Saver(variables, max_to_keep=KEPT_CHECKPOINTS)

    def save(self, session: tf.Session, step: int) -> str:
        """Writes the variables; returns the checkpoint's name relative to the folder."""
        path = self._folder / self._prefix
        with saying_why(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            written = self._saver.save(session, str(path), global_step=step, write_meta_graph=False)
        return Path(written).relative_to(self._folder).as_posix()

    def keep(self, checkpoint: str) -> None:
        """Counts an existing checkpoint among those to keep, as the oldest."""
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
