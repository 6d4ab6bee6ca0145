"""The programs that are measured, as TensorFlow 1 programs: functions of `tf` that give what a step
runs.

They run unchanged under TensorFlow 1.15 (Python 3.7) and Tailrace. A program is called as
`program(tf)` and returns `(fetches, feed)`: what one `Session.run` is asked for and fed.
"""

import numpy as np

VOCABULARY, HIDDEN, LAYERS, BATCH, STEPS = 65, 128, 2, 50, 50


def trivial(tf):
    """One addition of two fed scalars: what a `Session.run` costs."""
    a = tf.placeholder(tf.float32, [], name="a")
    b = tf.placeholder(tf.float32, [], name="b")
    return a + b, {a: 1.0, b: 2.0}


def scalar_chain(tf):
    """A hundred additions in a row: what an operation costs."""
    x = tf.placeholder(tf.float32, [], name="x")
    y = x
    for _ in range(100):
        y = y + 1.0
    return y, {x: 1.0}


def _cell(tf, kind):
    kinds = {
        "lstm": tf.nn.rnn_cell.BasicLSTMCell,
        "gru": tf.nn.rnn_cell.GRUCell,
        "rnn": tf.nn.rnn_cell.BasicRNNCell,
    }
    return tf.nn.rnn_cell.MultiRNNCell([kinds[kind](HIDDEN) for _ in range(LAYERS)])


def _char_rnn(tf, kind, unrolled):
    """A training step of a character model: embedding, layers, softmax, clipping, Adam."""
    x = tf.placeholder(tf.int32, [BATCH, STEPS], name="x")
    y = tf.placeholder(tf.int32, [BATCH, STEPS], name="y")
    cell = _cell(tf, kind)
    start = cell.zero_state(BATCH, tf.float32)
    table = tf.get_variable("embedding", [VOCABULARY, HIDDEN])
    inputs = tf.nn.embedding_lookup(table, x)
    if unrolled:
        outputs, _ = tf.nn.static_rnn(cell, tf.unstack(inputs, axis=1), initial_state=start)
        hidden = tf.reshape(tf.stack(outputs, 1), [-1, HIDDEN])
    else:
        outputs, _ = tf.nn.dynamic_rnn(cell, inputs, initial_state=start)
        hidden = tf.reshape(outputs, [-1, HIDDEN])
    w = tf.get_variable("softmax_w", [HIDDEN, VOCABULARY])
    b = tf.get_variable("softmax_b", [VOCABULARY], initializer=tf.zeros_initializer())
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        logits=tf.matmul(hidden, w) + b, labels=tf.reshape(y, [-1])
    )
    loss = tf.reduce_mean(losses)
    variables = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 5.0)
    train = tf.train.AdamOptimizer(2e-3).apply_gradients(zip(grads, variables))
    data = np.random.RandomState(0).randint(0, VOCABULARY, (BATCH, STEPS + 1))
    return [loss, train], {x: data[:, :-1], y: data[:, 1:]}


def lstm_static(tf):
    return _char_rnn(tf, "lstm", True)


def lstm_dynamic(tf):
    return _char_rnn(tf, "lstm", False)


def gru_static(tf):
    return _char_rnn(tf, "gru", True)


def gru_dynamic(tf):
    return _char_rnn(tf, "gru", False)


def rnn_static(tf):
    return _char_rnn(tf, "rnn", True)


def rnn_dynamic(tf):
    return _char_rnn(tf, "rnn", False)


def mnist_cnn(tf):
    """A training step of the tutorials' network: two 5x5 convolutions, two dense layers,
    batch 50.
    """
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")

    def weights(name, shape):
        return tf.get_variable(name, shape, initializer=tf.truncated_normal_initializer(stddev=0.1))

    def biases(name, size):
        return tf.get_variable(name, [size], initializer=tf.constant_initializer(0.1))

    def layer(inputs, name, shape):
        conv = tf.nn.conv2d(inputs, weights(name + "_w", shape), [1, 1, 1, 1], "SAME")
        active = tf.nn.relu(conv + biases(name + "_b", shape[-1]))
        return tf.nn.max_pool(active, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")

    pooled = layer(tf.reshape(x, [-1, 28, 28, 1]), "conv1", [5, 5, 1, 32])
    pooled = layer(pooled, "conv2", [5, 5, 32, 64])
    flat = tf.reshape(pooled, [-1, 7 * 7 * 64])
    dense = tf.nn.relu(
        tf.matmul(flat, weights("dense_w", [7 * 7 * 64, 1024])) + biases("dense_b", 1024)
    )
    logits = tf.matmul(dense, weights("out_w", [1024, 10])) + biases("out_b", 10)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y))
    train = tf.train.AdamOptimizer(1e-4).minimize(loss)
    rng = np.random.RandomState(0)
    return [loss, train], {x: rng.rand(50, 784).astype(np.float32), y: rng.randint(0, 10, 50)}


PROGRAMS = {
    f.__name__: f
    for f in (
        trivial,
        scalar_chain,
        lstm_static,
        lstm_dynamic,
        gru_static,
        gru_dynamic,
        rnn_static,
        rnn_dynamic,
        mnist_cnn,
    )
}
