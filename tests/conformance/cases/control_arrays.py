"""Tensor arrays, alone and in loops, and what is built on them: map_fn, scan, foldl, foldr."""

import collections

import numpy as np


def write_read_stack(tf):
    a = tf.TensorArray(tf.float32, 3, name="a")
    a = a.write(0, [1.0, 2.0]).write(1, [3.0, 4.0]).write(2, tf.zeros([2]))
    return {"stack": a.stack(), "size": a.size(), "shape": str(a.element_shape)}


def read_many_times(tf):
    a = tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack([1.0, 2.0])
    return {"sum": a.read(0) + a.read(0), "other": a.read(1), "all": a.gather([1, 0])}


def unstack_gather_scatter(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    n = tf.shape(x)[0]
    a = tf.TensorArray(tf.float32, n, clear_after_read=False).unstack(x)
    b = tf.TensorArray(tf.float32, 4).scatter([2, 0, 3, 1], tf.ones([4, 2]) * 2.0)
    return {
        "gather": a.gather([1, 0]),
        "stack": a.stack(),
        "scattered": b.stack(),
        "feed": {x: [[1, 2], [3, 4]]},
    }


def concat_split(tf):
    a = tf.TensorArray(tf.float32, 3, infer_shape=False)
    a = a.split([1.0, 2.0, 3.0, 4.0, 5.0], [1, 0, 4])
    b = tf.TensorArray(tf.float32, 2).split(tf.reshape(tf.range(8.0), [4, 2]), [2, 2])
    return {"joined": a.concat(), "b": b.stack(), "size": a.size()}


def dynamic_size(tf):
    a = tf.TensorArray(tf.float32, 0, dynamic_size=True)
    a = a.write(0, 1.0).write(3, 2.0).write(2, 5.0).write(1, 7.0)
    return {"stack": a.stack(), "size": a.size()}


def element_shapes(tf):
    a = tf.TensorArray(tf.float32, 2, element_shape=[None, 2])
    a = a.write(0, tf.ones([3, 2])).write(1, tf.zeros([3, 2]))
    b = tf.TensorArray(tf.float32, 2, infer_shape=False).write(0, [1.0]).write(1, [2.0, 3.0])
    return {"a": a.stack(), "b": b.concat(), "static": str(a.element_shape)}


def unwritten_is_zero(tf):
    a = tf.TensorArray(tf.float32, 3, element_shape=[2]).write(1, [1.0, 2.0])
    return {"a": a.stack()}


def empty(tf):
    a = tf.TensorArray(tf.float32, 0, element_shape=[2])
    return {"stack": a.stack(), "concat": a.concat()}


def strings(tf):
    a = tf.TensorArray(tf.string, 2).unstack(["a", "bc"])
    return {"stack": a.stack()}


def gradient_of_stack(tf):
    x = tf.placeholder(tf.float32, [3, 2], name="x")
    a = tf.TensorArray(tf.float32, 3).unstack(x)
    y = a.stack() * [[1.0], [2.0], [3.0]]
    return {"grad": tf.gradients(y, x), "feed": {x: np.ones([3, 2])}}


def gradient_of_reads(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    a = tf.TensorArray(tf.float32, 3, clear_after_read=False).unstack(x)
    y = a.read(0) * a.read(2) + a.read(0)
    return {"y": y, "grad": tf.gradients(y, x)}


def gradient_of_writes(tf):
    x, y = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    a = tf.TensorArray(tf.float32, 2).write(0, x).write(1, y)
    total = tf.reduce_sum(a.stack() * [[1.0], [2.0]])
    return {"grads": tf.gradients(total, [x, y])}


def gradient_of_concat_split(tf):
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    a = tf.TensorArray(tf.float32, 2, infer_shape=False).split(x, [1, 3])
    y = a.concat() * [1.0, 2.0, 3.0, 4.0]
    return {"grad": tf.gradients(y, x)}


def gradient_of_gather(tf):
    x = tf.constant([[1.0], [2.0], [3.0]])
    a = tf.TensorArray(tf.float32, 3, clear_after_read=False).unstack(x)
    y = a.gather([2, 0, 2]) * [[1.0], [10.0], [100.0]]
    return {"y": y, "grad": tf.gradients(y, x)}


def two_gradients(tf):
    x = tf.constant([1.0, 2.0])
    a = tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack(x)
    y, z = a.stack() * 2.0, a.read(1) * 5.0
    return {"first": tf.gradients(y, x), "second": tf.gradients(z, x)}


def in_loop(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    n = tf.shape(x)[0]
    rows = tf.TensorArray(tf.float32, n).unstack(x)
    out = tf.TensorArray(tf.float32, n)

    def body(i, state, out):
        state = tf.tanh(state + rows.read(i))
        return i + 1, state, out.write(i, state * 2.0)

    _, state, out = tf.while_loop(lambda i, s, o: i < n, body, (0, tf.zeros([2]), out))
    result = out.stack()
    feed = {x: [[1, 2], [0.5, -1], [0, 0.1]]}
    return {"state": state, "result": result, "grad": tf.gradients(result, x), "feed": feed}


def dynamic_in_loop(tf):
    x = tf.constant([1.0, 2.0])
    out = tf.TensorArray(tf.float32, 0, dynamic_size=True)

    def body(i, out):
        return i + 1, out.write(i, x * tf.cast(i, tf.float32))

    _, out = tf.while_loop(lambda i, o: i < 4, body, (0, out))
    y = out.stack()
    return {"y": y, "grad": tf.gradients(y, x)}


def array_made_in_loop(tf):
    x = tf.constant([1.0, 2.0])

    def body(i, total):
        a = tf.TensorArray(tf.float32, 2).write(0, x).write(1, total)
        return i + 1, tf.reduce_sum(a.stack(), 0)

    _, y = tf.while_loop(lambda i, t: i < 3, body, (0, tf.zeros([2])))
    return {"y": y}


def array_in_cond(tf):
    p = tf.placeholder(tf.bool, [], name="p")
    a = tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack([1.0, 2.0])
    b = tf.cond(
        p, lambda: tf.TensorArray(tf.float32, 1).write(0, a.read(1)).stack(), lambda: a.stack()
    )
    return {"b": b, "feed": [{p: True}, {p: False}]}


def array_through_cond(tf):
    p = tf.placeholder(tf.bool, [], name="p")
    a = tf.TensorArray(tf.float32, 2).write(0, 1.0)
    a = tf.cond(p, lambda: a.write(1, 2.0), lambda: a.write(1, 3.0))
    return {"a": a.stack(), "feed": [{p: True}, {p: False}]}


def write_twice_error(tf):
    return {"a": tf.TensorArray(tf.float32, 3).write(0, 1.0).write(0, 2.0).stack()}


def write_outside_error(tf):
    return {"a": tf.TensorArray(tf.float32, 3).write(5, 1.0).stack()}


def read_outside_error(tf):
    return {"a": tf.TensorArray(tf.float32, 3).read(5)}


def read_unwritten_error(tf):
    return {"a": tf.TensorArray(tf.float32, 3).read(1)}


def read_twice_error(tf):
    a = tf.TensorArray(tf.float32, 1).write(0, 1.0)
    first = a.read(0)
    with tf.control_dependencies([first]):
        return {"a": a.read(0)}


def other_shape_error(tf):
    return {"a": tf.TensorArray(tf.float32, 3).write(0, [1.0]).write(1, [1.0, 2.0]).stack()}


def other_shape_in_run_error(tf):
    x = tf.placeholder(tf.float32, None)
    a = tf.TensorArray(tf.float32, 2).write(0, [1.0]).write(1, x)
    return {"a": a.stack(), "feed": {x: [1.0, 2.0]}}


def unstack_too_many_error(tf):
    return {"a": tf.TensorArray(tf.float32, 2).unstack([1.0, 2.0, 3.0]).stack()}


def empty_unknown_shape_error(tf):
    return {"a": tf.TensorArray(tf.float32, 0).stack()}


def map_squares(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.map_fn(lambda row: row * row, x)
    return {"y": y, "grad": tf.gradients(y, x), "feed": {x: [[1, 2], [3, 4], [5, 6]]}}


def map_static(tf):
    x = tf.constant([1, 2, 3])
    y = tf.map_fn(lambda i: tf.cast(i, tf.float32) / 2.0, x, dtype=tf.float32, name="halves")
    return {"y": y, "parallel": tf.map_fn(lambda i: -i, x, parallel_iterations=2)}


def map_structures(tf):
    Pair = collections.namedtuple("Pair", "a b")
    x, z = tf.constant([1.0, 2.0]), tf.constant([[1, 2], [3, 4]])
    same = tf.map_fn(lambda t: (t[0] * 2.0, t[1] + 1), (x, z))
    other = tf.map_fn(
        lambda p: {"s": p.a, "n": tf.reduce_sum(p.b)},
        Pair(x, z),
        dtype={"s": tf.float32, "n": tf.int32},
    )
    return {"same": same, "other": other}


def map_varying_shapes(tf):
    x = tf.constant([1, 2, 3])
    y = tf.map_fn(lambda n: tf.reduce_sum(tf.range(n)), x, infer_shape=False)
    return {"y": y}


def map_with_variable(tf):
    w = tf.get_variable("w", initializer=[2.0, 3.0], use_resource=False)
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    y = tf.map_fn(lambda row: tf.reduce_sum(row * w), x)
    return {"y": y, "grad": tf.gradients(y, w)}


def map_nested(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    y = tf.map_fn(lambda row: tf.map_fn(lambda v: v * v, row), x)
    return {"y": y, "grad": tf.gradients(y, x)}


def map_random(tf):
    tf.set_random_seed(9)
    return {"y": tf.map_fn(lambda v: v + tf.random_uniform([]), tf.zeros([4]))}


def map_scalar_error(tf):
    return {"y": tf.map_fn(lambda v: v, tf.constant(1.0))}


def scan_sums(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.scan(lambda a, v: a + v, x)
    feed = {x: [1, 2, 3, 4]}
    return {"y": y, "grad": tf.gradients(y * y, x), "feed": feed}


def scan_initializer(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    start = tf.constant([0.5, 0.5])
    y = tf.scan(lambda a, v: tf.tanh(a * v), x, initializer=start)
    return {"y": y, "grads": tf.gradients(y, [x, start])}


def scan_reverse(tf):
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    y = tf.scan(lambda a, v: a * 0.5 + v, x, reverse=True)
    z = tf.scan(lambda a, v: a - v, x, initializer=10.0, reverse=True)
    return {"y": y, "z": z, "grads": [tf.gradients(y, x), tf.gradients(z, x)]}


def scan_structures(tf):
    fib = tf.scan(
        lambda a, _: (a[1], a[0] + a[1]), tf.range(6), initializer=(tf.constant(0), tf.constant(1))
    )
    pairs = tf.scan(
        lambda a, v: {"m": tf.maximum(a["m"], v[0]), "s": a["s"] + v[1]},
        (tf.constant([1.0, 3.0, 2.0]), tf.constant([1, 2, 3])),
        initializer={"m": tf.constant(0.0), "s": tf.constant(0)},
    )
    return {"fib": fib, "pairs": pairs}


def folds(tf):
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    left = tf.foldl(lambda a, v: a / 2.0 + v, x)
    left_from = tf.foldl(lambda a, v: a - v, x, initializer=10.0)
    right = tf.foldr(lambda a, v: a / 2.0 + v, x)
    right_from = tf.foldr(lambda a, v: a - v, x, initializer=10.0)
    grads = [tf.gradients(y, x) for y in (left, left_from, right, right_from)]
    return {"left": left, "from": left_from, "right": right, "rfrom": right_from, "grads": grads}


def fold_unknown_length(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    left = tf.foldl(lambda a, v: a * 0.5 + v, x)
    right = tf.foldr(lambda a, v: a * 0.5 + v, x)
    return {"left": left, "right": right, "feed": {x: [[1, 2], [3, 4], [5, 6]]}}


def fold_structures(tf):
    x, z = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    y = tf.foldl(lambda a, v: a + v[0] * v[1], (x, z), initializer=tf.constant(0.0))
    return {"y": y}
