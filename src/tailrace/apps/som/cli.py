"""`tailrace som`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from tailrace.apps.common.options import add_out, add_resume, add_seed, command, later, subcommands

_HERE = "tailrace.apps.som.commands"
DEMOS = ("countries", "iris", "wine", "breast-cancer", "digits")
_SOM = """examples:
  tailrace som train                        a map of the built-in table of countries
  tailrace som map som-model table.csv      which unit each row belongs to
"""
_TRAIN = """examples:
  tailrace som train                        invented countries, 12 indicators, values missing
  tailrace som train --demo wine --surface torus
  tailrace som train table.csv --rows 10 --cols 14 --group region --out map
  tailrace som train table.parquet --use height,weight,age --training online --iterations 100
"""
_MAP = """examples:
  tailrace som map som-model table.csv
  tailrace som map som-model table.csv --to units.csv
"""


def add_parser(subparsers: Any) -> None:
    """Adds `som` and its commands to the command line."""
    parser = command(subparsers, "som", "self-organizing maps: a table laid out on a grid", _SOM)
    commands = subcommands(parser)
    _add_train(commands)
    _add_map(commands)


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "train a map and draw it", _TRAIN)
    train.add_argument("file", nargs="?", metavar="FILE", help="CSV or Parquet file")
    data = train.add_argument_group("the data")
    data.add_argument("--demo", help=f"a built-in table instead: {', '.join(DEMOS)}")
    data.add_argument("--use", metavar="A,B,...", help="columns (default: all of numbers)")
    data.add_argument("--label", metavar="COLUMN", help="names the rows in the pictures")
    data.add_argument("--group", metavar="COLUMN", help="colours the rows in the pictures")
    data.add_argument("--scale", help="standard (default: mean 0, deviation 1), range, none")
    data.add_argument(
        "--missing",
        help="missing values are left out of distances (mask, default), or filled: mean, median, "
        "neighbours; drop leaves out the row",
    )
    data.add_argument(
        "--held-out",
        type=float,
        metavar="PART",
        help="part of the rows kept for the test (default 0.2)",
    )
    _add_grid(train.add_argument_group("the grid"))
    _add_training(train.add_argument_group("the training"))


def _add_grid(grid: Any) -> None:
    grid.add_argument("--rows", type=int, metavar="N", help="default: by the data")
    grid.add_argument("--cols", type=int, metavar="N", help="default: by the data")
    grid.add_argument("--topology", help="hexagonal (default) or rectangular")
    grid.add_argument("--surface", help="plane (default) or torus")
    grid.add_argument("--clusters", type=int, metavar="N", help="groups drawn (default: the best)")


def _add_training(training: argparse._ArgumentGroup) -> None:
    training.add_argument(
        "--training", help="batch (default), or online: one vector after the other"
    )
    training.add_argument("--iterations", type=int, metavar="N", help="passes (default 40)")
    training.add_argument(
        "--neighbourhood", help="gaussian (default), bubble, mexican-hat (online only)"
    )
    training.add_argument(
        "--sigma", type=float, metavar="R", help="radius at the start (default: half the grid)"
    )
    training.add_argument("--sigma-end", type=float, metavar="R", help="at the end (default 0.7)")
    kinds = "linear, exponential, inverse, constant"
    training.add_argument("--sigma-decay", help=f"exponential (default); {kinds}")
    training.add_argument("--alpha", type=float, metavar="A", help="learning rate, online (0.5)")
    training.add_argument("--alpha-end", type=float, metavar="A", help="at the end (default 0.01)")
    training.add_argument("--alpha-decay", help=f"linear (default); {kinds}")
    training.add_argument("--start", help="pca (default) or random")
    add_seed(training, 1)
    add_resume(training, "som-model")
    add_out(training, "som-model")
    training.set_defaults(command=later(_HERE, "train"))


def _add_map(commands: Any) -> None:
    parser = command(commands, "map", "say which unit each row of a table belongs to", _MAP)
    parser.add_argument("model", metavar="MODEL", help="model folder")
    parser.add_argument("file", metavar="FILE", help="CSV or Parquet file")
    parser.add_argument("--label", metavar="COLUMN", help="names the rows")
    parser.add_argument("--to", metavar="FILE", help="write a CSV file instead of a table")
    parser.set_defaults(command=later(_HERE, "map_rows"))
