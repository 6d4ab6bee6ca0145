"""Measuring one case: a process for each engine and form, taking turns; samples taken while the
machine did something else are thrown away.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.cases import OWN, Case

ROOT = Path(__file__).resolve().parents[1]
TF1 = "TAILRACE_TF1_PYTHON"

# A sample lasts at least this long: processor time is counted in hundredths of a second.
SAMPLE_S = 0.1
# The rule of rejection. Processor time of everything else: this much and this part of the sample.
OTHERS_S, OTHERS_PART = 0.015, 0.1
# Involuntary context switches a second: so many times the lower quartile of the process's samples,
# and so many more. (TensorFlow's idle threads yield, which is counted too: there is no one limit.)
SWITCHES_TIMES, SWITCHES_MORE = 2.0, 60.0
# A median of fewer samples is not judged; so many turns there are at least, whatever they take.
LEAST_KEPT = 5
LEAST_TURNS = 4
# After two turns, forms this much slower than the best of their engine take no more turns.
STRAGGLER = 1.25

Sample = dict[str, float]
Figures = dict[str, Any]


def others_busy(sample: Sample) -> bool:
    """Whether something else used the processors during a sample."""
    return sample["others_s"] > OTHERS_S + OTHERS_PART * sample["seconds"]


def uncontended(samples: list[Sample]) -> list[Sample]:
    """The samples during which the process had the machine to itself."""
    quiet = [s for s in samples if not others_busy(s)]
    if len(quiet) < 2:
        return quiet
    rates = sorted(s["switches"] / s["seconds"] for s in quiet)
    limit = SWITCHES_TIMES * rates[len(rates) // 4] + SWITCHES_MORE
    return [s for s in quiet if s["switches"] / s["seconds"] <= limit]


class WorkerFailed(Exception):
    """A program did not run on an engine; says which and why."""


def _environment(paths: list[str]) -> dict[str, str]:
    """Of a worker that imports from `paths`: Python keeps what it has compiled of this project, as
    it does of the engines that `pip` installed.
    """
    kept = {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}


class Worker:
    """A process that runs one program on one engine, until it is closed."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.engine: str = spec["engine"]
        self.form: str = spec["arguments"].get("form", "")
        tensorflow = self.engine == "tensorflow"
        python = os.environ[TF1] if tensorflow else sys.executable
        paths = [str(ROOT)] if tensorflow else [str(ROOT), str(ROOT / "src")]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (`close` does)
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=_environment(paths),
        )
        self.samples: list[Sample] = []
        self.facts = self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _answer(self) -> Figures:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        told = self._errors.read()[-3000:]
        self.close()
        raise WorkerFailed(f"{self.engine} {self.form} failed:\n{told}")

    def _ask(self, text: str) -> Figures:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return self._answer()

    def sample(self) -> None:
        self.samples.append(self._ask(f"sample {SAMPLE_S}"))

    @property
    def kept(self) -> list[Sample]:
        return uncontended(self.samples)

    @property
    def median_s(self) -> float:
        """Median of a step, of the samples kept if there are any."""
        return statistics.median(s["step_s"] for s in self.kept or self.samples)

    def figures(self) -> Figures:
        """All figures, in seconds and MiB; `judged` says whether there are enough samples."""
        kept = self.kept
        judged = len(kept) >= LEAST_KEPT
        steps = [s["step_s"] for s in (kept if judged else self.samples)]
        low, _, high = (
            statistics.quantiles(steps, n=4, method="inclusive") if len(steps) > 1 else steps * 3
        )
        facts = dict(self.facts)
        start = facts.pop("start")
        return {
            "engine": self.engine,
            "form": self.form,
            **facts,
            "to_first_s": facts["build_s"] + facts["init_s"] + facts["first_s"],
            "start_judged": not others_busy(start),
            "step_s": statistics.median(steps),
            "quartiles_s": [low, high],
            "kept": len(kept),
            "rejected": len(self.samples) - len(kept),
            "judged": judged,
            **self._ask("end"),
        }


def _specs(case: Case, weights: str) -> list[dict[str, Any]]:
    """What each process is told; Tailrace's first form gives PyTorch the weights to begin with."""
    specs = []
    for engine, forms in case.forms.items():
        if engine == "tensorflow" and not os.environ.get(TF1):
            continue
        for form in forms:
            arguments = {**case.arguments, **({"form": form} if form else {})}
            specs.append({"engine": engine, "program": case.program, "arguments": arguments})
            if engine == OWN and case.section == "scaling":
                specs[-1]["count_flops"] = True
    for spec in specs:
        if spec["engine"] == "torch":
            specs[0]["save_weights"] = spec["load_weights"] = weights
    if case.gemm:
        shape = dict(zip(("rows", "inner", "columns"), case.gemm, strict=True))
        specs.append({"engine": "gemm", "program": "gemm", "arguments": shape})
    return specs


def _start(spec: dict[str, Any], tries: int) -> Worker:
    """A worker; one whose start was contended is started again."""
    worker = Worker(spec)
    while tries > 1 and others_busy(worker.facts["start"]):
        worker.close()
        worker, tries = Worker(spec), tries - 1
    return worker


def _stragglers(workers: list[Worker]) -> list[Worker]:
    best: dict[str, float] = {}
    for worker in workers:
        best[worker.engine] = min(best.get(worker.engine, worker.median_s), worker.median_s)
    return [w for w in workers if w.median_s > STRAGGLER * best[w.engine]]


def _take_turns(
    workers: list[Worker], samples: int, budget_s: float, progress: Callable[[float], None]
) -> None:
    """Sample until every worker has so many samples kept, or the time is used up.

    Every other turn goes backwards, so that nobody always follows the same one.
    """
    running, began = list(workers), time.monotonic()
    for turn in itertools.count(1):
        for worker in running[:: 1 if turn % 2 else -1]:
            worker.sample()
            worker.sample()
        if turn == 2:
            late = _stragglers(running)
            running = [worker for worker in running if worker not in late]
        used = (time.monotonic() - began) / budget_s
        done = min(len(worker.kept) for worker in running) / samples
        part = max(done, min(used, turn / LEAST_TURNS))
        progress(min(1.0, part))
        if part >= 1.0:
            return


def measure(
    case: Case,
    *,
    samples: int = 14,
    budget_s: float = 20.0,
    tries: int = 2,
    progress: Callable[[float], None] = lambda part: None,
) -> list[Figures]:
    """Figures of a case, one for each engine and form, and of the matrix product if it has one.

    `samples` are kept of each unless `budget_s` ends before; a contended start is tried again, so
    often in all. `progress` is told the part that is done.
    """
    workers: list[Worker] = []
    with tempfile.TemporaryDirectory() as folder:
        specs = _specs(case, str(Path(folder) / "weights.npz"))
        try:
            for spec in specs:
                workers.append(_start(spec, tries))  # noqa: PERF401 (those begun are ended below)
            _take_turns(workers, samples, budget_s, progress)
            figures = [worker.figures() for worker in workers]
        finally:
            for worker in workers:
                worker.close()
    for f in figures:
        f["step_s"] /= case.per
        f["quartiles_s"] = [q / case.per for q in f["quartiles_s"]]
    return figures


def best(figures: list[Figures], engine: str) -> Figures | None:
    """The figures of an engine's fastest form."""
    mine = [f for f in figures if f["engine"] == engine]
    return min(mine, key=lambda f: f["step_s"]) if mine else None


def own(figures: list[Figures]) -> Figures:
    """The figures of Tailrace's fastest form, or of its application."""
    found = best(figures, OWN) or best(figures, "apps")
    assert found is not None
    return found
