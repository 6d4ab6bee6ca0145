"""Records what TensorFlow 1.15.5 does with the conformance cases.

    $TAILRACE_TF1_PYTHON tests/conformance/record.py                   # every file
    $TAILRACE_TF1_PYTHON tests/conformance/record.py cases/basics.py   # one file
    $TAILRACE_TF1_PYTHON tests/conformance/record.py basics::scopes    # one case, others are kept
    $TAILRACE_TF1_PYTHON tests/conformance/record.py --check           # compare, write nothing

Runs under Python 3.7; `scripts/make_tf1_env` makes the environment.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import compare
import golden
from discovery import Case, all_cases, select
from harness import Outcome, run_case

VERSION = "1.15.5"
# a mistake in the case rather than an error of TensorFlow
MISTAKES = ("AttributeError", "NameError", "ImportError", "SyntaxError", "AssertionError")


def main() -> int:
    """Exit status 1 when a case cannot be recorded or, with --check, differs from its record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="FILE[::CASE]")
    parser.add_argument("--check", action="store_true", help="compare with the golden files")
    parser.add_argument("--golden", type=Path, default=golden.GOLDEN, metavar="DIR")
    args = parser.parse_args()
    tf = _tensorflow()
    cases = [case for spec in args.cases for case in select(spec)] if args.cases else all_cases()
    problems: list[str] = []
    for module, group in groupby(cases, key=lambda case: case.module):
        if args.check:
            problems += _check(tf, module, list(group), args.golden)
        else:
            problems += _record(tf, module, list(group), args.golden)
    if problems:
        print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


def _tensorflow() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.simplefilter("ignore")
    try:
        tf: Any = import_module("tensorflow")
    except ImportError:
        raise SystemExit("no TensorFlow here: scripts/make_tf1_env makes the right one") from None
    if tf.__version__ != VERSION:
        raise SystemExit(
            f"golden files come from TensorFlow {VERSION}; {sys.executable} has {tf.__version__}. "
            "scripts/make_tf1_env makes the right one."
        )
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    return tf


def _record(tf: Any, module: str, cases: list[Case], folder: Path) -> list[str]:
    """Runs the cases and writes their records beside those of the module's other cases."""
    present = [case.name for case in select(module)]
    kept = golden.read(module, folder)
    records = {name: record for name, record in kept.items() if name in present}
    problems = []
    for case in cases:
        outcome = run_case(tf, case.function())
        mistake = _mistake(case, outcome)
        if mistake:
            problems.append(mistake)
            continue
        records[case.name] = golden.Record(case.source, outcome)
    golden.write(module, records, folder)
    print(f"{module}: recorded {len(cases) - len(problems)} of {len(present)} cases")
    return problems


def _check(tf: Any, module: str, cases: list[Case], folder: Path) -> list[str]:
    records = golden.read(module, folder)
    problems = []
    for case in cases:
        differences = compare.stale(case, records) or compare.differences(
            records[case.name].outcome, run_case(tf, case.function()), "now"
        )
        problems += [f"{module}::{case.name}: {line}" for line in differences]
    print(f"{module}: {len(cases)} cases, {len(problems)} differences")
    return problems


def _mistake(case: Case, outcome: Outcome) -> str:
    """Why this outcome is no fit record of the case; empty when it is."""
    where = f"{case.module}::{case.name}"
    said = f"{outcome.error[0]}: {outcome.exception}" if outcome.error else ""
    if not outcome.error and case.name.endswith("_error"):
        return f"{where}: is named _error but raises nothing"
    if outcome.error and not case.name.endswith("_error"):
        return f"{where}: raises {said}\n    (a case that is meant to raise ends in _error)"
    if any(name in MISTAKES for name in outcome.error):
        return f"{where}: looks like a mistake in the case: {said}"
    if outcome.tolerance and not outcome.tolerance.get("reason"):
        return f"{where}: a tolerance needs a 'reason'"
    return ""


if __name__ == "__main__":
    sys.exit(main())
