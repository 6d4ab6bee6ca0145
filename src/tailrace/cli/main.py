"""Reads the command line and calls what it names; PyTorch is loaded by the command, not before."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version

from tailrace.apps import COMMANDS, UserError
from tailrace.apps.common.options import subcommands
from tailrace.cli import graphs, programs
from tailrace.compat.errors import ProgramError

_EXAMPLES = """examples:
  tailrace run train.py --epochs 3     run a TensorFlow 1 program, unchanged
  tailrace run --profile train.py      ... and see where its time goes
  tailrace check my_project/           what it needs that Tailrace does not have
  tailrace graph model.meta            draw a graph for the browser
  tailrace lm train book.txt           train a language model
  tailrace lm next lm-model "Once "    ... and ask it what comes next
"""
_USAGE_ERROR = 2
_INTERRUPTED = 130


def build_parser() -> argparse.ArgumentParser:
    """The command line with all its commands."""
    parser = argparse.ArgumentParser(
        prog="tailrace",
        description="Runs TensorFlow 1 programs on current Python; trains recurrent networks.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tailrace {version('tailrace')}")
    commands = subcommands(parser)
    programs.add_parsers(commands)
    graphs.add_parser(commands)
    for name in COMMANDS:
        importlib.import_module(f"tailrace.apps.{name}.cli").add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status (2: wrong usage or input, 130: interrupted)."""
    args = build_parser().parse_args(argv)
    try:
        return args.command(args) or 0
    except (ProgramError, UserError) as error:
        print(f"tailrace: {error}", file=sys.stderr)
        return _USAGE_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # whoever reads the output has seen enough; nothing more may be written on exit
        sys.stdout = None
        return 1
