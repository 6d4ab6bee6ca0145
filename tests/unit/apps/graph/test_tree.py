"""Scopes as a tree, rows and places."""

import time

import pytest

import tailrace as tf
from tailrace.apps.graph.tree import CONTROL, ROOT, Tree, make_tree


def tree_of(**nodes: str) -> Tree:
    """A graph from names ("/" written "__") and their inputs."""
    graph = tf.GraphDef()
    for name, inputs in nodes.items():
        node = graph.node.add(name=name.replace("__", "/"), op="Add")
        node.input.extend(inputs.split())
    return make_tree(graph, {})


def rows(tree: Tree, scope: str = "") -> dict[str, int]:
    return {
        one.label: one.row
        for one in tree.members[1:]
        if tree.members[one.parent].name == scope and one is not tree.members[ROOT]
    }


def test_a_chain_goes_down():
    assert rows(tree_of(a="", b="a", c="b a:1")) == {"a": 0, "b": 1, "c": 2}


def test_what_is_needed_late_stands_late():
    assert rows(tree_of(a="", b="a", c="b", w="", d="c w")) == {
        "a": 0,
        "b": 1,
        "c": 2,
        "w": 2,
        "d": 3,
    }


def test_scopes_stand_for_what_is_in_them():
    tree = tree_of(x="", s__a="x", s__t__b="s/a", y="s/t/b")
    assert rows(tree) == {"x": 0, "s": 1, "y": 2}
    assert rows(tree, "s") == {"a": 0, "t": 1}
    assert rows(tree, "s/t") == {"b": 0}
    assert tree.operations == 4


def test_an_operation_of_its_scopes_name_is_inside():
    tree = tree_of(w="", w__read="w")
    scope = next(one for one in tree.members if one.name == "w" and not one.op)
    assert scope.speaker is not None
    assert tree.members[scope.speaker].label == "(w)"
    assert rows(tree, "w") == {"(w)": 0, "read": 1}


def test_loops_are_turned_around():
    found = rows(tree_of(enter="", merge="enter next", body="merge", next="body", exit="merge"))
    assert found["enter"] < found["merge"] < found["body"] < found["next"]
    assert found["exit"] > found["merge"]


def test_control_edges_move_nothing():
    tree = tree_of(a="", b="^a")
    assert rows(tree) == {"a": 0, "b": 0}
    assert [port for _, port, _ in tree.edges] == [CONTROL]


def test_edges_that_need_not_cross_do_not():
    tree = tree_of(a="", b="", c="", z="a", y="b", x="c")
    place = {one.label: one.place for one in tree.members[1:]}
    assert [place[name] for name in "abc"] == [place[name] for name in "zyx"]


def test_inputs_from_nowhere_are_left_out():
    assert tree_of(a="gone:1 ^gone").edges == []


@pytest.mark.parametrize("nested", [True, False])
def test_ten_thousand_operations_take_seconds(nested: bool):
    names = [f"s{i % 7}/t{i % 31}/n{i}" if nested else f"n{i}" for i in range(10_000)]
    graph = tf.GraphDef()
    for i, name in enumerate(names):
        graph.node.add(name=name, op="Add", input=names[max(0, i - 2) : i])
    begun = time.process_time()
    tree = make_tree(graph, {})
    assert time.process_time() - begun < 10
    assert tree.operations == 10_000
