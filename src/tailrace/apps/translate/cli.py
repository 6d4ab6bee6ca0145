"""`tailrace translate`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

from typing import Any

from tailrace.apps.common.options import (
    add_out,
    add_resume,
    add_writers_training,
    add_writing,
    command,
    later,
    subcommands,
)

_HERE = "tailrace.apps.translate"
_TRANSLATE = """examples:
  tailrace translate train                      dates in many forms -> ISO, some minutes
  tailrace translate translate translate-model "the 3rd of May, 2011"
  tailrace translate train english.txt german.txt --minutes 30
"""
_TRAIN = """examples:
  tailrace translate train                      dates in many forms -> ISO, some minutes
  tailrace translate train --demo numbers --epochs 3      number words -> digits, a minute
  tailrace translate train english.txt german.txt --attention bahdanau --minutes 60 --out en-de
  tailrace translate train --resume translate-model
"""
_ASK = """examples:
  tailrace translate translate translate-model "the 3rd of May, 2011" "3.5.11"
  tailrace translate translate translate-model "Mai 3, 2011" --best 3 --picture attention.png
  tailrace translate translate en-de < english.txt > german.txt
"""
_EVAL = """examples:
  tailrace translate eval en-de english.txt german.txt
"""


def add_parser(subparsers: Any) -> None:
    """Adds `translate` and its commands to the command line."""
    parser = command(
        subparsers,
        "translate",
        "learn from pairs of texts to write the second from the first",
        _TRANSLATE,
    )
    commands = subcommands(parser)
    _add_train(commands)
    _add_translate(commands)
    _add_eval(commands)


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "learn to translate from pairs of lines", _TRAIN)
    train.add_argument("source", nargs="?", metavar="SOURCE", help="text file, a text per line")
    train.add_argument(
        "target", nargs="?", metavar="TARGET", help="their translations, line by line"
    )
    train.add_argument("--demo", help="built-in pairs: dates (default) or numbers")
    add_resume(train, "translate-model")
    train.add_argument(
        "--held-out", type=float, metavar="PART", help="part not learnt from (default 0.2)"
    )
    network = train.add_argument_group("the network")
    network.add_argument("--level", help="sources are words (default for files) or char")
    network.add_argument("--target-level", metavar="LEVEL", help="the same for targets")
    network.add_argument("--attention", help="luong (default), bahdanau or none")
    network.add_argument("--cell", help="gru (default) or lstm")
    network.add_argument("--size", type=int, metavar="N", help="units (default 128)")
    network.add_argument("--embedding", type=int, metavar="N", help="per symbol (default 64)")
    network.add_argument("--layers", type=int, metavar="N", help="on both sides (default 1)")
    network.add_argument("--dropout", type=float, metavar="PART", help="of inputs (default 0)")
    network.add_argument(
        "--vocabulary", type=int, metavar="N", help="most symbols of a side (default 10000)"
    )
    network.add_argument(
        "--longest", type=int, metavar="N", help="leave out pairs of more symbols (default 60)"
    )
    add_writers_training(train, "20; demo fewer", "pairs (default 64)")
    add_writing(train, "texts", 4)
    add_out(train, "translate-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))


def _add_translate(commands: Any) -> None:
    ask = command(commands, "translate", "translate texts, or lines of standard input", _ASK)
    ask.add_argument("model", metavar="DIR", help="model folder")
    ask.add_argument("texts", nargs="*", metavar="TEXT", help="texts (default: standard input)")
    ask.add_argument(
        "--best", type=int, metavar="N", help="print N translations each, with log probabilities"
    )
    ask.add_argument("--picture", metavar="PNG", help="write a picture of the attention")
    ask.add_argument(
        "--no-copy", action="store_true", help="leave unknown words as <unk>, copy none"
    )
    add_writing(ask, "texts", 4)
    ask.set_defaults(command=later(f"{_HERE}.asking", "translate"))


def _add_eval(commands: Any) -> None:
    measure = command(commands, "eval", "measure a model on pairs of lines", _EVAL)
    measure.add_argument("model", metavar="DIR", help="model folder")
    measure.add_argument("source", metavar="SOURCE", help="text file, a text per line")
    measure.add_argument("target", metavar="TARGET", help="their translations, line by line")
    add_writing(measure, "texts", 4)
    measure.set_defaults(command=later(f"{_HERE}.asking", "evaluate"))
