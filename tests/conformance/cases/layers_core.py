"""tf.layers: dense, dropout, flatten; names, scopes, reuse, regularizers."""

import numpy as np


def _values(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape).astype(np.float32)


def dense(tf):
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    h = tf.layers.dense(x, 4, activation=tf.nn.relu)
    y = tf.layers.dense(h, 2)
    gradients = tf.gradients(y, tf.trainable_variables())
    return {"y": y, "gradients": gradients, "feed": {x: _values(5, 3)}}


def dense_arguments(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.layers.dense(
        x,
        4,
        tf.nn.tanh,
        True,
        tf.truncated_normal_initializer(stddev=0.1, seed=3),
        tf.constant_initializer(0.5),
        name="hidden",
    )
    z = tf.layers.dense(y, 1, use_bias=False, kernel_initializer=tf.ones_initializer(), name="out")
    return {"y": y, "z": z, "feed": {x: _values(2, 3)}}


def dense_reuse(tf):
    x = tf.ones([2, 3])
    with tf.variable_scope("net"):
        a = tf.layers.dense(x, 2, name="fc", kernel_initializer=tf.ones_initializer())
    with tf.variable_scope("net", reuse=True):
        b = tf.layers.dense(x, 2, name="fc")
    c = tf.layers.dense(a, 2, name="other", kernel_initializer=tf.zeros_initializer())
    d = tf.layers.dense(b, 2, name="other", reuse=True)
    return {"a": a, "b": b, "c": c, "d": d, "names": [v.name for v in tf.global_variables()]}


def dense_sequences(tf):
    x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
    y = tf.layers.dense(x, 2, kernel_initializer=tf.ones_initializer())
    return {"y": y, "dx": tf.gradients(y, x), "feed": {x: _values(2, 5, 3)}}


def dense_object(tf):
    layer = tf.layers.Dense(2, kernel_initializer=tf.ones_initializer(), name="projection")
    a, b = layer(tf.ones([2, 3])), layer(tf.zeros([1, 3]))
    other = tf.layers.Dense(1, kernel_initializer=tf.ones_initializer())
    c = other.apply(a)
    return {
        "a": a,
        "b": b,
        "c": c,
        "names": [layer.name, other.name, layer.scope_name],
        "weights": [v.name for v in layer.trainable_weights + other.variables],
        "count": other.count_params(),
        "dtype": layer.dtype,
    }


def dense_within_scopes(tf):
    x = tf.ones([2, 3])
    with tf.name_scope("names"):
        a = tf.layers.dense(x, 1, kernel_initializer=tf.ones_initializer())
    with tf.variable_scope("variables", initializer=tf.zeros_initializer()):
        b = tf.layers.dense(x, 1)
        c = tf.layers.dense(b, 1)
    return {"a": a, "b": b, "c": c}


def dense_regularized(tf):
    def l2(weights):
        return 0.5 * tf.reduce_sum(tf.square(weights))

    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.layers.dense(
        x,
        2,
        kernel_initializer=tf.ones_initializer(),
        kernel_regularizer=l2,
        bias_regularizer=l2,
        activity_regularizer=l2,
        name="fc",
    )
    again = tf.layers.dense(x, 2, kernel_regularizer=l2, name="fc", reuse=True)
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    return {"y": y, "again": again, "losses": losses, "feed": {x: _values(2, 3)}}


def dense_constrained(tf):
    y = tf.layers.dense(
        tf.ones([1, 2]), 2, kernel_initializer=tf.ones_initializer(), kernel_constraint=tf.nn.relu
    )
    return {"y": y, "count": len(tf.trainable_variables())}


def dense_not_trainable(tf):
    y = tf.layers.dense(
        tf.ones([1, 2]),
        2,
        tf.identity,
        trainable=False,
        bias_initializer=tf.ones_initializer(),
        kernel_initializer=tf.ones_initializer(),
    )
    return {"y": y, "count": len(tf.trainable_variables())}


def dense_float64(tf):
    x = tf.constant(np.ones((2, 3)))
    return {"y": tf.layers.dense(x, 1, kernel_initializer=tf.ones_initializer())}


def dense_unknown_width_error(tf):
    return {"y": tf.layers.dense(tf.placeholder(tf.float32, [2, None]), 2)}


def dense_rank_error(tf):
    return {"y": tf.layers.dense(tf.ones([2]), 2)}


def dense_existing_error(tf):
    tf.layers.dense(tf.ones([2, 2]), 2, name="fc")
    return {"y": tf.layers.dense(tf.ones([2, 3]), 2, name="fc")}


def dropout(tf):
    x = tf.ones([4, 3])
    training = tf.placeholder(tf.bool, name="training")
    return {
        "on": tf.layers.dropout(x, 0.4, seed=1, training=True),
        "off": tf.layers.dropout(x, 0.4),
        "either": tf.layers.dropout(x, rate=0.5, seed=2, training=training, name="d"),
        "rows": tf.layers.dropout(x, 0.5, noise_shape=[None, 1], seed=3, training=True),
        "feed": [{training: True}, {training: False}],
    }


def flatten(tf):
    x = tf.placeholder(tf.float32, [None, 2, 3])
    known = tf.layers.flatten(tf.ones([2, 3, 4]))
    unknown = tf.layers.Flatten()(tf.placeholder_with_default(tf.ones([2, 2, 2]), [2, None, 2]))
    first = tf.layers.flatten(x, data_format="channels_first")
    return {
        "x": tf.layers.flatten(x, name="flat"),
        "known": known,
        "unknown": unknown,
        "first": first,
        "vector": tf.layers.flatten(tf.ones([3])),
        "feed": {x: _values(2, 2, 3)},
    }


def own_layer(tf):
    class Scale(tf.layers.Layer):
        def build(self, input_shape):
            size = input_shape[-1].value
            self.factor = self.add_weight("factor", [size], initializer=tf.ones_initializer())
            self.count = self.add_variable("count", [], tf.int32, trainable=False)
            self.built = True

        def call(self, inputs):
            self.add_loss(tf.reduce_sum(self.factor), inputs=True)
            return inputs * self.factor

    layer = Scale(name="scale")
    y = layer(tf.ones([2, 3]))
    return {
        "y": y,
        "losses": tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES),
        "trainable": [v.name for v in layer.trainable_variables],
        "rest": [v.name for v in layer.non_trainable_variables],
    }


def what_depends_on_inputs(tf):
    x, other = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 3])
    norm = tf.layers.BatchNormalization()
    norm.apply(x, training=True)
    dense = tf.layers.Dense(2, activity_regularizer=lambda y: tf.reduce_sum(tf.square(y)))
    dense.apply(x)
    norm.add_update(tf.no_op(name="extra"))
    norm.add_loss(tf.constant(1.0, name="free"))
    asked = [None, x, other, [x, other]]
    return {
        "updates": [[u.name for u in norm.get_updates_for(inputs)] for inputs in asked],
        "losses": [[t.name for t in dense.get_losses_for(inputs)] for inputs in asked],
        "own": [[t.name for t in norm.get_losses_for(inputs)] for inputs in asked],
    }


def losses_of_a_layer(tf):
    """Those of functions are built anew each time they are asked for."""

    def halved(x):
        return 0.5 * tf.reduce_sum(x)

    layer = tf.layers.Dense(
        2,
        kernel_regularizer=halved,
        bias_regularizer=lambda x: None,
        activity_regularizer=halved,
        kernel_initializer=tf.ones_initializer(),
        name="d",
    )
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    y = layer(x)
    layer(2 * x)
    before = layer.losses
    layer.add_loss(tf.reduce_sum(y, name="of_input"), inputs=x)
    layer.add_loss(lambda: tf.reduce_sum(layer.kernel, name="built"))
    losses = layer.losses
    for_x, for_none = layer.get_losses_for(x), layer.get_losses_for(None)
    return {
        "before": before,
        "losses": losses,
        "for": [for_x, for_none],
        "collected": tf.losses.get_regularization_losses(),
    }
