"""tf.contrib.framework: wanted shapes, conditions known early, variables that are not trained."""


def wanted_shapes(tf):
    framework = tf.contrib.framework
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    shape = tf.placeholder(tf.int32, [2], name="shape")
    known = tf.constant([[1.0, 2.0]], name="known")
    return {
        "later": framework.with_shape([3, 2], x),
        "given": framework.with_shape(shape, x),
        "known": framework.with_shape((1, 2), known),
        "scalar": framework.with_shape([], tf.constant([5.0], name="one")),
        "same": framework.with_same_shape(tf.zeros([3, 2]), x),
        "same_later": framework.with_same_shape(x, tf.identity(x, name="y")),
        "feed": {x: [[1, 2], [3, 4], [5, 6]], shape: [3, 2]},
    }


def another_shape_than_wanted_error(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    return {"y": tf.contrib.framework.with_shape([3, 2], x), "feed": {x: [[1, 2]]}}


def another_known_shape_than_wanted_error(tf):
    return tf.contrib.framework.with_shape([3, 2], tf.zeros([2, 3]))


def a_wanted_shape_of_floats_error(tf):
    return tf.contrib.framework.with_shape([3.0, 2.0], tf.zeros([3, 2]))


def known_conditions(tf):
    framework = tf.contrib.framework
    x = tf.constant(2.0)
    fed = tf.placeholder(tf.bool, [], name="fed")
    return {
        "true": framework.smart_cond(True, lambda: x + 1.0, lambda: x - 1.0),
        "constant": framework.smart_cond(tf.constant(False), lambda: x + 1.0, lambda: x * 3.0),
        "fed": framework.smart_cond(fed, lambda: x + 5.0, lambda: x - 5.0, name="both"),
        "value": framework.smart_constant_value(1),
        "feed": {fed: True},
    }


def a_condition_without_functions_error(tf):
    return tf.contrib.framework.smart_cond(True, tf.constant(1.0), lambda: 2.0)


def untrained_variables(tf):
    framework = tf.contrib.framework
    with tf.name_scope("outer"):
        local = framework.local_variable([1.0, 2.0], name="local")
        kept = framework.global_variable(3, name="kept")
        scope = framework.get_name_scope()
    return {
        "local": local,
        "kept": kept,
        "scope": scope,
        "locals": [v.name for v in tf.local_variables()],
        "globals": [v.name for v in tf.global_variables()],
        "trained": len(tf.trainable_variables()),
    }


def sums(tf):
    framework = tf.contrib.framework
    a, b = tf.constant([1.0, 2.0], name="a"), tf.constant([[3.0]], name="b")
    return {"both": framework.reduce_sum_n([a, b]), "one": framework.reduce_sum_n([a], name="n")}


def sums_of_nothing_error(tf):
    return tf.contrib.framework.reduce_sum_n([])


def whole_scalars(tf):
    return {"x": tf.contrib.framework.assert_scalar_int(tf.constant(3))}


def fractional_scalars_error(tf):
    return tf.contrib.framework.assert_scalar_int(tf.constant(3.5))


def squeezed(tf):
    squeeze = tf.contrib.framework.remove_squeezable_dimensions
    return {"pair": squeeze(tf.zeros([3, 1]), tf.zeros([3])), "same": squeeze([1.0], [2.0])}
