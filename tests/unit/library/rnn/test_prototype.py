"""PrototypeLSTMCell against its equations in NumPy."""

import numpy as np
import pytest

import tailrace as tf

UNITS, DEPTH, BATCH, STEPS = 4, 3, 2, 5
RANDOM = np.random.RandomState(0)
X = RANDOM.uniform(-1.0, 1.0, (BATCH, STEPS, DEPTH))


@pytest.fixture(autouse=True)
def _fresh_graph():
    tf.reset_default_graph()


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _reference(x, weights, activation=np.tanh):
    """States of all steps [B, T, H], by the equations."""
    gate_kernel, gate_bias, kernel, bias = weights
    s, states = np.zeros((x.shape[0], UNITS)), []
    for t in range(x.shape[1]):
        gates = _sigmoid(np.concatenate([x[:, t], s], 1) @ gate_kernel + gate_bias)
        f, i, o = np.split(gates, 3, axis=1)
        content = activation(np.concatenate([x[:, t], o * s], 1) @ kernel + bias)
        s = f * s + i * content
        states.append(s)
    return np.stack(states, 1)


def _run(run, **arguments):
    """What the cell gives in `run`, its weights, and the gradient of the sum of squares by x."""
    x = tf.placeholder(tf.float64, X.shape)
    initializer = tf.random_uniform_initializer(-0.8, 0.8, seed=3)
    with tf.variable_scope("net", initializer=initializer, dtype=tf.float64):
        cell = tf.contrib.rnn.PrototypeLSTMCell(UNITS, dtype=tf.float64, **arguments)
        outputs, final = run(cell, x)
    names = [v.op.name.split("prototype_lstm_cell/")[1] for v in tf.trainable_variables()]
    assert names == ["gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias"]
    grads = tf.gradients(tf.reduce_sum(tf.square(outputs)), [x, *tf.trainable_variables()])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        weights = session.run(tf.trainable_variables())
        return (*session.run([outputs, final, grads], {x: X}), weights)


def _dynamic(cell, x):
    return tf.nn.dynamic_rnn(cell, x, dtype=tf.float64)


def _static(cell, x):
    outputs, final = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float64)
    return tf.stack(outputs, axis=1), final


@pytest.mark.parametrize("run", [_dynamic, _static])
def test_states_follow_the_equations(run):
    outputs, final, _, weights = _run(run)
    expected = _reference(X, weights)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)
    np.testing.assert_allclose(final, expected[:, -1], rtol=1e-12)


def test_own_activation():
    outputs, _, _, weights = _run(_dynamic, activation=tf.nn.relu)
    expected = _reference(X, weights, lambda z: np.maximum(z, 0))
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)


def test_gradients_agree_with_finite_differences():
    _, _, grads, weights = _run(_dynamic)
    values = [X, *weights]
    step = 1e-6
    for which, grad in enumerate(grads):
        numeric = np.zeros_like(grad)
        for index in np.ndindex(grad.shape):
            losses = []
            for sign in (1, -1):
                moved = [v.copy() for v in values]
                moved[which][index] += sign * step
                losses.append(np.square(_reference(moved[0], moved[1:])).sum())
            numeric[index] = (losses[0] - losses[1]) / (2 * step)
        np.testing.assert_allclose(grad, numeric, rtol=1e-6, atol=1e-8)


def test_the_forget_gate_starts_open():
    _, _, _, weights = _run(_dynamic, forget_bias=2.0)
    np.testing.assert_array_equal(weights[1], [2.0] * UNITS + [0.0] * (2 * UNITS))
    np.testing.assert_array_equal(weights[3], np.zeros(UNITS))


def test_sizes():
    cell = tf.contrib.rnn.PrototypeLSTMCell(UNITS)
    assert (cell.state_size, cell.output_size) == (UNITS, UNITS)
    assert cell.zero_state(BATCH, tf.float32).shape.as_list() == [BATCH, UNITS]


def test_integers_are_refused():
    cell = tf.contrib.rnn.PrototypeLSTMCell(UNITS)
    with pytest.raises(ValueError, match="floating point"):
        cell(tf.zeros([BATCH, DEPTH], tf.int32), cell.zero_state(BATCH, tf.float32))
