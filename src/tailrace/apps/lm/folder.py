"""A model folder: everything a trained language model needs to work again, or to go on training.

    model.json    settings, vocabulary, symbol groups, figures, and which checkpoints belong to them
    text.npz      the training part as symbol numbers, for matches and the n-gram model
    best/         checkpoint of the variables that predicted the validation part best
    last/         checkpoint of all variables, slots and carried states where training stopped
    logs/         curves for TensorBoard
    report.html   curve.png, gates.png
    figures.json  what the run came to

A checkpoint is written first, then `model.json` is replaced in one step by one that names it; the
checkpoint named before is kept until then. So whenever the process is killed, `model.json` names
complete files.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common import folder as common
from tailrace.apps.common.files import write_file
from tailrace.apps.common.runs import Kind
from tailrace.apps.common.training import Progress
from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.errors import UserError
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.inputs import Inputs
from tailrace.apps.lm.settings import Settings

Ids = NDArray[np.int64]

KIND = Kind("lm", 3)
TEXT = "text.npz"


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
    # the training part
    text: Ids
    progress: Progress = field(default_factory=Progress)
    # names of checkpoints, relative to the folder
    best: str | None = None
    last: str | None = None
    # of the finished training: rows of the comparison, the n-gram model and its part in a mixture
    results: dict[str, Any] = field(default_factory=dict)

    def inputs(self) -> Inputs:
        """What the network reads texts as."""
        return Inputs.of(self.groups, self.text, self.settings)

    def describe(self) -> dict[str, Any]:
        """The part that the training loop does not know."""
        return {
            "settings": self.settings.to_json(),
            "vocabulary": self.vocabulary.symbols,
            "groups": self.groups.to_json(),
            "text_name": self.text_name,
            "files": self.files,
            "fingerprint": self.fingerprint,
            "results": self.results,
        }

    def training(self) -> dict[str, Any]:
        """The other part."""
        return {"progress": vars(self.progress), "best": self.best, "last": self.last}


def write(folder: Path, contents: Contents) -> None:
    """Replaces the folder's `model.json` and `text.npz`.

    Raises: UserError where the folder cannot be written.
    """
    write_text(folder, contents)
    data = contents.describe() | contents.training()
    common.write(folder, KIND.application, KIND.format, data)


def read(folder: str | Path) -> Contents:
    """What a model folder holds.

    Raises: UserError where it is not a model folder, or is damaged.
    """
    data = common.read(folder, KIND.application, KIND.format)
    text = _read_text(Path(folder))
    with common.damage_said(Path(folder)):
        return _contents(data, text)


def _contents(data: dict[str, Any], text: Ids) -> Contents:
    settings = Settings.from_json(data["settings"])
    symbols = data["vocabulary"]
    if not symbols or not all(isinstance(symbol, str) for symbol in symbols):
        raise ValueError("the vocabulary is not a list of symbols")
    vocabulary = Vocabulary(symbols, settings.level)
    groups = SymbolGroups.from_json(data["groups"], len(vocabulary))
    if groups.longest != settings.ngram_inputs:
        raise ValueError("the symbol groups do not fit the settings")
    if text.ndim != 1 or not len(text) or text.max() >= len(vocabulary):
        raise ValueError(f"{TEXT} does not fit the vocabulary")
    return Contents(
        settings,
        vocabulary,
        groups,
        data["text_name"],
        data["files"],
        data["fingerprint"],
        text,
        Progress(**data["progress"]),
        data["best"],
        data["last"],
        data["results"],
    )


def write_text(folder: Path, contents: Contents) -> None:
    """Keeps the training part. Raises: UserError where the folder cannot be written."""
    data = io.BytesIO()
    np.savez_compressed(data, ids=contents.text.astype(np.uint32))
    write_file(folder / TEXT, data.getvalue())


def _read_text(folder: Path) -> Ids:
    """What `write_text` kept. Raises: UserError where it is missing or damaged."""
    try:
        # not by its name: NumPy leaves a damaged file open
        with np.load(io.BytesIO((folder / TEXT).read_bytes())) as found:
            return found["ids"].astype(np.int64)
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{folder}: the model is damaged: {TEXT}: {error}") from None
