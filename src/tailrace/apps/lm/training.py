"""Truncated back-propagation through time over a text, with the state carried on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.common.parts import Split
from tailrace.apps.errors import UserError
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.folder import Progress
from tailrace.apps.lm.model import add_training, build
from tailrace.apps.lm.reading import Reader, new_session
from tailrace.apps.lm.settings import Settings

Ids = NDArray[np.int64]

WARM_UP_STEPS = 50
LEAST_RATE = 0.02
# the display is told this often, in seconds
REPORT_EVERY_S = 0.2


@dataclass(frozen=True)
class Figures:
    """What is known after a step."""

    step: int
    epoch: int
    done: float  # part of the training, 0 to 1
    bits: float  # of the last steps, per symbol
    symbols_per_s: float
    left_s: float


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
    """Trains one network; where it stands is in `progress`."""

    def __init__(self, settings: Settings, groups: SymbolGroups, parts: Split[Ids]) -> None:
        self.settings = settings
        self.progress = Progress()
        self._groups = groups
        self._parts = parts
        self._rows = groups.encode(parts.train)
        self._stop = False
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(settings.seed)
            sizes = groups.rows - groups.vocabulary_size, groups.vocabulary_size
            self._network = build(settings, *sizes, training=True)
            self._training = add_training(settings, self._network)
            self.variables = tf.trainable_variables()
            reading = build(settings, *sizes)
            # where the streams were, for the checkpoint that training goes on from
            self._carried = [
                tf.get_variable(
                    f"carried/{i}",
                    [settings.batch, state.shape[1].value],
                    initializer=tf.zeros_initializer(),
                    trainable=False,
                )
                for i, state in enumerate(self._network.initial)
            ]
            self.all_variables = tf.global_variables()
            self.session = new_session(settings, self.graph)
            self.session.run(tf.global_variables_initializer())
        self.reader = Reader(self.session, reading, groups, settings)
        self._states = self.reader.start(settings.batch).states

    def stop(self) -> None:
        """Asks for training to end after the step under way."""
        self._stop = True

    def put_state(self) -> None:
        """Puts the states that the next step begins with into variables, to be saved."""
        with self.graph.as_default():
            for variable, state in zip(self._carried, self._states, strict=True):
                variable.load(state, self.session)

    def take_state(self) -> None:
        """Begins with the states in the variables, which were restored."""
        self._states = self.session.run(self._carried)

    @property
    def done(self) -> float:
        """The part of the training that is behind, by time or by epochs, 0 to 1."""
        settings, progress = self.settings, self.progress
        parts = [0.0]
        if settings.minutes is not None:
            parts.append(progress.seconds / (60 * settings.minutes))
        if settings.epochs is not None:
            steps = self._steps_per_epoch()
            parts.append((progress.epoch + progress.epoch_steps / steps) / settings.epochs)
        return min(1.0, max(parts))

    def run(
        self,
        on_step: Callable[[Figures], None] = lambda figures: None,
        on_evaluation: Callable[[dict[str, float], bool], None] = lambda row, best: None,
    ) -> bool:
        """Trains until the settings' end or `stop`; returns whether it came to the end.

        `on_evaluation` gets the figures of the validation and whether they are the best so far.
        """
        while self.done < 1.0 and not self._stop:
            losses = self._epoch(on_step)
            if self._stop and self.done < 1.0:
                break
            self._evaluate(losses, on_evaluation)
        self.progress.finished = self.done >= 1.0
        return self.progress.finished

    def _epoch(self, on_step: Callable[[Figures], None]) -> list[float]:
        """Goes on with the epoch until it, the training or the patience ends: losses in nats."""
        progress, losses = self.progress, []
        last, told, since = time.perf_counter(), 0.0, 0
        for feed in self._batches():
            feed[self._training.learning_rate] = self._learning_rate()
            losses.append(self._step(feed))
            progress.step += 1
            progress.epoch_steps += 1
            if progress.epoch_steps == self._steps_per_epoch():
                progress.epoch, progress.epoch_steps = progress.epoch + 1, 0
            now = time.perf_counter()
            progress.seconds += now - last
            told, since, last = told + now - last, since + 1, now
            if told >= REPORT_EVERY_S:
                speed = since * self.settings.batch * self.settings.seq_len / told
                on_step(self._figures(losses, speed))
                told, since = 0.0, 0
            if self._stop or self.done >= 1.0:
                break
        return losses

    def _step(self, feed: dict[tf.Tensor, object]) -> float:
        """One update; the final states become the next step's first ones."""
        loss, self._states, _ = self.session.run(
            [self._network.loss, self._network.final, self._training.update], feed
        )
        if not math.isfinite(loss):
            raise UserError(
                f"training went astray in step {self.progress.step + 1}: the loss is {loss}; "
                "try a smaller --learning-rate"
            )
        return float(loss)

    def _batches(self) -> Iterator[dict[tf.Tensor, object]]:
        """What the steps left of the epoch are fed, but for the learning rate."""
        settings, progress = self.settings, self.progress
        random = np.random.default_rng([settings.seed, progress.epoch, progress.epoch_steps])
        # batches begin elsewhere in each epoch
        offset = progress.epoch * 7919 % self._offsets()
        targets = streams(self._parts.train[1:], settings.batch, offset)
        rows = streams(self._rows[:-1], settings.batch, offset)
        if not progress.epoch_steps:
            self._states = self.reader.start(settings.batch).states
        for number in range(progress.epoch_steps, self._steps_per_epoch()):
            part = slice(number * settings.seq_len, (number + 1) * settings.seq_len)
            inputs = self._groups.drop(rows[part], settings.group_dropout, random)
            feed: dict[tf.Tensor, object] = {
                self._network.inputs: inputs,
                self._network.targets: targets[part],
            }
            feed.update(zip(self._network.initial, self._states, strict=True))
            yield feed

    def _offsets(self) -> int:
        """How many places an epoch can begin at."""
        settings = self.settings
        return min(settings.seq_len, len(self._parts.train) - settings.batch * settings.seq_len)

    def _steps_per_epoch(self) -> int:
        settings = self.settings
        length = (len(self._parts.train) - self._offsets()) // settings.batch
        return length // settings.seq_len

    def _learning_rate(self) -> float:
        """A short rise, then half a cosine down to the end of training."""
        rise = min(1.0, (self.progress.step + 1) / WARM_UP_STEPS)
        fall = max(LEAST_RATE, 0.5 + 0.5 * math.cos(math.pi * self.done))
        return self.settings.learning_rate * rise * fall

    def _figures(self, losses: list[float], speed: float) -> Figures:
        progress, done = self.progress, self.done
        recent = losses[-100:]
        return Figures(
            progress.step,
            progress.epoch,
            done,
            sum(recent) / len(recent) / math.log(2),
            speed,
            progress.seconds / done - progress.seconds if done else math.inf,
        )

    def _evaluate(
        self, losses: list[float], on_evaluation: Callable[[dict[str, float], bool], None]
    ) -> None:
        begin = time.perf_counter()
        progress = self.progress
        bits = float(self.reader.bits(self._parts.validation, self._parts.train).mean())
        best = progress.best_bits is None or bits < progress.best_bits
        if best:
            progress.best_bits = bits
        progress.seconds += time.perf_counter() - begin
        row = {
            "step": progress.step,
            "epoch": progress.epoch,
            "seconds": round(progress.seconds, 3),
            "train_bits": sum(losses) / len(losses) / math.log(2) if losses else math.nan,
            "validation_bits": bits,
        }
        progress.history.append(row)
        on_evaluation(row, best)
