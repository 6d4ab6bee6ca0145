"""The loop that trains a network: batches, learning rate, evaluations, time, and an end.

    course = Course(epochs=10, learning_rate=0.002)
    training = Training(course, Progress())
    training.run(batches, step, evaluate)

`batches(epoch)` gives the batches of an epoch, the same ones whenever it is asked for the same
epoch; `step(batch, rate)` learns from one and returns its loss; `evaluate()` returns figures on the
validation part, of which the first one says which network is best (smaller is better).
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tailrace.apps.common.settings import above_zero, at_least
from tailrace.apps.errors import UserError

Batch = TypeVar("Batch")
OnStep = Callable[["Figures"], None]
OnEvaluation = Callable[[dict[str, float], bool], None]

# `on_step` is told this often, in seconds
REPORT_EVERY_S = 0.2
# steps whose mean loss is told
RECENT = 100


@dataclass(frozen=True)
class Course:
    """How long training takes and how fast it learns.

    It ends after `epochs` passes or after `minutes`, whichever is first; one of them is needed. The
    rate rises over `warm_up` steps to `learning_rate`, then falls as half a cosine to the part
    `least_rate` of it. With `patience` it ends once so many evaluations in a row were none the
    best. An evaluation follows each epoch, or `every` steps.
    """

    learning_rate: float
    epochs: int | None = None
    minutes: float | None = None
    warm_up: int = 50
    least_rate: float = 0.02
    patience: int | None = None
    every: int | None = None

    def __post_init__(self) -> None:
        above_zero("learning_rate", self.learning_rate)
        if self.epochs is None and self.minutes is None:
            raise UserError("training needs an end: give --epochs or --minutes")
        if self.epochs is not None:
            at_least("epochs", self.epochs, 1)
        if self.minutes is not None:
            above_zero("minutes", self.minutes)

    def rate(self, step: int, done: float) -> float:
        """The learning rate of a step, when the part `done` of the training is behind."""
        rise = min(1.0, (step + 1) / self.warm_up) if self.warm_up else 1.0
        fall = max(self.least_rate, 0.5 + 0.5 * math.cos(math.pi * done))
        return self.learning_rate * rise * fall


@dataclass
class Progress:
    """How far training is; as JSON: `vars(progress)`, and back: `Progress(**data)`."""

    step: int = 0
    epoch: int = 0
    # steps done of the epoch under way
    epoch_steps: int = 0
    # of an epoch, known once one is over
    steps_per_epoch: int | None = None
    seconds: float = 0.0
    finished: bool = False
    best: float | None = None
    # evaluations since the best one
    since_best: int = 0
    # a row of figures per evaluation
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """What is known after a step."""

    step: int
    epoch: int
    done: float  # part of the training, 0 to 1
    loss: float  # mean of the last steps
    steps_per_s: float
    left_s: float


class Training:
    """One training; where it stands is in `progress`, from which it goes on."""

    def __init__(self, course: Course, progress: Progress | None = None) -> None:
        self.course = course
        self.progress = Progress() if progress is None else progress
        self._stop = False

    def stop(self) -> None:
        """Asks for training to end after the step under way."""
        self._stop = True

    @property
    def done(self) -> float:
        """The part of the training that is behind, by time or by epochs, 0 to 1."""
        course, progress = self.course, self.progress
        parts = [0.0]
        if course.minutes is not None:
            parts.append(progress.seconds / (60 * course.minutes))
        if course.epochs is not None:
            steps = progress.steps_per_epoch
            begun = progress.epoch_steps / steps if steps else 0.0
            parts.append((progress.epoch + begun) / course.epochs)
        if course.patience is not None and progress.since_best >= course.patience:
            parts.append(1.0)
        return min(1.0, max(parts))

    def run(
        self,
        batches: Callable[[int], Iterable[Batch]],
        step: Callable[[Batch, float], Any],
        evaluate: Callable[[], Mapping[str, float]],
        *,
        on_step: OnStep = lambda figures: None,
        on_evaluation: OnEvaluation = lambda row, best: None,
    ) -> bool:
        """Trains to the end or until `stop`; returns whether it came to the end.

        `on_evaluation` gets a row of figures (step, epoch, seconds, loss, then those of `evaluate`)
        and whether they are the best so far.

        Raises: UserError where the loss is no longer a finite number, or an epoch has no batch.
        """
        progress, losses = self.progress, []
        while self.done < 1.0 and not self._stop:
            losses += self._learn(batches, step, on_step)
            if self.done < 1.0 and (self._stop or not self._due()):
                continue
            self._evaluate(losses, evaluate, on_evaluation)
            losses = []
        progress.finished = self.done >= 1.0
        return progress.finished

    def _due(self) -> bool:
        """Whether an evaluation is, between two calls of `_learn`."""
        every = self.course.every
        return every is None or self.progress.step % every == 0

    def _learn(
        self,
        batches: Callable[[int], Iterable[Batch]],
        step: Callable[[Batch, float], Any],
        on_step: OnStep,
    ) -> list[float]:
        """Learns until the epoch ends, or an evaluation is due before: the losses."""
        progress, course, losses = self.progress, self.course, []
        clock = _Clock(progress)
        for batch in itertools.islice(batches(progress.epoch), progress.epoch_steps, None):
            losses.append(self._step(batch, step))
            progress.step += 1
            progress.epoch_steps += 1
            if clock.due():
                on_step(self._figures(losses, clock.steps_per_s))
            due = course.every is not None and progress.step % course.every == 0
            if self._stop or self.done >= 1.0 or due:
                break
        else:
            progress.steps_per_epoch = progress.epoch_steps
        if not progress.epoch_steps:
            raise UserError("there is too little to learn from: not one batch")
        if progress.epoch_steps == progress.steps_per_epoch:
            progress.epoch, progress.epoch_steps = progress.epoch + 1, 0
        return losses

    def _step(self, batch: Batch, step: Callable[[Batch, float], Any]) -> float:
        progress = self.progress
        loss = float(step(batch, self.course.rate(progress.step, self.done)))
        if not math.isfinite(loss):
            raise UserError(
                f"training went astray in step {progress.step + 1}: the loss is {loss}; "
                "try a smaller --learning-rate"
            )
        return loss

    def _figures(self, losses: list[float], steps_per_s: float) -> Figures:
        progress, done = self.progress, self.done
        recent = losses[-RECENT:]
        left = progress.seconds / done - progress.seconds if done else math.inf
        loss = sum(recent) / len(recent)
        return Figures(progress.step, progress.epoch, done, loss, steps_per_s, left)

    def _evaluate(
        self,
        losses: list[float],
        evaluate: Callable[[], Mapping[str, float]],
        on_evaluation: OnEvaluation,
    ) -> None:
        progress, begin = self.progress, time.perf_counter()
        figures = {name: float(value) for name, value in evaluate().items()}
        first = next(iter(figures.values()))
        best = progress.best is None or first < progress.best
        progress.best = first if best else progress.best
        progress.since_best = 0 if best else progress.since_best + 1
        progress.seconds += time.perf_counter() - begin
        row = {
            "step": progress.step,
            "epoch": progress.epoch,
            "seconds": round(progress.seconds, 3),
            "loss": sum(losses) / len(losses) if losses else math.nan,
            **figures,
        }
        progress.history.append(row)
        on_evaluation(row, best)


class _Clock:
    """Counts the time of steps into `progress`; says when the user should hear of them."""

    def __init__(self, progress: Progress) -> None:
        self.steps_per_s = 0.0
        self._progress = progress
        self._last = time.perf_counter()
        self._seconds, self._steps = 0.0, 0

    def due(self) -> bool:
        """To be called after each step."""
        now = time.perf_counter()
        self._progress.seconds += now - self._last
        self._seconds, self._steps, self._last = (
            self._seconds + now - self._last,
            self._steps + 1,
            now,
        )
        if self._seconds < REPORT_EVERY_S:
            return False
        self.steps_per_s = self._steps / self._seconds
        self._seconds, self._steps = 0.0, 0
        return True
