"""Training goes on in the other implementation: what TensorFlow 1.15.5 wrote goes on here,
and what Tailrace writes goes on there.

`data/` was written by TensorFlow 1.15.5: `python training_programs.py write data`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tailrace as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import training_programs  # noqa: E402 - a script of this folder


def _losses(folder):
    names = [program.__name__ for program in training_programs.PROGRAMS]
    return {n: json.loads((Path(folder) / n / "facts.json").read_text())["losses"] for n in names}


def _assert_close(found, expected):
    for name, losses in expected.items():
        np.testing.assert_allclose(found[name], losses, rtol=1e-4, err_msg=name)


def test_tensorflows_graphs_and_checkpoints_train_the_same():
    _assert_close(training_programs.train(tf, str(HERE / "data")), _losses(HERE / "data"))


def test_the_programs_themselves_train_the_same(tmp_path):
    training_programs.write(tf, str(tmp_path))
    _assert_close(_losses(tmp_path), _losses(HERE / "data"))


def test_losses_go_down():
    for losses in _losses(HERE / "data").values():
        assert losses[-1] < losses[0]


@pytest.mark.tf1
def test_tensorflow_trains_tailraces_graphs_and_checkpoints(tmp_path):
    training_programs.write(tf, str(tmp_path))
    result = subprocess.run(
        [
            os.environ["TAILRACE_TF1_PYTHON"],
            str(HERE / "training_programs.py"),
            "train",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    line = next(line for line in result.stdout.splitlines() if line.startswith("losses "))
    _assert_close(json.loads(line[len("losses ") :]), _losses(tmp_path))
