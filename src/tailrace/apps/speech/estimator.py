"""The recognizer as a class, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from tailrace.apps.common.estimator import KeptEstimator
from tailrace.apps.common.parts import Split
from tailrace.apps.errors import UserError
from tailrace.apps.speech.commands import fit
from tailrace.apps.speech.data import Utterance, clean, divide
from tailrace.apps.speech.decoding import judge
from tailrace.apps.speech.recognizer import Recognizer, new_recognizer
from tailrace.apps.speech.settings import Settings


class SpeechRecognizer(KeptEstimator[Settings, Recognizer]):
    """A bidirectional LSTM that writes down what is said.

    The parameters are those of `Settings`, by name: `SpeechRecognizer(size=128, features="mfcc")`.
    A recording is an array of samples [N] between -1 and 1, `rate` of them a second. Fitted
    attributes end in an underscore: `characters_`, `history_`.
    """

    settings_class = Settings
    kept_class = Recognizer

    def fit(self, X: Sequence[ArrayLike], y: Sequence[str]) -> Self:
        """Learns from recordings and their transcripts; a part is kept to choose by.

        Raises: UserError for too few recordings, or a transcript that cannot be.
        """
        if len(X) != len(y):
            raise UserError(f"there are {len(X)} recordings and {len(y)} transcripts")
        named = [
            Utterance(f"recording {i}", _samples(one, i), clean(text))
            for i, (one, text) in enumerate(zip(X, y, strict=True))
        ]
        parts = divide(named, self._settings)
        # nobody asks for a test here
        parts = Split([*parts.train, *parts.test], parts.validation, [])
        recognizer = new_recognizer(parts, self._settings)
        heard = Split(recognizer.hear(parts.train), recognizer.hear(parts.validation), [])
        with TemporaryDirectory() as folder:
            run = recognizer.new_run(Path(folder), recognizer.course())
            fit(recognizer, run, parts, heard)
        recognizer.history = run.progress.history
        self._kept = recognizer
        return self

    @property
    def characters_(self) -> str:
        """What transcripts are made of."""
        return self._fitted().alphabet.characters

    def predict(self, X: Sequence[ArrayLike]) -> list[str]:
        """What is said in recordings."""
        named = [Utterance(f"recording {i}", _samples(one, i), "") for i, one in enumerate(X)]
        return self._fitted().transcribe(named)

    def score(self, X: Sequence[ArrayLike], y: Sequence[str]) -> float:
        """1 minus the part of the letters that are wrong."""
        return 1 - judge(self.predict(X), [clean(text) for text in y]).letters


def _samples(one: ArrayLike, place: int) -> np.ndarray:
    samples = np.asarray(one, np.float32)
    if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all():
        raise UserError(f"recording {place}: must be finite samples [N], has {samples.shape}")
    return samples
