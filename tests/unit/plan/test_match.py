"""Equations are read as they are written, and find what they describe."""

import pytest

import tailrace as tf
from tailrace.plan.edges import users_of
from tailrace.plan.match import (
    Call,
    Word,
    equations,
    match_cell,
)
from tailrace.plan.match_gradient import gradient_anchors, match_cell_gradient
from tailrace.registry import CELLS

B, X, H = 3, 4, 6


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Steps stand as the graph has them; sizes are known."""
    monkeypatch.setenv(
        "TAILRACE_PASSES",
        "-chains,-fuse,-lift,-patterns,-updates,-clip,-norms,-cross_entropy,-bundles",
    )
    with tf.Graph().as_default():
        yield


def test_equations():
    read = equations("""
        a, b = Split(axis, z)
        c = Plus(a, Mul(b, d)) | b
        e = Sum(*rest, c)
        f = Zeros()
    """)
    split = (Word("axis"), Word("z"))
    assert read["a"] == (Call("Split", split, output=0, outputs=2),)
    assert read["b"] == (Call("Split", split, output=1, outputs=2),)
    assert read["c"] == (
        Call("Plus", (Word("a"), Call("Mul", (Word("b"), Word("d"))))),
        Word("b"),
    )
    assert read["e"] == (Call("Sum", (Word("c"),), rest="rest"),)
    assert read["f"] == (Call("Zeros", ()),)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_can_be_read(cell):
    declared = CELLS[cell]
    forward, backward = equations(declared.forward), equations(declared.backward)
    assert all(state in forward for state in declared.states)
    assert all(root in backward for root in declared.roots)
    assert forward.keys() >= set(gradient_anchors(cell))


def found(value, feeds):
    """The match of what computes a tensor, and all steps."""
    plan = tf.Session().plan([value, *tf.gradients(value, tf.trainable_variables())], feeds)
    return match_cell(plan.fetches[0]), plan


def state(*shape):
    return tf.placeholder(tf.float32, shape)


def test_lstm():
    """What comes in, goes out and stands between is told apart."""
    x, c, h = state(B, X), state(B, H), state(B, H)
    cell = tf.nn.rnn_cell.BasicLSTMCell(H, forget_bias=0.7)
    output, following = cell(x, tf.nn.rnn_cell.LSTMStateTuple(c, h))
    match, plan = found(output, {})
    assert match is not None
    assert match.kind == "lstm"
    assert match.attributes["forget_bias"] == pytest.approx(0.7)
    assert [v.tensor for v in match.inputs] == [x]
    assert {n: v.tensor for n, v in match.previous.items()} == {"c": c, "h": h}
    assert {n: v.tensor for n, v in match.following.items()} == {"c": following.c, "h": output}
    z = match.affine["z"]
    assert z.state is not None
    assert (z.state.row, z.state.rows, z.inputs[0].row, z.inputs[0].rows) == (X, H, 0, X)
    assert z.whole_kernel
    step = match.roles["o"].step
    assert step is not None
    assert step.op_def.name == "Sigmoid"
    gradient = match_cell_gradient(
        match, lambda a, b: a is b, [v for s in plan.steps for v in s.outputs], users_of(plan.steps)
    )
    assert gradient is not None
    assert len(gradient.terms["h"]) == 1
    assert gradient.terms["c"] == []
    assert gradient.outgoing == {"c": [], "h": []}  # nobody asks for them
    assert [len(gradient.affine["z"].weights), len(gradient.affine["z"].biases)] == [1, 1]


def test_the_state_may_be_chosen():
    """A plain cell does not tell which factor the state is."""
    a, b = state(B, H), state(B, H)
    w = tf.get_variable("w", [2 * H, H])
    output = tf.tanh(tf.matmul(tf.concat([a, b], 1), w) + tf.get_variable("b", [H]))
    match, _ = found(output, {})
    assert match is not None
    assert match.previous["h"].tensor is b
    other = match_cell(match.following["h"], lambda m: m.previous["h"].tensor is a)
    assert other is not None
    assert other.previous["h"].tensor is a
    own = other.affine["z"].state
    assert own is not None
    assert own.row == 0


def test_gru():
    x, h = state(B, X), state(B, H)
    output, _ = tf.nn.rnn_cell.GRUCell(H)(x, h)
    match, _ = found(output, {})
    assert match is not None
    assert match.kind == "gru"
    own = match.affine["zc"].state
    assert own is not None
    assert own.value is match.roles["rh"]
    assert match.sent("h") == 3


@pytest.mark.parametrize(
    "wrong",
    [
        lambda i, j, f, o, c: tf.tanh(c * f + i * j) * o,
        lambda i, j, f, o, c: tf.tanh(c * tf.sigmoid(f) + tf.sigmoid(i) * tf.sigmoid(j)) * o,
        lambda i, j, f, o, c: (
            tf.tanh(c * tf.sigmoid(f) - tf.sigmoid(i) * tf.tanh(j)) * tf.sigmoid(o)
        ),
        lambda i, j, f, o, c: (
            tf.sin(c * tf.sigmoid(f) + tf.sigmoid(i) * tf.tanh(j)) * tf.sigmoid(o)
        ),
        lambda i, j, f, o, c: (
            tf.tanh(c * tf.sigmoid(i) + tf.sigmoid(i) * tf.tanh(j)) * tf.sigmoid(o) + f
        ),
        lambda i, j, f, o, c: (
            tf.tanh(c * tf.sigmoid(f + c) + tf.sigmoid(i) * tf.tanh(j)) * tf.sigmoid(o)
        ),
    ],
)
def test_no_lstm(wrong):
    """What is nearly an LSTM is none."""
    x, c, h = state(B, X), state(B, H), state(B, H)
    z = tf.matmul(tf.concat([x, h], 1), tf.get_variable("w", [X + H, 4 * H]))
    match, _ = found(wrong(*tf.split(z, 4, 1), c), {})
    assert match is None


def test_gates_in_another_order():
    """Which gate is which is told by what is done with it."""
    x, c, h = state(B, X), state(B, H), state(B, H)
    z = tf.matmul(tf.concat([x, h], 1), tf.get_variable("w", [X + H, 4 * H]))
    f, i, o, j = tf.split(z, 4, 1)
    output = tf.tanh(c * tf.sigmoid(f) + tf.sigmoid(i) * tf.tanh(j)) * tf.sigmoid(o)
    match, _ = found(output, {})
    assert match is not None
    assert {name: gate.begin // H for name, gate in match.gates.items()} == {
        "zi": 1,
        "zj": 3,
        "zf": 0,
        "zo": 2,
    }


def test_gates_that_leave_out_columns():
    x, c, h = state(B, X), state(B, H), state(B, H)
    z = tf.matmul(tf.concat([x, h], 1), tf.get_variable("w", [X + H, 5 * H]))
    f, i, o, j, _ = tf.split(z, 5, 1)
    output = tf.tanh(c * tf.sigmoid(f) + tf.sigmoid(i) * tf.tanh(j)) * tf.sigmoid(o)
    assert found(output, {})[0] is None


def test_states_of_other_sizes_are_no_states():
    """A state that is broadcast is not one of the cell's own size."""
    x, c, h = state(B, X), state(1, H), state(B, H)
    output, _ = tf.nn.rnn_cell.BasicLSTMCell(H)(x, tf.nn.rnn_cell.LSTMStateTuple(c, h))
    assert found(output, {})[0] is None
