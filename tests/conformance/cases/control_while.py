"""Loops: `tf.while_loop` and its gradient, nested in and around conditionals and other loops."""

import collections

import numpy as np


def count(tf):
    return {"i": tf.while_loop(lambda i: i < 10, lambda i: i + 1, [0])}


def several_variables(tf):
    i = tf.constant(0, name="i")
    x = tf.constant([1.0, 2.0], name="x")
    result = tf.while_loop(
        lambda i, x, y: i < 5, lambda i, x, y: (i + 1, y, x + y), [i, x, tf.ones([2])], name="fib"
    )
    return {"result": result}


def never_runs(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    _, y = tf.while_loop(lambda i, y: i < 0, lambda i, y: (i + 1, y * 2.0), [0, x])
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: [1, 2]}}


def dynamic_count(tf):
    n = tf.placeholder(tf.int32, [], name="n")
    x = tf.placeholder(tf.float32, [2], name="x")
    _, y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), [0, x])
    feeds = [{n: k, x: [1, 2]} for k in (0, 1, 4)]
    return {"y": y, "grad": tf.gradients(y, x), "feed": feeds}


def structures(tf):
    Pair = collections.namedtuple("Pair", "a b")
    start = (tf.constant(0), Pair(tf.constant(1.0), {"u": tf.constant([2.0]), "v": 3.0}))
    result = tf.while_loop(
        lambda i, p: i < 3,
        lambda i, p: (i + 1, Pair(p.a + p.b["v"], {"u": p.b["u"] * 2.0, "v": p.a})),
        start,
    )
    return {"i": result[0], "a": result[1].a, "b": result[1].b}


def single_structures(tf):
    same = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], return_same_structure=True)
    listed = tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0])
    return {"same": same, "listed": listed}


def maximum_iterations(tf):
    n = tf.placeholder(tf.int32, [], name="n")
    i, x = tf.while_loop(
        lambda i, x: i < 10, lambda i, x: [i + 1, x * 2.0], [0, 1.0], maximum_iterations=n
    )
    j = tf.while_loop(lambda i: i < 10, lambda i: i + 1, [0], maximum_iterations=4)
    return {"i": i, "x": x, "j": j, "feed": [{n: 3}, {n: 20}]}


def shape_invariants(tf):
    m = tf.ones([2, 2])
    i, m = tf.while_loop(
        lambda i, m: i < 3,
        lambda i, m: [i + 1, tf.concat([m, m], axis=0)],
        [tf.constant(0), m],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 2])],
    )
    return {"m": m}


def shape_changes_error(tf):
    return {
        "m": tf.while_loop(
            lambda i, m: i < 3,
            lambda i, m: [i + 1, tf.concat([m, m], axis=0)],
            [tf.constant(0), tf.ones([2, 2])],
        )
    }


def structure_changes_error(tf):
    return {"m": tf.while_loop(lambda i, m: i < 3, lambda i, m: i + 1, [0, 1.0])}


def no_variables_error(tf):
    return {"m": tf.while_loop(lambda: True, lambda: None, [])}


def options(tf):
    x = tf.constant([1.0, 2.0])
    _, y = tf.while_loop(
        lambda i, y: i < 3,
        lambda i, y: (i + 1, y * x),
        [0, x],
        parallel_iterations=1,
        swap_memory=True,
    )
    return {"y": y, "grad": tf.gradients(y, x)}


def no_back_prop(tf):
    x = tf.constant([1.0, 2.0])
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x], back_prop=False)
    return {"y": y, "grad": [g is None for g in tf.gradients(y, x)]}


def gradient_of_power(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    _, y = tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, y * y), [0, x])
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: 1.1}}


def gradient_of_constant_matrix(tf):
    w = tf.Variable(np.array([[0.5, -0.2], [0.1, 0.3]], np.float32), name="w", use_resource=False)
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    _, h = tf.while_loop(lambda i, h: i < 3, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, w))), [0, x])
    loss = tf.reduce_sum(tf.square(h))
    return {"h": h, "grads": tf.gradients(loss, [w, x]), "feed": {x: [[1, 2], [3, -4], [0, 1]]}}


def gradient_of_resource_variable(tf):
    w = tf.get_variable("w", initializer=np.array([0.5, -0.2], np.float32), use_resource=True)
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * w + w), [0, w + 1.0])
    return {"y": y, "grad": tf.gradients(y, w)}


def gradient_with_unused_exit(tf):
    x = tf.constant([1.0, 2.0])
    z = tf.constant([3.0, -1.0])
    _, y, _ = tf.while_loop(lambda i, y, z: i < 3, lambda i, y, z: (i + 1, y * z, z + x), [0, x, z])
    return {"y": y, "grads": tf.gradients(y, [x, z])}


def gradient_where_next_ignores_value(tf):
    x = tf.constant([1.0, 2.0])
    z = tf.placeholder(tf.float32, [2], name="z")
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, x * x), [0, z])
    return {"y": y, "grads": tf.gradients(y, [x, z]), "feed": {z: [1, 1]}}


def gradient_of_sparse_rows(tf):
    table = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2), name="t", use_resource=False)
    _, y = tf.while_loop(
        lambda i, y: i < 3,
        lambda i, y: (i + 1, y + tf.gather(table, [i, 0]) * 2.0),
        [0, tf.zeros([2, 2])],
    )
    return {"y": y, "grad": tf.gradients(y, table)}


def gradient_of_resource_rows(tf):
    start = np.arange(8, dtype=np.float32).reshape(4, 2)
    table = tf.get_variable("t", initializer=start, use_resource=True)
    _, y = tf.while_loop(
        lambda i, y: i < 3,
        lambda i, y: (i + 1, y * tf.gather(table, [i, 0])),
        [0, tf.ones([2, 2])],
    )
    return {"y": y, "grad": tf.gradients(y, table)}


def gradient_of_unknown_shape(tf):
    x = tf.placeholder(tf.float32, None, name="x")
    w = tf.placeholder(tf.float32, None, name="w")
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y) * w + x), [0, x])
    feed = {x: [[1, 2]], w: [[3.0, 4.0]]}
    return {"y": y, "grads": tf.gradients(y, [x, w]), "feed": feed}


def gradient_by_constants(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    _, y = tf.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, tf.tile(y * [2.0, 0.5], [2])[1:3] / 2.0), [0, x]
    )
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: [1, 2]}}


def colocated_gradients(tf):
    x = tf.constant([1.0, 2.0])
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x])
    return {"grad": tf.gradients(y, x, colocate_gradients_with_ops=True)}


def stopped_gradient(tf):
    x = tf.constant([1.0, 2.0])
    _, y = tf.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, y * x + tf.stop_gradient(y)), [0, x]
    )
    return {"grad": tf.gradients(y, x)}


def gradients_of_two_results(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    _, y, z = tf.while_loop(
        lambda i, y, z: i < 3, lambda i, y, z: (i + 1, y * z, z + 1.0), [0, x, x * 2.0]
    )
    return {
        "both": tf.gradients([y, z], x),
        "weighted": tf.gradients([y, z], x, grad_ys=[[1.0, 2.0], None]),
        "feed": {x: [1, 2]},
    }


def cond_in_loop(tf):
    x = tf.placeholder(tf.float32, [2], name="x")

    def body(i, y):
        y = tf.cond(tf.equal(i % 2, 0), lambda: y * x, lambda: tf.exp(-y) + x)
        return i + 1, y

    _, y = tf.while_loop(lambda i, y: i < 5, body, [0, x])
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: [1, 2]}}


def cond_in_loop_unknown_shape(tf):
    x = tf.placeholder(tf.float32, None, name="x")
    w = tf.placeholder(tf.float32, None, name="w")

    def body(i, y):
        y = tf.cond(tf.equal(i % 2, 0), lambda: y * x, lambda: tf.sin(y) * w)
        return i + 1, y

    _, y = tf.while_loop(lambda i, y: i < 5, body, [0, x])
    feed = {x: [1, 2], w: [0.5, -1]}
    return {"y": y, "grads": tf.gradients(y, [x, w]), "feed": feed}


def nested_cond_in_loop(tf):
    x = tf.placeholder(tf.float32, [2], name="x")

    def body(i, y):
        inner = tf.cond(y[0] > 2.0, lambda: y / 2.0, lambda: y + x)
        y = tf.cond(tf.equal(i % 2, 0), lambda: inner * x, lambda: tf.cond(
            y[1] > 1.0, lambda: tf.square(y), lambda: y - inner))  # fmt: skip
        return i + 1, y

    _, y = tf.while_loop(lambda i, y: i < 6, body, [0, x])
    return {"y": y, "grad": tf.gradients(y, x), "feed": [{x: [1, 2]}, {x: [0.3, 0.4]}]}


def cond_in_condition(tf):
    x = tf.constant(1.0)

    def condition(i, y):
        return tf.cond(i < 3, lambda: y < 100.0, lambda: y < 10.0)

    i, y = tf.while_loop(condition, lambda i, y: (i + 1, y * 3.0 + x), [0, x])
    return {"i": i, "y": y, "grad": tf.gradients(y, x)}


def loop_in_cond(tf):
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [2], name="x")

    def looped():
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x])[1]

    y = tf.cond(p, looped, lambda: x * 10.0)
    feeds = [{p: b, x: [1, 2]} for b in (True, False)]
    return {"y": y, "grad": tf.gradients(y, x), "feed": feeds}


def nested_loops(tf):
    x = tf.placeholder(tf.float32, [2], name="x")

    def inner(i, y):
        _, y = tf.while_loop(lambda j, y: j <= i, lambda j, y: (j + 1, y * x + 0.5), [0, y])
        return i + 1, y

    _, y = tf.while_loop(lambda i, y: i < 3, inner, [0, x])
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: [0.5, 1.1]}}


def nested_loops_unknown_shape(tf):
    x = tf.placeholder(tf.float32, None, name="x")

    def inner(i, y):
        _, z = tf.while_loop(lambda j, z: j <= i, lambda j, z: (j + 1, tf.sin(z) * y), [0, x])
        return i + 1, y + z

    _, y = tf.while_loop(lambda i, y: i < 3, inner, [0, x])
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: [[0.5, 1.1]]}}


def loop_cond_loop(tf):
    x = tf.placeholder(tf.float32, [2], name="x")

    def body(i, y):
        def looped():
            return tf.while_loop(lambda j, z: j < 2, lambda j, z: (j + 1, z * x), [0, y])[1]

        return i + 1, tf.cond(tf.equal(i % 2, 0), looped, lambda: y + 1.0)

    _, y = tf.while_loop(lambda i, y: i < 4, body, [0, x])
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: [0.5, 1.1]}}


def two_loops(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x])
    _, z = tf.while_loop(lambda i, z: i < 2, lambda i, z: (i + 1, z * y), [0, y])
    return {"z": z, "grad": tf.gradients(z, x), "feed": {x: [0.5, 1.1]}}


def second_order_error(tf):
    x = tf.constant([1.0, 2.0])
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x])
    return {"second": tf.gradients(tf.gradients(y, x)[0], x)}


def gradient_in_loop(tf):
    w = tf.constant([0.5, -1.0])

    def body(i, x):
        loss = tf.reduce_sum(tf.square(x - w) * (1.0 + tf.square(x)))
        (grad,) = tf.gradients(loss, x)
        return i + 1, x - 0.1 * grad

    _, x = tf.while_loop(lambda i, x: i < 5, body, [0, tf.constant([1.0, 1.0])])
    return {"x": x}


def random_in_loop(tf):
    tf.set_random_seed(3)

    def body(i, x):
        return i + 1, x + tf.random_uniform([2]) * tf.random_normal([2], seed=5)

    _, x = tf.while_loop(lambda i, x: i < 4, body, [0, tf.zeros([2])])
    return {"x": x, "runs": 2}


def random_gradient(tf):
    tf.set_random_seed(3)
    x = tf.constant([1.0, 2.0])
    _, y = tf.while_loop(
        lambda i, y: i < 4, lambda i, y: (i + 1, y * tf.random_uniform([2]) + x), [0, x]
    )
    return {"y": y, "grad": tf.gradients(y, x)}


def assigns_in_loop(tf):
    v = tf.Variable([1.0, 2.0], name="v", use_resource=True)

    def body(i, x):
        with tf.control_dependencies([v.assign_add([1.0, 0.5])]):
            return i + 1, x + v.read_value()

    _, x = tf.while_loop(lambda i, x: i < 3, body, [0, tf.zeros([2])], parallel_iterations=1)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = [session.run(x), session.run(x), session.run(v)]
    return {"values": values}


def assigns_reference_in_loop(tf):
    v = tf.Variable(0.0, name="v", use_resource=False)

    def body(i):
        with tf.control_dependencies([tf.assign_add(v, 2.0)]):
            return i + 1

    i = tf.while_loop(lambda i: i < 3, body, [0], parallel_iterations=1)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = [session.run(i), session.run(v), session.run(i), session.run(v)]
    return {"values": values}


def control_dependencies_around(tf):
    v = tf.Variable(1.0, name="v", use_resource=False)
    with tf.control_dependencies([tf.assign(v, 5.0)]):
        _, x = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x + v.read_value()), [0, 0.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = [session.run(x), session.run(v)]
    return {"values": values}


def control_dependencies_inside(tf):
    outside = tf.constant(1.0, name="outside")

    def body(i, x):
        with tf.control_dependencies([outside, x]):
            return i + 1, tf.constant(2.0) + tf.identity(x)

    _, x = tf.while_loop(lambda i, x: i < 3, body, [0, 0.0])
    return {"x": x}


def use_from_inside_error(tf):
    leaked = []

    def body(i):
        leaked.append(i * 2)
        return i + 1

    tf.while_loop(lambda i: i < 3, body, [0])
    return {"x": leaked[0] + 1}


def gradient_with_override(tf):
    @tf.RegisterGradient("ControlWhileDouble")
    def double(op, grad):
        return grad * 2.0

    graph = tf.get_default_graph()
    x = tf.constant([1.0, 2.0])

    def body(i, y):
        with graph.gradient_override_map({"Identity": "ControlWhileDouble"}):
            return i + 1, tf.identity(y) * x

    _, y = tf.while_loop(lambda i, y: i < 2, body, [0, x])
    result = {"grad": tf.gradients(y, x)}
    return result


def training_step(tf):
    w = tf.Variable([0.5, -0.5], name="w", use_resource=False)
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y * w + 0.1)), [0, w])
    loss = tf.reduce_sum(tf.square(y - 1.0))
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = []
        for _ in range(4):
            session.run(step)
            values.append([session.run(loss), session.run(w)])
    return {"values": values}


def indexed_slices_variable(tf):
    start = tf.IndexedSlices(tf.ones([2, 3]), tf.constant([0, 2]), tf.constant([4, 3]))

    def body(i, s):
        return i + 1, tf.IndexedSlices(s.values * 2.0, s.indices + 1, s.dense_shape)

    _, s = tf.while_loop(lambda i, s: i < 2, body, [0, start])
    return {"s": s}


def sparse_variable(tf):
    start = tf.SparseTensor([[0, 1], [2, 2]], [1.0, 2.0], [3, 4])

    def body(i, s):
        return i + 1, tf.SparseTensor(s.indices, s.values * 2.0, s.dense_shape)

    _, s = tf.while_loop(lambda i, s: i < 3, body, [0, start])
    return {"s": s}


def long_loop(tf):
    _, total = tf.while_loop(
        lambda i, t: i < 1000, lambda i, t: (i + 1, t + tf.cast(i, tf.float32)), [0, 0.0]
    )
    return {"total": total}
