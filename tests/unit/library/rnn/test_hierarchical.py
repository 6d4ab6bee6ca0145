"""HierarchicalLSTMCell against its equations, and what its boundaries do."""

import numpy as np
import pytest

import tailrace as tf

B, T, INPUTS, UNITS = 3, 7, 2, (4, 3, 2)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


class _Reference:
    """The cell in NumPy, one example and one layer at a time."""

    def __init__(self, weights, slope):
        self.weights, self.slope = weights, slope
        self.c = [np.zeros([B, units]) for units in UNITS]
        self.h = [np.zeros([B, units]) for units in UNITS]
        self.z = [np.zeros(B) for _ in UNITS]

    def step(self, x):
        h_before, z_before = [h.copy() for h in self.h], [z.copy() for z in self.z]
        for i in range(len(UNITS)):
            for b in range(B):
                self._layer(i, b, x, h_before, z_before)
        return np.concatenate(self.h, 1)

    def _layer(self, i, b, x, h_before, z_before):
        kernel, bias = self.weights[i]
        units, top = UNITS[i], i + 1 == len(UNITS)
        ended = 1.0 if i == 0 else self.z[i - 1][b]
        told = [x[b] if i == 0 else ended * self.h[i - 1][b], h_before[i][b]]
        if not top:
            told.append(z_before[i][b] * h_before[i + 1][b])
        sums = np.concatenate(told) @ kernel + bias
        f, new, o, j = (sums[k * units : (k + 1) * units] for k in range(4))
        fresh = _sigmoid(new) * np.tanh(j)
        if z_before[i][b] == 1:
            self.c[i][b] = fresh
        elif ended == 1:
            self.c[i][b] = _sigmoid(f + 1) * self.c[i][b] + fresh
        if z_before[i][b] == 1 or ended == 1:
            self.h[i][b] = _sigmoid(o) * np.tanh(self.c[i][b])
        if not top:
            self.z[i][b] = float(np.clip((self.slope * sums[-1] + 1) / 2, 0, 1) > 0.5)


def _run(x, slope=2.0):
    """Outputs [T, B, sum of units], the last state, weights of layers."""
    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.contrib.rnn.HierarchicalLSTMCell(UNITS, slope=slope)
        placed = tf.constant(x)
        outputs, state = tf.nn.static_rnn(cell, tf.unstack(placed), dtype=tf.float32)
        session.run(tf.global_variables_initializer())
        random = np.random.default_rng(9)
        for variable in cell.trainable_variables:
            variable.load(random.normal(size=variable.shape.as_list()), session)
        names = [variable.op.name for variable in cell.trainable_variables]
        values = session.run(cell.trainable_variables)
        weights = list(zip(values[::2], values[1::2], strict=True))
        outputs, state = session.run([tf.stack(outputs), state])
    return outputs, state, weights, names


@pytest.fixture
def x():
    return np.random.default_rng(1).normal(size=[T, B, INPUTS]).astype(np.float32)


def test_layers_follow_the_equations(x):
    outputs, state, weights, names = _run(x)
    reference = _Reference(weights, slope=2.0)
    boundaries = []
    for t in range(T):
        np.testing.assert_allclose(outputs[t], reference.step(x[t]), atol=1e-5)
        boundaries.append(np.stack(reference.z))
    for layer, c, h, z in zip(state, reference.c, reference.h, reference.z, strict=True):
        np.testing.assert_allclose(layer.c, c, atol=1e-5)
        np.testing.assert_allclose(layer.h, h, atol=1e-5)
        np.testing.assert_array_equal(layer.z[:, 0], z)
    # both kinds of steps came up in both layers that end parts, or the test says little
    assert 0 < np.mean(boundaries, axis=(0, 2))[0] < 1
    assert 0 < np.mean(boundaries, axis=(0, 2))[1] < 1
    assert not np.any(np.array(boundaries)[:, 2])
    assert names[:2] == [
        "rnn/hierarchical_lstm_cell/layer_0/kernel",
        "rnn/hierarchical_lstm_cell/layer_0/bias",
    ]


def test_a_layer_stands_still_until_the_one_below_has_ended(x):
    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.contrib.rnn.HierarchicalLSTMCell(UNITS)
        outputs, _ = tf.nn.dynamic_rnn(cell, tf.constant(x), dtype=tf.float32, time_major=True)
        session.run(tf.global_variables_initializer())
        bias = cell.trainable_variables[1]
        never, always = (np.append(np.zeros(4 * UNITS[0]), end) for end in (-50, 50))
        bias.load(never, session)
        assert not session.run(outputs)[:, :, UNITS[0] :].any()
        bias.load(always, session)
        moved = session.run(outputs)[:, :, UNITS[0] : UNITS[0] + UNITS[1]]
        assert (np.diff(moved, axis=0) != 0).all()


def test_gradients_pass_the_boundary(x):
    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.contrib.rnn.HierarchicalLSTMCell(UNITS)
        outputs, _ = tf.nn.static_rnn(cell, tf.unstack(tf.constant(x)), dtype=tf.float32)
        top = tf.reduce_sum(tf.stack(outputs)[:, :, -UNITS[-1] :])
        kernel, bias = cell.trainable_variables[:2]
        slope = tf.gradients(top, bias)[0]
        session.run(tf.global_variables_initializer())
        random = np.random.default_rng(3)
        kernel.load(random.normal(size=kernel.shape.as_list()), session)
        bias.load(np.append(np.zeros(4 * UNITS[0]), 0.1), session)
        assert session.run(slope)[-1] != 0


@pytest.mark.parametrize("units", [[], [4, 0]])
def test_no_layers(units):
    with pytest.raises(ValueError, match="name no layers"):
        tf.contrib.rnn.HierarchicalLSTMCell(units)
