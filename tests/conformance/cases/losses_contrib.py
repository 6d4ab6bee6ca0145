"""`tf.contrib.losses`: means with weights, predictions before labels."""

import numpy as np

P = np.array([[0.2, 0.9, 0.4], [0.7, 0.1, 0.6]])
Y = np.array([[0, 1, 0], [1, 0, 0]])


def _inputs(tf):
    return tf.constant(P, tf.float32), tf.constant(Y)


def regressions(tf):
    p, y = _inputs(tf)
    losses = tf.contrib.losses
    return {
        "absolute": losses.absolute_difference(p, y),
        "squared": losses.mean_squared_error(p, y, weights=[2.0, 0.0]),
        "log": losses.log_loss(p, y, weights=tf.constant([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])),
        "cosine": losses.cosine_distance(p, y, 1, weights=0.5),
        "hinge": losses.hinge_loss(p, y),
        "all": losses.get_total_loss(),
    }


def classifications(tf):
    p, y = _inputs(tf)
    losses = tf.contrib.losses
    return {
        "sigmoid": losses.sigmoid_cross_entropy(p, y, label_smoothing=0.1),
        "softmax": losses.softmax_cross_entropy(p, y, label_smoothing=0.2, weights=[[1.0], [3.0]]),
        "sparse": losses.sparse_softmax_cross_entropy(p, tf.constant([[1], [0]]), weights=0.0),
        "found": [t.name for t in losses.get_losses()],
    }


def penalties(tf):
    p, y = _inputs(tf)
    with tf.contrib.slim.arg_scope([tf.contrib.losses.add_loss], loss_collection=None):
        tf.contrib.losses.mean_squared_error(p, y)
    tf.contrib.losses.mean_squared_error(p, y, scope="fit")
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, tf.constant(3.0))
    losses = tf.contrib.losses
    return {
        "both": losses.get_total_loss(),
        "fit": losses.get_total_loss(add_regularization_losses=False, name="fit_loss"),
        "names": [t.name for t in losses.get_regularization_losses()],
    }


def unknown_rank_error(tf):
    tf.contrib.losses.compute_weighted_loss(tf.placeholder(tf.float32))


def no_axis_error(tf):
    tf.contrib.losses.cosine_distance(*_inputs(tf))
