"""A network with its session: it learns from rows and is asked about rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.classify.measures import judge
from tailrace.apps.classify.model import Sizes, build
from tailrace.apps.classify.settings import Settings
from tailrace.apps.common.parts import generator
from tailrace.apps.common.training import Course, OnEvaluation, OnStep, Training
from tailrace.apps.common.vocabulary import Ids

# rows that are asked about at once
AT_ONCE = 256

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Rows:
    """Inputs [N, T] (word numbers) or [N, D] (numbers), lengths [N] and labels [N]."""

    inputs: NDArray[Any]
    lengths: Ids
    labels: Ids

    def __len__(self) -> int:
        return len(self.inputs)

    def part(self, rows: Ids | slice) -> Rows:
        """Some of them."""
        return Rows(self.inputs[rows], self.lengths[rows], self.labels[rows])


class Learner:
    """A network of the settings' method, new or trained."""

    def __init__(self, settings: Settings, sizes: Sizes) -> None:
        self.settings, self.sizes = settings, sizes
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(settings.seed)
            self.network = build(settings, sizes)
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def put_vectors(self, rows: Ids, vectors: Floats) -> None:
        """Replaces the vectors of some words, [K, E]."""
        table = self.network.vectors
        assert table is not None
        with self.graph.as_default():
            values = self.session.run(table)
            values[rows] = vectors
            table.load(values, self.session)

    def course(self) -> Course:
        """How training goes."""
        used = self.settings
        warm_up = 0 if used.method == "perceptron" else 30
        return Course(used.rate, epochs=used.epochs, warm_up=warm_up, patience=used.patience)

    def train(
        self,
        training: Training,
        train: Rows,
        validation: Rows,
        *,
        on_step: OnStep = lambda figures: None,
        on_evaluation: OnEvaluation = lambda row, best: None,
    ) -> bool:
        """Learns, and keeps what validated best; returns whether it came to the end."""
        kept: list[Floats] = []

        def on_look(row: dict[str, float], best: bool) -> None:
            if best:
                kept[:] = self.session.run(self.network.variables)
            on_evaluation(row, best)

        finished = training.run(
            self.batches(train),
            self.step,
            lambda: self.look(validation),
            on_step=on_step,
            on_evaluation=on_look,
        )
        with self.graph.as_default():
            for variable, value in zip(self.network.variables, kept, strict=False):
                variable.load(value, self.session)
        return finished

    def batches(self, data: Rows) -> Any:
        """Gives, for the number of an epoch, its batches, all of one size, in a drawn order."""
        batch = min(self.settings.batch, len(data))

        def of(epoch: int) -> Iterator[Rows]:
            order = generator(self.settings.seed, epoch).permutation(len(data))
            # the last batch is filled up with rows of the first one
            order = np.resize(order, -(-len(data) // batch) * batch)
            for rows in order.reshape(-1, batch):
                yield data.part(rows)

        return of

    def step(self, batch: Rows, rate: float) -> float:
        """Learns from a batch; returns its loss."""
        net = self.network
        feed = {
            **self._feed(batch.inputs, batch.lengths),
            net.labels: batch.labels,
            net.dropout: self.settings.dropout,
            net.rate: rate,
        }
        return float(self.session.run([net.loss, net.update], feed)[0])

    def look(self, data: Rows) -> dict[str, float]:
        """Figures on a part that is not learnt from, the one that chooses first."""
        chances = self.probabilities(data.inputs, data.lengths)
        quality = judge(data.labels, chances.argmax(1), self.sizes.classes)
        likely = np.maximum(chances[np.arange(len(data)), data.labels], 1e-12)
        loss = {"cross entropy": float(-np.log(likely).mean())}
        # a perceptron's scores have no scale
        if self.settings.method == "perceptron":
            loss = {"error rate": 1 - quality.accuracy}
        return {**loss, "accuracy": quality.accuracy}

    def probabilities(self, inputs: NDArray[Any], lengths: Ids) -> NDArray[np.float64]:
        """Chances of each class, [N, C]."""
        return self._ask(self.network.probabilities, inputs, lengths).astype(float)

    def margins(self, inputs: NDArray[Any], lengths: Ids, wanted: Ids) -> Floats:
        """How far a class's score is above the mean of all classes', [N]."""
        return self._ask(self.network.margin, inputs, lengths, wanted)

    def contributions(self, inputs: NDArray[Any], lengths: Ids, wanted: Ids) -> Floats:
        """Gradient of the margin times input, [N, T] or [N, D]."""
        return self._ask(self.network.contributions, inputs, lengths, wanted)

    def _ask(
        self, what: tf.Tensor, inputs: NDArray[Any], lengths: Ids, wanted: Ids | None = None
    ) -> Floats:
        found = []
        for start in range(0, len(inputs), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            feed = self._feed(inputs[rows], lengths[rows])
            if wanted is not None:
                feed[self.network.wanted] = wanted[rows]
            found.append(self.session.run(what, feed))
        return np.concatenate(found)

    def _feed(self, inputs: NDArray[Any], lengths: Ids) -> dict[tf.Tensor, NDArray[Any]]:
        return {self.network.inputs: inputs, self.network.lengths: lengths}
