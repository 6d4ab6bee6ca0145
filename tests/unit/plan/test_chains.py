"""Layers in place of unrolled recurrent cells compute what the cells do."""

import collections

import numpy as np
import pytest

import tailrace as tf
from tailrace.plan.ir import Fused

B, T, X, H = 3, 5, 4, 6
rnn = tf.nn.rnn_cell


def steps(session, fetches, feeds):
    """How often each fused operation stands in the plan."""
    steps = session.plan(fetches, feeds).steps
    return collections.Counter(s.op_def.name for s in steps if isinstance(s, Fused))


class Graph:
    """A graph under test: `fetches` are compared with the pass on and off."""

    def __init__(self, dtype=tf.float64):
        self.graph = tf.Graph()
        self.dtype = dtype
        self.feeds = {}

    def sequence(self, *shape):
        """A placeholder, fed with noise."""
        x = tf.placeholder(self.dtype, shape)
        self.feeds[x] = np.random.RandomState(len(self.feeds)).randn(*shape)
        return x

    def weighted(self, *values):
        """A scalar that depends on all elements, on each differently."""
        total = 0
        for k, value in enumerate(values):
            size = int(np.prod(value.shape.as_list()))
            factors = np.cos(np.arange(size) + k).reshape(value.shape.as_list())
            total += tf.reduce_sum(value * tf.constant(factors, value.dtype))
        return total

    def check(self, fetches, monkeypatch, expected):
        """Compare; `expected` are the counts of fused operations."""
        results = {}
        fetches = [f for f in fetches if f is not None]
        for setting in ("", "-chains"):
            monkeypatch.setenv("TAILRACE_PASSES", setting)
            with tf.Session() as session:
                _initialize(session)
                found = steps(session, fetches, self.feeds)
                wanted = expected if not setting else {}
                counts = {k: v for k, v in found.items() if "Sequence" in k and k[:8] != "Sequence"}
                assert counts == wanted, str(session.plan(fetches, self.feeds))
                results[setting] = session.run(fetches, self.feeds)
        tolerance = 1e-10 if self.dtype == tf.float64 else 2e-5
        for on, off in zip(results[""], results["-chains"], strict=True):
            np.testing.assert_allclose(on, off, rtol=tolerance, atol=tolerance)


def _initialize(session):
    for k, variable in enumerate(tf.global_variables()):
        noise = np.random.RandomState(100 + k).randn(*variable.shape.as_list()) * 0.4
        variable.load(noise, session)


@pytest.fixture
def graph():
    """A graph that is the default one."""
    made = Graph()
    with made.graph.as_default():
        yield made


CELLS = {
    "lstm": lambda: rnn.BasicLSTMCell(H),
    "lstm cell": lambda: rnn.LSTMCell(H, forget_bias=0.3),
    "peepholes": lambda: rnn.LSTMCell(H, use_peepholes=True),
    "gru": lambda: rnn.GRUCell(H),
    "tanh": lambda: rnn.BasicRNNCell(H),
    "relu": lambda: rnn.BasicRNNCell(H, activation=tf.nn.relu),
    "sigmoid": lambda: rnn.BasicRNNCell(H, activation=tf.sigmoid),
}


def layer(kind):
    """The name of the fused operation."""
    return {"l": "LstmSequence", "p": "LstmSequence", "g": "GruSequence"}.get(
        kind[0], "RnnSequence"
    )


def both(kind, forward=1, backward=1):
    """Counts of a layer and its gradient."""
    counts = {layer(kind): forward, layer(kind) + "Grad": backward}
    return {name: n for name, n in counts.items() if n}


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_stacked_outputs(graph, monkeypatch, kind, layers):
    """All outputs are used; gradients of weights and of the sequence."""
    x = graph.sequence(B, T, X)
    cell = rnn.MultiRNNCell([CELLS[kind]() for _ in range(layers)])
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=graph.dtype)
    stacked = tf.stack(outputs, 1)
    gradients = tf.gradients(graph.weighted(stacked), [x, *tf.trainable_variables()])
    expected = both(kind, layers, layers)
    graph.check([stacked, state, *gradients], monkeypatch, expected)


@pytest.mark.parametrize("kind", CELLS)
def test_forward_alone(graph, monkeypatch, kind):
    x = graph.sequence(B, T, X)
    outputs, _ = tf.nn.static_rnn(CELLS[kind](), tf.unstack(x, axis=1), dtype=graph.dtype)
    graph.check(outputs, monkeypatch, both(kind, 1, 0))


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("used", [[4], [0, 2], [1, 2, 3], []])
def test_some_outputs(graph, monkeypatch, kind, used):
    """The gradient begins at the last output that is used."""
    x = graph.sequence(B, T, X)
    outputs, _ = tf.nn.static_rnn(CELLS[kind](), tf.unstack(x, axis=1), dtype=graph.dtype)
    if not used:
        used = [0, 4]
    loss = graph.weighted(*(outputs[t] for t in used))
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    graph.check([loss, *gradients], monkeypatch, both(kind))


@pytest.mark.parametrize("kind", CELLS)
def test_final_state_and_learned_initial_state(graph, monkeypatch, kind):
    """As an encoder: the loss depends on the final states, also on c; the first one is learned."""
    x = graph.sequence(B, T, X)
    cell = CELLS[kind]()
    first = [graph.sequence(B, H) for _ in range(2)]
    start = rnn.LSTMStateTuple(*first) if layer(kind) == "LstmSequence" else first[0]
    inputs = tf.unstack(x, axis=1)
    outputs, state = tf.nn.static_rnn(cell, inputs, initial_state=start, dtype=graph.dtype)
    finals = list(state) if layer(kind) == "LstmSequence" else [state]
    loss = graph.weighted(outputs[1], *finals)
    used = first if layer(kind) == "LstmSequence" else first[:1]
    gradients = tf.gradients(loss, [x, *used, *tf.trainable_variables()])
    graph.check([loss, *gradients], monkeypatch, both(kind))


def test_only_the_final_cell_state(graph, monkeypatch):
    """Nothing comes from the last output gate; that step's h is not even computed."""
    x = graph.sequence(B, T, X)
    inputs = tf.unstack(x, axis=1)
    _, state = tf.nn.static_rnn(rnn.BasicLSTMCell(H), inputs, dtype=graph.dtype)
    loss = graph.weighted(state.c)
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    graph.check([loss, *gradients, state.h], monkeypatch, both("lstm"))


@pytest.mark.parametrize("kind", ["lstm", "gru", "tanh"])
def test_gradients_of_some_weights(graph, monkeypatch, kind):
    x = graph.sequence(B, T, X)
    cell = CELLS[kind]()
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=graph.dtype)
    loss = graph.weighted(*outputs)
    gradients = tf.gradients(loss, tf.trainable_variables()[:1])
    graph.check(gradients, monkeypatch, both(kind))


@pytest.mark.parametrize("kind", ["lstm", "gru", "tanh"])
def test_both_directions(graph, monkeypatch, kind):
    x = graph.sequence(B, T, X)
    forwards, backwards = CELLS[kind](), CELLS[kind]()
    outputs, *_ = tf.nn.static_bidirectional_rnn(
        forwards, backwards, tf.unstack(x, axis=1), dtype=graph.dtype
    )
    stacked = tf.stack(outputs)
    gradients = tf.gradients(graph.weighted(stacked), [x, *tf.trainable_variables()])
    graph.check([stacked, *gradients], monkeypatch, both(kind, 2, 2))


@pytest.mark.parametrize("kind", ["lstm", "gru", "tanh"])
def test_encoder_and_decoder(graph, monkeypatch, kind):
    """`legacy_seq2seq.basic_rnn_seq2seq`: the second chain starts from the first one's end."""
    x, y = graph.sequence(B, T, X), graph.sequence(B, T - 1, X)
    cell = CELLS[kind]()
    outputs, _ = tf.contrib.legacy_seq2seq.basic_rnn_seq2seq(
        tf.unstack(x, axis=1), tf.unstack(y, axis=1), cell, dtype=graph.dtype
    )
    gradients = tf.gradients(graph.weighted(*outputs), [x, y, *tf.trainable_variables()])
    graph.check([*outputs, *gradients], monkeypatch, both(kind, 2, 2))


@pytest.mark.parametrize("kind", ["lstm", "peepholes", "gru", "tanh"])
def test_first_input_is_the_first_state(graph, monkeypatch, kind):
    """And both states are one: what they are is not told by the value alone."""
    inputs = tf.unstack(graph.sequence(B, T, H), axis=1)
    first = tf.tanh(inputs[0])
    start = rnn.LSTMStateTuple(first, first) if layer(kind) == "LstmSequence" else first
    outputs, _ = tf.nn.static_rnn(CELLS[kind](), [first, *inputs[1:]], initial_state=start)
    gradients = tf.gradients(graph.weighted(*outputs), [*graph.feeds, *tf.trainable_variables()])
    graph.check([*outputs, *gradients], monkeypatch, both(kind))


def test_own_outputs_as_inputs(graph, monkeypatch):
    """A decoder that is fed what it gave: its inputs depend on its states."""
    x = graph.sequence(B, T, H)

    def previous(output, _):
        return tf.tanh(output)

    outputs, _ = tf.contrib.legacy_seq2seq.rnn_decoder(
        tf.unstack(x, axis=1),
        rnn.BasicLSTMCell(H).zero_state(B, graph.dtype),
        rnn.BasicLSTMCell(H),
        loop_function=previous,
    )
    gradients = tf.gradients(graph.weighted(*outputs), tf.trainable_variables())
    graph.check([*outputs, *gradients], monkeypatch, {})


def test_output_of_upper_layer_as_input_of_lower(graph, monkeypatch):
    """Neither layer can be done before the other."""
    inputs = tf.unstack(graph.sequence(B, T, H), axis=1)
    cells = [rnn.GRUCell(H, name=f"cell_{k}") for k in range(2)]
    states = [cell.zero_state(B, graph.dtype) for cell in cells]
    output = tf.zeros([B, H], graph.dtype)
    for x in inputs:
        output, states[0] = cells[0](x + output, states[0])
        output, states[1] = cells[1](output, states[1])
    gradients = tf.gradients(graph.weighted(output), tf.trainable_variables())
    graph.check([output, *gradients], monkeypatch, {})


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("lengths", [[5, 2, 3], [1, 0, 2], [5, 5, 5], [0, 0, 0]])
def test_lengths(graph, monkeypatch, kind, lengths):
    """Sequences end one after the other, some before the first step; the first state is learned."""
    x = graph.sequence(B, T, X)
    first = [graph.sequence(B, H) for _ in range(2)]
    start = rnn.LSTMStateTuple(*first) if layer(kind) == "LstmSequence" else first[0]
    ends = tf.placeholder(tf.int64, [None])
    graph.feeds[ends] = lengths
    inputs = tf.unstack(x, axis=1)
    outputs, state = tf.nn.static_rnn(
        CELLS[kind](), inputs, initial_state=start, dtype=graph.dtype, sequence_length=ends
    )
    finals = list(state) if layer(kind) == "LstmSequence" else [state]
    stacked = tf.stack(outputs)
    loss = graph.weighted(stacked, outputs[1], *finals)
    used = first if layer(kind) == "LstmSequence" else first[:1]
    gradients = tf.gradients(loss, [x, *used, *tf.trainable_variables()])
    graph.check([stacked, *finals, *gradients], monkeypatch, both(kind))


def test_lengths_both_ways(graph, monkeypatch):
    x = graph.sequence(B, T, X)
    lengths = tf.placeholder(tf.int32, [B])
    graph.feeds[lengths] = [5, 1, 3]
    outputs, *states = tf.nn.static_bidirectional_rnn(
        rnn.GRUCell(H),
        rnn.LSTMCell(H),
        tf.unstack(x, axis=1),
        dtype=graph.dtype,
        sequence_length=lengths,
    )
    loss = graph.weighted(*outputs, states[0], *states[1])
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    expected = {**both("gru"), **both("lstm")}
    graph.check([*outputs, *gradients], monkeypatch, expected)


def test_lengths_of_no_number(graph, monkeypatch):
    """What would have been skipped is not computed into what is given out."""
    x = graph.sequence(B, T, X)
    graph.feeds[x][1, 2:] = np.nan
    graph.feeds[x][2, 3:] = np.inf
    lengths = tf.placeholder(tf.int32, [B])
    graph.feeds[lengths] = [5, 2, 3]
    outputs, state = tf.nn.static_rnn(
        rnn.GRUCell(H), tf.unstack(x, axis=1), dtype=graph.dtype, sequence_length=lengths
    )
    graph.check([*outputs, state], monkeypatch, both("gru", 1, 0))


def _by_hand(graph, x, order):
    w = tf.get_variable("w", [X, 4 * H], graph.dtype)
    u = tf.get_variable("u", [H, 4 * H], graph.dtype)
    bias = tf.get_variable("b", [4 * H], graph.dtype)
    both = tf.concat([u, w], 0)
    h = c = tf.zeros([B, H], graph.dtype)
    outputs = []
    for x_t in tf.unstack(x, axis=1):
        if order == "sum":
            z = tf.matmul(x_t, w) + tf.matmul(h, u) + bias
        elif order == "state first":
            z = bias + (tf.matmul(h, u) + tf.matmul(x_t, w))
        else:
            z = tf.matmul(tf.concat([h, x_t], 1), both) + bias
        i, j, f, o = tf.split(z, 4, 1)
        c = c * tf.sigmoid(1.0 + f) + tf.tanh(j) * tf.sigmoid(i)
        h = tf.sigmoid(o) * tf.tanh(c)
        outputs.append(h)
    return outputs


@pytest.mark.parametrize("order", ["sum", "state first", "state first in one"])
def test_by_hand(graph, monkeypatch, order):
    x = graph.sequence(B, T, X)
    stacked = tf.stack(_by_hand(graph, x, order))
    gradients = tf.gradients(graph.weighted(stacked), [x, *tf.trainable_variables()])
    graph.check([stacked, *gradients], monkeypatch, both("lstm"))


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_values_within(graph, monkeypatch, kind):
    """Gates of single steps and gradients of states are asked for as well."""
    x = graph.sequence(B, T, X)
    outputs, _ = tf.nn.static_rnn(CELLS[kind](), tf.unstack(x, axis=1), dtype=graph.dtype)
    gradients = tf.gradients(graph.weighted(*outputs), [outputs[2], outputs[0], x])
    gates = [op.outputs[0] for op in graph.graph.get_operations() if op.type == "Sigmoid"]
    splits = [op.outputs[1] for op in graph.graph.get_operations() if op.type == "Split"]
    graph.check([*gates, *splits, *gradients], monkeypatch, both(kind))


def test_dropout_between_layers(graph, monkeypatch):
    """What lies between the cells is done step by step."""
    x = graph.sequence(B, T, X)
    masks = tf.unstack(graph.sequence(T, B, H))
    lower, _ = tf.nn.static_rnn(
        rnn.BasicLSTMCell(H), tf.unstack(x, axis=1), dtype=graph.dtype, scope="lower"
    )
    between = [h * mask for h, mask in zip(lower, masks, strict=True)]
    upper, _ = tf.nn.static_rnn(rnn.BasicLSTMCell(H), between, dtype=graph.dtype, scope="upper")
    gradients = tf.gradients(graph.weighted(*upper), [x, *tf.trainable_variables()])
    graph.check([*upper, *gradients], monkeypatch, both("lstm", 2, 2))


def test_residual_layers(graph, monkeypatch):
    """What is computed element by element between layers is done for all steps at once."""
    x = graph.sequence(B, T, H)
    cells = [rnn.ResidualWrapper(rnn.GRUCell(H)) for _ in range(3)]
    inputs = tf.unstack(x, axis=1)
    outputs, _ = tf.nn.static_rnn(rnn.MultiRNNCell(cells), inputs, dtype=graph.dtype)
    gradients = tf.gradients(graph.weighted(tf.stack(outputs)), [x, *tf.trainable_variables()])
    graph.check([*outputs, *gradients], monkeypatch, both("gru", 3, 3))


def test_dropout_wrapper(monkeypatch):
    """Random masks are the same with layers and without."""
    made = Graph(tf.float32)
    with made.graph.as_default():
        tf.set_random_seed(3)
        x = made.sequence(B, T, X)
        cells = [
            rnn.DropoutWrapper(rnn.BasicLSTMCell(H), output_keep_prob=0.5, input_keep_prob=0.8)
            for _ in range(2)
        ]
        inputs = tf.unstack(x, axis=1)
        outputs, _ = tf.nn.static_rnn(rnn.MultiRNNCell(cells), inputs, dtype=tf.float32)
        gradients = tf.gradients(made.weighted(*outputs), [x, *tf.trainable_variables()])
        made.check([*outputs, *gradients], monkeypatch, both("lstm", 2, 2))


def test_other_factors_in_each_step(graph, monkeypatch):
    """Numbers that differ from step to step are not broadcast as one."""
    inputs = tf.unstack(graph.sequence(B, H, H), axis=1)
    factors = tf.unstack(graph.sequence(H))
    inputs = [x * factor for x, factor in zip(inputs, factors, strict=True)]
    outputs, _ = tf.nn.static_rnn(rnn.GRUCell(H), inputs, dtype=graph.dtype)
    gradients = tf.gradients(graph.weighted(*outputs), tf.trainable_variables())
    graph.check([*outputs, *gradients], monkeypatch, both("gru"))


def test_no_inputs(graph, monkeypatch):
    """Without inputs there is nothing to be multiplied for all steps at once."""
    h = graph.sequence(B, H)
    w = tf.get_variable("w", [H, H], graph.dtype)
    for _ in range(4):
        h = tf.tanh(tf.matmul(h, w))
    graph.check([h, *tf.gradients(h, w)], monkeypatch, {})


def test_inputs_that_need_one_another(graph, monkeypatch):
    """The third input needs the second one: they are not computed at once."""
    a, b, c = tf.unstack(graph.sequence(B, 3, H), axis=1)
    second = tf.tanh(b)
    inputs = [tf.tanh(a), second, tf.tanh(tf.matmul(second, second, transpose_a=True)[:B] + c)]
    outputs, _ = tf.nn.static_rnn(rnn.GRUCell(H), inputs, dtype=graph.dtype)
    gradients = tf.gradients(graph.weighted(*outputs), [a, *tf.trainable_variables()])
    graph.check([*outputs, *gradients], monkeypatch, both("gru"))


@pytest.mark.parametrize("kind", ["lstm", "tanh"])
def test_layers_by_hand(graph, monkeypatch, kind):
    """Inputs and states are of one size, and the former are states of the layer below."""
    sequence = tf.unstack(graph.sequence(B, T, H), axis=1)
    for layer in range(3):
        size = 4 * H if kind == "lstm" else H
        w = tf.get_variable(f"w{layer}", [H, size], graph.dtype)
        u = tf.get_variable(f"u{layer}", [H, size], graph.dtype)
        h = c = tf.zeros([B, H], graph.dtype)
        outputs = []
        for x in sequence:
            z = tf.matmul(x, w) + tf.matmul(h, u)
            if kind == "lstm":
                i, j, f, o = tf.split(z, 4, 1)
                c = c * tf.sigmoid(f) + tf.sigmoid(i) * tf.tanh(j)
                h = tf.sigmoid(o) * tf.tanh(c)
            else:
                h = tf.tanh(z)
            outputs.append(h)
        sequence = outputs
    gradients = tf.gradients(graph.weighted(*sequence), tf.trainable_variables())
    graph.check([*sequence, *gradients], monkeypatch, both(kind, 3, 3))


def _moved(session, fetches, feeds):
    """The operations of single steps that are left."""
    kinds = {"Pack", "Unpack", "Split", "SplitV", "ConcatV2", "Squeeze", "Slice"}
    return [s.op_def.name for s in session.plan(fetches, feeds).steps if s.op_def.name in kinds]


@pytest.mark.parametrize("count", [T, 20])
def test_split_and_concatenated(graph, monkeypatch, count):
    """As programs do it that are older than `unstack`."""
    x = graph.sequence(B, count, X)
    inputs = [tf.squeeze(piece, [1]) for piece in tf.split(x, count, 1)]
    outputs, _ = tf.nn.static_rnn(rnn.BasicLSTMCell(H), inputs, dtype=graph.dtype)
    joined = tf.reshape(tf.concat(outputs, 1), [-1, H])
    loss = graph.weighted(tf.square(joined))
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    fetches = [joined, *gradients]
    graph.check(fetches, monkeypatch, both("lstm"))
    if count > 16:  # fewer gradients of a concatenation are slices
        monkeypatch.setenv("TAILRACE_PASSES", "")
        with tf.Session() as session:
            assert _moved(session, fetches, graph.feeds) == []


@pytest.mark.parametrize("axis", [0, 1])
def test_joined_along_an_axis(graph, monkeypatch, axis):
    x = graph.sequence(20, B, X)
    outputs, _ = tf.nn.static_rnn(rnn.GRUCell(H), tf.unstack(x), dtype=graph.dtype)
    joined = tf.concat(outputs[::-1], axis)
    gradients = tf.gradients(graph.weighted(joined), [x, *tf.trainable_variables()])
    graph.check([joined, *gradients], monkeypatch, both("gru"))


def test_concatenated_inputs(graph, monkeypatch):
    """An input of several parts: one of them is the same in all steps."""
    x, same = graph.sequence(B, T, X), graph.sequence(B, 2)
    inputs = [tf.concat([same, x_t], 1) for x_t in tf.unstack(x, axis=1)]
    outputs, _ = tf.nn.static_rnn(rnn.GRUCell(H), inputs, dtype=graph.dtype)
    gradients = tf.gradients(graph.weighted(*outputs), [x, same, *tf.trainable_variables()])
    graph.check([*outputs, *gradients], monkeypatch, both("gru"))


def test_stopped_between_steps(graph, monkeypatch):
    """The gradient goes back two steps at most."""
    cell = rnn.BasicLSTMCell(H)
    state = cell.zero_state(B, graph.dtype)
    outputs = []
    for t, x_t in enumerate(tf.unstack(graph.sequence(B, 6, X), axis=1)):
        if t in (2, 4):
            state = rnn.LSTMStateTuple(*map(tf.stop_gradient, state))
        output, state = cell(x_t, state)
        outputs.append(output)
    gradients = tf.gradients(graph.weighted(*outputs), tf.trainable_variables())
    graph.check([*outputs, *gradients], monkeypatch, both("lstm", 1, 3))


def test_cell_states_in_the_loss(graph, monkeypatch):
    """The kernel takes gradients of c from elsewhere at every step."""
    cell = rnn.BasicLSTMCell(H)
    state = cell.zero_state(B, graph.dtype)
    states = []
    for x_t in tf.unstack(graph.sequence(B, 6, X), axis=1):
        _, state = cell(x_t, state)
        states.append(state)
    loss = graph.weighted(states[2].c, states[5].c, states[5].h, states[1].h)
    gradients = tf.gradients(loss, tf.trainable_variables())
    counts = {"LstmSequence": 1, "LstmSequenceGrad": 1}
    graph.check([loss, *gradients], monkeypatch, counts)


def test_fed_state(graph, monkeypatch):
    """What is fed is no step's state: chains end before it."""
    x = graph.sequence(B, 6, X)
    outputs, _ = tf.nn.static_rnn(rnn.BasicRNNCell(H), tf.unstack(x, axis=1), dtype=graph.dtype)
    graph.feeds[outputs[2]] = np.full([B, H], 0.5)
    gradients = tf.gradients(graph.weighted(*outputs), tf.trainable_variables())
    graph.check([outputs[5], *gradients], monkeypatch, both("rnn", 2, 2))


def test_single_precision(monkeypatch):
    made = Graph(tf.float32)
    with made.graph.as_default():
        x = made.sequence(B, T, X)
        inputs = tf.unstack(x, axis=1)
        outputs, _ = tf.nn.static_rnn(rnn.BasicLSTMCell(H), inputs, dtype=tf.float32)
        gradients = tf.gradients(made.weighted(*outputs), [x, *tf.trainable_variables()])
        made.check([*outputs, *gradients], monkeypatch, both("lstm"))


def test_training_follows_the_same_path(monkeypatch):
    """Variables are updated from what was read before."""
    losses = {}
    for setting in ("", "-chains"):
        monkeypatch.setenv("TAILRACE_PASSES", setting)
        made = Graph()
        with made.graph.as_default(), tf.Session() as session:
            x = made.sequence(B, T, X)
            cell = rnn.MultiRNNCell([rnn.GRUCell(H), rnn.GRUCell(H)])
            outputs, _ = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=made.dtype)
            loss = tf.reduce_mean(tf.square(tf.stack(outputs) - 0.3))
            step = tf.train.AdamOptimizer(0.01).minimize(loss)
            session.run(tf.global_variables_initializer())
            for k, variable in enumerate(tf.trainable_variables()):
                noise = np.random.RandomState(k).randn(*variable.shape.as_list())
                variable.load(noise, session)
            losses[setting] = [session.run([loss, step], made.feeds)[0] for _ in range(10)]
    np.testing.assert_allclose(losses[""], losses["-chains"], rtol=1e-9)
