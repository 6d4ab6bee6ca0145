"""Loops are done for all iterations at once, and compute what they computed one by one."""

import numpy as np
import pytest

import tailrace as tf
from tailrace.plan.ir import Fused, Loop

RNG = np.random.RandomState(0)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def loops(session, fetches, feed):
    """The loops that stay in the plan."""
    return [s for s in session.plan(fetches, feed).steps if isinstance(s, Loop)]


def compare(fetches, feed, monkeypatch, *, stay=0, rtol=1e-5):
    """The values with and without lifting agree; `stay` loops are left in the plan."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        left = loops(session, fetches, feed)
        assert len(left) == stay, [loop.stays for loop in left]
        found = session.run(fetches, feed)
        variables = session.run(tf.global_variables())
    monkeypatch.setenv("TAILRACE_PASSES", "-lift")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable, value in zip(tf.global_variables(), variables, strict=True):
            variable.load(value, session)
        assert loops(session, fetches, feed)
        expected = session.run(fetches, feed)
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=rtol, atol=1e-6)


def test_map_and_its_gradient(monkeypatch):
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.get_variable("w", [3, 2])
    y = tf.map_fn(lambda row: tf.tanh(tf.reduce_sum(tf.matmul(row[None], w), 0)), x)
    gradients = tf.gradients(tf.reduce_sum(y**2), [x, w])
    compare([y, *gradients], {x: RNG.randn(5, 3)}, monkeypatch)


def test_map_over_two_arrays_to_two(monkeypatch):
    x, y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None])
    both = tf.map_fn(lambda e: (e[0] * e[1], tf.reduce_max(e[0]) + e[1]), (x, y))
    gradients = tf.gradients(tf.reduce_sum(both[0]) * tf.reduce_sum(both[1]), [x, y])
    compare([*both, *gradients], {x: RNG.randn(4, 3), y: RNG.randn(4)}, monkeypatch)


def test_sums_over_iterations(monkeypatch):
    x = tf.placeholder(tf.float32, [None, 3])

    def body(i, total):
        return i + 1, total + tf.sin(x) * tf.to_float(i)

    _, total = tf.while_loop(lambda i, _: i < 4, body, [0, tf.zeros_like(x)])
    gradient = tf.gradients(total, x)[0]
    compare([total, gradient], {x: RNG.randn(2, 3)}, monkeypatch)


def test_a_state_that_no_kernel_knows_stays_a_loop(monkeypatch):
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.scan(lambda state, row: tf.sin(state * row) + row, x)
    gradient = tf.gradients(y, x)[0]
    compare([y, gradient], {x: RNG.randn(4, 3)}, monkeypatch, stay=2)
    with tf.Session() as session:
        monkeypatch.delenv("TAILRACE_PASSES")
        assert "no kernel" in loops(session, y, {x: RNG.randn(4, 3)})[0].stays


def test_stacks_are_filled_for_a_loop_that_stays(monkeypatch):
    """The forward loop is lifted, the gradient's is not: it takes its values off the stacks."""
    x = tf.placeholder(tf.float32, [None, 2])

    @tf.custom_gradient
    def odd(value):
        def gradient(dy):
            return tf.py_func(lambda d: d * 3, [dy], tf.float32)

        return tf.identity(value), gradient

    y = tf.map_fn(lambda row: tf.exp(odd(row)), x)
    compare([y, tf.gradients(y, x)[0]], {x: RNG.randn(3, 2)}, monkeypatch, stay=1)


def test_stacks_hold_no_more_than_the_longest_sequence_needs(monkeypatch):
    """As before, of a loop that ends before the inputs do."""
    x, lengths = tf.placeholder(tf.float32, [3, 6, 4]), tf.placeholder(tf.int32, [3])

    class Memory(tf.nn.rnn_cell.RNNCell):
        """Gives out c: of a cell with a projection, its gradient in each step stays a loop."""

        inner = tf.nn.rnn_cell.LSTMCell(5, num_proj=3)
        state_size = property(lambda self: self.inner.state_size)
        output_size = 5

        def call(self, inputs, state):
            _, state = self.inner(inputs, state)
            return state.c, state

    c, state = tf.nn.dynamic_rnn(Memory(), x, lengths, dtype=tf.float32)
    loss = tf.reduce_sum(tf.sin(c)) + tf.reduce_sum(state.h)
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    feed = {x: RNG.randn(3, 6, 4), lengths: [3, 2, 4]}
    compare([c, *gradients], feed, monkeypatch, stay=1)
    monkeypatch.delenv("TAILRACE_PASSES")
    compare([c, *gradients], {**feed, lengths: [0, 0, 0]}, monkeypatch, stay=1)


def test_random_numbers_are_drawn_one_iteration_after_the_other(monkeypatch):
    tf.set_random_seed(3)
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.map_fn(lambda row: row + tf.random_uniform([2], seed=5), x)
    feed = {x: np.zeros([4, 2])}
    compare([y], feed, monkeypatch)


def test_nothing_is_lifted_that_has_effects():
    seen = []
    x = tf.placeholder(tf.float32, [None])
    y = tf.map_fn(lambda v: tf.py_func(lambda a: (seen.append(float(a)), a)[1], [v], tf.float32), x)
    with tf.Session() as session:
        assert "effects" in loops(session, y, {x: [1, 2]})[0].stays
        session.run(y, {x: [1.0, 2.0, 3.0]})
    assert seen == [1.0, 2.0, 3.0]


def test_an_empty_array(monkeypatch):
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.map_fn(lambda row: row * 2.0, x)
    with tf.Session() as session:
        assert session.run(y, {x: np.zeros([0, 2])}).shape == (0, 2)


def test_errors_name_the_users_operation():
    x = tf.placeholder(tf.int32, [None])
    y = tf.map_fn(lambda v: 10 // v, x, name="divide")
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="divide"):
        session.run(y, {x: [1, 0]})


def test_a_batch_size_that_is_fed(monkeypatch):
    """Sizes that are computed from a fed number are known in the plan for it."""
    batch = tf.placeholder(tf.int32, [])
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.map_fn(lambda i: tf.reduce_sum(x) + tf.to_float(i), tf.range(batch), tf.float32)
    compare([y], {x: RNG.randn(3, 2), batch: 3}, monkeypatch)


def test_what_takes_the_loops_place_is_made_of_its_operations():
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.map_fn(tf.tanh, x, name="each")
    with tf.Session() as session:
        steps = session.plan(y, {x: np.zeros([3, 2])}).steps
    assert any(isinstance(s, Fused) and s.op.name.startswith("each") for s in steps)


CELLS = {
    "rnn": lambda: tf.nn.rnn_cell.BasicRNNCell(3),
    "relu": lambda: tf.nn.rnn_cell.BasicRNNCell(3, activation=tf.nn.relu),
    "lstm": lambda: tf.nn.rnn_cell.BasicLSTMCell(3),
    "lstm_cell": lambda: tf.nn.rnn_cell.LSTMCell(3, forget_bias=0.5),
    "gru": lambda: tf.nn.rnn_cell.GRUCell(3),
    "stack": lambda: tf.nn.rnn_cell.MultiRNNCell([CELLS["lstm"](), CELLS["gru"]()]),
    "residual": lambda: tf.nn.rnn_cell.MultiRNNCell(
        [CELLS["gru"](), tf.nn.rnn_cell.ResidualWrapper(CELLS["gru"]())]
    ),
    "dropout": lambda: tf.nn.rnn_cell.DropoutWrapper(CELLS["lstm"](), 0.7, 0.6, seed=1),
    "projected": lambda: tf.contrib.rnn.OutputProjectionWrapper(CELLS["gru"](), 2),
}


def trained(cell, *, lengths=None, initial=False):
    """Outputs, last state and gradients of a layer over 4 steps of 2 sequences."""
    x = tf.placeholder(tf.float32, [None, 4, 3])
    state = {"dtype": tf.float32}
    if initial:
        state = {"initial_state": tf.tanh(tf.reduce_sum(x, 1))}
    outputs, last = tf.nn.dynamic_rnn(cell, x, lengths, **state)
    ends = tf.contrib.framework.nest.flatten(last)
    loss = tf.reduce_sum(outputs**2) + tf.add_n([tf.reduce_sum(tf.sin(e)) for e in ends])
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    return [outputs, *ends, *gradients], {x: RNG.randn(2, 4, 3)}


@pytest.mark.parametrize("cell", CELLS)
def test_cells_in_dynamic_rnn(cell, monkeypatch):
    tf.set_random_seed(1)
    compare(*trained(CELLS[cell]()), monkeypatch)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "stack"])
def test_sequences_of_different_lengths(cell, monkeypatch):
    lengths = tf.placeholder(tf.int32, [None])
    fetches, feed = trained(CELLS[cell](), lengths=lengths)
    compare(fetches, {**feed, lengths: [2, 3]}, monkeypatch)


class Centred(tf.nn.rnn_cell.RNNCell):
    """Takes the batch's mean, or each example's, from another cell's output."""

    def __init__(self, cell, axis):
        super().__init__()
        self.cell, self.axis = cell, axis

    @property
    def state_size(self):
        return self.cell.state_size

    @property
    def output_size(self):
        return self.cell.output_size

    def call(self, inputs, state):
        outputs, state = self.cell(inputs, state)
        return outputs - tf.reduce_mean(outputs, self.axis, keepdims=True), state


@pytest.mark.parametrize(("lengths", "stay"), [(None, 0), ([2, 4], 2)])
def test_sequences_that_have_ended_come_into_others_outputs(lengths, stay, monkeypatch):
    """A layer does not compute what a sequence that has ended would have gone on with."""
    cell = Centred(CELLS["gru"](), axis=0)
    compare(*trained(cell, lengths=lengths), monkeypatch, stay=stay)


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_an_initial_state_that_is_computed(cell, monkeypatch):
    compare(*trained(CELLS[cell](), initial=True), monkeypatch)


def test_both_directions(monkeypatch):
    x = tf.placeholder(tf.float32, [None, 4, 3])
    lengths = tf.placeholder(tf.int64, [None])
    cells = CELLS["lstm"](), CELLS["gru"]()
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(*cells, x, lengths, dtype=tf.float32)
    joined = tf.concat(outputs, 2)
    gradients = tf.gradients(tf.reduce_sum(joined**2), [x, *tf.trainable_variables()])
    compare([joined, *gradients], {x: RNG.randn(2, 4, 3), lengths: [4, 2]}, monkeypatch)


def test_the_gradient_of_the_last_state_alone(monkeypatch):
    x = tf.placeholder(tf.float32, [None, 4, 3])
    _, last = tf.nn.dynamic_rnn(CELLS["lstm"](), x, dtype=tf.float32)
    gradients = tf.gradients(tf.reduce_sum(last.h), [x, *tf.trainable_variables()])
    compare([last.h, *gradients], {x: RNG.randn(2, 4, 3)}, monkeypatch)


def test_an_lstm_written_by_hand(monkeypatch):
    x = tf.placeholder(tf.float32, [4, None, 3])
    weights = [tf.get_variable(f"w{i}", [3, 3]) for i in range(8)]
    biases = [tf.get_variable(f"b{i}", [3]) for i in range(4)]

    def step(state, row):
        h, c = state
        i, f, o, g = (
            tf.matmul(row, weights[k]) + tf.matmul(h, weights[4 + k]) + biases[k] for k in range(4)
        )
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    zeros = tf.zeros([tf.shape(x)[1], 3])
    hs, _ = tf.scan(step, x, (zeros, zeros))
    gradients = tf.gradients(tf.reduce_sum(hs**2), [x, *tf.trainable_variables()])
    compare([hs, *gradients], {x: RNG.randn(4, 2, 3)}, monkeypatch)


def test_a_cell_of_two_sequences_with_decay_of_its_weights(monkeypatch):
    """The gradient layers' parts are added up with the weights', the lengths among their inputs."""
    x = tf.placeholder(tf.float32, [None, 5, 3])
    z = tf.placeholder(tf.float32, [None, 4, 3])
    with tf.variable_scope("shared", reuse=tf.AUTO_REUSE):
        one, _ = tf.nn.dynamic_rnn(CELLS["lstm"](), x, tf.constant([5, 2]), dtype=tf.float32)
        two, _ = tf.nn.dynamic_rnn(CELLS["lstm"](), z, dtype=tf.float32)
    weights = tf.trainable_variables()
    loss = tf.reduce_sum(one**2) + tf.reduce_sum(two**2)
    loss += tf.add_n([tf.nn.l2_loss(w) for w in weights])
    feed = {x: RNG.randn(2, 5, 3), z: RNG.randn(2, 4, 3)}
    compare([one, two, *tf.gradients(loss, weights)], feed, monkeypatch)
