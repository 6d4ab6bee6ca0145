"""Variables, variable scopes, assignments and initializers."""

import numpy as np


def constructor_forms(tf):
    a = tf.Variable([1.0, 2.0])
    b = tf.Variable(initial_value=3, name="b", dtype=tf.int64)
    c = tf.Variable(lambda: tf.ones([2]) * 2.0, name="c", trainable=False)
    d = tf.Variable(tf.zeros([2, 3]), name="d", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    with tf.name_scope("scope"):
        e = tf.Variable(True, name="e")
        f = tf.Variable("text", name="f")
    return {
        "all": [a, b, c, d, e, f],
        "sum": a + c,
        "trainable": np.array([v.name.encode() for v in tf.trainable_variables()]),
    }


def resource_forms(tf):
    a = tf.Variable([1.0, 2.0], use_resource=True, name="a")
    with tf.variable_scope("s", use_resource=True):
        b = tf.get_variable("b", [2], initializer=tf.ones_initializer())
    double = a * 2.0 + b
    read = a.read_value()
    return {"double": double, "read": read, "grad": tf.gradients(double, [a, b])}


def resource_assignments(tf):
    a = tf.Variable([1.0, 2.0], use_resource=True, name="a")
    set_ = a.assign([5.0, 6.0])
    add = a.assign_add([1.0, 1.0])
    sub = a.assign_sub([0.5, 0.5], read_value=False)
    tf_assign = tf.assign(a, [0.0, 1.0])
    with tf.control_dependencies([add]):
        after = a.read_value()
    out = []
    with tf.Session() as sess:
        sess.run(a.initializer)
        out.append(sess.run(set_))
        out.append(sess.run(after))
        sess.run(sub)
        out.append(sess.run(a))
        out.append(sess.run(tf_assign))
    return {"values": np.array(out)}


def get_variable_scopes(tf):
    with tf.variable_scope("one") as scope:
        a = tf.get_variable("a", [2], initializer=tf.constant_initializer(3.0))
        with tf.variable_scope("two", initializer=tf.constant_initializer(4.0), dtype=tf.float64):
            b = tf.get_variable("b", [1])
            x = tf.constant(1.0, tf.float64) + b
        y = a + 1.0
    with tf.variable_scope("one", reuse=True):
        again = tf.get_variable("a", [2])
        z = again + 2.0
    with tf.variable_scope(scope, reuse=True):
        w = tf.get_variable("a") + 3.0
    with tf.variable_scope("one", reuse=tf.AUTO_REUSE):
        c = tf.get_variable("c", initializer=tf.constant([9.0]))
        d = tf.get_variable("a", [2])
    with tf.variable_scope(None, default_name="unit"):
        e = tf.get_variable("e", [], initializer=tf.zeros_initializer())
    with tf.variable_scope(None, default_name="unit"):
        f = tf.get_variable("e", [], initializer=tf.zeros_initializer()) + 1.0
    return {"v": [a, b, c, d, e], "t": [x, y, z, w, f]}


def name_scope_and_variable_scope(tf):
    with tf.name_scope("n"):
        with tf.variable_scope("v"):
            a = tf.get_variable("a", [1], initializer=tf.ones_initializer())
            b = tf.Variable([2.0], name="b")
            c = a * b
    with tf.variable_scope("v", reuse=True):
        d = tf.get_variable("a") * 2.0
    with tf.variable_scope("v", auxiliary_name_scope=False):
        e = tf.constant(1.0, name="e")
    with tf.variable_scope(tf.get_variable_scope(), reuse=False):
        f = tf.constant(2.0, name="f")
    return {"out": [a, b, c, d, e, f]}


def custom_getter_by_place(tf):
    """The residual network's way: some arguments by place; and one of before constraints."""

    def placed(getter, name, shape=None, dtype=tf.float32, *args, **kwargs):
        return getter(name, shape, dtype, *args, **kwargs) * 2.0

    def all_placed(getter, name, shape, dtype, initializer, regularizer, reuse, **kwargs):
        return getter(name, shape, dtype, initializer, regularizer, reuse, True, None, None, None)

    def older(
        getter,
        name,
        shape,
        dtype,
        initializer,
        regularizer,
        reuse,
        trainable,
        collections,
        caching_device,
        partitioner,
        validate_shape,
        use_resource,
        synchronization,
        aggregation,
    ):
        return getter(name=name, shape=shape, dtype=dtype, initializer=initializer)

    made = []
    for i, getter in enumerate((placed, all_placed, older)):
        with tf.variable_scope("s%d" % i, custom_getter=getter):
            ones = tf.ones_initializer()
            made.append(tf.get_variable("v", [2], initializer=ones, trainable=False))
    names = [v.name for v in tf.trainable_variables()]
    return {"sum": tf.add_n(made), "names": " ".join(names)}


def custom_getter(tf):
    def getter(getter, name, *args, **kwargs):
        v = getter(name + "_own", *args, **kwargs)
        return v * 2.0

    with tf.variable_scope("s", custom_getter=getter):
        a = tf.get_variable("a", [2], initializer=tf.ones_initializer())
    return {"a": a}


def regularizers(tf):
    with tf.variable_scope("s", regularizer=lambda v: tf.reduce_sum(tf.square(v))):
        a = tf.get_variable("a", [2], initializer=tf.constant_initializer(2.0))
        b = tf.get_variable(
            "b", [2], initializer=tf.ones_initializer(), regularizer=tf.no_regularizer
        )
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    return {"losses": losses, "v": [a, b]}


def initializers_with_seeds(tf):
    out = {}
    for name, init in [
        ("uniform", tf.random_uniform_initializer(-1.0, 1.0, seed=1)),
        ("normal", tf.random_normal_initializer(0.5, 2.0, seed=2)),
        ("truncated", tf.truncated_normal_initializer(stddev=0.1, seed=3)),
        ("glorot", tf.glorot_uniform_initializer(seed=4)),
        ("glorot_normal", tf.glorot_normal_initializer(seed=5)),
        ("scaling", tf.variance_scaling_initializer(2.0, "fan_out", "uniform", seed=6)),
        ("unit", tf.uniform_unit_scaling_initializer(1.3, seed=7)),
        ("he", tf.initializers.he_normal(seed=8)),
        ("constant", tf.constant_initializer([1.0, 2.0, 3.0])),
        ("identity", tf.initializers.identity(2.0)),
    ]:
        out[name] = tf.get_variable(name, [3, 4], initializer=init)
    return out


def default_initializer_graph_seed(tf):
    tf.set_random_seed(1234)
    a = tf.get_variable("a", [3, 4])
    b = tf.get_variable("b", [5])
    c = tf.get_variable("c", [2], dtype=tf.int32)
    d = tf.get_variable("d", [2, 2, 3, 4])
    return {"v": [a, b, c, d]}


def orthogonal(tf):
    a = tf.get_variable("a", [4, 3], initializer=tf.orthogonal_initializer(seed=1))
    b = tf.get_variable("b", [2, 5], initializer=tf.orthogonal_initializer(1.5, seed=2))
    return {"a": tf.matmul(a, a, transpose_a=True), "b": tf.matmul(b, b, transpose_b=True)}


def assignments(tf):
    v = tf.Variable([1.0, 2.0], name="v")
    add = tf.assign_add(v, [1.0, 1.0])
    sub = v.assign_sub([0.5, 0.5])
    with tf.control_dependencies([add]):
        after = tf.identity(v.read_value())
    count = tf.Variable(0, name="count")
    up = count.count_up_to(3)
    out = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        out.append(sess.run(after))
        out.append(sess.run(sub))
        v.load([7.0, 8.0], sess)
        out.append(sess.run(v))
        counts = [sess.run(up) for _ in range(3)]
    return {"values": np.array(out), "counts": np.array(counts)}


def count_up_to_error(tf):
    count = tf.Variable(3, name="count")
    return {"up": count.count_up_to(3)}


def scatter(tf):
    out = []
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="v")
    ops = [
        tf.scatter_update(v, [0, 2], [[9.0, 9.0], [8.0, 8.0]]),
        tf.scatter_add(v, [1, 1], [[1.0, 1.0], [1.0, 1.0]]),
        tf.scatter_sub(v, 0, [2.0, 2.0]),
        tf.scatter_mul(v, [2], [[2.0, 3.0]]),
        tf.scatter_div(v, [1], [[2.0, 4.0]]),
        tf.scatter_min(v, [0, 1], [[3.0, 3.0], [3.0, 3.0]]),
        tf.scatter_max(v, [0, 1], [[3.0, 3.0], [3.0, 3.0]]),
        tf.scatter_nd_update(v, [[0, 1], [2, 0]], [0.5, 0.25]),
        tf.scatter_nd_add(v, [[1]], [[1.0, 2.0]]),
        tf.scatter_nd_sub(v, [[2, 1]], [4.0]),
    ]
    with tf.Session() as sess:
        sess.run(v.initializer)
        for op in ops:
            out.append(sess.run(op))
    return {"values": np.array(out)}


def initial_value_from_variable(tf):
    a = tf.Variable([1.0, 2.0], name="a")
    b = tf.Variable(a.initialized_value() * 2.0, name="b")
    c = tf.Variable(a * 3.0 + 1.0, name="c")
    return {"v": [a, b, c]}


def uninitialized_error(tf):
    v = tf.Variable([1.0], name="v", collections=[])
    return {"v": v + 1.0}


def reading_before_and_after(tf):
    v = tf.Variable(1.0, name="v")
    before = tf.identity(v)
    with tf.control_dependencies([before]):
        change = tf.assign(v, 10.0)
    with tf.control_dependencies([change]):
        after = v.read_value()
    with tf.Session() as sess:
        sess.run(v.initializer)
        return {"after": sess.run(after), "graph": change, "v": sess.run(v)}


def duplicate_error(tf):
    tf.get_variable("a", [1])
    tf.get_variable("a", [1])


def missing_reuse_error(tf):
    with tf.variable_scope("s", reuse=True):
        tf.get_variable("a", [1])


def wrong_shape_reuse_error(tf):
    tf.get_variable("a", [1])
    with tf.variable_scope("", reuse=True):
        tf.get_variable("a", [2])


def assign_wrong_shape_error(tf):
    v = tf.Variable([1.0, 2.0])
    tf.assign(v, [1.0, 2.0, 3.0])


def change_shape(tf):
    v = tf.Variable([1.0, 2.0], validate_shape=False, name="v")
    change = tf.assign(v, [[1.0], [2.0], [3.0]], validate_shape=False)
    with tf.Session() as sess:
        sess.run(v.initializer)
        sess.run(change)
        return {"v": sess.run(v), "node": change}


def is_initialized(tf):
    a = tf.Variable(1.0, name="a")
    r = tf.Variable(1.0, name="r", use_resource=True)
    asks = [
        tf.is_variable_initialized(a),
        tf.is_variable_initialized(r),
        tf.report_uninitialized_variables(),
    ]
    with tf.Session() as sess:
        first = sess.run(asks)
        sess.run(tf.variables_initializer([a]))
        second = sess.run(asks)
        sess.run(tf.global_variables_initializer())
        third = sess.run(asks)
    return {"first": first, "second": second, "third": third}


def scatter_methods(tf):
    delta = tf.IndexedSlices([[1.0, 8.0], [0.5, 4.0]], [2, 0])
    found = {}
    for resource in (False, True):
        var = tf.Variable(
            np.arange(1.0, 7.0).reshape(3, 2), dtype=tf.float32, use_resource=resource
        )
        names = ("sub", "add", "max", "min", "mul", "div", "update")
        steps = [getattr(var, "scatter_" + name)(delta) for name in names]
        steps += [
            var.scatter_nd_sub([[0, 1]], [1.0]),
            var.scatter_nd_add([[1]], [[2.0, 3.0]]),
            var.scatter_nd_update([[2, 0]], [7.0]),
        ]
        values = []
        with tf.Session() as sess:
            sess.run(var.initializer)
            for step in steps:
                sess.run(step.op)
                values.append(sess.run(var))
        found["resource" if resource else "reference"] = values
    return found


def scatter_of_dense_error(tf):
    return {"x": tf.Variable([1.0]).scatter_add([1.0])}


def batch_scatter_update(tf):
    found = []
    for resource in (False, True):
        var = tf.Variable(np.zeros([2, 3, 2]), dtype=tf.float32, use_resource=resource)
        indices = tf.constant([[2, 0], [1, 1]])
        step = tf.batch_scatter_update(var, indices, np.ones([2, 2, 2], np.float32))
        with tf.Session() as sess:
            sess.run(var.initializer)
            sess.run(step)
            found.append(sess.run(var))
    return {"found": found}


def batch_scatter_update_method(tf):
    var = tf.Variable(np.zeros([2, 3, 2]), dtype=tf.float32)
    slices = tf.IndexedSlices(tf.fill([2, 2, 2], 3.0), tf.constant([[2, 0], [1, 1]], tf.int64))
    return {"step": var.batch_scatter_update(slices)}
