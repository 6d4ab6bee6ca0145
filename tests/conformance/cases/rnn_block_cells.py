"""Cells whose step, or whose sequence, is one operation: LSTM and GRU blocks, fused cells."""

import numpy as np

X = np.random.RandomState(5).uniform(-1.0, 1.0, (4, 2, 3)).astype(np.float32)


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


def _results(tf, x, outputs, state):
    parts = outputs if isinstance(outputs, list) else [outputs]
    loss = tf.add_n([tf.reduce_sum(tf.square(o)) for o in parts])
    return {
        "outputs": outputs,
        "state": state,
        "grads": tf.gradients(loss, [x, *tf.trainable_variables()]),
        "names": np.array([v.name.encode() for v in tf.global_variables()]),
        "feed": {x: X},
    }


def _unrolled(tf, cell, **arguments):
    x = tf.placeholder(tf.float32, [4, 2, 3], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.nn.static_rnn(cell, tf.unstack(x), dtype=tf.float32, **arguments)
    return _results(tf, x, outputs, state)


def _fused(tf, cell, shape=(4, 2, 3), **arguments):
    x = tf.placeholder(tf.float32, shape, name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = cell(x, **arguments)
    return _results(tf, x, outputs, state)


def lstm_block(tf):
    return _unrolled(tf, tf.contrib.rnn.LSTMBlockCell(4))


def lstm_block_peephole_clip(tf):
    cell = tf.contrib.rnn.LSTMBlockCell(
        4, forget_bias=0.3, cell_clip=0.2, use_peephole=True, name="own"
    )
    return _unrolled(tf, cell)


def lstm_block_unknown_batch(tf):
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.nn.dynamic_rnn(
            tf.contrib.rnn.LSTMBlockCell(4), x, dtype=tf.float32, time_major=True
        )
    return _results(tf, x, outputs, state)


def lstm_block_shares_variables(tf):
    x = tf.constant(X[0])
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.nn.rnn_cell.LSTMCell(4)
        out1, _ = cell(x, cell.zero_state(2, tf.float32))
    with tf.variable_scope("net", reuse=True):
        block = tf.contrib.rnn.LSTMBlockCell(4)
        out2, _ = block(x, block.zero_state(2, tf.float32))
    return {
        "out": [out1, out2],
        "names": np.array([v.name.encode() for v in tf.global_variables()]),
    }


def fused_lstm(tf):
    return _fused(tf, tf.contrib.rnn.LSTMBlockFusedCell(4), dtype=tf.float32)


def fused_lstm_peephole_clip(tf):
    cell = tf.contrib.rnn.LSTMBlockFusedCell(4, forget_bias=0.0, cell_clip=0.15, use_peephole=True)
    return _fused(tf, cell, dtype=tf.float32)


def fused_lstm_lengths(tf):
    lengths = tf.placeholder(tf.int32, [2], name="lengths")
    out = _fused(
        tf,
        tf.contrib.rnn.LSTMBlockFusedCell(4),
        (None, None, 3),
        dtype=tf.float32,
        sequence_length=lengths,
    )
    out["feed"][lengths] = [3, 1]
    return out


def fused_lstm_initial_state(tf):
    state = (tf.constant(X[0, :, :2]), tf.constant(X[1, :, :2]))
    cell = tf.contrib.rnn.LSTMBlockFusedCell(2)
    return _fused(tf, cell, initial_state=state, sequence_length=[2, 4])


def fused_lstm_list_error(tf):
    tf.contrib.rnn.LSTMBlockFusedCell(2)([tf.zeros([2, 3]), tf.zeros([2, 3])], dtype=tf.float32)


def fused_lstm_no_dtype_error(tf):
    tf.contrib.rnn.LSTMBlockFusedCell(2)(tf.zeros([1, 2, 3]))


def gru_block(tf):
    return _unrolled(tf, tf.contrib.rnn.GRUBlockCell(4))


def gru_block_v2(tf):
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.contrib.rnn.GRUBlockCellV2(4)
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
    return _results(tf, x, outputs, state)


def gru_block_neither_size_error(tf):
    tf.contrib.rnn.GRUBlockCell()


def gru_block_wrong_state_error(tf):
    tf.contrib.rnn.GRUBlockCell(4)(tf.zeros([2, 3]), tf.zeros([2, 5]))


def adaptor_static(tf):
    cell = tf.contrib.rnn.FusedRNNCellAdaptor(tf.nn.rnn_cell.BasicRNNCell(3))
    return _fused(tf, cell, dtype=tf.float32)


def adaptor_dynamic_lengths(tf):
    cell = tf.contrib.rnn.FusedRNNCellAdaptor(tf.nn.rnn_cell.GRUCell(3), use_dynamic_rnn=True)
    return _fused(tf, cell, dtype=tf.float32, sequence_length=[2, 4], scope="inner")


def both_directions(tf):
    x = tf.placeholder(tf.float32, [4, 2, 3], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        forward = tf.contrib.rnn.LSTMBlockFusedCell(2, name="fw")
        out1, state1 = forward(x, dtype=tf.float32)
        adapted = tf.contrib.rnn.FusedRNNCellAdaptor(
            tf.nn.rnn_cell.BasicRNNCell(2), use_dynamic_rnn=True
        )
        backward = tf.contrib.rnn.TimeReversedFusedRNN(adapted)
        out2, state2 = backward(x, dtype=tf.float32, sequence_length=[2, 4])
    return {
        "out": [out1, out2],
        "state": [state1, state2],
        "grads": tf.gradients(tf.reduce_sum(out1 * out2), [x, *tf.trainable_variables()]),
        "feed": {x: X},
    }


def reversed_list(tf):
    adapted = tf.contrib.rnn.FusedRNNCellAdaptor(tf.nn.rnn_cell.BasicRNNCell(2))
    cell = tf.contrib.rnn.TimeReversedFusedRNN(adapted)
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = cell([tf.constant(x) for x in X], dtype=tf.float32)
    return {"outputs": outputs, "state": state}
