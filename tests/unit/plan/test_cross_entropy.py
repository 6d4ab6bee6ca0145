"""Cross entropy and its gradient in one pass: when it is done, and that the values stay."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.native import cross_entropy as native

ROWS, INPUTS, CLASSES = 6, 5, 37
SCALED = {"SparseSoftmaxScaledGradient", "SoftmaxScaledGradient"}


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def data(dtype=np.float32):
    rng = np.random.RandomState(4)
    x = rng.randn(ROWS, INPUTS).astype(dtype)
    classes = rng.randint(0, CLASSES, ROWS)
    shares = rng.rand(ROWS, CLASSES).astype(dtype)
    return x, classes, shares / shares.sum(1, keepdims=True)


def logits_of(dtype=tf.float32, bias="add"):
    rng = np.random.RandomState(5)
    x = tf.placeholder(dtype, [None, INPUTS], name="x")
    w = tf.get_variable("w", initializer=rng.randn(INPUTS, CLASSES).astype(dtype.name))
    b = tf.get_variable("b", initializer=rng.randn(CLASSES).astype(dtype.name))
    product = tf.matmul(x, w)
    logits = {"add": lambda: product + b, "bias_add": lambda: tf.nn.bias_add(product, b)}
    return x, w, b, logits[bias]() if bias else product


def sparse_losses(logits):
    y = tf.placeholder(tf.int32, [None], name="y")
    return y, tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y)


def dense_losses(logits):
    y = tf.placeholder(logits.dtype, [None, CLASSES], name="y")
    return y, tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=tf.stop_gradient(y))


LOSSES = {"sparse": sparse_losses, "dense": dense_losses}
REDUCED = {
    "mean": tf.reduce_mean,
    "sum": tf.reduce_sum,
    "weighted": lambda each: tf.reduce_sum(each * tf.constant([0, 1, 2, 0.5, 1, 3], each.dtype)),
}


def kinds(session, fetches, feed):
    return [step.op_def.name for step in session.plan(fetches, feed).steps]


def run(losses, reduced="mean", dtype=tf.float32, bias="add"):
    """Loss and gradients, and the types of the plan's steps."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, w, b, logits = logits_of(dtype, bias)
        y, each = LOSSES[losses](logits)
        loss = REDUCED[reduced](each)
        gradients = tf.gradients(loss, [x, w, *([b] if bias else [])])
        rows, classes, shares = data(dtype.as_numpy_dtype)
        feed = {x: rows, y: classes if losses == "sparse" else shares}
        session.run(tf.global_variables_initializer())
        return session.run([loss, each, *gradients], feed), kinds(
            session, [loss, each, *gradients], feed
        )


def assert_same(a, b, tolerance):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("bias", ["add", "bias_add", None])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
@pytest.mark.parametrize("reduced", REDUCED)
@pytest.mark.parametrize("losses", LOSSES)
def test_one_pass_gives_the_same(monkeypatch, losses, reduced, dtype, bias):
    fused, steps = run(losses, reduced, dtype, bias)
    assert SCALED.intersection(steps)
    assert not {"AddV2", "BiasAdd", "BiasAddGrad"}.intersection(steps)
    monkeypatch.setenv("TAILRACE_PASSES", "-cross_entropy")
    plain, steps = run(losses, reduced, dtype, bias)
    assert not SCALED.intersection(steps)
    assert_same(fused, plain, 2e-6 if dtype is tf.float32 else 1e-13)


@pytest.mark.parametrize("losses", LOSSES)
def test_without_the_native_library_it_is_the_same(monkeypatch, losses):
    fused, _ = run(losses)
    monkeypatch.setattr(native, "entry", lambda name: None)
    plain, steps = run(losses)
    assert SCALED.intersection(steps)
    assert_same(fused, plain, 2e-6)


@pytest.mark.parametrize("losses", LOSSES)
def test_a_loss_alone_makes_no_gradient(monkeypatch, losses):
    x, _, _, logits = logits_of()
    y, each = LOSSES[losses](logits)
    rows, classes, shares = data()
    feed = {x: rows, y: classes if losses == "sparse" else shares}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        steps = kinds(session, each, feed)
        assert {"SparseSoftmaxLoss", "SoftmaxLoss"}.intersection(steps)
        fused = session.run(each, feed)
    monkeypatch.setenv("TAILRACE_PASSES", "-cross_entropy")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(fused, session.run(each, feed), rtol=2e-6)


def test_logits_that_are_fetched_keep_their_values(monkeypatch):
    x, w, b, logits = logits_of()
    y, each = sparse_losses(logits)
    fetches = [logits, logits.op.inputs[0], *tf.gradients(each, [w, b])]
    rows, classes, _ = data()
    feed = {x: rows, y: classes}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert SCALED.intersection(kinds(session, fetches, feed))
        fused = session.run(fetches, feed)
    monkeypatch.setenv("TAILRACE_PASSES", "-cross_entropy")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert_same(fused, session.run(fetches, feed), 2e-6)


def test_a_factor_that_depends_on_the_loss_is_left_alone(monkeypatch):
    x, w, _, logits = logits_of()
    y, each = sparse_losses(logits)
    gradient = tf.gradients(tf.reduce_sum(tf.square(each)), w)[0]
    rows, classes, _ = data()
    feed = {x: rows, y: classes}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert not SCALED.intersection(kinds(session, gradient, feed))
        assert np.isfinite(session.run(gradient, feed)).all()


def test_a_variable_as_logits_is_not_written_over():
    w = tf.get_variable("w", initializer=np.eye(3, dtype=np.float32))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=w, labels=[0, 1, 1])
    gradient = tf.gradients(each, w)[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run([each, gradient])
        np.testing.assert_array_equal(session.run(w), np.eye(3))


def test_a_wrong_label_is_an_error():
    x, w, _, logits = logits_of()
    y, each = sparse_losses(logits)
    rows, classes, _ = data()
    classes[2] = CLASSES
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for fetches in (each, tf.gradients(each, w)):
            with pytest.raises(tf.errors.InvalidArgumentError, match="label value of 37"):
                session.run(fetches, {x: rows, y: classes})


def test_extreme_logits():
    values = np.array(
        [[1000.0, -1000.0, 0.0], [-np.inf, 0.0, 1.0], [np.nan, 0.0, 1.0], [np.inf, 0.0, 1.0]],
        np.float32,
    )
    logits = tf.placeholder(tf.float32, [None, 3])
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=[1, 1, 1, 1])
    with tf.Session() as session:
        loss, slope = session.run([each, tf.gradients(each, logits)[0]], {logits: values})
    np.testing.assert_allclose(loss, [2000.0, np.log1p(np.e), np.nan, np.nan], rtol=1e-6)
    np.testing.assert_allclose(slope[0], [1, -1, 0])
    share = np.e / (1 + np.e)
    np.testing.assert_allclose(slope[1], [0, -share, share], rtol=1e-6)
    assert np.isnan(slope[2]).all()
