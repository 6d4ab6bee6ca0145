"""Pooling, batch normalization in one operation, local response normalization."""

import numpy as np


def _values(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape).astype(np.float32)


def _with_gradients(tf, function, shape):
    x = tf.placeholder(tf.float32, shape, name="x")
    y = function(x)
    weight = tf.constant(_values(*y.shape.as_list()))
    dx = tf.gradients(y * weight, x)[0]
    second = tf.gradients(dx * x, x)
    return {"y": y, "dx": dx, "second": second, "feed": {x: _values(*shape)}}


def max_pool(tf):
    return _with_gradients(
        tf, lambda x: tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), [2, 5, 6, 3]
    )


def max_pool_overlapping(tf):
    return _with_gradients(tf, lambda x: tf.nn.max_pool(x, 3, 2, "VALID", name="p"), [2, 7, 6, 3])


def max_pool_even_window(tf):
    return _with_gradients(tf, lambda x: tf.nn.max_pool(x, 2, 1, "SAME"), [1, 4, 5, 2])


def max_pool_stride_beyond_window(tf):
    return _with_gradients(tf, lambda x: tf.nn.max_pool2d(x, 2, 3, "SAME"), [1, 7, 8, 2])


def max_pool_ties(tf):
    x = tf.placeholder(tf.float32, [1, 4, 4, 1])
    y = tf.nn.max_pool(x, 2, 2, "VALID")
    return {"dx": tf.gradients(y, x), "feed": {x: np.ones((1, 4, 4, 1))}}


def max_pool_unknown_sizes(tf):
    x = tf.placeholder(tf.float32, [None, None, 4, 2])
    y = tf.nn.max_pool(x, 2, 2, "SAME")
    z = tf.nn.avg_pool(x, 3, 2, "VALID")
    return {"y": y, "z": z, "dx": tf.gradients([y, z], x), "feed": {x: _values(2, 5, 4, 2)}}


def avg_pool(tf):
    return _with_gradients(
        tf, lambda x: tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), [2, 5, 6, 3]
    )


def avg_pool_overlapping(tf):
    return _with_gradients(tf, lambda x: tf.nn.avg_pool(x, 3, 2, "SAME"), [2, 7, 6, 3])


def avg_pool_even_window(tf):
    return _with_gradients(tf, lambda x: tf.nn.avg_pool(x, 2, 1, "SAME"), [1, 4, 5, 2])


def pool_sequences(tf):
    x = tf.placeholder(tf.float32, [2, 7, 3])
    y, z = tf.nn.max_pool1d(x, 3, 2, "SAME"), tf.nn.avg_pool1d(x, 2, 2, "VALID")
    return {"y": y, "z": z, "dx": tf.gradients([y, z], x), "feed": {x: _values(2, 7, 3)}}


def max_pool_volumes(tf):
    return _with_gradients(tf, lambda x: tf.nn.max_pool3d(x, 2, 2, "SAME"), [1, 3, 4, 5, 2])


def avg_pool_volumes(tf):
    x = tf.placeholder(tf.float32, [1, 3, 4, 5, 2])
    y = tf.nn.avg_pool3d(x, [1, 2, 2, 2, 1], [1, 2, 1, 2, 1], "SAME")
    return {"y": y, "dx": tf.gradients(y * y, x), "feed": {x: _values(1, 3, 4, 5, 2)}}


def pool(tf):
    x = tf.placeholder(tf.float32, [2, 7, 6, 3])
    feed = {x: _values(2, 7, 6, 3)}
    return {
        "max": tf.nn.pool(x, [2, 2], "MAX", "SAME", strides=[2, 2]),
        "avg": tf.nn.pool(x, [3, 2], "AVG", "VALID"),
        "gaps": tf.nn.pool(x, [2, 2], "MAX", "VALID", dilation_rate=[2, 1]),
        "sequence": tf.nn.pool(x[0], [2], "AVG", "SAME", strides=[2]),
        "feed": feed,
    }


def pool_any_rank(tf):
    x = tf.placeholder(tf.float32, [2, 6, 3])
    return {
        "max": tf.nn.max_pool_v2(x, 2, 2, "SAME"),
        "avg": tf.nn.avg_pool_v2(tf.reshape(x, [2, 2, 3, 3]), [2, 2], 1, "SAME"),
        "feed": {x: _values(2, 6, 3)},
    }


def max_pool_with_argmax(tf):
    x = tf.placeholder(tf.float32, [2, 5, 4, 3])
    y, places = tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    z, whole = tf.nn.max_pool_with_argmax(
        x, [1, 3, 3, 1], [1, 1, 1, 1], "VALID", include_batch_in_index=True
    )
    dx = tf.gradients([y, z], x)
    return {
        "y": y,
        "places": places,
        "z": z,
        "whole": whole,
        "dx": dx,
        "feed": {x: _values(2, 5, 4, 3)},
    }


def max_pool_window_error(tf):
    return {"y": tf.nn.max_pool(tf.ones([1, 2, 2, 1]), 3, 1, "VALID")}


def fused_batch_norm(tf):
    x = tf.placeholder(tf.float32, [2, 3, 4, 2], name="x")
    scale, offset = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.float32, [2])
    y, mean, variance = tf.nn.fused_batch_norm(x, scale, offset, epsilon=0.01)
    gradients = tf.gradients(y * y * y, [x, scale, offset])
    feed = {x: _values(2, 3, 4, 2) + 3, scale: [1.5, 0.5], offset: [0.0, 1.0]}
    tolerance = {"rtol": 1e-4, "atol": 2e-5, "reason": "means of many elements"}
    return {
        "y": y,
        "mean": mean,
        "variance": variance,
        "gradients": gradients,
        "feed": feed,
        "tolerance": tolerance,
    }


def fused_batch_norm_inference(tf):
    x = tf.placeholder(tf.float32, [None, 3, 4, 2], name="x")
    vectors = [tf.placeholder(tf.float32, [2]) for _ in range(4)]
    y, _, _ = tf.nn.fused_batch_norm(x, *vectors, is_training=False)
    gradients = tf.gradients(y * y, [x] + vectors[:2])
    feed = {x: _values(2, 3, 4, 2)}
    feed.update(zip(vectors, ([1.5, 0.5], [0.0, 1.0], [0.1, -0.2], [1.0, 2.0])))
    tolerance = {"rtol": 1e-4, "atol": 1e-5, "reason": "sums in another order"}
    return {"y": y, "gradients": gradients, "feed": feed, "tolerance": tolerance}


def fused_batch_norm_second_derivatives(tf):
    x = tf.placeholder(tf.float32, [2, 3, 4, 2], name="x")
    scale, offset = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.float32, [2])
    y, _, _ = tf.nn.fused_batch_norm(x, scale, offset, epsilon=0.01)
    dx, dscale = tf.gradients(y * y, [x, scale])
    second = tf.gradients([tf.reduce_sum(dx * dx), tf.reduce_sum(dscale)], [x, scale])
    feed = {x: _values(2, 3, 4, 2), scale: [1.5, 0.5], offset: [0.0, 1.0]}
    tolerance = {"rtol": 1e-3, "atol": 1e-4, "reason": "differences of means"}
    return {"second": second, "feed": feed, "tolerance": tolerance}


def fused_batch_norm_inference_second_derivatives(tf):
    with tf.Graph().as_default():  # values alone: TensorFlow skips nodes that nothing uses
        x, scale = tf.constant(_values(2, 3, 4, 2)), tf.constant([1.5, 0.5])
        y, _, _ = tf.nn.fused_batch_norm(
            x, scale, [0.0, 1.0], mean=[0.5, 0.25], variance=[1.0, 2.0], is_training=False
        )
        dx, dscale = tf.gradients(y * y, [x, scale])
        second = tf.gradients([tf.reduce_sum(dx * dx), tf.reduce_sum(dscale)], [x, scale])
        with tf.Session() as session:
            return dict(zip(["x", "scale"], session.run(second)))


def local_response_normalization(tf):
    x = tf.placeholder(tf.float32, [1, 2, 2, 7])
    y = tf.nn.lrn(x, depth_radius=2, bias=1.0, alpha=0.5, beta=0.75)
    z = tf.nn.local_response_normalization(x, name="wide")
    return {"y": y, "z": z, "dx": tf.gradients([y, z], x), "feed": {x: _values(1, 2, 2, 7)}}
