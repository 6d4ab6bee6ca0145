"""Self-organizing maps from Python, in scikit-learn's manner."""

from __future__ import annotations

import copy
import io
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.common import folder as folders
from tailrace.apps.common.estimator import Estimator
from tailrace.apps.common.files import make_folder, write_file
from tailrace.apps.common.parts import generator
from tailrace.apps.errors import UserError
from tailrace.apps.som import measures
from tailrace.apps.som.grid import Grid, shape_for
from tailrace.apps.som.model import Model, Values
from tailrace.apps.som.settings import Settings
from tailrace.apps.som.table import Filling, Scaling, as_values

APPLICATION, FORMAT = "som", 2
HISTORY = "history.npz"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """The map after some iterations: weights [U,D] in the data's units, each vector's unit."""

    iteration: int
    weights: Floats
    mapping: NDArray[np.int64]
    error: float


class SelfOrganizingMap(Estimator[Settings]):
    """A grid of units that takes the shape of the data: `SelfOrganizingMap(rows=8, cols=10)`.

    The parameters are the fields of `tailrace.apps.som.settings.Settings`. `fit` takes an array or
    data frame [N,D], NaN where a value is missing. It sets

        weights_    of the units, in the data's own units [U,D]
        labels_     the unit of each vector [N]
        history_    a `Snapshot` of the start and of each iteration
        grid_       where the units lie: a `tailrace.apps.som.grid.Grid`
    """

    settings_class = Settings
    _saver: tuple[Path, Model, folders.Checkpoints] | None = None
    grid_: Grid
    history_: list[Snapshot]
    labels_: NDArray[np.int64]
    columns_: list[str]

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        progress: Callable[[Snapshot], bool | None] | None = None,
    ) -> Self:
        """Trains a map; `progress` is told of each snapshot and may end training by True.

        Raises: UserError for data that are no table of numbers.
        """
        values = as_values(X)
        names = list(X.columns) if hasattr(X, "columns") else range(1, values.shape[1] + 1)
        self.columns_ = [str(name) for name in names]
        if self._settings.missing == "drop":
            values = values[~np.isnan(values).any(1)]
        if len(values) < 2:
            raise UserError(f"{len(values)} rows are too few for a map")
        self._scaling = Scaling.of(values, self._settings.scale)
        scaled = self._scaling.apply(values)
        self._filling = Filling(self._settings.missing, scaled)
        vectors, known = self._filling.learn(scaled)
        self._complete_settings(vectors)
        self._begin(vectors, known, self._start(vectors))
        self.history_ = []
        self._train(0, progress)
        return self

    def go_on(self, X: Any, *, progress: Callable[[Snapshot], bool | None] | None = None) -> Self:
        """Goes on with a map whose training was stopped, on the same data as then; as `fit`."""
        self._check_fitted()
        values = as_values(X, self.columns_)
        if self._used.missing == "drop":
            values = values[~np.isnan(values).any(1)]
        scaled = self._scaling.apply(values)
        self._filling = Filling(self._used.missing, scaled)
        vectors, known = self._filling.learn(scaled)
        done = self.history_.pop().iteration
        self._begin(vectors, known, self._model.read())
        self._train(done, progress)
        return self

    def _begin(self, vectors: Values, known: Values, weights: Values) -> None:
        """A model for the data to train on, with weights to begin with."""
        self._trained_on = vectors, known
        masked = not known.all()
        self._model = Model(self._used, self.grid_, vectors.shape[1], masked=masked)
        self._model.put(weights)

    def _complete_settings(self, vectors: Values) -> None:
        """Chooses what the settings leave to the data: `_used`, `grid_`."""
        used = self._settings
        if not used.rows:
            spread, _ = _components(vectors)
            rows, cols = shape_for(len(vectors), spread)
            used = used.with_(rows=rows, cols=cols)
        if not used.sigma:
            longer = max(used.rows, used.cols) / 2
            used = used.with_(sigma=max(longer, used.sigma_end))
        self._use(used)

    def _use(self, used: Settings) -> None:
        self._used = used
        self.grid_ = Grid(
            used.rows, used.cols, used.topology == "hexagonal", used.surface == "torus"
        )

    def _start(self, vectors: Values) -> Values:
        """Weights to begin with: on the plane of the two first components, or drawn by lot."""
        random = generator(self._used.seed, 1)
        if self._used.start == "random":
            low, high = vectors.min(0), vectors.max(0)
            drawn = random.uniform(low, high, (self.grid_.units, vectors.shape[1]))
            return drawn.astype(np.float32)
        mean = vectors.mean(0)
        spread, ways = _components(vectors)
        places = self.grid_.places - self.grid_.places.mean(0)
        places = places / np.maximum(np.abs(places).max(0), 1.0)
        # the first component along the longer side
        if self.grid_.rows > self.grid_.cols:
            places = places[:, ::-1]
        return (mean + places * spread @ ways).astype(np.float32)

    def _train(self, done: int, progress: Callable[[Snapshot], bool | None] | None) -> None:
        """Trains when so many iterations are behind."""
        vectors, known = self._trained_on
        random, total = generator(self._used.seed, 2), self._used.iterations
        online = self._used.training == "online"
        steps = len(vectors) if online else 1
        order = np.arange(len(vectors))
        for iteration in range(total):
            if online:
                order = random.permutation(len(vectors))
            if iteration < done:
                continue
            part = (iteration * steps + np.arange(steps)) / max(1, total * steps - 1)
            before, winners, errors = self._model.learn(
                vectors[order], known[order], part.astype(np.float32)
            )
            mapping = np.empty_like(winners)
            mapping[order] = winners
            done = iteration + 1
            if self._keep(iteration, before, mapping, errors, progress):
                break
        winners, errors = self._model.map(vectors, known)
        self._keep(done, self._model.read(), winners, errors, progress)
        self.labels_ = winners

    def _keep(
        self,
        iteration: int,
        weights: Values,
        mapping: NDArray[np.int64],
        errors: Values,
        progress: Callable[[Snapshot], bool | None] | None,
    ) -> bool:
        shown = self._scaling.undo(weights)
        snapshot = Snapshot(iteration, shown, mapping, float(errors.mean()))
        self.history_.append(snapshot)
        return bool(progress is not None and progress(snapshot))

    @property
    def weights_(self) -> Floats:
        """The units' weights in the data's own units, [U,D]."""
        self._check_fitted()
        return self._scaling.undo(self._model.read())

    @property
    def scaled_weights_(self) -> Values:
        """The units' weights as distances are measured, [U,D]."""
        self._check_fitted()
        return self._model.read()

    @property
    def settings_(self) -> Settings:
        """The settings used, those chosen for the data among them."""
        self._check_fitted()
        return self._used

    def prepared(self, X: Any) -> tuple[Values, Values]:
        """Data as the map measures them: scaled, filled; and 1 for each value that counts."""
        self._check_fitted()
        values = as_values(X, self.columns_)
        vectors, known = self._filling.apply(self._scaling.apply(values))
        return vectors, known

    def predict(self, X: Any) -> NDArray[np.int64]:
        """The unit of each row, numbered row by row of the grid."""
        return self._open(X)[0]

    def fit_predict(self, X: Any, y: None = None) -> NDArray[np.int64]:
        """`fit`, then each row's unit; rows that were dropped for missing values are not in it."""
        return self.fit(X).labels_

    def transform(self, X: Any) -> Values:
        """Each row's distance to each unit, [N,U], in scaled values."""
        vectors, known = self.prepared(X)
        return self._for_data(known).distances(vectors, known)

    def errors(self, X: Any) -> Values:
        """Each row's distance to its unit, in scaled values."""
        return self._open(X)[1]

    def quantization_error(self, X: Any) -> float:
        """Mean distance of the rows to their units, in scaled values."""
        return float(self.errors(X).mean())

    def topographic_error(self, X: Any) -> float:
        """Part of the rows whose two best units do not touch."""
        vectors, known = self.prepared(X)
        best = self._for_data(known).best_two(vectors, known)
        return measures.topographic_error(best, self.grid_)

    def score(self, X: Any, y: None = None) -> float:
        """Minus the quantization error: more is better."""
        return -self.quantization_error(X)

    def clusters(self, count: int | None = None) -> NDArray[np.int64]:
        """A group for each unit, [U]; by default as many as the settings say."""
        number = self.settings_.clusters if count is None else count
        return measures.clusters(self.scaled_weights_, self.grid_, number, self._used.seed)

    def baseline(self, kind: str) -> Self:
        """This map with other weights, to compare with, right after `fit`.

        `kind`: "pca" or "random", as training would have begun; "k-means", as many centres, which
        have no order on the grid (missing values count as the mean there).
        """
        if not hasattr(self, "_trained_on"):
            raise UserError("baselines need the data: call fit first")
        vectors, known = self._trained_on
        other = copy.copy(self)
        other._use(self._used.with_(start="random" if kind == "random" else "pca"))
        other._model = Model(other._used, self.grid_, len(self.columns_), masked=True)
        if kind == "k-means":
            filled = np.where(known > 0, vectors, self._filling.center)
            weights = measures.centres(filled, self.grid_.units, self._used.seed)
        else:
            weights = other._start(vectors)
        other._model.put(weights)
        return other

    def _is_fitted(self) -> bool:
        return hasattr(self, "_model")

    def _open(self, X: Any) -> tuple[NDArray[np.int64], Values]:
        vectors, known = self.prepared(X)
        return self._for_data(known).map(vectors, known)

    def _for_data(self, known: Values) -> Model:
        """The model, or where new data lack values and it takes none such, one that does."""
        if self._model.masked or bool(known.all()):
            return self._model
        weights = self._model.read()
        self._model = Model(self._used, self.grid_, weights.shape[1], masked=True)
        self._model.put(weights)
        return self._model

    def save(self, folder: str | Path) -> None:
        """Writes a model folder, which `load` and `tailrace som map` read.

        Raises: UserError where the folder holds something already or cannot be written.
        """
        self._check_fitted()
        path = Path(folder)
        make_folder(path)
        self.write(path)

    def write(self, path: Path, **more: Any) -> None:
        """Writes the model into a folder, in place of what it was there; `more` goes along.

        Raises: UserError where the folder cannot be written.
        """
        iteration = self.history_[-1].iteration
        name = self._checkpoints(path).save(self._model.session, iteration)
        history = io.BytesIO()
        np.savez_compressed(
            history,
            iterations=np.array([s.iteration for s in self.history_]),
            weights=np.array([s.weights for s in self.history_], np.float32),
            mappings=np.array([s.mapping for s in self.history_], np.int32),
            errors=np.array([s.error for s in self.history_]),
        )
        write_file(path / HISTORY, history.getvalue())
        data = {
            "settings": self._settings.to_json(),
            "used": self._used.to_json(),
            "columns": self.columns_,
            "shift": self._scaling.shift.tolist(),
            "width": self._scaling.width.tolist(),
            "center": self._filling.center.tolist(),
            "checkpoint": name,
            "iteration": iteration,
            **more,
        }
        folders.write(path, APPLICATION, FORMAT, data)

    def _checkpoints(self, path: Path) -> folders.Checkpoints:
        """Those of this model in a folder, the one that is there counted among them."""
        if self._saver is None or self._saver[:2] != (path, self._model):
            with self._model.graph.as_default():
                found = folders.Checkpoints(path, "map", [self._model.weights])
            if (path / folders.FILE).exists():
                found.keep(str(folders.read(path, APPLICATION, FORMAT)["checkpoint"]))
            self._saver = path, self._model, found
        return self._saver[2]

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The map of a folder. Raises: UserError where it is none or is damaged."""
        path = Path(folder)
        data = folders.read(path, APPLICATION, FORMAT)
        with folders.damage_said(path):
            model = cls(**data["settings"])
            used = Settings.from_json(data["used"])
            model.columns_ = list(data["columns"])
            model._scaling = Scaling(np.array(data["shift"]), np.array(data["width"]))
            model._filling = Filling(used.missing, np.array([data["center"]]))
            model._use(used)
            model._model = Model(used, model.grid_, len(model.columns_), masked=False)
            checkpoint, iteration = str(data["checkpoint"]), int(data["iteration"])
        with model._model.graph.as_default():
            saved = folders.Checkpoints(path, "map", [model._model.weights])
            saved.restore(model._model.session, checkpoint)
        model._read_history(path, iteration)
        return model

    def _read_history(self, path: Path, iteration: int) -> None:
        """The history up to an iteration: one that was killed may have written more of it."""
        try:
            # not by its name: NumPy leaves a damaged file open
            with np.load(io.BytesIO((path / HISTORY).read_bytes())) as data:
                kept = [data[name] for name in ("iterations", "weights", "mappings", "errors")]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{path}: the model is damaged: {HISTORY}: {error}") from None
        self.history_ = [
            Snapshot(int(number), weights.astype(float), mapping.astype(np.int64), float(error))
            for number, weights, mapping, error in zip(*kept, strict=True)
            if number <= iteration
        ]
        if not self.history_:
            raise UserError(f"{path}: the model is damaged: {HISTORY}: is empty")
        self.labels_ = self.history_[-1].mapping


def _components(vectors: Values) -> tuple[tuple[float, float], Floats]:
    """Deviations along the first two principal components, and these as rows [2,D]."""
    centred = (vectors - vectors.mean(0)).astype(float)
    count, dimensions = vectors.shape
    if dimensions <= count:
        squares, ways = np.linalg.eigh(centred.T @ centred / count)
        order = np.argsort(squares)[::-1][:2]
        spread, ways = np.sqrt(np.maximum(squares[order], 0.0)), ways[:, order].T
    else:
        _, lengths, ways = np.linalg.svd(centred, full_matrices=False)
        spread, ways = lengths[:2] / math.sqrt(count), ways[:2]
    # of one column there is one
    short = 2 - len(spread)
    spread, ways = np.pad(spread, (0, short)), np.pad(ways, ((0, short), (0, 0)))
    return (float(spread[0]), float(spread[1])), ways
