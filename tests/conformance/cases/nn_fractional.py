"""Fractional pooling: windows of two sizes in a random order."""

import numpy as np

IMAGES = np.random.RandomState(3).randn(2, 10, 13, 2)
RATIO = [1.0, 1.44, 1.73, 1.0]


def _both(tf, dtype, **settings):
    x = tf.constant(IMAGES, dtype)
    found = {}
    pools = (("max", tf.nn.fractional_max_pool), ("avg", tf.nn.fractional_avg_pool))
    for name, pool in pools:
        pooled = pool(x, RATIO, deterministic=True, seed=3, seed2=7, **settings)
        weights = tf.constant(np.random.RandomState(1).randn(2, 6, 7, 2), dtype)
        found[name] = list(pooled)
        found[name + "_grad"] = tf.gradients(pooled.output * weights, x)
    return found


def random_order(tf):
    return _both(tf, tf.float32)


def random_order_overlapping(tf):
    return _both(tf, tf.float64, overlapping=True)


def pseudo_random_order(tf):
    return _both(tf, tf.float32, pseudo_random=True)


def pseudo_random_order_overlapping(tf):
    return _both(tf, tf.float32, pseudo_random=True, overlapping=True, name="own")


def large(tf):
    x = tf.constant(np.arange(900, dtype=np.float32).reshape(1, 30, 30, 1))
    pooled = tf.nn.fractional_max_pool(
        x, [1, 1.26, 1.9, 1], deterministic=True, seed=-1, seed2=2**40
    )
    return {"rows": pooled.row_pooling_sequence, "columns": pooled.col_pooling_sequence}


def integers(tf):
    x = tf.constant(np.arange(36, dtype=np.int32).reshape(1, 6, 6, 1))
    settings = {"deterministic": True, "seed": 1, "seed2": 1}
    largest = tf.nn.fractional_max_pool(x, [1, 1.5, 1.5, 1], **settings)
    means = tf.nn.fractional_avg_pool(x, [1, 1.5, 1.5, 1], **settings)
    return {"largest": largest.output, "means": means.output}


def ties(tf):
    x = tf.constant(np.ones([1, 6, 6, 1], np.float32))
    pooled = tf.nn.fractional_max_pool(
        x, [1, 1.5, 1.5, 1], deterministic=True, seed=1, seed2=1, overlapping=True
    )
    return {"grad": tf.gradients(pooled.output, x)}


def drawn_anew(tf):
    x = tf.placeholder(tf.float32, [None, 6, None, 1])
    pooled = tf.nn.fractional_max_pool(x, [1, 1.5, 1.5, 1])
    return {
        "size": tf.shape(pooled.output),
        "shapes": [str(each.get_shape()) for each in pooled],
        "feed": {x: np.ones([1, 6, 6, 1])},
    }


def seed_without_deterministic_error(tf):
    x = tf.constant(IMAGES, tf.float32)
    return {"pooled": tf.nn.fractional_max_pool(x, RATIO, seed=3).output}


def ratio_of_channels_error(tf):
    x = tf.constant(IMAGES, tf.float32)
    return {"pooled": tf.nn.fractional_max_pool(x, [2, 1.5, 1.5, 2]).output}


def ratio_too_short_error(tf):
    tf.nn.fractional_max_pool(tf.constant(IMAGES, tf.float32), [1.5, 1.5])
