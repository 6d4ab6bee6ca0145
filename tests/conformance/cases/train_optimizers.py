"""Optimizers: slots, names, and three steps of each."""

import numpy as np

X = np.array([[1.0, 2.0, -1.0], [0.5, -0.5, 3.0]], np.float32)


def _train(tf, optimizer, use_resource=False, **minimize):
    """Losses and variables of four steps on a small regression."""
    with tf.variable_scope("model", use_resource=use_resource):
        w = tf.get_variable("w", initializer=tf.constant([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]))
        b = tf.get_variable("b", [2], initializer=tf.zeros_initializer())
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - 1.0))
    train = optimizer.minimize(loss, **minimize)
    return _steps(tf, train, loss, {x: X}, optimizer)


def _steps(tf, train, loss, feed, optimizer):
    losses = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(4):
            losses.append(sess.run(loss, feed))
            sess.run(train, feed)
        values = {v.op.name: sess.run(v) for v in tf.global_variables()}
    return {
        "losses": np.array(losses),
        "values": values,
        "train": train,
        "feed": feed,
        "slots": np.array([name.encode() for name in optimizer.get_slot_names()]),
        "variables": np.array([v.name.encode() for v in optimizer.variables()]),
    }


def gradient_descent(tf):
    return _train(tf, tf.train.GradientDescentOptimizer(0.1))


def gradient_descent_global_step(tf):
    step = tf.Variable(0, trainable=False, name="global_step")
    return _train(tf, tf.train.GradientDescentOptimizer(0.1), global_step=step, name="go")


def gradient_descent_resource(tf):
    return _train(tf, tf.train.GradientDescentOptimizer(0.1), use_resource=True)


def momentum(tf):
    return _train(tf, tf.train.MomentumOptimizer(0.1, 0.9))


def momentum_nesterov(tf):
    return _train(tf, tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True))


def momentum_resource(tf):
    return _train(tf, tf.train.MomentumOptimizer(0.1, 0.9), use_resource=True)


def adagrad(tf):
    return _train(tf, tf.train.AdagradOptimizer(0.1))


def adagrad_resource(tf):
    return _train(tf, tf.train.AdagradOptimizer(0.1), use_resource=True)


def adagrad_da(tf):
    step = tf.Variable(0, trainable=False, dtype=tf.int64, name="global_step")
    return _train(tf, tf.train.AdagradDAOptimizer(0.1, step, 0.1, 0.01, 0.01), global_step=step)


def adadelta(tf):
    return _train(tf, tf.train.AdadeltaOptimizer(0.1))


def rmsprop(tf):
    return _train(tf, tf.train.RMSPropOptimizer(0.1))


def rmsprop_centered(tf):
    return _train(tf, tf.train.RMSPropOptimizer(0.01, 0.8, 0.5, 1e-3, centered=True))


def rmsprop_resource(tf):
    return _train(tf, tf.train.RMSPropOptimizer(0.1, momentum=0.5), use_resource=True)


def adam(tf):
    return _train(tf, tf.train.AdamOptimizer(0.1))


def adam_resource(tf):
    return _train(tf, tf.train.AdamOptimizer(0.1), use_resource=True)


def adam_rate_from_placeholder(tf):
    rate = tf.placeholder_with_default(tf.constant(0.05), [], name="rate")
    return _train(tf, tf.train.AdamOptimizer(rate, 0.8, 0.9, 1e-4))


def ftrl(tf):
    return _train(tf, tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01))


def ftrl_shrinkage(tf):
    optimizer = tf.train.FtrlOptimizer(
        0.1, -0.6, 0.2, 0.01, 0.02, l2_shrinkage_regularization_strength=0.03
    )
    return _train(tf, optimizer)


def proximal_gradient_descent(tf):
    return _train(tf, tf.train.ProximalGradientDescentOptimizer(0.1, 0.01, 0.02))


def proximal_adagrad(tf):
    return _train(tf, tf.train.ProximalAdagradOptimizer(0.1, 0.1, 0.01, 0.02))


def gates(tf):
    out = {}
    for gate in ("GATE_NONE", "GATE_OP", "GATE_GRAPH"):
        with tf.variable_scope(gate):
            w = tf.get_variable("w", initializer=tf.constant([[2.0, 1.0]]))
            loss = tf.reduce_sum(tf.matmul(w, w, transpose_b=True) * w)
            optimizer = tf.train.GradientDescentOptimizer(0.1)
            pairs = optimizer.compute_gradients(
                loss, [w], gate_gradients=getattr(tf.train.Optimizer, gate)
            )
            out[gate] = [grad for grad, _ in pairs]
    return out


def clipped_gradients(tf):
    w = tf.get_variable("w", initializer=tf.constant([3.0, -4.0]))
    u = tf.get_variable("u", initializer=tf.constant([1.0]))
    unused = tf.get_variable("unused", initializer=tf.constant([1.0]))
    loss = tf.reduce_sum(tf.square(w)) * 10.0 + tf.reduce_sum(u)
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(loss)
    grads, norm = tf.clip_by_global_norm([grad for grad, _ in pairs], 1.0)
    train = optimizer.apply_gradients(zip(grads, [v for _, v in pairs]))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        before = sess.run(norm)
        sess.run(train)
        return {"norm": before, "w": sess.run(w), "u": sess.run(u), "unused": sess.run(unused)}


def _sparse(tf, optimizer, use_resource=False):
    with tf.variable_scope("model", use_resource=use_resource):
        table = tf.get_variable(
            "table", initializer=tf.constant(np.arange(12, dtype=np.float32).reshape(6, 2))
        )
    rows = tf.nn.embedding_lookup(table, [1, 3, 1])
    loss = tf.reduce_sum(tf.square(rows))
    train = optimizer.minimize(loss)
    return _steps(tf, train, loss, {}, optimizer)


def sparse_gradient_descent(tf):
    return _sparse(tf, tf.train.GradientDescentOptimizer(0.1))


def sparse_momentum(tf):
    return _sparse(tf, tf.train.MomentumOptimizer(0.1, 0.9))


def sparse_adagrad(tf):
    return _sparse(tf, tf.train.AdagradOptimizer(0.1))


def sparse_adadelta(tf):
    return _sparse(tf, tf.train.AdadeltaOptimizer(0.1))


def sparse_rmsprop(tf):
    return _sparse(tf, tf.train.RMSPropOptimizer(0.1))


def sparse_adam(tf):
    return _sparse(tf, tf.train.AdamOptimizer(0.1))


def sparse_ftrl(tf):
    return _sparse(tf, tf.train.FtrlOptimizer(0.1))


def sparse_gradient_descent_resource(tf):
    return _sparse(tf, tf.train.GradientDescentOptimizer(0.1), use_resource=True)


def sparse_adam_resource(tf):
    return _sparse(tf, tf.train.AdamOptimizer(0.1), use_resource=True)


def sparse_rmsprop_resource(tf):
    return _sparse(tf, tf.train.RMSPropOptimizer(0.1), use_resource=True)


def own_optimizer(tf):
    """A program's own subclass of Optimizer."""

    class Halving(tf.train.Optimizer):
        def __init__(self):
            super(Halving, self).__init__(False, "Halving")

        def _create_slots(self, var_list):
            for v in var_list:
                self._zeros_slot(v, "count", self._name)

        def _apply_dense(self, grad, var):
            count = self.get_slot(var, "count")
            with tf.control_dependencies([tf.assign_add(count, tf.ones_like(count))]):
                return tf.assign(var, var * 0.5 - grad).op

    return _train(tf, Halving())


def variable_constraint(tf):
    w = tf.get_variable(
        "w",
        initializer=tf.constant([0.5, 2.0]),
        constraint=lambda v: tf.clip_by_value(v, -1.0, 1.0),
    )
    loss = tf.reduce_sum(w * w)
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    return _steps(tf, optimizer.minimize(loss), loss, {}, optimizer)


def no_gradients_error(tf):
    tf.get_variable("w", initializer=tf.constant([0.5]))
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))


def no_variables_error(tf):
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))


def integer_loss_error(tf):
    w = tf.get_variable("w", initializer=tf.constant([5]))
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(w))
