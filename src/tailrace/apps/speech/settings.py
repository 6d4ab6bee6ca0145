"""What a recognizer is made of, and how it learns and decodes."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, within

FEATURES = ("log-mel", "mfcc")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a recognizer.

    Recordings are brought to `rate` samples a second and cut into frames of `frame_ms`, one every
    `step_ms`; `mels` bands of each are kept (log-mel), or `coefficients` of their cosine transform
    (mfcc). `stack` frames in a row are one step of the network, which has `layers` bidirectional
    LSTMs of `size` units each way. `beam` is the width of the beam search; with `order` above 0 its
    best `paths` are rescored by an n-gram model of the training transcripts' letters. Half of the
    part `held_out` is to choose by, half for the test.
    """

    rate: int = 8000
    frame_ms: float = 25.0
    step_ms: float = 10.0
    features: str = "log-mel"
    mels: int = 32
    coefficients: int = 13
    stack: int = 2
    size: int = 64
    layers: int = 1
    dropout: float = 0.2
    batch: int = 16
    epochs: int = 12
    learning_rate: float = 0.005
    beam: int = 16
    paths: int = 8
    order: int = 5
    held_out: float = 0.2
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        at_least("rate", self.rate, 1000)
        above_zero("step_ms", self.step_ms)
        at_least("frame_ms", self.frame_ms, self.step_ms, whole=False)
        at_least("step_ms", self.step_ms, 1000 / self.rate, whole=False)
        choice("features", self.features, FEATURES)
        for name in ("mels", "coefficients", "stack", "size", "layers", "batch", "epochs"):
            at_least(name, getattr(self, name), 1)
        within("coefficients", self.coefficients, 1, self.mels + 1)
        within("dropout", self.dropout, 0, 1)
        above_zero("learning_rate", self.learning_rate)
        at_least("beam", self.beam, 1)
        within("paths", self.paths, 1, self.beam + 1)
        at_least("order", self.order, 0)
        within("held_out", self.held_out, 0.01, 0.9)
        at_least("seed", self.seed, 0)

    @property
    def frame(self) -> int:
        """Samples of a frame."""
        return round(self.rate * self.frame_ms / 1000)

    @property
    def step(self) -> int:
        """Samples from one frame to the next."""
        return max(1, round(self.rate * self.step_ms / 1000))

    @property
    def channels(self) -> int:
        """Numbers that describe a frame."""
        return self.mels if self.features == "log-mel" else self.coefficients
