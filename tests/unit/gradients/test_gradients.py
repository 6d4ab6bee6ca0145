"""`tf.gradients` as programs use and extend it; the rules of operations are tested with the
operations.
"""

import numpy as np
import pytest

import tailrace as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def value(fetch, feed=None):
    with tf.Session() as session:
        return session.run(fetch, feed)


def test_the_chain_rule():
    x = tf.constant(0.5)
    (grad,) = tf.gradients(tf.sin(tf.exp(x)), x)
    np.testing.assert_allclose(value(grad), np.cos(np.exp(0.5)) * np.exp(0.5), rtol=1e-6)


def test_an_unconnected_x_has_no_gradient():
    x, y = tf.constant(1.0), tf.constant(2.0)
    assert tf.gradients(y * 2.0, x) == [None]
    (zero,) = tf.gradients(y * 2.0, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    assert value(zero) == 0.0


def test_several_ys_add_up_with_their_weights():
    x = tf.constant([1.0, 2.0])
    (grad,) = tf.gradients([x * x, 3.0 * x], x, grad_ys=[tf.constant([1.0, 10.0]), tf.ones([2])])
    np.testing.assert_allclose(value(grad), [2.0 + 3.0, 40.0 + 3.0])


def test_second_and_third_derivatives():
    x = tf.constant(2.0)
    y = x**4
    derivatives = []
    for _ in range(4):
        (y,) = tf.gradients(y, x)
        derivatives.append(y)
    np.testing.assert_allclose(value(derivatives), [32.0, 48.0, 48.0, 24.0], rtol=1e-6)


def test_the_hessian_of_a_function_of_a_vector():
    x = tf.constant([1.0, 2.0, 3.0])
    hessian = tf.hessians(tf.reduce_sum(x**3) + x[0] * x[1], x)[0]
    np.testing.assert_allclose(value(hessian), [[6, 1, 0], [1, 12, 0], [0, 0, 18]], rtol=1e-6)


def test_stop_gradient_and_stop_gradients():
    a = tf.constant(3.0)
    b = a * 2.0
    assert value(tf.gradients(a * tf.stop_gradient(b), a)) == [6.0]
    assert value(tf.gradients(a * b, [a, b], stop_gradients=[b])) == [6.0, 3.0]


def test_gather_gives_sparse_gradients_that_stay_sparse():
    table = tf.Variable(tf.ones([5, 2]))
    rows = tf.gather(table, [1, 3, 1])
    (grad,) = tf.gradients(tf.reduce_sum(rows * [[1.0], [2.0], [3.0]]), table)
    assert isinstance(grad, tf.IndexedSlices)
    slices = value(grad)
    np.testing.assert_array_equal(slices.indices, [1, 3, 1])
    np.testing.assert_array_equal(slices.values[:, 0], [1.0, 2.0, 3.0])
    dense = value(tf.convert_to_tensor(grad))
    np.testing.assert_array_equal(dense[:, 0], [0.0, 4.0, 0.0, 2.0, 0.0])


def test_a_registered_gradient_takes_the_place_of_the_rule():
    name = "TestHalvedSquareGradient"

    @tf.RegisterGradient(name)
    def halved(op, grad):
        return grad * op.inputs[0]

    x = tf.constant(3.0)
    with tf.get_default_graph().gradient_override_map({"Square": name}):
        y = tf.square(x)
    assert value(tf.gradients(y, x)) == [3.0]
    assert value(tf.gradients(tf.square(x), x)) == [6.0]


def test_registering_a_name_twice_is_an_error():
    tf.RegisterGradient("TestTwice")(lambda op, grad: grad)
    with pytest.raises(KeyError, match="TestTwice"):
        tf.RegisterGradient("TestTwice")(lambda op, grad: grad)


def test_an_operation_without_a_gradient_is_named():
    x = tf.constant([1.0, 2.0])
    y = tf.segment_prod(x, [0, 0])
    with pytest.raises(LookupError, match="SegmentProd"):
        tf.gradients(y, x)


def test_complex_ys_need_weights():
    x = tf.constant(1.0)
    with pytest.raises(TypeError, match="must set grad_ys"):
        tf.gradients(tf.complex(x, x), x)


def test_gradients_are_nodes_of_the_graph():
    x = tf.placeholder(tf.float32, [2], name="x")
    (grad,) = tf.gradients(tf.tanh(x, name="y"), x)
    assert grad.op.name == "gradients/y_grad/TanhGrad"
    assert grad.op.type == "TanhGrad"


def test_a_function_brings_its_own_derivative():
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    x = tf.constant([0.5, 100.0])
    y = log1pexp(x)
    exact = 1 / (1 + np.exp(-0.5))
    np.testing.assert_allclose(value(tf.gradients(y, x)[0]), [exact, 1.0], rtol=1e-6)
    naive = value(tf.gradients(tf.log(1 + tf.exp(x)), x)[0])
    assert np.isnan(naive[1])
