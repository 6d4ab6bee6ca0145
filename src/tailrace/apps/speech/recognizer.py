"""A recognizer: the network, the characters it writes and how it decodes; saved, loaded, asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.common.kept import Kept
from tailrace.apps.common.parts import Split, generator
from tailrace.apps.common.runs import Kind
from tailrace.apps.common.training import Course
from tailrace.apps.errors import UserError
from tailrace.apps.speech.data import Utterance
from tailrace.apps.speech.decoding import Alphabet, LetterModel, Reading, Rescoring
from tailrace.apps.speech.model import NOTHING, build_frontend, build_network
from tailrace.apps.speech.settings import Settings
from tailrace.apps.speech.waves import Floats

# recordings and steps are filled up to multiples of this, since each size is a plan of its own
SECONDS, STEPS, LABELS = 0.5, 8, 16
# batches are of utterances of like length, drawn from so many batches' worth
POOL = 8


@dataclass(frozen=True)
class Heard:
    """An utterance as the network reads it, and its transcript in numbers."""

    features: Floats  # [T, F]
    labels: list[int]


class Batch:
    """Some utterances side by side, filled up."""

    def __init__(self, rows: Sequence[Heard]) -> None:
        steps = [len(row.features) for row in rows]
        longest = max(len(row.labels) for row in rows)
        self.inputs = np.zeros([_up(max(steps), STEPS), len(rows), rows[0].features.shape[1]])
        self.labels = np.full([len(rows), _up(longest, LABELS)], NOTHING)
        self.steps = np.array(steps)
        for i, row in enumerate(rows):
            self.inputs[: len(row.features), i] = row.features
            self.labels[i, : len(row.labels)] = row.labels


def _up(number: int, multiple: int) -> int:
    return max(1, -(-number // multiple)) * multiple


class Recognizer(Kept):
    """The network and what belongs to it."""

    kind = Kind("speech", 1)

    def __init__(self, settings: Settings, alphabet: Alphabet) -> None:
        self.settings, self.alphabet = settings, alphabet
        self.rescoring = Rescoring()
        # of the training part, what the letter model learns from
        self.texts: list[str] = []
        # where the utterances come from, to go on with
        self.source: dict[str, Any] = {}
        self.results: dict[str, Any] = {}
        self.history = []
        self._letters: LetterModel | None = None
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(settings.seed)
            self.frontend = build_frontend(settings)
            self.network = build_network(len(alphabet), settings)
            self.variables = tf.trainable_variables()
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def held(self) -> tuple[tf.Session, Sequence[tf.Variable]]:
        """The session, and the variables that the network needs once it has learnt."""
        return self.session, self.variables

    def course(self) -> Course:
        """How long to learn."""
        return Course(self.settings.learning_rate, epochs=self.settings.epochs)

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it, but for the training."""
        return {
            "settings": self.settings.to_json(),
            "characters": self.alphabet.characters,
            "texts": self.texts,
            "source": self.source,
            "rescoring": vars(self.rescoring),
            "results": self.results,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Recognizer:
        """What `to_json` gave, with a network that has learnt nothing."""
        found = cls(Settings.from_json(data["settings"]), Alphabet(data["characters"]))
        found.rescoring = Rescoring.from_json(data["rescoring"])
        found.results = dict(data["results"])
        found.texts = [str(text) for text in data["texts"]]
        found.source = dict(data["source"])
        return found

    def hear(self, utterances: Sequence[Utterance]) -> list[Heard]:
        """Features and transcripts as the network takes them.

        Raises: UserError for a transcript that is longer than its recording can say.
        """
        found = []
        for one, features in zip(utterances, self.features(utterances), strict=True):
            labels = self.alphabet.encode(one.text, one.name)
            # equal letters in a row need a blank between them
            repeats = sum(a == b for a, b in itertools.pairwise(labels))
            if len(labels) + repeats > len(features):
                raise UserError(
                    f"{one.name}: {len(labels)} letters in {len(features)} steps of sound; is the "
                    "transcript right? A smaller --step-ms or --stack gives more steps"
                )
            found.append(Heard(features, labels))
        return found

    def features(self, utterances: Sequence[Utterance]) -> list[Floats]:
        """What the network reads of each utterance, [T, F]."""
        net, found = self.frontend, []
        for start in range(0, len(utterances), self.settings.batch):
            waves = [one.samples for one in utterances[start : start + self.settings.batch]]
            length = _up(max(map(len, waves)), int(SECONDS * self.settings.rate))
            sound = np.zeros([len(waves), length], np.float32)
            for row, wave in zip(sound, waves, strict=True):
                row[: len(wave)] = wave
            feed = {net.waves: sound, net.samples: [len(wave) for wave in waves]}
            features, steps = self.session.run([net.features, net.steps], feed)
            found += [row[:count] for row, count in zip(features, steps, strict=True)]
        return found

    def batches(self, rows: Sequence[Heard], epoch: int) -> Iterator[Batch]:
        """An epoch's batches: utterances of like length together, else by lot."""
        random, size = generator(self.settings.seed, 2, epoch), self.settings.batch
        order = random.permutation(len(rows))
        found = []
        for start in range(0, len(order), size * POOL):
            pool = sorted(order[start : start + size * POOL], key=lambda i: len(rows[i].features))
            found += [pool[i : i + size] for i in range(0, len(pool), size)]
        for place in random.permutation(len(found)):
            yield Batch([rows[i] for i in found[place]])

    def learn(self, batch: Batch, rate: float) -> float:
        """One step of training; returns the loss before it."""
        net = self.network
        feed = {**self._feed(batch), net.training: True, net.learning_rate: rate}
        return self.session.run([net.loss, net.update], feed)[0]

    def evaluate(self, rows: Sequence[Heard]) -> dict[str, float]:
        """Part of the letters that the greedy reading has wrong, and the loss."""
        wrong, loss = 0.0, 0.0
        for batch in self._in_order(rows):
            net, feed = self.network, self._feed(batch)
            errors, value = self.session.run([net.errors, net.loss], feed)
            wrong, loss = wrong + errors.sum(), loss + value * len(batch.steps)
        letters = sum(len(row.labels) for row in rows)
        return {"letters wrong": wrong / letters, "validation loss": loss / len(rows)}

    def greedy(self, rows: Sequence[Heard]) -> list[str]:
        """The likeliest character of each step, read together."""
        found = []
        for batch in self._in_order(rows):
            numbers = self.session.run(self.network.greedy, self._feed(batch))
            found += [self.alphabet.decode(row) for row in numbers]
        return found

    def readings(self, rows: Sequence[Heard]) -> list[list[Reading]]:
        """The beam search's readings of each utterance, the likeliest first."""
        net, found = self.network, []
        for batch in self._in_order(rows):
            paths, scores = self.session.run([net.paths, net.scores], self._feed(batch))
            found += [
                [
                    Reading(self.alphabet.decode(path[i]), float(scores[i, n]))
                    for n, path in enumerate(paths)
                ]
                for i in range(len(batch.steps))
            ]
        return found

    def probabilities(self, row: Heard) -> NDArray[np.float32]:
        """Of each character at each step, the blank last: [T, C + 1]."""
        found = self.session.run(self.network.probabilities, self._feed(Batch([row])))
        return found[: len(row.features), 0]

    def tune(self, rows: Sequence[Heard], said: Sequence[str]) -> None:
        """Chooses the weights of rescoring on the validation part."""
        if self.letters is not None:
            self.rescoring = Rescoring.tuned(self.readings(rows), said, self.letters)

    @property
    def letters(self) -> LetterModel | None:
        """The n-gram model of the training transcripts; none without --order."""
        if self._letters is None and self.settings.order:
            order = self.settings.order
            self._letters = LetterModel(self.texts, self.alphabet.characters, order)
        return self._letters

    def transcribe(self, utterances: Sequence[Utterance]) -> list[str]:
        """What is said: beam search, rescored."""
        rows = [Heard(features, []) for features in self.features(utterances)]
        return self.chosen(self.readings(rows))

    def chosen(self, readings: Sequence[Sequence[Reading]]) -> list[str]:
        """The reading of each utterance that rescoring prefers."""
        return [self.rescoring.best(one, self.letters) for one in readings]

    def _in_order(self, rows: Sequence[Heard]) -> Iterator[Batch]:
        size = self.settings.batch
        return (Batch(rows[i : i + size]) for i in range(0, len(rows), size))

    def _feed(self, batch: Batch) -> dict[tf.Tensor, Any]:
        net = self.network
        return {net.inputs: batch.inputs, net.steps: batch.steps, net.labels: batch.labels}


def new_recognizer(parts: Split[list[Utterance]], settings: Settings) -> Recognizer:
    """A recognizer that has learnt nothing yet, for the characters of all transcripts."""
    everything = [*parts.train, *parts.validation, *parts.test]
    found = Recognizer(settings, Alphabet.of([one.text for one in everything]))
    found.texts = [one.text for one in parts.train]
    return found
