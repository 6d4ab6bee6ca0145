"""A classifier: what turns inputs into rows, the classes' names and the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.classify.data import Examples
from tailrace.apps.classify.learner import Floats, Learner, Rows
from tailrace.apps.classify.model import Sizes
from tailrace.apps.classify.settings import SEQUENCES, Settings
from tailrace.apps.classify.texts import Reader
from tailrace.apps.common.kept import Kept
from tailrace.apps.common.parts import Split, shuffled
from tailrace.apps.common.runs import Kind
from tailrace.apps.common.vectors import Vectors
from tailrace.apps.common.vocabulary import Ids
from tailrace.apps.errors import UserError
from tailrace.apps.som.table import Scaling

Inputs = Sequence[str] | NDArray[np.float64]


@dataclass
class Classifier(Kept):
    """All that a trained classifier needs; exactly one of `reader` and `scaling` is there."""

    kind = Kind("classify", 1)

    settings: Settings
    classes: list[str]
    learner: Learner
    reader: Reader | None = None
    scaling: Scaling | None = None
    columns: list[str] = field(default_factory=list)
    vectors: str | None = None
    results: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def new(
        cls,
        examples: Examples,
        settings: Settings,
        vectors: Vectors | None = None,
        source: str = "",
    ) -> Classifier:
        """A classifier that knows the words, or the scale, of examples, but has learnt nothing.

        Raises: UserError where the method cannot learn from them.
        """
        classes = sorted(set(examples.labels))
        if examples.texts is None:
            if not settings.is_bag:
                raise UserError(
                    f"--method {settings.method}: reads words in order; columns of numbers need "
                    "logistic, perceptron or feedforward"
                )
            assert examples.values is not None
            scaling = Scaling.of(examples.values, "standard")
            sizes = Sizes(len(classes), columns=examples.values.shape[1])
            learner = Learner(settings, sizes)
            return cls(settings, classes, learner, scaling=scaling, columns=examples.columns)
        if vectors is not None:
            if settings.method not in SEQUENCES:
                raise UserError(f"--method {settings.method}: has no use for --embeddings")
            settings = settings.with_(embedding=vectors.size)
        reader = Reader.of(examples.texts, settings, vectors)
        learner = Learner(settings, _sizes(classes, reader, settings, vectors is not None))
        found = cls(settings, classes, learner, reader, vectors=source or None)
        if vectors is not None:
            found._take(vectors)
        return found

    def _take(self, vectors: Vectors) -> None:
        """Puts known words' vectors in place."""
        assert self.reader is not None
        known = self.reader.vocabulary
        rows = np.array([i for i, word in enumerate(vectors.words) if word in known])
        places = np.array([known.number(vectors.words[i]) for i in rows])
        self.learner.put_vectors(places, vectors.matrix[rows])

    def rows(self, inputs: Inputs, labels: Sequence[str] | None = None) -> Rows:
        """Inputs as the network takes them; labels that it does not know are -1."""
        number = {name: i for i, name in enumerate(self.classes)}
        known = [number.get(label, -1) for label in labels] if labels is not None else []
        answers = np.array(known or [0] * len(inputs), np.int64)
        if self.reader is not None:
            found, lengths = self.reader.rows([str(text) for text in inputs])
            return Rows(found, lengths, answers)
        assert self.scaling is not None
        # a missing value counts as the mean
        values = np.nan_to_num(self.scaling.apply(np.asarray(inputs, float)))
        return Rows(values.astype(np.float32), np.full(len(values), values.shape[1]), answers)

    def probabilities(self, inputs: Inputs) -> NDArray[np.float64]:
        """Chances of each class, [N, C]."""
        rows = self.rows(inputs)
        return self.learner.probabilities(rows.inputs, rows.lengths)

    def pieces(self, text: str) -> list[str]:
        """The words of a text that the network reads, or the columns' names."""
        if self.reader is None:
            return self.columns
        return self.reader.tokens(text)[: self.reader.length]

    def contributions(self, inputs: Inputs, wanted: Ids, *, by: str) -> list[Floats]:
        """How much each word, or column, speaks for the class wanted, an array for each input.

        `by` gradient: gradient of the class's score times input, which for a bag is the words'
        weights; `by` occlusion: how much the score falls when the word is taken out.
        """
        rows = self.rows(inputs)
        if by == "gradient":
            found = self.learner.contributions(rows.inputs, rows.lengths, wanted)
            return self._cut(inputs, rows, found)
        whole = self.learner.margins(rows.inputs, rows.lengths, wanted)
        return [
            before - self._without(rows.part(slice(i, i + 1)), int(wanted[i]), inputs[i])
            for i, before in enumerate(whole)
        ]

    def _cut(self, inputs: Inputs, rows: Rows, found: Floats) -> list[Floats]:
        """Contributions of the words that each text has; of unknown ones in a bag none."""
        if self.reader is None:
            return list(found)
        if not self.settings.is_bag:
            return [row[:length] for row, length in zip(found, rows.lengths, strict=True)]
        return [self._in_place(text, row) for text, row in zip(inputs, found, strict=True)]

    def _in_place(self, text: Any, row: Floats) -> Floats:
        """Known n-grams' values where they stand among a text's n-grams, 0 for the others."""
        assert self.reader is not None
        pieces, known = self.pieces(str(text)), self.reader.vocabulary
        values, used = np.zeros(len(pieces)), 0
        for i, piece in enumerate(pieces):
            if piece in known and used < len(row):
                values[i], used = row[used], used + 1
        return values

    def _without(self, row: Rows, wanted: int, text: Any) -> Floats:
        """The margin without each word in turn, or with each column at its mean."""
        if self.reader is None:
            count = row.inputs.shape[1]
            inputs = np.repeat(row.inputs, count, axis=0)
            np.fill_diagonal(inputs, 0.0)
            lengths = np.repeat(row.lengths, count)
        else:
            pieces = self.pieces(str(text))
            count = len(pieces)
            if not count:
                return np.zeros(0)
            shorter = [pieces[:i] + pieces[i + 1 :] for i in range(count)]
            inputs, lengths = self.reader.token_rows(shorter)
        return self.learner.margins(inputs, lengths, np.full(count, wanted))

    def held(self) -> tuple[tf.Session, Sequence[tf.Variable]]:
        """The session, and the variables that the network needs once it has learnt."""
        return self.learner.session, self.learner.network.variables

    def to_json(self) -> dict[str, Any]:
        """What `model.json` keeps beside what a training run puts there."""
        scale = self.scaling
        return {
            "settings": self.settings.to_json(),
            "classes": self.classes,
            "reader": self.reader.to_json() if self.reader else None,
            "scaling": [scale.shift.tolist(), scale.width.tolist()] if scale else None,
            "columns": self.columns,
            "vectors": self.vectors,
            "results": self.results,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Classifier:
        """What `to_json` gave, with a network that has learnt nothing."""
        settings = Settings.from_json(data["settings"])
        classes, columns = [str(c) for c in data["classes"]], [str(c) for c in data["columns"]]
        results, vectors = dict(data["results"]), data["vectors"]
        if data["reader"] is None:
            shift, width = (np.asarray(part, float) for part in data["scaling"])
            if not shift.shape == width.shape == (len(columns),):
                raise ValueError("the scale does not fit the columns")
            learner = Learner(settings, Sizes(len(classes), columns=len(columns)))
            scaling = Scaling(shift, width)
            return cls(settings, classes, learner, None, scaling, columns, vectors, results)
        reader = Reader.from_json(data["reader"], settings)
        learner = Learner(settings, _sizes(classes, reader, settings, vectors is not None))
        return cls(settings, classes, learner, reader, None, columns, vectors, results)


def _sizes(classes: list[str], reader: Reader, settings: Settings, given: bool) -> Sizes:
    fixed = given and settings.vectors == "fixed"
    return Sizes(len(classes), len(reader.vocabulary), reader.length, fixed=fixed)


def divide(examples: Examples, settings: Settings) -> Split[Examples]:
    """Parts to learn from, to choose by and to test on, each class in proportion.

    They are the same for every method and every seed of the networks.

    Raises: UserError where there are too few.
    """
    _, numbers = np.unique(np.asarray(examples.labels, dtype=object), return_inverse=True)
    try:
        parts = shuffled(len(examples), settings.held_out, 0, numbers)
    except UserError as error:
        raise UserError(f"{examples.name}: {error}") from None
    return Split(*(examples.part(rows) for rows in (parts.train, parts.validation, parts.test)))
