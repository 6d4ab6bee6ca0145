"""tf.contrib.opt: variants of Adam, steps by signs, decoupled weight decay."""

import numpy as np

X = np.array([[1.0, 2.0, -1.0], [0.5, -0.5, 3.0]], np.float32)


def _train(tf, optimizer, sparse=False, use_resource=False, **minimize):
    """Values of variables and slots after three steps."""
    with tf.variable_scope("model", use_resource=use_resource):
        w = tf.get_variable("w", initializer=tf.constant([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]))
        b = tf.get_variable("b", [2], initializer=tf.zeros_initializer())
    if sparse:
        loss = tf.reduce_mean(tf.square(tf.gather(w, [0, 2]) - 1.0))
    else:
        loss = tf.reduce_mean(tf.square(tf.matmul(tf.constant(X), w) + b - 1.0))
    if minimize.pop("decay_only_w", False):
        minimize["decay_var_list"] = [w]
    train = optimizer.minimize(loss, **minimize)
    values = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run(train)
            values.append({v.op.name: sess.run(v) for v in tf.global_variables()})
    return {"values": values, "train": train}


def lazy_adam(tf):
    return _train(tf, tf.contrib.opt.LazyAdamOptimizer(0.1))


def lazy_adam_sparse(tf):
    return _train(tf, tf.contrib.opt.LazyAdamOptimizer(0.1), sparse=True)


def lazy_adam_resource_sparse(tf):
    return _train(tf, tf.contrib.opt.LazyAdamOptimizer(0.1), sparse=True, use_resource=True)


def nadam(tf):
    return _train(tf, tf.contrib.opt.NadamOptimizer(0.1))


def nadam_resource(tf):
    return _train(tf, tf.contrib.opt.NadamOptimizer(0.1), use_resource=True)


def nadam_sparse(tf):
    return _train(tf, tf.contrib.opt.NadamOptimizer(0.1), sparse=True)


def ada_max(tf):
    return _train(tf, tf.contrib.opt.AdaMaxOptimizer(0.1))


def ada_max_resource(tf):
    return _train(tf, tf.contrib.opt.AdaMaxOptimizer(0.1), use_resource=True)


def ada_max_sparse(tf):
    return _train(tf, tf.contrib.opt.AdaMaxOptimizer(0.1), sparse=True)


def add_sign(tf):
    return _train(tf, tf.contrib.opt.AddSignOptimizer(0.1, 1.5, 0.8))


def add_sign_resource(tf):
    return _train(tf, tf.contrib.opt.AddSignOptimizer(0.1), use_resource=True)


def power_sign(tf):
    return _train(tf, tf.contrib.opt.PowerSignOptimizer(0.1, 2.0))


def power_sign_decayed(tf):
    step = tf.train.get_or_create_global_step()

    def decay(step):
        return 1.0 / tf.cast(step + 1, tf.float32)

    optimizer = tf.contrib.opt.PowerSignOptimizer(0.1, sign_decay_fn=decay)
    return _train(tf, optimizer, global_step=step)


def adam_w(tf):
    return _train(tf, tf.contrib.opt.AdamWOptimizer(0.01, 0.1), use_resource=True)


def adam_w_some(tf):
    optimizer = tf.contrib.opt.AdamWOptimizer(0.01, 0.1)
    return _train(tf, optimizer, use_resource=True, decay_only_w=True)


def adam_w_chosen(tf):
    optimizer = tf.contrib.opt.AdamWOptimizer(0.01, 0.1)
    w, b = (tf.Variable([1.0, -2.0], use_resource=True, name=name) for name in "wb")
    pairs = optimizer.compute_gradients(tf.reduce_sum(tf.square(w) + tf.square(b)))
    return {"train": optimizer.apply_gradients(pairs, decay_var_list=[w])}


def adam_w_sparse(tf):
    optimizer = tf.contrib.opt.AdamWOptimizer(0.01, 0.1)
    return _train(tf, optimizer, sparse=True, use_resource=True)


def adam_w_references(tf):
    """TF: whether gradients see the weights before or after their decay is left to chance."""
    w = tf.Variable([[1.0, -2.0], [0.5, 3.0]], name="w")
    loss = tf.reduce_sum(tf.square(w)) + tf.reduce_sum(tf.gather(w, [1]))
    dense = tf.contrib.opt.AdamWOptimizer(0.01, 0.1).minimize(loss)
    rows = tf.reduce_sum(tf.gather(w, [1, 0]))
    sparse = tf.contrib.opt.MomentumWOptimizer(0.01, 0.1, 0.9).minimize(rows)
    return {"names": [dense.name, sparse.name]}


def momentum_w(tf):
    step = tf.train.get_or_create_global_step()
    optimizer = tf.contrib.opt.MomentumWOptimizer(0.01, 0.1, 0.9)
    return _train(tf, optimizer, use_resource=True, global_step=step)


def extended(tf):
    kind = tf.contrib.opt.extend_with_decoupled_weight_decay(tf.train.AdamOptimizer)
    return _train(tf, kind(weight_decay=0.02, learning_rate=0.1), use_resource=True)
