"""Truncated back-propagation through time over a text, with the state carried on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.common.parts import Split
from tailrace.apps.common.training import Course
from tailrace.apps.errors import UserError
from tailrace.apps.lm.inputs import Inputs
from tailrace.apps.lm.model import add_training, build
from tailrace.apps.lm.reading import Reader, new_session
from tailrace.apps.lm.settings import Settings

Ids = NDArray[np.int64]


class Batch(NamedTuple):
    """A piece of all streams."""

    inputs: NDArray[np.int32]  # [T, B, n]
    targets: Ids  # [T, B]
    # whether the streams begin with it
    first: bool


def check_length(settings: Settings, parts: Split[Ids]) -> None:
    """Raises UserError where a text is too short to train on or to measure with."""
    needed = settings.batch * settings.seq_len + 1
    if len(parts.train) < needed:
        raise UserError(
            f"the text is too short: its training part has {len(parts.train)} symbols, one batch "
            f"of {settings.batch} x {settings.seq_len} needs {needed}; "
            "give more text, or a smaller --batch or --seq-len"
        )
    if min(len(parts.validation), len(parts.test)) < 2:
        raise UserError(
            f"the text is too short: --held-out {settings.held_out:g} leaves no two symbols each "
            "for validation and test"
        )


def streams(text: NDArray[Any], batch: int, offset: int) -> NDArray[Any]:
    """An array [T, ...] from `offset` on as `batch` streams side by side, [T / B, B, ...].

    Each stream begins where the one before ends.
    """
    length = (len(text) - offset) // batch
    starts = offset + length * np.arange(batch)
    return text[np.arange(length)[:, None] + starts]


class Trainer:
    """One network in a session, and what its training does: batches, steps, evaluation."""

    def __init__(self, settings: Settings, inputs: Inputs, parts: Split[Ids]) -> None:
        self.settings = settings
        self._inputs = inputs
        groups = inputs.groups
        self._parts = parts
        self._rates = groups.drop_rates(parts.train, settings.group_dropout, settings.group_noise)
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(settings.seed)
            sizes = groups.rows - groups.vocabulary_size, groups.vocabulary_size
            self.network = build(settings, *sizes, training=True)
            self.training = add_training(settings, self.network)
            self.variables = tf.trainable_variables()
            reading = build(settings, *sizes)
            # where the streams are, for the checkpoint that training goes on from
            self._carried = [
                tf.get_variable(
                    f"carried/{i}",
                    [settings.batch, state.shape[1].value],
                    initializer=tf.zeros_initializer(),
                    trainable=False,
                )
                for i, state in enumerate(self.network.initial)
            ]
            carried = zip(self._carried, self.network.final, strict=True)
            self._carry = tf.group(*(tf.assign(place, state) for place, state in carried))
            self.all_variables = tf.global_variables()
            self.session = new_session(settings, self.graph)
            self.session.run(tf.global_variables_initializer())
        self.reader = Reader(self.session, reading, inputs, settings)
        self._states = self.reader.start(settings.batch).states

    @cached_property
    def _rows(self) -> NDArray[np.int32]:
        """The training part as the network reads it; takes a while."""
        return self._inputs.encode_training(self._parts.train)

    @property
    def course(self) -> Course:
        """How long training takes, and its learning rate."""
        settings = self.settings
        return Course(settings.learning_rate, settings.epochs, settings.minutes)

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        settings = self.settings
        length = (len(self._parts.train) - self._offsets()) // settings.batch
        return length // settings.seq_len

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The pieces of the training part, in the order of the text; they begin elsewhere in

        each epoch.
        """
        settings = self.settings
        random = np.random.default_rng([settings.seed, epoch])
        offset = epoch * 7919 % self._offsets()
        targets = streams(self._parts.train[1:], settings.batch, offset)
        rows = streams(self._rows[:-1], settings.batch, offset)
        for number in range(self.steps_per_epoch):
            part = slice(number * settings.seq_len, (number + 1) * settings.seq_len)
            inputs = self._inputs.groups.drop(rows[part], self._rates, random)
            yield Batch(inputs, targets[part], number == 0)

    def step(self, batch: Batch, rate: float) -> float:
        """One update; the final states are the next step's first ones. The loss, in nats."""
        if batch.first:
            self._states = self.reader.start(self.settings.batch).states
        network = self.network
        feed: dict[Any, Any] = {
            network.inputs: batch.inputs,
            network.targets: batch.targets,
            self.training.learning_rate: rate,
        }
        feed.update(zip(network.initial, self._states, strict=True))
        loss, self._states, *_ = self.session.run(
            [network.loss, network.final, self.training.update, self._carry], feed
        )
        return float(loss)

    def evaluate(self) -> dict[str, float]:
        """How well the validation part is predicted: bits per symbol, of words also perplexity."""
        bits = float(self.reader.bits(self._parts.validation, self._parts.train).mean())
        return {"bits": bits, **({"perplexity": 2**bits} if self.settings.level == "word" else {})}

    def take_state(self) -> None:
        """Begins with the states in the variables, which were restored."""
        self._states = self.session.run(self._carried)

    def _offsets(self) -> int:
        """How many places an epoch can begin at."""
        settings = self.settings
        return min(settings.seq_len, len(self._parts.train) - settings.batch * settings.seq_len)
