"""A model folder: everything a trained language model needs to work again, or to go on training.

    model.json    settings, vocabulary, symbol groups, figures, and which checkpoints belong to them
    best/         checkpoint of the variables that predicted the validation part best
    last/         checkpoint of all variables, slots and carried states where training stopped
    report.html   curve.png, gates.png

A checkpoint is written first, then `model.json` is replaced in one step by one that names it; the
checkpoint named before is kept until then. So whenever the process is killed, `model.json` names
complete files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tailrace.apps.common import folder as common
from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.settings import Settings

APPLICATION = "lm"
FORMAT = 2


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
    common.write(folder, APPLICATION, FORMAT, data)


def read(folder: str | Path) -> Contents:
    """What a model folder holds.

    Raises: UserError where it is not a model folder, or is damaged.
    """
    data = common.read(folder, APPLICATION, FORMAT)
    with common.damage_said(Path(folder)):
        return _contents(data)


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
