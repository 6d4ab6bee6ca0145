"""A network in a session, reading text: what it expects next, and how surprised it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.lm.inputs import Inputs
from tailrace.apps.lm.model import Network, build
from tailrace.apps.lm.ngram import UNSEEN, KneserNey
from tailrace.apps.lm.settings import Settings

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

# scoring reads this many streams side by side, each warmed up by the symbols before it
STREAMS = 16
WARM_UP = 100
CHUNK = 250
# stands before a text's first symbol where a context is longer; no model has seen it
NOTHING = UNSEEN


@dataclass
class Reading:
    """Where the network is in B texts: its states, and the last symbols as context of groups."""

    states: list[NDArray[np.float32]]
    tail: Ids  # [B, R], `NOTHING` where the text is shorter

    def take(self, rows: list[int]) -> Reading:
        """The readings of some of the texts, in the order given; one may come twice."""
        return Reading([state[rows] for state in self.states], self.tail[rows])


class Mixture(NamedTuple):
    """An n-gram model and its part, 0 to 1, in what is expected."""

    ngram: KneserNey
    weight: float


def new_session(settings: Settings, graph: tf.Graph) -> tf.Session:
    """A session with as many threads as the settings say."""
    config = tf.ConfigProto(intra_op_parallelism_threads=settings.threads)
    return tf.Session(graph=graph, config=config)


class Reader:
    """Reads text with a network whose variables a session holds."""

    def __init__(
        self,
        session: tf.Session,
        network: Network,
        inputs: Inputs,
        settings: Settings,
        mixture: Mixture | None = None,
    ) -> None:
        self.session = session
        self.inputs = inputs
        self.settings = settings
        self.mixture = mixture
        # loops that draw texts, by what they allow; built when they are wanted
        self.loops: dict[tuple[bool, ...], Any] = {}
        self._network = network
        # symbols before the next one that have to be known
        self._reach = max(inputs.reach, mixture.ngram.order - 1 if mixture else 0)

    @classmethod
    def new(cls, settings: Settings, inputs: Inputs, mixture: Mixture | None = None) -> Reader:
        """A network of its own in a session of its own; its variables are still to be loaded."""
        graph = tf.Graph()
        with graph.as_default():
            size = inputs.groups.vocabulary_size
            network = build(settings, inputs.groups.rows - size, size)
            return cls(new_session(settings, graph), network, inputs, settings, mixture)

    @property
    def graph(self) -> tf.Graph:
        """The network's graph."""
        return self.session.graph

    @property
    def variables(self) -> list[tf.Variable]:
        """The network's variables."""
        return self.graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)

    @property
    def state_sizes(self) -> list[int]:
        """Units of each state."""
        return [tensor.shape[1].value for tensor in self._network.initial]

    def start(self, count: int = 1) -> Reading:
        """`count` texts before their first symbol."""
        states = [np.zeros([count, size], np.float32) for size in self.state_sizes]
        return Reading(states, np.full([count, self._reach], NOTHING))

    def read(self, reading: Reading, ids: Ids) -> tuple[Floats, Reading]:
        """Reads on: symbols `ids` [B, T]. What comes next per text, [B, V], and where it is."""
        network = self._network
        probabilities = None
        for start in range(0, ids.shape[1], CHUNK):
            feed, tail = self._feed(reading, ids[:, start : start + CHUNK])
            fetches = [network.upcoming, network.final]
            probabilities, states = self.session.run(fetches, feed)
            reading = Reading(states, tail)
        assert probabilities is not None, "nothing to read"
        return self._mixed(probabilities.astype(np.float64), reading.tail), reading

    def _mixed(self, probabilities: Floats, tails: Ids) -> Floats:
        """What comes next [B, V] by the network, and after `tails` by the n-gram model too."""
        if self.mixture is None:
            return probabilities
        ngram, weight = self.mixture
        return (1 - weight) * probabilities + weight * np.stack([*map(ngram.distribution, tails)])

    def bits(self, ids: Ids, context: Ids | None = None) -> Floats:
        """-log2 P(symbol | all before it) per position of `ids` [T], which follow on `context`.

        A long text is read in pieces side by side, each after the `WARM_UP` symbols before it.
        """
        bits = self._network_bits(ids, context)
        if self.mixture is None:
            return bits
        ngram, weight = self.mixture
        mixed = (1 - weight) * np.exp2(-bits) + weight * ngram.probabilities(ids, context=context)
        return -np.log2(mixed)

    def _network_bits(self, ids: Ids, context: Ids | None) -> Floats:
        # before a text's first symbol the number 0 stands
        before = np.zeros(1, np.int64) if context is None else context[-WARM_UP - 1 :]
        share = max(-(-len(ids) // STREAMS), WARM_UP)
        text = np.concatenate([before, ids])
        first = self._row_bits(text[None, : len(before) + share])[0, len(before) - 1 :]
        rest = range(len(before) + share, len(text), share)
        if not rest:
            return first
        padded = np.concatenate([text, np.zeros(share, np.int64)])
        rows = np.stack([padded[start - 1 - WARM_UP : start + share] for start in rest])
        others = self._row_bits(rows)[:, WARM_UP:].ravel()
        return np.concatenate([first, others])[: len(ids)]

    def _row_bits(self, rows: Ids) -> Floats:
        """Bits of every symbol but the first of `rows` [B, T + 1]: [B, T]."""
        reading = self.start(len(rows))
        found = []
        for start in range(0, rows.shape[1] - 1, CHUNK):
            part = rows[:, start : start + CHUNK + 1]
            feed, tail = self._feed(reading, part[:, :-1])
            feed[self._network.targets] = part[:, 1:].T
            losses, states = self.session.run([self._network.losses, self._network.final], feed)
            reading = Reading(states, tail)
            found.append(losses.T.astype(np.float64) / np.log(2))
        return np.concatenate(found, axis=1)

    def _feed(self, reading: Reading, ids: Ids) -> tuple[dict[Any, Any], Ids]:
        """Inputs and states for reading `ids` [B, T], and the tail after them."""
        rows = [self.inputs.encode(row, tail) for row, tail in zip(ids, reading.tail, strict=True)]
        feed: dict[Any, Any] = {self._network.inputs: np.stack(rows, axis=1)}
        feed.update(zip(self._network.initial, reading.states, strict=True))
        both = np.concatenate([reading.tail, ids], axis=1)
        return feed, both[:, both.shape[1] - self._reach :]
