"""NaN among what is compared: TensorFlow's kernels for the CPU, where they are of one mind."""

import numpy as np

NAN = np.nan
ROW = np.array([NAN, 1.0, -2.0, NAN, 0.5, 7.0, NAN, 3.0, -1.0], np.float32)
ROWS = np.array([[1, NAN, 3, 2], [NAN, 1, 2, 3], [3, 2, 1, NAN]], np.float32)
IMAGE = np.arange(16, dtype=np.float32)
IMAGE[[5, 10, 12, 13]] = NAN
IMAGE = IMAGE.reshape(1, 4, 4, 1)
TYPES = ("float16", "float32", "float64")


def _fed(tf, value):
    """A tensor that is not computed before the run."""
    return tf.placeholder_with_default(value, value.shape)


def maximum_and_minimum(tf):
    found = []
    for dtype in TYPES:
        x = _fed(tf, ROW.astype(dtype))
        y = _fed(tf, np.roll(ROW, 1).astype(dtype))
        one = tf.constant(1, dtype)
        for choose in (tf.maximum, tf.minimum):
            found += [choose(x, y), choose(y, x), choose(x, one), choose(one, x)]
    return {"found": found}


def maximum_gradients(tf):
    x, y = _fed(tf, ROW), _fed(tf, np.roll(ROW, 1))
    return {"d": [tf.gradients(f(x, y), [x, y]) for f in (tf.maximum, tf.minimum)]}


def clipped(tf):
    x = _fed(tf, ROW)
    return {"value": tf.clip_by_value(x, -1.0, 1.0), "grad": tf.gradients(tf.nn.relu6(x), x)}


def reductions(tf):
    found = []
    for dtype in TYPES[1:]:
        x = _fed(tf, ROWS.astype(dtype))
        none = _fed(tf, np.full([2, 3], NAN, dtype))
        for reduce in (tf.reduce_max, tf.reduce_min):
            found += [reduce(x), reduce(x, 0), reduce(x, 1), reduce(none, 1), reduce(none)]
            found += [reduce(x[:1], 0), reduce(x[:, :1], 1)]
    return {"found": found}


def reduction_gradients(tf):
    x = _fed(tf, ROWS)
    return {"d": [tf.gradients(f(x, 1), x) for f in (tf.reduce_max, tf.reduce_min)]}


def places(tf):
    x, none = _fed(tf, ROWS), _fed(tf, np.full([2, 3], NAN, np.float32))
    found = [find(x, axis) for find in (tf.argmax, tf.argmin) for axis in (0, 1)]
    return {"found": found, "none": [tf.argmax(none, 1), tf.argmin(none, 0)]}


def activations(tf):
    x = _fed(tf, ROW)
    kinds = ("relu", "relu6", "elu", "selu", "leaky_relu", "softplus", "softsign", "softmax")
    found = [getattr(tf.nn, kind)(x) for kind in kinds]
    return {"found": found, "more": [tf.sigmoid(x), tf.tanh(x), tf.sign(x), tf.abs(x)]}


def max_pools(tf):
    x = _fed(tf, IMAGE)
    even = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    over = tf.nn.max_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME")
    flat = tf.nn.max_pool3d(x[None], [1, 1, 2, 2, 1], [1, 1, 2, 2, 1], "VALID")
    none = tf.nn.max_pool(x[:, 3:, :2], [1, 1, 2, 1], [1, 1, 2, 1], "VALID")
    dilated = tf.nn.dilation2d(x, np.zeros([2, 2, 1], np.float32), [1, 1, 1, 1], [1] * 4, "VALID")
    return {"pools": [even, over, flat, none], "dilated": dilated}


def max_pool_gradients(tf):
    x = _fed(tf, IMAGE)
    even = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    over = tf.nn.max_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME")
    marked = tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    return {"d": [tf.gradients(y, x) for y in (even, over)], "marked": marked}


def segments(tf):
    x = _fed(tf, np.array([[1, NAN], [NAN, 1], [3, 2], [NAN, NAN]], np.float32))
    sorted_ = [f(x, [0, 0, 0, 2]) for f in (tf.segment_max, tf.segment_min)]
    unsorted = [
        f(x, ids, 3)
        for f in (tf.unsorted_segment_max, tf.unsorted_segment_min)
        for ids in ([1, 1, 0, 1], [0, 0, 0, 2])
    ]
    return {"sorted": sorted_, "unsorted": unsorted}


def scattered(tf):
    found = []
    for scatter in (tf.scatter_max, tf.scatter_min):
        var = tf.Variable([NAN, 1.0, 2.0, 3.0])
        step = scatter(var, [0, 1, 2, 2], [1.0, NAN, 7.0, 0.0])
        with tf.Session() as sess:
            sess.run(var.initializer)
            sess.run(step)
            found.append(sess.run(var))
    return {"found": found}


def distinct(tf):
    y, numbers = tf.unique(_fed(tf, ROW))
    return {"y": y, "numbers": numbers, "equal": tf.equal(_fed(tf, ROW), ROW)}


def numbers_of_nothing(tf):
    x = _fed(tf, ROWS)
    ones = tf.ones_like(x)
    found = [tf.pow(x, 0.0), tf.pow(ones, x), tf.div_no_nan(x, 0.0), tf.floormod(x, 2.0)]
    return {"found": found, "in_top": tf.nn.in_top_k(x, [0, 1, 2], 2)}


def rectifier_gradients(tf):
    """A gradient that is NaN or infinite comes through where the feature is not positive."""
    found = []
    gradients = np.array([1.0, NAN, NAN, 2.0, np.inf, 2.0, -3.0, np.inf, 1.0], np.float32)
    for dtype in ("float32", "float64"):
        x, dy = _fed(tf, ROW.astype(dtype)), _fed(tf, gradients.astype(dtype))
        for function in (tf.nn.relu, tf.nn.relu6):
            found.append(tf.gradients(function(x), x, dy)[0])
            found.append(tf.gradients(tf.square(function(x * 2.0) + 1.0), x, dy)[0])
    return {"found": found}
