"""Constants and placeholders, fills, and the shapes of arrays."""

import numpy as np


def _x(tf, shape=(None, 3), name="x", dtype=None):
    return tf.placeholder(dtype or tf.float32, shape, name=name)


def _numbers(*shape):
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape) + 1


def identities(tf):
    x = tf.constant([1.0, 2.0], name="x")
    a, b = tf.identity_n([x, tf.constant(3)])
    y = tf.identity(x) * tf.stop_gradient(x)
    return {"a": a, "b": b, "y": y, "dx": tf.gradients(y, x)[0]}


def placeholder_shapes(tf):
    return {
        "unknown": tf.placeholder(tf.float32).shape,
        "vector": tf.placeholder(tf.float32, shape=5).shape,
        "scalar": tf.placeholder(tf.int32, shape=()).shape,
        "partial": tf.placeholder(tf.string, shape=[None, 2]).shape,
    }


def placeholder_default(tf):
    x = tf.placeholder_with_default(tf.constant([[1.0, 2.0]]), [None, 2], name="x")
    y = x * x
    grad = tf.gradients(y, x)[0]
    return {"y": y, "grad": grad, "feed": [{}, {x: [[3.0, 4.0], [5.0, 6.0]]}]}


def sparse_placeholder(tf):
    x = tf.sparse_placeholder(tf.float32, name="x")
    y = tf.sparse_placeholder(tf.int64, shape=[2, 3])
    z = tf.sparse_placeholder(tf.int64, shape=[None, 3], name="z")
    return {"x": x.get_shape(), "y": y.get_shape(), "z": z.get_shape()}


def fills(tf):
    n = tf.placeholder(tf.int32, [], name="n")
    return {
        "zeros": tf.zeros([2, 3]),
        "zeros_int": tf.zeros([2], dtype=tf.int64),
        "zeros_bool": tf.zeros([2], tf.bool),
        "zeros_string": tf.zeros([2], tf.string),
        "zeros_scalar": tf.zeros([]),
        "zeros_number": tf.zeros(3),
        "zeros_shape": tf.zeros(tf.TensorShape([2, 1])),
        "zeros_array": tf.zeros(np.array([2, 2])),
        "ones": tf.ones([2], name="units"),
        "ones_bool": tf.ones([2], tf.bool),
        "large": tf.reduce_sum(tf.ones([40, 30])),
        "with_tensor": tf.zeros([n, 2]),
        "behind": tf.zeros([2, n]),
        "alone": tf.ones([n]),
        "scalar_tensor": tf.ones(n),
        "several": tf.ones((n, n, 2), tf.int32),
        "fill": tf.fill([n, 2], 7.0),
        "fill_string": tf.fill([2], "a"),
        "feed": {n: 2},
    }


def likes(tf):
    x, s = _x(tf), tf.constant([[1, 2], [3, 4]])
    unknown = tf.placeholder(tf.float32, name="unknown")
    return {
        "zeros": tf.zeros_like(x),
        "zeros_int": tf.zeros_like(x, dtype=tf.int32),
        "zeros_static": tf.zeros_like(s),
        "zeros_kept": tf.zeros_like(s, optimize=False),
        "ones": tf.ones_like(x),
        "ones_static": tf.ones_like(s, tf.float32),
        "ones_large": tf.reduce_sum(tf.ones_like(tf.zeros([40, 30]))),
        "ones_unknown": tf.ones_like(unknown),
        "feed": {x: _numbers(2, 3), unknown: [1.0]},
    }


def fill_gradient(tf):
    value = tf.constant(2.0)
    y = tf.fill([2, 3], value) * tf.constant(_numbers(2, 3))
    return {"grad": tf.gradients(y, value)[0]}


def shape_functions(tf):
    x, unknown = _x(tf), tf.placeholder(tf.float32, name="unknown")
    static = tf.constant(_numbers(2, 3))
    a, b = tf.shape_n([x, static])
    return {
        "shape": tf.shape(x),
        "shape64": tf.shape(x, out_type=tf.int64),
        "shape_static": tf.shape(static),
        "shape_unknown": tf.shape(unknown),
        "size": tf.size(x),
        "size_static": tf.size(static),
        "rank": tf.rank(x),
        "rank_unknown": tf.rank(unknown),
        "a": a,
        "b": b,
        "feed": {x: _numbers(4, 3), unknown: _numbers(1, 2, 1)},
    }


def reshape_shapes(tf):
    x = _x(tf)
    n = tf.shape(x)[0]
    unknown = tf.placeholder(tf.float32, name="unknown")
    return {
        "flat": tf.reshape(x, [-1]),
        "pairs": tf.reshape(x, [-1, 3, 1]),
        "kept": tf.reshape(x, [n, 3]),
        "packed": tf.reshape(x, tf.stack([n, -1])),
        "of_shape": tf.reshape(x, tf.shape(x)),
        "of_concat": tf.reshape(x, tf.concat([tf.shape(x), [1]], 0)),
        "of_slice": tf.reshape(x, tf.concat([tf.shape(x)[1:], [-1]], 0)),
        "of_unknown": tf.reshape(unknown, [2, 3]),
        "to_unknown": tf.reshape(x, tf.shape(unknown)),
        "static": tf.reshape(tf.zeros([4, 6]), [3, -1]),
        "empty": tf.reshape(tf.zeros([0, 6]), [-1, 3]),
        "strings": tf.reshape(tf.constant([b"a", b"b"]), [2, 1]),
        "feed": {x: _numbers(2, 3), unknown: _numbers(2, 3)},
    }


def reshape_gradients(tf):
    x, static = _x(tf), tf.constant(_numbers(2, 3))
    y = tf.reshape(x, [-1]) ** 3
    dx = tf.gradients(y, x)[0]
    return {
        "dx": dx,
        "ddx": tf.gradients(dx, x)[0],
        "static": tf.gradients(tf.reshape(static, [3, 2]) * 2.0, static)[0],
        "feed": {x: _numbers(2, 3)},
    }


def reshape_size_error(tf):
    return {"y": tf.reshape(tf.zeros([2, 3]), [4, 2])}


def reshape_run_error(tf):
    x = tf.placeholder(tf.float32, name="x")
    return {"y": tf.reshape(x, [4, 2]), "feed": {x: _numbers(2, 3)}}


def reshape_two_unknown_error(tf):
    x = _x(tf)
    return {"y": tf.reshape(x, [-1, -1]), "feed": {x: _numbers(2, 3)}}


def unfed_placeholder_error(tf):
    return {"y": tf.placeholder(tf.float32, [2], name="x") + 1.0}


def wrong_feed_shape_error(tf):
    x = _x(tf)
    return {"y": x + 1.0, "feed": {x: _numbers(3, 2)}}


def expand_and_squeeze(tf):
    x, unknown = _x(tf), tf.placeholder(tf.float32, name="unknown")
    axis = tf.placeholder(tf.int32, [], name="axis")
    wide = tf.placeholder(tf.float32, [1, None, 1, 2], name="wide")
    return {
        "first": tf.expand_dims(x, 0),
        "last": tf.expand_dims(x, -1),
        "old_name": tf.expand_dims(x, dim=1),
        "varying": tf.expand_dims(x, axis),
        "unknown": tf.expand_dims(unknown, 0),
        "squeeze": tf.squeeze(tf.expand_dims(x, 1), [1]),
        "squeeze_int": tf.squeeze(wide, 0),
        "squeeze_two": tf.squeeze(wide, axis=[0, -2]),
        "squeeze_dims": tf.squeeze(wide, squeeze_dims=[2]),
        "squeeze_all": tf.squeeze(tf.zeros([1, 2, 1])),
        "squeeze_partial": tf.squeeze(wide),
        "strings": tf.expand_dims(tf.constant(["a"]), 0),
        "feed": {x: _numbers(2, 3), axis: 1, wide: _numbers(1, 2, 1, 2), unknown: 1.0},
    }


def expand_and_squeeze_gradients(tf):
    x = _x(tf)
    y = tf.squeeze(tf.expand_dims(x, 1) ** 2, [1])
    return {"dx": tf.gradients(y, x)[0], "feed": {x: _numbers(2, 3)}}


def squeeze_error(tf):
    return {"y": tf.squeeze(tf.zeros([2, 3]), [0])}


def expand_dims_error(tf):
    return {"y": tf.expand_dims(tf.zeros([2, 3]), 4)}


def broadcasts(tf):
    x = _x(tf, [None, 1])
    y = tf.broadcast_to(x, [2, 2, 3])
    return {
        "y": y,
        "dx": tf.gradients(y * y, x)[0],
        "dynamic": tf.broadcast_dynamic_shape(tf.shape(x), tf.constant([4, 2, 3])),
        "static": tf.broadcast_static_shape(tf.TensorShape([None, 1]), tf.TensorShape([4, 2, 3])),
        "feed": {x: _numbers(2, 1)},
    }


def broadcast_static_error(tf):
    return {"y": tf.broadcast_static_shape(tf.TensorShape([3]), tf.TensorShape([4]))}


def ensured_shape(tf):
    x = tf.placeholder(tf.float32, name="x")
    y = tf.ensure_shape(x, [None, 3])
    return {"y": y, "dx": tf.gradients(y * 2.0, x)[0], "feed": {x: _numbers(2, 3)}}


def ensured_shape_error(tf):
    x = tf.placeholder(tf.float32, name="x")
    return {"y": tf.ensure_shape(x, [None, 2]), "feed": {x: _numbers(2, 3)}}


def bitcasts(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    return {
        "same": tf.bitcast(x, tf.int32),
        "narrow": tf.bitcast(x, tf.uint8),
        "wide": tf.bitcast(x, tf.int64),
    }
