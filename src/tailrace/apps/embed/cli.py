"""`tailrace embed`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from tailrace.apps.common.options import add_out, add_resume, add_seed, command, later, subcommands

_HERE = "tailrace.apps.embed"
_EMBED = """examples:
  tailrace embed train                          vectors of a built-in text, half a minute
  tailrace embed near embed-model paris         ... which words are near
  tailrace embed analogy embed-model france paris japan
  tailrace embed bias embed-model               ... how biased they are, and mended
  tailrace embed near glove.6B.50d.txt frog     vectors from a file, wherever DIR is said
"""
_TRAIN = """examples:
  tailrace embed train                          a small text made by rules
  tailrace embed train book.txt --size 100 --epochs 10 --out book
  tailrace embed train --resume book --epochs 20
  tailrace embed train book.txt --method cbow --loss nce --questions questions-words.txt
"""
_NEAR = """examples:
  tailrace embed near embed-model paris
  tailrace embed near numberbatch-en.txt.gz coffee tea --count 20
"""
_ANALOGY = """examples:
  tailrace embed analogy embed-model france paris japan      is to, as ... is to?
  tailrace embed analogy glove.txt man king woman --product
"""
_PLOT = """examples:
  tailrace embed plot embed-model
  tailrace embed plot glove.6B.50d.txt --words cat,dog,oak,rose,run,walk --by pca
"""
_BIAS = """examples:
  tailrace embed bias embed-model               the classic tests, before and after debiasing
  tailrace embed bias glove.6B.50d.txt --tests weat1,weat6,weat8
  tailrace embed bias vectors.txt --targets oak,elm:cat,dog --attributes green,leaf:paw,fur
  tailrace embed bias embed-model --write fair.txt
"""
_EXPORT = """examples:
  tailrace embed export embed-model --out board    then: tensorboard --logdir board
  tailrace embed export glove.6B.50d.txt --most 5000 --to small.txt
"""


def add_parser(subparsers: Any) -> None:
    """Adds `embed` and its commands to the command line."""
    parser = command(
        subparsers, "embed", "word vectors: learn, ask, draw, measure and mend bias", _EMBED
    )
    commands = subcommands(parser)
    _add_train(commands)
    _add_near(commands)
    _add_analogy(commands)
    _add_plot(commands)
    _add_bias(commands)
    _add_export(commands)


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "learn word vectors from a text", _TRAIN)
    train.add_argument("file", nargs="?", metavar="FILE", help="text (default: a built-in one)")
    train.add_argument(
        "--questions", metavar="FILE", help="analogies with answers, as questions-words.txt"
    )
    learning = train.add_argument_group("the learning")
    learning.add_argument("--method", help="skip-gram (default) or cbow")
    learning.add_argument("--loss", help="negative sampling (default), nce or softmax (sampled)")
    learning.add_argument("--size", type=int, metavar="N", help="numbers a vector (default 48)")
    learning.add_argument("--window", type=int, metavar="N", help="farthest neighbour (default 4)")
    learning.add_argument("--sampled", type=int, metavar="N", help="words drawn (default 32)")
    learning.add_argument(
        "--least", type=int, metavar="N", help="words seen less often are left out (default 5)"
    )
    learning.add_argument("--words", type=int, metavar="N", help="words at most (default 50000)")
    learning.add_argument(
        "--subsample", type=float, metavar="T", help="frequency of words kept (default 0.001)"
    )
    learning.add_argument("--epochs", type=int, metavar="N", help="passes (default 6)")
    learning.add_argument("--minutes", type=float, metavar="M", help="end after this time")
    learning.add_argument("--batch", type=int, metavar="N", help="pairs a step (default 256)")
    learning.add_argument("--learning-rate", type=float, metavar="R", help="Adam's (default 0.01)")
    learning.add_argument(
        "--held-out", type=float, metavar="PART", help="sentences for the test (default 0.05)"
    )
    learning.add_argument(
        "--seeds", type=int, metavar="N", help="trainings for the table's deviations (default 1)"
    )
    add_seed(learning, 1)
    add_resume(learning, "embed-model")
    add_out(learning, "embed-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "vectors",
        metavar="DIR|FILE",
        help="model folder, or file: GloVe, word2vec (text, binary), ConceptNet; also .gz",
    )
    parser.add_argument("--most", type=int, metavar="N", help="words taken from a file")
    parser.add_argument(
        "--language", default="en", metavar="L", help="of a ConceptNet file (default en)"
    )


def _add_near(commands: Any) -> None:
    near = command(commands, "near", "list the words near a word, or near several", _NEAR)
    _add_source(near)
    near.add_argument("words", nargs="+", metavar="WORD")
    near.add_argument("--count", type=int, default=10, metavar="N", help="default 10")
    near.set_defaults(command=later(f"{_HERE}.asking", "near"))


def _add_analogy(commands: Any) -> None:
    analogy = command(commands, "analogy", "say what is to C as B is to A", _ANALOGY)
    _add_source(analogy)
    for name in "ABC":
        analogy.add_argument(name.lower(), metavar=name)
    analogy.add_argument("--count", type=int, default=5, metavar="N", help="default 5")
    analogy.add_argument(
        "--product", action="store_true", help="multiply cosines (3CosMul), do not add them"
    )
    analogy.set_defaults(command=later(f"{_HERE}.asking", "analogy"))


def _add_plot(commands: Any) -> None:
    plot = command(commands, "plot", "draw words in the plane", _PLOT)
    _add_source(plot)
    plot.add_argument("--words", metavar="A,B", help="which (default: the first ones)")
    plot.add_argument("--count", type=int, metavar="N", help="how many (default 150)")
    plot.add_argument("--by", metavar="WAY", help="tsne (default) or pca")
    add_seed(plot, 1)
    plot.add_argument("--to", metavar="FILE", default="words.png", help="default: words.png")
    plot.set_defaults(command=later(f"{_HERE}.asking", "plot"))


def _add_bias(commands: Any) -> None:
    bias = command(commands, "bias", "measure bias, and again after debiasing", _BIAS)
    _add_source(bias)
    bias.add_argument(
        "--tests", metavar="A,B", help="of weat1, 2, 5 to 10, professions (default: all possible)"
    )
    bias.add_argument("--targets", metavar="X:Y", help="an own test: two lists of words")
    bias.add_argument("--attributes", metavar="A:B", help="two lists of words to go with them")
    bias.add_argument(
        "--pairs", metavar="A:B,C:D", help="pairs that say what is taken out (default: gender)"
    )
    bias.add_argument("--write", metavar="FILE", help="write the debiased vectors")
    add_out(bias, "embed-bias", "folder of the report")
    bias.set_defaults(command=later(f"{_HERE}.biasing", "bias"))


def _add_export(commands: Any) -> None:
    export = command(commands, "export", "write files for TensorBoard, or of vectors", _EXPORT)
    _add_source(export)
    export.add_argument("--to", metavar="FILE", help="write a text file of vectors instead")
    add_out(export, "embed-board", "folder for TensorBoard's projector")
    export.set_defaults(command=later(f"{_HERE}.asking", "export"))
