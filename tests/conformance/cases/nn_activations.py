"""Activations, bias, softmax, dropout, top-k: values, gradients and second derivatives."""

import numpy as np

POINTS = np.array([[-7.0, -1.5, -0.25, 0.0], [0.5, 1.0, 5.9, 40.0]], np.float32)


def _derivatives(tf, function, dtype=np.float32):
    x = tf.placeholder(tf.as_dtype(dtype), [2, 4], name="x")
    y = function(x)
    weight = tf.constant(np.linspace(0.5, 2.0, 8).reshape(2, 4).astype(dtype))
    first = tf.gradients(y, x, weight)[0]
    second = tf.gradients(first, x, weight)[0]
    return {"y": y, "first": first, "second": second, "feed": {x: POINTS.astype(dtype)}}


def relu(tf):
    return _derivatives(tf, tf.nn.relu)


def relu6(tf):
    return _derivatives(tf, tf.nn.relu6)


def leaky_relu(tf):
    return _derivatives(tf, lambda x: tf.nn.leaky_relu(x, alpha=0.3))


def elu(tf):
    return _derivatives(tf, tf.nn.elu)


def selu(tf):
    return _derivatives(tf, tf.nn.selu)


def softplus(tf):
    return _derivatives(tf, tf.nn.softplus)


def softplus_float64(tf):
    return _derivatives(tf, tf.nn.softplus, np.float64)


def softsign(tf):
    x = tf.placeholder(tf.float32, [2, 4])
    y = tf.nn.softsign(x)
    return {"y": y, "dx": tf.gradients(y, x), "feed": {x: POINTS}}


def softmax(tf):
    result = _derivatives(tf, lambda x: tf.nn.softmax(x, name="probabilities"))
    return result


def log_softmax(tf):
    return _derivatives(tf, tf.nn.log_softmax)


def relu_of_integers(tf):
    return {"y": tf.nn.relu([-1, 0, 2]), "z": tf.nn.relu6(tf.constant([-1, 5, 9]))}


def leaky_relu_of_integers(tf):
    return {"y": tf.nn.leaky_relu(tf.constant([-1, 0, 2]))}


def crelu(tf):
    x = tf.constant(POINTS)
    y = tf.nn.crelu(x)
    return {"y": y, "dx": tf.gradients(y, x)}


def softmax_axes(tf):
    x = tf.placeholder(tf.float32, [2, 3, 4], name="x")
    values = np.random.RandomState(0).randn(2, 3, 4)
    return {
        "first": tf.nn.softmax(x, axis=0),
        "middle": tf.nn.softmax(x, axis=1, name="middle"),
        "negative": tf.nn.log_softmax(x, axis=-2),
        "last": tf.nn.softmax(x, dim=2),
        "grad": tf.gradients(tf.nn.softmax(x, 1), x),
        "feed": {x: values},
    }


def softmax_unknown_batch(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.nn.softmax(x, axis=0)
    return {"y": y, "z": tf.nn.softmax(x), "feed": {x: [[1.0, 2, 3], [0, 0, 1]]}}


def softmax_axis_error(tf):
    return {"y": tf.nn.softmax(tf.ones([2, 3]), axis=2)}


def bias_add(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    b = tf.constant([1.0, 2.0, 3.0])
    y = tf.nn.bias_add(x, b)
    dx, db = tf.gradients(tf.square(y), [x, b])
    ddb = tf.gradients(db, x)
    return {"y": y, "dx": dx, "db": db, "ddb": ddb, "feed": {x: [[1.0, 2, 3], [4, 5, 6]]}}


def bias_add_images(tf):
    x = tf.placeholder(tf.float32, [2, 2, 3, 4])
    y = tf.nn.bias_add(x, [1.0, 2.0, 3.0, 4.0], name="images")
    feed = {x: np.arange(48).reshape(2, 2, 3, 4)}
    return {"y": y, "grad": tf.gradients(y * y, x), "feed": feed}


def bias_add_channels_first(tf):
    x = tf.placeholder(tf.float32, [2, 3, 2, 2], name="x")
    b = tf.constant([1.0, 2.0, 3.0])
    y = tf.nn.bias_add(x, b, data_format="NCHW")
    db = tf.gradients(y * y, b)[0]
    ddb = tf.gradients(db, x)
    feed = {x: np.arange(24).reshape(2, 3, 2, 2)}
    return {"y": y, "db": db, "ddb": ddb, "feed": feed}


def bias_add_shapes_error(tf):
    return {"y": tf.nn.bias_add(tf.ones([2, 3]), tf.ones([2]))}


def layers_of_one_line(tf):
    x, w, b = tf.ones([2, 3]), tf.fill([3, 2], 0.5), tf.constant([-5.0, 1.0])
    return {"linear": tf.nn.xw_plus_b(x, w, b), "relu": tf.nn.relu_layer(x, w, b, name="layer")}


def l2_loss(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    y = tf.nn.l2_loss(x)
    return {"y": y, "dx": tf.gradients(y, x), "named": tf.nn.l2_loss([3.0], name="n")}


def top_k(tf):
    x = tf.placeholder(tf.float32, [2, 5], name="x")
    values, indices = tf.nn.top_k(x, k=3)
    feed = {x: [[1.0, 5, 3, 5, 2], [4, 4, 4, 4, 9]]}
    dx = tf.gradients(values * [3.0, 2.0, 1.0], x)
    return {"values": values, "indices": indices, "dx": dx, "feed": feed}


def top_k_of_one(tf):
    values, indices = tf.nn.top_k([[1, 7, 7, 2]])
    return {"values": values, "indices": indices}


def top_k_too_many_error(tf):
    return {"values": tf.nn.top_k(tf.ones([2, 3]), 4)[0]}


def top_k_three_dimensions(tf):
    x = tf.constant(np.random.RandomState(1).randn(2, 3, 4).astype(np.float32))
    result = tf.nn.top_k(x, 2, name="best")
    return {"values": result.values, "dx": tf.gradients(result.values, x)}


def in_top_k(tf):
    predictions = [[0.1, 0.9, 0.3], [0.5, 0.4, 0.6], [0.2, 0.2, 0.1], [np.inf, 1, 2]]
    return {
        "one": tf.nn.in_top_k(predictions, [1, 1, 1, 1], 1),
        "two": tf.nn.in_top_k(tf.constant(predictions), tf.constant([0, 0, 2, 9], tf.int64), 2),
    }


def dropout_keep_prob(tf):
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    keep = tf.placeholder(tf.float32, name="keep")
    y = tf.nn.dropout(x, keep_prob=keep, seed=3)
    dx = tf.gradients(y, x)
    return {"y": y, "dx": dx, "feed": {x: np.ones((3, 4)), keep: 0.4}, "runs": 2}


def dropout_rate(tf):
    tf.set_random_seed(7)
    x = tf.ones([3, 4])
    return {
        "rate": tf.nn.dropout(x, rate=0.25),
        "keep": tf.nn.dropout(x, 0.5, name="half"),
        "rows": tf.nn.dropout(x, rate=0.5, noise_shape=[3, 1]),
        "none": tf.nn.dropout(x, keep_prob=1.0),
        "seeded": tf.nn.dropout(x, rate=0.3, noise_shape=[None, 1], seed=5),
    }


def dropout_rate_error(tf):
    return {"y": tf.nn.dropout(tf.ones([2]), rate=1.0)}


def dropout_integers_error(tf):
    return {"y": tf.nn.dropout(tf.ones([2], tf.int32), rate=0.5)}


def l2_normalize(tf):
    x = tf.constant([[3.0, 4.0], [0.0, 0.0]])
    y = tf.nn.l2_normalize(x, 1)
    return {
        "y": y,
        "dx": tf.gradients(y, x),
        "all": tf.nn.l2_normalize(x),
        "dim": tf.nn.l2_normalize(x, dim=0),
    }


def moments(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    mean, variance = tf.nn.moments(x, [0])
    kept = tf.nn.moments(x, axes=[0, 1], keep_dims=True)
    dx = tf.gradients(mean + 2 * variance, x)
    feed = {x: [[1.0, 2, 3], [3, 2, 8], [0, 1, 1]]}
    return {"mean": mean, "variance": variance, "kept": list(kept), "dx": dx, "feed": feed}


def sufficient_statistics(tf):
    x = tf.constant(POINTS)
    count, total, squares, shift = tf.nn.sufficient_statistics(x, [0], shift=1.0)
    mean, variance = tf.nn.normalize_moments(count, total, squares, shift)
    plain = tf.nn.normalize_moments(*tf.nn.sufficient_statistics(x, [1], keep_dims=True))
    return {"count": count, "mean": mean, "variance": variance, "plain": list(plain)}


def weighted_moments(tf):
    x = tf.constant(POINTS)
    return {"m": list(tf.nn.weighted_moments(x, [0], tf.constant([[1.0], [3.0]])))}


def batch_normalization(tf):
    x = tf.placeholder(tf.float32, [None, 3])
    mean, variance = tf.nn.moments(x, [0])
    y = tf.nn.batch_normalization(x, mean, variance, [1.0, 2, 3], tf.ones([3]), 1e-3)
    z = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3, name="plain")
    w = tf.nn.batch_norm_with_global_normalization(
        x, mean, variance, tf.zeros([3]), None, 0.1, False
    )
    feed = {x: [[1.0, 2, 3], [3, 2, 8], [0, 1, 1]]}
    return {"y": y, "z": z, "w": w, "dx": tf.gradients(y * y, x), "feed": feed}


def zero_fraction(tf):
    x = tf.placeholder(tf.float32, [None, 2])
    return {"y": tf.nn.zero_fraction(x), "feed": {x: [[0.0, 1], [2, 0], [0, 3]]}}


def swish(tf):
    with tf.Graph().as_default():  # values alone: the gradient's name counts all that was made
        x = tf.constant([-2.0, -0.5, 0.0, 1.0, 3.0])
        y = tf.nn.swish(x)
        slope = tf.gradients(y, x)[0]
        with tf.Session() as session:
            return dict(zip(["y", "dx"], session.run([y, slope])))


def swish_node_count(tf):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [5], name="x")
        tf.gradients(tf.nn.swish(x), x)
        return {"names": np.array([op.name for op in graph.get_operations()])}
