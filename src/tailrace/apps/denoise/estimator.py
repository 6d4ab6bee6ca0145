"""The denoising autoencoder as a class, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from tailrace.apps.common.estimator import KeptEstimator
from tailrace.apps.common.parts import generator, shuffled
from tailrace.apps.common.training import Training
from tailrace.apps.denoise.corruption import Values, mean_error, psnr, spoil
from tailrace.apps.denoise.data import from_arrays, square_of
from tailrace.apps.denoise.denoiser import Denoiser, Lesson
from tailrace.apps.denoise.settings import Settings
from tailrace.apps.errors import UserError

# what random numbers of `score` are for
SCORE = 5

Pictures = ArrayLike | Sequence[ArrayLike]


class DenoisingAutoencoder(KeptEstimator[Settings, Denoiser]):
    """A network that learns to mend pictures by mending ones spoilt on purpose.

    The parameters are those of `Settings`, by name: `DenoisingAutoencoder(hidden=1024,
    corruption="gaussian", amount=0.2)`. Pictures are rows [N, P], an array [N, H, W] or a list of
    arrays [H, W], grey, from 0 to 1; rows are taken whole. Fitted attributes end in an underscore:
    `history_`, `weights_`.
    """

    settings_class = Settings
    kept_class = Denoiser

    def fit(self, X: Pictures, y: Any = None) -> Self:
        """Learns from clean pictures, of which the part `held_out` is kept to choose by.

        Raises: UserError for too few pictures, or ones that do not fit the patch.
        """
        settings = self._settings
        found, rows = from_arrays(X)
        parts = shuffled(len(found), settings.held_out, settings.seed)
        chosen = [*parts.validation, *parts.test]
        shape = square_of(found, 0 if rows else settings.patch)
        clean, checks = ([found[i] for i in part] for part in (parts.train, chosen))
        lesson = Lesson(settings, shape, clean, checks)
        denoiser, training = Denoiser.new(lesson), Training(lesson.course())
        denoiser.fit(training, lesson, lambda figures: None)
        self._kept = denoiser
        return self

    @property
    def weights_(self) -> Values:
        """What each hidden unit looks for [hidden, rows, columns]."""
        return self._fitted().weights()

    def transform(self, X: Pictures) -> Any:
        """Pictures mended, in the form they were given in."""
        denoiser = self._fitted()
        found, rows = self._opened(X)
        mended = [denoiser.mend(picture) for picture in found]
        if not isinstance(X, np.ndarray) and isinstance(X, list | tuple):
            return mended
        return np.stack([m.reshape(-1) for m in mended]) if rows else np.stack(mended)

    def fit_transform(self, X: Pictures, y: Any = None) -> Any:
        """`fit`, then `transform` of the same pictures."""
        return self.fit(X).transform(X)

    def encode(self, X: Pictures) -> Values:
        """What the hidden units say of pictures of the patch's size [N, hidden]."""
        denoiser = self._fitted()
        found, _ = self._opened(X)
        if any(picture.shape != denoiser.shape for picture in found):
            raise UserError(f"encode takes pictures of {denoiser.shape} pixels, the network's own")
        return denoiser.code(np.stack(found).reshape(len(found), -1))

    def score(self, X: Pictures, y: Any = None) -> float:
        """Decibels (PSNR) that clean pictures come to, once spoilt and mended."""
        settings, denoiser = self._fitted().settings, self._fitted()
        clean, _ = self._opened(X)
        random = generator(settings.seed, SCORE)
        spoilt = [spoil(p, settings.corruption, settings.amount, random) for p in clean]
        return psnr(mean_error([denoiser.mend(p) for p in spoilt], clean))

    def _opened(self, X: Pictures) -> tuple[list[Values], bool]:
        """Pictures, and whether X has rows. Raises: UserError for ones that are too small."""
        found, rows = from_arrays(X)
        high, wide = self._fitted().shape
        for picture in found:
            if picture.shape[0] < high or picture.shape[1] < wide:
                raise UserError(f"a picture of {picture.shape} pixels; {high, wide} are needed")
        return found, rows
