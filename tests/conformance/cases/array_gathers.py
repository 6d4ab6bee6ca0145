"""Elements chosen and placed by index: gather, one-hot, scatter, partition, stitch, unique."""

import numpy as np


def _numbers(*shape):
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape) + 1


def _x(tf, *shape):
    return tf.placeholder(tf.float32, shape or (None, 3), name="x")


def gathers(tf):
    x, i = _x(tf), tf.placeholder(tf.int32, [None, 2], name="i")
    unknown = tf.placeholder(tf.float32, name="unknown")
    axis = tf.placeholder(tf.int32, [], name="axis")
    return {
        "rows": tf.gather(x, [1, 0, 1]),
        "one": tf.gather(x, 1),
        "matrix": tf.gather(x, i),
        "columns": tf.gather(x, [2, 0], axis=1),
        "last": tf.gather(x, i, axis=-1),
        "int64": tf.gather(x, tf.constant([1], tf.int64)),
        "unknown": tf.gather(unknown, [0]),
        "varying": tf.gather(x, [1], axis=axis),
        "batch": tf.gather(x, i, batch_dims=1, axis=1),
        "strings": tf.gather(tf.constant(["a", "b"]), [1, 1]),
        "tensor_axis": tf.gather(x, [0], axis=tf.constant(1)),
        "feed": {x: _numbers(2, 3), i: [[1, 0], [1, 1]], unknown: _numbers(2, 2), axis: 1},
    }


def gather_gradients(tf):
    x, i = _x(tf), tf.placeholder(tf.int32, [None, 2], name="i")
    rows = tf.gradients(tf.gather(x, i) ** 2, x)[0]
    columns = tf.gradients(tf.gather(x, [2, 0, 2], axis=1) ** 2, x)[0]
    return {
        "rows": rows,
        "dense": tf.convert_to_tensor(rows),
        "columns": columns,
        "second": tf.gradients(columns**2, x)[0],
        "feed": {x: _numbers(2, 3), i: [[1, 0], [1, 1]]},
    }


def gather_static_gradients(tf):
    x = tf.constant(_numbers(3, 2))
    rows = tf.gradients(tf.gather(x, [2, 0, 2]) ** 3, x)[0]
    return {"rows": rows, "sum": tf.gradients(tf.gather(x, [0]) + tf.gather(x, [1]), x)[0]}


def gather_batch_gradients(tf):
    x = tf.constant(_numbers(2, 3, 2))
    y = tf.gather(x, [[2, 0], [1, 1]], batch_dims=1, axis=1)
    return {"dx": tf.gradients(y**2, x)[0]}


def gather_bounds_error(tf):
    x = _x(tf)
    return {"y": tf.gather(x, [0, 2]), "feed": {x: _numbers(2, 3)}}


def gather_negative_error(tf):
    x = _x(tf)
    return {"y": tf.gather(x, [-1]), "feed": {x: _numbers(2, 3)}}


def gather_nds(tf):
    x, i = _x(tf), tf.placeholder(tf.int32, [None, 2], name="i")
    rows = tf.placeholder(tf.int64, [None, 1], name="rows")
    y = tf.gather_nd(x, i)
    return {
        "elements": y,
        "rows": tf.gather_nd(x, rows),
        "one": tf.gather_nd(x, [1, 2]),
        "box": tf.gather_nd(x, [[[0, 0]], [[1, 1]]]),
        "batch": tf.gather_nd(x, [[[0], [2]], [[1], [1]]], batch_dims=1),
        "strings": tf.gather_nd([["a", "b"], ["c", "d"]], [[0, 1]]),
        "dx": tf.gradients(y**2, x)[0],
        "drows": tf.gradients(tf.gather_nd(x, rows) ** 2, x)[0],
        "feed": {x: _numbers(2, 3), i: [[0, 1], [1, 2], [0, 1]], rows: [[1]]},
    }


def gather_nd_bounds_error(tf):
    x = _x(tf)
    return {"y": tf.gather_nd(x, [[0, 3]]), "feed": {x: _numbers(2, 3)}}


def batch_gathers(tf):
    x = _x(tf)
    return {"y": tf.batch_gather(x, [[0, 2], [1, 1]]), "feed": {x: _numbers(2, 3)}}


def one_hots(tf):
    i = tf.placeholder(tf.int32, [None, 2], name="i")
    depth = tf.placeholder(tf.int32, [], name="depth")
    return {
        "default": tf.one_hot(i, 3),
        "python": tf.one_hot([0, 2, -1, 5], 3),
        "scalar": tf.one_hot(1, 3),
        "first": tf.one_hot(i, 3, axis=0),
        "middle": tf.one_hot(i, 3, axis=1),
        "values": tf.one_hot(i, 2, on_value=5.0, off_value=-1.0),
        "on": tf.one_hot(i, 2, on_value=tf.constant(7)),
        "int": tf.one_hot(i, 3, dtype=tf.int64),
        "bool": tf.one_hot(i, 3, on_value=True, off_value=False),
        "depth": tf.one_hot(i, depth),
        "strings": tf.one_hot([0, 1], 2, on_value="yes", off_value="no"),
        "feed": {i: [[0, 1], [2, 0]], depth: 4},
    }


def one_hot_types_error(tf):
    return {"y": tf.one_hot([0], 2, on_value=1, off_value=0.0)}


def scatters(tf):
    i = tf.placeholder(tf.int32, [None, 1], name="i")
    u = tf.placeholder(tf.float32, [None, 2], name="u")
    y = tf.scatter_nd(i, u, [4, 2])
    shape = tf.placeholder(tf.int32, [2], name="shape")
    return {
        "y": y,
        "du": tf.gradients(y**2, u)[0],
        "elements": tf.scatter_nd([[0, 1], [1, 0], [0, 1]], [1, 2, 3], [2, 2]),
        "varying": tf.scatter_nd(i, u, shape),
        "feed": {i: [[1], [3], [1]], u: _numbers(3, 2), shape: [5, 2]},
    }


def scatter_bounds_error(tf):
    i = tf.placeholder(tf.int32, [None, 1], name="i")
    return {"y": tf.scatter_nd(i, [1.0], [2]), "feed": {i: [[2]]}}


def tensor_scatters(tf):
    x = _x(tf)
    i, u = tf.constant([[0], [1]]), tf.constant(_numbers(2, 3) * 10)
    y = tf.tensor_scatter_update(x, i, u)
    z = tf.tensor_scatter_add(x, [[0, 1], [0, 1]], [1.0, 2.0])
    w = tf.tensor_scatter_sub(x, i, u)
    return {
        "update": y,
        "add": z,
        "sub": w,
        "dy": tf.gradients(y**2, [x, u]),
        "dz": tf.gradients(z**2, x)[0],
        "dw": tf.gradients(w**2, [x, u]),
        "feed": {x: _numbers(3, 3)},
    }


def partitions(tf):
    x = _x(tf)
    p = tf.placeholder(tf.int32, [None], name="p")
    a, b = tf.dynamic_partition(x, p, 2)
    return {
        "a": a,
        "b": b,
        "dx": tf.gradients([a * 2.0, b**2], x)[0],
        "strings": tf.dynamic_partition(["a", "b", "c"], [1, 0, 1], 2),
        "feed": {x: _numbers(3, 3), p: [1, 0, 1]},
    }


def partition_number_error(tf):
    p = tf.placeholder(tf.int32, [None], name="p")
    return {"y": tf.dynamic_partition([1.0, 2.0], p, 2), "feed": {p: [0, 2]}}


def stitches(tf):
    x = _x(tf)
    i = tf.placeholder(tf.int32, [None], name="i")
    y = tf.dynamic_stitch([i, [3]], [x, [[7.0, 8.0, 9.0]]])
    return {
        "y": y,
        "static": tf.dynamic_stitch([[0, 2], [1]], [[1, 2], [3]]),
        "last": tf.dynamic_stitch([[0, 1], [1]], [[1, 2], [3]]),
        "dx": tf.gradients(y**2, x)[0],
        "feed": {x: _numbers(3, 3), i: [2, 0, 1]},
    }


def uniques(tf):
    x = tf.placeholder(tf.int32, [None], name="x")
    y, idx = tf.unique(x)
    counted = tf.unique_with_counts(x, out_idx=tf.int64)
    words = tf.unique(tf.constant(["b", "a", "b"]))
    return {
        "y": y,
        "idx": idx,
        "values": counted.y,
        "numbers": counted.idx,
        "counts": counted.count,
        "words": words.y,
        "places": words.idx,
        "feed": {x: [4, 1, 4, 4, 9, 1]},
    }


def set_differences(tf):
    x = tf.placeholder(tf.int32, [None], name="x")
    out, idx = tf.setdiff1d(x, [1, 3])
    words = tf.setdiff1d(["a", "b", "c"], ["b"])
    return {"out": out, "idx": idx, "words": words.out, "feed": {x: [1, 2, 3, 4, 2]}}


def searches(tf):
    values = tf.constant([[0.0, 2.0, 5.0]])
    rows = tf.constant([[1.0, 2.0, 2.0, 4.0]])
    return {
        "left": tf.searchsorted(rows, values),
        "right": tf.searchsorted(rows, values, side="right", out_type=tf.int64),
    }


def inverted_permutations(tf):
    x = tf.placeholder(tf.int32, [None], name="x")
    return {"y": tf.invert_permutation(x), "feed": {x: [2, 0, 1]}}


def edit_distances(tf):
    truth = tf.SparseTensor([[0, 0], [0, 1], [1, 0], [2, 0]], [1, 2, 3, 4], [4, 2])
    guess = tf.SparseTensor([[0, 0], [1, 0], [1, 1], [1, 2], [3, 0]], [1, 3, 5, 6, 7], [4, 3])
    return {
        "normal": tf.edit_distance(guess, truth),
        "plain": tf.edit_distance(guess, truth, normalize=False),
    }


def edit_distance_of_words(tf):
    a = tf.SparseTensor([[0, 0, i] for i in range(6)], list("kitten"), [1, 1, 6])
    b = tf.SparseTensor([[0, 0, i] for i in range(7)], list("sitting"), [1, 1, 7])
    return {"distance": tf.edit_distance(a, b, normalize=False)}


def edit_distance_dense_error(tf):
    return {"y": tf.edit_distance(tf.constant([1]), tf.constant([1]))}


def repeats(tf):
    x = _x(tf, None, 2)
    return {
        "flat": tf.repeat([1, 2], 2),
        "each": tf.repeat([3, 4, 5], [1, 0, 2]),
        "rows": tf.repeat(x, 2, axis=0),
        "columns": tf.repeat(x, [2, 1], axis=1),
        "feed": {x: _numbers(2, 2)},
    }


def gather_nd_of_variables(tf):
    v = tf.Variable(_numbers(2, 3), name="v", use_resource=True)
    w = tf.Variable(_numbers(2, 3), name="w", use_resource=False)
    elements = tf.gather_nd(v, [[0, 1], [1, 2]])
    rows = tf.gather_nd(v, [[1]])
    return {
        "elements": elements,
        "rows": rows,
        "ref": tf.gather_nd(w, [[0, 1]]),
        "dv": tf.gradients(elements**2, v)[0],
        "drows": tf.gradients(rows**2, v)[0],
    }
