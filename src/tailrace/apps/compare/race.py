"""Every cell on every engine, each in a process of its own, taking turns."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from tailrace.apps.compare.data import Data
from tailrace.apps.compare.settings import Settings
from tailrace.apps.errors import UserError

WORKER = Path(__file__).parent / "engines" / "worker.py"
# batches that each learns from in its turn, and first ones that do not count: plans are made then
TURN, WARM_UP = 10, 3
TITLES = {"tailrace": "Tailrace", "torch": "PyTorch", "tensorflow": "TensorFlow"}

Key = tuple[str, str]
Weights = list[NDArray[Any]]


@dataclass
class Entry:
    """What one cell on one engine came to; an entry per seed where there are several."""

    cell: str
    engine: str
    version: str = ""
    seconds: list[list[float]] = field(default_factory=list)
    losses: list[list[float]] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The engine with its version."""
        return f"{TITLES[self.engine]} {self.version}".strip()

    def timed(self) -> NDArray[Any]:
        """Seconds of every batch that counts."""
        return np.concatenate([np.array(one[WARM_UP:] or one) for one in self.seconds])

    def quartiles(self) -> tuple[float, float, float]:
        """First quartile, median and third quartile of a batch's seconds."""
        low, middle, high = np.percentile(self.timed(), [25, 50, 75])
        return float(low), float(middle), float(high)


@dataclass(frozen=True)
class Pythons:
    """Which Python runs which engine."""

    by_engine: dict[str, str]

    @classmethod
    def found(cls, settings: Settings) -> Pythons:
        """The engines that there are. Raises: UserError where TensorFlow's Python is none."""
        found = {"tailrace": sys.executable, "torch": sys.executable}
        named, without = settings.tf1_python, settings.left_out
        named = named or os.environ.get("TAILRACE_TF1_PYTHON")
        if named and "tensorflow" not in without:
            found["tensorflow"] = _tf1_python(named)
        return cls({name: path for name, path in found.items() if name not in without})


def _tf1_python(named: str) -> str:
    path = shutil.which(os.path.expanduser(named))
    if path is None:
        raise UserError(f"--tf1-python {named}: no such program")
    code = "import tensorflow as tf; print(tf.__version__)"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            [path, "-W", "ignore", "-c", code],
            capture_output=True,
            text=True,
            timeout=120,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"--tf1-python {named}: cannot be run: {error}") from None
    version = done.stdout.strip().rpartition("\n")[2]
    if done.returncode or not version.startswith("1."):
        what = f"has TensorFlow {version}" if version else "has no TensorFlow"
        raise UserError(f"--tf1-python {named}: {what}; one with TensorFlow 1.15 is needed")
    return path


class Worker:
    """One cell on one engine."""

    def __init__(self, python: str, spec: dict[str, Any], errors: IO[str]) -> None:
        self._name = f"{TITLES[spec['engine']]}, {spec['cell']}"
        self._errors = errors
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(WORKER), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # Ctrl-C is for the one who leads them
            start_new_session=True,
        )

    def ask(self, line: str) -> dict[str, Any]:
        """Sends a line; the answer. Raises: UserError where the engine failed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            return self.answer()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next answer. Raises: UserError where the engine failed."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = [text for text in self._errors.read().splitlines() if text.strip()]
            raise UserError(f"{self._name}: failed: {said[-1] if said else 'without a word'}")
        return json.loads(line)

    def end(self) -> None:
        """Ends the process."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.terminate()
        self._process.wait()
        self._errors.close()


class Race:
    """All cells on all engines, learning from the same batches from the same weights."""

    def __init__(self, data: Data, settings: Settings, pythons: Pythons) -> None:
        self.data, self.settings = data, settings
        self._pythons = pythons.by_engine
        self.entries: dict[Key, Entry] = {
            (cell, engine): Entry(cell, engine)
            for cell in settings.names_of_cells
            for engine in self._pythons
        }
        # a cell's weights before and after learning on this engine, of the first seed
        self.first: dict[str, Weights] = {}
        self.last: dict[str, Weights] = {}

    @property
    def measured(self) -> bool:
        """Whether there is a result of every entry."""
        return all(entry.held_out for entry in self.entries.values())

    def run_all(
        self,
        tell: Callable[[float, str, int], None] = lambda done, text, seed: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> bool:
        """The races of all seeds; returns whether they came to their end.

        `tell` hears of the part done, who is at work, and the seed.
        """
        seeds = self.settings.seeds
        for number in range(seeds):
            seed = self.settings.seed + number

            def say(done: float, text: str, seed: int = seed, number: int = number) -> None:
                tell((number + done) / seeds, text, seed)

            if stopped() or not self.run(seed, say, stopped):
                return False
        return True

    def run(
        self, seed: int, tell: Callable[[float, str], None], stopped: Callable[[], bool]
    ) -> bool:
        """A race with weights of a seed; returns whether it came to its end.

        `tell` hears of the part done and who is at work. Asked to stop, it ends after the turn
        under way; what was measured until then stands.
        """
        with tempfile.TemporaryDirectory() as place, _Team() as team:
            folder = Path(place)
            self.data.write(folder / "data.npz")
            self._start(team, folder, seed, tell)
            finished = self._turns(team.workers, tell, stopped)
            for key, worker in team.workers.items():
                tell(1.0, f"{_said(key)}: held-out text")
                self.entries[key].held_out.append(worker.ask("held-out")["loss"])
            self._keep(team.workers, folder)
        return finished

    def _start(
        self, team: _Team, folder: Path, seed: int, tell: Callable[[float, str], None]
    ) -> None:
        """Starts the workers: Tailrace's first, from whose weights all begin."""
        settings = self.settings
        common = {
            "data": str(folder / "data.npz"),
            "vocabulary": self.data.vocabulary,
            "size": settings.size,
            "layers": settings.layers,
            "learning_rate": settings.learning_rate,
            "seed": seed,
        }
        for engine, python in self._pythons.items():
            for cell in settings.names_of_cells:
                spec = {**common, "engine": engine, "cell": cell}
                if engine != "tailrace":
                    spec["weights"] = str(folder / f"{cell}-first.npz")
                tell(0.0, f"{_said((cell, engine))}: starts")
                worker = Worker(python, spec, (folder / f"{engine}-{cell}").open("w+"))
                team.workers[cell, engine] = worker
                self.entries[cell, engine].version = worker.answer()["version"].split("+")[0]
                if engine == "tailrace":
                    worker.ask(f"save {folder / f'{cell}-first.npz'}")

    def _turns(
        self,
        workers: dict[Key, Worker],
        tell: Callable[[float, str], None],
        stopped: Callable[[], bool],
    ) -> bool:
        updates, done = self.settings.updates, 0
        for key in workers:
            self.entries[key].losses.append([])
            self.entries[key].seconds.append([])
        order = list(workers)
        while done < updates and not stopped():
            count = min(TURN, updates - done)
            for key in order:
                tell(done / updates, f"{_said(key)}: batch {done + 1}")
                found = workers[key].ask(f"steps {count}")
                self.entries[key].losses[-1] += found["losses"]
                self.entries[key].seconds[-1] += found["seconds"]
            done += count
            # nobody is always the first
            order = [*order[1:], order[0]]
        return done == updates

    def _keep(self, workers: dict[Key, Worker], folder: Path) -> None:
        """Keeps what each cell's weights were and have become on this engine."""
        for cell in self.settings.names_of_cells:
            if cell in self.first:
                continue
            workers[cell, "tailrace"].ask(f"save {folder / f'{cell}-last.npz'}")
            self.first[cell] = _weights(folder / f"{cell}-first.npz")
            self.last[cell] = _weights(folder / f"{cell}-last.npz")


class _Team:
    """Workers that end with the block."""

    def __init__(self) -> None:
        self.workers: dict[Key, Worker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers.values():
            worker.end()


def _weights(file: Path) -> Weights:
    with np.load(file) as arrays:
        return [arrays[f"arr_{number}"] for number in range(len(arrays.files))]


def _said(key: Key) -> str:
    return f"{TITLES[key[1]]}, {key[0]}"
