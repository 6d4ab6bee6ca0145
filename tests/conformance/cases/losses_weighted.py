"""tf.losses: values, gradients, weights, reductions, collections."""

import numpy as np

PREDICTIONS = np.array([[0.2, 0.7, 0.4], [0.9, 0.1, 0.3]], np.float32)
LABELS = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], np.float32)


def _each(tf, loss, **arguments):
    """With the default weight, a weight per example, per element and of none; as placeholders."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    z = tf.placeholder(tf.float32, [None, 3], name="z")
    plain = loss(z, x, **arguments)
    rows = loss(z, x, weights=[[1.0], [0.0]], **arguments)
    elements = loss(z, x, weights=tf.constant(LABELS), scope="elements", **arguments)
    nothing = loss(z, x, weights=0.0, **arguments)
    return {
        "plain": plain,
        "rows": rows,
        "elements": elements,
        "nothing": nothing,
        "dx": tf.gradients(plain, x),
        "collected": [t.name for t in tf.losses.get_losses()],
        "feed": {x: PREDICTIONS, z: LABELS},
    }


def mean_of_squares(tf):
    return _each(tf, tf.losses.mean_squared_error)


def absolute_difference(tf):
    return _each(tf, tf.losses.absolute_difference)


def huber_loss(tf):
    return _each(tf, tf.losses.huber_loss, delta=0.5)


def log_loss(tf):
    return _each(tf, tf.losses.log_loss)


def hinge_loss(tf):
    return _each(tf, tf.losses.hinge_loss)


def cosine_distance(tf):
    x = tf.constant(PREDICTIONS)
    loss = tf.losses.cosine_distance(LABELS, x, axis=1)
    return {
        "loss": loss,
        "old": tf.losses.cosine_distance(LABELS, x, dim=0),
        "dx": tf.gradients(loss, x),
    }


def mean_of_pairwise_squares(tf):
    x = tf.constant(PREDICTIONS)
    loss = tf.losses.mean_pairwise_squared_error(LABELS, x)
    weighted = tf.losses.mean_pairwise_squared_error(LABELS, x, weights=[[1.0], [0.0]])
    return {"loss": loss, "weighted": weighted, "dx": tf.gradients(loss, x)}


def sigmoid_cross_entropy(tf):
    x = tf.constant(PREDICTIONS)
    loss = tf.losses.sigmoid_cross_entropy(LABELS, x)
    smooth = tf.losses.sigmoid_cross_entropy(LABELS, x, label_smoothing=0.1)
    return {"loss": loss, "smooth": smooth, "dx": tf.gradients(smooth, x)}


def softmax_cross_entropy(tf):
    x = tf.placeholder(tf.float32, [None, 3])
    onehot = tf.one_hot([1, 0], 3)
    loss = tf.losses.softmax_cross_entropy(onehot_labels=onehot, logits=x)
    smooth = tf.losses.softmax_cross_entropy(onehot, x, weights=[1.0, 3.0], label_smoothing=0.2)
    return {"loss": loss, "smooth": smooth, "dx": tf.gradients(smooth, x), "feed": {x: PREDICTIONS}}


def sparse_softmax_cross_entropy(tf):
    x = tf.placeholder(tf.float32, [None, 3])
    z = tf.placeholder(tf.int32, [None])
    loss = tf.losses.sparse_softmax_cross_entropy(z, x)
    column = tf.losses.sparse_softmax_cross_entropy(labels=[[1], [2]], logits=x)
    weighted = tf.losses.sparse_softmax_cross_entropy(z, x, weights=tf.constant([[1.0], [2.0]]))
    feed = {x: PREDICTIONS, z: [1, 2]}
    return {
        "loss": loss,
        "column": column,
        "weighted": weighted,
        "dx": tf.gradients(loss, x),
        "feed": feed,
    }


def dynamic_weights(tf):
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.placeholder(tf.float32, [None, 1])
    loss = tf.losses.mean_squared_error(LABELS, x, weights=w)
    unknown = tf.placeholder(tf.float32)
    other = tf.losses.absolute_difference(LABELS, x, weights=unknown)
    feed = {x: PREDICTIONS, w: [[1.0], [0.5]], unknown: 2.0}
    return {"loss": loss, "other": other, "dw": tf.gradients(loss, w), "feed": feed}


def dynamic_weights_error(tf):
    w = tf.placeholder(tf.float32)
    loss = tf.losses.mean_squared_error(LABELS, PREDICTIONS, weights=w)
    return {"loss": loss, "feed": {w: [[1.0, 2.0], [3.0, 4.0]]}}


def reductions(tf):
    values, weights = tf.constant(PREDICTIONS), tf.constant([[1.0], [0.0]])
    result = {}
    for reduction in tf.losses.Reduction.all():
        result[reduction] = tf.losses.compute_weighted_loss(
            values, weights, reduction=reduction, loss_collection=None
        )
    result["collected"] = len(tf.losses.get_losses())
    result["float64"] = tf.losses.compute_weighted_loss(PREDICTIONS.astype(np.float64)).dtype.name
    return result


def total_loss(tf):
    x = tf.constant(PREDICTIONS)
    with tf.name_scope("first"):
        tf.losses.mean_squared_error(LABELS, x)
    tf.losses.absolute_difference(LABELS, x, scope="second")
    none = tf.losses.get_regularization_loss()
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, tf.constant(2.0))
    tf.losses.add_loss(tf.constant(1.0))
    return {
        "none": none,
        "regularization": tf.losses.get_regularization_loss(),
        "total": tf.losses.get_total_loss(),
        "without": tf.losses.get_total_loss(add_regularization_losses=False, name="plain"),
        "second": [t.name for t in tf.losses.get_losses("second")],
    }


def weights_rank_error(tf):
    return {"loss": tf.losses.mean_squared_error(LABELS, PREDICTIONS, weights=[1.0, 2.0])}


def weights_size_error(tf):
    return {"loss": tf.losses.mean_squared_error(LABELS, PREDICTIONS, weights=[[1.0, 2.0]])}


def shapes_error(tf):
    return {"loss": tf.losses.mean_squared_error(LABELS, PREDICTIONS[:1])}


def none_error(tf):
    return {"loss": tf.losses.mean_squared_error(None, PREDICTIONS)}


def reduction_error(tf):
    return {"loss": tf.losses.mean_squared_error(LABELS, PREDICTIONS, reduction="other")}
