"""Clusters of one task within this process, and what a session says of its placements."""

from __future__ import annotations

import pytest

import tailrace as tf


def test_a_cluster_of_one_worker_runs_here() -> None:
    workers, ps = tf.test.create_local_cluster(num_workers=1, num_ps=0)
    assert (len(workers), len(ps)) == (1, 0)
    with tf.Graph().as_default(), tf.Session(workers[0].target) as sess:
        assert sess.run(tf.constant(2) + 3) == 5


def test_a_cluster_of_several_tasks_is_refused_with_what_to_do() -> None:
    with pytest.raises(NotImplementedError, match="only one task"):
        tf.test.create_local_cluster(num_workers=2, num_ps=1)


def test_every_session_says_where_it_places_operations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tf.debugging.set_log_device_placement(True)
    try:
        with tf.Graph().as_default(), tf.Session() as sess:
            sess.run(tf.constant(1, name="one"))
    finally:
        tf.debugging.set_log_device_placement(False)
    said = capsys.readouterr()
    assert "one: (Const): /job:localhost/replica:0/task:0/device:CPU:0" in said.out + said.err
