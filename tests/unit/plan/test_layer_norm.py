"""LSTMs with layer normalisation: what else becomes layers, and what their gradients are."""

import numpy as np
import pytest
from tests.unit.plan.recurrent_programs import DTYPE, B, H, T, X, contrib, planned, recognised, rnn

import tailrace as tf

CELLS = {
    "relu": lambda: contrib.LayerNormBasicLSTMCell(H, activation=tf.nn.relu, forget_bias=0.2),
    "residual and dropout": lambda: rnn.MultiRNNCell(
        [
            rnn.DropoutWrapper(_cell(), output_keep_prob=0.8, seed=3, dtype=DTYPE),
            rnn.ResidualWrapper(_cell()),
        ]
    ),
}


def _cell():
    return contrib.LayerNormBasicLSTMCell(H)


def dynamic(cell, x):
    return tf.nn.dynamic_rnn(cell, x, dtype=DTYPE)


def static(cell, x):
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(x, num=T, axis=1), dtype=DTYPE)
    return tf.stack(outputs, 1), state


def trained(make, unroll, loss_of, batch=B, layers=1):
    """Losses and weights of a few steps of training; whether layers do them."""
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        x = tf.placeholder(DTYPE, [batch, T, X])
        outputs, state = unroll(make(), x)
        loss = loss_of(outputs, tf.contrib.framework.nest.flatten(state))
        train = tf.train.GradientDescentOptimizer(0.05).minimize(loss)
        feeds = {x: np.random.RandomState(1).randn(B, T, X)}
        with tf.Session() as session:
            for k, variable in enumerate(tf.global_variables()):
                noise = np.random.RandomState(100 + k).randn(*variable.shape.as_list()) * 0.4
                variable.load(noise, session)
            found = [session.run([loss, train], feeds)[0] for _ in range(3)]
            found += session.run(tf.trainable_variables())
        return found, recognised([loss, train], feeds, layers)


def check(monkeypatch, make, unroll, loss_of, **options):
    found, as_layers = trained(make, unroll, loss_of, **options)
    assert as_layers
    monkeypatch.setenv("TAILRACE_PASSES", "none")
    expected, as_layers = trained(make, unroll, loss_of, **options)
    assert not as_layers
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-8, atol=1e-10)


def everything(outputs, states):
    return tf.add_n([tf.reduce_sum(tf.sin(value)) for value in (outputs, *states)])


@pytest.mark.parametrize("unroll", [static, dynamic])
@pytest.mark.parametrize("cell", CELLS)
def test_training(monkeypatch, cell, unroll):
    layers = 2 if cell == "residual and dropout" else 1
    check(monkeypatch, CELLS[cell], unroll, everything, layers=layers)


@pytest.mark.parametrize("unroll", [static, dynamic])
@pytest.mark.parametrize("needed", ["outputs", "memory", "last output"])
def test_what_the_loss_is_of(monkeypatch, needed, unroll):
    losses = {
        "outputs": lambda outputs, states: tf.reduce_sum(tf.sin(outputs)),
        "memory": lambda outputs, states: tf.reduce_sum(tf.sin(states[0])),
        "last output": lambda outputs, states: tf.reduce_sum(tf.sin(outputs[:, -1])),
    }
    check(monkeypatch, _cell, unroll, losses[needed])


def test_recurrent_dropout_that_is_fed(monkeypatch):
    def make():
        keep = tf.placeholder_with_default(np.float64(0.7), [])
        return contrib.LayerNormBasicLSTMCell(H, dropout_keep_prob=keep, dropout_prob_seed=4)

    check(monkeypatch, make, dynamic, everything)


def test_any_number_of_sequences(monkeypatch):
    """Gradients of sizes that are not known before a run come by way of more operations."""
    check(monkeypatch, _cell, dynamic, everything, batch=None)


@pytest.mark.parametrize("unroll", [static, dynamic])
def test_gradients_are_slopes(unroll):
    with tf.Graph().as_default():
        x = tf.placeholder(DTYPE, [B, T, X])
        outputs, state = unroll(_cell(), x)
        loss = everything(outputs, state)
        weights = tf.trainable_variables()
        gradients = tf.gradients(loss, [x, *weights])
        given = np.random.RandomState(1).randn(B, T, X)
        with tf.Session() as session:
            for k, variable in enumerate(weights):
                noise = np.random.RandomState(100 + k).randn(*variable.shape.as_list())
                variable.load(noise, session)
            assert recognised([loss, *gradients], {x: given}, 1)
            found = session.run(gradients, {x: given})
            values = [given, *session.run(weights)]
            step = 1e-6
            for k, (value, gradient) in enumerate(zip(values, found, strict=True)):
                direction = np.random.RandomState(k).randn(*value.shape)
                ends = []
                for sign in (1, -1):
                    moved = [v + sign * step * direction if v is value else v for v in values]
                    for variable, number in zip(weights, moved[1:], strict=True):
                        variable.load(number, session)
                    ends.append(session.run(loss, {x: moved[0]}))
                slope = (ends[0] - ends[1]) / (2 * step)
                np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=2e-5)


class Other(contrib.LayerNormBasicLSTMCell):
    """The cell with something else where it normalises."""

    def __init__(self, normalised):
        super().__init__(H)
        self.normalised = normalised

    def _norm(self, x, name):
        with tf.variable_scope(name):
            gamma = tf.get_variable("gamma", [H], DTYPE)
            beta = tf.get_variable("beta", [H], DTYPE)
        return self.normalised(x, name, gamma, beta)

    def call(self, inputs, state):
        c, h = state
        kernel = tf.get_variable("kernel", [X + H, 4 * H], DTYPE)
        i, j, f, o = tf.split(tf.matmul(tf.concat([inputs, h], 1), kernel), 4, 1)
        i, j, f, o = (self._norm(v, n) for v, n in zip((i, j, f, o), "ijfo", strict=True))
        c = self._norm(c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j), "c")
        h = tf.tanh(c) * tf.sigmoid(o)
        return h, rnn.LSTMStateTuple(c, h)


def _whole(x, name, gamma, beta, epsilon=1e-3, axis=1):
    mean, variance = tf.nn.moments(x, [axis], keep_dims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


OTHERS = {
    "the same": _whole,
    "by columns": lambda *given: _whole(*given, axis=0),
    "several epsilons": lambda x, name, *more: _whole(x, name, *more, epsilon=0.1 * ord(name)),
    "twice the mean": lambda x, name, gamma, beta: tf.nn.batch_normalization(
        x,
        2 * tf.reduce_mean(x, 1, keepdims=True),
        tf.nn.moments(x, [1], None, None, True)[1],
        beta,
        gamma,
        1e-3,
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_not_the_same_stays_a_loop(monkeypatch, other):
    with tf.Graph().as_default():
        x = tf.placeholder(DTYPE, [H, T, X])
        outputs, state = dynamic(Other(OTHERS[other]), x)
        fetches = [outputs, *state, *tf.gradients(everything(outputs, state), [x])]
        feeds = {x: np.random.RandomState(1).randn(H, T, X)}
        assert recognised(fetches, feeds, 1) == (other == "the same")
        if other != "the same":
            assert [step.stays for step in planned(fetches, feeds) if hasattr(step, "stays")]
        with tf.Session() as session:
            for k, variable in enumerate(tf.global_variables()):
                noise = np.random.RandomState(100 + k).randn(*variable.shape.as_list())
                variable.load(noise, session)
            found = session.run(fetches, feeds)
            monkeypatch.setenv("TAILRACE_PASSES", "none")
            for value, expected in zip(found, session.run(fetches, feeds), strict=True):
                np.testing.assert_allclose(value, expected, rtol=1e-8, atol=1e-9)
