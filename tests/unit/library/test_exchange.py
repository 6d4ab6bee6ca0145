"""Models go from TensorFlow to Tailrace and back: checkpoints, MetaGraphs, frozen, SavedModel.

`data/exchange` is what `exchange_program.py write` left under TensorFlow 1.15.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.unit.library import exchange_program

import tailrace as tf

DATA = Path(__file__).parent / "data" / "exchange"
EXPECTED = json.loads((DATA / "values.json").read_text())


def check(found, expected, where=""):
    """Equal up to float rounding, label by label."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key, value in expected.items():
            check(found[key], value, f"{where}/{key}")
    elif expected and isinstance(expected, list) and isinstance(expected[0], str):
        assert found == expected, where
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=where)


def check_all(found):
    frozen, expected = found.pop("frozen"), dict(EXPECTED)
    for value, wanted in zip(frozen, expected.pop("frozen"), strict=True):
        check(value, wanted, "frozen")
    check(found, expected)


def test_reads_what_tensorflow_wrote():
    check_all(exchange_program.read(tf, str(DATA)))


def test_reads_what_it_wrote(tmp_path):
    exchange_program.write(tf, str(tmp_path))
    check_all(exchange_program.read(tf, str(tmp_path)))


@pytest.mark.parametrize("name", ["v2", "sharded", "v1"])
def test_checkpoints_are_tensorflows_bytes(name, tmp_path):
    exchange_program.write(tf, str(tmp_path))
    files = [path for path in DATA.glob(f"{name}-8*") if path.suffix != ".meta"]
    assert files
    for path in files:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_meta_graphs_are_tensorflows(tmp_path):
    """The same nodes, collections and savers; only the sharded saver's random name differs."""
    exchange_program.write(tf, str(tmp_path))
    ours, theirs = tf.MetaGraphDef(), tf.MetaGraphDef()
    ours.ParseFromString((tmp_path / "v2-8.meta").read_bytes())
    theirs.ParseFromString((DATA / "v2-8.meta").read_bytes())
    assert ours.saver_def == theirs.saver_def
    random = {"shards/StringJoin/inputs_1"}
    for mine, other in zip(ours.graph_def.node, theirs.graph_def.node, strict=True):
        assert mine == other or mine.name in random
    for key in ("variables", "trainable_variables", "train_op", "notes"):
        assert ours.collection_def[key] == theirs.collection_def[key]
    names = [op.name for op in ours.meta_info_def.stripped_op_list.op]
    assert names == [op.name for op in theirs.meta_info_def.stripped_op_list.op]


def test_frozen_graph_is_tensorflows(tmp_path):
    exchange_program.write(tf, str(tmp_path))
    ours, theirs = tf.GraphDef(), tf.GraphDef()
    ours.ParseFromString((tmp_path / "frozen.pb").read_bytes())
    theirs.ParseFromString((DATA / "frozen.pb").read_bytes())
    assert [node.name for node in ours.node] == [node.name for node in theirs.node]


@pytest.mark.tf1
def test_tensorflow_reads_what_tailrace_wrote(tmp_path):
    exchange_program.write(tf, str(tmp_path))
    program = Path(exchange_program.__file__)
    result = subprocess.run(
        [os.environ["TAILRACE_TF1_PYTHON"], str(program), "read", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    check_all(json.loads(result.stdout.splitlines()[-1]))
