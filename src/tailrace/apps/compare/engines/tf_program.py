"""A language model as a TensorFlow 1 program: runs on TensorFlow 1.15 and on Tailrace, unchanged.

Embedding, layers of recurrent cells, softmax; Adam on gradients clipped by their global norm.
Arrays: B texts side by side, T steps, V symbols, H units.
"""

from __future__ import annotations

from collections import namedtuple

CLIP_NORM = 5.0

# x and y [B, T] are fed, loss is the mean over all symbols, in nats
Network = namedtuple("Network", "x y loss train learning_rate")


def cells(tf, kind, size, layers):
    """Layers of cells that the program and its diagnosis have in common."""
    kinds = {
        "rnn": tf.nn.rnn_cell.BasicRNNCell,
        "lstm": tf.nn.rnn_cell.BasicLSTMCell,
        "gru": tf.nn.rnn_cell.GRUCell,
    }
    return tf.nn.rnn_cell.MultiRNNCell([kinds[kind](size) for _ in range(layers)])


def embedded(tf, x, vocabulary, size):
    """Symbols [B, T] as vectors [B, T, H]."""
    return tf.nn.embedding_lookup(tf.get_variable("embedding", [vocabulary, size]), x)


def scores(tf, hidden, vocabulary, size):
    """The logarithms of the next symbol's odds, [N, V], for hidden states [N, H]."""
    w = tf.get_variable("softmax_w", [size, vocabulary])
    b = tf.get_variable("softmax_b", [vocabulary], initializer=tf.zeros_initializer())
    return tf.matmul(hidden, w) + b


def build(tf, kind, vocabulary, size, layers):
    """The network in the default graph."""
    x = tf.placeholder(tf.int32, [None, None], name="x")
    y = tf.placeholder(tf.int32, [None, None], name="y")
    inputs = embedded(tf, x, vocabulary, size)
    outputs, _ = tf.nn.dynamic_rnn(cells(tf, kind, size, layers), inputs, dtype=tf.float32)
    logits = scores(tf, tf.reshape(outputs, [-1, size]), vocabulary, size)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        logits=logits, labels=tf.reshape(y, [-1])
    )
    loss = tf.reduce_mean(losses)
    learning_rate = tf.placeholder(tf.float32, [], name="learning_rate")
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), CLIP_NORM)
    optimizer = tf.train.AdamOptimizer(learning_rate)
    pairs = [(gradients[i], variable) for i, variable in enumerate(variables)]
    train = optimizer.apply_gradients(pairs)
    return Network(x, y, loss, train, learning_rate)
