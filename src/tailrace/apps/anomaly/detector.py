"""A network, the scale of its channels and the threshold of its scores: fitted, saved, asked."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.anomaly.data import Series
from tailrace.apps.anomaly.networks import Learner, new_learner
from tailrace.apps.anomaly.scoring import check_enough, marked, smoothed, threshold
from tailrace.apps.anomaly.settings import Settings
from tailrace.apps.anomaly.windows import Floats
from tailrace.apps.common import folder as common
from tailrace.apps.common.training import OnStep
from tailrace.apps.errors import UserError

APPLICATION = "anomaly"
FORMAT = 1
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
class Detector:
    """A fitted detector."""

    settings: Settings
    channels: list[str]
    scale: Scale
    learner: Learner
    threshold: float = float("nan")
    results: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, parts: Parts, settings: Settings) -> Detector:
        """A detector for a series that knows nothing but the scale."""
        train = parts.train.values[~parts.train.bad]
        if not len(train):
            raise UserError(f"{parts.train.name}: every point to learn from is labelled bad")
        channels = parts.train.channels
        return cls(settings, channels, Scale.of(train), new_learner(settings, len(channels)))

    def fit(self, parts: Parts, on_step: OnStep = lambda figures: None) -> bool:
        """Learns and calibrates; returns whether training came to its end."""
        train, validation = (self.scale.apply(p.values) for p in (parts.train, parts.validation))
        finished = self.learner.train(train, validation, parts.train.bad, on_step)
        self.learner.fit_errors(validation)
        self.threshold = calibrated(self.scores(parts.calibration), parts, self.settings)
        return finished

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

    def save(self, folder: Path) -> None:
        """Writes the model folder. Raises: UserError where it cannot be written."""
        with self.learner.graph.as_default():
            checkpoints = common.Checkpoints(folder, "best", self.learner.variables)
            checkpoint = checkpoints.save(self.learner.session, 0)
        data = {
            "settings": self.settings.to_json(),
            "channels": self.channels,
            "mean": self.scale.mean.tolist(),
            "deviation": self.scale.deviation.tolist(),
            "errors": self.learner.errors_to_json(),
            "threshold": self.threshold,
            "history": self.learner.history,
            "best": checkpoint,
            "results": self.results,
        }
        common.write(folder, APPLICATION, FORMAT, data)

    @classmethod
    def load(cls, folder: Path) -> Detector:
        """The detector of a folder. Raises: UserError where it is none, or is damaged."""
        data = common.read(folder, APPLICATION, FORMAT)
        with common.damage_said(folder):
            settings, channels = Settings.from_json(data["settings"]), list(data["channels"])
            scale = Scale(np.asarray(data["mean"], float), np.asarray(data["deviation"], float))
            if scale.mean.shape != (len(channels),) or scale.deviation.shape != (len(channels),):
                raise ValueError("the scale does not fit the channels")
            learner = new_learner(settings, len(channels))
            learner.errors_from_json(data["errors"])
            learner.history = data["history"]
            limit = float(data["threshold"])
            detector = cls(settings, channels, scale, learner, limit, data["results"])
            checkpoint = data["best"]
        with learner.graph.as_default():
            common.Checkpoints(folder, "best", learner.variables).restore(
                learner.session, checkpoint
            )
        return detector

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
