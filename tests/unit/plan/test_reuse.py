"""Variables keep the memory of values that nothing else needs."""

import numpy as np
import pytest

import tailrace as tf


@pytest.fixture(autouse=True)
def _graph():
    with tf.Graph().as_default():
        yield


def owning(session, fetches):
    """The names of the steps that keep their value's memory, in order."""
    return [s.op.name for s in session.plan(fetches).steps if s.op_def.name.endswith("Owned")]


def number(name: str, value, **kwargs):
    return tf.Variable(value, name=name, **kwargs)


@pytest.mark.parametrize("use_resource", [False, True])
def test_initial_values_are_not_copied(use_resource: bool):
    tf.set_random_seed(1)
    drawn = tf.random_uniform([300, 300], -1.0, 1.0)
    v = tf.get_variable("v", initializer=drawn, use_resource=use_resource)
    with tf.Session() as session:
        assert owning(session, v.initializer) == ["v/Assign"]
        session.run(v.initializer)
        first = session.run(v)
        session.run(v.initializer)  # what it has by now is written over
        assert not np.array_equal(session.run(v), first)
    assert first.min() < -0.99
    assert first.max() > 0.99


def test_values_with_other_users_are_copied():
    drawn = tf.random_uniform([4])
    v, w = number("v", drawn), number("w", drawn)
    fed = tf.placeholder(tf.float32, [4])
    u = tf.get_variable("u", [4])
    with tf.Session() as session:
        assert owning(session, [v.initializer, w.initializer]) == []  # both would have it
        assert owning(session, [v.initializer, drawn]) == []  # the caller has it
        row = tf.reshape(drawn, [2, 2])
        assert owning(session, [v.initializer, row]) == []  # another name for the memory
        assert owning(session, tf.assign(u, fed)) == []  # the caller's
        assert owning(session, tf.assign(u, [1.0, 2.0, 3.0, 4.0])) == []  # a constant
        assert owning(session, tf.assign(u, v)) == []  # a variable's


def test_every_variable_has_memory_of_its_own():
    drawn = tf.random_uniform([70_000])
    v, w = number("v", drawn), number("w", drawn)
    shifted = number("shifted", drawn + 0.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run([w, shifted])
        session.run(tf.assign_add(v, tf.ones([70_000])))
        np.testing.assert_array_equal(session.run([w, shifted]), before)


def test_without_folding_constants_stay_the_graphs(monkeypatch):
    monkeypatch.setenv("TAILRACE_PASSES", "-fold")
    v = number("v", tf.constant([1.0, 2.0]))
    with tf.Session() as session:
        assert owning(session, v.initializer) == []
