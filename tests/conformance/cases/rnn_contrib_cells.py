"""Cells of tf.contrib.rnn: layer normalization, attention, and layers in both directions."""

import numpy as np

X = np.random.RandomState(6).uniform(-1.0, 1.0, (3, 2, 3)).astype(np.float32)


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


def _unrolled(tf, cell, steps=3, **arguments):
    x = tf.placeholder(tf.float32, [3, 2, 3], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.nn.static_rnn(
            cell, tf.unstack(x)[:steps], dtype=tf.float32, **arguments
        )
    loss = tf.add_n([tf.reduce_sum(tf.square(o)) for o in outputs])
    return {
        "outputs": outputs,
        "state": state,
        "grads": tf.gradients(loss, [x, *tf.trainable_variables()]),
        "names": np.array([v.name.encode() for v in tf.global_variables()]),
        "weights": np.array([v.name.encode() for v in cell.trainable_weights]),
        "feed": {x: X},
    }


def layer_norm_basic_lstm(tf):
    return _unrolled(tf, tf.contrib.rnn.LayerNormBasicLSTMCell(4))


def layer_norm_basic_lstm_dropout(tf):
    cell = tf.contrib.rnn.LayerNormBasicLSTMCell(
        4,
        forget_bias=0.5,
        norm_gain=0.7,
        norm_shift=0.1,
        dropout_keep_prob=0.6,
        dropout_prob_seed=3,
    )
    return _unrolled(tf, cell)


def layer_norm_basic_lstm_off(tf):
    return _unrolled(
        tf, tf.contrib.rnn.LayerNormBasicLSTMCell(4, layer_norm=False, activation=tf.nn.relu)
    )


def layer_norm_basic_lstm_dynamic(tf):
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.contrib.rnn.LayerNormBasicLSTMCell(4)
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
    grads = tf.gradients(outputs, [x, *tf.trainable_variables()])
    return {"outputs": outputs, "state": state, "grads": grads, "feed": {x: X}}


def attention(tf):
    cell = tf.contrib.rnn.AttentionCellWrapper(tf.nn.rnn_cell.BasicLSTMCell(4), attn_length=3)
    return _unrolled(tf, cell)


def attention_sizes(tf):
    cell = tf.contrib.rnn.AttentionCellWrapper(
        tf.nn.rnn_cell.GRUCell(4), 2, attn_size=3, attn_vec_size=5, input_size=2
    )
    return _unrolled(tf, cell)


def attention_concatenated_state(tf):
    cell = tf.contrib.rnn.AttentionCellWrapper(tf.nn.rnn_cell.GRUCell(4), 2, state_is_tuple=False)
    return _unrolled(tf, cell)


def attention_dynamic(tf):
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.contrib.rnn.AttentionCellWrapper(tf.nn.rnn_cell.GRUCell(4), attn_length=2)
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
    grads = tf.gradients(outputs, [x, *tf.trainable_variables()])
    return {"outputs": outputs, "state": state, "grads": grads, "feed": {x: X}}


def attention_length_error(tf):
    tf.contrib.rnn.AttentionCellWrapper(tf.nn.rnn_cell.GRUCell(4), attn_length=0)


def attention_tuple_state_error(tf):
    tf.contrib.rnn.AttentionCellWrapper(tf.nn.rnn_cell.BasicLSTMCell(4), 2, state_is_tuple=False)


def stacked_bidirectional(tf):
    x = tf.placeholder(tf.float32, [3, 2, 3], name="x")
    forward = [tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.BasicRNNCell(3)]
    backward = [tf.nn.rnn_cell.BasicRNNCell(2), tf.nn.rnn_cell.GRUCell(2)]
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, fw, bw = tf.contrib.rnn.stack_bidirectional_rnn(
            forward, backward, tf.unstack(x), dtype=tf.float32
        )
    grads = tf.gradients(outputs, [x, *tf.trainable_variables()])
    return {"outputs": outputs, "states": [fw, bw], "grads": grads, "feed": {x: X}}


def stacked_bidirectional_dynamic(tf):
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    forward = [tf.nn.rnn_cell.BasicRNNCell(2), tf.nn.rnn_cell.BasicRNNCell(3)]
    backward = [tf.nn.rnn_cell.BasicRNNCell(2), tf.nn.rnn_cell.BasicRNNCell(3)]
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, fw, bw = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
            forward, backward, x, dtype=tf.float32, sequence_length=[2, 3], time_major=True
        )
    grads = tf.gradients(outputs, [x, *tf.trainable_variables()])
    return {"outputs": outputs, "states": [fw, bw], "grads": grads, "feed": {x: X}}


def stacked_bidirectional_depths_error(tf):
    cells = [tf.nn.rnn_cell.BasicRNNCell(2), tf.nn.rnn_cell.BasicRNNCell(3)]
    tf.contrib.rnn.stack_bidirectional_rnn(cells, cells[:1], [tf.zeros([1, 2])], dtype=tf.float32)
