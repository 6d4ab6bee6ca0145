"""Block cells, cuDNN's cells and cells with ReLU in loops, where sequences end; with gradients."""

import numpy as np

X = np.random.RandomState(6).uniform(-1.0, 1.0, (3, 5, 4)).astype(np.float32)
LENGTHS = [5, 2, 3]


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


def _results(tf, x, outputs, state):
    flat = tf.contrib.framework.nest.flatten([outputs, state])
    loss = tf.add_n([tf.reduce_sum(tf.sin(value)) for value in flat])
    return {
        "outputs": outputs,
        "state": state,
        "grads": tf.gradients(loss, [x, *tf.trainable_variables()]),
        "feed": {x: X},
    }


def _dynamic(tf, cell, lengths=True):
    x = tf.placeholder(tf.float32, [3, 5, 4], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.nn.dynamic_rnn(cell, x, LENGTHS if lengths else None, dtype=tf.float32)
    return _results(tf, x, outputs, state)


def _static(tf, cell, lengths=True):
    x = tf.placeholder(tf.float32, [3, 5, 4], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.nn.static_rnn(
            cell,
            tf.unstack(x, axis=1),
            dtype=tf.float32,
            sequence_length=LENGTHS if lengths else None,
        )
    return _results(tf, x, outputs, state)


def lstm_block(tf):
    return _dynamic(tf, tf.contrib.rnn.LSTMBlockCell(3))


def lstm_block_peephole_clip(tf):
    return _dynamic(
        tf, tf.contrib.rnn.LSTMBlockCell(3, forget_bias=0.3, cell_clip=0.2, use_peephole=True)
    )


def lstm_block_peephole_clip_unrolled(tf):
    return _static(
        tf, tf.contrib.rnn.LSTMBlockCell(3, forget_bias=0.3, cell_clip=0.2, use_peephole=True)
    )


def gru_block(tf):
    return _dynamic(tf, tf.contrib.rnn.GRUBlockCellV2(3))


def gru_block_unrolled(tf):
    return _static(tf, tf.contrib.rnn.GRUBlockCellV2(3))


def stacked_blocks(tf):
    cells = [
        tf.nn.rnn_cell.ResidualWrapper(tf.contrib.rnn.LSTMBlockCell(4)),
        tf.contrib.rnn.GRUBlockCellV2(3),
        tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(3),
    ]
    return _dynamic(tf, tf.nn.rnn_cell.MultiRNNCell(cells), lengths=False)


def compatible_gru(tf):
    return _dynamic(tf, tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(3))


def compatible_gru_unrolled(tf):
    return _static(tf, tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(3))


def both_ways(tf):
    x = tf.placeholder(tf.float32, [3, 5, 4], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.nn.bidirectional_dynamic_rnn(
            tf.contrib.rnn.LSTMBlockCell(3),
            tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(3),
            x,
            LENGTHS,
            dtype=tf.float32,
        )
    return _results(tf, x, outputs, state)


def relu_lstm(tf):
    return _dynamic(tf, tf.nn.rnn_cell.BasicLSTMCell(3, activation=tf.nn.relu))


def relu_lstm_with_more_to_it(tf):
    return _dynamic(
        tf,
        tf.nn.rnn_cell.LSTMCell(
            3, use_peepholes=True, cell_clip=0.3, num_proj=2, activation=tf.nn.relu
        ),
    )


def relu_gru(tf):
    return _dynamic(tf, tf.nn.rnn_cell.GRUCell(3, activation=tf.nn.relu))


def relu_gru_unrolled(tf):
    return _static(tf, tf.nn.rnn_cell.GRUCell(3, activation=tf.nn.relu), lengths=False)
