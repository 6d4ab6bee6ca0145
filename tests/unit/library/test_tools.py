"""The tools for checkpoints, SavedModels and frozen graphs say what TensorFlow's say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tailrace as tf
from tailrace.tf.tools import freeze_graph, inspect_checkpoint, saved_model_cli

HERE = Path(__file__).parent
EXPECTED = HERE.parents[1] / "data" / "tf115_tools.txt"


def test_a_program_with_the_tools_prints_what_it_prints_under_tensorflow(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tailrace", "run", str(HERE / "tools_program.py")]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == EXPECTED.read_text()


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    with tf.Graph().as_default(), tf.Session() as sess:
        variable = tf.Variable([1.0, 2.0], name="v")
        doubled = tf.multiply(variable, 2.0, name="doubled")
        sess.run(tf.global_variables_initializer())
        tf.train.write_graph(sess.graph_def, str(tmp_path), "graph.pb", as_text=False)
        tf.saved_model.simple_save(
            sess, str(tmp_path / "saved"), {"v": variable}, {"doubled": doubled}
        )
        return tf.train.Saver().save(sess, str(tmp_path / "model"))


def test_inspecting_as_a_command(checkpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect_checkpoint.main([f"--file_name={checkpoint}", "--all_tensors"]) == 0
    assert "[1. 2.]" in capsys.readouterr().out
    assert inspect_checkpoint.main([]) == 1
    assert "Usage" in capsys.readouterr().out


def test_a_file_of_a_checkpoint_instead_of_its_prefix(
    checkpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspect_checkpoint.main([f"--file_name={checkpoint}.meta"]) == 0
    assert f"--file_name = {checkpoint}\n" in capsys.readouterr().out


def test_freezing_as_a_command(checkpoint: str, tmp_path: Path) -> None:
    tf.reset_default_graph()
    arguments = {
        "input_graph": tmp_path / "graph.pb",
        "input_binary": "true",
        "input_checkpoint": checkpoint,
        "output_node_names": "doubled",
        "output_graph": tmp_path / "frozen.pb",
    }
    assert freeze_graph.main([f"--{name}={value}" for name, value in arguments.items()]) == 0
    definition = tf.GraphDef.FromString((tmp_path / "frozen.pb").read_bytes())
    assert [node.op for node in definition.node if node.name == "v"] == ["Const"]


def test_running_a_signature(checkpoint: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "saved")
    found = saved_model_cli.run_saved_model_with_feed_dict(folder, "serve", "serving_default", {})
    assert found["doubled"].tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match="not a valid input key"):
        saved_model_cli.run_saved_model_with_feed_dict(
            folder, "serve", "serving_default", {"x": [1.0]}
        )
    with pytest.raises(RuntimeError, match="could not be found"):
        saved_model_cli.get_meta_graph_def(folder, "train")
