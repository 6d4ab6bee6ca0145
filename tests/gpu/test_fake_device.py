"""What runs where, and what is copied: on the device that is none."""

import threading

import numpy as np
import pytest
import shared
import torch
from fake_device import Counts, MixedDevices, present

import tailrace as tf
from tailrace.library.local_devices import list_local_devices
from tailrace.native import device_random
from tailrace.plan.ir import Segment, Step
from tailrace.run.profile import Profiler

X = np.random.RandomState(0).randn(4, 3).astype(np.float32)


def _placed(session: tf.Session, fetches, feeds=()) -> dict[str, str]:
    """The steps of a plan by name: the device, or host."""
    steps: list[Step] = []
    for step in session.plan(fetches, feeds).steps:
        steps.extend(step.steps if isinstance(step, Segment) else [step])
    return {
        f"{step.op.name}/{step.op_def.name}" if step.op_def.name == "Transfer" else step.op.name: (
            "host" if step.device is None else step.device.name
        )
        for step in steps
    }


def _training(seed: int = 1):
    """An LSTM over sequences with embedding by product, clipping and Adam."""
    tf.set_random_seed(seed)
    x, y = tf.placeholder(tf.float32, [5, 4, 3]), tf.placeholder(tf.float32, [5, 4, 2])
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(6) for _ in range(2)])
    outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(outputs, 2) - y))
    variables = tf.trainable_variables()
    grads, norm = tf.clip_by_global_norm(tf.gradients(loss, variables), 0.1)
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.05).apply_gradients(zip(grads, variables, strict=True), step)
    return x, y, loss, norm, train, step


def _trained(steps: int = 7) -> tuple[list[list[float]], list[np.ndarray]]:
    """Losses and norms by step, and the variables after, from a graph of its own."""
    rng = np.random.RandomState(3)
    with tf.Graph().as_default(), tf.Session() as session:
        x, y, loss, norm, train, _ = _training()
        session.run(tf.global_variables_initializer())
        curve = []
        for _ in range(steps):
            feed = {x: rng.randn(5, 4, 3), y: rng.randn(5, 4, 2)}
            curve.append([float(v) for v in session.run([loss, norm, train], feed)[:2]])
        return curve, session.run(tf.global_variables())


def test_the_device_refuses_what_a_gpu_refuses():
    with present(), torch.inference_mode():
        there = torch.ones(3, device="fakegpu:0")
        with pytest.raises(MixedDevices):
            _ = there + torch.ones(3)
        with pytest.raises(RuntimeError, match="no address on the host"):
            there.data_ptr()
        with pytest.raises((RuntimeError, TypeError)):
            there.numpy()
        assert (there + torch.tensor(2.0)).tolist() == [3.0, 3.0, 3.0]


def test_numbers_are_the_gpus_and_sizes_the_hosts(counts: Counts):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    rows = tf.shape(x, name="shape")[0]
    y = tf.reshape(tf.exp(x, name="exp"), tf.stack([rows * 3, 1]), name="y")
    places = tf.argmax(y, 0, name="places")
    text = tf.as_string(places, name="text")
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(y, {x: X}), np.exp(X).reshape(12, 1), rtol=1e-6)
        assert session.run(text, {x: X}) == [str(X.argmax()).encode()]
        where = _placed(session, [y, text], [x])
    assert where["exp"] == where["y"] == where["places"] == "/device:GPU:0"
    assert where["shape"] == where["text"] == "host"
    assert where["places/Transfer"] == "host"
    assert where["x/Transfer"] == "/device:GPU:0"


def test_whole_numbers_that_come_from_there_go_to_the_host_for_sets(counts: Counts):
    x = tf.placeholder(tf.float32, [4, 3])
    best = tf.nn.top_k(x, 2).indices
    sets = tf.sets.set_intersection(best, tf.constant([[0, 1]] * 4))
    size = tf.sets.set_size(sets)
    expected = [len({0, 1} & set(row)) for row in np.argsort(-X, 1)[:, :2].tolist()]
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(size, {x: X}), expected)


def test_a_value_is_copied_once_for_all_who_take_it(counts: Counts):
    x = tf.placeholder(tf.float32, [4, 3])
    with tf.Session() as session:
        fetches = [tf.exp(x), tf.sin(x), tf.cos(x) + 2.0]
        session.run(fetches, {x: X})
        counts.reset()
        session.run(fetches, {x: X})
    assert (counts.to_device, counts.to_host, counts.waits) == (1, 3, 0)


def test_devices_asked_for_are_given(counts: Counts):
    with tf.device("/cpu:0"):
        a = tf.exp(tf.constant(X), name="a")
        v = tf.Variable([1.0, 2.0], name="v")
    with tf.device("/gpu:0"):
        b = tf.sin(a * tf.reduce_sum(v), name="b")
    with tf.Session(config=tf.ConfigProto(device_count={"GPU": 1})) as session:
        session.run(v.initializer)
        np.testing.assert_allclose(session.run(b), np.sin(np.exp(X) * 3), rtol=1e-4)
        where = _placed(session, b)
        value = session.store.resource("variable", "", "v", lambda: None).value
    assert where.get("a", "host") == "host"
    assert where["b"] == "/device:GPU:0"
    assert value.is_cpu


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("text", lambda: tf.as_string(tf.constant(1.0), name="text")),
        ("count", lambda: tf.Variable(3, name="count").initializer),
        ("words", lambda: tf.Variable(["a"], name="words").initializer),
        ("summary", lambda: tf.summary.scalar("summary", tf.constant(1.0))),
    ],
)
def test_what_tensorflow_has_no_kernel_for_there_is_refused(counts: Counts, name, build):
    with tf.device("/gpu:0"):
        fetch = build()
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as failure:
        session.run(fetch)
    assert failure.value.message.startswith(
        f"Cannot assign a device for operation {name}: Could not satisfy explicit device "
        "specification '/device:GPU:0' because no supported kernel for GPU devices is available."
    )
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        session.run(fetch)


def test_a_gpu_that_there_is_not_is_refused_or_replaced(counts: Counts):
    with tf.device("/gpu:1"):
        y = tf.exp(tf.constant(X), name="y")
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="GPU:0 ]"):
        session.run(y)
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        np.testing.assert_allclose(session.run(y), np.exp(X), rtol=1e-6)
        assert _placed(session, y).get("y", "host") == "host"


def test_the_machine_tells_of_the_device(counts: Counts):
    assert tf.test.is_gpu_available()
    assert tf.test.gpu_device_name() == "/device:GPU:0"
    found = list_local_devices()[1]
    assert (found.name, found.device_type, found.memory_limit) == ("/device:GPU:0", "GPU", 1 << 30)
    with tf.Session() as session:
        names = [device.name for device in session.list_devices()]
    assert names == [f"/job:localhost/replica:0/task:0/device:{d}:0" for d in ("CPU", "GPU")]


def test_a_session_without_gpus_leaves_everything_on_the_host(counts: Counts):
    v = tf.Variable([1.0, 2.0])
    with tf.Session(config=tf.ConfigProto(device_count={"GPU": 0})) as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(v * 2.0), [2.0, 4.0])
    assert counts.calls == 0


def test_variables_stay_on_the_device(counts: Counts):
    v, whole = tf.Variable(X, name="v"), tf.Variable(3, name="whole")
    resource = tf.get_variable("r", initializer=X, use_resource=True)
    change = tf.group(v.assign_add(X), whole.assign_add(1), resource.assign_add(X))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(change)
        counts.reset()
        session.run(change)
        assert (counts.to_device, counts.to_host) == (0, 0)
        values = session.run([v, whole, resource])
        of = {n: session.store.resource("variable", "", n, lambda: None).value for n in "vr"}
        counter = session.store.resource("variable", "", "whole", lambda: None).value
    np.testing.assert_allclose(values[0], 3 * X, rtol=1e-6)
    np.testing.assert_allclose(values[2], 3 * X, rtol=1e-6)
    assert values[1] == 5
    assert not of["v"].is_cpu
    assert not of["r"].is_cpu
    assert counter.is_cpu


def test_a_kernel_of_the_host_borrows_variables(counts: Counts):
    v = tf.Variable([[1.0, 2.0]], name="v")
    table = tf.Variable([0.0, 0.0], name="t")
    script = tf.py_func(lambda a: a + 1, [v], tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(script), [[2.0, 3.0]])
        np.testing.assert_array_equal(session.run(tf.report_uninitialized_variables()), [])
        np.testing.assert_array_equal(session.run(tf.scatter_add(table, [1], [5.0])), [0.0, 5.0])


def test_checkpoints_pass_through_the_host(counts: Counts, tmp_path):
    v = tf.Variable(X, name="v")
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(v.initializer)
        path = saver.save(session, str(tmp_path / "model"))
    with tf.Session() as session:
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run(v), X)
    with tf.Session(config=tf.ConfigProto(device_count={"GPU": 0})) as session:
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run(v), X)


@pytest.mark.parametrize("many", [None, 0])
def test_random_numbers_are_those_of_the_host(many: int | None, monkeypatch: pytest.MonkeyPatch):
    """Few are drawn there and copied, many on the device."""
    if many is not None:
        for kind in device_random.MANY:
            monkeypatch.setitem(device_random.MANY, kind, many)

    def drawn():
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(7)
            uniform = tf.random_uniform([3, 5], dtype=tf.float64)
            stateless = tf.random.stateless_uniform([6], [1, 2])
            dropped = tf.nn.dropout(tf.ones([40]), 0.5)
            normal = tf.random_normal([5]), tf.random.stateless_normal([3], [3, 4])
            others = tf.truncated_normal([4]), tf.random_uniform([4], 0, 9, tf.int32)
            fetches = [uniform, stateless, dropped, *normal, *others]
            return [value for _ in range(2) for value in session.run(fetches)]

    expected = drawn()
    with present() as counts:
        found = drawn()
    for i, (a, b) in enumerate(zip(expected, found, strict=True)):
        normal = i % 7 in (3, 4) and many == 0
        np.testing.assert_allclose(b, a, rtol=1e-5 if normal else 0)
    assert (counts.calls > 200) == (many == 0)


def test_training_an_lstm_computes_what_the_host_computes():
    curve, variables = _trained()
    with present() as counts:
        found_curve, found_variables = _trained()
    np.testing.assert_allclose(found_curve, curve, rtol=1e-4)
    for a, b in zip(variables, found_variables, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-5)
    assert counts.replays == 5


def test_a_training_step_is_one_recording(counts: Counts):
    x, y, loss, _, train, step = _training()
    feed = {x: np.ones((5, 4, 3)), y: np.ones((5, 4, 2))}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        segments = [s for s in session.plan([loss, train], feed).steps if isinstance(s, Segment)]
        assert len(segments) == 1
        assert "recorded on /device:GPU:0:" in str(session.plan([loss, train], feed))
        for _ in range(3):
            session.run([loss, train], feed)
        counts.reset()
        session.run([loss, train], feed)
        # the feeds in, the loss out, and nothing in between
        assert (counts.to_device, counts.to_host, counts.waits) == (2, 1, 0)
        assert counts.replays == 1
        assert session.run(step) == 4


def test_a_recording_is_made_anew_when_a_variable_moves(counts: Counts):
    v = tf.Variable([1.0, 2.0], name="v")
    change = tf.group(v.assign_add([1.0, 1.0]), v.assign_sub([0.5, 0.5]), v.assign_add([0.25, 0.0]))
    with tf.Session() as session:
        session.run(v.initializer)
        for _ in range(4):
            session.run(change)
        np.testing.assert_array_equal(session.run(v), [4.0, 4.0])
        assert counts.replays == 2
        cell = session.store.resource("variable", "", "v", lambda: None)
        cell.detach()
        session.run(change)
        session.run(change)
        np.testing.assert_array_equal(session.run(v), [5.5, 5.0])
        assert counts.replays == 4


def test_what_the_memory_does_not_hold_is_refused(counts: Counts):
    size = tf.placeholder(tf.int64, [])
    x = tf.random_uniform([size], name="large")
    with tf.Session() as session:
        with pytest.raises(tf.errors.ResourceExhaustedError, match="'large/"):
            session.run(x, {size: 1 << 40})
        assert session.run(x, {size: 2}).shape == (2,)


def test_what_waits_for_a_value_is_not_recorded(counts: Counts):
    x = tf.placeholder(tf.float32, [4, 3])
    y = tf.boolean_mask(tf.exp(x), tf.reduce_sum(x, 1) > 0) * 2.0 + 1.0
    kept = X[X.sum(1) > 0]
    with tf.Session() as session:
        for _ in range(5):
            np.testing.assert_allclose(session.run(y, {x: X}), np.exp(kept) * 2 + 1, rtol=1e-5)


def test_recording_can_be_switched_off(counts: Counts, monkeypatch: pytest.MonkeyPatch):
    x = tf.placeholder(tf.float32, [4, 3])
    y = tf.sin(tf.exp(x) + 1.0) * 2.0
    monkeypatch.setenv("TAILRACE_RECORD", "0")
    with tf.Session() as session:
        for _ in range(5):
            session.run(y, {x: X})
    assert counts.replays == 0


def test_recordings_by_the_sizes_of_feeds(counts: Counts):
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.reduce_sum(tf.sin(tf.exp(x) + 1.0) * 2.0)
    with tf.Session() as session:
        for turn in range(5):
            for rows in (1, 2, 3, 4, 2, 1):
                part = X[:rows] + turn
                expected = (np.sin(np.exp(part) + 1) * 2).sum()
                np.testing.assert_allclose(session.run(y, {x: part}), expected, rtol=1e-4)
    assert counts.replays > 0


def test_threads_share_a_recording(counts: Counts):
    x = tf.placeholder(tf.float32, [4])
    y = tf.reduce_sum(tf.exp(tf.sin(x) * 2.0) + 1.0)
    wrong = []
    with tf.Session() as session:

        def work(first: int):
            for i in range(20):
                value = np.full(4, first + i / 10)
                expected = (np.exp(np.sin(value) * 2) + 1).sum()
                if not np.isclose(session.run(y, {x: value}), expected, rtol=1e-4):
                    wrong.append(value)

        for _ in range(3):
            session.run(y, {x: np.ones(4)})
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong
    assert counts.replays >= 80


def test_failures_within_a_recorded_row_name_the_operation(counts: Counts):
    x = tf.placeholder(tf.float32, name="x")
    y = tf.matmul(tf.exp(x), tf.ones([3, 2]), name="product") * 2.0 + 1.0
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="'product'"):
        session.run(y, {x: X[:, :2]})


def test_profiles_tell_of_single_steps(counts: Counts):
    x = tf.placeholder(tf.float32, [4, 3])
    y = tf.sin(tf.exp(x) + 1.0, name="sine") * 2.0
    with tf.Session() as session, Profiler() as profiler:
        session.run(y, {x: X})
    assert "sine" in [record.name for record in profiler.records]


@pytest.mark.parametrize("optimizer", shared.OPTIMIZERS)
@pytest.mark.parametrize("use_resource", [False, True])
def test_optimizers_on_the_device(optimizer: str, use_resource: bool):
    expected = shared.optimized(optimizer, use_resource)
    with present() as counts:
        found = shared.optimized(optimizer, use_resource)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)
    assert counts.replays == 4
