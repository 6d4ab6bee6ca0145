"""What drives training, where TensorFlow has nothing to compare with or tests need patience."""

import json
import logging

import pytest

import tailrace as tf


@pytest.fixture(autouse=True)
def _fresh_graph():
    tf.reset_default_graph()


def test_a_cluster_of_several_tasks_is_refused_with_an_alternative():
    cluster = tf.train.ClusterSpec({"ps": ["a:1"], "worker": ["b:1", "b:2"]})
    with pytest.raises(NotImplementedError, match=r"this one has 3.*torchrun"):
        tf.train.Server(cluster, job_name="worker", task_index=1)


def test_joining_a_server_is_refused():
    server = tf.train.Server({"local": ["localhost:2222"]})
    assert server.target == "grpc://localhost:2222"
    assert (server.server_def.job_name, server.server_def.task_index) == ("local", 0)
    with pytest.raises(NotImplementedError, match="other processes"):
        server.join()


def test_a_server_of_an_unknown_task():
    with pytest.raises(tf.errors.InvalidArgumentError, match="Task 1 was not defined"):
        tf.train.Server({"worker": ["a:1"]}, job_name="worker", task_index=1)
    with pytest.raises(ValueError, match="job_name"):
        tf.train.Server({"ps": ["a:1"], "worker": ["b:1"]})


def test_the_logged_text(caplog):
    w = tf.get_variable("w", [2], initializer=tf.ones_initializer())
    hook = tf.train.LoggingTensorHook({"b": w, "a": "w/read"}, every_n_iter=1)
    logger = logging.getLogger("tensorflow")
    logger.addHandler(caplog.handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        with tf.train.SingularMonitoredSession(hooks=[hook]) as session:
            session.run(w)
            session.run(w)
    finally:
        logger.removeHandler(caplog.handler)
        logger.setLevel(level)
    texts = [record.getMessage() for record in caplog.records]
    assert "a = [1. 1.], b = [1. 1.]" in texts
    assert any(text.startswith("a = [1. 1.], b = [1. 1.] (") for text in texts)


def test_a_trace_has_the_operations_of_the_run():
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.tanh(x, name="y")
    metadata = tf.RunMetadata()
    with tf.Session() as session:
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        session.run(y, {x: [1, 2]}, options=options, run_metadata=metadata)
    from tailrace.library.training.timeline import Timeline

    events = json.loads(Timeline(metadata.step_stats).generate_chrome_trace_format())["traceEvents"]
    assert [e["args"]["name"] for e in events if e["ph"] == "X"] == ["y"]
    assert events[0]["args"]["name"].endswith("CPU:0 Compute")


def test_checkpoints_of_a_killed_run_are_found_again(tmp_path):
    """A second session goes on from what the first one left behind without closing."""
    step = tf.train.get_or_create_global_step()
    more = step.assign_add(1)
    first = tf.train.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path), save_checkpoint_steps=2, save_summaries_steps=None
    )
    values = [first.run(more) for _ in range(3)]
    tf.summary.FileWriterCache.clear()
    assert values == [1, 2, 3]
    tf.reset_default_graph()
    step = tf.train.get_or_create_global_step()
    with tf.train.MonitoredTrainingSession(
        checkpoint_dir=str(tmp_path), save_summaries_steps=None, save_checkpoint_secs=None
    ) as second:
        assert second.run(step) == 2
    tf.summary.FileWriterCache.clear()


def test_a_thread_that_fails_ends_the_session():
    queue = tf.FIFOQueue(2, tf.float32)
    bad = queue.enqueue(tf.check_numerics(tf.constant(float("nan")), "bad input"))
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [bad]))
    value = queue.dequeue()

    def run():
        with tf.train.MonitoredSession() as session:
            while not session.should_stop():
                session.run(value)

    with pytest.raises(tf.errors.InvalidArgumentError, match="bad input"):
        run()


def test_sharded_savers_write_before_they_merge(tmp_path):
    v = tf.get_variable("v", [], initializer=tf.ones_initializer())
    saver = tf.train.Saver(sharded=True)
    with tf.Session() as session:
        session.run(v.initializer)
        path = saver.save(session, str(tmp_path / "model"), global_step=1)
    assert tf.train.load_variable(path, "v") == 1.0


def test_gradients_that_are_slices_are_refused_by_replicas():
    table = tf.get_variable("table", [4, 2])
    loss = tf.reduce_sum(tf.nn.embedding_lookup(table, [1]))
    optimizer = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 1)
    with pytest.raises(NotImplementedError, match="table is an IndexedSlices"):
        optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
