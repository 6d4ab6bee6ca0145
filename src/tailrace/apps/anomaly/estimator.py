"""The detector as a class, in scikit-learn's manner."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailrace.apps.anomaly.data import from_array
from tailrace.apps.anomaly.detector import Detector, Parts, Watcher
from tailrace.apps.anomaly.settings import Settings
from tailrace.apps.anomaly.windows import Floats
from tailrace.apps.common.estimator import KeptEstimator


class AnomalyDetector(KeptEstimator[Settings, Detector]):
    """A recurrent network that learns a normal series and marks what is odd in others.

    The parameters are those of `Settings`, by name: `AnomalyDetector(window=100,
    false_alarms=0.001)`. A series is an array [T] or [T, C], a row per point. Fitted attributes end
    in an underscore: `threshold_`, `history_`.
    """

    settings_class = Settings
    kept_class = Detector

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learns from a series; points where `y` is true are known to be bad and left out.

        Raises: UserError where the series is too short.
        """
        parts = Parts.of(from_array(X, y), self._settings)
        detector = Detector.new(parts, self._settings)
        detector.fit(parts, detector.new_training())
        self._kept = detector
        return self

    @property
    def threshold_(self) -> float:
        """The score above which a point is marked."""
        return self._fitted().threshold

    def anomaly_scores(self, X: ArrayLike) -> Floats:
        """A score per point [T], larger where odder; NaN where there is none yet."""
        return self._fitted().scores(from_array(X))

    def score_samples(self, X: ArrayLike) -> Floats:
        """Minus `anomaly_scores`: larger where more normal, as scikit-learn has it."""
        return -self.anomaly_scores(X)

    def decision_function(self, X: ArrayLike) -> Floats:
        """The threshold minus the score: below 0 where a point is odd."""
        return self.threshold_ - self.anomaly_scores(X)

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """-1 for points that are odd, 1 for the others [T]."""
        detector = self._fitted()
        return np.where(detector.marks(self.anomaly_scores(X)), -1, 1)

    def watch(self) -> Watcher:
        """Takes points one by one: `watch().push(point)`."""
        return self._fitted().watch()
