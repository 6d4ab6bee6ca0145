"""`tailrace speech`: what it takes and which command that is. Loads nothing heavy."""

from __future__ import annotations

from typing import Any

from tailrace.apps.common.options import add_out, add_resume, add_seed, command, later, subcommands

_HERE = "tailrace.apps.speech"
_SPEECH = """examples:
  tailrace speech train                             spoken digits, less than a minute
  tailrace speech transcribe speech-model FILE.wav
  tailrace speech demo-data                         WAV files and their table, to see the format
"""
_TRAIN = """The data: a CSV file whose first line names file and transcript (and speaker, if the
test is to be on voices that were not learnt), files relative to it; or a folder of NAME.wav with
NAME.txt. Without data, digits said by espeak-ng where that is installed, else coded as tones.

examples:
  tailrace speech train
  tailrace speech train --demo tones --utterances 400 --epochs 8
  tailrace speech train recordings/table.csv --features mfcc --layers 2 --size 128 --out mine
  tailrace speech train --resume mine
"""
_TRANSCRIBE = """examples:
  tailrace speech transcribe speech-model one.wav two.wav
  tailrace speech transcribe speech-model one.wav --paths 5
"""
_EVAL = """examples:
  tailrace speech demo-data --seed 9 --out new && tailrace speech eval speech-model new/table.csv
"""
_DEMO = """examples:
  tailrace speech demo-data --demo tones --utterances 20 --out digits
"""


def add_parser(subparsers: Any) -> None:
    """Adds `speech` and its commands to the command line."""
    parser = command(subparsers, "speech", "write down what is said in recordings", _SPEECH)
    commands = subcommands(parser)
    _add_train(commands)
    _add_transcribe(commands)
    evaluate = command(commands, "eval", "compare a model with transcripts", _EVAL)
    evaluate.add_argument("model", metavar="DIR", help="model folder")
    evaluate.add_argument("data", metavar="DATA", help="CSV file or folder, as of train")
    evaluate.set_defaults(command=later(f"{_HERE}.asking", "evaluate"))
    demo = command(commands, "demo-data", "write the demonstration's recordings", _DEMO)
    _add_demo(demo, 80)
    add_seed(demo, 1)
    demo.add_argument("--rate", type=int, default=8000, help="samples a second (default 8000)")
    add_out(demo, "speech-data", "folder")
    demo.set_defaults(command=later(f"{_HERE}.asking", "write_demonstration"))


def _add_demo(parser: Any, utterances: int) -> None:
    parser.add_argument("--demo", help="spoken or tones (default: spoken where espeak-ng is)")
    parser.add_argument(
        "--utterances", type=int, metavar="N", help=f"how many (default {utterances})"
    )


def _add_train(commands: Any) -> None:
    train = command(commands, "train", "learn to write down what is said", _TRAIN)
    train.add_argument("data", nargs="?", metavar="DATA", help="CSV file or folder")
    _add_demo(train, 1200)
    train.add_argument("--held-out", type=float, metavar="PART", help="part kept (default 0.2)")
    train.add_argument("--seeds", type=int, default=1, metavar="N", help="networks (default 1)")
    sound = train.add_argument_group("the sound")
    sound.add_argument("--rate", type=int, help="samples a second (default 8000)")
    sound.add_argument("--features", help="log-mel (default) or mfcc")
    sound.add_argument("--mels", type=int, metavar="N", help="bands (default 32)")
    sound.add_argument("--coefficients", type=int, metavar="N", help="of mfcc (default 13)")
    sound.add_argument("--frame-ms", type=float, metavar="MS", help="a frame (default 25)")
    sound.add_argument("--step-ms", type=float, metavar="MS", help="their distance (default 10)")
    sound.add_argument("--stack", type=int, metavar="N", help="frames of a step (default 2)")
    network = train.add_argument_group("the network")
    network.add_argument("--size", type=int, metavar="N", help="units each way (default 64)")
    network.add_argument("--layers", type=int, metavar="N", help="bidirectional LSTMs (default 1)")
    network.add_argument("--dropout", type=float, metavar="P", help="(default 0.2)")
    network.add_argument("--epochs", type=int, metavar="N", help="passes (default 12)")
    network.add_argument("--batch", type=int, metavar="N", help="utterances a step (default 16)")
    network.add_argument("--learning-rate", type=float, metavar="R", help="Adam's, at its highest")
    add_seed(network, 1)
    text = train.add_argument_group("the text")
    text.add_argument("--beam", type=int, metavar="N", help="width of the search (default 16)")
    text.add_argument("--paths", type=int, metavar="N", help="readings rescored (default 8)")
    text.add_argument(
        "--order", type=int, metavar="N", help="n-gram model that rescores; 0: none (default 5)"
    )
    add_out(train, "speech-model")
    add_resume(train, "speech-model")
    train.set_defaults(command=later(f"{_HERE}.commands", "train"))


def _add_transcribe(commands: Any) -> None:
    transcribe = command(commands, "transcribe", "write down recordings", _TRANSCRIBE)
    transcribe.add_argument("model", metavar="DIR", help="model folder")
    transcribe.add_argument("files", metavar="WAV", nargs="+", help="recordings")
    transcribe.add_argument(
        "--paths", type=int, metavar="N", help="show so many readings with log-probabilities"
    )
    transcribe.set_defaults(command=later(f"{_HERE}.asking", "transcribe"))
