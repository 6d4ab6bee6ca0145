"""Recurrent networks in loops: dynamic_rnn, bidirectional_dynamic_rnn, raw_rnn, with training."""

import numpy as np

X = np.random.RandomState(4).uniform(-1.0, 1.0, (2, 5, 3)).astype(np.float32)


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


def _run(tf, cell, shape=(2, 5, 3), feed=X, **arguments):
    x = tf.placeholder(tf.float32, shape, name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, **arguments)
    loss = tf.reduce_sum(tf.square(outputs))
    return {
        "outputs": outputs,
        "state": state,
        "grads": tf.gradients(loss, [x] + tf.trainable_variables()),
        "names": np.array([v.name.encode() for v in tf.global_variables()]),
        "feed": {x: feed},
    }


def basic_rnn(tf):
    return _run(tf, tf.nn.rnn_cell.BasicRNNCell(4))


def gru(tf):
    return _run(tf, tf.nn.rnn_cell.GRUCell(4))


def lstm(tf):
    return _run(tf, tf.nn.rnn_cell.BasicLSTMCell(4))


def lstm_unknown_batch_and_time(tf):
    return _run(tf, tf.nn.rnn_cell.BasicLSTMCell(4), shape=(None, None, 3))


def lstm_time_major(tf):
    return _run(
        tf,
        tf.nn.rnn_cell.LSTMCell(4),
        shape=(None, 2, 3),
        feed=X.transpose(1, 0, 2),
        time_major=True,
    )


def lstm_lengths(tf):
    return _run(tf, tf.nn.rnn_cell.BasicLSTMCell(4), sequence_length=[2, 5])


def gru_lengths_placeholder(tf):
    lengths = tf.placeholder(tf.int64, [None], name="lengths")
    out = _run(tf, tf.nn.rnn_cell.GRUCell(4), shape=(None, None, 3), sequence_length=lengths)
    out["feed"][lengths] = [4, 1]
    return out


def stacked_with_dropout(tf):
    tf.set_random_seed(11)
    cells = [
        tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicLSTMCell(4), output_keep_prob=0.6)
        for _ in range(2)
    ]
    out = _run(tf, tf.nn.rnn_cell.MultiRNNCell(cells))
    out["runs"] = 2
    return out


def swap_memory_parallel(tf):
    return _run(tf, tf.nn.rnn_cell.GRUCell(2), swap_memory=True, parallel_iterations=4)


def bidirectional(tf):
    x = tf.placeholder(tf.float32, (None, None, 3), name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, states = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(2),
            tf.nn.rnn_cell.BasicLSTMCell(3),
            x,
            sequence_length=[3, 5],
            dtype=tf.float32,
        )
    grads = tf.gradients(tf.reduce_sum(tf.concat(outputs, 2) ** 2), [x] + tf.trainable_variables())
    return {"outputs": outputs, "states": states, "grads": grads, "feed": {x: X}}


def bidirectional_no_lengths(tf):
    x = tf.placeholder(tf.float32, (2, 5, 3), name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, states = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.GRUCell(3), x, dtype=tf.float32
        )
    return {"outputs": outputs, "states": states, "feed": {x: X}}


def raw(tf):
    x = tf.constant(X.transpose(1, 0, 2))
    inputs = tf.TensorArray(tf.float32, 5).unstack(x)
    cell = tf.nn.rnn_cell.BasicLSTMCell(4)
    lengths = tf.constant([2, 5])

    def loop_fn(time, cell_output, cell_state, loop_state):
        emit = cell_output
        state = cell.zero_state(2, tf.float32) if cell_output is None else cell_state
        finished = time >= lengths
        following = tf.cond(
            tf.reduce_all(finished), lambda: tf.zeros([2, 3], tf.float32), lambda: inputs.read(time)
        )
        return finished, following, state, emit, None

    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state, _ = tf.nn.raw_rnn(cell, loop_fn)
    stacked = outputs.stack()
    return {
        "outputs": stacked,
        "state": state,
        "grads": tf.gradients(stacked, tf.trainable_variables()),
    }


def training_char_rnn(tf):
    """A small language model: embedding, two layers, softmax, clipping, Adam, the state carried."""
    tf.set_random_seed(1)
    x = tf.placeholder(tf.int32, [3, 4], name="x")
    y = tf.placeholder(tf.int32, [3, 4], name="y")
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(6) for _ in range(2)])
    start = cell.zero_state(3, tf.float32)
    table = tf.get_variable("embedding", [7, 5])
    outputs, last = tf.nn.dynamic_rnn(cell, tf.nn.embedding_lookup(table, x), initial_state=start)
    w = tf.get_variable("softmax_w", [6, 7])
    b = tf.get_variable("softmax_b", [7])
    logits = tf.matmul(tf.reshape(outputs, [-1, 6]), w) + b
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        logits=logits, labels=tf.reshape(y, [-1])
    )
    loss = tf.reduce_mean(losses)
    grads, norm = tf.clip_by_global_norm(tf.gradients(loss, tf.trainable_variables()), 0.5)
    train = tf.train.AdamOptimizer(0.05).apply_gradients(zip(grads, tf.trainable_variables()))
    data = np.random.RandomState(0).randint(0, 7, (3, 21))
    out = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        state = sess.run(start)
        for step in range(5):
            part = data[:, step * 4 : step * 4 + 5]
            feed = {x: part[:, :-1], y: part[:, 1:]}
            for (c, h), (c_value, h_value) in zip(start, state):
                feed[c], feed[h] = c_value, h_value
            value, value_norm, state, _ = sess.run([loss, norm, last, train], feed)
            out.append([value, value_norm])
    return {
        "curve": np.array(out),
        "state": [np.array(s) for s in state],
        "tolerance": {
            "rtol": 1e-4,
            "atol": 1e-5,
            "reason": "five steps of training add up rounding",
        },
    }


def training_static_unrolled(tf):
    tf.set_random_seed(2)
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    cell = tf.contrib.rnn.OutputProjectionWrapper(tf.nn.rnn_cell.GRUCell(5), 2)
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)
    loss = tf.reduce_mean(tf.square(outputs[-1] - y))
    train = tf.train.RMSPropOptimizer(0.01).minimize(loss)
    rng = np.random.RandomState(1)
    feed = {x: rng.randn(4, 4, 3), y: rng.randn(4, 2)}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        curve = [sess.run([loss, train], feed)[0] for _ in range(5)]
    return {"curve": np.array(curve), "train": train, "feed": feed}


def rows_that_mix(tf):
    class Centred(tf.nn.rnn_cell.BasicLSTMCell):
        def call(self, inputs, state):
            h, state = super(Centred, self).call(inputs, state)
            return h - tf.reduce_mean(h, 0, keepdims=True), state

    x = tf.constant(np.random.RandomState(0).randn(3, 5, 2).astype(np.float32))
    tf.set_random_seed(1)
    outputs, state = tf.nn.dynamic_rnn(Centred(4), x, [5, 2, 3], dtype=tf.float32)
    slopes = tf.gradients(tf.reduce_sum(tf.square(outputs)), tf.trainable_variables())
    return {"outputs": outputs, "state": state, "slopes": slopes}
