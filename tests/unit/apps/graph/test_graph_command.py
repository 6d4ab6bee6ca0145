"""`tailrace graph`, as its user types it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format

import tailrace as tf
from tailrace.cli import main

PROGRAM = """
import sys
import tensorflow as tf

with tf.name_scope("net"):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", [3, 2])
    y = tf.matmul(x, w, name=sys.argv[1] if len(sys.argv) > 1 else "y")
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    print("ran on")
    tf.constant("</script>", name="late")
    session.run(y, {x: [[1, 2, 3]]})
"""


@pytest.fixture(autouse=True)
def _no_graph() -> None:
    tf.reset_default_graph()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def graph() -> tf.Graph:
    """y = x w in a scope."""
    with tf.Graph().as_default() as graph, tf.name_scope("net"):
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        tf.matmul(x, tf.ones([3, 2]), name="y")
        tf.Variable(1.0, name="v")
    return graph


def data(page: Path) -> dict[str, dict[str, Any]]:
    """The members of a page by name, operations before scopes; the page needs nothing else."""
    text = page.read_text()
    assert not re.search(r'(src|href)="|https?://(?!www\.w3\.org/2000/svg)', text)
    assert "{{" not in text
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    assert found is not None
    members = json.loads(found[1])["members"]
    return {one["name"]: one for one in sorted(members, key=lambda one: bool(one["op"]))}


def test_a_program_until_its_first_session(program: Path, tmp_path: Path, capsys):
    page = tmp_path / "graph.html"
    assert main(["graph", "-o", str(page), str(program), "named"]) == 0
    said = capsys.readouterr().out
    assert "ran on" not in said
    assert "operations are drawn in" in said
    members = data(page)
    assert members["net/named"]["shapes"] == ["float32 [?, 2]"]
    assert members["net/x"]["op"] == "Placeholder"
    assert "late" not in members


def test_a_whole_program(program: Path, tmp_path: Path, capsys):
    page = tmp_path / "graph.html"
    assert main(["graph", "--whole", str(program), "-o", str(page)]) == 0
    assert "ran on" in capsys.readouterr().out
    late = data(page)["late"]
    assert "</script>" in dict(late["attributes"])["value"]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("raise SystemExit(3)", 3, "ended with status 3"),
        ("1 / 0", 1, "ended with status 1"),
        ("x = 1", 2, "built no graph"),
    ],
)
def test_programs_that_draw_nothing(tmp_path: Path, capsys, text: str, status: int, said: str):
    program = tmp_path / "program.py"
    program.write_text(f"import tensorflow as tf\n{text}\n")
    page = tmp_path / "graph.html"
    assert main(["graph", str(program), "-o", str(page)]) == status
    assert said in capsys.readouterr().err
    assert not page.exists()


def _write(graph: tf.Graph, kind: str, folder: Path) -> Path:
    if kind == "events":
        tf.summary.FileWriter(str(folder / "logs"), graph).close()
        return next((folder / "logs").iterdir())
    if kind == "saved model":
        with tf.Session(graph=graph) as session:
            with graph.as_default():
                session.run(tf.global_variables_initializer())
            builder = tf.saved_model.builder.SavedModelBuilder(str(folder / "saved"))
            builder.add_meta_graph_and_variables(session, [tf.saved_model.tag_constants.SERVING])
            builder.save()
        return folder / "saved"
    path = folder / f"graph.{kind}"
    if kind == "meta":
        with graph.as_default():
            tf.train.export_meta_graph(str(path))
    elif kind == "pb":
        path.write_bytes(graph.as_graph_def().SerializeToString())
    else:
        path.write_text(text_format.MessageToString(graph.as_graph_def()))
    return path


@pytest.mark.parametrize("kind", ["pb", "pbtxt", "meta", "events", "saved model"])
def test_files(graph: tf.Graph, kind: str, tmp_path: Path):
    page = tmp_path / "graph.html"
    assert main(["graph", str(_write(graph, kind, tmp_path)), "-o", str(page)]) == 0
    members = data(page)
    assert members["net/y"]["shapes"] == ["float32 [?, 2]"]
    assert members["net"]["op"] == ""
    assert members["net/v"]["op"] == "VariableV2"


def test_shapes_of_operations_that_are_not_known(graph: tf.Graph, tmp_path: Path):
    written = graph.as_graph_def(add_shapes=True)
    written.node.add(name="own", op="MyOwn", input=["net/y"])
    path, page = tmp_path / "own.pb", tmp_path / "graph.html"
    path.write_bytes(written.SerializeToString())
    assert main(["graph", str(path), "-o", str(page)]) == 0
    members = data(page)
    assert members["net/y"]["shapes"] == ["[?, 2]"]
    assert members["own"]["shapes"] == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pb", b"", "holds no operations"),
        ("a.pb", b"\xff\xff", "is not a graph, or is damaged"),
        ("a.pbtxt", b"nonsense {", "is not a graph as text"),
        ("a.meta", b"", "holds no operations"),
        ("a.txt", b"x", "what kind of graph is it?"),
        ("x.tfevents.1", b"abc", "is damaged"),
        ("x.tfevents.1", b"", "holds no graph"),
        ("a.py", b"x = (", "was never closed"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, capsys, name: str, content: bytes, said: str):
    (tmp_path / name).write_bytes(content)
    assert main(["graph", str(tmp_path / name), "-o", str(tmp_path / "g.html")]) == 2
    error = capsys.readouterr().err
    assert said.lower() in error.lower()
    assert error.count("\n") == 1


def test_other_bad_input(graph: tf.Graph, tmp_path: Path, capsys):
    path = _write(graph, "pb", tmp_path)
    assert main(["graph", str(tmp_path / "none.pb")]) == 2
    assert main(["graph", str(tmp_path)]) == 2
    assert "is not a SavedModel" in capsys.readouterr().err
    assert main(["graph", str(path), "-o", str(tmp_path / "none" / "g.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert main(["graph", "--whole", str(path)]) == 2
    assert "is not a program" in capsys.readouterr().err


def test_the_pages_script_asks_for_what_the_page_has(graph: tf.Graph, tmp_path: Path):
    page = tmp_path / "graph.html"
    assert main(["graph", str(_write(graph, "pb", tmp_path)), "-o", str(page)]) == 0
    text = page.read_text()
    body, _, script = text.rpartition("<script>")
    ids = set(re.findall(r'\bid="(\w+)"', body))
    asked = set(re.findall(r'(?:getElementById|box|set)\("(\w+)"\)', script))
    assert asked <= ids
    assert asked >= {"data", "view", "graph", "panel", "search", "fit", "close", "count"}
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    assert found is not None
    known = json.loads(found[1])
    named = re.search(r"const \{ (\w+), (\w+) \} = JSON.parse", script)
    assert named is not None
    assert set(named.groups()) <= set(known)
    # what the script reads of a member is there in each of them
    wanted = set(re.findall(r"\b(?:one|members\[(?:[^][]|\[[^]]*\])+\])\.(\w+)", script))
    assert {"parent", "label", "op", "row", "place", "shapes"} <= wanted
    assert all(wanted <= set(member) for member in known["members"])
    count = len(known["members"])
    for source, port, target in known["edges"]:
        assert 0 <= source < count
        assert 0 <= target < count
        assert port < 0 or port < len(known["members"][source]["shapes"])
    assert all(0 <= one["parent"] < i for i, one in enumerate(known["members"]) if i)
