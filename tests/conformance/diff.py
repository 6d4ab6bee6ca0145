"""Shows side by side what TensorFlow 1.15.5 and Tailrace do with one case, or a file of them.

    python tests/conformance/diff.py cases/basics.py::scopes

The environment variable TAILRACE_TF1_PYTHON names the Python that has TensorFlow 1.15.5
(`scripts/make_tf1_env` prints it); it runs the case afresh. Without it, the golden file serves.
"""

from __future__ import annotations

import argparse
import difflib
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import compare
import golden
from discovery import Case, select
from harness import Outcome, run_case

HERE = Path(__file__).parent
ORACLE = "TAILRACE_TF1_PYTHON"
CONTEXT = 3


def main() -> int:
    """Exit status 1 when anything differs."""
    sys.path.insert(0, str(HERE.parents[1] / "src"))
    import tailrace as tf

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("cases", metavar="FILE[::CASE]")
    parser.add_argument("--nodes", action="store_true", help="print Tailrace's whole node list")
    args = parser.parse_args()
    cases = select(args.cases)
    expected = _expected(args.cases, cases[0].module)
    different = 0
    for case in cases:
        outcome = run_case(tf, case.function())
        lines = list(_report(case, expected, outcome, args.nodes))
        print("\n".join([f"== {case.module}::{case.name}", *(lines or ["the same"])]))
        different += bool(lines)
    return 1 if different else 0


def _expected(spec: str, module: str) -> dict[str, golden.Record]:
    """What TensorFlow does with the cases, asked now if that is possible."""
    oracle = os.environ.get(ORACLE)
    if not oracle:
        print(f"({ORACLE} is not set: comparing with the golden file)", file=sys.stderr)
        return golden.read(module)
    with tempfile.TemporaryDirectory() as folder:
        command = [oracle, str(HERE / "record.py"), spec, "--golden", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout + done.stderr, file=sys.stderr)
        return golden.read(module, Path(folder))


def _report(
    case: Case, expected: dict[str, golden.Record], outcome: Outcome, whole: bool
) -> Iterator[str]:
    if whole:
        yield from (str(node) for node in outcome.nodes)
    missing = compare.stale(case, expected)
    if missing:
        yield from missing
        return
    theirs = expected[case.name].outcome
    left, right = ([str(node) for node in side.nodes] for side in (theirs, outcome))
    yield from difflib.unified_diff(left, right, "TensorFlow", "Tailrace", "", "", CONTEXT, "")
    yield from (text for text in compare.differences(theirs, outcome) if not _is_node(text))
    if outcome.exception is not None and not theirs.error:
        yield "".join(traceback.format_exception(outcome.exception))


def _is_node(text: str) -> bool:
    """Nodes are shown by the unified diff already."""
    return text.startswith("node ")


if __name__ == "__main__":
    sys.exit(main())
