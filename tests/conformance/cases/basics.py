"""Graphs, sessions, variables and scopes, beginning with the lecture decks' first programs."""

import numpy as np


def constants_0d(tf):
    b = tf.constant(1.5, dtype=tf.float32, name="b")
    c = tf.constant(3.0, dtype=tf.float32, name="c")
    d = b + c
    e = c + 2
    a = d * e
    return {"d": d, "e": e, "a": a}


def constants_1d(tf):
    b = tf.constant([1.5, 2, 1, 4.2], dtype=tf.float32, name="b")
    c = tf.constant([3, 1, 5, 10], dtype=tf.float32, name="c")
    d = b + c
    e = c + 2
    return {"d": d, "e": e, "a": d * e}


def constants_2d(tf):
    b = tf.constant([[1.5, 2], [1, 4.2]], dtype=tf.float32, name="b")
    c = tf.constant([[3, 1], [5, 10]], dtype=tf.float32, name="c")
    d = b + c
    e = c + 2
    return {"d": d, "e": e, "a": tf.matmul(d, e)}


def constant_dtypes(tf):
    return {
        "int": tf.constant(3),
        "ints": tf.constant([[1, 2], [3, 4]]),
        "float": tf.constant(3.5),
        "floats": tf.constant([1.0, 2.0]),
        "bool": tf.constant([True, False]),
        "string": tf.constant("text"),
        "strings": tf.constant(["a", "bc"]),
        "numpy64": tf.constant(np.array([1.0, 2.0])),
        "numpy_int8": tf.constant(np.array([1, 2], np.int8)),
        "filled": tf.constant(7.0, shape=[2, 3]),
        "cast": tf.constant([1, 2, 3], dtype=tf.float64),
        "empty": tf.constant([], dtype=tf.float32),
        "complex": tf.constant(1 + 2j),
    }


def constant_names(tf):
    return {
        "first": tf.constant(1),
        "second": tf.constant(2),
        "named": tf.constant(3, name="three"),
        "again": tf.constant(4, name="three"),
    }


def scopes(tf):
    with tf.name_scope("outer"):
        x = tf.constant(1.0, name="x")
        with tf.name_scope("inner") as scope:
            y = tf.add(x, 1.0)
            z = tf.add(x, 2.0, name="z")
    with tf.name_scope("outer"):
        w = tf.multiply(y, z)
    with tf.name_scope(scope):
        v = tf.subtract(w, 1.0)
    with tf.name_scope(None):
        u = tf.negative(v)
    return {"w": w, "v": v, "u": u, "scope": scope}


def placeholders(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.float32)
    total = tf.matmul(x, tf.constant([[1.0], [2.0]])) + y
    feeds = [
        {x: [[1, 2], [3, 4]], y: 0.5},
        {x: np.ones((1, 2)), y: [[1.0, 2.0, 3.0]]},
    ]
    return {"total": total, "x": x, "feed": feeds}


def feed_an_inner_tensor(tf):
    x = tf.constant(2.0)
    y = x * 3.0
    return {"z": y + 1.0, "feed": {y: 10.0}}


def variables(tf):
    v = tf.Variable([1.0, 2.0], name="v")
    w = tf.Variable(tf.zeros([2]), name="w", trainable=False)
    step = tf.assign(w, w + v)
    return {"v": v, "step": step, "op": step.op, "runs": 3}


def get_variable_scopes(tf):
    with tf.variable_scope("layer"):
        a = tf.get_variable("w", [2, 2], initializer=tf.zeros_initializer())
    with tf.variable_scope("layer", reuse=True):
        b = tf.get_variable("w", [2, 2])
    with tf.variable_scope("layer"):
        c = tf.constant(1.0)
    return {"w": a, "same": a is b, "sum": b + c}


def deck_logistic_regression(tf):
    x = tf.constant([[0.5, 1.5], [2.0, -1.0], [1.0, 1.0]], dtype=tf.float32, name="X")
    y = tf.constant([[1.0], [0.0], [1.0]], dtype=tf.float32, name="y")
    beta = tf.Variable(tf.random_uniform([2, 1], -1.0, 1.0, seed=1), name="beta")
    y_pred = tf.nn.softmax(tf.matmul(x, beta), name="predictions")
    cost = tf.reduce_mean(-tf.reduce_sum(y * tf.log(y_pred), reduction_indices=1))
    optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.1)
    training_op = optimizer.minimize(cost)
    return {"cost": cost, "beta": beta, "train": training_op, "runs": 3}


def control_dependencies(tf):
    v = tf.Variable(1.0, name="v", use_resource=False)
    with tf.control_dependencies([tf.assign_add(v, 1.0)]):
        after = tf.identity(v.read_value())
    return {"after": after, "runs": 2}


def mixed_dtypes_error(tf):
    return {"sum": tf.constant(1.0) + tf.constant(1)}


def matmul_shapes_error(tf):
    return {"product": tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))}


def missing_feed_error(tf):
    return {"y": tf.placeholder(tf.float32, [2], name="x") + 1.0}


def division_by_zero_error(tf):
    x = tf.placeholder(tf.int32, [])
    return {"y": tf.constant(3) // x, "feed": {x: 0}}


def session_values(tf):
    """A case may run a session of its own and return plain values."""
    x = tf.constant([1.0, 2.0])
    with tf.Session() as session:
        value = session.run({"a": x, "b": [x[0], x]})
    return {"a": value["a"], "b": value["b"]}
