"""Recurrent cells and wrappers, one step and unrolled, with gradients."""

import numpy as np

X = np.random.RandomState(3).uniform(-1.0, 1.0, (2, 4, 3)).astype(np.float32)


def _init(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=7)


def _unrolled(tf, cell, steps=3, **arguments):
    x = tf.placeholder(tf.float32, [2, 4, 3], name="x")
    inputs = tf.unstack(x, axis=1)[:steps]
    outputs, state = tf.nn.static_rnn(cell, inputs, dtype=tf.float32, **arguments)
    loss = tf.add_n([tf.reduce_sum(tf.square(o)) for o in outputs])
    variables = tf.trainable_variables()
    return {
        "outputs": outputs,
        "state": state,
        "grads": tf.gradients(loss, [x] + variables),
        "names": np.array([v.name.encode() for v in tf.global_variables()]),
        "weights": np.array([v.name.encode() for v in cell.trainable_weights]),
        "feed": {x: X},
    }


def basic_rnn(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, tf.nn.rnn_cell.BasicRNNCell(4))


def basic_rnn_relu(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, tf.nn.rnn_cell.BasicRNNCell(4, activation=tf.nn.relu, name="own"))


def gru(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, tf.nn.rnn_cell.GRUCell(4))


def gru_initializers(tf):
    cell = tf.nn.rnn_cell.GRUCell(
        4, kernel_initializer=_init(tf), bias_initializer=tf.constant_initializer(0.3)
    )
    return _unrolled(tf, cell)


def basic_lstm(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, tf.nn.rnn_cell.BasicLSTMCell(4))


def basic_lstm_concatenated_state(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, tf.nn.rnn_cell.BasicLSTMCell(4, forget_bias=0.5, state_is_tuple=False))


def lstm(tf):
    return _unrolled(tf, tf.nn.rnn_cell.LSTMCell(4, initializer=_init(tf)))


def lstm_peepholes_projection_clipping(tf):
    cell = tf.nn.rnn_cell.LSTMCell(
        4,
        use_peepholes=True,
        cell_clip=0.3,
        num_proj=3,
        proj_clip=0.2,
        initializer=_init(tf),
        forget_bias=0.7,
    )
    return _unrolled(tf, cell)


def lstm_concatenated_state(tf):
    return _unrolled(
        tf, tf.nn.rnn_cell.LSTMCell(4, num_proj=3, initializer=_init(tf), state_is_tuple=False)
    )


def multi(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        cells = [
            tf.nn.rnn_cell.GRUCell(4),
            tf.nn.rnn_cell.BasicLSTMCell(3),
            tf.nn.rnn_cell.BasicRNNCell(2),
        ]
        return _unrolled(tf, tf.nn.rnn_cell.MultiRNNCell(cells))


def graph_seed(tf):
    tf.set_random_seed(42)
    cells = [tf.contrib.rnn.BasicLSTMCell(4) for _ in range(2)]
    return _unrolled(tf, tf.contrib.rnn.MultiRNNCell(cells))


def dropout_everywhere(tf):
    cell = tf.nn.rnn_cell.DropoutWrapper(
        tf.nn.rnn_cell.BasicLSTMCell(4),
        input_keep_prob=0.7,
        output_keep_prob=0.6,
        state_keep_prob=0.5,
        seed=3,
    )
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, cell)


def dropout_graph_seed(tf):
    tf.set_random_seed(5)
    keep = tf.placeholder_with_default(0.5, [], name="keep")
    cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(4), output_keep_prob=keep)
    return _unrolled(tf, cell)


def dropout_variational(tf):
    cell = tf.nn.rnn_cell.DropoutWrapper(
        tf.nn.rnn_cell.BasicLSTMCell(4),
        input_keep_prob=0.7,
        output_keep_prob=0.6,
        state_keep_prob=0.5,
        variational_recurrent=True,
        input_size=3,
        dtype=tf.float32,
        seed=3,
    )
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, cell)


def residual(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.GRUCell(3)))


def residual_own_function(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.GRUCell(3), lambda i, o: i * 0.5 - o)
        return _unrolled(tf, cell)


def on_device(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, tf.nn.rnn_cell.DeviceWrapper(tf.nn.rnn_cell.BasicRNNCell(4), "/cpu:0"))


def projections(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        cell = tf.contrib.rnn.InputProjectionWrapper(
            tf.nn.rnn_cell.BasicLSTMCell(4), 5, activation=tf.tanh
        )
        cell = tf.contrib.rnn.OutputProjectionWrapper(cell, 2)
        return _unrolled(tf, cell)


def embedding(tf):
    cell = tf.contrib.rnn.EmbeddingWrapper(tf.nn.rnn_cell.GRUCell(3), 5, 4, initializer=_init(tf))
    x = tf.placeholder(tf.int32, [2], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        out, state = cell(x, cell.zero_state(2, tf.float32))
    return {
        "out": out,
        "state": state,
        "grad": tf.gradients(out, tf.trainable_variables()),
        "feed": {x: [3, 1]},
    }


def own_cell(tf):
    """A program's own cell, with variables made in `call`."""

    class Leaky(tf.nn.rnn_cell.RNNCell):
        def __init__(self, units):
            super(Leaky, self).__init__()
            self._units = units

        @property
        def state_size(self):
            return (self._units, tf.TensorShape([self._units]))

        @property
        def output_size(self):
            return self._units

        def call(self, inputs, state):
            a, b = state
            w = tf.get_variable("w", [int(inputs.shape[1]) + self._units, self._units])
            new = tf.tanh(tf.matmul(tf.concat([inputs, a], 1), w)) + 0.1 * b
            return new, (new, 0.9 * b + a)

    with tf.variable_scope("net", initializer=_init(tf)):
        return _unrolled(tf, Leaky(4))


def one_step_scope(tf):
    cell = tf.nn.rnn_cell.BasicLSTMCell(3)
    x = tf.constant(X[:, 0])
    with tf.variable_scope("a", initializer=_init(tf)):
        out1, state = cell(x, cell.zero_state(2, tf.float32))
    with tf.variable_scope("b"):
        out2, state = cell(x, state)
    return {
        "out": [out1, out2],
        "state": state,
        "names": np.array([v.name.encode() for v in cell.variables]),
    }


def loop_of_steps_with_reuse(tf):
    cell = tf.nn.rnn_cell.GRUCell(3)
    state = cell.zero_state(2, tf.float32)
    outputs = []
    with tf.variable_scope("rnn", initializer=_init(tf)):
        for t in range(3):
            if t > 0:
                tf.get_variable_scope().reuse_variables()
            out, state = cell(tf.constant(X[:, t]), state)
            outputs.append(out)
    return {"outputs": outputs}


def static_with_lengths(tf):
    with tf.variable_scope("net", initializer=_init(tf)):
        lengths = tf.placeholder(tf.int32, [2], name="lengths")
        out = _unrolled(tf, tf.nn.rnn_cell.BasicLSTMCell(4), sequence_length=lengths)
    out["feed"][lengths] = [1, 3]
    return out


def static_bidirectional(tf):
    x = tf.placeholder(tf.float32, [2, 4, 3], name="x")
    with tf.variable_scope("net", initializer=_init(tf)):
        outputs, fw, bw = tf.nn.static_bidirectional_rnn(
            tf.nn.rnn_cell.GRUCell(2),
            tf.nn.rnn_cell.BasicRNNCell(3),
            tf.unstack(x, axis=1),
            dtype=tf.float32,
        )
    return {"outputs": outputs, "fw": fw, "bw": bw, "feed": {x: X}}


def initial_state_given(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    cell = tf.nn.rnn_cell.BasicLSTMCell(2)
    with tf.variable_scope("net", initializer=_init(tf)):
        state = cell.zero_state(tf.shape(x)[0], tf.float32)
        outputs, state = tf.nn.static_rnn(cell, [x, x], initial_state=state)
    return {"outputs": outputs, "state": state, "feed": {x: X[0]}}


def no_dtype_error(tf):
    tf.nn.static_rnn(tf.nn.rnn_cell.BasicRNNCell(2), [tf.zeros([1, 2])])


def not_a_cell_error(tf):
    tf.nn.static_rnn("cell", [tf.zeros([1, 2])], dtype=tf.float32)


def integer_inputs_error(tf):
    tf.nn.static_rnn(tf.nn.rnn_cell.BasicRNNCell(2), [tf.zeros([1, 2], tf.int32)], dtype=tf.float32)


def unknown_depth_error(tf):
    x = tf.placeholder(tf.float32, [2, None])
    tf.nn.rnn_cell.BasicLSTMCell(2)(x, tf.nn.rnn_cell.BasicLSTMCell(2).zero_state(2, tf.float32))


def missing_scope_reuse_error(tf):
    tf.nn.static_rnn(tf.nn.rnn_cell.BasicRNNCell(2), [tf.zeros([1, 2])], dtype=tf.float32)
    tf.nn.static_rnn(tf.nn.rnn_cell.BasicRNNCell(2), [tf.zeros([1, 2])], dtype=tf.float32)
