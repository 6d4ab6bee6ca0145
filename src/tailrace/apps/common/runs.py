"""A training run in its model folder: shown while it goes on, saved, resumed, as curves on a board.

best/    checkpoint of the variables that did best on the validation part
last/    checkpoint of all variables where training stopped, to go on from
logs/    event files with the curves, which TensorBoard shows
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tailrace as tf
from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import Bar, clock, stopping
from tailrace.apps.common.report import REPORT
from tailrace.apps.common.settings import option
from tailrace.apps.common.training import Batch, Course, Figures, OnStep, Progress, Training
from tailrace.apps.errors import UserError

LOGS = "logs"
# said of a folder that holds something where a new one is wanted
RESUME_HINT = "or go on with --resume if it is a model"


@dataclass(frozen=True)
class Kind:
    """Whose folder it is: the application and the number of its format."""

    application: str
    format: int


def resumed_folder(args: argparse.Namespace, default: str) -> Path | None:
    """The model folder that `--resume` names, or `--out` beside it; None for a new training."""
    if args.resume is None:
        return None
    if args.resume and args.out:
        raise UserError("--resume DIR and --out: give one of them")
    return Path(args.resume or args.out or default)


def check_unchanged(given: Iterable[str], changeable: Sequence[str], **others: object) -> None:
    """Raises UserError where a command line says what cannot change when training goes on.

    `given` are the settings that it says; `others` the rest, by name, none of which may be true.
    """
    odd = [option(name) for name in given if name not in changeable]
    odd += ["files" if name == "files" else option(name) for name in others if others[name]]
    if odd:
        can = ", ".join(map(option, changeable)) or "nothing"
        raise UserError(
            f"{odd[0]} cannot be changed when training goes on (--resume); what can: {can}"
        )


def read_stopped(folder: Path, kind: Kind) -> dict[str, Any]:
    """What the model folder of a training that is to go on says.

    Raises: UserError where it is none, is damaged, or holds a finished network and nothing more.
    """
    data = folders.read(folder, kind.application, kind.format)
    with folders.damage_said(folder):
        whole = data["progress"]["finished"] and data["last"] is None
    if whole:
        raise UserError(f"{folder}: was saved from a program; there is nothing to go on from")
    return data


class Run:
    """One network being trained in one folder.

    `describe()` is what the application keeps in `model.json`; beside it stand "progress", "best"
    and "last". `variables` are those that a trained network needs, `everything` also what training
    needs (slots, counters); both are restored by `Run.resume` and `restore_best`. Without
    `best` the last ones alone are kept.
    """

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        session: tf.Session,
        course: Course,
        describe: Callable[[], dict[str, Any]],
        *,
        variables: Sequence[tf.Variable] | None = None,
        everything: Sequence[tf.Variable] | None = None,
        best: bool = True,
    ) -> None:
        self.folder = folder
        self.session = session
        self.training = Training(course)
        self._kind = kind
        self._describe = describe
        self._keeps_best = best
        self._names: dict[str, str | None] = {"best": None, "last": None}
        with session.graph.as_default():
            self._checkpoints = {
                "best": folders.Checkpoints(folder, "best", variables or tf.trainable_variables()),
                "last": folders.Checkpoints(folder, "last", everything or tf.global_variables()),
            }

    @property
    def progress(self) -> Progress:
        """How far training is."""
        return self.training.progress

    def resume(self, data: Mapping[str, Any]) -> None:
        """Goes on from what `folder.read` found.

        Raises: UserError where training has come to its end, or the folder is damaged.
        """
        with folders.damage_said(self.folder):
            self.training.progress = Progress(**data["progress"])
            self._names = {"best": data["best"], "last": data["last"]}
        if self._names["last"] is None:
            self.training.progress = Progress()
        for which, name in self._names.items():
            if name is not None:
                self._checkpoints[which].keep(name)
        # one that was killed between its last step and its report still owes that
        if self.training.done >= 1.0 and (self.folder / REPORT).exists():
            course = self.training.course
            ends = [f"--{n} {v:g}" for n in ("epochs", "minutes") if (v := getattr(course, n))]
            raise UserError(
                f"{self.folder}: training has come to its end ({', '.join(ends)}); to go on, give "
                "more"
            )
        if self._names["last"] is not None:
            self._checkpoints["last"].restore(self.session, self._names["last"])

    def save(self, which: str) -> None:
        """Writes the checkpoint `best` or `last`, then a `model.json` that names it."""
        with self.session.graph.as_default():
            self._names[which] = self._checkpoints[which].save(self.session, self.progress.step)
        self.write()

    def write(self) -> None:
        """Replaces `model.json`."""
        data = {**self._describe(), "progress": vars(self.progress), **self._names}
        folders.write(self.folder, self._kind.application, self._kind.format, data)

    def restore_best(self) -> None:
        """Puts the variables of the best evaluation back; none was, then nothing changes."""
        if self._names["best"] is not None:
            self._checkpoints["best"].restore(self.session, self._names["best"])

    def train(
        self,
        batches: Callable[[int], Iterable[Batch]],
        step: Callable[[Batch, float], Any],
        evaluate: Callable[[], Mapping[str, float]],
        *,
        tell: Callable[[Figures], str] = lambda figures: f"loss {figures.loss:.3f}",
        heading: str = "epoch {}",
    ) -> bool:
        """Trains with a bar and a line per evaluation; returns whether it came to the end.

        Ctrl-C ends it after the step under way. The best variables are saved at each evaluation
        that is the best so far, everything at each evaluation and at the end; at the end the best
        are in place, where they are kept. Arguments as `Training.run`.
        """
        with (
            Bar(heading) as bar,
            stopping(self.training.stop),
            Curves(self.folder / LOGS) as curves,
        ):

            def on_step(figures: Figures) -> None:
                said = f"{tell(figures)}, {clock(figures.left_s)} left"
                bar.step(figures.done, said, figures.epoch + 1)
                curves.add(figures.step, {"train/loss": figures.loss})

            def on_evaluation(row: dict[str, float], best: bool) -> None:
                best = best and self._keeps_best
                if best:
                    self.save("best")
                self.save("last")
                figures = {name: value for name, value in row.items() if name not in _COUNTS}
                bar.line(f"{heading.format(row['epoch'])}: {_said(figures)}{' (best)' * best}")
                curves.add(int(row["step"]), {_curve(name): v for name, v in figures.items()})

            finished = self.training.run(
                batches, step, evaluate, on_step=on_step, on_evaluation=on_evaluation
            )
        self.save("last")
        self.restore_best()
        return finished


def _curve(name: str) -> str:
    """Where a figure of an evaluation is drawn: the loss is that of the steps before it."""
    return "train/loss" if name == "loss" else f"validation/{name}"


def train_in_memory(
    training: Training,
    session: tf.Session,
    batches: Callable[[int], Iterable[Batch]],
    step: Callable[[Batch, float], Any],
    evaluate: Callable[[], Mapping[str, float]],
    *,
    on_step: OnStep = lambda figures: None,
) -> bool:
    """Trains without a folder; the best variables are in place afterwards.

    Stopped before the first evaluation, they are what they became. Returns whether it came to the
    end. Arguments as `Training.run`.
    """
    with session.graph.as_default():
        variables = tf.trainable_variables()
    kept: list[Any] = []

    def on_evaluation(row: dict[str, float], best: bool) -> None:
        if best:
            kept[:] = session.run(variables)

    finished = training.run(batches, step, evaluate, on_step=on_step, on_evaluation=on_evaluation)
    for variable, value in zip(variables, kept, strict=bool(kept)):
        variable.load(value, session)
    return finished


_COUNTS = ("step", "epoch", "seconds")


def _said(figures: Mapping[str, float]) -> str:
    """The loss while learning, then what is held out."""
    said = [f"{name} {value:.4g}" for name, value in figures.items()]
    return f"{said[0]}; held out: {', '.join(said[1:])}"


class Curves:
    """Scalars into an event file of a folder: `with Curves(folder) as curves: curves.add(...)`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Curves:
        with folders.saying_why(self._folder):
            self._writer = tf.summary.FileWriter(str(self._folder))
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Values by name, of a step."""
        found = [tf.Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._writer.add_summary(tf.Summary(value=found), step)
