"""A graph as a tree of scopes, each of whose members has a row and a place in it.

Rows are those of a layered drawing (Sugiyama, Tagawa, Toda, 1981) of every scope by itself: what
uses a member stands in a lower row, loops turned around; places within rows are chosen so that
edges cross little. The page puts the rows of open scopes together, so it needs no layout of its
own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

ROOT = 0
CONTROL = -1
# passes over the rows that pull members to those they are connected with
SWEEPS = 4
# letters of an attribute that are kept
LONGEST = 160


@dataclass
class Member:
    """An operation, or a scope with members of its own."""

    name: str
    label: str
    parent: int
    op: str = ""  # none for a scope
    device: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    row: int = 0
    place: int = 0
    # of a scope: the operation of the scope's own name, if there is one
    speaker: int | None = None
    members: list[int] = field(default_factory=list)


@dataclass
class Tree:
    """Members by number, the root first, and edges (from, output or CONTROL, to)."""

    members: list[Member]
    edges: list[tuple[int, int, int]]

    @property
    def operations(self) -> int:
        """How many operations there are."""
        return sum(bool(one.op) for one in self.members)


def make_tree(graph_def: Any, shapes: dict[str, list[str]]) -> Tree:
    """The tree of a GraphDef; `shapes` are those of each node's outputs."""
    names = {node.name for node in graph_def.node}
    scopes = {prefix for name in names for prefix in _prefixes(name)}
    tree = Tree([Member("", "", -1)], [])
    number: dict[str, int] = {}
    for node in graph_def.node:
        inside = node.name in scopes
        path = node.name if inside else node.name.rpartition("/")[0]
        parent = _scope(tree, number, path)
        label = f"({node.name.rpartition('/')[2]})" if inside else node.name.rpartition("/")[2]
        member = Member(node.name, label, parent, node.op, node.device, _attributes(node))
        member.shapes = shapes.get(node.name, [])
        if inside:
            tree.members[parent].speaker = len(tree.members)
        _add(tree, member)
    ids = {one.name: i for i, one in enumerate(tree.members) if one.op}
    for node in graph_def.node:
        tree.edges += _edges(node, ids)
    _arrange(tree)
    return tree


def _prefixes(name: str) -> Iterable[str]:
    parts = name.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))


def _scope(tree: Tree, number: dict[str, int], path: str) -> int:
    """The number of a scope, made with those around it where it is not there."""
    if not path:
        return ROOT
    if path not in number:
        around, _, label = path.rpartition("/")
        parent = _scope(tree, number, around)
        number[path] = len(tree.members)
        _add(tree, Member(path, label, parent))
    return number[path]


def _add(tree: Tree, member: Member) -> None:
    tree.members[member.parent].members.append(len(tree.members))
    tree.members.append(member)


def _edges(node: Any, ids: dict[str, int]) -> list[tuple[int, int, int]]:
    found = []
    for name in node.input:
        control = name.startswith("^")
        source, _, port = name.removeprefix("^").partition(":")
        if source in ids:
            found.append((ids[source], CONTROL if control else int(port or 0), ids[node.name]))
    return found


def _attributes(node: Any) -> list[tuple[str, str]]:
    shown = []
    for key in sorted(node.attr):
        if key == "_output_shapes":
            continue
        text = " ".join(str(node.attr[key]).split())
        shown.append((key, text if len(text) <= LONGEST else text[:LONGEST] + " ..."))
    return shown


def _arrange(tree: Tree) -> None:
    """Gives every member its row and place."""
    depth = _depths(tree)
    inner: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for source, port, target in tree.edges:
        if port == CONTROL:
            continue
        scope, a, b = _meet(tree, depth, source, target)
        if a != b:
            inner[scope][a].add(b)
    for number, member in enumerate(tree.members):
        if member.members:
            _layer(tree, member.members, inner.get(number, {}))


def _depths(tree: Tree) -> list[int]:
    depths = [0] * len(tree.members)
    for i, member in enumerate(tree.members[1:], 1):
        # a scope stands before its members
        depths[i] = depths[member.parent] + 1
    return depths


def _meet(tree: Tree, depth: list[int], a: int, b: int) -> tuple[int, int, int]:
    """The innermost scope around two members, and its members that they lie in."""
    parent = [one.parent for one in (tree.members[a], tree.members[b])]
    while parent[0] != parent[1]:
        if depth[a] >= depth[b]:
            a, parent[0] = parent[0], tree.members[parent[0]].parent
        else:
            b, parent[1] = parent[1], tree.members[parent[1]].parent
    return parent[0], a, b


def _layer(tree: Tree, members: list[int], after: dict[int, set[int]]) -> None:
    """Rows by the longest way from above; places by the mean place of neighbours."""
    order = _sorted(members, after)
    rank = {one: i for i, one in enumerate(order)}
    before: dict[int, list[int]] = defaultdict(list)
    for a, targets in after.items():
        for b in targets:
            if rank[a] < rank[b]:
                before[b].append(a)
    row: dict[int, int] = {}
    for one in order:
        row[one] = max((row[a] + 1 for a in before[one]), default=0)
    _sink(order, row, after, rank)
    rows: dict[int, list[int]] = defaultdict(list)
    for one in order:
        rows[row[one]].append(one)
    near = {
        one: [*before[one], *(b for b in after.get(one, ()) if rank[b] > rank[one])]
        for one in order
    }
    place = {one: i for line in rows.values() for i, one in enumerate(line)}
    for sweep in range(SWEEPS):
        for level in sorted(rows, reverse=bool(sweep % 2)):
            line = rows[level]
            line.sort(key=lambda one: (_mean(near[one], place, place[one]), place[one]))
            place.update({one: i for i, one in enumerate(line)})
    for one in order:
        tree.members[one].row, tree.members[one].place = row[one], place[one]


def _sink(
    order: list[int], row: dict[int, int], after: dict[int, set[int]], rank: dict[int, int]
) -> None:
    """Sources stand right above the first that uses them, not all in the first row."""
    for one in reversed(order):
        below = [row[b] for b in after.get(one, ()) if rank[b] > rank[one]]
        if below:
            row[one] = max(row[one], min(below) - 1)


def _mean(near: list[int], place: dict[int, int], otherwise: float) -> float:
    return sum(place[one] for one in near) / len(near) if near else otherwise


def _sorted(members: list[int], after: dict[int, set[int]]) -> list[int]:
    """The members in an order of their edges but for those that close a loop."""
    done: dict[int, bool] = {}
    found: list[int] = []
    for start in members:
        stack = [(start, iter(sorted(after.get(start, ()))))] if start not in done else []
        done.setdefault(start, False)
        while stack:
            one, targets = stack[-1]
            following = next((b for b in targets if b not in done), None)
            if following is None:
                stack.pop()
                found.append(one)
                done[one] = True
            else:
                done[following] = False
                stack.append((following, iter(sorted(after.get(following, ())))))
    return found[::-1]
