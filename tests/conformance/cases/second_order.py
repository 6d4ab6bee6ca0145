"""Hessians and gradients of gradients."""

import numpy as np


def hessian_of_a_vector(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    y = tf.reduce_sum(x**3) + x[0] * x[1]
    return {"hessian": tf.hessians(y, x)}


def hessian_of_a_matrix_variable(tf):
    w = tf.get_variable("w", initializer=tf.constant([[0.5, -0.3], [0.2, 0.1]]))
    y = tf.reduce_sum(tf.tanh(tf.matmul(w, w)))
    return {"hessian": tf.hessians(y, [w])}


def gradient_penalty(tf):
    """A loss with the norm of a gradient in it, as in improved Wasserstein training."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    w = tf.get_variable("w", initializer=tf.constant([[0.5, -0.3], [0.2, 0.1], [0.3, 0.7]]))
    y = tf.reduce_sum(tf.nn.elu(tf.matmul(x, w)), 1)
    grad = tf.gradients(y, x)[0]
    penalty = tf.reduce_mean(tf.square(tf.sqrt(tf.reduce_sum(tf.square(grad), 1)) - 1.0))
    return {
        "penalty": penalty,
        "grads": tf.gradients(penalty, [w]),
        "feed": {x: np.array([[1, 2, 3], [-1, 0, 1]], np.float32)},
    }
