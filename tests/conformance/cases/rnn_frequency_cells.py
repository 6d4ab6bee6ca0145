"""tf.contrib.rnn: cells that run over frequencies within each step."""

import numpy as np

X = np.random.RandomState(0).randn(3, 2, 6).astype(np.float32)


def _run(tf, cell):
    x = tf.constant(X)
    uniform = tf.random_uniform_initializer(-0.5, 0.5, seed=1)
    with tf.variable_scope("model", initializer=uniform):
        outputs, state = tf.nn.static_rnn(cell, [x[0], x[1], x[2]], dtype=tf.float32)
    variables = tf.trainable_variables()
    return {
        "outputs": outputs,
        "state": state,
        "grads": tf.gradients(outputs[-1], [x] + variables),
        "variables": [v.name for v in variables],
        "sizes": str([cell.output_size, cell.state_size]),
    }


def _step(tf, cell, parts):
    """One step: the cell's own state size does not fit what it gives."""
    x = tf.constant(X[0])
    uniform = tf.random_uniform_initializer(-0.5, 0.5, seed=1)
    with tf.variable_scope("model", initializer=uniform):
        state = tf.constant(np.random.RandomState(1).randn(2, parts), tf.float32)
        return {"step": cell(x, state), "sizes": [cell.output_size, cell.state_size]}


def time_frequency(tf):
    return _step(tf, tf.contrib.rnn.TimeFreqLSTMCell(3, feature_size=2, frequency_skip=2), 18)


def time_frequency_peepholes(tf):
    cell = tf.contrib.rnn.TimeFreqLSTMCell(
        2, use_peepholes=True, cell_clip=0.4, feature_size=3, num_unit_shards=2, forget_bias=0.5
    )
    return _step(tf, cell, 16)


def grid(tf):
    cell = tf.contrib.rnn.GridLSTMCell(
        2, feature_size=2, frequency_skip=2, num_frequency_blocks=[3]
    )
    return _run(tf, cell)


def grid_peepholes(tf):
    cell = tf.contrib.rnn.GridLSTMCell(
        2,
        use_peepholes=True,
        cell_clip=0.5,
        feature_size=2,
        frequency_skip=2,
        num_frequency_blocks=[3],
    )
    return _run(tf, cell)


def grid_shared_weights(tf):
    cell = tf.contrib.rnn.GridLSTMCell(
        2,
        use_peepholes=True,
        share_time_frequency_weights=True,
        feature_size=3,
        frequency_skip=3,
        num_frequency_blocks=[2],
    )
    return _run(tf, cell)


def grid_coupled_gates(tf):
    cell = tf.contrib.rnn.GridLSTMCell(
        2,
        use_peepholes=True,
        couple_input_forget_gates=True,
        feature_size=2,
        frequency_skip=4,
        num_frequency_blocks=[2],
        num_unit_shards=2,
    )
    return _run(tf, cell)


def grid_blocks(tf):
    cell = tf.contrib.rnn.GridLSTMCell(
        2,
        feature_size=2,
        frequency_skip=1,
        num_frequency_blocks=[2, 1],
        start_freqindex_list=[0, 4],
        end_freqindex_list=[3, 6],
    )
    return _run(tf, cell)


def grid_one_state(tf):
    cell = tf.contrib.rnn.GridLSTMCell(
        2, feature_size=2, frequency_skip=2, num_frequency_blocks=[3], state_is_tuple=False
    )
    return _run(tf, cell)


def grid_without_blocks_error(tf):
    return {"cell": tf.contrib.rnn.GridLSTMCell(2, feature_size=2, frequency_skip=2)}


def grid_wrong_blocks_error(tf):
    cell = tf.contrib.rnn.GridLSTMCell(
        2, feature_size=2, frequency_skip=2, num_frequency_blocks=[2]
    )
    return _run(tf, cell)


def grid_bidirectional(tf):
    cell = tf.contrib.rnn.BidirectionalGridLSTMCell(
        2, feature_size=2, frequency_skip=2, num_frequency_blocks=[3]
    )
    return _run(tf, cell)


def grid_bidirectional_shifted(tf):
    both = {}
    for i, offset in enumerate((1, -1)):
        cell = tf.contrib.rnn.BidirectionalGridLSTMCell(
            2,
            use_peepholes=True,
            feature_size=2,
            frequency_skip=2,
            num_frequency_blocks=[3],
            backward_slice_offset=offset,
        )
        with tf.variable_scope("shift%d" % i):
            both["shift%d" % i] = _run(tf, cell)["outputs"]
    return both
