"""Single steps of cells, as in programs that generate, are one native call each."""

import numpy as np
import pytest

import tailrace as tf

RNG = np.random.RandomState(0)
CELLS = {
    "lstm": (lambda: tf.nn.rnn_cell.BasicLSTMCell(5), "LstmStep"),
    "gru": (lambda: tf.nn.rnn_cell.GRUCell(5), "GruStep"),
    "tanh": (lambda: tf.nn.rnn_cell.BasicRNNCell(5), "RnnStep"),
    "relu": (lambda: tf.nn.rnn_cell.BasicRNNCell(5, activation=tf.nn.relu), "RnnStep"),
}


@pytest.fixture(autouse=True)
def graph(monkeypatch):
    # which would put what is looked at here together with what is around it
    monkeypatch.setenv("TAILRACE_PASSES", "-bundles")
    with tf.Graph().as_default() as graph:
        yield graph


def compare(fetches, feed, name, count, monkeypatch):
    """The values with and without the pass agree; the plan has `count` steps of that name."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable in tf.trainable_variables():
            variable.load(RNG.randn(*variable.shape.as_list()), session)
        assert str(session.plan(fetches, feed)).count(f"= {name} of") == count
        found = session.run(fetches, feed)
        monkeypatch.setenv("TAILRACE_PASSES", "-cells")
        session.graph._mutations += 1  # plans are made anew
        assert name not in str(session.plan(fetches, feed))
        expected = session.run(fetches, feed)
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_called_once(name, monkeypatch):
    make, step = CELLS[name]
    cell = tf.nn.rnn_cell.MultiRNNCell([make(), make()])
    x = tf.placeholder(tf.float32, [1, 3])
    state = cell.zero_state(1, tf.float32)
    output, last = cell(x, state)
    states = tf.contrib.framework.nest.flatten(state)
    feed = {s: RNG.randn(1, 5) for s in states}
    fetches = [output, *tf.contrib.framework.nest.flatten(last)]
    compare(fetches, {x: RNG.randn(1, 3), **feed}, step, 2, monkeypatch)


def test_dynamic_rnn_over_one_symbol(monkeypatch):
    x = tf.placeholder(tf.float32, [1, None, 3])
    outputs, last = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(5), x, dtype=tf.float32)
    compare([outputs, *last], {x: RNG.randn(1, 1, 3)}, "LstmStep", 1, monkeypatch)


def test_a_loop_that_feeds_its_output_back(monkeypatch):
    cell = tf.nn.rnn_cell.GRUCell(5)
    start = tf.placeholder(tf.float32, [1, 5])

    def body(i, x, state):
        x, state = cell(tf.nn.softmax(x), state)
        return i + 1, x, state

    _, x, _ = tf.while_loop(lambda i, *_: i < 6, body, [0, start, tf.zeros([1, 5])])
    compare([x], {start: RNG.randn(1, 5)}, "GruStep", 1, monkeypatch)


def test_what_is_needed_of_a_cell_is_kept():
    """The gradient needs the gates; so the cell stays as it is."""
    cell = tf.nn.rnn_cell.LSTMCell(5)
    x = tf.placeholder(tf.float32, [1, 3])
    output, _ = cell(x, cell.zero_state(1, tf.float32))
    gradient = tf.gradients(output, x)[0]
    with tf.Session() as session:
        assert "LstmStep" in str(session.plan(output, {x: np.zeros([1, 3])}))
        assert "LstmStep" not in str(session.plan(gradient, {x: np.zeros([1, 3])}))
