"""optimize_loss: learning rates, clipping, changes of gradients, summaries."""

import numpy as np


def _loss(tf):
    x = tf.constant(np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3))
    start = tf.constant_initializer([[0.5], [-0.25], [1.0]])
    w = tf.get_variable("w", [3, 1], initializer=start)
    b = tf.get_variable("b", [1], initializer=tf.zeros_initializer())
    return tf.reduce_mean(tf.square(tf.matmul(x, w) + b - 1.0))


def _trained(tf, step):
    init = tf.global_variables_initializer()
    with tf.Session() as session:
        session.run(init)
        losses = [session.run(step) for _ in range(3)]
        values = session.run(tf.global_variables())
    return {"losses": np.stack(losses), "variables": values}


def optimize_loss_by_name(tf):
    step = tf.train.get_or_create_global_step()
    loss = _loss(tf)
    return _trained(tf, tf.contrib.layers.optimize_loss(loss, step, 0.1, "SGD"))


def optimize_loss_with_everything(tf):
    loss = _loss(tf)
    step = tf.train.get_or_create_global_step()
    counted = tf.assign_add(tf.get_variable("count", initializer=0.0, trainable=False), 1.0)
    train = tf.contrib.layers.optimize_loss(
        loss,
        step,
        0.1,
        tf.train.AdamOptimizer,
        gradient_multipliers={"w:0": 0.5},
        clip_gradients=0.25,
        learning_rate_decay_fn=lambda rate, at: tf.train.exponential_decay(rate, at, 2, 0.5),
        update_ops=[counted],
        summaries=["learning_rate", "loss", "gradients", "gradient_norm"],
        name="train",
    )
    return _trained(tf, train)


def optimize_loss_with_function(tf):
    loss = _loss(tf)
    step = tf.train.get_or_create_global_step()
    train = tf.contrib.layers.optimize_loss(
        loss,
        step,
        None,
        lambda: tf.train.MomentumOptimizer(0.1, 0.9),
        gradient_noise_scale=0.0,
        clip_gradients=lambda pairs: [(grad * 0.5, variable) for grad, variable in pairs],
        increment_global_step=False,
    )
    return _trained(tf, train)


def optimize_loss_name_error(tf):
    loss = _loss(tf)
    step = tf.train.get_or_create_global_step()
    return {"y": tf.contrib.layers.optimize_loss(loss, step, 0.1, "Best")}


def optimize_loss_rate_error(tf):
    loss = _loss(tf)
    step = tf.train.get_or_create_global_step()
    return {"y": tf.contrib.layers.optimize_loss(loss, step, None, "SGD")}
