"""The language model as a class, in scikit-learn's manner."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from tailrace.apps.common.estimator import Estimator
from tailrace.apps.common.files import make_folder
from tailrace.apps.common.folder import Checkpoints
from tailrace.apps.errors import UserError
from tailrace.apps.lm import folder as folders
from tailrace.apps.lm.choice import Choice
from tailrace.apps.lm.folder import Contents
from tailrace.apps.lm.generate import begin, next_symbols, next_words, sample
from tailrace.apps.lm.reading import Reader
from tailrace.apps.lm.runs import Run, open_model
from tailrace.apps.lm.settings import Settings


class LanguageModel(Estimator[Settings]):
    """A recurrent network that learns what comes next in a text.

    The parameters are those of `Settings`, by name: `LanguageModel(level="word", size=128,
    epochs=5)`. Fitted attributes end in an underscore: `vocabulary_`, `history_`.
    """

    settings_class = Settings

    def fit(self, text: str, y: None = None) -> Self:
        """Trains on a text; the best network on its validation part is kept.

        Raises: UserError where the text is too short.
        """
        self._run = Run.begin(text, "text", [], self._settings, None)
        self._run.train()
        self._contents: Contents = self._run.contents
        self._reader: Reader = self._run.trainer.reader
        return self

    @property
    def vocabulary_(self) -> list[str]:
        """The symbols that the model knows; the first stands for all others."""
        return self._fitted().vocabulary.symbols

    @property
    def history_(self) -> list[dict[str, float]]:
        """Figures of every evaluation during training."""
        return self._fitted().progress.history

    def next(self, text: str, count: int = 5, *, words: bool = True) -> list[tuple[str, float]]:
        """The `count` most likely words (with `words` false: symbols) after `text`.

        Raises: UserError where the text has symbols that the model does not know.
        """
        contents = self._fitted()
        if words and contents.settings.level == "char":
            return next_words(self._reader, contents.vocabulary, text, count)
        probabilities, _ = begin(self._reader, contents.vocabulary, text)
        return next_symbols(probabilities, contents.vocabulary, count)

    def sample(
        self,
        prime: str = "",
        length: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        no_repeat: int | None = None,
        repetition_penalty: float | None = None,
        repetition_window: int = 50,
        seed: int | None = None,
    ) -> str:
        """A text of `length` symbols drawn after `prime`, without it; see `Choice`."""
        contents = self._fitted()
        choice = Choice(temperature, top_k, top_p, no_repeat, repetition_penalty, repetition_window)
        pieces = sample(self._reader, contents.vocabulary, prime, length, choice, seed=seed)
        return contents.vocabulary.join([symbol for piece in pieces for symbol in piece])

    def score(self, text: str, y: None = None) -> float:
        """Mean log2 probability per symbol of a text: minus its bits per symbol; more is better.

        Raises: UserError where the text is empty.
        """
        ids = self._fitted().vocabulary.encode(text)
        if not len(ids):
            raise UserError("the text is empty")
        return -float(self._reader.bits(ids).mean())

    def save(self, folder: str | Path) -> None:
        """Writes a model folder, which `load` and `tailrace lm` read.

        Raises: UserError where the folder holds something already or cannot be written.
        """
        contents, path = self._fitted(), Path(folder)
        make_folder(path)
        with self._reader.graph.as_default():
            checkpoints = Checkpoints(path, "best", self._reader.variables)
            contents.best = checkpoints.save(self._reader.session, contents.progress.step)
        folders.write(path, contents)

    @classmethod
    def load(cls, folder: str | Path) -> LanguageModel:
        """The model of a folder. Raises: UserError where it is none or is damaged."""
        contents, reader = open_model(folder)
        model = cls(**contents.settings.to_json())
        model._contents, model._reader = contents, reader
        return model

    def _is_fitted(self) -> bool:
        return hasattr(self, "_contents")

    def _fitted(self) -> Contents:
        self._check_fitted()
        return self._contents
