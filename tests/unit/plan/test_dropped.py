"""Dropout in recurrent networks: layers do it, in training too, and draw what steps draw."""

import numpy as np
import pytest
from tests.unit.plan.recurrent_programs import (
    DTYPE,
    WRAPPERS,
    H,
    recognised,
    rnn,
    sequence,
)

import tailrace as tf
from tailrace.native import _recurrent_abi

B, T = 3, 6
# in some runs the longest sequence ends before the last step
LENGTHS = [[6, 2, 4], [3, 1, 0], [0, 0, 0], [6, 6, 6], [2, 5, 3]]
CELLS = {
    "plain": lambda: rnn.BasicRNNCell(H),
    "relu": lambda: rnn.BasicRNNCell(H, activation=tf.nn.relu),
    "lstm": lambda: rnn.BasicLSTMCell(H),
    "peepholes": lambda: rnn.LSTMCell(H, use_peepholes=True, cell_clip=0.4),
    "gru": lambda: rnn.GRUCell(H),
}
STATES = ("state dropout", "all three", "variational, all three")


def static(cell, x, lengths):
    outputs, state = tf.nn.static_rnn(
        cell, tf.unstack(x, axis=1), dtype=DTYPE, sequence_length=lengths
    )
    return tf.stack(outputs), state


def dynamic(cell, x, lengths):
    return tf.nn.dynamic_rnn(cell, x, lengths, dtype=DTYPE)


def trained(make, unroll, ends, *, states=True):
    """Losses and weights of several steps of training; whether layers do them."""
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        cell = make()
        x, feeds = sequence(cell)
        lengths = tf.placeholder(tf.int32, [B]) if ends else None
        outputs, state = unroll(cell, x, lengths)
        loss = tf.reduce_sum(tf.sin(outputs))
        if states:
            flat = tf.contrib.framework.nest.flatten(state)
            loss += tf.add_n([tf.reduce_sum(tf.sin(s)) for s in flat])
        train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
        with tf.Session() as session:
            for k, variable in enumerate(tf.global_variables()):
                noise = np.random.RandomState(100 + k).randn(*variable.shape.as_list()) * 0.2
                variable.load(noise, session)
            found, given = [], feeds
            for ended in LENGTHS if ends else LENGTHS[:3]:
                given = {**feeds, lengths: ended} if ends else feeds
                found.append(session.run([loss, train], given)[0])
            found += session.run(tf.trainable_variables())
            return found, recognised([loss, train], given, 1)


def check(monkeypatch, make, unroll, ends, **options):
    found, layers = trained(make, unroll, ends, **options)
    assert layers
    monkeypatch.setenv("TAILRACE_PASSES", "none")
    expected, layers = trained(make, unroll, ends, **options)
    assert not layers
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("ends", [False, True], ids=["whole", "ending"])
@pytest.mark.parametrize("unroll", [static, dynamic])
@pytest.mark.parametrize("wrap", STATES)
@pytest.mark.parametrize("cell", CELLS)
def test_states(monkeypatch, cell, wrap, unroll, ends):
    check(monkeypatch, lambda: WRAPPERS[wrap](CELLS[cell]()), unroll, ends)


@pytest.mark.parametrize("wrap", [w for w in WRAPPERS if w not in STATES])
def test_training_of_sequences_that_end(monkeypatch, wrap):
    check(monkeypatch, lambda: WRAPPERS[wrap](rnn.LSTMCell(H)), static, True)


@pytest.mark.parametrize("states", [False, True])
@pytest.mark.parametrize("unroll", [static, dynamic])
def test_stacked(monkeypatch, unroll, states):
    def make():
        cells = [rnn.LSTMCell(H), rnn.GRUCell(4), rnn.BasicRNNCell(H)]
        return rnn.MultiRNNCell([WRAPPERS["all three"](cell) for cell in cells])

    check(monkeypatch, make, unroll, True, states=states)


@pytest.mark.parametrize("wrap", ["none", "output dropout", "OutputProjectionWrapper", "all three"])
def test_outputs_alone(monkeypatch, wrap):
    """Nothing needs the state after the last step."""
    check(monkeypatch, lambda: WRAPPERS[wrap](rnn.LSTMCell(H)), static, True, states=False)


@pytest.mark.parametrize("unroll", [static, dynamic])
def test_without_the_native_library(monkeypatch, unroll):
    monkeypatch.setattr(_recurrent_abi, "library", lambda: None)
    check(monkeypatch, lambda: WRAPPERS["all three"](rnn.GRUCell(H)), unroll, True)


def test_factors_that_depend_on_the_state_are_no_mask():
    """What a gate lets pass of a state is computed in every step."""
    with tf.Graph().as_default():
        x = tf.placeholder(DTYPE, [B, T, H])
        cell, h = rnn.BasicRNNCell(H), tf.zeros([B, H], DTYPE)
        for x_t in tf.unstack(x, axis=1):
            h = cell(x_t, h * tf.sigmoid(h))[1]
        assert not recognised([h], {x: np.zeros([B, T, H])}, 1)


class Centred(rnn.RNNCell):
    """Outputs from which the mean over all sequences, those that have ended too, is taken."""

    def __init__(self, cell):
        super().__init__(dtype=DTYPE)
        self.cell = cell

    @property
    def state_size(self):
        return self.cell.state_size

    @property
    def output_size(self):
        return self.cell.output_size

    def __call__(self, inputs, state, scope=None):
        output, state = self.cell(inputs, state)
        return output - tf.reduce_mean(output, 0, keepdims=True), state


@pytest.mark.parametrize("states", [False, True])
def test_what_sequences_share_is_computed_as_it_is_written(monkeypatch, states):
    def make():
        return Centred(rnn.GRUCell(H))

    found, layers = trained(make, static, True, states=states)
    assert not layers
    monkeypatch.setenv("TAILRACE_PASSES", "none")
    expected, _ = trained(make, static, True, states=states)
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("wrap", ["none", "state dropout"])
def test_a_further_step_of_all_sequences(monkeypatch, wrap):
    """It is no step of the sequences that end."""

    def unroll(cell, x, lengths):
        outputs, state = static(cell, x, lengths)
        with tf.variable_scope("rnn", reuse=True):
            return outputs, cell(x[:, 0], state)[1]

    check(monkeypatch, lambda: WRAPPERS[wrap](rnn.BasicLSTMCell(H)), unroll, True)


class WholeState(Centred):
    """A cell that gives its whole state out."""

    @property
    def output_size(self):
        return sum(tf.contrib.framework.nest.flatten(self.cell.state_size))

    def __call__(self, inputs, state, scope=None):
        _, state = self.cell(inputs, state)
        return tf.concat(tf.contrib.framework.nest.flatten(state), 1), state


@pytest.mark.parametrize("states", [False, True])
@pytest.mark.parametrize("ends", [False, True], ids=["whole", "ending"])
@pytest.mark.parametrize("unroll", [static, dynamic])
def test_the_whole_state_is_given_out(monkeypatch, unroll, ends, states):
    def make():
        return WholeState(rnn.LSTMCell(H, use_peepholes=True))

    check(monkeypatch, make, unroll, ends, states=states)
