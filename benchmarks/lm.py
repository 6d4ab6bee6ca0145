"""Language models over texts, levels and seeds, beside n-gram models; the figures go into docs.

    .venv/bin/python -m benchmarks.lm [--seeds 1 2 3] [--cases reference docstrings words]
        [--epochs N]

Every run is the command that a user types, with its default settings (`--epochs` in place of its
time where the machine is not quiet). What was found before is kept in docs/lm.json, one run per
case and seed; the tables in docs/applications/lm.md and the README stand between markers.

`reference` is the default text. `docstrings` is a text that nothing was tuned on: the docstrings of
the standard library's top-level modules, alphabetically, each once, the first 400,000 characters.
`words` is the default text word by word.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.report import fill
from tailrace.apps.common.parts import mean_and_deviation

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "docs" / "lm.json"
PAGES = [ROOT / "README.md", ROOT / "docs" / "applications" / "lm.md"]
CURVE = ROOT / "docs" / "images" / "curve.png"
LENGTH = 400_000
# settings other than the default ones
OPTIONS: list[str] = []
TITLES = {
    "reference": "Python's reference, characters: bits",
    "docstrings": "docstrings of the standard library, characters: bits",
    "words": "Python's reference, words: perplexity",
}


def docstrings() -> str:
    """The text of the case `docstrings`."""
    found: dict[str, None] = {}
    for path in sorted(Path(os.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node)
                found.update({text: None} if text else {})
    return "\n\n".join(found)[:LENGTH] + "\n"


def run(case: str, seed: int, epochs: int | None) -> dict[str, Any]:
    """One run of the command: rows of its table, seconds, processor seconds.

    Raises: subprocess.CalledProcessError where it fails.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        command = [sys.executable, "-m", "tailrace", "lm", "train", "--seed", str(seed), *OPTIONS]
        if case == "docstrings":
            text = Path(place) / "docstrings.txt"
            text.write_text(docstrings())
            command.append(str(text))
        command += ["--level", "word"] if case == "words" else []
        command += [] if epochs is None else ["--epochs", str(epochs)]
        begin, used = time.perf_counter(), _processor_s()
        subprocess.run([*command, "--out", str(folder)], check=True, stdout=subprocess.DEVNULL)
        kept = json.loads((folder / "model.json").read_text())
        if (case, seed) == ("reference", 1):
            shutil.copyfile(folder / "curve.png", CURVE)
        return {
            "scores": kept["results"]["scores"],
            "settings": kept["settings"],
            "steps": kept["progress"]["step"],
            "seconds": round(time.perf_counter() - begin),
            "processor_seconds": round(_processor_s() - used),
            **machine(),
        }


def _processor_s() -> float:
    """Processor seconds of all programs that this one ran."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def table(case: str, runs: dict[str, Any]) -> str:
    """Markdown: network, baselines and mixture on both held-out parts, over seeds."""
    found = [runs[seed]["scores"] for seed in sorted(runs)]
    lines = [f"| {TITLES[case]} | validation | test |", "| --- | ---: | ---: |"]
    for rows in zip(*found, strict=True):
        # a mixture's name holds its weights, which differ from seed to seed
        name = rows[0]["name"].split(", mixed")[0] + (", mixed" * ("mixed" in rows[0]["name"]))
        lines.append(
            f"| {name} | {_cell(case, rows, 'validation_bits')} "
            f"| {_cell(case, rows, 'test_bits')} |"
        )
    seconds = statistics.mean(one["processor_seconds"] for one in runs.values())
    steps = statistics.mean(one["steps"] for one in runs.values())
    lines.append(
        f"\n{len(runs)} seed{'s' * (len(runs) > 1)}; {steps:,.0f} steps, {seconds:.0f} processor "
        f"seconds a run, table and report included."
    )
    return "\n".join(lines)


def _cell(case: str, rows: tuple[dict[str, float], ...], name: str) -> str:
    values = [2 ** row[name] if case == "words" else row[name] for row in rows]
    if max(values) - min(values) < 1e-9:
        return f"{values[0]:.1f}" if case == "words" else f"{values[0]:.3f}"
    if case == "words":
        return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"
    return mean_and_deviation(values)


def write(found: dict[str, Any]) -> None:
    """Keeps the figures, fills the pages."""
    KEPT.write_text(json.dumps(found, indent=1) + "\n")
    machines = {
        f"{one['processor']}; {one['versions']}" for c in found.values() for one in c.values()
    }
    tables = [table(case, found[case]) for case in TITLES if case in found]
    block = "\n\n".join([*tables, "; ".join(sorted(machines)) + "."])
    for page in PAGES:
        page.write_text(fill(page.read_text(), {"lm": block}))


def main(arguments: list[str] | None = None) -> None:
    """Runs what is asked for and writes it down, one run after the other."""
    parser = argparse.ArgumentParser(description="Language models beside n-gram models.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cases", nargs="+", choices=TITLES, default=list(TITLES))
    parser.add_argument("--epochs", type=int, help="in place of the default time")
    args = parser.parse_args(arguments)
    for case in args.cases:
        for seed in args.seeds:
            result = run(case, seed, args.epochs)
            found = json.loads(KEPT.read_text()) if KEPT.exists() else {}
            found.setdefault(case, {})[str(seed)] = result
            write(found)
            network = result["scores"][0]
            print(case, seed, network, f"{result['processor_seconds']} s", flush=True)


if __name__ == "__main__":
    main()
