"""Threads that stop together, and queues several threads use."""

import threading
import time

import pytest

import tailrace as tf


def test_a_thread_that_fails_stops_the_others_and_join_raises_what_failed():
    coordinator = tf.train.Coordinator()

    def waits():
        coordinator.wait_for_stop(30)

    def fails():
        with coordinator.stop_on_exception():
            raise KeyError("lost")

    threads = [threading.Thread(target=f) for f in (waits, fails)]
    for thread in threads:
        thread.start()
    with pytest.raises(KeyError, match="lost"):
        coordinator.join(threads)
    assert coordinator.joined
    assert coordinator.should_stop()


def test_the_end_of_data_is_no_failure():
    coordinator = tf.train.Coordinator()
    coordinator.request_stop(tf.errors.OutOfRangeError(None, None, "end"))
    coordinator.join()
    coordinator.clear_stop()
    assert not coordinator.should_stop()


def test_threads_that_do_not_stop_in_time_are_named():
    coordinator = tf.train.Coordinator()
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="stubborn")
    thread.start()
    coordinator.request_stop()
    with pytest.raises(RuntimeError, match="stubborn"):
        coordinator.join([thread], stop_grace_period_secs=0.05)
    done.set()
    thread.join()


def test_a_looper_calls_until_it_is_stopped():
    coordinator = tf.train.Coordinator()
    calls = []
    tf.train.LooperThread.loop(coordinator, 0.01, calls.append, args=("turn",))
    deadline = time.monotonic() + 10
    while len(calls) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    coordinator.request_stop()
    coordinator.join()
    assert calls[:3] == ["turn"] * 3


def test_a_full_queue_makes_its_runner_wait():
    with tf.Graph().as_default(), tf.Session() as session:
        counter = tf.Variable(0, use_resource=True)
        session.run(tf.global_variables_initializer())
        queue = tf.FIFOQueue(2, tf.int32, shapes=[[]])
        runner = tf.train.QueueRunner(queue, [queue.enqueue(counter.assign_add(1))])
        taken, size = queue.dequeue(), queue.size()
        coordinator = tf.train.Coordinator()
        threads = runner.create_threads(session, coordinator, daemon=True, start=True)
        assert [session.run(taken) for _ in range(5)] == [1, 2, 3, 4, 5]
        assert session.run(size) <= 2
        coordinator.request_stop()
        coordinator.join(threads)


def test_a_queue_runner_survives_export():
    with tf.Graph().as_default():
        tf.train.range_input_producer(3, num_epochs=1, shuffle=False)
        meta_graph = tf.train.export_meta_graph()
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(meta_graph)
        session.run(tf.local_variables_initializer())
        (runner,) = graph.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
        assert runner.queue.type == "FIFOQueueV2"
        coordinator = tf.train.Coordinator()
        filling, closing = runner.create_threads(session, coordinator, daemon=True, start=True)
        filling.join(30)
        assert not filling.is_alive()
        coordinator.request_stop()
        coordinator.join([closing])
