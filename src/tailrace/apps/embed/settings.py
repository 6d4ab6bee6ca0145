"""How word vectors are learnt."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, within

METHODS = ("skip-gram", "cbow")
LOSSES = ("negative", "nce", "softmax")


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a training.

    `method`: skip-gram says a word's neighbours from the word, cbow the word from its neighbours.
    `loss`: negative sampling, noise-contrastive estimation (nce) or sampled softmax, each with
    `sampled` drawn words a step. A word has neighbours up to `window` words away; words seen fewer
    than `least` times are left out; frequent words are left out of a pass with the probability
    1 - sqrt(`subsample` / frequency) (0: never). `held_out` is the part of the sentences for the
    test; `minutes` ends training early where it is not 0.
    """

    method: str = "skip-gram"
    loss: str = "negative"
    size: int = 48
    window: int = 4
    sampled: int = 32
    least: int = 5
    words: int = 50_000
    subsample: float = 0.001
    epochs: int = 6
    minutes: float = 0.0
    batch: int = 256
    learning_rate: float = 0.01
    held_out: float = 0.05
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        choice("method", self.method, METHODS)
        choice("loss", self.loss, LOSSES)
        for name in ("window", "sampled", "least", "epochs", "batch"):
            at_least(name, getattr(self, name), 1)
        at_least("size", self.size, 2)
        at_least("words", self.words, 3)
        within("subsample", self.subsample, 0.0, 1.0)
        above_zero("learning_rate", self.learning_rate)
        within("held_out", self.held_out, 0.001, 0.9)
        at_least("minutes", self.minutes, 0, whole=False)
        at_least("seed", self.seed, 0)
