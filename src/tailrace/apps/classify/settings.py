"""What a classifier is made of and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass

from tailrace.apps.common.settings import Record, above_zero, at_least, choice, within
from tailrace.apps.errors import UserError

# what they see: how often words occur, or the words in order
BAGS = ("logistic", "perceptron", "feedforward")
SEQUENCES = ("rnn", "lstm", "gru", "bidirectional", "cnn", "cnn-rnn")
METHODS = (*BAGS, *SEQUENCES)
# what a method is called in tables
TITLES = {
    "logistic": "logistic regression",
    "perceptron": "perceptron",
    "feedforward": "feed-forward",
    "rnn": "RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "bidirectional": "bidirectional LSTM",
    "cnn": "CNN",
    "cnn-rnn": "CNN + LSTM",
}
# what learns well at which rate, where the settings do not say
RATES = {"perceptron": 0.1, "feedforward": 0.005, "logistic": 0.02, "rnn": 0.002}
RATE = 0.003


@dataclass(frozen=True)
class Settings(Record):
    """The settings of a classifier; a `learning_rate` or `length` of 0 is chosen for it.

    `size` is the number of units of a hidden or recurrent layer and of filters of each region
    size, `embedding` of numbers per word, `regions` the region sizes of a CNN ("2,3,4"), `layers`
    of recurrent layers. `ngrams`: a bag holds sequences of so many words at most. Words seen in
    fewer than `least` texts are unknown. Texts are cut off after `length` words (0: as long as all
    but one in a hundred are). `dropout` is the part of word vectors and of last features left out
    in training. Training ends after `epochs`, or when `patience` of them in a row brought nothing.
    `held_out` is the part of the data kept back, half of it to choose by, half for the test.
    `vectors` says whether word vectors from a file are tuned or kept as they are (fixed).
    """

    method: str = "lstm"
    size: int = 64
    embedding: int = 50
    layers: int = 1
    regions: str = "2,3,4"
    ngrams: int = 1
    least: int = 2
    length: int = 0
    dropout: float = 0.3
    vectors: str = "tuned"
    epochs: int = 20
    patience: int = 5
    batch: int = 32
    learning_rate: float = 0.0
    held_out: float = 0.3
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises UserError for a setting that cannot be."""
        choice("method", self.method, METHODS)
        choice("vectors", self.vectors, ("tuned", "fixed"))
        counts = ("size", "embedding", "layers", "ngrams", "least", "epochs", "patience", "batch")
        for name in counts:
            at_least(name, getattr(self, name), 1)
        at_least("length", self.length, 0)
        if self.learning_rate:
            above_zero("learning_rate", self.learning_rate)
        within("dropout", self.dropout, 0.0, 1.0)
        within("held_out", self.held_out, 0.01, 0.9)
        at_least("seed", self.seed, 0)
        self.region_sizes()

    def region_sizes(self) -> list[int]:
        """The region sizes of a CNN. Raises: UserError where they are not such."""
        cells = str(self.regions).split(",")
        if not all(cell.strip().isdecimal() and int(cell) > 0 for cell in cells):
            raise UserError(
                f"--regions {self.regions}: must be numbers of words with commas between, as 2,3,4"
            )
        return [int(cell) for cell in cells]

    @property
    def rate(self) -> float:
        """The learning rate, at its highest."""
        return self.learning_rate or RATES.get(self.method, RATE)

    @property
    def is_bag(self) -> bool:
        """Whether the method sees counts of words, not their order."""
        return self.method in BAGS
