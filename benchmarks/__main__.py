"""Tailrace beside TensorFlow 1.15 and PyTorch on the same work, in one run.

    python -m benchmarks                          # everything
    python -m benchmarks recurrent                # one section
    python -m benchmarks --case gru-65-128        # one case
    python -m benchmarks --resume                 # what the file of figures does not have yet
    python -m benchmarks --device gpu             # the recurrent table on a GPU, beside PyTorch

`docs/performance.md` says what is measured and how. The figures go to a JSON file, where those of
several calls add up; `scripts/update_benchmarks` writes them into the documents. TensorFlow's
Python is named by TAILRACE_TF1_PYTHON (`scripts/make_tf1_env` makes one); without it that column
stays empty.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmarks import report
from benchmarks.bars import bars
from benchmarks.cases import CASES, SECTIONS, Case
from benchmarks.machine import machine
from benchmarks.measure import ROOT, TF1, Figures, WorkerFailed, measure
from benchmarks.worker import DEVICE

RESULTS = ROOT / "build" / "benchmarks.json"
GPU_RESULTS = ROOT / "build" / "benchmarks-gpu.json"
# the programs that PyTorch's side of has been moved to a GPU
ON_GPU = ("recurrent",)


def read(path: Path) -> dict[str, Any]:
    """The figures of a file: `machine`, and `cases` by name; empty if there is none."""
    return json.loads(path.read_text()) if path.exists() else {"machine": None, "cases": {}}


def write(path: Path, machine_now: dict[str, str], cases: dict[str, list[Figures]]) -> None:
    """Write figures in the order in which the cases stand."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = {name: cases[name] for name in CASES if name in cases}
    path.write_text(json.dumps({"machine": machine_now, "cases": ordered}, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").split("\n")[0])
    add = parser.add_argument
    add("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    add("--case", action="append", metavar="NAME", help="this case only; may be repeated")
    add("--samples", type=int, default=14, help="samples kept of each form (default 14)")
    add("--budget", type=float, default=20.0, help="seconds of samples a case (default 20)")
    add("--resume", action="store_true", help="leave out the cases that the file has")
    add(
        "--json", type=Path, help=f"file of the figures (default {RESULTS}, on a GPU {GPU_RESULTS})"
    )
    add("--device", choices=("cpu", "gpu"), default="cpu", help="where it is computed")
    add("--forms", action="store_true", help="show every form, not the fastest only")
    add("--list", action="store_true", help="list the cases and end")
    args = parser.parse_args()
    for given, known in ((args.sections, SECTIONS), (args.case or [], CASES)):
        if unknown := set(given) - set(known):
            parser.error(f"there is no {sorted(unknown)[0]!r}; there are {', '.join(known)}")
    args.json = args.json or (GPU_RESULTS if args.device == "gpu" else RESULTS)
    if args.device == "gpu":
        _to_gpu(parser, args)
    return args


def _to_gpu(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Have the workers compute on a GPU; TensorFlow 1.15 is left out, whose CUDA is too old."""
    if not torch.cuda.is_available():
        parser.error("--device gpu: PyTorch sees no CUDA device here")
    args.sections = args.sections or list(ON_GPU)
    for name in args.sections + [CASES[name].section for name in args.case or []]:
        if name not in ON_GPU:
            parser.error(f"--device gpu: of the sections only {', '.join(ON_GPU)} can be moved")
    os.environ[DEVICE] = "gpu"
    os.environ.pop(TF1, None)


def _chosen(args: argparse.Namespace) -> list[Case]:
    names = args.case or [
        name for name, case in CASES.items() if case.section in (args.sections or SECTIONS)
    ]
    return [CASES[name] for name in names]


def main() -> None:
    """Measure the cases asked for, write their figures, show all that the file has."""
    args = _arguments()
    chosen = _chosen(args)
    console = Console()
    if args.list:
        console.print("\n".join(case.name for case in chosen))
        return
    if not os.environ.get(TF1):
        console.print(f"without TensorFlow: {TF1} names no Python (scripts/make_tf1_env)")
    now, earlier = machine(args.device == "gpu"), read(args.json)
    done = earlier["cases"] if earlier["machine"] == now else {}
    if args.resume:
        chosen = [case for case in chosen if case.name not in done]
    failed = _measure_all(chosen, args, now, done, console)
    show(console, now, {name: done[name] for name in CASES if name in done}, forms=args.forms)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def _measure_all(
    cases: list[Case],
    args: argparse.Namespace,
    machine_now: dict[str, str],
    done: dict[str, list[Figures]],
    console: Console,
) -> list[str]:
    """Measure case after case into `done` and the file; gives the names of those that failed."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), TimeElapsedColumn())
    failed = []
    # drawn between the turns alone: a clock that ticks beside the samples would contend with them
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        whole = progress.add_task("all", total=len(cases) or 1)
        for case in cases:
            task = progress.add_task(case.name, total=1.0)
            progress.refresh()

            def tell(part: float, task: TaskID = task) -> None:
                progress.update(task, completed=part, refresh=True)

            try:
                done[case.name] = measure(
                    case, samples=args.samples, budget_s=args.budget, progress=tell
                )
                write(args.json, machine_now, done)
                console.print(report.line(case.name, done[case.name]))
            except WorkerFailed as failure:
                failed.append(case.name)
                console.print(f"{case.name}: {failure}", markup=False)
            progress.remove_task(task)
            progress.advance(whole)
    return failed


def show(
    console: Console, facts: dict[str, str], results: dict[str, list[Figures]], *, forms: bool
) -> None:
    """Print machine, tables and verdicts."""
    if not console.is_terminal:
        console.width = 180
    console.print("\n" + report.about(facts, results))
    for table in [*([report.forms(results)] if forms else []), *report.tables(results)]:
        if table.rows:
            console.print()
            table.show(console)
    console.print("\n" + report.summary(bars(results)))


if __name__ == "__main__":
    main()
