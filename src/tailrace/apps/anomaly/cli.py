"""`tailrace anomaly`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from tailrace.apps.common.options import add_out, add_resume, add_seed, command, later, subcommands

_HERE = "tailrace.apps.anomaly"
_ANOMALY = """examples:
  tailrace anomaly train                        finds the bad beats of a built-in ECG, a minute
  tailrace anomaly train normal.csv --test other.csv --label bad
  tail -f new.csv | tailrace anomaly watch anomaly-model
"""
_TRAIN = """examples:
  tailrace anomaly train                        a generated ECG, one minute
  tailrace anomaly train --demo recorded --seeds 3
  tailrace anomaly train machine.csv --columns heat,speed --window 100 --out machine
  tailrace anomaly train normal.csv --test labelled.csv --label bad --method autoencoder
  tailrace anomaly train --resume anomaly-model
"""
_SCORE = """examples:
  tailrace anomaly score anomaly-model new.csv
  tailrace anomaly score anomaly-model new.csv --out scores.csv --label bad
"""
_WATCH = """examples:
  tail -f new.csv | tailrace anomaly watch anomaly-model
  cut -d, -f2 new.csv | tailrace anomaly watch anomaly-model --all
"""


def add_parser(subparsers: Any) -> None:
    """Adds `anomaly` and its commands to the command line."""
    parser = command(
        subparsers, "anomaly", "find what is odd in time series, as it comes", _ANOMALY
    )
    commands = subcommands(parser)
    _add_train(commands)
    _add_score(commands)
    _add_watch(commands)


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--label", metavar="COLUMN", help="column of 0 (normal) and 1 (bad)")


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "learn what is normal in a series", _TRAIN)
    train.add_argument(
        "file", nargs="?", metavar="CSV", help="a row per point (default: a built-in ECG)"
    )
    train.add_argument("--demo", help="the built-in ECG: generated (default) or recorded")
    train.add_argument("--test", metavar="CSV", help="series to try it on (default: the last part)")
    train.add_argument("--columns", metavar="A,B", help="channels (default: all of numbers)")
    _add_columns(train)
    train.add_argument(
        "--held-out", type=float, metavar="PART", help="part kept without --test (default 0.3)"
    )
    train.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="networks for the table's deviations"
    )
    network = train.add_argument_group("the network")
    network.add_argument("--method", help="predictor (default) or autoencoder")
    network.add_argument("--size", type=int, metavar="N", help="units (default 32)")
    network.add_argument("--window", type=int, metavar="N", help="points seen at once (default 80)")
    network.add_argument("--ahead", type=int, metavar="N", help="points predicted (default 5)")
    network.add_argument("--steps", type=int, metavar="N", help="training steps (default 500)")
    network.add_argument("--batch", type=int, metavar="N", help="windows of a step (default 16)")
    network.add_argument("--learning-rate", type=float, metavar="R", help="Adam's, at its highest")
    add_seed(network, 1)
    alarms = train.add_argument_group("the alarms")
    alarms.add_argument(
        "--false-alarms",
        type=float,
        metavar="PART",
        help="part of normal points that may be marked (default 0.005)",
    )
    alarms.add_argument(
        "--smooth", type=int, metavar="N", help="a score is the mean of N points (default 8)"
    )
    alarms.add_argument(
        "--stride", type=int, metavar="N", help="distance of the autoencoder's windows (default 8)"
    )
    add_resume(train, "anomaly-model")
    add_out(train, "anomaly-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))


def _add_score(commands: Any) -> None:
    score = command(commands, "score", "score a series and list what is odd in it", _SCORE)
    score.add_argument("model", metavar="DIR", help="model folder")
    score.add_argument("file", metavar="CSV", help="series with the model's channels")
    _add_columns(score)
    score.add_argument("--out", metavar="CSV", help="write score and alarm of every point")
    score.set_defaults(command=later(f"{_HERE}.asking", "score"))


def _add_watch(commands: Any) -> None:
    watch = command(commands, "watch", "read points from standard input, say what is odd", _WATCH)
    watch.add_argument("model", metavar="DIR", help="model folder")
    watch.add_argument("--all", action="store_true", help="print every point, not alarms alone")
    watch.set_defaults(command=later(f"{_HERE}.asking", "watch"))
