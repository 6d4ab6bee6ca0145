"""`tailrace run` and `tailrace check`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_RUN = """Runs a Python program with `import tensorflow` meaning Tailrace.
Everything after SCRIPT is the program's; its exit status is the command's."""
_CHECK = """Lists every TensorFlow name that programs use and Tailrace does not have, with its line,
without running anything. Exit status 1 if there is any."""


def add_parsers(commands: Any) -> None:
    """Adds both commands."""
    run = commands.add_parser("run", help="run a TensorFlow 1 program", description=_RUN)
    run.add_argument(
        "--profile", action="store_true", help="print where the time of the sessions went"
    )
    run.add_argument(
        "--trace", metavar="FILE", help="of --profile: Chrome trace (default: SCRIPT.trace.json)"
    )
    run.add_argument("script", metavar="SCRIPT")
    run.add_argument("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER)
    run.set_defaults(command=_run)
    check = commands.add_parser(
        "check", help="list what a program needs that is not there", description=_CHECK
    )
    check.add_argument("paths", metavar="PATH", nargs="+", help="program, folder or notebook")
    check.set_defaults(command=_check)


def _run(args: argparse.Namespace) -> int:
    from tailrace.compat.profiled import profiled
    from tailrace.compat.program import run_program

    if not args.profile:
        return run_program(args.script, args.arguments)
    with profiled(Path(args.trace or f"{Path(args.script).stem}.trace.json")):
        return run_program(args.script, args.arguments)


def _check(args: argparse.Namespace) -> int:
    from tailrace.compat.check import check

    report = check(args.paths)
    for finding in report.findings:
        print(f"{finding.place}: {finding.text}{' is not supported' if finding.is_name else ''}")
    names = {finding.text for finding in report.findings if finding.is_name}
    print(f"{report.files} files use {report.names} TensorFlow names; {len(names)} are missing")
    return 1 if report.findings else 0
