"""What is waited for but not used is left out; what could be noticed stays."""

import numpy as np
import pytest

import tailrace as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def names(session, fetches, feeds=()):
    return {step.op.name for step in session.plan(fetches, feeds).steps}


def test_the_gradient_of_the_data_is_not_computed():
    x = tf.placeholder(tf.float32, [3, 5])
    w = tf.get_variable("w", [5, 4])
    train = tf.train.GradientDescentOptimizer(1.0).minimize(tf.reduce_sum(tf.matmul(x, w) ** 2))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        steps = names(session, train, [x])
        assert "gradients/MatMul_grad/MatMul_1" in steps
        assert "gradients/MatMul_grad/MatMul" not in steps
        before = session.run(w)
        rows = np.ones([3, 5], np.float32)
        session.run(train, {x: rows})
        slope = 2 * rows.T @ (rows @ before)
        np.testing.assert_allclose(session.run(w), before - slope, rtol=1e-4, atol=1e-5)


def test_a_target_is_run_with_all_it_waits_for():
    x = tf.placeholder(tf.float32, [2])
    group = tf.group(tf.exp(x, name="exp"), tf.group(tf.sin(x, name="sin")))
    with tf.Session() as session:
        assert {"exp", "sin"} <= names(session, group, [x])


@pytest.mark.parametrize(
    "check", [lambda x: tf.check_numerics(x, "no number"), lambda x: tf.ensure_shape(x, [2])]
)
def test_a_check_is_made_though_its_output_is_not_used(check):
    x = tf.placeholder(tf.float32)
    with tf.control_dependencies([tf.group(check(x))]):
        y = tf.exp(x)
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
        session.run(y, {x: [np.nan, 0.0, 1.0]})


def test_what_comes_after_an_effect_is_waited_for():
    v = tf.get_variable("v", initializer=1.0)
    with tf.control_dependencies([v.assign_add(1.0)]):
        after = tf.identity(v.read_value() * 2.0, name="after")
    with tf.control_dependencies([after]):
        y = v.read_value() + 0.0
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(y) == 2.0
        assert session.run(y) == 3.0


def test_random_streams_advance():
    draw = tf.random_uniform([2], seed=1)
    drawn = []
    for waits in ([], [draw]):
        with tf.control_dependencies(waits):
            y = tf.constant(1.0) + tf.placeholder_with_default(1.0, [])
        with tf.Session() as session:
            session.run(y)
            drawn.append(session.run(draw))
    assert not np.array_equal(*drawn)


def test_a_write_still_comes_after_the_reads_of_the_value_before():
    v = tf.get_variable("v", initializer=[1.0, 2.0])
    old = v * 3.0
    with tf.control_dependencies([old]):
        new = v.assign([7.0, 7.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before, _ = session.run([old, new])
        np.testing.assert_allclose(before, [3.0, 6.0])
