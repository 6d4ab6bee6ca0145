"""Objects tracked in one another: copies of layers, and what is said of values without object."""

from __future__ import annotations

import copy
import gc
from pathlib import Path

import pytest

import tailrace as tf


def _saved(tmp_path: Path) -> str:
    with tf.Graph().as_default(), tf.Session() as sess:
        checkpoint = tf.train.Checkpoint(first=tf.Variable(1.0), second=tf.Variable(2.0))
        sess.run(tf.global_variables_initializer())
        return checkpoint.save(str(tmp_path / "model"), sess)


def test_a_copied_layer_tracks_its_own_layers() -> None:
    with tf.Graph().as_default():
        cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(2)])
        twin = copy.deepcopy(cell)
    (own,) = twin._checkpoint_dependencies
    assert own.ref is twin._cells[0]
    assert own.ref is not cell._cells[0]


def test_values_without_object_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = _saved(tmp_path)
    with tf.Graph().as_default():
        status = tf.train.Checkpoint(first=tf.Variable(0.0)).restore(path)
    assert "Unresolved" not in caplog.text
    del status
    gc.collect()
    assert "Unresolved object in checkpoint: (root).second" in caplog.text
    assert "(root).first" not in caplog.text


def test_partial_restorations_may_be_silent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = _saved(tmp_path)
    with tf.Graph().as_default():
        status = tf.train.Checkpoint(first=tf.Variable(0.0)).restore(path).expect_partial()
    del status
    gc.collect()
    assert "Unresolved" not in caplog.text


def test_without_a_session(tmp_path: Path) -> None:
    with tf.Graph().as_default(), pytest.raises(ValueError, match="session"):
        tf.train.Checkpoint(v=tf.Variable(1.0)).save(str(tmp_path / "model"))
