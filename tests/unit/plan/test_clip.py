"""Clipping by the global norm: what is fused, and that the values stay."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.native import updates as native
from tailrace.plan.ir import Fused


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def model(dtype=tf.float32):
    """A small network's loss and variables; gradients of very different sizes."""
    rng = np.random.RandomState(2)
    table = tf.get_variable("table", initializer=rng.randn(11, 4).astype(dtype.name))
    w = tf.get_variable("w", initializer=rng.randn(4, 70).astype(dtype.name))
    b = tf.get_variable("b", initializer=rng.randn(70).astype(dtype.name))
    x = tf.nn.embedding_lookup(table, tf.constant([1, 3, 3, 10]))
    return tf.reduce_sum(tf.square(tf.matmul(x, w) + b)), [table, w, b]


def clipped_step(norm, optimizer=None, dtype=tf.float32):
    loss, variables = model(dtype)
    grads, total = tf.clip_by_global_norm(tf.gradients(loss, variables), norm)
    optimizer = optimizer or tf.train.MomentumOptimizer(0.01, 0.9)
    train = optimizer.apply_gradients(zip(grads, variables, strict=True))
    return train, total, variables, grads


def trained(norm, dtype=tf.float32, optimizer=None, fetch_gradients=False):
    with tf.Graph().as_default(), tf.Session() as session:
        train, total, variables, grads = clipped_step(norm, optimizer and optimizer(), dtype=dtype)
        session.run(tf.global_variables_initializer())
        wanted = [train, total, *([grads[1:]] if fetch_gradients else [])]
        seen = [session.run(wanted)[1:] for _ in range(3)]
        return [*seen, session.run(variables)]


def kinds(session, fetches):
    return [step.op_def.name for step in session.plan(fetches).steps]


def test_clipped_gradients_are_never_made(monkeypatch):
    monkeypatch.setenv("TAILRACE_PASSES", "-fuse")
    train, *_ = clipped_step(1.0)
    with tf.Session() as session:
        steps = session.plan(train).steps
        (update,) = [s for s in steps if isinstance(s, Fused) and s.op_def.writes]
        assert update.attrs["S"] == 1
        assert [v.tensor.name for v in update.inputs[-1:]] == ["clip_by_global_norm/Select:0"]
        products = [
            s for s in steps if s.op_def.name == "Mul" and "clip_by_global_norm" in s.op.name
        ]
        # the values of the sparse gradient; the factor is made in one step
        assert len(products) == 1
        assert "ClipFactor" in kinds(session, train)
        assert "L2LossStack" in kinds(session, train)
        assert "L2Loss" not in kinds(session, train)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
@pytest.mark.parametrize("norm", [1e-2, 1e6])
@pytest.mark.parametrize("setting", ["-clip", "-norms", "-clip,-norms,-updates"])
def test_it_computes_the_same(monkeypatch, norm, dtype, setting):
    fused = trained(norm, dtype)
    monkeypatch.setenv("TAILRACE_PASSES", setting)
    plain = trained(norm, dtype)
    tolerance = 2e-6 if dtype is tf.float32 else 1e-13
    for a, b in zip(_flat(fused), _flat(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def _flat(values):
    if isinstance(values, list):
        return [leaf for v in values for leaf in _flat(v)]
    return [values]


def test_clipped_gradients_that_are_fetched_are_as_they_were(monkeypatch):
    fused = trained(0.1, fetch_gradients=True)
    monkeypatch.setenv("TAILRACE_PASSES", "none")
    plain = trained(0.1, fetch_gradients=True)
    for a, b in zip(_flat(fused), _flat(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("optimizer", [tf.train.AdamOptimizer, lambda: tf.train.FtrlOptimizer(0.1)])
def test_without_the_native_library(monkeypatch, optimizer):
    fused = trained(0.5, optimizer=optimizer)
    monkeypatch.setattr(native, "entry", lambda name: None)
    plain = trained(0.5, optimizer=optimizer)
    for a, b in zip(_flat(fused), _flat(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=5e-6, atol=5e-6)


def test_a_gradient_that_is_a_variable_is_not_read_late():
    a = tf.get_variable("a", initializer=[1.0, 2.0])
    b = tf.get_variable("b", initializer=[3.0, 4.0])
    scale = tf.placeholder(tf.float32, [])
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    train = optimizer.apply_gradients([(b * scale, a), (a * scale, b)])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {scale: 0.5})
        np.testing.assert_allclose(session.run(a), [-0.5, 0.0])
        np.testing.assert_allclose(session.run(b), [2.5, 3.0])


def test_different_factors_are_not_one():
    loss, variables = model()
    grads = tf.gradients(loss, variables[1:])
    scaled = [g * s for g, s in zip(grads, [0.5, 0.25], strict=True)]
    optimizer = tf.train.GradientDescentOptimizer(1e-3)
    train = optimizer.apply_gradients(zip(scaled, variables[1:], strict=True))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before, slope = session.run([variables[1:], grads])
        before = [v.copy() for v in before]
        session.run(train)
        for old, new, g, s in zip(
            before, session.run(variables[1:]), slope, [0.5, 0.25], strict=True
        ):
            np.testing.assert_allclose(new, old - 1e-3 * s * g, rtol=1e-5, atol=1e-6)


def test_an_infinite_norm_makes_nan_as_without(monkeypatch):
    value = trained(0.1, optimizer=lambda: tf.train.GradientDescentOptimizer(1e30))
    assert np.isnan(value[-1][1]).any()
