"""The captioner as a class, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailrace.apps.caption.data import Album, divide
from tailrace.apps.caption.learner import LEVEL, Description, Learner
from tailrace.apps.caption.settings import Settings
from tailrace.apps.common.estimator import KeptEstimator
from tailrace.apps.common.quality import Quality, judge
from tailrace.apps.errors import UserError

# of a picture: rows, columns, colours
DIMENSIONS = 3


class Captioner(KeptEstimator[Settings, Learner]):
    """Convolutions and a decoder with attention, which learn from pictures with captions.

    The parameters are those of `Settings`, by name: `Captioner(side=48, epochs=5)`. Pictures are
    arrays [N, side, side, 3] from 0 to 1. Fitted attributes end in an underscore: `history_`,
    figures of each epoch.
    """

    settings_class = Settings
    kept_class = Learner

    def fit(self, X: ArrayLike, y: Sequence[str] | Sequence[Sequence[str]]) -> Self:
        """Learns from pictures and their captions, one or several of each.

        Raises: UserError where they do not fit, or are too few.
        """
        pictures, captions = self._pictures(X), _several(y)
        if len(pictures) != len(captions):
            raise UserError(f"{len(pictures):,} pictures, but {len(captions):,} captions")
        if not all(some and all(text.strip() for text in some) for some in captions):
            raise UserError("a picture has no caption")
        album = Album(pictures, captions, [str(i) for i in range(len(pictures))])
        parts = divide(album, self._settings.held_out, self._settings.seed)
        learner = Learner.new(parts.train, self._settings)
        learner.fit(parts)
        self._kept = learner
        return self

    def predict(self, X: ArrayLike) -> list[str]:
        """The best caption of each picture."""
        return [found[0].text for found in self.descriptions(X)]

    def descriptions(self, X: ArrayLike) -> list[list[Description]]:
        """The best captions of each picture, best first, with attention and probability."""
        return self._fitted().describe(self._pictures(X))

    def score(self, X: ArrayLike, y: Sequence[str] | Sequence[Sequence[str]]) -> float:
        """The part of the pictures whose caption is one of `y` to the last word."""
        return self.quality(X, y).exact / 100

    def quality(self, X: ArrayLike, y: Sequence[str] | Sequence[Sequence[str]]) -> Quality:
        """Per cent that are right, BLEU and chrF."""
        return judge(self.predict(X), _several(y), LEVEL)

    def _pictures(self, X: ArrayLike) -> NDArray[np.float32]:
        pictures, side = np.asarray(X, np.float32), self._settings.side
        if pictures.ndim != DIMENSIONS + 1 or pictures.shape[1:] != (side, side, DIMENSIONS):
            raise UserError(
                f"pictures must be an array [N, {side}, {side}, 3], not {list(pictures.shape)}"
            )
        return pictures


def _several(captions: Sequence[str] | Sequence[Sequence[str]]) -> list[list[str]]:
    return [[some] if isinstance(some, str) else list(some) for some in captions]
