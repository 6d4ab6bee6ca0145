"""tf.contrib.layers: names, scopes, collections, argument scopes, regularizers."""

import numpy as np

TOLERANCE = {"rtol": 1e-4, "atol": 5e-5, "reason": "sums of products in another order"}


def _values(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape).astype(np.float32)


def _applied(tf, function, *shape):
    tf.set_random_seed(4)
    x = tf.placeholder(tf.float32, [None] + list(shape[1:]), name="x")
    y = function(x)
    gradients = tf.gradients(y * y, [x] + tf.trainable_variables())
    return {
        "y": y,
        "gradients": gradients,
        "names": [v.name for v in tf.global_variables()],
        "model": [v.name for v in tf.get_collection(tf.GraphKeys.MODEL_VARIABLES)],
        "updates": [u.name for u in tf.get_collection(tf.GraphKeys.UPDATE_OPS)],
        "feed": {x: _values(*shape)},
        "tolerance": TOLERANCE,
    }


def fully_connected(tf):
    layers = tf.contrib.layers
    return _applied(
        tf,
        lambda x: layers.fully_connected(layers.fully_connected(x, 4), 2, activation_fn=None),
        3,
        5,
    )


def fully_connected_arguments(tf):
    layers = tf.contrib.layers
    return _applied(
        tf,
        lambda x: layers.fully_connected(
            x,
            4,
            tf.nn.tanh,
            weights_initializer=layers.variance_scaling_initializer(seed=2),
            weights_regularizer=layers.l2_regularizer(0.1),
            biases_initializer=None,
            scope="fc",
        ),
        3,
        5,
    )


def fully_connected_normalized(tf):
    layers = tf.contrib.layers
    return _applied(
        tf,
        lambda x: layers.fully_connected(
            x, 3, normalizer_fn=layers.layer_norm, normalizer_params={"center": False}
        ),
        3,
        5,
    )


def linear_and_others(tf):
    layers = tf.contrib.layers
    return _applied(tf, lambda x: layers.relu6(layers.elu(layers.linear(x, 3), 3), 2), 3, 5)


def convolutions(tf):
    layers = tf.contrib.layers

    def net(x):
        x = layers.conv2d(x, 3, 3, scope="conv1")
        x = layers.max_pool2d(x, [2, 2], scope="pool1")
        x = layers.conv2d(x, 2, [3, 3], stride=2, padding="VALID")
        return layers.flatten(x)

    return _applied(tf, net, 2, 10, 10, 2)


def convolution_of_sequences(tf):
    layers = tf.contrib.layers
    return _applied(tf, lambda x: layers.conv1d(x, 3, 3, activation_fn=None), 2, 6, 2)


def convolution_transposed(tf):
    layers = tf.contrib.layers
    return _applied(
        tf, lambda x: layers.avg_pool2d(layers.conv2d_transpose(x, 3, [3, 3], 2), 3, 1), 1, 3, 4, 2
    )


def reuse(tf):
    layers = tf.contrib.layers
    x = tf.ones([2, 3])
    a = layers.fully_connected(x, 2, weights_initializer=tf.ones_initializer(), scope="fc")
    b = layers.fully_connected(x, 2, scope="fc", reuse=True)
    return {"a": a, "b": b, "count": len(tf.global_variables())}


def argument_scopes(tf):
    layers, framework = tf.contrib.layers, tf.contrib.framework
    x = tf.ones([2, 3])
    ones = tf.ones_initializer()
    with framework.arg_scope(
        [layers.fully_connected], weights_initializer=ones, activation_fn=None
    ) as scope:
        a = layers.fully_connected(x, 2)
        with framework.arg_scope([layers.fully_connected], activation_fn=tf.nn.tanh):
            b = layers.fully_connected(a, 2)
            c = layers.fully_connected(b, 2, activation_fn=tf.nn.sigmoid)
    with framework.arg_scope(scope):
        d = layers.fully_connected(c, 1)

    @framework.add_arg_scope
    def own(value, factor=2):
        return value * factor

    with framework.arg_scope([own], factor=5):
        e = own(3)
    return {"a": a, "b": b, "c": c, "d": d, "e": e, "plain": own(3)}


def batch_norm(tf):
    return _applied(tf, lambda x: tf.contrib.layers.batch_norm(x), 6, 3)


def batch_norm_images(tf):
    return _applied(
        tf, lambda x: tf.contrib.layers.batch_norm(x, scale=True, decay=0.9, scope="bn"), 2, 3, 3, 2
    )


def batch_norm_at_once(tf):
    return _applied(
        tf,
        lambda x: tf.contrib.layers.batch_norm(
            x, updates_collections=None, activation_fn=tf.nn.relu
        ),
        6,
        3,
    )


def batch_norm_inference(tf):
    return _applied(tf, lambda x: tf.contrib.layers.batch_norm(x, is_training=False), 6, 3)


def batch_norm_sequences(tf):
    return _applied(
        tf, lambda x: tf.contrib.layers.batch_norm(x, center=False, scale=True), 2, 4, 3
    )


def batch_norm_weighted(tf):
    weights = [1.0, 2.0, 0.5]
    return _applied(tf, lambda x: tf.contrib.layers.batch_norm(x, batch_weights=weights), 3, 2)


def batch_norm_either(tf):
    x = tf.placeholder(tf.float32, [None, 3])
    training = tf.placeholder(tf.bool, [])
    y = tf.contrib.layers.batch_norm(x, decay=0.5, is_training=training, updates_collections=None)
    result = {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for i, mode in enumerate([True, False, True]):
            result["y%d" % i] = session.run(y, {x: _values(6, 3) + i, training: mode})
        result["averages"] = session.run(tf.get_collection(tf.GraphKeys.MODEL_VARIABLES))
    result["tolerance"] = TOLERANCE
    return result


def layer_norm(tf):
    return _applied(tf, lambda x: tf.contrib.layers.layer_norm(x, activation_fn=tf.nn.tanh), 3, 4)


def layer_norm_axes(tf):
    return _applied(
        tf, lambda x: tf.contrib.layers.layer_norm(x, begin_norm_axis=2, scope="ln"), 2, 3, 4
    )


def dropout(tf):
    x = tf.ones([3, 4])
    training = tf.placeholder(tf.bool, [])
    layers = tf.contrib.layers
    return {
        "on": layers.dropout(x, 0.6, seed=1),
        "off": layers.dropout(x, is_training=False),
        "either": layers.dropout(x, keep_prob=0.5, is_training=training, seed=2, scope="d"),
        "feed": [{training: True}, {training: False}],
    }


def encodings(tf):
    layers = tf.contrib.layers
    logits = tf.constant(_values(2, 3, 4))
    return {
        "onehot": layers.one_hot_encoding([1, 0, 2], 3),
        "flat": layers.flatten(logits, outputs_collections="ends"),
        "softmax": layers.softmax(logits),
        "bias": layers.bias_add(logits, tf.nn.relu, tf.ones_initializer()),
        "collected": [t.name for t in tf.get_collection("ends")],
    }


def embed_sequence(tf):
    ids = tf.placeholder(tf.int32, [None, 3])
    layers = tf.contrib.layers
    rows = layers.embed_sequence(
        ids, 5, 2, initializer=tf.constant_initializer(_values(5, 2)), scope="e"
    )
    unique = layers.embed_sequence(ids, 5, 2, unique=True, scope="e", reuse=True)
    return {"rows": rows, "unique": unique, "feed": {ids: [[1, 1, 4], [0, 1, 2]]}}


def stacks(tf):
    layers = tf.contrib.layers
    return _applied(
        tf,
        lambda x: layers.repeat(
            layers.stack(x, layers.fully_connected, [4, 3], scope="s"), 2, layers.linear, 2
        ),
        3,
        5,
    )


def initializers(tf):
    layers = tf.contrib.layers
    tf.set_random_seed(9)
    return {
        "xavier": tf.get_variable("a", [4, 3], initializer=layers.xavier_initializer()),
        "seeded": tf.get_variable("b", [3], initializer=layers.xavier_initializer(seed=1)),
        "normal": tf.get_variable("c", [2, 2, 3, 4], initializer=layers.xavier_initializer(False)),
        "scaled": tf.get_variable("d", [3, 4], initializer=layers.variance_scaling_initializer()),
        "conv": layers.xavier_initializer_conv2d(seed=2)([3, 3, 1, 2]),
    }


def initializer_mode_error(tf):
    return {"x": tf.contrib.layers.variance_scaling_initializer(mode="OTHER")([2, 2])}


def regularizers(tf):
    layers = tf.contrib.layers
    w = tf.get_variable("w", initializer=_values(2, 3), regularizer=layers.l2_regularizer(0.1))
    v = tf.constant([1.0, -2.0])
    return {
        "collected": tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES),
        "l1": layers.l1_regularizer(0.5)(v),
        "both": layers.l1_l2_regularizer(0.1, 0.2)(v),
        "one": layers.l1_l2_regularizer(0.0, 0.2)(v),
        "off": layers.l2_regularizer(0.0)(v) is None,
        "applied": layers.apply_regularization(layers.l2_regularizer(1.0), [w, v]),
    }


def regularizer_scale_error(tf):
    return {"x": tf.contrib.layers.l2_regularizer(1)}
