"""A network that looks at something and writes a text about it: how it learns, how it writes.

`network(...)` puts a decoder, its loss and a step of training behind an encoder that the
application has built; `Writer` runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import tailrace as tf
from tailrace.apps.common.decoder import ATTENTIONS, CELLS, Decoder, Design, Written
from tailrace.apps.common.kept import Kept
from tailrace.apps.common.parts import Split
from tailrace.apps.common.runs import train_in_memory
from tailrace.apps.common.sentences import MARKS, Sentence, read_back
from tailrace.apps.common.settings import (
    Record,
    above_zero,
    at_least,
    choice,
    number,
    within,
)
from tailrace.apps.common.training import Course, Training
from tailrace.apps.common.vocabulary import END, START, Vocabulary

# gradients are scaled down to this norm
LARGEST_NORM = 5.0
# a text may have so many symbols more than any that was learnt from
MORE = 2

# what is shown, then targets [B, T] and their lengths [B]
Batch = tuple[Any, ...]


@dataclass(frozen=True)
class WriterSettings(Record):
    """The settings of a network that writes.

    `size` units write, with at most `vocabulary` symbols. `beam` texts are kept while writing, and
    a text's log probability is divided by ((5 + symbols) / 6) ** `length_penalty`. Training ends
    after `epochs`, after `minutes`, or when `patience` epochs in a row were none the best. Half of
    the part `held_out` is for choosing the best epoch, half for the test.
    """

    vocabulary: int = 10000
    cell: str = "gru"
    size: int = 128
    embedding: int = 64
    attention: str = "luong"
    dropout: float = 0.0
    batch: int = 64
    learning_rate: float = 0.004
    epochs: int | None = 20
    minutes: float | None = None
    patience: int = 5
    beam: int = 4
    length_penalty: float = 0.6
    held_out: float = 0.2
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        choice("cell", self.cell, CELLS)
        choice("attention", self.attention, ATTENTIONS)
        at_least("vocabulary", self.vocabulary, 5)
        at_least("size", self.size, 2)
        for name in ("embedding", "batch", "patience", "beam"):
            at_least(name, getattr(self, name), 1)
        within("dropout", self.dropout, 0, 1)
        above_zero("learning_rate", self.learning_rate)
        if self.epochs is not None:
            at_least("epochs", self.epochs, 1)
        if self.minutes is not None:
            above_zero("minutes", self.minutes)
        number("length_penalty", self.length_penalty)
        within("held_out", self.held_out, 0.01, 0.9)
        at_least("seed", self.seed, 0)

    @property
    def course(self) -> Course:
        """How long training takes."""
        return Course(
            self.learning_rate, epochs=self.epochs, minutes=self.minutes, patience=self.patience
        )


@dataclass(frozen=True)
class Network:
    """What is fed and what is fetched.

    `shown` is what the encoder takes; target [B, T] are symbol numbers, of which target_lengths
    [B] count; loss is nats per symbol; keep is the part that dropout leaves; most is how many
    symbols may be written.
    """

    shown: Sequence[tf.Tensor]
    target: tf.Tensor
    target_lengths: tf.Tensor
    keep: tf.Tensor
    learning_rate: tf.Tensor
    length_penalty: tf.Tensor
    most: tf.Tensor
    decoder: Decoder
    loss: tf.Tensor
    update: tf.Operation


def network(
    shown: Sequence[tf.Tensor],
    keep: tf.Tensor,
    design: Design,
    memory: tf.Tensor,
    lengths: tf.Tensor | None,
    summary: tf.Tensor,
    *,
    dropped: bool,
) -> Network:
    """The network whose encoder made memory, lengths and summary, as `Decoder` takes them."""
    target = tf.placeholder(tf.int32, [None, None], "target")
    target_lengths = tf.placeholder(tf.int32, [None], "target_lengths")
    decoder = Decoder(design, memory, lengths, summary, keep if dropped else None)
    loss = decoder.loss(target, target_lengths)
    learning_rate = tf.placeholder(tf.float32, [], "learning_rate")
    return Network(
        shown,
        target,
        target_lengths,
        keep,
        learning_rate,
        tf.placeholder(tf.float32, [], "length_penalty"),
        tf.placeholder(tf.int32, [], "most"),
        decoder,
        loss,
        _minimize(loss, learning_rate),
    )


def _minimize(loss: tf.Tensor, learning_rate: tf.Tensor) -> tf.Operation:
    """A step of Adam on a loss, with gradients of a bounded norm."""
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), LARGEST_NORM)
    optimizer = tf.train.AdamOptimizer(learning_rate)
    return optimizer.apply_gradients(list(zip(gradients, variables, strict=True)))


def marked(symbols: Any, what: str, level: str) -> Vocabulary:
    """The vocabulary that a folder's JSON says under the name `what`.

    Raises: ValueError where it is none that a decoder can use.
    """
    if not all(isinstance(one, str) for one in symbols) or symbols[: len(MARKS)] != list(MARKS):
        raise ValueError(f"{what} is not a list of symbols")
    return Vocabulary(symbols, level)


class Writer(Kept):
    """A network at work.

    Args: build(start, end) makes the network, given the marks' numbers; vocabulary is of what is
    written; longest is the number of symbols of the longest text that is learnt from; keep is what
    dropout leaves while learning.
    """

    def __init__(
        self,
        build: Callable[[int, int], Network],
        vocabulary: Vocabulary,
        longest: int,
        seed: int,
        keep: float = 1.0,
    ) -> None:
        self.vocabulary, self.longest, self._keep = vocabulary, longest, keep
        self.history = []
        self._written: dict[int, Written] = {}
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(seed)
            self.network = build(vocabulary.number(START), vocabulary.number(END))
            self.variables = tf.trainable_variables()
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    @classmethod
    def new(cls, data: Any, settings: Any) -> Self:
        """A network for some data that has learnt nothing yet but the symbols."""
        raise NotImplementedError

    def batches(self, data: Any) -> Callable[[int], Iterable[Batch]]:
        """The batches of each epoch."""
        raise NotImplementedError

    def evaluate(self, data: Any) -> dict[str, float]:
        """Figures on data that nothing is learnt from, the one to choose by first."""
        raise NotImplementedError

    def held(self) -> tuple[tf.Session, Sequence[tf.Variable]]:
        """The session, and the variables that the network needs once it has learnt."""
        return self.session, self.variables

    def step(self, batch: Batch, rate: float) -> float:
        """Learns from a batch; returns its loss, nats per symbol."""
        net = self.network
        feed = {**self._feed(batch), net.learning_rate: rate, net.keep: self._keep}
        return float(self.session.run([net.loss, net.update], feed)[0])

    def _feed(self, batch: Batch) -> dict[Any, Any]:
        net = self.network
        return dict(zip((*net.shown, net.target, net.target_lengths), batch, strict=True))

    def loss(self, batches: Iterable[Batch]) -> float:
        """Mean loss of some batches, nats per symbol, nothing learnt."""
        total, symbols = 0.0, 0
        for batch in batches:
            count = int(batch[-1].sum())
            total += count * float(self.session.run(self.network.loss, self._feed(batch)))
            symbols += count
        return total / symbols

    def fit(self, parts: Split[Any]) -> None:
        """Learns in memory; the best variables are in place afterwards."""
        training = Training(self.settings.course)
        learn, check = self.batches(parts.train), parts.validation
        train_in_memory(training, self.session, learn, self.step, lambda: self.evaluate(check))
        self.history = training.progress.history

    def write(self, shown: Sequence[Any], width: int, penalty: float) -> list[list[Sentence]]:
        """The best texts about each of what is shown, best first, by a beam of a width."""
        net = self.network
        if width not in self._written:
            with self.graph.as_default():
                self._written[width] = net.decoder.write(width, net.length_penalty, net.most)
        written = self._written[width]
        feed = dict(zip(net.shown, shown, strict=True))
        feed |= {net.length_penalty: penalty, net.most: self.longest + MORE}
        fetches = [written.ids, written.log_probs]
        if written.alignments is not None:
            fetches.append(written.alignments)
        ids, log_probs, *looks = self.session.run(fetches, feed)
        return read_back(self.vocabulary, ids, log_probs, looks[0] if looks else None)
