"""Vectors learnt from a text, in their model folder; and spaces, wherever they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.common.kept import Kept
from tailrace.apps.common.parts import in_order
from tailrace.apps.common.runs import Kind
from tailrace.apps.common.training import OnStep, Training
from tailrace.apps.common.vectors import Vectors, read_vectors
from tailrace.apps.common.vocabulary import Vocabulary
from tailrace.apps.embed.learner import Learner, Lessons
from tailrace.apps.embed.settings import Settings
from tailrace.apps.embed.space import Space
from tailrace.apps.embed.text import Sentences, Text, known_words
from tailrace.apps.errors import UserError


@dataclass(frozen=True)
class Parts:
    """The words of a text, and its parts to learn from and to test on."""

    vocabulary: Vocabulary
    counts: NDArray[np.int64]
    train: Text
    test: Text

    @property
    def fingerprint(self) -> str:
        """Tells two texts apart."""
        found = hashlib.sha256("\n".join(self.vocabulary.symbols).encode())
        for part in (self.train, self.test):
            found.update(part.numbers.astype(np.int64).tobytes())
        return found.hexdigest()

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
class Embedding(Kept):
    """Word vectors being learnt, or learnt."""

    kind = Kind("embed", 2)
    # vectors go on getting better when the loss on held-out sentences no longer does
    last_is_best = True

    settings: Settings
    vocabulary: Vocabulary
    counts: NDArray[np.int64]
    learner: Learner
    results: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

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

    def held(self) -> tuple[tf.Session, Sequence[tf.Variable]]:
        """The session, and the variables that the network needs once it has learnt."""
        return self.learner.session, self.learner.network.variables

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it."""
        return {
            "settings": self.settings.to_json(),
            "words": self.vocabulary.symbols,
            "counts": self.counts.tolist(),
            "results": self.results,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Embedding:
        """What `to_json` gave, with vectors that have learnt nothing."""
        settings = Settings.from_json(data["settings"])
        words, counts = [str(w) for w in data["words"]], np.array(data["counts"], np.int64)
        if counts.shape != (len(words),):
            raise ValueError("there are not as many counts as words")
        learner = Learner(settings, counts)
        return cls(settings, Vocabulary(words, "word"), counts, learner, dict(data["results"]))

    def lessons(self, parts: Parts) -> Lessons:
        """How to learn from a text."""
        learner = self.learner
        return learner.batches(parts.train), learner.step, lambda: learner.look(parts.test)

    def fit(self, parts: Parts, training: Training, on_step: OnStep = lambda figures: None) -> bool:
        """Learns in memory; returns whether training came to its end."""
        finished = training.run(*self.lessons(parts), on_step=on_step)
        self.history = training.progress.history
        return finished


def open_space(path: str, most: int | None = None, language: str = "en") -> Space:
    """The space of a model folder, or of a file of vectors.

    Raises: UserError where it is neither or is damaged.
    """
    if Path(path).is_dir():
        return Embedding.load(path).space()
    return Space.of(read_vectors(path, most=most, language=language))
