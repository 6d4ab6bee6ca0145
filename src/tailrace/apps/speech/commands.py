"""`tailrace speech train`."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import INTERRUPTED, say, show
from tailrace.apps.common.figures import write_figures
from tailrace.apps.common.files import free_folder, make_folder
from tailrace.apps.common.parts import Split
from tailrace.apps.common.runs import Run, check_unchanged, read_stopped, resumed_folder
from tailrace.apps.common.settings import at_least, choice
from tailrace.apps.errors import UserError
from tailrace.apps.speech.data import Utterance, divide, read_utterances
from tailrace.apps.speech.demonstration import KINDS, default_kind, demonstration
from tailrace.apps.speech.recognizer import Heard, Recognizer, new_recognizer
from tailrace.apps.speech.report import write_report
from tailrace.apps.speech.settings import Settings
from tailrace.apps.speech.trial import Trial

DEFAULT_OUT = "speech-model"
UTTERANCES = 1200
# settings that may be other ones when training goes on
CHANGEABLE = ("epochs",)
# fewest of the demonstration's utterances, five speakers
LEAST = 40
_TOLD = {
    "spoken": "digits said by espeak-ng with many voices, in noise",
    "tones": "digits whose letters are tones, said by many voices in noise",
}


@dataclass(frozen=True)
class Task:
    """What to learn, from what, and where."""

    settings: Settings
    source: dict[str, Any]
    seeds: int
    folder: Path
    resumed: dict[str, Any] | None

    @property
    def text(self) -> str:
        """What the data are."""
        return self.source["file"] or _TOLD[self.source["demo"]]


def train(args: argparse.Namespace) -> int:
    """Trains a recognizer in a folder of its own; ends with a table and a report."""
    task = _task(args)
    begun = time.perf_counter()
    parts = _load(task)
    recognizer = new_recognizer(parts, task.settings)
    recognizer.source = task.source
    heard = Split(*(recognizer.hear(part) for part in (parts.train, parts.validation, parts.test)))
    if task.resumed is None:
        make_folder(task.folder)
    run = recognizer.new_run(task.folder, recognizer.course())
    if task.resumed is not None:
        run.resume(task.resumed)
    say(_introduction(task, parts))
    if not fit(recognizer, run, parts, heard):
        say(
            f"Stopped and saved. The model as far as it learnt is in {task.folder}; "
            f"to go on: tailrace speech train --resume {task.folder}"
        )
        return INTERRUPTED
    trial = Trial(recognizer, parts, heard)
    if not _others(trial, task, parts, heard):
        say(f"Stopped. The model is in {task.folder}, without a report")
        return INTERRUPTED
    _finish(task, trial, run, time.perf_counter() - begun)
    return 0


def _finish(task: Task, trial: Trial, run: Run, seconds: float) -> None:
    trial.recognizer.results = trial.results()
    run.write()
    for table in trial.tables():
        say()
        show(table)
    page = write_report(task.folder, trial, task.text, run.progress.history)
    write_figures(task.folder, Recognizer.kind.application, seconds, **trial.figures())
    say(
        f"\nThe model is in {task.folder}, the report in {page}. "
        f"Let it listen: tailrace speech transcribe {task.folder} FILE.wav"
    )


def _task(args: argparse.Namespace) -> Task:
    at_least("seeds", args.seeds, 1)
    stopped = resumed_folder(args, DEFAULT_OUT)
    if stopped is not None:
        return _resumed(args, stopped)
    if args.data and (args.demo or args.utterances):
        raise UserError("--demo and --utterances are for the built-in data; leave out the file")
    kind = args.demo or default_kind()
    choice("demo", kind, KINDS)
    count = UTTERANCES if args.utterances is None else args.utterances
    at_least("utterances", count, LEAST)
    file = str(Path(args.data).absolute()) if args.data else None
    source = {"file": file, "demo": kind, "utterances": count}
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    return Task(Settings.of(**Settings.given(args)), source, args.seeds, folder, None)


def _resumed(args: argparse.Namespace, folder: Path) -> Task:
    others = {"files": args.data, "demo": args.demo, "utterances": args.utterances}
    given = Settings.given(args)
    check_unchanged(given, CHANGEABLE, **others)
    data = read_stopped(folder, Recognizer.kind)
    with folders.damage_said(folder):
        settings = Settings.from_json({**data["settings"], **given})
        source = dict(data["source"])
    return Task(settings, source, args.seeds, folder, data)


def _load(task: Task) -> Split[list[Utterance]]:
    source, settings = task.source, task.settings
    if source["file"]:
        return divide(read_utterances(source["file"], settings.rate), settings)
    # the same digits for every seed of the network
    found = demonstration(source["demo"], source["utterances"], settings.rate, 1)
    return divide(found, settings)


def _introduction(task: Task, parts: Split[list[Utterance]]) -> str:
    everything = [*parts.train, *parts.validation, *parts.test]
    minutes = sum(len(one.samples) for one in everything) / task.settings.rate / 60
    return (
        f"{task.text}: {len(everything)} utterances, {minutes:.1f} minutes; {len(parts.train)} to "
        f"learn from, {len(parts.validation)} to choose by, {len(parts.test)} to test on. "
        f"{task.settings.layers} bidirectional LSTM(s) of {task.settings.size} units each way"
    )


def fit(
    recognizer: Recognizer,
    run: Run,
    parts: Split[list[Utterance]],
    heard: Split[list[Heard]],
) -> bool:
    """Trains and chooses how to rescore; returns whether training came to its end."""
    finished = run.train(
        lambda epoch: recognizer.batches(heard.train, epoch),
        recognizer.learn,
        lambda: recognizer.evaluate(heard.validation),
    )
    if finished:
        recognizer.tune(heard.validation, [one.text for one in parts.validation])
        run.write()
    return finished


def _others(
    trial: Trial, task: Task, parts: Split[list[Utterance]], heard: Split[list[Heard]]
) -> bool:
    """Networks of other seeds, for the table's deviations."""
    for number in range(1, task.seeds):
        settings = task.settings.with_(seed=task.settings.seed + number)
        other = Recognizer(settings, trial.recognizer.alphabet)
        other.texts = trial.recognizer.texts
        with TemporaryDirectory() as folder:
            if not fit(other, other.new_run(Path(folder), other.course()), parts, heard):
                return False
        trial.add(other)
    return True
