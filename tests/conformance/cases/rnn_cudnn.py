"""tf.contrib.cudnn_rnn: the graphs, and the values of what TensorFlow can compute on a CPU."""

import numpy as np

X = np.random.RandomState(0).randn(4, 3, 2).astype(np.float32)


def _names(variables):
    return [v.name for v in variables]


def _layer(tf, kind, state=False, **options):
    x = tf.placeholder(tf.float32, [4, None, 2], name="x")
    call = options.pop("call", {})
    layer = getattr(tf.contrib.cudnn_rnn, kind)(2, 3, **options)
    y, states = layer(x, **call)
    loss = tf.reduce_sum(y * y) + sum(tf.reduce_sum(s) for s in states)
    grads = tf.gradients(loss, [x] + layer.trainable_variables)
    return {
        "shapes": [str(t.shape) for t in (y,) + states] + [str(d.shape) for d in grads],
        "variables": _names(layer.trainable_variables),
        "weights": str(layer.canonical_weight_shapes),
        "biases": str(layer.canonical_bias_shapes),
        "saved": [spec.name for spec in layer.saveable.specs],
    }


def lstm(tf):
    return _layer(tf, "CudnnLSTM", seed=3, dropout=0.25)


def lstm_bidirectional(tf):
    return _layer(tf, "CudnnLSTM", direction="bidirectional", name="both")


def lstm_given_state(tf):
    states = tuple(tf.constant(np.ones([2, 3, 3]), tf.float32) for _ in range(2))
    return _layer(tf, "CudnnLSTM", call={"initial_state": states})


def gru(tf):
    tf.set_random_seed(5)
    return _layer(tf, "CudnnGRU")


def gru_bidirectional(tf):
    return _layer(tf, "CudnnGRU", direction="bidirectional")


def tanh_and_relu(tf):
    return {"tanh": _layer(tf, "CudnnRNNTanh"), "relu": _layer(tf, "CudnnRNNRelu")}


def lengths(tf):
    return _layer(tf, "CudnnLSTM", call={"sequence_lengths": tf.constant([4, 2, 1])})


def batch_major(tf):
    return _layer(tf, "CudnnGRU", call={"time_major": False})


def restored(tf):
    """The nodes that save and restore a network."""
    layer = tf.contrib.cudnn_rnn.CudnnLSTM(1, 3)
    with tf.variable_scope("model"):
        layer(tf.constant(X))
    gru = tf.contrib.cudnn_rnn.CudnnGRU(1, 2, direction="bidirectional")
    gru(tf.constant(X))
    tf.contrib.cudnn_rnn.CudnnRNNTanh(2, 2)(tf.constant(X))
    saver = tf.train.Saver()
    return {"names": [saver.saver_def.restore_op_name]}


def not_training_error(tf):
    layer = tf.contrib.cudnn_rnn.CudnnLSTM(1, 3)
    y, _ = layer(tf.constant(X), training=False)
    return {"d": tf.gradients(y, layer.kernel)}


def state_of_no_tuple_error(tf):
    layer = tf.contrib.cudnn_rnn.CudnnGRU(1, 3)
    return {"y": layer(tf.constant(X), initial_state=[tf.zeros([1, 3, 3])])[0]}


def compatible_cells(tf):
    cells = [
        tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(3),
        tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(3),
    ]
    found = []
    tf.set_random_seed(1)
    for i, cell in enumerate(cells):
        with tf.variable_scope("cell%d" % i, initializer=tf.random_uniform_initializer(seed=i)):
            y, state = tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32, time_major=True)
        found.append([y, state, tf.gradients(y, cell.trainable_variables)])
    return {"found": found, "names": [_names(cell.trainable_variables) for cell in cells]}


def size_of_parameters(tf):
    size = tf.raw_ops.CudnnRNNParamsSize(
        num_layers=1, num_units=4, input_size=2, T=tf.float32, S=tf.int32, rnn_mode="gru"
    )
    return {"shape": str(size.shape), "type": size.dtype.name}
