"""How `train` goes for a network that writes: what `tailrace translate` and `caption` share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tailrace.apps.common.display import INTERRUPTED, Table, say, show
from tailrace.apps.common.figures import Figure, write_figures
from tailrace.apps.common.files import make_folder
from tailrace.apps.common.folder import damage_said
from tailrace.apps.common.parts import Split
from tailrace.apps.common.quality import Entry
from tailrace.apps.common.runs import RESUME_HINT, Run, read_stopped
from tailrace.apps.common.writer import Writer, WriterSettings
from tailrace.apps.errors import UserError

# settings that may be other ones when training goes on
CHANGEABLE = ("epochs", "minutes", "patience")


class Data(Protocol):
    """What is learnt from."""

    @property
    def fingerprint(self) -> str:
        """Tells it from other data."""
        ...


class Origin(Protocol):
    """Where data come from."""

    @property
    def text(self) -> str:
        """What they are, for people."""
        ...

    def read(self, settings: Any) -> Data:
        """All of them. Raises: UserError where there are none, or they cannot be read."""
        ...

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it."""
        ...


class Contest(Protocol):
    """A network beside simple methods, on what none has seen; the network first."""

    entries: list[Entry]

    @property
    def simple(self) -> Entry:
        """The best of the simple methods."""
        ...

    def table(self) -> Table:
        """A row for each method."""
        ...

    def groups(self) -> Table:
        """How many are right of each group."""
        ...


@dataclass(frozen=True)
class Task:
    """What is to be trained, on what, where."""

    learner: Any
    parts: Split[Any]
    origin: Origin
    run: Run


@dataclass(frozen=True)
class School:
    """An application's part in it.

    `divide(data, settings)` gives the parts, `origin` makes one of what its `to_json` gave,
    `contest(learner, train, test)` compares, `report(folder, contest, text, history)` writes the
    page and returns its path; `about` is a paragraph on a task, and `ask` what is typed behind the
    folder to ask a model: a sub-command and an example for a task.
    """

    learner: type[Writer]
    divide: Callable[[Any, Any], Split[Any]]
    origin: Callable[[dict[str, Any]], Origin]
    contest: Callable[[Any, Any, Any], Any]
    report: Callable[..., Path]
    about: Callable[[Task], str]
    ask: tuple[str, Callable[[Task], str]]

    @property
    def name(self) -> str:
        """The application's."""
        return self.learner.kind.application

    def new(self, origin: Origin, settings: WriterSettings, folder: Path) -> Task:
        """A task in a folder that is made once the data are known to be good."""
        data = origin.read(settings)
        parts = self.divide(data, settings)
        learner = self.learner.new(parts.train, settings)
        make_folder(folder, hint=RESUME_HINT)
        return Task(learner, parts, origin, self._run(learner, data, origin, folder))

    def resumed(self, folder: Path, given: dict[str, Any]) -> Task:
        """A task that goes on, with the settings given in place of its own.

        Raises: UserError where the folder is none to go on from, or its data have changed.
        """
        found = read_stopped(folder, self.learner.kind)
        with damage_said(folder):
            learner = self.learner.from_json({**found, "settings": {**found["settings"], **given}})
            origin, fingerprint = self.origin(found), found["fingerprint"]
        data = origin.read(learner.settings)
        if data.fingerprint != fingerprint:
            raise UserError(f"{folder}: cannot go on: {origin.text} are not what they were")
        run = self._run(learner, data, origin, folder)
        run.resume(found)
        return Task(learner, self.divide(data, learner.settings), origin, run)

    def _run(self, learner: Writer, data: Data, origin: Origin, folder: Path) -> Run:
        about = {**origin.to_json(), "fingerprint": data.fingerprint}
        return learner.new_run(folder, learner.settings.course, **about)

    def train(self, task: Task, begin: float) -> int:
        """Trains; ends with tables, a report and figures. Returns the command's exit status."""
        learner, parts, run = task.learner, task.parts, task.run
        finished = run.train(
            learner.batches(parts.train), learner.step, lambda: learner.evaluate(parts.validation)
        )
        command, example = self.ask
        ask = f"tailrace {self.name} {command} {run.folder}"
        if not finished:
            say(
                f"Stopped and saved. Go on with: tailrace {self.name} train --resume {run.folder}; "
                f"or use it as it is: {ask} {example(task)}"
            )
            return INTERRUPTED
        contest = self.contest(learner, parts.train, parts.test)
        for table in (contest.table(), contest.groups()):
            say()
            show(table)
        page = self.report(run.folder, contest, self.about(task), run.progress.history)
        _write_figures(run.folder, self.name, contest, time.perf_counter() - begin)
        say(f"\nThe model is in {run.folder}, the report in {page}. Ask it: {ask} {example(task)}")
        return 0


def _write_figures(folder: Path, name: str, contest: Contest, seconds: float) -> None:
    mine, simple = contest.entries[0].quality, contest.simple
    write_figures(
        folder,
        name,
        seconds,
        right=Figure([mine.exact], (simple.name, simple.quality.exact), "%"),
        BLEU=Figure([mine.bleu], (simple.name, simple.quality.bleu)),
        chrF=Figure([mine.chrf], (simple.name, simple.quality.chrf)),
    )
