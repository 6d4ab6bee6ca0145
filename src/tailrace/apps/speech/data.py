"""Utterances with their transcripts: read from files, divided into parts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tailrace.apps.common.files import read_text
from tailrace.apps.common.parts import Split, generator, sizes
from tailrace.apps.errors import UserError
from tailrace.apps.speech.settings import Settings
from tailrace.apps.speech.waves import Floats, read_wav

COLUMNS = ("file", "transcript")
SPEAKER = "speaker"
# utterances that every part needs
LEAST = 2


@dataclass(frozen=True)
class Utterance:
    """A recording and what is said in it."""

    name: str
    samples: Floats  # [N]
    text: str
    # who says it; recordings of a speaker stay together in one part
    speaker: str = ""


def clean(text: str) -> str:
    """A transcript in small letters, with single spaces."""
    return " ".join(text.lower().split())


def read_utterances(source: str, rate: int) -> list[Utterance]:
    """The utterances of a CSV file with `file` and `transcript`, or of a folder of .wav and .txt.

    Raises: UserError for whatever cannot be read, with the line of the CSV file where there is one.
    """
    path = Path(source)
    rows = _of_folder(path) if path.is_dir() else _of_csv(path)
    found = []
    for where, file, transcript, speaker in rows:
        text = clean(transcript)
        if not text:
            raise UserError(f"{where}: the transcript of {file.name} is empty")
        found.append(Utterance(str(file), read_wav(file, rate), text, speaker))
    return found


def _of_folder(folder: Path) -> list[tuple[str, Path, str, str]]:
    waves = sorted(folder.glob("*.wav"))
    if not waves:
        raise UserError(f"{folder}: has no .wav files; a CSV file with file,transcript also does")
    return [
        (str(path.with_suffix(".txt")), path, read_text(path.with_suffix(".txt")), "")
        for path in waves
    ]


def _of_csv(path: Path) -> list[tuple[str, Path, str, str]]:
    reader = csv.DictReader(io.StringIO(read_text(path)), strict=True)
    names = [name.strip() for name in reader.fieldnames or []]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise UserError(
            f"{path}: has no column {missing[0]}; its first line has to name file and transcript"
        )
    reader.fieldnames = names
    rows = []
    try:
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if row["file"] is None or row["transcript"] is None:
                raise UserError(f"{where}: file or transcript is missing")
            file = path.parent / row["file"].strip()
            rows.append((where, file, row["transcript"], (row.get(SPEAKER) or "").strip()))
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}") from None
    if not rows:
        raise UserError(f"{path}: names no recordings")
    return rows


def divide(utterances: Sequence[Utterance], settings: Settings) -> Split[list[Utterance]]:
    """Parts by lot; where speakers are known, by speakers, so that the test is on new voices.

    Raises: UserError where there are too few.
    """
    speakers = sorted({one.speaker for one in utterances})
    known = len(speakers) > 1
    groups = speakers if known else list(range(len(utterances)))
    key = [one.speaker if known else i for i, one in enumerate(utterances)]
    order = generator(settings.seed, 0).permutation(len(groups))
    train, validation, _ = sizes(len(groups), settings.held_out)
    part_of = {}
    for part, places in enumerate(np.split(order, [train, train + validation])):
        part_of.update({groups[place]: part for place in places})
    parts = [[u for u, k in zip(utterances, key, strict=True) if part_of[k] == n] for n in range(3)]
    if min(len(part) for part in parts) < LEAST:
        raise UserError(
            f"{len(utterances)} recordings{f' of {len(speakers)} speakers' if known else ''} are "
            "too few to be divided; give more, or a larger --held-out"
        )
    return Split(*parts)
