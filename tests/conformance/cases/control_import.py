"""Graphs with loops and conditionals that were imported:
nothing but their nodes is known of them.
"""


def _loop_graph(tf):
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [2], name="x")

        def body(i, y):
            y = tf.cond(tf.equal(i % 2, 0), lambda: y * x, lambda: y + x)
            _, y = tf.while_loop(lambda j, z: j <= i, lambda j, z: (j + 1, z * x + 0.5), [0, y])
            return i + 1, y

        _, y = tf.while_loop(lambda i, y: i < 3, body, [0, x])
        tf.identity(y, name="y")
        tf.identity(tf.gradients(y, x)[0], name="grad")
    return graph.as_graph_def()


def import_loop(tf):
    x = tf.placeholder(tf.float32, [2], name="input")
    y, grad = tf.import_graph_def(
        _loop_graph(tf), input_map={"x:0": x}, return_elements=["y:0", "grad:0"], name="net"
    )
    with tf.Session() as session:
        return {"values": session.run([y, grad], {x: [0.5, 1.1]})}


def import_cond_and_differentiate(tf):
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        p = tf.placeholder(tf.bool, [], name="p")
        tf.identity(tf.cond(p, lambda: x * x, lambda: x + 1.0), name="y")
    x = tf.placeholder(tf.float32, [2], name="x")
    p = tf.placeholder(tf.bool, [], name="p")
    (y,) = tf.import_graph_def(
        graph.as_graph_def(), input_map={"x:0": x, "p:0": p}, return_elements=["y:0"]
    )
    grad = tf.gradients(y, x)
    return {"y": y, "grad": grad, "feed": [{x: [1, 2], p: True}, {x: [1, 2], p: False}]}


def import_map(tf):
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None], name="x")
        tf.identity(tf.map_fn(lambda v: v * v, x), name="y")
        tf.identity(tf.scan(lambda a, v: a + v, x), name="z")
    y, z = tf.import_graph_def(graph.as_graph_def(), return_elements=["y:0", "z:0"], name="m")
    with tf.Session() as session:
        return {"values": session.run([y, z], {"m/x:0": [1.0, 2.0, 3.0]})}


def fetch_untaken_branch_error(tf):
    x = tf.placeholder(tf.float32, [], name="x")
    p = tf.placeholder(tf.bool, [], name="p")
    from_graph = tf.Graph()
    with from_graph.as_default():
        q = tf.placeholder(tf.bool, [], name="q")
        v = tf.placeholder(tf.float32, [], name="v")
        tf.cond(q, lambda: tf.identity(v * 2.0, name="taken"), lambda: v)
    (taken,) = tf.import_graph_def(
        from_graph.as_graph_def(), input_map={"v:0": x, "q:0": p}, return_elements=["cond/taken:0"]
    )
    return {"y": taken, "feed": {x: 1.0, p: False}}


def fetch_inside_cond_error(tf):
    inside = []
    x = tf.constant(1.0)

    def branch():
        inside.append(x * 2.0)
        return inside[0]

    tf.cond(tf.constant(True), branch, lambda: x)
    with tf.Session() as session:
        return {"y": session.run(inside[0])}


def fetch_inside_loop_error(tf):
    inside = []

    def body(i):
        inside.append(i + 1)
        return inside[0]

    tf.while_loop(lambda i: i < 3, body, [0])
    with tf.Session() as session:
        return {"y": session.run(inside[0])}


def feed_inside_loop_error(tf):
    inside = []

    def body(i):
        inside.append(i + 1)
        return inside[0]

    i = tf.while_loop(lambda i: i < 3, body, [0])
    with tf.Session() as session:
        return {"y": session.run(i, {inside[0]: 5})}


def switch_by_hand(tf):
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.constant([1.0, 2.0])
    _, true = _switch(tf, x, p)
    y = true * 2.0
    return {"y": y, "grad": tf.gradients(y, x, name="gradients"), "feed": {p: True}}


def _switch(tf, data, pred):
    graph = tf.get_default_graph()
    op = graph.create_op("Switch", [data, pred], [tf.float32, tf.float32], name="s")
    return op.outputs
