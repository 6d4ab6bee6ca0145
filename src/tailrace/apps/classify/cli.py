"""`tailrace classify`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from tailrace.apps.common.options import add_out, add_resume, add_seed, command, later, subcommands

_HERE = "tailrace.apps.classify"
DEMOS = ("tweets", "iris", "wine", "breast-cancer", "digits")
_CLASSIFY = """examples:
  tailrace classify train                       feelings of invented tweets, a minute
  tailrace classify compare --seeds 3           nine methods on them, side by side
  tailrace classify predict classify-model "not bad at all" "great, another delay"
"""
_TRAIN = """examples:
  tailrace classify train                       an LSTM on invented tweets
  tailrace classify train --method cnn --regions 2,3,4 --seeds 3
  tailrace classify train reviews.csv --text review --label stars --embeddings glove.6B.50d.txt
  tailrace classify train --demo breast-cancer --method perceptron
  tailrace classify train plants.csv --label kind --columns height,width --method feedforward

methods:
  logistic, perceptron, feedforward    bags of words, or columns of numbers
  rnn, lstm, gru, bidirectional, cnn, cnn-rnn    words in order
"""
_COMPARE = """examples:
  tailrace classify compare                     all methods on invented tweets
  tailrace classify compare reviews.csv --text review --label stars --seeds 3
  tailrace classify compare --demo wine --methods logistic,feedforward
"""
_PREDICT = """examples:
  tailrace classify predict classify-model "not bad at all"
  tailrace classify predict classify-model --file new.csv --text review --to answers.csv
  tailrace classify predict classify-model --file lines.txt --explain none
"""
_EVAL = """example:
  tailrace classify eval classify-model other.csv --text review --label stars
"""


def add_parser(subparsers: Any) -> None:
    """Adds `classify` and its commands to the command line."""
    parser = command(
        subparsers, "classify", "sort texts into classes, and see which words did it", _CLASSIFY
    )
    commands = subcommands(parser)
    _add_train(commands)
    _add_compare(commands)
    _add_predict(commands)
    _add_eval(commands)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", metavar="CSV", help="a row per example (default: invented tweets)"
    )
    data = parser.add_argument_group("the data")
    data.add_argument("--demo", help=f"built-in data instead: {', '.join(DEMOS)}")
    _add_columns(data)
    data.add_argument("--kind", metavar="COLUMN", help="accuracy is told for each value of it, too")
    data.add_argument(
        "--held-out",
        type=float,
        metavar="PART",
        help="part kept back, half to choose by and half to test on (default 0.3)",
    )


def _add_columns(data: argparse._ActionsContainer) -> None:
    data.add_argument("--text", metavar="COLUMN", help='the texts (default "text", if there)')
    data.add_argument("--label", metavar="COLUMN", help='the classes (default "label")')
    data.add_argument("--columns", metavar="A,B", help="columns of numbers, instead of texts")


def _add_network(parser: argparse.ArgumentParser) -> None:
    network = parser.add_argument_group("the network")
    network.add_argument("--size", type=int, metavar="N", help="units, filters (default 64)")
    network.add_argument("--layers", type=int, metavar="N", help="recurrent layers (default 1)")
    network.add_argument("--regions", metavar="A,B", help="region sizes of a CNN (default 2,3,4)")
    network.add_argument("--ngrams", type=int, metavar="N", help="longest of a bag (default 1)")
    network.add_argument(
        "--least", type=int, metavar="N", help="words in fewer texts are unknown (default 2)"
    )
    network.add_argument(
        "--length", type=int, metavar="N", help="words read (default: by the data)"
    )
    network.add_argument("--embedding", type=int, metavar="N", help="numbers a word (default 50)")
    network.add_argument(
        "--embeddings", metavar="FILE", help="word vectors: GloVe, word2vec or ConceptNet file"
    )
    network.add_argument(
        "--most", type=int, metavar="N", help="words taken from it (default 50000)", default=50_000
    )
    network.add_argument("--vectors", help="those of the file are tuned (default) or fixed")
    training = parser.add_argument_group("the training")
    training.add_argument("--epochs", type=int, metavar="N", help="passes at most (default 20)")
    training.add_argument(
        "--patience", type=int, metavar="N", help="end after N passes without gain (default 5)"
    )
    training.add_argument("--batch", type=int, metavar="N", help="texts of a step (default 32)")
    training.add_argument("--dropout", type=float, metavar="P", help="part left out (default 0.3)")
    training.add_argument("--learning-rate", type=float, metavar="R", help="at its highest")
    add_seed(training, 1)


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--explain",
        metavar="WAY",
        help="how to tell which words mattered: gradient (default for bags: their weights), "
        "occlusion (default for the others), none",
    )


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "learn to tell classes apart", _TRAIN)
    train.add_argument(
        "--method",
        help="lstm (default; for columns of numbers logistic), or another of those below",
    )
    _add_data(train)
    _add_network(train)
    train.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="networks for the table's deviations"
    )
    _add_explain(train)
    add_resume(train, "classify-model")
    add_out(train, "classify-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))


def _add_compare(commands: Any) -> None:
    compare = command(commands, "compare", "all methods on the same data, one table", _COMPARE)
    compare.add_argument("--methods", metavar="A,B", help="some of them only")
    _add_data(compare)
    _add_network(compare)
    compare.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="networks of each method"
    )
    add_out(compare, "classify-comparison", "folder of the report")
    compare.set_defaults(command=later(f"{_HERE}.comparing", "compare"))


def _add_predict(commands: Any) -> None:
    predict = command(commands, "predict", "say which class texts are of, and why", _PREDICT)
    predict.add_argument("model", metavar="DIR", help="model folder")
    predict.add_argument("texts", nargs="*", metavar="TEXT")
    predict.add_argument("--file", metavar="FILE", help="CSV file, or a text per line")
    predict.add_argument("--text", metavar="COLUMN", help='of a CSV file (default "text")')
    predict.add_argument("--to", metavar="CSV", help="write a CSV file instead of a table")
    _add_explain(predict)
    predict.set_defaults(command=later(f"{_HERE}.asking", "predict"))


def _add_eval(commands: Any) -> None:
    evaluate = command(commands, "eval", "say how good a model is on a labelled file", _EVAL)
    evaluate.add_argument("model", metavar="DIR", help="model folder")
    evaluate.add_argument("file", metavar="CSV", help="rows with labels")
    evaluate.add_argument("--text", metavar="COLUMN", help='the texts (default "text")')
    evaluate.add_argument("--label", metavar="COLUMN", help='the classes (default "label")')
    evaluate.set_defaults(command=later(f"{_HERE}.asking", "evaluate"))
