"""`tailrace caption`: what it takes and which command that is. Loads nothing heavy."""

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

_HERE = "tailrace.apps.caption"
_CAPTION = """examples:
  tailrace caption train                        built-in scenes of shapes, some minutes
  tailrace caption train photos --captions captions.csv --side 64 --minutes 60
  tailrace caption describe caption-model picture.png
"""
_TRAIN = """examples:
  tailrace caption train                        built-in scenes of shapes, some minutes
  tailrace caption train --epochs 2 --pictures scenes     a try; some test scenes as files
  tailrace caption train photos --captions captions.csv --side 64 --minutes 60 --out mine
  tailrace caption train --resume caption-model
"""
_DESCRIBE = """examples:
  tailrace caption describe caption-model picture.png other.jpg
  tailrace caption describe caption-model picture.png --best 3 --picture looks.png
"""
_EVAL = """examples:
  tailrace caption eval mine photos --captions captions.csv
"""


def add_parser(subparsers: Any) -> None:
    """Adds `caption` and its commands to the command line."""
    parser = command(
        subparsers, "caption", "learn to describe pictures, looking at their regions", _CAPTION
    )
    commands = subcommands(parser)
    _add_train(commands)
    _add_describe(commands)
    _add_eval(commands)


def _add_captions(parser: Any) -> None:
    parser.add_argument(
        "--captions", metavar="CSV", help="columns file and caption, a line per caption"
    )


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "learn from pictures with captions", _TRAIN)
    train.add_argument("folder", nargs="?", metavar="FOLDER", help="pictures (default: built-in)")
    _add_captions(train)
    add_resume(train, "caption-model")
    train.add_argument(
        "--held-out", type=float, metavar="PART", help="part not learnt from (default 0.2)"
    )
    train.add_argument(
        "--pictures", metavar="DIR", help="write a few of the built-in scenes there as files"
    )
    network = train.add_argument_group("the network")
    network.add_argument(
        "--side", type=int, metavar="N", help="pictures are made N x N pixels (default 32)"
    )
    network.add_argument(
        "--filters", type=int, metavar="N", help="of the first convolution (default 16)"
    )
    network.add_argument("--attention", help="luong (default), bahdanau or none")
    network.add_argument("--cell", help="lstm (default) or gru")
    network.add_argument("--size", type=int, metavar="N", help="units that write (default 96)")
    network.add_argument("--embedding", type=int, metavar="N", help="per word (default 48)")
    network.add_argument("--dropout", type=float, metavar="PART", help="of inputs (default 0)")
    network.add_argument(
        "--vocabulary", type=int, metavar="N", help="most words, marks included (default 10000)"
    )
    add_writers_training(train, "12", "captions (default 32)")
    add_writing(train, "captions", 3)
    add_out(train, "caption-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))


def _add_describe(commands: Any) -> None:
    ask = command(commands, "describe", "write captions of pictures", _DESCRIBE)
    ask.add_argument("model", metavar="DIR", help="model folder")
    ask.add_argument("images", nargs="+", metavar="IMAGE", help="picture files")
    ask.add_argument(
        "--best", type=int, metavar="N", help="print N captions each, with log probabilities"
    )
    ask.add_argument("--picture", metavar="PNG", help="write where the network looked")
    add_writing(ask, "captions", 3)
    ask.set_defaults(command=later(f"{_HERE}.asking", "describe"))


def _add_eval(commands: Any) -> None:
    measure = command(commands, "eval", "measure a model on pictures with captions", _EVAL)
    measure.add_argument("model", metavar="DIR", help="model folder")
    measure.add_argument("folder", metavar="FOLDER", help="pictures")
    _add_captions(measure)
    add_writing(measure, "captions", 3)
    measure.set_defaults(command=later(f"{_HERE}.asking", "evaluate"))
