"""The programs that are measured, as TensorFlow 1 programs.

They run unchanged under TensorFlow 1.15 (Python 3.7) and Tailrace. Each is a function of `tf` and
of its sizes, and returns a `Work`.
"""

from collections import namedtuple

import numpy as np

# What one step asks `Session.run` for and feeds; `after(values, feed)`, where there is one, puts
# what the step gave into what the next is fed.
Work = namedtuple("Work", "fetches feed after")


def text(vocabulary, batch, steps):
    """A batch of symbols and of those that follow them, both [batch, steps]."""
    data = np.random.RandomState(0).randint(0, vocabulary, (batch, steps + 1)).astype(np.int32)
    return data[:, :-1], data[:, 1:]


def images(batch):
    """Random pictures [batch, 784] and their classes [batch]."""
    random = np.random.RandomState(0)
    return random.rand(batch, 784).astype(np.float32), random.randint(0, 10, batch)


def trivial(tf):
    """One addition of two fed scalars: what a `Session.run` costs."""
    a = tf.placeholder(tf.float32, [], name="a")
    b = tf.placeholder(tf.float32, [], name="b")
    return Work(a + b, {a: 1.0, b: 2.0}, None)


def scalar_chain(tf):
    """A hundred additions in a row: what an operation costs."""
    x = tf.placeholder(tf.float32, [], name="x")
    y = x
    for _ in range(100):
        y = y + 1.0
    return Work(y, {x: 1.0}, None)


def _cell(tf, kind, form, hidden, layers):
    kinds = {
        "lstm": tf.nn.rnn_cell.BasicLSTMCell,
        "gru": tf.contrib.rnn.GRUBlockCellV2 if form == "block" else tf.nn.rnn_cell.GRUCell,
        "rnn": tf.nn.rnn_cell.BasicRNNCell,
    }
    return tf.nn.rnn_cell.MultiRNNCell([kinds[kind](hidden) for _ in range(layers)])


def _layers(tf, kind, form, inputs, hidden, layers):
    """Outputs of the recurrent layers, [batch * steps, hidden], for inputs [batch, steps, hidden].

    Forms: `dynamic` is `dynamic_rnn`, `static` is `static_rnn`, `block` is TensorFlow's own fused
    kernels: a step of a GRU, all steps of an LSTM's layer.
    """
    if kind == "lstm" and form == "block":
        outputs = tf.transpose(inputs, [1, 0, 2])
        for i in range(layers):
            fused = tf.contrib.rnn.LSTMBlockFusedCell(hidden, name=f"layer_{i}")
            outputs, _ = fused(outputs, dtype=tf.float32)
        outputs = tf.transpose(outputs, [1, 0, 2])
    elif form == "static":
        cell = _cell(tf, kind, form, hidden, layers)
        steps = tf.unstack(inputs, axis=1)
        outputs, _ = tf.nn.static_rnn(cell, steps, dtype=tf.float32)
        outputs = tf.stack(outputs, 1)
    else:
        cell = _cell(tf, kind, form, hidden, layers)
        outputs, _ = tf.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
    return tf.reshape(outputs, [-1, hidden])


def _logits(tf, hidden_states, hidden, vocabulary):
    w = tf.get_variable("softmax_w", [hidden, vocabulary])
    b = tf.get_variable("softmax_b", [vocabulary], initializer=tf.zeros_initializer())
    return tf.matmul(hidden_states, w) + b


def _train(tf, logits, labels):
    """The mean loss, and a step of Adam on gradients clipped by their global norm."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=labels)
    loss = tf.reduce_mean(losses)
    variables = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 5.0)
    return [loss, tf.train.AdamOptimizer(2e-3).apply_gradients(zip(grads, variables))]


def recurrent(tf, kind, form, vocabulary, hidden, layers, batch, steps):
    """A training step of a language model: embedding, layers, softmax, clipping, Adam."""
    x = tf.placeholder(tf.int32, [batch, steps], name="x")
    y = tf.placeholder(tf.int32, [batch, steps], name="y")
    inputs = tf.nn.embedding_lookup(tf.get_variable("embedding", [vocabulary, hidden]), x)
    outputs = _layers(tf, kind, form, inputs, hidden, layers)
    logits = _logits(tf, outputs, hidden, vocabulary)
    data, following = text(vocabulary, batch, steps)
    return Work(_train(tf, logits, tf.reshape(y, [-1])), {x: data, y: following}, None)


def hand_unrolled(tf, vocabulary, hidden, layers, batch, steps):
    """The same step with the LSTM written by hand from primitive operations, step by step."""
    x = tf.placeholder(tf.int32, [batch, steps], name="x")
    y = tf.placeholder(tf.int32, [batch, steps], name="y")
    sequence = tf.nn.embedding_lookup(tf.get_variable("embedding", [vocabulary, hidden]), x)
    sequence = tf.unstack(sequence, axis=1)
    for layer in range(layers):
        w_x = tf.get_variable(f"w_x_{layer}", [hidden, 4 * hidden])
        w_h = tf.get_variable(f"w_h_{layer}", [hidden, 4 * hidden])
        b = tf.get_variable(f"b_{layer}", [4 * hidden], initializer=tf.zeros_initializer())
        h = c = tf.zeros([batch, hidden])
        outputs = []
        for x_t in sequence:
            gates = tf.matmul(x_t, w_x) + tf.matmul(h, w_h) + b
            i, j, f, o = tf.split(gates, 4, 1)
            c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
            h = tf.sigmoid(o) * tf.tanh(c)
            outputs.append(h)
        sequence = outputs
    flat = tf.reshape(tf.stack(sequence, 1), [-1, hidden])
    logits = _logits(tf, flat, hidden, vocabulary)
    data, following = text(vocabulary, batch, steps)
    return Work(_train(tf, logits, tf.reshape(y, [-1])), {x: data, y: following}, None)


def generation(tf, kind, vocabulary, hidden, layers):
    """One character of a text: the last one and the state are fed, the next is drawn outside."""
    x = tf.placeholder(tf.int32, [1, 1], name="x")
    cell = _cell(tf, kind, "dynamic", hidden, layers)
    start = cell.zero_state(1, tf.float32)
    inputs = tf.nn.embedding_lookup(tf.get_variable("embedding", [vocabulary, hidden]), x)
    outputs, end = tf.nn.dynamic_rnn(cell, inputs, initial_state=start)
    logits = _logits(tf, tf.reshape(outputs, [-1, hidden]), hidden, vocabulary)
    random = np.random.RandomState(0)

    def draw(values, feed):
        sums = np.cumsum(values[0][0])
        feed[x] = [[min(np.searchsorted(sums, random.rand() * sums[-1]), vocabulary - 1)]]
        feed[start] = values[1]

    zeros = np.zeros([1, hidden], np.float32)
    state = tuple((zeros, zeros) if kind == "lstm" else zeros for _ in range(layers))
    return Work([tf.nn.softmax(logits), end], {x: [[0]], start: state}, draw)


def _weights(tf, name, shape):
    return tf.get_variable(name, shape, initializer=tf.truncated_normal_initializer(stddev=0.1))


def _biases(tf, name, size):
    return tf.get_variable(name, [size], initializer=tf.constant_initializer(0.1))


def _dense(tf, inputs, name, rows, columns):
    w = _weights(tf, name + "_w", [rows, columns])
    return tf.matmul(inputs, w) + _biases(tf, name + "_b", columns)


def _classify(tf, x, logits, batch):
    y = tf.placeholder(tf.int64, [None], name="y")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y))
    train = tf.train.AdamOptimizer(1e-4).minimize(loss)
    pictures, classes = images(batch)
    return Work([loss, train], {x: pictures, y: classes}, None)


def mnist_cnn(tf, batch):
    """A training step of the tutorials' network: two 5x5 convolutions, two dense layers."""
    x = tf.placeholder(tf.float32, [None, 784], name="x")

    def layer(inputs, name, shape):
        weights = _weights(tf, name + "_w", shape)
        conv = tf.nn.conv2d(inputs, weights, [1, 1, 1, 1], "SAME")
        active = tf.nn.relu(conv + _biases(tf, name + "_b", shape[-1]))
        return tf.nn.max_pool(active, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")

    pooled = layer(tf.reshape(x, [-1, 28, 28, 1]), "conv1", [5, 5, 1, 32])
    pooled = layer(pooled, "conv2", [5, 5, 32, 64])
    flat = tf.reshape(pooled, [-1, 7 * 7 * 64])
    dense = tf.nn.relu(_dense(tf, flat, "dense", 7 * 7 * 64, 1024))
    return _classify(tf, x, _dense(tf, dense, "out", 1024, 10), batch)


def mnist_mlp(tf, hidden, batch):
    """A training step of a network of two hidden layers."""
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    first = tf.nn.relu(_dense(tf, x, "first", 784, hidden))
    second = tf.nn.relu(_dense(tf, first, "second", hidden, hidden))
    return _classify(tf, x, _dense(tf, second, "out", hidden, 10), batch)


def word2vec(tf, vocabulary, size, batch, sampled):
    """A step of skip-gram training: noise-contrastive loss, gradient descent on the rows used."""
    x = tf.placeholder(tf.int32, [batch], name="x")
    y = tf.placeholder(tf.int32, [batch, 1], name="y")
    table = tf.get_variable(
        "embedding", [vocabulary, size], initializer=tf.random_uniform_initializer(-1.0, 1.0)
    )
    stddev = 1.0 / np.sqrt(size)
    w = tf.get_variable(
        "nce_w", [vocabulary, size], initializer=tf.truncated_normal_initializer(stddev=stddev)
    )
    b = tf.get_variable("nce_b", [vocabulary], initializer=tf.zeros_initializer())
    embedded = tf.nn.embedding_lookup(table, x)
    losses = tf.nn.nce_loss(
        weights=w, biases=b, labels=y, inputs=embedded, num_sampled=sampled, num_classes=vocabulary
    )
    loss = tf.reduce_mean(losses)
    train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    words, following = text(vocabulary, batch, 1)
    return Work([loss, train], {x: words[:, 0], y: following}, None)


def text_cnn(tf, vocabulary, size, length, filters, batch):
    """A training step of a classifier of sentences: windows of 3, 4 and 5 words, their largest."""
    x = tf.placeholder(tf.int32, [None, length], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    table = tf.get_variable("embedding", [vocabulary, size])
    words = tf.expand_dims(tf.nn.embedding_lookup(table, x), -1)
    found = []
    for width in (3, 4, 5):
        weights = _weights(tf, f"conv{width}_w", [width, size, 1, filters])
        conv = tf.nn.conv2d(words, weights, [1, 1, 1, 1], "VALID")
        active = tf.nn.relu(tf.nn.bias_add(conv, _biases(tf, f"conv{width}_b", filters)))
        rows = [1, length - width + 1, 1, 1]
        found.append(tf.nn.max_pool(active, rows, [1, 1, 1, 1], "VALID"))
    flat = tf.reshape(tf.concat(found, 3), [-1, 3 * filters])
    logits = _dense(tf, flat, "out", 3 * filters, 2)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y))
    train = tf.train.AdamOptimizer(1e-3).minimize(loss)
    sentences, _ = text(vocabulary, batch, length)
    return Work([loss, train], {x: sentences, y: sentences[:, 0] % 2}, None)


def batch_norm_mlp(tf, hidden, batch):
    """A training step of three layers, each normalized by its mean and variance in the batch."""
    x = h = tf.placeholder(tf.float32, [None, 784], name="x")
    for i, size in enumerate((784, hidden, hidden)):
        z = tf.matmul(h, _weights(tf, f"layer{i}_w", [size, hidden]))
        mean, variance = tf.nn.moments(z, [0])
        scale = tf.get_variable(f"layer{i}_scale", [hidden], initializer=tf.ones_initializer())
        shift = _biases(tf, f"layer{i}_shift", hidden)
        h = tf.nn.elu(tf.nn.batch_normalization(z, mean, variance, shift, scale, 1e-3))
    return _classify(tf, x, _dense(tf, h, "out", hidden, 10), batch)


PROGRAMS = {
    f.__name__: f
    for f in (
        trivial,
        scalar_chain,
        recurrent,
        hand_unrolled,
        generation,
        mnist_cnn,
        mnist_mlp,
        word2vec,
        text_cnn,
        batch_norm_mlp,
    )
}
