"""What conformance cases cannot show of savers and checkpoints."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

import tailrace as tf
from tailrace.library.assign_from import (
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    assign_from_values,
    assign_from_values_fn,
)

DATA = Path(__file__).parent / "data" / "exchange"


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


@pytest.fixture
def saved(tmp_path):
    """A checkpoint of a = [1, 2] and b = 3."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("a", initializer=[1.0, 2.0])
        tf.get_variable("b", initializer=3.0)
        session.run(tf.global_variables_initializer())
        return tf.train.Saver().save(session, str(tmp_path / "m"))


def test_object_based_checkpoint(session):
    """One that `tf.train.Checkpoint` wrote is read by the names its variables had."""
    kernel = tf.get_variable("layer/kernel", [2, 2])
    saver = tf.train.Saver()
    for _ in range(2):
        saver.restore(session, str(DATA / "object"))
    assert session.run(kernel).tolist() == [[1, 2], [3, 4]]


def test_object_based_checkpoint_without_the_variable(session):
    tf.get_variable("other", [2, 2])
    with pytest.raises(tf.errors.NotFoundError, match="not in the checkpoint: other"):
        tf.train.Saver().restore(session, str(DATA / "object"))


def test_failed_restore_says_why(session, saved):
    tf.get_variable("c", [2])
    with pytest.raises(tf.errors.NotFoundError, match=r"(?s)due to a Variable name.*Key c"):
        tf.train.Saver().restore(session, saved)


def test_damaged_checkpoint_changes_nothing(session, saved):
    a = tf.get_variable("a", [2])
    saver = tf.train.Saver()
    session.run(a.assign([7.0, 8.0]))
    data = Path(f"{saved}.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-9] + b"x" * 9)
    with pytest.raises(tf.errors.DataLossError, match="data-00000-of-00001: tensor"):
        saver.restore(session, saved)
    assert session.run(a).tolist() == [7, 8]


def test_saving_over_a_checkpoint_many_times(session, tmp_path):
    a = tf.get_variable("a", initializer=0.0)
    session.run(a.initializer)
    saver, path = tf.train.Saver(), str(tmp_path / "m")
    for value in range(5):
        session.run(a.assign(value))
        assert saver.save(session, path, write_meta_graph=False) == path
    session.run(a.assign(-1.0))
    saver.restore(session, path)
    assert session.run(a) == 4
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["checkpoint", "m.data-00000-of-00001", "m.index"]


def test_recovers_the_list_of_checkpoints(session, tmp_path):
    a = tf.get_variable("a", initializer=0.0)
    session.run(a.initializer)
    first = tf.train.Saver(max_to_keep=2)
    paths = [first.save(session, str(tmp_path / "m"), global_step=i) for i in range(2)]
    second = tf.train.Saver(max_to_keep=2)
    second.recover_last_checkpoints([*paths, str(tmp_path / "gone")])
    assert second.last_checkpoints == paths
    second.save(session, str(tmp_path / "m"), global_step=2)
    assert not tf.train.checkpoint_exists(paths[0])
    assert tf.train.checkpoint_exists(paths[1])


def test_assign_from_values(session):
    a = tf.get_variable("scope/a", [2])
    assign, feeds = assign_from_values({"scope/a": np.array([[1.0], [2.0]])})
    session.run(assign, feeds)
    assert session.run(a).tolist() == [1, 2]
    assign_from_values_fn({"scope/a": [3.0, 4.0]})(session)
    assert session.run(a).tolist() == [3, 4]
    with pytest.raises(ValueError, match="Variable nope wasn't found"):
        assign_from_values({"nope": 1.0})


def test_assign_from_checkpoint(session, saved):
    mine = tf.get_variable("mine", [2])
    other = tf.get_variable("other", initializer=5.0)
    session.run(other.initializer)
    assign, feeds = assign_from_checkpoint(saved, {"a": mine})
    session.run(assign, feeds)
    assert session.run(mine).tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"missing variable \[nope\]"):
        assign_from_checkpoint(saved, {"nope": mine})
    with pytest.raises(ValueError, match="Total size"):
        assign_from_checkpoint(saved, {"b": mine})
    restore = assign_from_checkpoint_fn(saved, {"b": other, "no": mine}, ignore_missing_vars=True)
    assert restore is not None
    restore(session)
    assert session.run(other) == 3
    assert assign_from_checkpoint_fn(saved, {"no": mine}, ignore_missing_vars=True) is None
    with pytest.raises(ValueError, match="empty"):
        assign_from_checkpoint_fn(saved, [])


def test_waiting_for_checkpoints(session, tmp_path):
    a = tf.get_variable("a", initializer=0.0)
    session.run(a.initializer)
    saver = tf.train.Saver()
    folder = str(tmp_path)

    def write():
        for step in range(2):
            saver.save(session, folder + "/m", global_step=step, write_meta_graph=False)
            time.sleep(1.5)

    thread = threading.Thread(target=write)
    thread.start()
    found = list(tf.train.checkpoints_iterator(folder, timeout=3))
    thread.join()
    assert found == [f"{folder}/m-0", f"{folder}/m-1"]
    assert list(tf.train.checkpoints_iterator(folder + "/none", timeout=0)) == []


def test_start_from_checkpoint_refuses(saved):
    with tf.Graph().as_default():
        a = tf.get_variable("x/a", [3])
        with pytest.raises(ValueError, match="doesn't match with shape"):
            tf.train.init_from_checkpoint(saved, {"a": a})
        with pytest.raises(ValueError, match="not found"):
            tf.train.init_from_checkpoint(saved, {"nope": a})
        with pytest.raises(ValueError, match="not found"):
            tf.train.init_from_checkpoint(saved, {"other/": "x/"})
        with pytest.raises(ValueError, match="scope"):
            tf.train.init_from_checkpoint(saved, {"other": "x/"})
        with pytest.raises(ValueError, match="Couldn't find"):
            tf.train.init_from_checkpoint(str(Path(saved).parents[1]), {"a": a})
