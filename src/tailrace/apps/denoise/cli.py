"""`tailrace denoise`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

from typing import Any

from tailrace.apps.common.options import add_out, add_resume, add_seed, command, later, subcommands

_HERE = "tailrace.apps.denoise"
_DENOISE = """examples:
  tailrace denoise train                        scikit-learn's digits, half a minute
  tailrace denoise train --demo photos --corruption gaussian --amount 0.1
  tailrace denoise clean denoise-model scan.png --out mended
"""
_TRAIN = """examples:
  tailrace denoise train                        scikit-learn's digits, half a minute
  tailrace denoise train --corruption masking --amount 0.5 --tied --seeds 1
  tailrace denoise train --demo photos --corruption gaussian --amount 0.1 --output linear \\
      --epochs 20 --learning-rate 0.001
  tailrace denoise train pictures/ --corruption gaussian --amount 0.1 --patch 10 --epochs 20
  tailrace denoise train --resume denoise-model
"""
_CLEAN = """examples:
  tailrace denoise clean denoise-model scan.png other.jpg --out mended
  tailrace denoise clean denoise-model good.png --spoil --out tried
"""


def add_parser(subparsers: Any) -> None:
    """Adds `denoise` and its commands to the command line."""
    parser = command(subparsers, "denoise", "mend pictures with a denoising autoencoder", _DENOISE)
    commands = subcommands(parser)
    _add_train(commands)
    _add_clean(commands)


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "learn to mend pictures", _TRAIN)
    train.add_argument(
        "folder", nargs="?", metavar="FOLDER", help="with clean pictures (default: built-in ones)"
    )
    train.add_argument("--demo", help="the built-in pictures: digits (default) or photos")
    add_resume(train, "denoise-model")
    train.add_argument(
        "--seeds", type=int, metavar="N", help="networks for the table's deviations (default 3)"
    )
    spoil = train.add_argument_group("how pictures are spoilt")
    spoil.add_argument("--corruption", help="salt-and-pepper (default), masking or gaussian")
    spoil.add_argument(
        "--amount", type=float, help="part of the pixels, or deviation of the noise (default 0.2)"
    )
    spoil.add_argument(
        "--patch",
        type=int,
        metavar="N",
        help="side of the squares the network sees, 0 for whole pictures (default 8)",
    )
    spoil.add_argument(
        "--longest", type=int, metavar="N", help="larger pictures are made smaller (default 512)"
    )
    spoil.add_argument(
        "--patches", type=int, metavar="N", help="squares of an epoch (default 20000)"
    )
    network = train.add_argument_group("the network")
    network.add_argument("--hidden", type=int, metavar="N", help="hidden units (default 512)")
    network.add_argument(
        "--tied",
        action="store_true",
        default=None,
        help="the decoder's weights are the encoder's, transposed",
    )
    network.add_argument("--activation", help="relu (default), sigmoid or tanh")
    network.add_argument("--output", help="sigmoid (default, cross-entropy) or linear (squares)")
    network.add_argument("--weight-decay", type=float, metavar="W", help="(default 0)")
    network.add_argument("--epochs", type=int, metavar="N", help="passes (default 300)")
    network.add_argument("--minutes", type=float, help="end after this time, if that is sooner")
    network.add_argument("--batch", type=int, metavar="N", help="squares of a step (default 50)")
    network.add_argument("--learning-rate", type=float, metavar="R", help="Adam's, at its highest")
    network.add_argument(
        "--held-out", type=float, metavar="PART", help="of the pictures (default 0.4)"
    )
    add_seed(network, 1)
    add_out(train, "denoise-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))


def _add_clean(commands: Any) -> None:
    clean = command(commands, "clean", "mend pictures with a model", _CLEAN)
    clean.add_argument("model", metavar="DIR", help="model folder")
    clean.add_argument("images", nargs="+", metavar="IMAGE", help="pictures, or folders of them")
    clean.add_argument(
        "--spoil",
        action="store_true",
        help="spoil them first as the model's own were, to see what it can do",
    )
    add_out(clean, "denoised", "folder for the mended pictures")
    clean.set_defaults(command=later(f"{_HERE}.cleaning", "clean"))
