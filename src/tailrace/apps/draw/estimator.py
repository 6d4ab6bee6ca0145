"""DRAW as a class, in scikit-learn's manner."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from tailrace.apps.common.estimator import KeptEstimator
from tailrace.apps.common.parts import shuffled
from tailrace.apps.common.settings import at_least
from tailrace.apps.common.training import Training
from tailrace.apps.draw.data import Values, binarised, from_array
from tailrace.apps.draw.painter import TESTED, Painter, Paintings
from tailrace.apps.draw.settings import Settings
from tailrace.apps.errors import UserError


class Draw(KeptEstimator[Settings, Painter]):
    """A recurrent network that paints pictures bit by bit, looking at them through a window.

    The parameters are those of `Settings`, by name: `Draw(attention=False, glimpses=10)`. Pictures
    are an array [N, H, W], or squares as rows [N, P], from 0 to 1; they are made black and white as
    `binarise` says. Fitted attributes end in an underscore: `history_`.
    """

    settings_class = Settings
    kept_class = Painter

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learns from pictures, of which the part `held_out` is kept to choose by.

        Raises: UserError for too few pictures, or what are none.
        """
        settings, grey = self._settings, from_array(X)
        bits = binarised(grey, settings, settings.seed)
        rows = shuffled(len(bits), settings.held_out, settings.seed)
        train, checks = bits[rows.train], bits[np.concatenate([rows.validation, rows.test])]
        painter = Painter(settings, (grey.shape[1], grey.shape[2]), float(train.mean()))
        training = Training(painter.course(len(train)))
        painter.fit(training, train, checks, lambda figures: None)
        self._kept = painter
        return self

    def sample(self, count: int = 1, seed: int = 1) -> Values:
        """Pictures that come to mind: probabilities of white [count, H, W]."""
        return self.paint(count, seed).canvases[-1]

    def paint(self, count: int = 1, seed: int = 1) -> Paintings:
        """The same with all canvases on the way, and where the windows were."""
        at_least("count", count, 1)
        at_least("seed", seed, 0)
        return self._fitted().sample(count, seed)

    def transform(self, X: ArrayLike) -> Values:
        """Given pictures as the network paints them: probabilities of white [N, H, W]."""
        return self.reconstruct(X).canvases[-1]

    def reconstruct(self, X: ArrayLike, seed: int = 1) -> Paintings:
        """The same with all canvases on the way, and where the windows were."""
        return self._fitted().reconstruct(self._bits(X), seed)

    def score_samples(self, X: ArrayLike) -> Values:
        """Minus the variational bound of each picture, in nats: at most its log-probability."""
        return -self._fitted().bounds(self._bits(X), TESTED)[0]

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """The mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def _bits(self, X: ArrayLike) -> Values:
        painter, grey = self._fitted(), from_array(X)
        if grey.shape[1:] != painter.sides:
            raise UserError(
                f"pictures of {grey.shape[1:]} pixels; the model's have {painter.sides}"
            )
        return binarised(grey, painter.settings, painter.settings.seed)
