"""Commands and options; reads the command line only, loads nothing heavy."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from typing import Any

Command = Callable[[argparse.Namespace], int | None]


class Parser(argparse.ArgumentParser):
    """Lets options stand anywhere: before, between and behind the names and texts of a command."""

    _whole = False

    # its overloads say no more than this
    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """As the base class, which would give `DIR --best 3 TEXT` no text."""
        rest = {argparse.PARSER, argparse.REMAINDER}
        if self._whole or any(action.nargs in rest for action in self._actions):
            return super().parse_known_args(args, namespace)
        # asks this function for the options, then for what they leave
        self._whole = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._whole = False


def command(subparsers: Any, name: str, text: str, examples: str) -> argparse.ArgumentParser:
    """Adds a command; `text` says in half a sentence what it does.

    `examples` is shown under its help: "example:" or "examples:", then lines that can be typed.
    """
    return subparsers.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def subcommands(parser: argparse.ArgumentParser) -> Any:
    """Makes a command one of several commands: what `command` takes as `subparsers`."""
    return parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=Parser
    )


def later(module: str, function: str) -> Command:
    """A function by name, whose module is loaded when it is called."""

    def run(args: argparse.Namespace) -> int | None:
        return getattr(importlib.import_module(module), function)(args)

    return run


def add_out(parser: argparse._ActionsContainer, default: str, what: str = "model folder") -> None:
    """`--out DIR`; without it `files.free_folder(default)` says where."""
    parser.add_argument("--out", metavar="DIR", help=f"{what} (default: {default})")


def add_resume(parser: argparse._ActionsContainer, default: str) -> None:
    """`--resume [DIR]`, which `runs.resumed_folder` reads."""
    parser.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="DIR",
        help=f"go on with the training of a model folder (default: --out, or {default})",
    )


def add_seed(parser: argparse._ActionsContainer, default: int | None = None) -> None:
    """`--seed N`; `default` is only said."""
    said = "" if default is None else f" (default {default})"
    parser.add_argument("--seed", type=int, help=f"same seed, same random numbers{said}")


def add_ends(parser: argparse._ActionsContainer, minutes: float) -> None:
    """`--minutes M` and `--epochs N`: when training ends; the default is only said."""
    parser.add_argument("--minutes", type=float, help=f"end after this time (default {minutes:g})")
    parser.add_argument("--epochs", type=int, metavar="N", help="end after N passes instead")


def add_writing(parser: argparse._ActionsContainer, what: str, beam: int) -> None:
    """`--beam N` and `--length-penalty A`: how a network that writes does so."""
    parser.add_argument(
        "--beam", type=int, metavar="N", help=f"{what} kept while writing (default {beam})"
    )
    parser.add_argument(
        "--length-penalty", type=float, metavar="A", help="0 for none, more for long (default 0.6)"
    )


def add_writers_training(train: argparse.ArgumentParser, epochs: str, batch: str) -> None:
    """The options for the training of a network that writes; the defaults are only said."""
    training = train.add_argument_group("training")
    training.add_argument("--epochs", type=int, metavar="N", help=f"passes (default {epochs})")
    training.add_argument("--minutes", type=float, metavar="M", help="end after this time")
    training.add_argument(
        "--patience", type=int, metavar="N", help="end after N epochs without gain (default 5)"
    )
    training.add_argument("--batch", type=int, metavar="N", help=f"a step's {batch}")
    training.add_argument("--learning-rate", type=float, metavar="R", help="Adam's, at its highest")
    add_seed(training, 1)
