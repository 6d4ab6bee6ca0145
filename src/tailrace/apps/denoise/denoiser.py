"""An autoencoder in its session: trained, saved, asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tailrace as tf
from tailrace.apps.common.kept import Kept
from tailrace.apps.common.parts import generator
from tailrace.apps.common.runs import Kind, Run, train_in_memory
from tailrace.apps.common.training import Course, OnStep, Training
from tailrace.apps.denoise.corruption import Values, psnr, spoil
from tailrace.apps.denoise.data import square_of
from tailrace.apps.denoise.model import build
from tailrace.apps.denoise.patches import Shape, draw, mend
from tailrace.apps.denoise.settings import Settings

# looks at the validation part during training, and squares it has at most
LOOKS, CHECKED = 20, 4000
# what random numbers are for
EPOCH, CHECK, CHECK_NOISE = 1, 2, 3

Batch = tuple[Values, Values]


@dataclass(frozen=True)
class Lesson:
    """What to learn from, and what to choose by: pictures, and how squares of them are spoilt."""

    settings: Settings
    shape: Shape
    train: Sequence[Values]
    validation: Sequence[Values]

    @classmethod
    def of(cls, settings: Settings, train: list[Values], validation: list[Values]) -> Lesson:
        """A lesson. Raises: UserError where pictures do not fit the patch."""
        return cls(settings, square_of([*train, *validation], settings.patch), train, validation)

    def squares(self, epoch: int) -> Values:
        """Clean squares of an epoch [N, P], the same ones whenever it is asked for the same."""
        random = generator(self.settings.seed, EPOCH, epoch)
        return draw(self.train, self.shape, self.settings.patches, random)

    def spoilt(self, clean: Values, *purpose: int) -> Values:
        """Squares spoilt with random numbers of that purpose."""
        settings = self.settings
        random = generator(settings.seed, *purpose)
        return spoil(clean, settings.corruption, settings.amount, random)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Spoilt and clean squares, batch by batch; the last one may be smaller."""
        clean = self.squares(epoch)
        spoilt = self.spoilt(clean, EPOCH, epoch, 1)
        for first in range(0, len(clean), self.settings.batch):
            rows = slice(first, first + self.settings.batch)
            yield spoilt[rows], clean[rows]

    def checks(self) -> Batch:
        """Spoilt and clean squares of the validation part."""
        random = generator(self.settings.seed, CHECK)
        clean = draw(self.validation, self.shape, CHECKED, random)
        return self.spoilt(clean, CHECK_NOISE), clean

    def course(self) -> Course:
        """How long to learn."""
        settings = self.settings
        steps = settings.epochs * -(-len(self.squares(0)) // settings.batch)
        return Course(
            settings.learning_rate, settings.epochs, settings.minutes, every=max(1, steps // LOOKS)
        )


class Denoiser(Kept):
    """The network of one model; pictures may be of any size not below its squares'."""

    kind = Kind("denoise", 1)

    def __init__(self, settings: Settings, shape: Shape, mean: float = 0.5) -> None:
        self.settings, self.shape, self.history = settings, shape, []
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(settings.seed)
            self.network = build(
                shape[0] * shape[1],
                settings.hidden,
                tied=settings.tied,
                activation=settings.activation,
                output=settings.output,
                mean=min(max(mean, 0.01), 0.99),
                weight_decay=settings.weight_decay,
            )
            self.variables = tf.trainable_variables()
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    @classmethod
    def new(cls, lesson: Lesson) -> Denoiser:
        """An autoencoder that has learnt nothing yet."""
        return cls(lesson.settings, lesson.shape, float(lesson.squares(0).mean()))

    def rows(self, spoilt: Values) -> Values:
        """Squares [N, P] mended."""
        mended = self.session.run(self.network.output, {self.network.spoilt: spoilt})
        return np.clip(mended, 0, 1)

    def code(self, squares: Values) -> Values:
        """What the hidden units say of squares [N, P]: [N, H]."""
        return self.session.run(self.network.code, {self.network.spoilt: squares})

    def mend(self, picture: Values) -> Values:
        """A picture [H, W] mended."""
        return mend(picture, self.shape, self.rows)

    def weights(self) -> Values:
        """The encoder's weights [H, rows, columns]: what each hidden unit looks for."""
        found = self.session.run(self.network.weights)
        return found.T.reshape(-1, *self.shape)

    def step(self, batch: Batch, rate: float) -> float:
        """Learns from a batch; returns its loss."""
        net = self.network
        feed = {net.spoilt: batch[0], net.clean: batch[1], net.learning_rate: rate}
        return float(self.session.run([net.loss, net.update], feed)[0])

    def error(self, checks: Batch) -> float:
        """Mean squared error on squares."""
        return float(np.square(self.rows(checks[0]) - checks[1]).mean())

    def fit(self, training: Training, lesson: Lesson, on_step: OnStep) -> bool:
        """Learns in memory; the best is in place afterwards. Returns whether it came to the end."""
        checks, self.history = lesson.checks(), training.progress.history
        return train_in_memory(
            training,
            self.session,
            lesson.batches,
            self.step,
            lambda: {"error": self.error(checks)},
            on_step=on_step,
        )

    def held(self) -> tuple[tf.Session, Sequence[tf.Variable]]:
        """The session, and the variables that the network needs once it has learnt."""
        return self.session, self.variables

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it."""
        return {"settings": self.settings.to_json(), "shape": list(self.shape)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Denoiser:
        """What `to_json` gave, with a network that has learnt nothing."""
        high, wide = (int(side) for side in data["shape"])
        return cls(Settings.from_json(data["settings"]), (high, wide))


def train_in_folder(denoiser: Denoiser, lesson: Lesson, run: Run) -> bool:
    """Learns in a model folder, shown and saved; returns whether it came to the end."""
    checks = lesson.checks()

    def evaluate() -> dict[str, float]:
        error = denoiser.error(checks)
        return {"error": error, "PSNR": psnr(error)}

    return run.train(lesson.batches, denoiser.step, evaluate)
