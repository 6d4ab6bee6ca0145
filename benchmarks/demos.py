"""Runs the applications' demonstrations at their real size; their figures go into the README.

    .venv/bin/python -m benchmarks.demos [NAME ...] [--keep DIR]

Every command runs as a user would type it, on its built-in data, into a folder of its own whose
`figures.json` says what it came to on held-out data. All figures found so far are kept in
docs/demos.json, with the machine; the README's table stands between `<!-- demos -->` markers. The
language model's row is what `benchmarks.lm` measured: it is not trained a second time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import lm
from benchmarks.machine import machine
from benchmarks.report import fill
from tailrace.apps.common.figures import Figure, read_figures

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "docs" / "demos.json"
# a demonstration's name: what is typed after `tailrace`, but for --out
DEMOS = {
    "som": ["som", "train"],
    "anomaly": ["anomaly", "train"],
    "classify": ["classify", "compare", "--seeds", "3"],
    "embed": ["embed", "train", "--seeds", "3"],
    "denoise": ["denoise", "train"],
    "translate": ["translate", "train"],
    "translate-numbers": ["translate", "train", "--demo", "numbers"],
    "caption": ["caption", "train"],
    "draw": ["draw", "train"],
    "speech": ["speech", "train"],
    "speech-tones": ["speech", "train", "--demo", "tones"],
    "compare": ["compare"],
}
LIMIT_S = 1800
# a demonstration that is done within so many seconds is run with further seeds
QUICK_S = 60
SEEDS = (1, 2, 3)


def run(name: str, folder: Path) -> dict[str, Any]:
    """One demonstration, with more seeds where it is quick: its command, seconds and figures.

    Raises: RuntimeError where the command fails.
    """
    figures, seconds = _run_seed(name, folder / "1", SEEDS[0])
    if seconds < QUICK_S and all(facts["seeds"] == 1 for facts in figures.values()):
        others = [_run_seed(name, folder / str(seed), seed)[0] for seed in SEEDS[1:]]
        figures = {key: _together([f[key] for f in (figures, *others)]) for key in figures}
    return {
        "command": " ".join(["tailrace", *DEMOS[name]]),
        "seconds": round(seconds, 1),
        "figures": figures,
        **machine(),
    }


def _run_seed(name: str, folder: Path, seed: int) -> tuple[dict[str, Any], float]:
    """Figures and seconds of the command with a seed."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tailrace", *DEMOS[name], "--seed", str(seed), "--out", str(folder)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: status {done.returncode}: {done.stderr.strip()[-500:]}")
    return read_figures(folder)["figures"], time.perf_counter() - begin


def _together(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """One figure's values of several seeds; so for its baseline."""
    baseline = seeds[0]["baseline"]
    beside = None
    if baseline is not None:
        beside = (baseline, statistics.mean(facts["baseline_value"] for facts in seeds))
    return Figure([facts["value"] for facts in seeds], beside, seeds[0]["unit"]).to_json()


def language_model() -> dict[str, Any]:
    """The runs of `tailrace lm train` that were measured, as one of `run`'s."""
    runs = list(json.loads(lm.KEPT.read_text())["reference"].values())
    networks, *others = zip(*(one["scores"] for one in runs), strict=True)
    simple = min((rows[0] for rows in others[:-1]), key=lambda row: row["test_bits"])
    values = [row["test_bits"] for row in networks]
    figure = Figure(values, (simple["name"], simple["test_bits"]))
    seconds = statistics.mean(one["processor_seconds"] for one in runs)
    about = {name: runs[0][name] for name in ("processor", "versions")}
    return {
        "command": "tailrace lm train",
        "seconds": seconds,
        "figures": {"bits per character, test": figure.to_json()},
        **about,
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    """Markdown: a line per figure."""
    lines = [
        "| command | figure, held out | value | beside it | seconds |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for result in [found[name] for name in ("lm", *DEMOS) if name in found]:
        first = [f"`{result['command']}`", f"{result['seconds']:.0f}"]
        for figure, facts in result["figures"].items():
            command, seconds = first
            lines.append(
                f"| {command} | {figure} | {_value(facts)} | {_beside(facts)} | {seconds} |"
            )
            first = ["", ""]
    return "\n".join(lines)


def _value(facts: dict[str, Any]) -> str:
    unit = f" {facts['unit']}" if facts["unit"] else ""
    if facts["deviation"] is None:
        return f"{facts['value']:.4g}{unit}"
    return f"{facts['value']:.4g} ± {facts['deviation']:.2g}{unit} ({facts['seeds']} seeds)"


def _beside(facts: dict[str, Any]) -> str:
    if facts["baseline"] is None:
        return ""
    return f"{facts['baseline']}: {facts['baseline_value']:.4g}"


def about(found: dict[str, dict[str, Any]]) -> str:
    """The machines and versions that the figures are of."""
    machines = {f"{r['processor']}; {r['versions']}" for r in found.values()}
    return f"{'; '.join(sorted(machines))}."


def main(arguments: list[str] | None = None) -> int:
    """Runs the demonstrations named, all by default; 1 where one failed."""
    parser = argparse.ArgumentParser(description="Runs the applications' demonstrations.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DEMOS))
    parser.add_argument("--keep", type=Path, default=ROOT / "build" / "demos", metavar="DIR")
    args = parser.parse_args(arguments)
    unknown = sorted(set(args.names) - set(DEMOS))
    if unknown:
        parser.error(f"no such demonstration: {', '.join(unknown)}; there are {', '.join(DEMOS)}")
    args.keep.mkdir(parents=True, exist_ok=True)
    found = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    failed = False
    for name in args.names or DEMOS:
        folder = args.keep / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        print(f"{name} ...", flush=True)
        try:
            found[name] = run(name, folder)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        print(table({name: found[name]}), flush=True)
        KEPT.write_text(json.dumps(found, indent=1) + "\n")
    readme = ROOT / "README.md"
    found |= {"lm": language_model()}
    block = f"{table(found)}\n\n{about(found)}"
    readme.write_text(fill(readme.read_text(), {"demos": block}))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
