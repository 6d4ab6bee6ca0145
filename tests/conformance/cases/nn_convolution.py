"""Convolutions of one to three dimensions, their gradients and transposes."""

import numpy as np


def _values(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape).astype(np.float32)


def _with_gradients(tf, function, x_shape, f_shape, known=True):
    x = tf.placeholder(tf.float32, x_shape if known else [None] + list(x_shape[1:]), name="x")
    f = tf.placeholder(tf.float32, f_shape, name="f")
    y = function(x, f)
    dx, df = tf.gradients(y * y, [x, f])
    feed = {x: _values(*x_shape), f: _values(*f_shape)}
    tolerance = {"rtol": 1e-4, "atol": 2e-5, "reason": "sums of products in another order"}
    return {"y": y, "dx": dx, "df": df, "feed": feed, "tolerance": tolerance}


def conv2d_same(tf):
    return _with_gradients(
        tf, lambda x, f: tf.nn.conv2d(x, f, [1, 1, 1, 1], "SAME"), [2, 5, 6, 3], [3, 3, 3, 4]
    )


def conv2d_valid(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.conv2d(x, f, [1, 1, 1, 1], "VALID", name="c"),
        [2, 5, 6, 3],
        [3, 2, 3, 4],
    )


def conv2d_strides(tf):
    """SAME pads more after than before."""
    return _with_gradients(
        tf, lambda x, f: tf.nn.conv2d(x, f, [1, 2, 2, 1], "SAME"), [2, 6, 8, 3], [3, 3, 3, 4], False
    )


def conv2d_even_window(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.conv2d(x, filters=f, strides=1, padding="SAME"),
        [1, 5, 5, 2],
        [2, 4, 2, 3],
    )


def conv2d_stride_beyond_window(tf):
    return _with_gradients(
        tf, lambda x, f: tf.nn.conv2d(x, f, strides=3, padding="SAME"), [1, 7, 7, 2], [1, 2, 2, 3]
    )


def conv2d_second_derivatives(tf):
    x = tf.placeholder(tf.float32, [1, 4, 4, 2], name="x")
    f = tf.placeholder(tf.float32, [3, 3, 2, 2], name="f")
    y = tf.nn.conv2d(x, f, [1, 1, 1, 1], "SAME")
    dx, df = tf.gradients(y, [x, f], grad_ys=y)
    second = tf.gradients([tf.reduce_sum(dx * dx), tf.reduce_sum(df * df)], [x, f])
    feed = {x: _values(1, 4, 4, 2), f: _values(3, 3, 2, 2)}
    tolerance = {"rtol": 1e-4, "atol": 1e-4, "reason": "sums of products in another order"}
    return {"second": second, "feed": feed, "tolerance": tolerance}


def conv2d_unknown_sizes(tf):
    x = tf.placeholder(tf.float32, [None, None, None, 3], name="x")
    f = tf.constant(_values(3, 3, 3, 2))
    same = tf.nn.conv2d(x, f, [1, 2, 2, 1], "SAME")
    valid = tf.nn.conv2d(x, f, [1, 1, 1, 1], "VALID")
    return {
        "same": same,
        "valid": valid,
        "dx": tf.gradients(same, x),
        "feed": {x: _values(1, 5, 4, 3)},
    }


def conv2d_depth_error(tf):
    return {"y": tf.nn.conv2d(tf.ones([1, 4, 4, 3]), tf.ones([3, 3, 2, 2]), [1, 1, 1, 1], "SAME")}


def conv2d_size_error(tf):
    return {"y": tf.nn.conv2d(tf.ones([1, 2, 2, 3]), tf.ones([3, 3, 3, 2]), [1, 1, 1, 1], "VALID")}


def conv2d_channels_first_shapes(tf):
    """The graph alone: this machine's TensorFlow has no such kernel."""
    x = tf.placeholder(tf.float32, [None, 3, 8, 6], name="x")
    f = tf.ones([3, 3, 3, 4])
    y = tf.nn.conv2d(x, f, [1, 1, 2, 2], "SAME", data_format="NCHW")
    explicit = tf.nn.conv2d(x, f, 1, [[0, 0], [0, 0], [1, 2], [0, 1]], data_format="NCHW")
    return {
        "y": str(y.shape),
        "explicit": str(explicit.shape),
        "dx": str(tf.gradients(y, x)[0].shape),
    }


def conv2d_backprops(tf):
    x, f, dy = _values(1, 4, 4, 2), _values(2, 2, 2, 3), _values(1, 4, 4, 3)
    strides = [1, 1, 1, 1]
    return {
        "dx": tf.nn.conv2d_backprop_input([1, 4, 4, 2], f, dy, strides, "SAME"),
        "df": tf.nn.conv2d_backprop_filter(x, [2, 2, 2, 3], dy, strides, "SAME"),
        "tolerance": {"rtol": 1e-4, "atol": 1e-5, "reason": "sums in another order"},
    }


def conv2d_transpose(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.conv2d_transpose(x, f, [2, 6, 8, 5], [1, 2, 2, 1]),
        [2, 3, 4, 3],
        [3, 3, 5, 3],
    )


def conv2d_transpose_dynamic(tf):
    x = tf.placeholder(tf.float32, [None, 3, 4, 3], name="x")
    f = tf.constant(_values(3, 3, 2, 3))
    shape = tf.stack([tf.shape(x)[0], 7, 9, 2])
    y = tf.nn.conv2d_transpose(x, f, shape, strides=2, padding="VALID", name="up")
    tolerance = {"rtol": 1e-4, "atol": 1e-5, "reason": "sums in another order"}
    return {
        "y": y,
        "dx": tf.gradients(y, x),
        "feed": {x: _values(2, 3, 4, 3)},
        "tolerance": tolerance,
    }


def conv3d(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.conv3d(x, f, [1, 2, 1, 2, 1], "SAME"),
        [2, 3, 4, 4, 2],
        [2, 3, 3, 2, 3],
    )


def conv3d_transpose(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.conv3d_transpose(x, f, [1, 4, 4, 4, 2], [1, 2, 2, 2, 1]),
        [1, 2, 2, 2, 3],
        [3, 3, 3, 2, 3],
    )


def conv1d(tf):
    return _with_gradients(
        tf, lambda x, f: tf.nn.conv1d(x, f, stride=2, padding="SAME"), [2, 7, 3], [3, 3, 4], False
    )


def conv1d_transpose(tf):
    return _with_gradients(
        tf, lambda x, f: tf.nn.conv1d_transpose(x, f, [2, 8, 5], 2), [2, 4, 3], [3, 5, 3]
    )


def convolution_dilated(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.convolution(x, f, "SAME", dilation_rate=[2, 1]),
        [2, 6, 5, 2],
        [3, 3, 2, 3],
    )


def convolution_plain(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.convolution(x, f, "VALID", strides=[2, 2]),
        [2, 6, 5, 2],
        [3, 3, 2, 3],
    )


def convolution_dilated_dynamic(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.convolution(x, f, "VALID", dilation_rate=[2]),
        [2, 9, 2],
        [3, 2, 3],
        False,
    )


def atrous_conv2d(tf):
    return _with_gradients(
        tf, lambda x, f: tf.nn.atrous_conv2d(x, f, 2, "SAME"), [1, 7, 7, 2], [3, 3, 2, 3]
    )


def atrous_conv2d_transpose(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.atrous_conv2d_transpose(x, f, [1, 6, 6, 3], 2, "SAME"),
        [1, 6, 6, 2],
        [3, 3, 3, 2],
    )


def depthwise_conv2d(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.depthwise_conv2d(x, f, [1, 1, 1, 1], "SAME"),
        [2, 5, 6, 3],
        [3, 3, 3, 2],
    )


def depthwise_conv2d_rate(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.depthwise_conv2d(x, f, [1, 1, 1, 1], "SAME", rate=[2, 2]),
        [1, 6, 6, 2],
        [3, 3, 2, 2],
    )


def depthwise_strides(tf):
    return _with_gradients(
        tf,
        lambda x, f: tf.nn.depthwise_conv2d(x, f, [1, 2, 2, 1], "VALID"),
        [1, 6, 7, 2],
        [3, 3, 2, 1],
    )


def separable_conv2d(tf):
    x = tf.placeholder(tf.float32, [None, 5, 5, 2])
    depthwise, pointwise = tf.constant(_values(3, 3, 2, 2)), tf.constant(_values(1, 1, 4, 3))
    y = tf.nn.separable_conv2d(x, depthwise, pointwise, [1, 2, 2, 1], "SAME")
    gradients = tf.gradients(y, [x, depthwise, pointwise])
    tolerance = {"rtol": 1e-4, "atol": 1e-5, "reason": "sums in another order"}
    return {
        "y": y,
        "gradients": gradients,
        "feed": {x: _values(2, 5, 5, 2)},
        "tolerance": tolerance,
    }


def dilation2d(tf):
    x = tf.placeholder(tf.float32, [2, 5, 5, 2])
    f = tf.constant(_values(2, 3, 2))
    y = tf.nn.dilation2d(x, f, [1, 1, 1, 1], [1, 2, 1, 1], "SAME")
    eroded = tf.nn.erosion2d(x, f, [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
    return {
        "y": y,
        "eroded": eroded,
        "grads": tf.gradients(y * y, [x, f]),
        "feed": {x: _values(2, 5, 5, 2)},
    }
