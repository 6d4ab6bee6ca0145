"""`tailrace speech transcribe`, `eval` and `demo-data`."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

from tailrace.apps.common.display import Table, say, show
from tailrace.apps.common.files import free_folder, make_folder, write_file
from tailrace.apps.common.settings import at_least, choice
from tailrace.apps.speech.data import COLUMNS, SPEAKER, Utterance, read_utterances
from tailrace.apps.speech.decoding import judge
from tailrace.apps.speech.demonstration import KINDS, default_kind, demonstration
from tailrace.apps.speech.recognizer import Heard, Recognizer
from tailrace.apps.speech.waves import read_wav, write_wav

DEFAULT_OUT = "speech-data"
TABLE = "table.csv"


def transcribe(args: argparse.Namespace) -> int:
    """Prints what is said in each recording."""
    recognizer = Recognizer.load(Path(args.model))
    if args.paths is not None:
        at_least("paths", args.paths, 1)
    rate = recognizer.settings.rate
    utterances = [Utterance(name, read_wav(name, rate), "") for name in args.files]
    rows = [Heard(features, []) for features in recognizer.features(utterances)]
    readings = recognizer.readings(rows)
    for one, found, text in zip(utterances, readings, recognizer.chosen(readings), strict=True):
        say(f"{one.name}: {text}")
        for reading in found[: args.paths or 0]:
            say(f"    {reading.score:9.3f}  {reading.text}")
    return 0


def evaluate(args: argparse.Namespace) -> int:
    """Compares what a model hears with transcripts."""
    recognizer = Recognizer.load(Path(args.model))
    utterances = read_utterances(args.data, recognizer.settings.rate)
    heard, said = recognizer.transcribe(utterances), [one.text for one in utterances]
    wrong = [
        [Path(one.name).name, one.text, text]
        for one, text in zip(utterances, heard, strict=True)
        if text != one.text
    ]
    if wrong:
        show(Table(["file", "transcript", "heard"], wrong, left=3))
    errors = judge(heard, said)
    say(
        f"{len(said)} utterances: {100 * errors.letters:.2f} % of the letters wrong, "
        f"{100 * errors.words:.2f} % of the words, {100 * errors.utterances:.2f} % of the "
        "utterances"
    )
    return 0


def write_demonstration(args: argparse.Namespace) -> int:
    """Writes the demonstration's recordings and the table that train reads."""
    kind = args.demo or default_kind()
    choice("demo", kind, KINDS)
    count = 80 if args.utterances is None else args.utterances
    seed = 1 if args.seed is None else args.seed
    at_least("utterances", count, 1)
    at_least("seed", seed, 0)
    at_least("rate", args.rate, 1000)
    utterances = demonstration(kind, count, args.rate, seed)
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    make_folder(folder)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*COLUMNS, SPEAKER])
    for one in utterances:
        write_wav(folder / f"{one.name}.wav", one.samples, args.rate)
        table.writerow([f"{one.name}.wav", one.text, one.speaker])
    write_file(folder / TABLE, text.getvalue().encode())
    say(
        f"{len(utterances)} recordings are in {folder}, what is said in {folder / TABLE}. "
        f"Learn from them: tailrace speech train {folder / TABLE}"
    )
    return 0
