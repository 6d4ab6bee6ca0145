"""Variables kept in parts."""

import numpy as np

X = np.arange(14, dtype=np.float32).reshape([2, 7]) / 10


def _names(tf):
    return np.array([v.name.encode() for v in tf.global_variables()])


def _state(w):
    return [str(w.shape), w.name, w.dtype.name, len(w)]


def fixed(tf):
    w = tf.get_variable(
        "w",
        [7, 3],
        partitioner=tf.fixed_size_partitioner(3),
        initializer=tf.random_uniform_initializer(seed=2),
    )
    y = tf.matmul(tf.constant(X), w)
    z = y + tf.convert_to_tensor(w)[0]
    grads = tf.gradients(z, list(w))
    return {"y": y, "z": z, "parts": list(w), "grads": grads, "names": _names(tf), "is": _state(w)}


def second_axis(tf):
    with tf.variable_scope("net", partitioner=tf.fixed_size_partitioner(2, axis=1)):
        w = tf.get_variable("w", [2, 5], initializer=tf.glorot_uniform_initializer(seed=1))
        b = tf.get_variable("b", [], initializer=tf.zeros_initializer())
    return {"w": tf.identity(w), "b": b, "names": _names(tf), "slices": [v.op.name for v in w]}


def default_initializer(tf):
    tf.set_random_seed(4)
    w = tf.get_variable("w", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    n = tf.get_variable("n", [5], tf.int32, partitioner=tf.fixed_size_partitioner(2))
    return {"w": w.as_tensor(), "n": n.as_tensor()}


def one_part(tf):
    w = tf.get_variable(
        "w", [3], partitioner=tf.fixed_size_partitioner(1), initializer=[1.0, 2.0, 3.0]
    )
    return {"w": tf.convert_to_tensor(w) + 1.0, "names": _names(tf)}


def of_a_value(tf):
    tensor = tf.constant(X)
    w = tf.get_variable("w", partitioner=tf.fixed_size_partitioner(2), initializer=tensor)
    v = tf.get_variable(
        "v", [2, 7], partitioner=tf.fixed_size_partitioner(3, 1), initializer=tf.zeros_initializer
    )
    return {"w": w.as_tensor(), "v": tf.concat([v, w], 0), "names": _names(tf)}


def by_size(tf):
    sizes = tf.variable_axis_size_partitioner(max_shard_bytes=40)
    few = tf.variable_axis_size_partitioner(max_shard_bytes=40, axis=1, max_shards=2)
    between = tf.min_max_variable_partitioner(max_partitions=5, min_slice_size=30)
    shape = tf.TensorShape([7, 4])
    counts = [p(shape=shape, dtype=tf.float32) for p in (sizes, few, between)]
    counts.append(between(shape=shape, dtype=tf.float64))
    counts.append(tf.variable_axis_size_partitioner(33)(shape=shape, dtype=tf.string))
    counts.append(tf.min_max_variable_partitioner(3)(shape=shape, dtype=tf.float32))
    w = tf.get_variable("w", [7, 4], partitioner=sizes, initializer=tf.ones_initializer())
    return {"counts": counts, "w": tf.reduce_sum(w)}


def reuse(tf):
    part = tf.fixed_size_partitioner(2)
    with tf.variable_scope("net"):
        first = tf.get_variable("w", [4], partitioner=part, initializer=tf.ones_initializer())
    with tf.variable_scope("net", reuse=True):
        second = tf.get_variable("w", [4], partitioner=part)
        third = tf.get_variable("w", [4])
    return {
        "same": [first is second, first is third],
        "w": tf.identity(second) + tf.identity(third),
        "names": _names(tf),
    }


def regularized(tf):
    tf.get_variable(
        "w",
        [4],
        partitioner=tf.fixed_size_partitioner(2),
        initializer=tf.ones_initializer(),
        regularizer=tf.reduce_sum,
    )
    return {"losses": tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)}


def embedding(tf):
    table = tf.get_variable(
        "table",
        [7, 2],
        partitioner=tf.fixed_size_partitioner(3),
        initializer=tf.random_uniform_initializer(seed=3),
    )
    rows = tf.nn.embedding_lookup(table, [6, 0, 3, 3], partition_strategy="div")
    return {"rows": rows, "grads": tf.gradients(rows, list(table))}


def assigned(tf):
    w = tf.get_variable(
        "w", [3, 2], partitioner=tf.fixed_size_partitioner(2), initializer=tf.ones_initializer()
    )
    ops = w.assign(tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    more = w.assign_add(tf.ones([3, 2]))
    less = w.assign_sub([tf.ones([2, 2]), tf.ones([1, 2])])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(ops)
        session.run(more)
        session.run(less)
        return {"ops": ops, "value": session.run(w.as_tensor())}


def trained(tf):
    w = tf.get_variable(
        "w", [7, 2], partitioner=tf.fixed_size_partitioner(2), initializer=tf.ones_initializer()
    )
    loss = tf.reduce_sum(tf.square(tf.matmul(tf.constant(X), w)))
    step = tf.train.AdamOptimizer(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, step])[0] for _ in range(3)]
    return {"losses": losses, "names": _names(tf)}


def created(tf):
    parts = tf.create_partitioned_variables([5, 2], [2, 1], tf.ones_initializer(), name="old")
    more = tf.create_partitioned_variables([4], [2], tf.zeros_initializer())
    return {"parts": parts, "more": more}


def lstm_shards(tf):
    cell = tf.nn.rnn_cell.LSTMCell(
        4,
        num_proj=3,
        num_unit_shards=3,
        num_proj_shards=2,
        initializer=tf.random_uniform_initializer(seed=7),
    )
    outputs, state = tf.nn.static_rnn(cell, [tf.constant(X)] * 2, dtype=tf.float32)
    grads = tf.gradients(outputs, tf.trainable_variables())
    weights = [v.name for v in cell.trainable_weights]
    return {
        "outputs": outputs,
        "state": state,
        "grads": grads,
        "names": _names(tf),
        "weights": weights,
    }


def layer(tf):
    with tf.variable_scope("net", partitioner=tf.fixed_size_partitioner(2)):
        y = tf.layers.dense(
            tf.constant(X), 3, kernel_initializer=tf.random_uniform_initializer(seed=7)
        )
    return {"y": y, "grads": tf.gradients(y, tf.trainable_variables()), "names": _names(tf)}


def two_axes_error(tf):
    tf.get_variable("w", [4, 4], partitioner=lambda **_: [2, 2])


def unknown_shape_error(tf):
    tf.get_variable("w", [4, None], partitioner=tf.fixed_size_partitioner(2))


def wrong_rank_error(tf):
    tf.get_variable("w", [4, 4], partitioner=lambda **_: [2])


def no_sequence_error(tf):
    tf.get_variable("w", [4, 4], partitioner=lambda **_: 2)


def not_callable_error(tf):
    tf.get_variable("w", [4, 4], partitioner=2)


def exists_error(tf):
    tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))
    tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))


def exists_whole_error(tf):
    tf.get_variable("w", [4])
    tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))


def exists_split_error(tf):
    tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))
    tf.get_variable("w", [4])


def absent_error(tf):
    with tf.variable_scope("net", reuse=True):
        tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))


def split_otherwise_error(tf):
    with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
        tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))
        tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(3))
