"""Cells of tf.contrib.rnn of all kinds, unrolled, with gradients."""

import numpy as np

X = np.random.RandomState(8).uniform(-1.0, 1.0, (3, 2, 4)).astype(np.float32)


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


def _unrolled(tf, cell, x=None, inputs=None, gradients=True, values=X):
    if x is None:
        x = tf.placeholder(tf.float32, [3, 2, 4], name="x")
    inputs = inputs or tf.unstack(x)
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, state = tf.nn.static_rnn(cell, inputs, dtype=tf.float32)
    loss = tf.add_n([tf.reduce_sum(tf.square(o)) for o in outputs])
    return {
        "outputs": outputs,
        "state": state,
        "grads": tf.gradients(loss, [x, *tf.trainable_variables()]) if gradients else [],
        "names": np.array([v.name.encode() for v in tf.global_variables()]),
        "feed": {x: values},
    }


def update_gate(tf):
    return _unrolled(tf, tf.contrib.rnn.UGRNNCell(3, initializer=_init(tf), activation=tf.nn.relu))


def intersection(tf):
    return _unrolled(tf, tf.contrib.rnn.IntersectionRNNCell(4))


def intersection_projected(tf):
    return _unrolled(tf, tf.contrib.rnn.IntersectionRNNCell(3, num_in_proj=3, forget_bias=0.2))


def intersection_sizes_error(tf):
    tf.contrib.rnn.IntersectionRNNCell(3)(tf.zeros([2, 4]), tf.zeros([2, 3]))


def nas(tf):
    return _unrolled(tf, tf.contrib.rnn.NASCell(3))


def nas_projected(tf):
    return _unrolled(tf, tf.contrib.rnn.NASCell(3, num_proj=2, use_bias=True))


def sru(tf):
    return _unrolled(tf, tf.contrib.rnn.SRUCell(3))


def highway(tf):
    return _unrolled(tf, tf.contrib.rnn.HighwayWrapper(tf.nn.rnn_cell.GRUCell(4)))


def highway_two_gates(tf):
    cell = tf.contrib.rnn.HighwayWrapper(
        tf.nn.rnn_cell.BasicRNNCell(4), couple_carry_transform_gates=False, carry_bias_init=0.5
    )
    return _unrolled(tf, cell)


def independent_rnn(tf):
    tf.set_random_seed(3)
    return _unrolled(tf, tf.contrib.rnn.IndRNNCell(3, activation=tf.nn.relu))


def independent_gru(tf):
    tf.set_random_seed(3)
    return _unrolled(tf, tf.contrib.rnn.IndyGRUCell(3))


def independent_gru_initializers(tf):
    tf.set_random_seed(3)
    cell = tf.contrib.rnn.IndyGRUCell(
        3, kernel_initializer=_init(tf), bias_initializer=tf.constant_initializer(0.3), name="own"
    )
    return _unrolled(tf, cell)


def independent_lstm(tf):
    tf.set_random_seed(3)
    return _unrolled(tf, tf.contrib.rnn.IndyLSTMCell(3, forget_bias=0.4))


def coupled_gates(tf):
    return _unrolled(tf, tf.contrib.rnn.CoupledInputForgetGateLSTMCell(3))


def coupled_gates_everything(tf):
    cell = tf.contrib.rnn.CoupledInputForgetGateLSTMCell(
        3,
        use_peepholes=True,
        num_proj=2,
        proj_clip=0.3,
        num_unit_shards=3,
        num_proj_shards=2,
        state_is_tuple=False,
        forget_bias=0.5,
        layer_norm=True,
        norm_gain=0.8,
    )
    return _unrolled(tf, cell)


def coupled_gates_shards_error(tf):
    cell = tf.contrib.rnn.CoupledInputForgetGateLSTMCell(3, num_unit_shards=30)
    cell(tf.zeros([2, 4]), cell.zero_state(2, tf.float32))


def groups(tf):
    return _unrolled(tf, tf.contrib.rnn.GLSTMCell(4, number_of_groups=2))


def groups_projected(tf):
    x = tf.placeholder(tf.float32, [None, None, 4], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.contrib.rnn.GLSTMCell(6, num_proj=4, number_of_groups=2, forget_bias=0.1)
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, time_major=True)
    grads = tf.gradients(outputs, [x, *tf.trainable_variables()])
    return {"outputs": outputs, "state": state, "grads": grads, "feed": {x: X}}


def groups_do_not_divide_error(tf):
    tf.contrib.rnn.GLSTMCell(5, number_of_groups=2)


def _phased(tf, **arguments):
    tf.set_random_seed(5)
    x = tf.placeholder(tf.float32, [3, 2, 4], name="x")
    times = [tf.constant([[0.5 * t], [1.7 * t]]) for t in range(3)]
    cell = tf.contrib.rnn.PhasedLSTMCell(3, period_init_max=20.0, **arguments)
    return _unrolled(tf, cell, x, list(zip(times, tf.unstack(x))))


def phased(tf):
    return _phased(tf)


def phased_peepholes(tf):
    return _phased(tf, use_peepholes=True, ratio_on=0.4, trainable_ratio_on=False, leak=0.1)


def convolution_1d(tf):
    x = tf.placeholder(tf.float32, [3, 2, 4, 1], name="x")
    cell = tf.contrib.rnn.Conv1DLSTMCell(input_shape=[4, 1], output_channels=2, kernel_shape=[3])
    return _unrolled(tf, cell, x, values=X[..., None])


def convolution_2d_skip(tf):
    x = tf.placeholder(tf.float32, [2, 2, 3, 4], name="x")
    cell = tf.contrib.rnn.ConvLSTMCell(
        2, [3, 4, 1], 2, [2, 3], skip_connection=True, use_bias=False, forget_bias=0.5
    )
    with tf.variable_scope("net", initializer=_init(tf)):
        output, state = cell(tf.expand_dims(x[0], -1), cell.zero_state(2, tf.float32))
    grads = tf.gradients(output, [x, *tf.trainable_variables()])
    values = np.random.RandomState(1).uniform(-1, 1, (2, 2, 3, 4)).astype(np.float32)
    return {"output": output, "state": state, "grads": grads, "feed": {x: values}}


def convolution_3d(tf):
    x = tf.constant(X.reshape([1, 2, 3, 4, 1]))
    cell = tf.contrib.rnn.Conv3DLSTMCell(
        input_shape=[2, 3, 4, 1], output_channels=2, kernel_shape=[1, 2, 3]
    )
    with tf.variable_scope("net", initializer=_init(tf)):
        output, state = cell(x, cell.zero_state(1, tf.float32))
    return {
        "output": output,
        "state": state,
        "grads": tf.gradients(output, tf.trainable_variables()),
    }


def convolution_dimensions_error(tf):
    tf.contrib.rnn.ConvLSTMCell(2, [4, 1], 2, [3])


def compiled(tf):
    cell = tf.contrib.rnn.CompiledWrapper(tf.nn.rnn_cell.BasicRNNCell(3))
    return _unrolled(tf, cell, gradients=False)


def compiled_stateful(tf):
    cell = tf.contrib.rnn.CompiledWrapper(tf.nn.rnn_cell.GRUCell(3), compile_stateful=True)
    return _unrolled(tf, cell, gradients=False)
