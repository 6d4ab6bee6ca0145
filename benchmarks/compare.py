"""Tailrace beside TensorFlow 1.15 and PyTorch: import, building, first step, step and memory of the
same programs.

    python benchmarks/compare.py                       # all programs
    python benchmarks/compare.py lstm_dynamic trivial  # some
    python benchmarks/compare.py --json table.json     # the figures as JSON too

TensorFlow's Python is named by TAILRACE_TF1_PYTHON (`scripts/make_tf1_env` makes one); without it
that column is empty. Every engine runs in a process of its own; all take turns, a few steps each,
so that what else the machine does hits all alike. A sample during which the process was put off the
processor more often than usual (more involuntary context switches than the median sample of its
engine plus two) is thrown away; what is left gives the median and the quartiles.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from programs import PROGRAMS
from torch_programs import PROGRAMS as TORCH_PROGRAMS

HERE = Path(__file__).parent
TF1 = "TAILRACE_TF1_PYTHON"


class Worker:
    """A process that runs one program on one engine."""

    def __init__(self, engine: str, program: str, python: str) -> None:
        self.engine = engine
        path = str(HERE.parent / "src")
        environment = {**os.environ, "PYTHONPATH": path if engine != "tensorflow" else ""}
        self._process = subprocess.Popen(
            [python, str(HERE / "worker.py"), engine, program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.facts = self._answer()
        self.samples: list[list[float]] = []

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)
        assert self._process.stderr is not None
        raise SystemExit(f"{self.engine} failed:\n{self._process.stderr.read()[-2000:]}")

    def _ask(self, text: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return self._answer()

    def step(self, count: int) -> None:
        self.samples.extend(self._ask(f"steps {count}")["samples"])

    def end(self) -> dict[str, Any]:
        """The worker's figures, in seconds and MiB."""
        peak = self._ask("end")["peak_mib"]
        self._process.wait()
        limit = statistics.median(s for _, s in self.samples) + 2
        kept = sorted(seconds for seconds, switches in self.samples if switches <= limit)
        quartiles = statistics.quantiles(kept, n=4) if len(kept) > 1 else [kept[0]] * 3
        return {
            **self.facts,
            "step_s": statistics.median(kept),
            "step_quartiles_s": [quartiles[0], quartiles[2]],
            "samples": len(kept),
            "dropped": len(self.samples) - len(kept),
            "peak_mib": peak,
        }


def measure(program: str, rounds: int) -> dict[str, dict[str, Any]]:
    """Figures by engine; the engines take turns."""
    pythons = {"tailrace": sys.executable}
    if os.environ.get(TF1):
        pythons["tensorflow"] = os.environ[TF1]
    if program in TORCH_PROGRAMS:
        pythons["torch"] = sys.executable
    workers = [Worker(engine, program, python) for engine, python in pythons.items()]
    for _ in range(rounds):
        for worker in workers:
            worker.step(2)
    return {worker.engine: worker.end() for worker in workers}


COLUMNS = (
    ("import s", "import_s", "{:.2f}", 1),
    ("build ms", "build_s", "{:.1f}", 1e3),
    ("µs/node", None, "{:.1f}", 1),
    ("first ms", "first_s", "{:.1f}", 1e3),
    ("step ms", "step_s", "{:.3f}", 1e3),
    ("quartiles", None, "{}", 1),
    ("peak MiB", "peak_mib", "{:.0f}", 1),
    ("step / Tailrace's", None, "{:.2f}", 1),
)


def rows(program: str, figures: dict[str, dict[str, Any]]) -> list[str]:
    """Lines of a Markdown table."""
    own = figures["tailrace"]["step_s"]
    lines = []
    for engine, f in figures.items():
        low, high = (1e3 * q for q in f["step_quartiles_s"])
        computed = {
            "µs/node": 1e6 * f["build_s"] / f["nodes"] if "nodes" in f else None,
            "quartiles": f"{low:.3f}-{high:.3f}",
            "step / Tailrace's": f["step_s"] / own,
        }
        cells = []
        for title, key, form, scale in COLUMNS:
            value = f[key] * scale if key else computed[title]
            cells.append("" if value is None else form.format(value))
        lines.append(f"| {program} | {engine} | " + " | ".join(cells) + " |")
    return lines


def machine() -> str:
    """Which machine and versions the figures are of."""
    import torch

    import tailrace

    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, torch {torch.__version__}, TensorFlow's API "
        f"{tailrace.__version__}"
    )


def main() -> None:
    """Time the programs asked for and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join(PROGRAMS))
    parser.add_argument(
        "--rounds", type=int, default=15, help="turns each engine gets (default 15)"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    unknown = set(args.programs) - set(PROGRAMS)
    if unknown:
        parser.error(f"no program {sorted(unknown)[0]!r}; there are {', '.join(PROGRAMS)}")
    print(machine())
    print("\n| program | engine | " + " | ".join(title for title, *_ in COLUMNS) + " |")
    print("|---|---|" + "---:|" * len(COLUMNS), flush=True)
    everything = {}
    for program in args.programs or PROGRAMS:
        everything[program] = measure(program, args.rounds)
        print("\n".join(rows(program, everything[program])), flush=True)
    if args.json:
        args.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
