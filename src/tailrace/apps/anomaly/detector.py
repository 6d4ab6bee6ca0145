"""A network, the scale of its channels and the threshold of its scores: fitted, saved, asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.anomaly.data import Series
from tailrace.apps.anomaly.networks import Learner, Lessons, new_learner
from tailrace.apps.anomaly.scoring import check_enough, marked, smoothed, threshold
from tailrace.apps.anomaly.settings import Settings
from tailrace.apps.anomaly.windows import Floats
from tailrace.apps.common.kept import Kept
from tailrace.apps.common.runs import Kind, Run, train_in_memory
from tailrace.apps.common.training import OnStep, Progress, Training
from tailrace.apps.errors import UserError

# of the series to learn from: what is kept to choose by, and to calibrate on
VALIDATION, CALIBRATION = 0.15, 0.25


@dataclass(frozen=True)
class Parts:
    """Parts of a series for learning: each follows on the one before."""

    train: Series
    validation: Series
    calibration: Series

    @classmethod
    def of(cls, series: Series, settings: Settings) -> Parts:
        """The parts. Raises: UserError where the series is too short."""
        count = len(series.values)
        ends = [int(count * (1 - VALIDATION - CALIBRATION)), int(count * (1 - CALIBRATION))]
        parts = [slice(0, ends[0]), slice(*ends), slice(ends[1], count)]
        least = settings.window + settings.ahead + settings.batch
        if min(part.stop - part.start for part in parts) < least:
            raise UserError(
                f"{series.name}: {count} points are too few to learn from, "
                f"{least / VALIDATION:.0f} are needed; give more, or a smaller --window"
            )
        found = cls(*(series.part(part) for part in parts))
        # the first points may have no score
        scored = ~found.calibration.bad[max(settings.window, settings.ahead) :]
        check_enough(int(scored.sum()), settings.false_alarms)
        return found


@dataclass
class Scale:
    """Mean and deviation of each channel while all was normal."""

    mean: Floats  # [C]
    deviation: Floats  # [C]

    @classmethod
    def of(cls, values: Floats) -> Scale:
        """The scale of values [T, C]; a channel that never moves keeps its unit."""
        deviation = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(deviation > 1e-12, deviation, 1.0))

    def apply(self, values: Floats) -> Floats:
        """Standardized values."""
        return (values - self.mean) / self.deviation


@dataclass
class Detector(Kept):
    """A network, and when it raises an alarm."""

    kind = Kind("anomaly", 2)

    settings: Settings
    channels: list[str]
    scale: Scale
    learner: Learner
    threshold: float = float("nan")
    results: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def new(cls, parts: Parts, settings: Settings) -> Detector:
        """A detector for a series that knows nothing but the scale."""
        train = parts.train.values[~parts.train.bad]
        if not len(train):
            raise UserError(f"{parts.train.name}: every point to learn from is labelled bad")
        channels = parts.train.channels
        return cls(settings, channels, Scale.of(train), new_learner(settings, len(channels)))

    def _lessons(self, parts: Parts) -> Lessons:
        train, validation = (self.scale.apply(p.values) for p in (parts.train, parts.validation))
        return self.learner.lessons(train, validation, parts.train.bad)

    def new_training(self) -> Training:
        """A training in memory, for `fit`."""
        progress = Progress(steps_per_epoch=self.settings.steps)
        return Training(self.learner.course(), progress)

    def fit(self, parts: Parts, training: Training, on_step: OnStep = lambda figures: None) -> bool:
        """Learns in memory and calibrates; returns whether training came to its end."""
        lessons, session = self._lessons(parts), self.learner.session
        finished = train_in_memory(training, session, *lessons, on_step=on_step)
        self.history = training.progress.history
        self._calibrate(parts)
        return finished

    def fit_in(self, run: Run, parts: Parts) -> bool:
        """Learns in a model folder, shown and saved, and calibrates; returns as `fit`."""
        run.progress.steps_per_epoch = self.settings.steps
        finished = run.train(*self._lessons(parts), heading=self.settings.method)
        self.history = run.progress.history
        self._calibrate(parts)
        run.write()
        return finished

    def _calibrate(self, parts: Parts) -> None:
        """Learns how large errors usually are, and from where on a score is an alarm."""
        self.learner.fit_errors(self.scale.apply(parts.validation.values))
        self.threshold = calibrated(self.scores(parts.calibration), parts, self.settings)

    def scores(self, series: Series) -> Floats:
        """Scores [T]; NaN where a point has none. Raises: as `check`."""
        self.check(series)
        raw = self.learner.raw_scores(self.scale.apply(series.values))
        return smoothed(raw, self.settings.smooth)

    def marks(self, scores: Floats) -> NDArray[np.bool_]:
        """Which scores are alarms."""
        return marked(scores, self.threshold)

    def check(self, series: Series) -> None:
        """Raises UserError for a series of other channels, or too short to be scored."""
        count, known = series.values.shape[1], len(self.channels)
        if count != known:
            raise UserError(f"{series.name}: has {count} channels, the model {known}")
        least = self.settings.window + self.settings.ahead
        if len(series.values) < least:
            raise UserError(
                f"{series.name}: {len(series.values)} points are too few, {least} needed"
            )

    @property
    def is_calibrated(self) -> bool:
        """Whether it knows what an alarm is."""
        return np.isfinite(self.threshold)

    def held(self) -> tuple[tf.Session, Sequence[tf.Variable]]:
        """The session, and the variables that the network needs once it has learnt."""
        return self.learner.session, self.learner.variables

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it; while it learns there are no errors and no threshold."""
        ready = self.is_calibrated
        return {
            "settings": self.settings.to_json(),
            "channels": self.channels,
            "mean": self.scale.mean.tolist(),
            "deviation": self.scale.deviation.tolist(),
            "errors": self.learner.errors_to_json() if ready else None,
            "threshold": self.threshold if ready else None,
            "results": self.results,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Detector:
        """What `to_json` gave, with a network that has learnt nothing."""
        settings, channels = Settings.from_json(data["settings"]), list(data["channels"])
        scale = Scale(np.asarray(data["mean"], float), np.asarray(data["deviation"], float))
        if scale.mean.shape != (len(channels),) or scale.deviation.shape != (len(channels),):
            raise ValueError("the scale does not fit the channels")
        found = cls(settings, channels, scale, new_learner(settings, len(channels)))
        if data["threshold"] is not None:
            found.learner.errors_from_json(data["errors"])
            found.threshold = float(data["threshold"])
        found.results = dict(data["results"])
        return found

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The detector of a folder. Raises: UserError where it is none or is damaged."""
        found = super().load(folder)
        if not found.is_calibrated:
            raise UserError(
                f"{folder}: its training was cut off; go on with it: tailrace anomaly train "
                f"--resume {folder}"
            )
        return found

    def watch(self) -> Watcher:
        """Scores a series that arrives point by point, as `scores` would the whole."""
        return Watcher(self)


@dataclass(frozen=True)
class Observation:
    """What is known of one point."""

    number: int  # from 0
    score: float
    alarm: bool


class Watcher:
    """Takes points one by one; the autoencoder knows of a point only a window later."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._stream = detector.learner.stream()
        self._recent: deque[float] = deque(maxlen=detector.settings.smooth)
        self._number = 0

    def push(self, point: Floats) -> list[Observation]:
        """Takes a point [C]; what is known now of this one or of earlier ones."""
        return self._observed(self._stream.push(self._detector.scale.apply(point)))

    def end(self) -> list[Observation]:
        """What is still owed when the series ends."""
        return self._observed(self._stream.end())

    def _observed(self, raw: list[float]) -> list[Observation]:
        found = []
        for score in raw:
            if np.isfinite(score):
                self._recent.append(score)
                score = float(np.mean(self._recent))
            found.append(Observation(self._number, score, score > self._detector.threshold))
            self._number += 1
        return found


def calibrated(scores: Floats, parts: Parts, settings: Settings) -> float:
    """The threshold of a detector whose scores of the calibration part are these."""
    return threshold(scores[~parts.calibration.bad], settings.false_alarms)
