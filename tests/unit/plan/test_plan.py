"""Plans: what is pruned, folded and merged, and that a plan computes the same without its optional
passes.
"""

import numpy as np
import pytest

import tailrace as tf
from tailrace.plan.planner import OPTIONAL, switched_off


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def steps(session, fetches, feeds=()):
    return [step.op.name for step in session.plan(fetches, feeds).steps]


def test_only_what_is_needed_runs():
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.exp(x, name="wanted")
    tf.log(x, name="unwanted")
    with tf.Session() as session:
        assert steps(session, y, [x]) == ["wanted"]


def test_what_lies_before_a_fed_tensor_does_not_run():
    x = tf.placeholder(tf.float32, [], name="x")
    middle = tf.exp(x, name="middle")
    y = tf.sin(middle, name="y")
    with tf.Session() as session:
        assert steps(session, y, [middle]) == ["y"]


def test_constants_are_computed_once_when_planning():
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.add(x, tf.exp(tf.constant([1.0, 2.0]) * 2.0), name="y")
    with tf.Session() as session:
        assert steps(session, y, [x]) == ["y"]
        np.testing.assert_allclose(session.run(y, {x: [0, 0]}), np.exp([2.0, 4.0]), rtol=1e-6)


def test_random_numbers_are_not_constants():
    y = tf.random_uniform([2], seed=1) + 1.0
    with tf.Session() as session:
        assert not np.array_equal(session.run(y), session.run(y))


def test_equal_computations_run_once(monkeypatch):
    monkeypatch.setenv("TAILRACE_PASSES", "-fuse")
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.exp(x) + tf.exp(x)
    with tf.Session() as session:
        assert len(steps(session, y, [x])) == 2
        np.testing.assert_allclose(session.run(y, {x: [0, 1]}), 2 * np.exp([0, 1]), rtol=1e-6)


def test_equal_draws_are_not_merged():
    a, b = (tf.random_uniform([3], seed=s) for s in (1, 2))
    c = tf.random_normal([100])
    d = tf.random_normal([100])
    with tf.Session() as session:
        values = session.run([a, b, c, d])
    assert not np.array_equal(values[0], values[1])
    assert not np.array_equal(values[2], values[3])


def test_a_plan_prints_its_steps():
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.exp(x, name="y")
    with tf.Session() as session:
        text = str(session.plan(y, [x]))
    assert text.splitlines() == ["feed x:0", "y = Exp(x:0)", "fetch y:0"]


def _train():
    """Three steps of a small network, seeded."""
    tf.set_random_seed(3)
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.get_variable("w", [3, 2])
    y = tf.nn.dropout(tf.nn.relu(tf.matmul(x, w) + tf.constant([1.0, 2.0]) * 0.5), 0.8)
    loss = tf.reduce_mean(tf.square(y)) + tf.reduce_mean(tf.square(y))
    train = tf.train.AdamOptimizer(0.1).minimize(loss)
    feed = {x: np.arange(12.0).reshape(4, 3) / 10}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [session.run([loss, train], feed)[0] for _ in range(3)]


@pytest.mark.parametrize("setting", ["none", *(f"-{name}" for name in OPTIONAL)])
def test_a_plan_computes_the_same_without_a_pass(monkeypatch, setting):
    expected = _train()
    with tf.Graph().as_default():
        monkeypatch.setenv("TAILRACE_PASSES", setting)
        np.testing.assert_allclose(_train(), expected, rtol=1e-6)


def test_an_unknown_pass_is_an_error(monkeypatch):
    monkeypatch.setenv("TAILRACE_PASSES", "-fusion")
    with pytest.raises(ValueError, match="no pass"):
        switched_off()
