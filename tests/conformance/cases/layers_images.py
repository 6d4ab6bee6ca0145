"""tf.layers: convolution, pooling and batch normalization."""

import numpy as np

TOLERANCE = {"rtol": 1e-4, "atol": 2e-5, "reason": "sums of products in another order"}


def _values(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape).astype(np.float32)


def _applied(tf, function, *shape):
    """The function of a batch of unknown size, its gradients, and the variables' names."""
    tf.set_random_seed(4)
    x = tf.placeholder(tf.float32, [None] + list(shape[1:]), name="x")
    y = function(x)
    gradients = tf.gradients(y * y, [x] + tf.trainable_variables())
    names = [v.name for v in tf.global_variables()]
    return {
        "y": y,
        "gradients": gradients,
        "names": names,
        "feed": {x: _values(*shape)},
        "tolerance": TOLERANCE,
    }


def conv2d(tf):
    return _applied(
        tf, lambda x: tf.layers.conv2d(x, 4, 3, padding="same", activation=tf.nn.relu), 2, 5, 5, 3
    )


def conv2d_arguments(tf):
    return _applied(
        tf,
        lambda x: tf.layers.conv2d(x, 2, (2, 3), (2, 1), use_bias=False, name="c"),
        2,
        5,
        6,
        3,
    )


def conv2d_twice(tf):
    def net(x):
        x = tf.layers.conv2d(inputs=x, filters=3, kernel_size=[3, 3])
        return tf.layers.conv2d(inputs=x, filters=2, kernel_size=[2, 2], strides=2)

    return _applied(tf, net, 1, 6, 6, 2)


def conv2d_dilated(tf):
    return _applied(
        tf, lambda x: tf.layers.conv2d(x, 2, 3, padding="same", dilation_rate=2), 1, 6, 6, 2
    )


def conv1d(tf):
    return _applied(tf, lambda x: tf.layers.conv1d(x, 4, 3, padding="same"), 2, 7, 3)


def conv1d_strides(tf):
    return _applied(tf, lambda x: tf.layers.conv1d(x, 4, 2, strides=2, name="c"), 2, 7, 3)


def conv3d(tf):
    return _applied(tf, lambda x: tf.layers.conv3d(x, 2, 2, (1, 2, 1)), 1, 4, 4, 4, 2)


def conv2d_transpose(tf):
    return _applied(
        tf, lambda x: tf.layers.conv2d_transpose(x, 3, 3, strides=2, padding="same"), 2, 3, 4, 2
    )


def conv2d_transpose_valid(tf):
    return _applied(
        tf, lambda x: tf.layers.conv2d_transpose(x, 3, 4, strides=(2, 3), name="up"), 1, 3, 3, 2
    )


def conv3d_transpose(tf):
    return _applied(
        tf, lambda x: tf.layers.conv3d_transpose(x, 2, 2, strides=2, padding="same"), 1, 2, 2, 2, 3
    )


def separable_conv2d(tf):
    return _applied(
        tf, lambda x: tf.layers.separable_conv2d(x, 4, 3, depth_multiplier=2), 1, 5, 5, 2
    )


def separable_conv1d(tf):
    return _applied(tf, lambda x: tf.layers.separable_conv1d(x, 4, 3, padding="same"), 2, 6, 2)


def conv2d_regularized(tf):
    def net(x):
        y = tf.layers.conv2d(x, 2, 2, kernel_regularizer=tf.nn.l2_loss, name="c")
        return y + tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))

    return _applied(tf, net, 1, 3, 3, 2)


def conv2d_object(tf):
    layer = tf.layers.Conv2D(2, 2, kernel_initializer=tf.ones_initializer())
    a, b = layer(tf.ones([1, 3, 3, 1])), layer(tf.zeros([1, 4, 4, 1]))
    shape = layer.compute_output_shape([None, 7, 8, 1])
    return {"a": a, "b": b, "shape": str(shape), "name": layer.name}


def conv2d_channels_error(tf):
    return {"y": tf.layers.conv2d(tf.placeholder(tf.float32, [1, 4, 4, None]), 2, 3)}


def conv2d_rank_error(tf):
    return {"y": tf.layers.conv2d(tf.ones([2, 3, 4]), 2, 3)}


def conv2d_padding_error(tf):
    return {"y": tf.layers.conv2d(tf.ones([2, 3, 4, 1]), 2, 3, padding="none")}


def pooling2d(tf):
    x = tf.placeholder(tf.float32, [None, 5, 6, 2])
    return {
        "max": tf.layers.max_pooling2d(x, 2, 2),
        "same": tf.layers.max_pooling2d(x, [2, 3], [2, 2], "same", name="pool"),
        "mean": tf.layers.average_pooling2d(inputs=x, pool_size=(3, 3), strides=1),
        "object": tf.layers.MaxPooling2D(2, 1)(x),
        "feed": {x: _values(2, 5, 6, 2)},
    }


def pooling1d(tf):
    x = tf.placeholder(tf.float32, [None, 7, 2])
    return {
        "max": tf.layers.max_pooling1d(x, 2, 2),
        "mean": tf.layers.average_pooling1d(x, 3, 2, padding="same"),
        "first": tf.layers.max_pooling1d(x, 2, 1, data_format="channels_first"),
        "feed": {x: _values(2, 7, 2)},
    }


def pooling3d(tf):
    x = tf.placeholder(tf.float32, [None, 4, 5, 4, 2])
    return {
        "max": tf.layers.max_pooling3d(x, 2, 2),
        "mean": tf.layers.average_pooling3d(x, 2, 2, padding="same", data_format="channels_first"),
        "feed": {x: _values(1, 4, 5, 4, 2)},
    }


def pooling_strides_error(tf):
    return {"y": tf.layers.max_pooling2d(tf.ones([1, 4, 4, 1]), 2, None)}


def _normalized(tf, function, *shape):
    """Three training steps' worth of updates, and what the averages then are."""
    x = tf.placeholder(tf.float32, [None] + list(shape[1:]), name="x")
    y = function(x)
    gradients = tf.gradients(y * y * y, [x] + tf.trainable_variables())
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    result = {"updates": [u.name for u in updates], "gradients": [g.name for g in gradients]}
    variables = tf.global_variables()
    result["variables"] = [v.name for v in variables]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(3):
            feed = {x: _values(*shape) + step}
            result["y%d" % step], result["g%d" % step], _ = session.run(
                [y, gradients[0], updates], feed
            )
        for variable, value in zip(variables, session.run(variables)):
            result[variable.op.name] = value
    result["tolerance"] = {"rtol": 1e-4, "atol": 5e-5, "reason": "means in another order"}
    return result


def batch_normalization(tf):
    return _normalized(tf, lambda x: tf.layers.batch_normalization(x, training=True), 6, 3)


def batch_normalization_images(tf):
    return _normalized(tf, lambda x: tf.layers.batch_normalization(x, training=True), 2, 3, 4, 2)


def batch_normalization_images_inference(tf):
    return _normalized(tf, lambda x: tf.layers.batch_normalization(x, name="bn"), 2, 3, 4, 2)


def batch_normalization_inference(tf):
    return _normalized(tf, lambda x: tf.layers.batch_normalization(x, training=False), 6, 3)


def batch_normalization_arguments(tf):
    return _normalized(
        tf,
        lambda x: tf.layers.batch_normalization(
            x, 1, 0.9, 1e-2, center=False, training=True, fused=False, trainable=False, name="bn"
        ),
        2,
        3,
        4,
        2,
    )


def batch_normalization_plain_scale(tf):
    return _normalized(
        tf, lambda x: tf.layers.batch_normalization(x, scale=False, training=True), 2, 3, 3, 2
    )


def _either(tf, *shape):
    x = tf.placeholder(tf.float32, [None] + list(shape[1:]), name="x")
    training = tf.placeholder(tf.bool, name="training")
    y = tf.layers.batch_normalization(x, momentum=0.8, training=training)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates):
        total = tf.reduce_sum(y)
    result = {"updates": [u.name for u in updates]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step, mode in enumerate([True, False, True, False]):
            feed = {x: _values(*shape) + step, training: mode}
            result["y%d" % step] = session.run([y, total], feed)[0]
        result["averages"] = session.run([v for v in tf.global_variables() if "moving" in v.name])
    result["tolerance"] = {"rtol": 1e-4, "atol": 5e-5, "reason": "means in another order"}
    return result


def batch_normalization_either(tf):
    return _either(tf, 5, 3)


def batch_normalization_images_either(tf):
    return _either(tf, 2, 3, 3, 2)


def batch_renormalization(tf):
    return _normalized(
        tf,
        lambda x: tf.layers.batch_normalization(
            x, training=True, renorm=True, renorm_clipping={"rmax": 3.0, "rmin": 0.3, "dmax": 5.0}
        ),
        6,
        3,
    )


def batch_normalization_virtual(tf):
    return _normalized(
        tf, lambda x: tf.layers.batch_normalization(x, training=True, virtual_batch_size=2), 6, 3
    )


def batch_normalization_axis_error(tf):
    return {"y": tf.layers.batch_normalization(tf.ones([2, 3]), axis=2)}
