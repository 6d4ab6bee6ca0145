"""A network with what belongs to it, and the model folder that it is kept in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import tailrace as tf
from tailrace.apps.common import folder as folders
from tailrace.apps.common.runs import Kind, Run
from tailrace.apps.common.training import Course, Progress
from tailrace.apps.errors import UserError


class Kept:
    """Base of what an application trains: it can be put into a model folder and got back.

    A subclass has a `kind`, says by `held` what there is to save, and by `to_json` and `from_json`
    what else there is to know of it.
    """

    kind: ClassVar[Kind]
    # whether it does best where training ends, whatever the figures on the validation part say
    last_is_best: ClassVar[bool] = False
    # the application's own `Record`
    settings: Any
    # figures of each evaluation of the training
    history: list[dict[str, float]]

    def held(self) -> tuple[tf.Session, Sequence[tf.Variable]]:
        """The session, and the variables that the network needs once it has learnt."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """What `model.json` says of it, but for the training."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What `to_json` gave, with a network that has learnt nothing.

        Raises: KeyError, TypeError, ValueError where the data cannot be one.
        """
        raise NotImplementedError

    def new_run(self, folder: Path, course: Course, **more: Any) -> Run:
        """A training in a folder; `more` stands in `model.json`, too."""
        session, variables = self.held()

        def describe() -> dict[str, Any]:
            return {**self.to_json(), **more}

        best = not self.last_is_best
        return Run(folder, self.kind, session, course, describe, variables=variables, best=best)

    def save(self, folder: Path) -> None:
        """Writes the model folder of a network whose training is over.

        Raises: UserError where that cannot be done.
        """
        progress = Progress(finished=True, history=self.history)
        run = self.new_run(folder, Course(learning_rate=1.0, epochs=1))
        run.training.progress = progress
        run.save("best")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The network of a folder, as it did best.

        Raises: UserError where it is none or is damaged.
        """
        path = Path(folder)
        data = folders.read(path, cls.kind.application, cls.kind.format)
        with folders.damage_said(path):
            found = cls.from_json(data)
            found.history = list(data["progress"]["history"])
            names = ("last", "best") if cls.last_is_best else ("best", "last")
            checkpoint = data[names[0]] or data[names[1]]
            if checkpoint is None:
                raise UserError(f"{path}: the model has not been trained yet")
            if not isinstance(checkpoint, str):
                raise ValueError("it names no checkpoint")
        session, variables = found.held()
        with session.graph.as_default():
            saved = folders.Checkpoints(path, checkpoint.split("/")[0], variables)
        saved.restore(session, checkpoint)
        return found
