"""The language model as a class, in scikit-learn's manner."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Self

from tailrace.apps.errors import UserError
from tailrace.apps.lm import folder as folders
from tailrace.apps.lm.corpus import join
from tailrace.apps.lm.folder import Checkpoints, Contents
from tailrace.apps.lm.generate import begin, next_symbols, next_words, sample
from tailrace.apps.lm.reading import Reader
from tailrace.apps.lm.runs import Run, open_model
from tailrace.apps.lm.settings import Settings


class LanguageModel:
    """A recurrent network that learns what comes next in a text.

    The parameters are those of `Settings`, by name: `LanguageModel(level="word", size=128,
    epochs=5)`. Fitted attributes end in an underscore: `vocabulary_`, `history_`.
    """

    def __init__(self, **params: Any) -> None:
        self._params = asdict(Settings.of(**params))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; there are no nested ones, so `deep` changes nothing."""
        return dict(self._params)

    def set_params(self, **params: Any) -> Self:
        """Changes some parameters; they hold from the next `fit` on."""
        self._params = asdict(Settings.of(**{**self._params, **params}))
        return self

    def fit(self, text: str, y: None = None) -> Self:
        """Trains on a text; the best network on its validation part is kept.

        Raises: UserError where the text is too short.
        """
        self._run = Run.begin(text, "text", [], Settings(**self._params), None)
        self._run.train()
        self._contents: Contents = self._run.contents
        self._reader: Reader = self._run.use_best()
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
        seed: int | None = None,
    ) -> str:
        """A text of `length` symbols drawn after `prime`, without it."""
        contents = self._fitted()
        symbols = sample(
            self._reader,
            contents.vocabulary,
            prime,
            length,
            temperature=temperature,
            top_k=top_k,
            seed=seed,
        )
        return join(list(symbols), contents.settings.level)

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
        folders.make(path)
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

    def _fitted(self) -> Contents:
        if not hasattr(self, "_contents"):
            raise UserError("the model is not fitted yet: call fit or load first")
        return self._contents

    def __repr__(self) -> str:
        """The class and the parameters that are not the default ones."""
        default = Settings()
        changed = [
            f"{field.name}={self._params[field.name]!r}"
            for field in fields(Settings)
            if self._params[field.name] != getattr(default, field.name)
        ]
        return f"LanguageModel({', '.join(changed)})"
