"""Vectors learnt from a text, in their model folder; and spaces, wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common import folder as folders
from tailrace.apps.common.parts import in_order
from tailrace.apps.common.runs import Kind
from tailrace.apps.common.vectors import Vectors, read_vectors
from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.embed.learner import Learner
from tailrace.apps.embed.settings import Settings
from tailrace.apps.embed.space import Space
from tailrace.apps.embed.text import Sentences, Text, known_words
from tailrace.apps.errors import UserError

KIND = Kind("embed", 1)


@dataclass(frozen=True)
class Parts:
    """The words of a text, and its parts to learn from and to test on."""

    vocabulary: Vocabulary
    counts: NDArray[np.int64]
    train: Text
    test: Text

    @classmethod
    def of(cls, sentences: Sentences, settings: Settings) -> Parts:
        """The last sentences are for the test. Raises: UserError where there are too few."""
        # half of what is held out by `in_order` is for choosing, of which there is nothing here
        parts = in_order(len(sentences), settings.held_out)
        learnt, kept = sentences[parts.train], sentences[parts.train.stop :]
        vocabulary, counts = known_words(learnt, settings)
        train, test = (Text.of(part, vocabulary) for part in (learnt, kept))
        if len(test.numbers) < 2 * settings.window:
            raise UserError(
                f"{len(sentences)} sentences are too few to keep some for the test; give more text"
            )
        return cls(vocabulary, counts, train, test)


@dataclass
class Embedding:
    """Word vectors being learnt, or learnt."""

    settings: Settings
    vocabulary: Vocabulary
    counts: NDArray[np.int64]
    learner: Learner
    results: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, parts: Parts, settings: Settings) -> Embedding:
        """Vectors of a text's words that have learnt nothing."""
        learner = Learner(settings, parts.counts)
        return cls(settings, parts.vocabulary, parts.counts, learner)

    def vectors(self) -> Vectors:
        """The words with their vectors, most frequent first."""
        return Vectors(self.vocabulary.symbols, self.learner.vectors())

    def space(self) -> Space:
        """The words in their space."""
        return Space.of(self.vectors())

    def describe(self) -> dict[str, Any]:
        """What `model.json` keeps beside what a training run puts there."""
        return {
            "settings": self.settings.to_json(),
            "words": self.vocabulary.symbols,
            "counts": self.counts.tolist(),
            "results": self.results,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Embedding:
        """What `describe` gave, with vectors that have learnt nothing."""
        settings = Settings.from_json(data["settings"])
        words, counts = [str(w) for w in data["words"]], np.array(data["counts"], np.int64)
        if counts.shape != (len(words),):
            raise ValueError("there are not as many counts as words")
        learner = Learner(settings, counts)
        return cls(settings, Vocabulary(words, "word"), counts, learner, dict(data["results"]))

    @classmethod
    def load(cls, folder: str | Path) -> Embedding:
        """The vectors of a folder. Raises: UserError where it is none or is damaged."""
        path = Path(folder)
        data = folders.read(path, KIND.application, KIND.format)
        with folders.damage_said(path):
            found = cls.from_json(data)
            # the last pass, not the one of the least loss: vectors go on getting better
            checkpoint = data["vectors"]
        with found.learner.graph.as_default():
            saved = folders.Checkpoints(path, "vectors", found.learner.network.variables)
            saved.restore(found.learner.session, checkpoint)
        return found

    def save(self, folder: Path) -> None:
        """Writes a model folder. Raises: UserError where that cannot be done."""
        with self.learner.graph.as_default():
            saved = folders.Checkpoints(folder, "vectors", self.learner.network.variables)
            name = saved.save(self.learner.session, 0)
        folders.write(folder, KIND.application, KIND.format, {**self.describe(), "vectors": name})


def open_space(path: str, most: int | None = None, language: str = "en") -> Space:
    """The space of a model folder, or of a file of vectors.

    Raises: UserError where it is neither or is damaged.
    """
    if Path(path).is_dir():
        return Embedding.load(path).space()
    return Space.of(read_vectors(path, most=most, language=language))
