"""Conditionals: `tf.cond`, `tf.case`, `tf.Assert`, and their gradients."""

import collections

import numpy as np

_BOTH = [True, False]


def cond_of_constants(tf):
    p = tf.placeholder(tf.bool, [], name="p")
    y = tf.cond(p, lambda: tf.constant(1.0), lambda: tf.constant(2.0))
    return {"y": y, "feed": [{p: b} for b in _BOTH]}


def cond_captures(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    p = tf.reduce_sum(x) > 1.0
    y = tf.cond(p, lambda: x * 2.0, lambda: tf.square(x) + x, name="choose")
    return {"y": y, "grad": tf.gradients(y, x), "feed": [{x: [1, 2]}, {x: [-1, 0.5]}]}


def cond_structures(tf):
    Pair = collections.namedtuple("Pair", "a b")
    x = tf.constant([1.0, 2.0])
    p = tf.placeholder(tf.bool, [])
    y = tf.cond(
        p,
        lambda: Pair({"u": x, "v": [x + 1.0]}, (x,)),
        lambda: Pair({"u": x * 2.0, "v": [x]}, (x - 1.0,)),
    )
    return {"a": y.a, "b": y.b, "feed": [{p: b} for b in _BOTH]}


def cond_singletons(tf):
    p = tf.placeholder(tf.bool, [])
    x = tf.constant(3)
    loose = tf.cond(p, lambda: [x + 1], lambda: x)
    strict = tf.cond(p, lambda: [x + 1], lambda: [x], strict=True)
    return {"loose": loose, "strict": strict, "feed": [{p: b} for b in _BOTH]}


def cond_identity_branches(tf):
    p = tf.placeholder(tf.bool, [])
    x = tf.constant([1.0, 2.0])
    z = tf.constant([5.0, 6.0])
    y = tf.cond(p, lambda: x, lambda: z)
    return {"y": y, "grads": tf.gradients(y, [x, z]), "feed": [{p: b} for b in _BOTH]}


def cond_operations(tf):
    p = tf.placeholder(tf.bool, [])
    v = tf.Variable(1.0, name="v", use_resource=False)
    done = tf.cond(p, lambda: tf.assign_add(v, 2.0).op, lambda: tf.no_op())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = []
        for b in [True, False, True]:
            flag = session.run(done, {p: b})
            values.append([flag, session.run(v)])
    return {"values": values, "done": done, "feed": {p: True}}


def cond_assigns(tf):
    p = tf.placeholder(tf.bool, [])
    v = tf.Variable([1.0, 2.0], name="v", use_resource=False)
    y = tf.cond(p, lambda: tf.assign_add(v, [2.0, 1.0]) + 0.0, lambda: v.read_value())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = [session.run(y, {p: b}) for b in [True, False, True]]
    return {"values": values}


def cond_resource_variable(tf):
    p = tf.placeholder(tf.bool, [])
    v = tf.Variable([1.0, 2.0], name="v", use_resource=True)
    y = tf.cond(p, lambda: v * 3.0, lambda: v + 1.0)
    return {"y": y, "grad": tf.gradients(y, v), "feed": [{p: b} for b in _BOTH]}


def cond_nested(tf):
    p = tf.placeholder(tf.bool, [], name="p")
    q = tf.placeholder(tf.bool, [], name="q")
    x = tf.constant([1.0, -2.0], name="x")

    def inner():
        return tf.cond(q, lambda: x * x, lambda: tf.exp(x) * 2.0)

    y = tf.cond(p, inner, lambda: x + 1.0)
    feeds = [{p: a, q: b} for a in _BOTH for b in _BOTH]
    return {"y": y, "grad": tf.gradients(y, x), "feed": feeds}


def cond_same_predicate_nested(tf):
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.constant([1.0, -2.0], name="x")
    y = tf.cond(
        p,
        lambda: tf.cond(p, lambda: x * x, lambda: x),
        lambda: tf.cond(p, lambda: x - 1.0, lambda: tf.sin(x)),
    )
    return {"y": y, "grad": tf.gradients(y, x), "feed": [{p: b} for b in _BOTH]}


def cond_unknown_shape(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    p = tf.placeholder(tf.bool, [], name="p")
    y, z = tf.cond(p, lambda: (x * 2.0, tf.ones([1, 2])), lambda: (tf.ones([3, 2]), x))
    total = tf.reduce_sum(y) + tf.reduce_sum(tf.square(z))
    feeds = [{x: [[1, 2], [3, 4]], p: b} for b in _BOTH]
    return {"y": y, "z": z, "grad": tf.gradients(total, x), "feed": feeds}


def cond_one_side_unused(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    w = tf.placeholder(tf.float32, [2], name="w")
    p = tf.placeholder(tf.bool, [], name="p")
    y = tf.cond(p, lambda: x * w, lambda: x)
    feeds = [{x: [1, 2], w: [3, 4], p: b} for b in _BOTH]
    return {"y": y, "grads": tf.gradients(y, [x, w]), "feed": feeds}


def cond_second_order(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    p = tf.placeholder(tf.bool, [], name="p")
    y = tf.cond(p, lambda: x * x * x, lambda: x * x)
    (first,) = tf.gradients(y, x)
    (second,) = tf.gradients(first, x)
    return {"first": first, "second": second, "feed": [{x: [1, 2], p: b} for b in _BOTH]}


def cond_sparse_gradient(tf):
    table = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2), name="t", use_resource=False)
    p = tf.placeholder(tf.bool, [], name="p")
    y = tf.cond(p, lambda: tf.gather(table, [0, 2, 0]), lambda: tf.gather(table, [1, 1, 3]) * 2.0)
    return {"y": y, "grad": tf.gradients(y, table), "feed": [{p: b} for b in _BOTH]}


def cond_indexed_slices_and_dense(tf):
    table = tf.constant(np.arange(8, dtype=np.float32).reshape(4, 2), name="t")
    p = tf.placeholder(tf.bool, [], name="p")
    y = tf.cond(p, lambda: tf.reduce_sum(tf.gather(table, [0, 2, 0])), lambda: tf.reduce_sum(table))
    return {"y": y, "grad": tf.gradients(y, table), "feed": [{p: b} for b in _BOTH]}


def cond_control_dependencies(tf):
    v = tf.Variable(1.0, name="v", use_resource=False)
    p = tf.placeholder(tf.bool, [], name="p")

    def branch():
        with tf.control_dependencies([tf.assign(v, 5.0)]):
            return tf.identity(v.read_value())

    y = tf.cond(p, branch, lambda: v.read_value() * 10.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = [session.run(y, {p: b}) for b in [False, True, False]]
    return {"values": values}


def cond_of_constant_predicate(tf):
    x = tf.constant([1.0, 2.0])
    y = tf.cond(tf.constant(True), lambda: x * 2.0, lambda: x / 0.0)
    return {"y": y, "grad": tf.gradients(y, x)}


def cond_random(tf):
    tf.set_random_seed(7)
    p = tf.placeholder(tf.bool, [], name="p")
    y = tf.cond(p, lambda: tf.random_uniform([3]), lambda: tf.random_uniform([3], 5.0, 6.0))
    return {"y": y, "feed": [{p: b} for b in [True, False, True]]}


def cond_python_bool_error(tf):
    return {"y": tf.cond(True, lambda: tf.constant(1.0), lambda: tf.constant(2.0))}


def cond_types_error(tf):
    return {"y": tf.cond(tf.constant(True), lambda: tf.constant(1.0), lambda: tf.constant(2))}


def cond_structure_error(tf):
    x = tf.constant(1.0)
    return {"y": tf.cond(tf.constant(True), lambda: (x, x), lambda: x)}


def cond_none_error(tf):
    return {"y": tf.cond(tf.constant(True), lambda: None, lambda: tf.constant(1.0))}


def case_exclusive(tf):
    x = tf.placeholder(tf.int32, [], name="x")
    y = tf.case(
        [(x < 2, lambda: tf.constant(10.0)), (x > 4, lambda: tf.constant(20.0))],
        default=lambda: tf.constant(-1.0),
        exclusive=True,
    )
    return {"y": y, "feed": [{x: n} for n in (1, 3, 5)]}


def case_first_wins(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.case(
        [(x < 2.0, lambda: x * 2.0), (x < 4.0, lambda: x * x), (x < 6.0, lambda: x * x * x)],
        default=lambda: -x,
    )
    return {"y": y, "grad": tf.gradients(y, x), "feed": [{x: n} for n in (1, 3, 5, 7)]}


def case_dict(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    small, large = tf.less(x, 2.0, name="small"), tf.greater(x, 4.0, name="large")
    y = tf.case(
        {small: lambda: x + 1.0, large: lambda: x - 1.0}, default=lambda: x * 2.0, exclusive=True
    )
    return {"y": y, "feed": [{x: n} for n in (1, 3, 5)]}


def case_without_default(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.case([(x < 2.0, lambda: x + 1.0), (x > 4.0, lambda: x - 1.0)])
    return {"y": y, "feed": [{x: 1.0}, {x: 5.0}]}


def case_none_true_error(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.case([(x < 2.0, lambda: x + 1.0), (x > 4.0, lambda: x - 1.0)])
    return {"y": y, "feed": {x: 3.0}}


def case_two_true_error(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.case(
        [(x < 2.0, lambda: x + 1.0), (x < 4.0, lambda: x - 1.0)],
        default=lambda: x,
        exclusive=True,
    )
    return {"y": y, "feed": {x: 1.0}}


def assert_true(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    check = tf.Assert(tf.reduce_all(x > 0.0), [x])
    with tf.control_dependencies([check]):
        y = tf.identity(x)
    return {"y": y, "feed": {x: [1, 2]}}


def assert_false_error(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    check = tf.Assert(tf.reduce_all(x > 0.0), [x])
    with tf.control_dependencies([check]):
        y = tf.identity(x)
    return {"y": y, "feed": {x: [1, -2]}}


def assert_text_error(tf):
    n = tf.placeholder(tf.int32, [], name="n")
    with tf.control_dependencies([tf.Assert(n < 3, ["n is too large:", n])]):
        y = n * 2
    return {"y": y, "feed": {n: 7}}


def group_and_tuple(tf):
    v = tf.Variable(1.0, name="v", use_resource=False)
    w = tf.Variable(2.0, name="w", use_resource=False)
    both = tf.group(tf.assign(v, 3.0), tf.assign(w, 4.0), name="both")
    x, y = tf.tuple([tf.constant(1.0), tf.constant(2.0)], name="pair")
    z = tf.tuple([x, None, y], control_inputs=[both])
    return {"both": both, "x": x, "y": y, "z": z[0], "empty": tf.group()}
