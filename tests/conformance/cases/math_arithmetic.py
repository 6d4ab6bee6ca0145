"""Arithmetic, operators, comparisons and casts: nodes, names, values, gradients."""

import numpy as np

A = np.array([[1.5, -2.0, 0.5], [3.0, 0.25, -1.0]])
B = np.array([[2.0, 0.5, -1.5], [1.0, 4.0, 0.75]])


def _pair(tf, dtype="float32"):
    return tf.constant(A, dtype, name="a"), tf.constant(B, dtype, name="b")


def _with_gradients(tf, results, sources, second=True):
    """The results, the gradients of their squares, and the gradients of those."""
    first = [tf.gradients(tf.square(y), sources) for y in results]
    found = {"y": results, "first": first}
    if second:
        found["second"] = [tf.gradients([d for d in ds if d is not None], sources) for ds in first]
    return found


def operators_of_tensors(tf):
    a, b = _pair(tf)
    return _with_gradients(tf, [a + b, a - b, a * b, a / b, a // b, a % b, -a, abs(a)], [a, b])


def operators_with_numbers(tf):
    a, _ = _pair(tf)
    results = [a + 1, 1 + a, a - 2.0, 2 - a, a * 3, 3 * a, a / 4, 4 / a, a // 2, a % 2, a**2, 2**a]
    return _with_gradients(tf, results, [a])


def operators_that_broadcast(tf):
    a = tf.placeholder(tf.float32, [None, 3], name="a")
    row = tf.constant([1.0, 2.0, 3.0])
    column = tf.constant([[1.0], [2.0]])
    results = [a + row, row - a, a * column, column / a, a**row]
    return dict(_with_gradients(tf, results, [a, row, column]), feed={a: np.abs(A)})


def broadcast_known_shapes(tf):
    a = tf.constant(A, "float32")
    row = tf.constant([[1.0, 2.0, 3.0]])
    scalar = tf.constant(2.0)
    results = [a + row, row - a, a * scalar, scalar * row, scalar - a, a + row, a**scalar]
    return _with_gradients(tf, results, [a, row, scalar])


def broadcast_unknown_rank(tf):
    a = tf.placeholder(tf.float32, name="a")
    b = tf.constant([1.0, 2.0, 3.0])
    return dict(_with_gradients(tf, [a + b, a * b, a / b], [a, b]), feed={a: A})


def float64_products(tf):
    a, b = _pair(tf, "float64")
    return _with_gradients(tf, [a * b, a + b, tf.squared_difference(a, b)], [a, b])


def named_functions(tf):
    a, b = _pair(tf)
    results = [
        tf.add(a, b),
        tf.add(a, 1.0, name="plus"),
        tf.subtract(a, b),
        tf.multiply(a, b),
        tf.divide(a, b),
        tf.divide(a, b, name="quotient"),
        tf.truediv(a, b),
        tf.div(a, b),
        tf.realdiv(a, b),
        tf.div_no_nan(a, b),
        tf.math.multiply_no_nan(a, b),
        tf.math.reciprocal_no_nan(a),
        tf.floordiv(a, b),
        tf.floormod(a, b),
        tf.mod(a, b),
        tf.truncatediv(a, b),
        tf.negative(a),
        tf.maximum(a, b),
        tf.minimum(a, b),
        tf.squared_difference(a, b),
        tf.pow(tf.abs(a), b),
        tf.atan2(a, b),
        tf.scalar_mul(2.0, a),
    ]
    return _with_gradients(tf, results, [a, b])


def extrema_that_broadcast(tf):
    a = tf.placeholder(tf.float32, [2, 3])
    results = [tf.maximum(a, [0.5, -3.0, 0.0]), tf.minimum(0.25, a), tf.maximum(a, a)]
    return dict(_with_gradients(tf, results, [a]), feed={a: A})


def integer_arithmetic(tf):
    a = tf.constant([7, -7, 8, -8])
    b = tf.constant([2, 2, -3, -3])
    results = [
        a + b,
        a - b,
        a * b,
        a / b,
        a // b,
        a % b,
        tf.div(a, b),
        tf.truncatediv(a, b),
        tf.truncatemod(a, b),
        tf.floor_div(a, b),
        a**2,
        tf.square(a),
        tf.squared_difference(a, b),
        tf.maximum(a, b),
        abs(a),
        -a,
        tf.sign(a),
        tf.add_n([a, b, a]),
    ]
    small = tf.constant(np.array([100, 200], np.uint8))
    return {"y": results, "wraps": small + small, "divided": small / small}


def integer_quotients_have_gradients(tf):
    x = tf.constant([1.5, 2.5])
    y = tf.cast(tf.constant([2, 3]), tf.float32) * x
    return {"y": y, "grad": tf.gradients(y, x)}


def comparisons(tf):
    a, b = _pair(tf)
    return {
        "operators": [a < b, a <= b, a > b, a >= b, a < 1, 1 <= a],
        "functions": [
            tf.equal(a, b),
            tf.not_equal(a, 0.5),
            tf.less(a, b),
            tf.less_equal(a, b, name="le"),
            tf.greater(a, b),
            tf.greater_equal(a, b),
            tf.math.equal(tf.constant(["a", "b"]), "a"),
            tf.not_equal(tf.constant([True, False]), True),
        ],
        "identity": a == b,
        "same": a == a,
    }


def logic(tf):
    p = tf.constant([True, True, False, False])
    q = tf.constant([True, False, True, False])
    return {
        "operators": [p & q, p | q, p ^ q, ~p, p & True, False | q],
        "functions": [
            tf.logical_and(p, q),
            tf.logical_or(p, q),
            tf.logical_xor(p, q),
            tf.logical_not(p),
        ],
    }


def casts(tf):
    a = tf.constant([1.7, -1.7, 0.0, 300.0])
    return {
        "to": [
            tf.cast(a, tf.int32),
            tf.cast(a, "int64", name="whole"),
            tf.cast(a, tf.bool),
            tf.cast(a, tf.float32),
            tf.cast(a, tf.float64),
            tf.cast(a, tf.float16),
            tf.cast(3, tf.float32),
            tf.cast([1, 2], tf.int32),
            tf.cast(tf.constant([True, False]), tf.float32),
            tf.cast(a, tf.complex64),
        ],
        "named": [
            tf.to_float(tf.constant([1, 2])),
            tf.to_double(a),
            tf.to_int32(a),
            tf.to_int64(a),
            tf.to_complex64(a),
        ],
        "saturated": tf.saturate_cast(a, tf.uint8),
        "grad": tf.gradients(tf.cast(a, tf.float64) * 2.0, a),
    }


def saturated_integers(tf):
    a = tf.constant([-5, 70000, 300, 7])
    return {"y": [tf.saturate_cast(a, tf.int16), tf.saturate_cast(a, tf.uint8)]}


def names_in_scopes(tf):
    with tf.name_scope("outer"):
        a = tf.constant([1.0, 2.0])
        b = a * 2.0 + 1.0
        with tf.name_scope("inner"):
            c = tf.matmul([[1.0, 2.0]], tf.expand_dims(b, 1), name="product")
    d = tf.add(c, 1.0, "outer/inner/sum")
    return {"c": c, "d": d}


def numpy_operands(tf):
    a = tf.constant([1.0, 2.0])
    return {
        "left": np.array([3.0, 4.0], np.float32) * a,
        "right": a - np.array([3.0, 4.0], np.float32),
        "wide": a + np.array([3.0, 4.0]),
        "scalar": np.float32(2.0) * a,
    }


def sums_of_tensors(tf):
    a, b = _pair(tf)
    results = [
        tf.add_n([a, b, a]),
        tf.add_n([a]),
        tf.add_n([a], name="alone"),
        tf.accumulate_n([a, b]),
        tf.accumulate_n([a, b], shape=[2, 3], tensor_dtype=tf.float32, name="all"),
        tf.accumulate_n([a]),
    ]
    return _with_gradients(tf, results, [a, b])


def selection(tf):
    a, b = _pair(tf)
    rows = tf.constant([True, False])
    results = [tf.where(a > b, a, b), tf.where(rows, a, b), tf.where(True, a, b)]
    return _with_gradients(tf, results, [a, b])


def selection_that_broadcasts(tf):
    a = tf.constant(A, "float32")
    scalar = tf.constant(0.0)
    results = [tf.where_v2(a > 0, a, scalar), tf.where_v2([[True], [False]], scalar, a)]
    return _with_gradients(tf, results, [a, scalar])


def gradient_of_a_variable(tf):
    v = tf.Variable([1.0, 2.0, 3.0], name="v")
    y = tf.reduce_sum(v * v + 2.0 * v - 1.0)
    return {"grad": tf.gradients(y, v), "y": y}


def float_plus_int_tensor_error(tf):
    return {"y": tf.constant([1, 2]) + 1.5}


def int_plus_float_tensor_error(tf):
    return {"y": tf.constant([1, 2]) + tf.constant(1.0)}


def truediv_of_mixed_types_error(tf):
    return {"y": tf.constant([1.0]) / tf.constant([1], tf.int64)}


def wide_plus_single_error(tf):
    return {"y": tf.add(tf.constant([1.0]), tf.constant([1.0], tf.float64))}


def shapes_that_do_not_broadcast_error(tf):
    return {"y": tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])}


def shapes_fed_that_do_not_broadcast_error(tf):
    a = tf.placeholder(tf.float32, [None])
    return {"y": a + tf.constant([1.0, 2.0, 3.0]), "feed": {a: [1.0, 2.0]}}


def negative_integer_power_error(tf):
    y = tf.placeholder(tf.int32, [])
    return {"y": tf.constant(2) ** y, "feed": {y: -1}}


def modulo_zero_error(tf):
    y = tf.placeholder(tf.int32, [])
    return {"y": tf.constant(2) % y, "feed": {y: 0}}


def logic_of_numbers_error(tf):
    return {"y": tf.constant(1) & tf.constant(2)}


def tensor_as_truth_value_error(tf):
    return {"y": bool(tf.constant(1) < tf.constant(2))}


def empty_sum_error(tf):
    return {"y": tf.add_n([])}


def sum_of_different_shapes_error(tf):
    return {"y": tf.add_n([tf.constant([1.0]), tf.constant([1.0, 2.0])])}
