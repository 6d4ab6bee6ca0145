"""`tailrace draw`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

from typing import Any

from tailrace.apps.common.options import add_out, add_resume, add_seed, command, later, subcommands

_HERE = "tailrace.apps.draw"
_DRAW = """examples:
  tailrace draw train                           scikit-learn's digits, a minute or two
  tailrace draw sample draw-model --out painted
  tailrace draw reconstruct draw-model --out seen
"""
_TRAIN = """examples:
  tailrace draw train                           scikit-learn's digits, a minute or two
  tailrace draw train --no-attention --alone
  tailrace draw train --demo scattered          where attention helps
  tailrace draw train mnist/ --glimpses 16 --size 256 --latent 20 --read-side 5 --write-side 5 \\
      --batch 100 --epochs 20 --binarise sample --alone
  tailrace draw train train-images-idx3-ubyte.gz t10k-images-idx3-ubyte.gz --minutes 60
  tailrace draw train --resume draw-model
"""
_SAMPLE = """example:
  tailrace draw sample draw-model --count 40 --out painted
"""
_RECONSTRUCT = """examples:
  tailrace draw reconstruct draw-model --out seen
  tailrace draw reconstruct draw-model t10k-images-idx3-ubyte.gz --count 12
"""


def add_parser(subparsers: Any) -> None:
    """Adds `draw` and its commands to the command line."""
    parser = command(subparsers, "draw", "learn to paint pictures bit by bit (DRAW)", _DRAW)
    commands = subcommands(parser)
    _add_train(commands)
    for name, text, examples in (
        ("sample", "paint pictures that come to mind", _SAMPLE),
        ("reconstruct", "paint given pictures, looking at them", _RECONSTRUCT),
    ):
        asked = command(commands, name, text, examples)
        asked.add_argument("model", metavar="DIR", help="model folder")
        if name == "reconstruct":
            asked.add_argument(
                "files", nargs="*", metavar="IDX", help="pictures (default: the model's test ones)"
            )
        asked.add_argument(
            "--count", type=int, default=24, metavar="N", help="pictures (default 24)"
        )
        add_seed(asked, 1)
        add_out(asked, f"draw-{name}", "folder for the pictures")
        asked.set_defaults(command=later(f"{_HERE}.asking", name))


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "learn to paint", _TRAIN)
    train.add_argument(
        "files",
        nargs="*",
        metavar="IDX",
        help="MNIST's pictures: the folder, or the file to learn from and the one to test on; "
        ".gz or not (default: scikit-learn's digits)",
    )
    train.add_argument(
        "--demo", help="the built-in pictures: digits (default), or scattered on a larger field"
    )
    add_resume(train, "draw-model")
    train.add_argument(
        "--binarise", help="threshold (default), or sample: white with grey's probability"
    )
    train.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="networks for the table's deviations"
    )
    train.add_argument(
        "--alone",
        action="store_true",
        help="do not train, to compare with, the other kind of DRAW and a plain autoencoder",
    )
    network = train.add_argument_group("the network")
    network.add_argument(
        "--no-attention",
        dest="attention",
        action="store_false",
        default=None,
        help="see and paint the whole picture at every glimpse",
    )
    network.add_argument("--glimpses", type=int, metavar="T", help="(default 8)")
    network.add_argument(
        "--size", type=int, metavar="N", help="units of encoder and decoder each (default 96)"
    )
    network.add_argument(
        "--latent", type=int, metavar="N", help="numbers of the code per glimpse (default 6)"
    )
    network.add_argument(
        "--read-side", type=int, metavar="N", help="filters of the window read, squared (default 5)"
    )
    network.add_argument(
        "--write-side", type=int, metavar="N", help="filters of the window painted (default 5)"
    )
    network.add_argument("--epochs", type=int, metavar="N", help="passes (default 100)")
    network.add_argument("--minutes", type=float, help="end after this time, if that is sooner")
    network.add_argument("--batch", type=int, metavar="N", help="pictures of a step (default 50)")
    network.add_argument("--learning-rate", type=float, metavar="R", help="Adam's, at its highest")
    network.add_argument(
        "--held-out",
        type=float,
        metavar="PART",
        help="of the pictures, where those to test on are no file of their own (default 0.4)",
    )
    add_seed(network, 1)
    add_out(train, "draw-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))
