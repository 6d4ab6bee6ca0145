"""A character model in TensorFlow 1, as it was written in 2017.

Two LSTM layers, truncated back-propagation, gradient clipping, Adam.

    tailrace run examples/char_rnn.py            reads Python's own "Zen" and learns to recite it
"""

import codecs
import contextlib
import io

import numpy as np
import tensorflow as tf

with contextlib.redirect_stdout(io.StringIO()):
    import this  # prints the text on import

text = codecs.decode(this.s, "rot13")
characters = sorted(set(text))
code = {c: i for i, c in enumerate(characters)}
data = np.array([code[c] for c in text])
batch_size, steps, units = 8, 20, 96

tf.set_random_seed(1)
x = tf.placeholder(tf.int32, [None, None], name="x")
y = tf.placeholder(tf.int32, [None, None], name="y")
cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(units) for _ in range(2)])
state = cell.zero_state(tf.shape(x)[0], tf.float32)
table = tf.get_variable("embedding", [len(characters), units])
outputs, last_state = tf.nn.dynamic_rnn(cell, tf.nn.embedding_lookup(table, x), initial_state=state)
logits = tf.layers.dense(outputs, len(characters))
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
variables = tf.trainable_variables()
gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 5.0)
train = tf.train.AdamOptimizer(0.005).apply_gradients(zip(gradients, variables))


def fed(values):
    """The state of each layer, to go on from."""
    return {tensor: value for pair in zip(state, values) for tensor, value in zip(*pair)}


rows = data[: len(data) // batch_size * batch_size].reshape(batch_size, -1)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for epoch in range(40):
        carried = session.run(state, {x: rows[:, :1]})
        for start in range(0, rows.shape[1] - steps, steps):
            feed = {x: rows[:, start : start + steps], y: rows[:, start + 1 : start + steps + 1]}
            feed.update(fed(carried))
            value, carried, _ = session.run([loss, last_state, train], feed)
        if epoch % 10 == 9:
            print("epoch %d: %.3f bits per character" % (epoch + 1, value / np.log(2)))
    carried, written = session.run(state, {x: [[0]]}), "B"
    for _ in range(60):
        feed = {x: [[code[written[-1]]]]}
        feed.update(fed(carried))
        scores, carried = session.run([logits, last_state], feed)
        written += characters[int(np.argmax(scores[0, -1]))]
    print(written)
