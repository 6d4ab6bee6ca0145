"""Cross entropies and the other losses of tf.nn, with gradients."""

import numpy as np

LOGITS = np.array([[1.0, -2.0, 0.5], [100.0, 0.0, -3.0]], np.float32)
TARGETS = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]], np.float32)


def softmax(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    z = tf.placeholder(tf.float32, [None, 3], name="z")
    loss = tf.nn.softmax_cross_entropy_with_logits(labels=z, logits=x)
    dx, dz = tf.gradients(loss, [x, z])
    return {"loss": loss, "dx": dx, "dz": dz is None, "feed": {x: LOGITS, z: TARGETS}}


def softmax_v2(tf):
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    z = tf.placeholder(tf.float32, [2, 3], name="z")
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=z, logits=x)
    cost = tf.reduce_mean(loss)
    dx, dz = tf.gradients(cost, [x, z])
    second = tf.gradients(dx, x, tf.constant([[1.0, 2, 3], [1, 1, 5]]))
    feed = {x: LOGITS, z: TARGETS}
    return {"loss": loss, "dx": dx, "dz": dz, "second": second, "feed": feed}


def softmax_axes(tf):
    x = tf.constant(np.random.RandomState(0).randn(2, 3, 4).astype(np.float32))
    z = tf.nn.softmax(x)
    first = tf.nn.softmax_cross_entropy_with_logits_v2(z, x, axis=0)
    middle = tf.nn.softmax_cross_entropy_with_logits(labels=z, logits=x, dim=1)
    return {"first": first, "middle": middle, "dx": tf.gradients(middle, x)}


def softmax_integer_labels(tf):
    loss = tf.nn.softmax_cross_entropy_with_logits(
        labels=[[0, 1], [1, 0]], logits=[[1.0, 2], [3, 4]]
    )
    return {"loss": loss}


def softmax_half(tf):
    x = tf.constant(LOGITS[:1].astype(np.float16))
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=TARGETS[:1], logits=x)
    return {"loss": loss}


def softmax_sentinel_error(tf):
    return {"loss": tf.nn.softmax_cross_entropy_with_logits(TARGETS, LOGITS)}


def softmax_unknown_rank(tf):
    x = tf.placeholder(tf.float32)
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=TARGETS, logits=x)
    return {"loss": loss, "dx": tf.gradients(loss, x), "feed": {x: LOGITS}}


def sparse(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    z = tf.placeholder(tf.int32, [None], name="z")
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x)
    dx = tf.gradients(tf.reduce_mean(loss), x)
    return {"loss": loss, "dx": dx, "feed": {x: LOGITS, z: [2, 1]}}


def sparse_sequences(tf):
    x = tf.constant(np.random.RandomState(0).randn(2, 3, 4).astype(np.float32))
    z = tf.constant([[0, 1, 3], [2, 2, 0]], tf.int64)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x, name="steps")
    return {"loss": loss, "dx": tf.gradients(loss, x)}


def sparse_dynamic(tf):
    x = tf.placeholder(tf.float32, [None, None, 4])
    z = tf.placeholder(tf.int32, [None, None])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x)
    values = np.random.RandomState(0).randn(2, 3, 4)
    return {
        "loss": loss,
        "dx": tf.gradients(loss, x),
        "feed": {x: values, z: [[0, 1, 3], [2, 2, 0]]},
    }


def sparse_label_error(tf):
    x = tf.placeholder(tf.float32, [2, 3])
    z = tf.placeholder(tf.int32, [2])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x)
    return {"loss": loss, "feed": {x: LOGITS, z: [0, 3]}}


def sparse_rank_error(tf):
    return {"loss": tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[1]], logits=LOGITS)}


def sparse_second_derivative_error(tf):
    x = tf.constant(LOGITS)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 2], logits=x)
    return {"second": tf.gradients(tf.gradients(loss, x), x)}


def sigmoid(tf):
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    z = tf.placeholder(tf.float32, [2, 3], name="z")
    loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x)
    dx = tf.gradients(loss, x)[0]
    feed = {x: LOGITS, z: TARGETS}
    return {"loss": loss, "dx": dx, "second": tf.gradients(dx, x), "feed": feed}


def sigmoid_shapes_error(tf):
    ones = tf.ones([2, 3])
    return {"loss": tf.nn.sigmoid_cross_entropy_with_logits(labels=ones, logits=tf.ones([3, 3]))}


def weighted(tf):
    x = tf.constant(LOGITS)
    loss = tf.nn.weighted_cross_entropy_with_logits(TARGETS, x, 2.5)
    old = tf.nn.weighted_cross_entropy_with_logits(
        targets=TARGETS, logits=x, pos_weight=tf.constant([1.0, 2, 3])
    )
    return {"loss": loss, "old": old, "dx": tf.gradients(loss, x)}


def log_poisson(tf):
    x = tf.constant([0.5, 1.5, -1.0])
    z = tf.constant([0.0, 2.0, 5.0])
    full = tf.nn.log_poisson_loss(z, x, compute_full_loss=True)
    return {"plain": tf.nn.log_poisson_loss(z, x), "full": full, "dx": tf.gradients(full, x)}
