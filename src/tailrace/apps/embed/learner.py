"""Vectors being learnt: the graph, its session and training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.common.parts import generator
from tailrace.apps.common.training import Course
from tailrace.apps.common.vocabulary import Ids
from tailrace.apps.embed.model import build
from tailrace.apps.embed.settings import Settings
from tailrace.apps.embed.text import Text, pairs, thinned

Batch = tuple[Ids, Ids]
# the batches of an epoch, a step on one of them at a rate, figures on the test part
Lessons = tuple[
    Callable[[int], Iterable[Batch]],
    Callable[[Batch, float], float],
    Callable[[], Mapping[str, float]],
]

# pairs of each part of a text that are looked at, at once, and the stream of numbers for them
MOST_PAIRS, AT_ONCE, LOOKED_AT = 20_000, 2_000, 1 << 30


class Learner:
    """A network for words of these frequencies [V], new or trained."""

    def __init__(self, settings: Settings, counts: NDArray[np.int64]) -> None:
        self.settings, self.counts = settings, counts
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(settings.seed)
            self.network = build(settings, counts)
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def course(self) -> Course:
        """How training goes."""
        used = self.settings
        minutes = used.minutes or None
        return Course(used.learning_rate, epochs=used.epochs, minutes=minutes, warm_up=100)

    def batches(self, text: Text) -> Any:
        """Gives, for the number of an epoch, its batches, all of one size."""
        used = self.settings

        def of(epoch: int) -> Iterator[Batch]:
            random = generator(used.seed, epoch)
            thin = thinned(text, self.counts, used.subsample, random)
            for words, others in pairs(thin, used, random):
                # skip-gram says neighbours from a word, cbow a word from its neighbours
                given, wanted = (words, others) if used.method == "skip-gram" else (others, words)
                # where all of a short text is frequent, none of it may be left
                batch = max(1, min(used.batch, len(words)))
                for start in range(0, len(words) - batch + 1, batch):
                    yield given[start : start + batch], wanted[start : start + batch]

        return of

    def step(self, batch: Batch, rate: float) -> float:
        """Learns from a batch; returns its loss."""
        net = self.network
        feed = {net.given: batch[0], net.wanted: batch[1], net.rate: rate}
        return float(self.session.run([net.loss, net.update], feed)[0])

    def look(self, text: Text) -> dict[str, float]:
        """The loss on neighbours in a text that is not learnt from, the same ones every time."""
        net, used, losses = self.network, self.settings, []
        for words, others in pairs(text, used, generator(used.seed, LOOKED_AT)):
            given, wanted = (words, others) if used.method == "skip-gram" else (others, words)
            for start in range(0, min(len(words), MOST_PAIRS), AT_ONCE):
                rows = slice(start, start + AT_ONCE)
                feed = {net.given: given[rows], net.wanted: wanted[rows]}
                losses.append(float(self.session.run(net.loss, feed)))
        return {"nats": float(np.mean(losses))}

    def vectors(self) -> NDArray[np.float32]:
        """The words' vectors, [V, D]."""
        return self.session.run(self.network.vectors)
