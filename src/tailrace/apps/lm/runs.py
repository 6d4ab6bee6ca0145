"""A training run in a model folder: begin, go on, keep the best, finish with scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common import runs
from tailrace.apps.common.folder import Checkpoints, damage_said
from tailrace.apps.common.parts import Split
from tailrace.apps.common.training import Figures, Training
from tailrace.apps.common.vocabulary import Vocabulary, tokenize
from tailrace.apps.errors import UserError
from tailrace.apps.lm import folder as folders
from tailrace.apps.lm.baselines import fit_baselines, mixing_weight
from tailrace.apps.lm.corpus import fingerprint, load_text, split
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.folder import KIND, Contents
from tailrace.apps.lm.ngram import KneserNey
from tailrace.apps.lm.ngram import bits as mean_bits
from tailrace.apps.lm.reading import Mixture, Reader
from tailrace.apps.lm.report import Score
from tailrace.apps.lm.settings import Settings
from tailrace.apps.lm.training import Trainer, check_length

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]


def encode_parts(
    text: str, settings: Settings, vocabulary: Vocabulary | None = None
) -> tuple[Split[Ids], Vocabulary]:
    """The parts of a text as symbol numbers; the vocabulary is the training part's."""
    parts = split(tokenize(text, settings.level), settings.held_out)
    if vocabulary is None:
        vocabulary = Vocabulary.of(parts.train, settings.level, settings.vocabulary)
    encode = vocabulary.encode
    return Split(encode(parts.train), encode(parts.validation), encode(parts.test)), vocabulary


class Run:
    """One training run and the folder it keeps itself in, if it has one."""

    def __init__(self, contents: Contents, parts: Split[Ids], folder: Path | None) -> None:
        check_length(contents.settings, parts)
        self.contents = contents
        self.parts = parts
        self.folder = folder
        self.trainer = trainer = Trainer(contents.settings, contents.inputs(), parts)
        self._kept = None
        self._training = Training(trainer.course, contents.progress)
        if folder is not None:
            self._kept = runs.Run(
                folder,
                KIND,
                trainer.session,
                trainer.course,
                contents.describe,
                variables=trainer.variables,
                everything=trainer.all_variables,
            )
            if contents.last is not None:
                self._kept.resume(contents.training())
                trainer.take_state()
            self._training = self._kept.training
        contents.progress = self._training.progress
        contents.progress.steps_per_epoch = trainer.steps_per_epoch

    @classmethod
    def begin(
        cls, text: str, name: str, files: list[str], settings: Settings, folder: Path | None
    ) -> Run:
        """A new run on a text; its folder is made when there is something to keep."""
        parts, vocabulary = encode_parts(text, settings)
        check_length(settings, parts)
        groups = SymbolGroups.fit(parts.train, len(vocabulary), settings.ngram_inputs)
        contents = Contents(
            settings, vocabulary, groups, name, files, fingerprint(text), parts.train
        )
        return cls(contents, parts, folder)

    @classmethod
    def resume(cls, folder: Path, **changes: object) -> Run:
        """The run of a folder, to go on where it stopped; `changes` say when it ends now.

        Raises: UserError where the folder or its text cannot be used.
        """
        contents = folders.read(folder)
        text, _ = load_text(contents.files)
        if fingerprint(text) != contents.fingerprint:
            raise UserError(
                f"{folder}: cannot go on: the text {contents.text_name} is not the one that the "
                "model was trained on so far"
            )
        if changes:
            contents.settings = contents.settings.with_(**changes)
        parts, _ = encode_parts(text, contents.settings, contents.vocabulary)
        return cls(contents, parts, folder)

    @property
    def done(self) -> float:
        """The part of the training that is behind, 0 to 1."""
        return self._training.done

    def train(self) -> bool:
        """Trains to the end, or until Ctrl-C; returns whether it came to the end.

        With a folder it shows how it goes, and saves the best variables and the last ones at every
        evaluation and at the end. The best variables are in place afterwards.
        """
        trainer = self.trainer
        work = trainer.batches, trainer.step, trainer.evaluate
        if self._kept is not None:
            assert self.folder is not None
            folders.write_text(self.folder, self.contents)
            # killed before its first evaluation, it can be begun again
            self._kept.write()
            return self._kept.train(*work, tell=self._tell)
        return runs.train_in_memory(self._training, trainer.session, *work)

    def _tell(self, figures: Figures) -> str:
        settings = self.contents.settings
        bits = figures.loss / math.log(2)
        shown = f"{bits:.3f} bits" if settings.level == "char" else f"perplexity {2**bits:.1f}"
        speed = figures.steps_per_s * settings.batch * settings.seq_len
        return f"loss {figures.loss:.3f}, {shown}, {speed / 1000:.1f}k tokens/s"

    def keep(self, results: dict[str, Any]) -> None:
        """Writes what the finished run came to into its folder."""
        assert self._kept is not None
        self.contents.results = results
        self._kept.write()

    def compare(self) -> Comparison:
        """How well network, n-gram models and a mixture predict the held-out parts.

        The mixture's weight is tuned on the validation part.
        """
        parts, settings, reader = self.parts, self.contents.settings, self.trainer.reader
        baselines = fit_baselines(parts, len(self.contents.vocabulary), settings.level)
        held_out = [(parts.validation, parts.train), (parts.test, parts.validation)]
        bits = [reader.bits(ids, before) for ids, before in held_out]
        network = [np.exp2(-b) for b in bits]
        smooth = [
            baselines.kneser_ney.probabilities(ids, context=before) for ids, before in held_out
        ]
        weight = mixing_weight(smooth[0], network[0])
        mixed = [weight * s + (1 - weight) * n for n, s in zip(network, smooth, strict=True)]
        percent = round(100 * weight)
        scores = [
            Score(f"{settings.cell}, {settings.layers} x {settings.size}", *map(_mean, bits)),
            *baselines.scores,
            Score(
                f"{settings.cell} and n-gram, mixed {100 - percent}:{percent}",
                *map(mean_bits, mixed),
            ),
        ]
        return Comparison(scores, baselines.kneser_ney.order, weight)


def _mean(bits: Floats) -> float:
    return float(bits.mean())


@dataclass(frozen=True)
class Comparison:
    """Rows of the table, the first one the network's; the best n-gram model and its best part."""

    scores: list[Score]
    order: int
    weight: float

    @property
    def best_baseline(self) -> Score:
        """What predicts the test part best without the network."""
        return min(self.scores[1:-1], key=lambda score: score.test_bits)

    def to_json(self) -> dict[str, Any]:
        """What a model folder keeps of it."""
        return {
            "scores": [vars(score) for score in self.scores],
            "ngram": {"order": self.order, "weight": self.weight},
        }


def open_model(folder: str | Path, mix: str | None = None) -> tuple[Contents, Reader]:
    """A trained model, ready to read: its best variables, or its last ones if none were chosen.

    `mix` is the n-gram model's part in what it expects, 0 to 1, or "best".

    Raises: UserError where the folder is no model or is damaged, or `mix` cannot be.
    """
    folder = Path(folder)
    weight = None if mix is None else _weight(mix)
    contents = folders.read(folder)
    checkpoint = contents.best or contents.last
    if checkpoint is None:
        raise UserError(f"{folder}: the model has not been trained yet")
    mixture = None if weight is None else _mixture(folder, contents, weight)
    reader = Reader.new(contents.settings, contents.inputs(), mixture)
    with reader.graph.as_default():
        name = checkpoint.split("/")[0]
        Checkpoints(folder, name, reader.variables).restore(reader.session, checkpoint)
    return contents, reader


BEST = "best"


def _weight(mix: str) -> float | str:
    if mix == BEST:
        return BEST
    try:
        weight = float(mix)
    except ValueError:
        raise UserError(f"--mix {mix}: must be {BEST} or a number from 0 to 1") from None
    if not 0 <= weight <= 1:
        raise UserError(f"--mix {mix}: must be from 0 to 1")
    return weight


def _mixture(folder: Path, contents: Contents, weight: float | str) -> Mixture:
    """The n-gram model of a model folder, fitted anew, and its part."""
    if not contents.results:
        raise UserError(
            f"{folder}: --mix needs a model whose training came to its end; go on with --resume"
        )
    size = len(contents.vocabulary)
    with damage_said(folder):
        known = contents.results["ngram"]
        order, best = int(known["order"]), float(known["weight"])
    return Mixture(
        KneserNey.fit(contents.text, size, order), best if weight == BEST else float(weight)
    )
