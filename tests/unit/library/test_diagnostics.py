"""The gradient's way back through time, against what it is by hand."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.tf.contrib.diagnostics import gradient_flow


def test_a_linear_recurrence_fades_or_grows_as_its_power():
    # h_t = 0.5 h_{t-1} + x_t, loss h_5: d loss / d h_t = 0.5^(5 - t); twice as much for factor 2
    for factor in (0.5, 2.0):
        with tf.Graph().as_default(), tf.Session() as session:
            h, states = tf.zeros([1, 1]), []
            for _ in range(5):
                h = factor * h + 1.0
                states.append(h)
            flow = gradient_flow(tf.reduce_sum(h), states)
            assert flow.shape.as_list() == [1, 5]
            wanted = [[factor**k for k in (4, 3, 2, 1, 0)]]
            np.testing.assert_allclose(session.run(flow), wanted)


def test_layers_and_parts_of_states():
    random = np.random.default_rng(0)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(4), tf.nn.rnn_cell.GRUCell(3)])
        state, states = cell.zero_state(2, tf.float32), []
        output = None
        for step in range(3):
            x = tf.constant(random.normal(size=(2, 5)), tf.float32, name=f"x_{step}")
            output, state = cell(x, state)
            states.append(state)
        loss = tf.reduce_sum(tf.square(output))
        flow = gradient_flow(loss, states)
        (c, h), s = states[1]
        by_hand = tf.gradients(loss, [c, h, s])
        session.run(tf.global_variables_initializer())
        found, (dc, dh, ds) = session.run([flow, by_hand])
        assert flow.op.name.startswith("gradient_flow/")
        assert graph is flow.graph
    assert found.shape == (2, 3)
    assert found[0, 1] == pytest.approx(np.sqrt((dc**2).sum() + (dh**2).sum()), rel=1e-5)
    assert found[1, 1] == pytest.approx(np.linalg.norm(ds), rel=1e-5)
    # the first layer's last state is not used again but for its h
    assert (found > 0).all()


def test_a_state_that_the_loss_does_not_know_has_none():
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.constant([3.0, 4.0]), tf.constant([1.0])
        flow = gradient_flow(tf.reduce_sum(tf.square(a)) / 2, [a, b])
        np.testing.assert_allclose(session.run(flow), [[5.0, 0.0]])


def test_what_cannot_be_is_said():
    with tf.Graph().as_default():
        a = tf.constant(1.0)
        with pytest.raises(ValueError, match="there are no states"):
            gradient_flow(a, [])
        with pytest.raises(ValueError, match="some steps have 1 layers, others 2"):
            gradient_flow(a, [a, (a, a)])
