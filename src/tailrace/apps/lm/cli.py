"""`tailrace lm`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from tailrace.apps.common.options import (
    add_ends,
    add_out,
    add_resume,
    add_seed,
    command,
    later,
    subcommands,
)

_HERE = "tailrace.apps.lm"
_TRAIN = """examples:
  tailrace lm train                                  the text that comes with Python, 4 minutes
  tailrace lm train book.txt --out book --minutes 20
  tailrace lm train *.txt --level word --size 512 --epochs 10 --out words
  tailrace lm train --resume book --minutes 40        go on, 40 minutes in all
"""
_NEXT = """examples:
  tailrace lm next lm-model "The value of the "
  tailrace lm next lm-model "def __ini" --count 10
  tailrace lm next lm-model "The value of the " --mix best
"""
_SAMPLE = """examples:
  tailrace lm sample lm-model --prime "The " --temperature 0.7
  tailrace lm sample lm-model --length 1000 --top-k 20 --seed 3
  tailrace lm sample lm-model --top-p 0.9 --no-repeat 30
  tailrace lm sample words --repetition-penalty 1.3 --mix 0.4
"""
_CHAT = """examples:
  tailrace lm chat lm-model
  tailrace lm chat lm-model --top-p 0.9 --no-repeat 20
"""
_EVAL = """examples:
  tailrace lm eval lm-model README.md
  tailrace lm eval lm-model README.md --mix best
"""
_BASELINE = """examples:
  tailrace lm baseline                      the text that comes with Python
  tailrace lm baseline book.txt --level word
  tailrace lm baseline book.txt --order 5 --next "It was the best of "
  tailrace lm baseline book.txt --order 4 --arpa book.arpa
"""
_ARPA = """examples:
  tailrace lm arpa book.arpa other.txt
  tailrace lm arpa words.arpa --level word --next "It was the"
"""
_LM = """examples:
  tailrace lm train                       an LSTM learns the text that comes with Python
  tailrace lm next lm-model "The value "  ... and says what comes next
"""


def add_parser(subparsers: Any) -> None:
    """Adds `lm` and its commands to the command line."""
    parser = command(subparsers, "lm", "language models: train, ask, sample, compare", _LM)
    commands = subcommands(parser)
    _add_train(commands)
    _add_next(commands)
    _add_sample(commands)
    _add_chat(commands)
    _add_eval(commands)
    _add_baseline(commands)
    _add_arpa(commands)


def _add_text(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="text files, UTF-8 (default: Python's reference)"
    )
    parser.add_argument("--level", help="what is predicted: char (default) or word")
    parser.add_argument(
        "--held-out", type=float, metavar="PART", help="part kept for the tests (default 0.1)"
    )
    parser.add_argument(
        "--vocabulary", type=int, metavar="N", help="most symbols known (default 10000)"
    )


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "train a language model on text", _TRAIN)
    _add_text(train)
    network = train.add_argument_group("the network")
    network.add_argument(
        "--cell",
        help="lstm (default), gru, rnn, lstm-basic, lstm-block, lstm-peephole, lstm-layernorm, "
        "lstm-prototype, gru-block",
    )
    network.add_argument("--size", type=int, metavar="N", help="units of a layer (default 256)")
    network.add_argument("--layers", type=int, metavar="N", help="default 1")
    network.add_argument("--embedding", type=int, metavar="N", help="inputs of the first layer")
    network.add_argument(
        "--ngram-inputs",
        type=int,
        metavar="N",
        help="each step also reads the groups of up to N symbols that end there; 1: none",
    )
    network.add_argument(
        "--match-length",
        type=int,
        metavar="N",
        help="it also reads what followed the longest match, of up to N symbols, of its context in "
        "the training text; 0: not",
    )
    training = train.add_argument_group("the training")
    add_ends(training, 3.5)
    training.add_argument("--seq-len", type=int, metavar="N", help="steps of a batch (default 50)")
    training.add_argument("--batch", type=int, metavar="N", help="texts side by side (default 16)")
    training.add_argument("--learning-rate", type=float, metavar="R", help="Adam's, at its highest")
    training.add_argument("--dropout", type=float, metavar="P", help="part of outputs dropped")
    training.add_argument("--input-dropout", type=float, metavar="P", help="part of inputs dropped")
    training.add_argument(
        "--recurrent-dropout", type=float, metavar="P", help="part of weights from states dropped"
    )
    training.add_argument(
        "--group-dropout", type=float, metavar="P", help="part of symbol groups made unknown"
    )
    training.add_argument(
        "--group-noise", type=float, metavar="N", help="how much more so for rare groups"
    )
    training.add_argument("--clip-norm", type=float, metavar="NORM", help="of all gradients")
    add_seed(training, 1)
    training.add_argument(
        "--threads", type=int, metavar="N", help="inside an operation, for large layers (default 1)"
    )
    add_out(training, "lm-model")
    add_resume(training, "lm-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="DIR", help="model folder")
    parser.add_argument(
        "--mix",
        metavar="PART",
        help="the n-gram model's part in what is expected, 0 to 1, or best: the one that suits the "
        "validation text (default: the network alone)",
    )


def _add_next(commands: Any) -> None:
    parser = command(commands, "next", "the most likely next words with probabilities", _NEXT)
    _add_model(parser)
    parser.add_argument("text", help="what stands before")
    parser.add_argument("--count", type=int, default=5, metavar="N", help="how many (default 5)")
    parser.set_defaults(command=later(f"{_HERE}.asking", "ask_next"))


def _add_sample(commands: Any) -> None:
    parser = command(commands, "sample", "text drawn from the model", _SAMPLE)
    _add_model(parser)
    parser.add_argument("--prime", default="", metavar="TEXT", help="what the text begins with")
    parser.add_argument(
        "--length", type=int, default=500, metavar="N", help="symbols to draw (default 500)"
    )
    _add_choice(parser)
    parser.set_defaults(command=later(f"{_HERE}.asking", "draw"))


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        metavar="T",
        help="0: always the likeliest; 1: as the model believes (default 0.8)",
    )
    parser.add_argument("--top-k", type=int, metavar="K", help="only the K likeliest symbols")
    parser.add_argument(
        "--top-p",
        type=float,
        metavar="P",
        help="only the fewest likeliest symbols that have this probability together",
    )
    parser.add_argument(
        "--no-repeat", type=int, metavar="N", help="no group of N symbols comes a second time"
    )
    parser.add_argument(
        "--repetition-penalty",
        type=float,
        metavar="R",
        help="symbols that came lately have their probability to the power of R, 1 or more",
    )
    parser.add_argument(
        "--repetition-window",
        type=int,
        default=50,
        metavar="N",
        help="lately: among the last N symbols (default 50)",
    )
    add_seed(parser)


def _add_chat(commands: Any) -> None:
    parser = command(
        commands, "chat", "type how texts begin, see the next words and a continuation", _CHAT
    )
    _add_model(parser)
    parser.add_argument("--count", type=int, default=5, metavar="N", help="words (default 5)")
    parser.add_argument(
        "--length", type=int, default=100, metavar="N", help="symbols to draw (default 100)"
    )
    _add_choice(parser)
    parser.set_defaults(command=later(f"{_HERE}.asking", "chat"))


def _add_eval(commands: Any) -> None:
    parser = command(commands, "eval", "how well a model predicts a text", _EVAL)
    _add_model(parser)
    parser.add_argument("files", nargs="+", metavar="FILE", help="text files, UTF-8")
    parser.set_defaults(command=later(f"{_HERE}.asking", "evaluate"))


def _add_baseline(commands: Any) -> None:
    parser = command(
        commands, "baseline", "n-gram models of the same text, for comparison", _BASELINE
    )
    _add_text(parser)
    parser.add_argument(
        "--order", type=int, metavar="N", help="symbols of an n-gram (default: the best one)"
    )
    parser.add_argument("--next", metavar="TEXT", help="also say what comes after this")
    parser.add_argument("--arpa", metavar="FILE", help="write the n-gram model as an ARPA file")
    parser.set_defaults(command=later(f"{_HERE}.asking", "compare"))


def _add_arpa(commands: Any) -> None:
    parser = command(commands, "arpa", "ask an n-gram model in an ARPA file", _ARPA)
    parser.add_argument("model", metavar="ARPA", help="ARPA file")
    parser.add_argument("files", nargs="*", metavar="FILE", help="text files to predict")
    parser.add_argument("--level", help="what the model's symbols are: char (default) or word")
    parser.add_argument("--next", metavar="TEXT", help="say what comes after this")
    parser.set_defaults(command=later(f"{_HERE}.asking", "ask_arpa"))
