"""A training run in a model folder: begin, go on, keep the best, finish with scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common.folder import Checkpoints
from tailrace.apps.common.parts import Split
from tailrace.apps.common.vocabulary import Vocabulary, tokenize
from tailrace.apps.errors import UserError
from tailrace.apps.lm import folder as folders
from tailrace.apps.lm.baselines import fit_baselines, mixing_weight
from tailrace.apps.lm.corpus import fingerprint, load_text, split
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.folder import Contents
from tailrace.apps.lm.ngram import bits as mean_bits
from tailrace.apps.lm.reading import Reader
from tailrace.apps.lm.report import Score
from tailrace.apps.lm.settings import Settings
from tailrace.apps.lm.training import Figures, Trainer, check_length

Ids = NDArray[np.int64]


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
        self.trainer = Trainer(contents.settings, contents.groups, parts)
        self.trainer.progress = contents.progress
        self._best_values: list[NDArray[np.float32]] = []
        if folder is not None:
            with self.trainer.graph.as_default():
                self._best = Checkpoints(folder, "best", self.trainer.variables)
                self._last = Checkpoints(folder, "last", self.trainer.all_variables)

    @classmethod
    def begin(
        cls, text: str, name: str, files: list[str], settings: Settings, folder: Path | None
    ) -> Run:
        """A new run on a text; its folder is made when there is something to keep."""
        parts, vocabulary = encode_parts(text, settings)
        check_length(settings, parts)
        groups = SymbolGroups.fit(parts.train, len(vocabulary), settings.ngram_inputs)
        contents = Contents(settings, vocabulary, groups, name, files, fingerprint(text))
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
        if contents.last is None:
            raise UserError(f"{folder}: cannot go on: the model has no checkpoint to go on from")
        parts, _ = encode_parts(text, contents.settings, contents.vocabulary)
        run = cls(contents, parts, folder)
        run._last.restore(run.trainer.session, contents.last)
        run.trainer.take_state()
        run._last.keep(contents.last)
        if contents.best is not None:
            run._best.keep(contents.best)
        return run

    def train(
        self,
        on_step: Callable[[Figures], None] = lambda figures: None,
        on_evaluation: Callable[[dict[str, float], bool], None] = lambda row, best: None,
    ) -> bool:
        """Trains to the end, or until `trainer.stop`; returns whether it came to the end.

        The folder has the best variables and the last ones then; in between, those of the last
        evaluation.
        """

        def evaluated(row: dict[str, float], best: bool) -> None:
            self._keep(best)
            on_evaluation(row, best)

        finished = self.trainer.run(on_step, evaluated)
        if not finished:
            self._keep(best=False)
        return finished

    def _keep(self, best: bool) -> None:
        session, step = self.trainer.session, self.contents.progress.step
        if best:
            self._best_values = session.run(self.trainer.variables)
        if self.folder is None:
            return
        self.trainer.put_state()
        self.contents.last = self._last.save(session, step)
        if best:
            self.contents.best = self._best.save(session, step)
        folders.write(self.folder, self.contents)

    def use_best(self) -> Reader:
        """The network with the variables that predicted the validation part best."""
        session = self.trainer.session
        if self._best_values:
            with self.trainer.graph.as_default():
                for variable, value in zip(self.trainer.variables, self._best_values, strict=True):
                    variable.load(value, session)
        elif self.folder is not None and self.contents.best is not None:
            self._best.restore(session, self.contents.best)
        return self.trainer.reader

    def scores(self, reader: Reader) -> list[Score]:
        """Bits per symbol of the held-out parts: the network's, the baselines', and of both mixed.

        The mixture's weight is tuned on the validation part.
        """
        parts, settings = self.parts, self.contents.settings
        baselines = fit_baselines(parts, len(self.contents.vocabulary), settings.level)
        held_out = [(parts.validation, parts.train), (parts.test, parts.validation)]
        bits = [reader.bits(ids, before) for ids, before in held_out]
        network = [np.exp2(-b) for b in bits]
        smooth = [
            baselines.kneser_ney.probabilities(ids, context=before) for ids, before in held_out
        ]
        weight = mixing_weight(network[0], smooth[0])
        mixed = [weight * n + (1 - weight) * s for n, s in zip(network, smooth, strict=True)]
        name = f"{settings.cell}, {settings.layers} x {settings.size}"
        percent = round(100 * weight)
        return [
            Score(name, *(float(b.mean()) for b in bits)),
            *baselines.scores,
            Score(
                f"{settings.cell} and n-gram, mixed {percent}:{100 - percent}",
                *map(mean_bits, mixed),
            ),
        ]


def open_model(folder: str | Path) -> tuple[Contents, Reader]:
    """A trained model, ready to read: its best variables, or its last ones if none were chosen.

    Raises: UserError where the folder is no model or is damaged.
    """
    folder = Path(folder)
    contents = folders.read(folder)
    checkpoint = contents.best or contents.last
    if checkpoint is None:
        raise UserError(f"{folder}: the model has not been trained yet")
    reader = Reader.new(contents.settings, contents.groups)
    with reader.graph.as_default():
        name = checkpoint.split("/")[0]
        Checkpoints(folder, name, reader.variables).restore(reader.session, checkpoint)
    return contents, reader
