"""The graphs of the decks' larger programs (the programs themselves are in examples/seeds)."""

import numpy as np


def _series(size):
    """A wave of `size` values; not random, so that both sides have the same."""
    return np.sin(np.arange(size) * 0.7) + 0.1 * np.cos(np.arange(size))


def unrolled_by_hand(tf):
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [4, None])
    y_true = tf.placeholder(tf.float32, [4, 3, None])
    u = tf.Variable(tf.random_uniform([5, 5], -0.3, 0.3), name="U")
    w = tf.Variable(tf.random_uniform([5, 1], -0.3, 0.3), name="W")
    v = tf.Variable(tf.random_uniform([3, 5], -0.3, 0.3), name="V")
    h = [tf.zeros([5, tf.shape(x)[1]])]
    y = []
    for i in range(4):
        row = tf.expand_dims(x[i], 0)
        h.append(tf.tanh(tf.matmul(u, h[i]) + tf.matmul(w, row)))
        y.append(tf.nn.softmax(tf.matmul(v, h[i + 1]), dim=0))
    y_pred = tf.stack(y)
    cost = tf.reduce_mean(-tf.reduce_sum(y_true * tf.log(y_pred), reduction_indices=1))
    gradients = tf.gradients(cost, [u, w, v, *h])
    classes = np.eye(3)[np.arange(8) % 3].T.reshape(1, 3, 8)
    feed = {x: _series(32).reshape(4, 8), y_true: np.tile(classes, [4, 1, 1])}
    return {"cost": cost, "y": y_pred, "gradients": gradients, "feed": feed}


def cells_on_a_time_series(tf):
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 6, 4])
    y = tf.placeholder(tf.float32, [None, 6, 3])
    cell = tf.contrib.rnn.OutputProjectionWrapper(
        tf.contrib.rnn.BasicRNNCell(num_units=5, activation=tf.nn.relu), output_size=3
    )
    outputs, states = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    outputs = tf.nn.softmax(outputs)
    cost = tf.reduce_mean(-tf.reduce_sum(y * tf.log(outputs), reduction_indices=2))
    optimizer = tf.train.AdamOptimizer(learning_rate=0.01)
    training_op = optimizer.minimize(cost)
    init = tf.global_variables_initializer()
    feed = {
        x: _series(2 * 6 * 4).reshape(2, 6, 4),
        y: np.eye(3)[np.arange(12) % 3].reshape(2, 6, 3),
    }
    with tf.Session() as session:
        session.run(init)
        first = session.run({"outputs": outputs, "states": states, "cost": cost}, feed)
        costs = []
        for _ in range(10):
            session.run(training_op, feed)
            costs.append(cost.eval(feed))
        trained = session.run(tf.trainable_variables())
    return {
        "first": first,
        "costs": costs,
        "trained": trained,
        "tolerance": {"rtol": 1e-4, "atol": 1e-6, "reason": "ten steps of training"},
    }
