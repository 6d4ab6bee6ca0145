"""Minimising by SciPy: minima that are known."""

import numpy as np
import pytest

import tailrace as tf


@pytest.fixture
def vector():
    with tf.Graph().as_default():
        yield tf.Variable([7.0, 7.0], name="vector")


def _minimum(optimizer, vector, **options):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        optimizer.minimize(session, **options)
        return session.run(vector)


def test_without_bounds(vector):
    loss = tf.reduce_sum(tf.square(vector - [1.0, -2.0]))
    seen = []
    optimizer = tf.contrib.opt.ScipyOptimizerInterface(loss, options={"maxiter": 50})
    found = _minimum(optimizer, vector, fetches=[loss], loss_callback=seen.append)
    np.testing.assert_allclose(found, [1, -2], atol=1e-4)
    assert seen[0] == 117
    assert seen[-1] < 1e-6


def test_with_bounds(vector):
    loss = tf.reduce_sum(tf.square(vector))
    bounds = {vector: ([1, 2], np.inf)}
    optimizer = tf.contrib.opt.ScipyOptimizerInterface(loss, var_to_bounds=bounds)
    np.testing.assert_allclose(_minimum(optimizer, vector), [1, 2], atol=1e-5)


def test_with_constraints(vector):
    optimizer = tf.contrib.opt.ScipyOptimizerInterface(
        tf.reduce_sum(tf.square(vector)),
        equalities=[vector[1] - 1.0],
        inequalities=[vector[0] - 1.0],
        method="SLSQP",
    )
    np.testing.assert_allclose(_minimum(optimizer, vector), [1, 1], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("bounds", [], "var_to_bounds"), ("jac", False, "'jac' is set automatically")],
)
def test_arguments_that_are_set_already(vector, name, value, message):
    optimizer = tf.contrib.opt.ScipyOptimizerInterface(tf.reduce_sum(vector), **{name: value})
    with pytest.raises(ValueError, match=message):
        _minimum(optimizer, vector)
