"""Function libraries of GraphDefs: TensorFlow 1.15.5 runs ours, and Tailrace runs its.

`data/functions/graph.pb` was written by TensorFlow 1.15.5:
`python function_programs.py write data/functions/graph.pb`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tailrace as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import function_programs  # noqa: E402 - a script of this folder

EXPECTED = [[[3, 6], "1"], [[9, 12], "2"]]


def test_tensorflows_functions_run():
    assert function_programs.read(tf, str(HERE / "data" / "functions" / "graph.pb")) == EXPECTED


def test_own_functions_come_back(tmp_path):
    function_programs.write(tf, str(tmp_path / "graph.pb"))
    assert function_programs.read(tf, str(tmp_path / "graph.pb")) == EXPECTED


def test_imported_functions_are_written_again(tmp_path):
    written = (HERE / "data" / "functions" / "graph.pb").read_bytes()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.GraphDef.FromString(written), name="")
    again = graph.as_graph_def().SerializeToString()
    (tmp_path / "graph.pb").write_bytes(again)
    assert function_programs.read(tf, str(tmp_path / "graph.pb")) == EXPECTED


def test_a_library_names_every_function_once():
    with tf.Graph().as_default() as graph:
        function_programs.build(tf)
    names = [each.signature.name for each in graph.as_graph_def().library.function]
    assert len(names) == len(set(names)) == 5


def test_an_operation_that_is_not_known_in_a_function():
    with tf.Graph().as_default() as graph:
        function_programs.build(tf)
    definition = graph.as_graph_def()
    definition.library.function[0].node_def[0].op = "NoSuchOperation"
    with (
        tf.Graph().as_default(),
        pytest.raises((ValueError, tf.errors.OpError), match=r"NoSuchOperation|There is no"),
    ):
        tf.import_graph_def(definition)


@pytest.mark.tf1
def test_tensorflow_runs_tailraces_functions(tmp_path):
    function_programs.write(tf, str(tmp_path / "graph.pb"))
    program = [str(HERE / "function_programs.py"), "read", str(tmp_path / "graph.pb")]
    result = subprocess.run(
        [os.environ["TAILRACE_TF1_PYTHON"], *program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().splitlines()[-1] == str(EXPECTED)
