"""The page: one HTML file that needs nothing else."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from tailrace.apps.common.files import write_file
from tailrace.apps.graph.tree import Tree, make_tree

_HERE = Path(__file__).parent


def write_page(path: Path, graph_def: Any, shapes: dict[str, list[str]], title: str) -> Tree:
    """Writes the page of a GraphDef; returns what is on it.

    `shapes` are those of each node's outputs. Raises: UserError where it cannot be written.
    """
    tree = make_tree(graph_def, shapes)
    write_file(path, render(tree, title).encode())
    return tree


def render(tree: Tree, title: str) -> str:
    """The page that shows a tree."""
    parts = {
        "title": html.escape(title),
        "style": _part("css"),
        # "</script" inside the data would end it
        "data": json.dumps(_data(tree), separators=(",", ":")).replace("</", "<\\/"),
        "script": _part("js"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _part("html"))


def _part(kind: str) -> str:
    return (_HERE / f"page.{kind}").read_text(encoding="utf-8")


def _data(tree: Tree) -> dict[str, Any]:
    members = [
        {
            "name": one.name,
            "label": one.label,
            "parent": one.parent,
            "op": one.op,
            "device": one.device,
            "attributes": one.attributes,
            "shapes": one.shapes,
            "row": one.row,
            "place": one.place,
            "speaker": one.speaker,
        }
        for one in tree.members
    ]
    return {"members": members, "edges": tree.edges}
