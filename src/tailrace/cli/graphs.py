"""`tailrace graph`: a program's graph or a file's as a page for the browser."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tailrace.apps.common.options import command

_EXAMPLES = """A program runs until its first session does, with --whole to its end. Its own
arguments stand behind it.

examples:
  tailrace graph model.ckpt-1000.meta -o graph.html
  tailrace graph frozen.pb
  tailrace graph -o graph.html train.py --layers 3
  tailrace graph saved_model_folder/
"""


def add_parser(commands: Any) -> None:
    """Adds the command."""
    graph = command(commands, "graph", "draw a graph: scopes that open, shapes, search", _EXAMPLES)
    graph.add_argument(
        "-o", "--out", metavar="HTML", help="page to write (default: the file's name and .html)"
    )
    graph.add_argument("--whole", action="store_true", help="of a program: run it to its end")
    graph.add_argument(
        "file",
        metavar="FILE",
        help=".meta, .pb, .pbtxt, a SavedModel's folder, an event file, or a program .py",
    )
    graph.add_argument("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER)
    graph.set_defaults(command=_graph)


def _graph(args: argparse.Namespace) -> int:
    from tailrace.apps.common.display import say
    from tailrace.apps.graph.page import write_page

    out, rest = _out(args)
    status, graph_def, shapes = _read(args, rest)
    if status:
        return status
    tree = write_page(out, graph_def, shapes, Path(args.file).name)
    say(f"{tree.operations:,} operations are drawn in {out}: open it in a browser")
    return 0


def _out(args: argparse.Namespace) -> tuple[Path, list[str]]:
    """Where the page goes, and the program's arguments; -o may stand behind the file."""
    out, rest = args.out, list(args.arguments)
    if out is None and len(rest) >= 2 and rest[0] in ("-o", "--out"):
        out, rest = rest[1], rest[2:]
    name = Path(args.file.rstrip("/")).name
    return Path(out or f"{Path(name).stem or 'graph'}.html"), rest


def _read(args: argparse.Namespace, rest: list[str]) -> tuple[int, Any, dict[str, list[str]]]:
    """The exit status, the GraphDef, the shapes."""
    from tailrace.apps.errors import UserError
    from tailrace.apps.graph.reading import output_shapes, read_graph, shapes_of

    if not args.file.endswith(".py"):
        if rest or args.whole:
            raise UserError(
                f"{args.file}: is not a program; leave out {rest[0] if rest else '--whole'}"
            )
        graph_def = read_graph(args.file)
        return 0, graph_def, output_shapes(graph_def)
    from tailrace.compat.graph_program import graph_of_program

    graph, status = graph_of_program(args.file, rest, to_the_end=args.whole)
    if status:
        print(
            f"tailrace: {args.file} ended with status {status}; nothing is drawn", file=sys.stderr
        )
    elif not graph.get_operations():
        raise UserError(f"{args.file}: built no graph")
    return status, graph.as_graph_def(), shapes_of(graph)
