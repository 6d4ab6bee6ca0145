"""Optimizers' steps in one call: what is batched, and that it computes the same."""

import numpy as np
import pytest
import torch

import tailrace as tf
from tailrace.native import updates as native
from tailrace.native.loader import library
from tailrace.plan.ir import Fused

SIZES = {"a": [5, 3], "b": [7], "c": [1], "d": [40, 70]}
OPTIMIZERS = {
    "sgd": lambda: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adagrad": lambda: tf.train.AdagradOptimizer(0.1),
    "adadelta": lambda: tf.train.AdadeltaOptimizer(1.0, epsilon=1e-2),
    "rmsprop": lambda: tf.train.RMSPropOptimizer(0.05, momentum=0.5),
    "centered": lambda: tf.train.RMSPropOptimizer(0.05, momentum=0.5, centered=True),
    "adam": lambda: tf.train.AdamOptimizer(0.1, epsilon=1e-3),
    "ftrl": lambda: tf.train.FtrlOptimizer(0.1),
}


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def fused(session, fetches):
    steps = session.plan(fetches).steps
    return [s for s in steps if isinstance(s, Fused) and s.op_def.name.endswith("Batch")]


def batches(session, fetches):
    return sorted(len(step.members) for step in fused(session, fetches))


def variables(dtype=tf.float32, use_resource=False):
    rng = np.random.RandomState(0)
    return [
        tf.get_variable(
            name, initializer=rng.randn(*size).astype(dtype.name), use_resource=use_resource
        )
        for name, size in SIZES.items()
    ]


def loss_of(variables):
    return tf.add_n([tf.reduce_sum(tf.square(tf.sin(v) - 0.3)) for v in variables])


def trained(optimizer, dtype, use_resource):
    """The variables after four steps; and how many updates were batched."""
    with tf.Graph().as_default(), tf.Session() as session:
        optimized = variables(dtype, use_resource)
        train = OPTIMIZERS[optimizer]().minimize(loss_of(optimized))
        session.run(tf.global_variables_initializer())
        for _ in range(4):
            session.run(train)
        return session.run(optimized), batches(session, train)


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_batch_of_updates_is_what_they_are_alone(monkeypatch, optimizer, dtype, use_resource):
    together, sizes = trained(optimizer, dtype, use_resource)
    assert sizes == [4]
    monkeypatch.setenv("TAILRACE_PASSES", "-updates")
    alone, sizes = trained(optimizer, dtype, use_resource)
    assert sizes == []
    for a, b in zip(together, alone, strict=True):
        tolerance = 2e-6 if dtype is tf.float32 else 1e-13
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_without_the_native_library_it_is_the_same(monkeypatch):
    together, _ = trained("adam", tf.float32, False)
    monkeypatch.setattr(native, "entry", lambda name: None)
    plain, sizes = trained("adam", tf.float32, False)
    assert sizes == [4]
    for a, b in zip(together, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6)


def test_only_equal_hyperparameters_go_together():
    a, b, c, _ = variables()
    slow, quick = (tf.train.GradientDescentOptimizer(rate) for rate in (0.1, 0.2))
    train = tf.group(slow.minimize(loss_of([a, b])), quick.minimize(loss_of([c])))
    with tf.Session() as session:
        assert batches(session, train) == [1, 2]


def test_updates_in_order_stay_in_order():
    a, b, _, _ = variables()
    with tf.control_dependencies([tf.train.GradientDescentOptimizer(0.1).minimize(loss_of([a]))]):
        second = tf.train.GradientDescentOptimizer(0.1).minimize(
            tf.reduce_sum(b * tf.reduce_sum(a.read_value())), var_list=[b]
        )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run([a, b])
        assert batches(session, second) == [1, 1]
        session.run(second)
        after = session.run(a)
        assert not np.array_equal(before[0], after)


def test_two_updates_of_one_variable_are_not_one():
    a, _, _, _ = variables()
    grads = [tf.ones([5, 3]), 2 * tf.ones([5, 3])]
    optimizer = tf.train.GradientDescentOptimizer(0.5)
    train = tf.group(*[optimizer.apply_gradients([(g, a)]) for g in grads])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(a)
        assert batches(session, train) == [1, 1]
        session.run(train)
        np.testing.assert_allclose(session.run(a), before - 1.5, rtol=1e-6)


def test_updates_in_a_loop_are_batched_there():
    a, b, _, _ = variables()

    def body(i):
        grads = [tf.ones([5, 3]), tf.ones([7])]
        train = tf.train.GradientDescentOptimizer(0.5).apply_gradients(
            zip(grads, [a, b], strict=True)
        )
        with tf.control_dependencies([train]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 3, body, [0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run([a, b])
        session.run(loop)
        for old, new in zip(before, session.run([a, b]), strict=True):
            np.testing.assert_allclose(new, old - 1.5, rtol=1e-6)


def test_an_uninitialized_variable_is_named():
    train = tf.train.AdamOptimizer().minimize(loss_of(variables()))
    error = tf.errors.FailedPreconditionError
    with tf.Session() as session, pytest.raises(error, match="uninitialized value a"):
        session.run(train)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_of_squares(dtype):
    rng = np.random.RandomState(1)
    arrays = [rng.randn(n).astype(dtype) for n in (0, 1, 63, 64, 65, 5000, 100_003)]
    sums = native.squares([torch.from_numpy(a) for a in arrays])
    expected = [float((a.astype(np.float64) ** 2).sum()) for a in arrays]
    assert (sums is None) == (library() is None)
    np.testing.assert_allclose(
        sums or expected, expected, rtol=1e-6 if dtype == "float32" else 1e-13
    )
