"""The comparison as a class, in scikit-learn's manner."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Self

from tailrace.apps.common.display import Table
from tailrace.apps.common.estimator import Estimator
from tailrace.apps.common.files import make_folder
from tailrace.apps.compare.data import batched
from tailrace.apps.compare.outcome import Outcome
from tailrace.apps.compare.race import Entry, Pythons, Race
from tailrace.apps.compare.report import Flows
from tailrace.apps.compare.settings import Settings


class CellComparison(Estimator[Settings]):
    """RNN, LSTM and GRU side by side on a text, on this engine and others.

    The parameters are those of `Settings`, by name: `CellComparison(cells="lstm,gru", size=64)`.
    Fitted attributes end in an underscore: `results_`, an `Entry` for each cell on each engine;
    `best_`, the cell that predicts the held-out part best on this engine; `baselines_`, nats per
    character of counting; `gradients_`, norms of each cell's gradient by layer and step, before
    and after learning.
    """

    settings_class = Settings

    results_: list[Entry]
    best_: str
    baselines_: dict[str, float]
    gradients_: Flows

    def fit(self, X: str, y: None = None) -> Self:
        """Trains each cell on each engine on a text; its end is held out.

        Raises: UserError where the text is too short or an engine fails.
        """
        begin, settings = time.perf_counter(), self._settings
        race = Race(batched(X, "text", settings), settings, Pythons.found(settings))
        race.run_all()
        self._outcome = outcome = Outcome.of(race)
        self._seconds = time.perf_counter() - begin
        self.results_ = list(race.entries.values())
        self.best_ = min(settings.names_of_cells, key=lambda cell: _nats(race, cell))
        self.baselines_, self.gradients_ = outcome.simple, outcome.flows
        return self

    def table(self) -> Table:
        """Milliseconds per batch and held-out losses. Raises: UserError before `fit`."""
        self._check_fitted()
        return self._outcome.table()

    def save(self, folder: str | Path) -> None:
        """Writes report.html, its pictures, and all figures as JSON into a new folder.

        Raises: UserError where the folder holds something already or cannot be written.
        """
        self._check_fitted()
        make_folder(Path(folder))
        self._outcome.write(Path(folder), self._seconds)

    def _is_fitted(self) -> bool:
        return hasattr(self, "_outcome")


def _nats(race: Race, cell: str) -> float:
    """Mean held-out loss of a cell on this engine."""
    losses = race.entries[cell, "tailrace"].held_out
    return sum(losses) / len(losses)
