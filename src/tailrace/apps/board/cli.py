"""`tailrace board`: TensorBoard over the folders of runs. Loads nothing heavy."""

from __future__ import annotations

from typing import Any

from tailrace.apps.common.options import command, later

_EXAMPLES = """examples:
  tailrace board lm-model                     the curves of a training, on http://127.0.0.1:6006
  tailrace board runs/a runs/b --port 0       two of them side by side, on any free port
"""


def add_parser(subparsers: Any) -> None:
    """Adds the command."""
    board = command(subparsers, "board", "show curves and graphs of runs in the browser", _EXAMPLES)
    board.add_argument(
        "folders", metavar="DIR", nargs="*", default=["."], help="folders (default: this one)"
    )
    board.add_argument("--port", type=int, default=6006, help="default 6006; 0: any free one")
    board.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    board.set_defaults(command=later("tailrace.apps.board.commands", "serve"))
