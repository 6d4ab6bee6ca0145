"""A network in its session: trained, saved, asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.common.kept import Kept
from tailrace.apps.common.parts import generator
from tailrace.apps.common.runs import Kind, train_in_memory
from tailrace.apps.common.training import Course, OnStep, Training
from tailrace.apps.draw.data import Values
from tailrace.apps.draw.model import VAE_LATENT, build_draw, build_vae
from tailrace.apps.draw.settings import Settings

# looks at the validation part during training; noises per picture then, and in the end
LOOKS, CHECKED, TESTED = 20, 1, 10
# pictures that are asked about at once
AT_ONCE = 500
# what random numbers are for
ORDER, CHECK = 2, 3

Batch = tuple[Values, Values]


@dataclass(frozen=True)
class Paintings:
    """What was painted, glimpse after glimpse; windows are x, y, distance, variance, strength."""

    canvases: Values  # [T, N, H, W]
    reads: Values  # [T, N, 5], or T 0 without attention
    writes: Values  # [T, N, 5]


class Painter(Kept):
    """DRAW, or a plain variational autoencoder that is trained and asked alike."""

    kind = Kind("draw", 1)

    def __init__(
        self, settings: Settings, sides: tuple[int, int], mean: float = 0.5, *, plain: bool = False
    ) -> None:
        self.settings, self.sides, self.plain, self.history = settings, sides, plain, []
        self.graph = tf.Graph()
        mean = min(max(mean, 0.01), 0.99)
        with self.graph.as_default():
            tf.set_random_seed(settings.seed)
            self.network = build_vae(*sides, mean) if plain else build_draw(*sides, settings, mean)
            self.variables = tf.trainable_variables()
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    @property
    def name(self) -> str:
        """What tables call it."""
        if self.plain:
            return "variational autoencoder"
        return f"DRAW, {'with' if self.settings.attention else 'without'} attention"

    def noise(self, count: int, random: np.random.Generator) -> Values:
        """Standard normal numbers for so many pictures [T, N, Z]."""
        settings = self.settings
        shape = (1, VAE_LATENT) if self.plain else (settings.glimpses, settings.latent)
        return random.standard_normal((shape[0], count, shape[1]), np.float32)

    def batches(self, train: Values, epoch: int) -> Iterator[Batch]:
        """Pictures in random order and noise for them; the last batch may be smaller."""
        random = generator(self.settings.seed, ORDER, epoch)
        order = random.permutation(len(train))
        for first in range(0, len(train), self.settings.batch):
            rows = train[order[first : first + self.settings.batch]]
            yield rows, self.noise(len(rows), random)

    def course(self, pictures: int) -> Course:
        """How long to learn from so many pictures."""
        settings = self.settings
        steps = settings.epochs * -(-pictures // settings.batch)
        every = max(1, steps // LOOKS)
        return Course(settings.learning_rate, settings.epochs, settings.minutes, every=every)

    def step(self, batch: Batch, rate: float) -> float:
        """Learns from a batch; returns its bound."""
        net = self.network
        feed = {net.pictures: batch[0], net.noise: batch[1], net.learning_rate: rate}
        return float(self.session.run([net.loss, net.update], feed)[0])

    def bounds(self, pictures: Values, noises: int) -> tuple[Values, Values]:
        """The bound of each picture [N], and the part that the glimpses' codes cost [T, N], nats.

        Means over so many noises, the same ones whenever it is asked.
        """
        net, random = self.network, generator(self.settings.seed, CHECK)
        bounds, divergences = [], []
        for first in range(0, len(pictures), AT_ONCE):
            rows = pictures[first : first + AT_ONCE]
            found = [
                self.session.run(
                    [net.bounds, net.divergences],
                    {net.pictures: rows, net.noise: self.noise(len(rows), random)},
                )
                for _ in range(noises)
            ]
            bounds.append(np.mean([one for one, _ in found], axis=0))
            divergences.append(np.mean([one for _, one in found], axis=0))
        return np.concatenate(bounds), np.concatenate(divergences, axis=1)

    def evaluate(self, pictures: Values) -> dict[str, float]:
        """The mean bound, for choosing."""
        bounds, divergences = self.bounds(pictures, CHECKED)
        return {"bound": float(bounds.mean()), "code": float(divergences.sum(0).mean())}

    def fit(self, training: Training, train: Values, checks: Values, on_step: OnStep) -> bool:
        """Learns in memory; returns whether it came to the end."""
        self.history = training.progress.history
        return train_in_memory(
            training,
            self.session,
            lambda epoch: self.batches(train, epoch),
            self.step,
            lambda: self.evaluate(checks),
            on_step=on_step,
        )

    def sample(self, count: int, seed: int) -> Paintings:
        """Paints pictures that come to mind."""
        noise = self.noise(count, generator(self.settings.seed, seed, count))
        return self._painted(self.network.sampling, {self.network.noise: noise})

    def reconstruct(self, pictures: Values, seed: int) -> Paintings:
        """Paints given pictures [N, P]."""
        noise = self.noise(len(pictures), generator(self.settings.seed, seed, len(pictures)))
        feed = {self.network.pictures: pictures, self.network.noise: noise}
        return self._painted(self.network.painting, feed)

    def _painted(self, wanted: Any, feed: dict[tf.Tensor, NDArray[Any]]) -> Paintings:
        canvases, reads, writes = self.session.run(list(wanted), feed)
        return Paintings(canvases.reshape(*canvases.shape[:2], *self.sides), reads, writes)

    def held(self) -> tuple[tf.Session, Sequence[tf.Variable]]:
        """The session, and the variables that the network needs once it has learnt."""
        return self.session, self.variables

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it."""
        return {"settings": self.settings.to_json(), "sides": list(self.sides)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Painter:
        """What `to_json` gave, with a network that has learnt nothing."""
        high, wide = (int(side) for side in data["sides"])
        return cls(Settings.from_json(data["settings"]), (high, wide))
