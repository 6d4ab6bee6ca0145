"""`tailrace compare`: what it takes. Loads nothing heavy."""

from __future__ import annotations

from typing import Any

from tailrace.apps.common.options import add_out, add_seed, command, later

_EXAMPLES = """examples:
  tailrace compare                              Python's own manual, a minute or so
  tailrace compare book.txt --size 256 --updates 1000
  tailrace compare --tf1-python ~/tf115/bin/python
  tailrace compare --cells lstm,gru --layers 1 --without torch --seeds 3
"""


def add_parser(subparsers: Any) -> None:
    """Adds `compare` to the command line."""
    parser = command(
        subparsers,
        "compare",
        "RNN, LSTM and GRU side by side, on this engine and others",
        _EXAMPLES,
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="UTF-8 text (default: Python's own manual)"
    )
    parser.add_argument("--cells", metavar="A,B", help="which ones (default rnn,lstm,gru)")
    parser.add_argument("--size", type=int, metavar="N", help="units of a layer (default 128)")
    parser.add_argument("--layers", type=int, metavar="N", help="(default 2)")
    parser.add_argument("--batch", type=int, metavar="N", help="texts side by side (default 50)")
    parser.add_argument("--steps", type=int, metavar="N", help="characters each (default 50)")
    parser.add_argument(
        "--updates", type=int, metavar="N", help="batches each learns from (default 200)"
    )
    parser.add_argument("--learning-rate", type=float, metavar="R", help="Adam's (default 0.004)")
    parser.add_argument("--held-out", type=float, metavar="PART", help="of the text (default 0.1)")
    parser.add_argument("--seeds", type=int, metavar="N", help="of the weights, for deviations")
    others = parser.add_argument_group("other engines")
    others.add_argument(
        "--tf1-python",
        metavar="PATH",
        help="a Python that has TensorFlow 1.15 (default: TAILRACE_TF1_PYTHON, where it is set)",
    )
    others.add_argument("--without", metavar="A,B", help="leave out torch or tensorflow")
    add_seed(parser, 1)
    add_out(parser, "compared", "folder for report, pictures and figures")
    parser.set_defaults(command=later("tailrace.apps.compare.commands", "compare"))
