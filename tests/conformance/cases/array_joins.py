"""Arrays joined and taken apart: concat, stack, split, unstack, meshgrid."""

import numpy as np


def _numbers(*shape):
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape) + 1


def _pair(tf):
    return (
        tf.placeholder(tf.float32, [None, 3], name="x"),
        tf.placeholder(tf.float32, [2, None], name="y"),
    )


def concats(tf):
    x, y = _pair(tf)
    axis = tf.placeholder(tf.int32, [], name="axis")
    unknown = tf.placeholder(tf.float32, name="unknown")
    return {
        "rows": tf.concat([x, y], 0),
        "columns": tf.concat([x, y, x], 1),
        "last": tf.concat(axis=-1, values=[x, y]),
        "varying": tf.concat([x, y], axis),
        "single": tf.concat([x], 0),
        "tensor": tf.concat(x, 1),
        "unknown": tf.concat([unknown, x], 0),
        "strings": tf.concat([["a"], ["b", "c"]], 0),
        "python": tf.concat([[1, 2], [3]], 0),
        "empty": tf.concat([tf.zeros([0, 3]), x], 0),
        "feed": {x: _numbers(2, 3), y: _numbers(2, 3), axis: 1, unknown: _numbers(1, 3)},
    }


def concat_gradients(tf):
    x, y = _pair(tf)
    s, t = tf.constant(_numbers(2, 3)), tf.constant(_numbers(2, 1))
    dx, dy = tf.gradients(tf.concat([x, y], 0) ** 3, [x, y])
    ds, dt = tf.gradients(tf.concat([s, t], 1) ** 2, [s, t])
    dn = tf.gradients(tf.concat([s, t], -1) ** 2, [t])[0]
    ddx = tf.gradients(dx**2, x)[0]
    single = tf.gradients(tf.concat([x], 0) * 2.0, x)[0]
    return {
        "dx": dx,
        "dy": dy,
        "ds": ds,
        "dt": dt,
        "dn": dn,
        "ddx": ddx,
        "single": single,
        "feed": {x: _numbers(2, 3), y: _numbers(2, 3)},
    }


def concat_many_gradients(tf):
    parts = [tf.constant(_numbers(2, 1) * i) for i in range(1, 18)]
    return {"grads": tf.gradients(tf.concat(parts, 1) ** 2, parts)[:2]}


def concat_many_unknown_gradients(tf):
    x = tf.placeholder(tf.float32, [None, 1], name="x")
    parts = [x * float(i) for i in range(18)]
    return {"dx": tf.gradients(tf.concat(parts, 1) ** 2, x)[0], "feed": {x: _numbers(2, 1)}}


def concat_gradient_of_rows(tf):
    """The gradient of a gather is IndexedSlices, and stays so through a concat."""
    x = tf.constant(_numbers(3, 2))
    y = tf.constant(_numbers(2, 2))
    joined = tf.concat([x, y], 0)
    dx, dy = tf.gradients(tf.gather(joined, [0, 3, 4, 0]) ** 2, [x, y])
    return {"dx": dx, "dy": dy}


def concat_gradient_of_columns(tf):
    x = tf.constant(_numbers(3, 2))
    y = tf.constant(_numbers(3, 1))
    joined = tf.concat([x, y], 1)
    dx, dy = tf.gradients(tf.gather(joined, [0, 2, 2]) ** 2, [x, y])
    return {"dx": dx, "dy": dy}


def concat_shapes_error(tf):
    return {"y": tf.concat([tf.zeros([2, 3]), tf.zeros([2, 4])], 0)}


def concat_ranks_error(tf):
    return {"y": tf.concat([tf.zeros([2, 3]), tf.zeros([2])], 0)}


def concat_run_error(tf):
    x = tf.placeholder(tf.float32, name="x")
    return {"y": tf.concat([x, tf.zeros([2, 4])], 0), "feed": {x: _numbers(2, 3)}}


def concat_types_error(tf):
    return {"y": tf.concat([tf.zeros([2]), tf.zeros([2], tf.int32)], 0)}


def stacks(tf):
    x, y = _pair(tf)
    return {
        "first": tf.stack([x, y]),
        "second": tf.stack([x, y], axis=1),
        "last": tf.stack([x, y], axis=-1, name="pile"),
        "python": tf.stack([1, 2]),
        "mixed": tf.stack([tf.shape(x)[0], 5]),
        "arrays": tf.stack([np.float32([1, 2]), np.float32([3, 4])], 1),
        "strings": tf.stack([["a"], ["b"]], 1),
        "scalars": tf.stack([tf.constant(1.0), 2.0]),
        "feed": {x: _numbers(2, 3), y: _numbers(2, 3)},
    }


def packed_lists(tf):
    """Lists with tensors inside become tensors wherever a tensor is wanted."""
    a = tf.constant(1.0, name="a")
    n = tf.constant(2, name="n")
    return {
        "nested": tf.convert_to_tensor([[1.0, a], [a, 4.0]]),
        "rows": tf.convert_to_tensor([[1.0, 2.0], [a, 4.0]]),
        "cast": tf.convert_to_tensor([n, 3], dtype=tf.float32),
        "named": tf.convert_to_tensor([a, 2.0], name="pair"),
        "used": tf.reduce_sum([a, a]),
        "reshaped": tf.reshape(tf.zeros([4]), [n, 2]),
    }


def packed_types_error(tf):
    return {"y": tf.convert_to_tensor([tf.constant(1.0), tf.constant(2)])}


def stack_gradients(tf):
    x, y = _pair(tf)
    dx, dy = tf.gradients(tf.stack([x, y], 1) ** 3, [x, y])
    s = tf.constant(1.0)
    return {
        "dx": dx,
        "dy": dy,
        "ddx": tf.gradients(dx, x)[0],
        "ds": tf.gradients(tf.stack([s, s, 3.0]) ** 2, s)[0],
        "single": tf.gradients(tf.stack([x]) ** 2, x)[0],
        "feed": {x: _numbers(2, 3), y: _numbers(2, 3)},
    }


def stack_axis_error(tf):
    return {"y": tf.stack([tf.zeros([2]), tf.zeros([2])], axis=3)}


def stack_shapes_error(tf):
    return {"y": tf.stack([tf.zeros([2]), tf.zeros([3])])}


def unstacks(tf):
    x, _ = _pair(tf)
    unknown = tf.placeholder(tf.float32, name="unknown")
    return {
        "columns": tf.unstack(x, axis=1),
        "rows": tf.unstack(x, num=2),
        "last": tf.unstack(x, axis=-1, name="parts"),
        "unknown": tf.unstack(unknown, num=2),
        "strings": tf.unstack(tf.constant(["a", "b"])),
        "feed": {x: _numbers(2, 3), unknown: _numbers(2)},
    }


def unstack_gradients(tf):
    x, _ = _pair(tf)
    a, b, c = tf.unstack(x, axis=1)
    rows = tf.unstack(x, num=2)
    return {
        "dx": tf.gradients(a * b + c, x)[0],
        "some": tf.gradients(a**2, x)[0],
        "rows": tf.gradients(rows[0] * rows[1], x)[0],
        "feed": {x: _numbers(2, 3)},
    }


def unstack_unknown_error(tf):
    return {"y": tf.unstack(_pair(tf)[0])}


def unstack_axis_error(tf):
    return {"y": tf.unstack(tf.zeros([2, 3]), axis=2)}


def unstack_run_error(tf):
    x = _pair(tf)[0]
    return {"y": tf.unstack(x, num=3), "feed": {x: _numbers(2, 3)}}


def splits(tf):
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    axis = tf.placeholder(tf.int32, [], name="axis")
    return {
        "equal": tf.split(x, 3, 1),
        "rows": tf.split(value=x, num_or_size_splits=2, axis=0),
        "sizes": tf.split(x, [1, 2, 3], axis=1),
        "rest": tf.split(x, [1, -1], axis=-1),
        "varying": tf.split(x, 2, axis),
        "varying_sizes": tf.split(x, [2, 4], axis),
        "one": tf.split(x, 1, 1),
        "dimension": tf.split(x, x.shape[1], 1)[5],
        "num": tf.split(x, tf.constant([4, 2]), axis=1, num=2),
        "strings": tf.split(tf.constant(["a", "b", "c", "d"]), 2),
        "feed": {x: _numbers(2, 6), axis: 1},
    }


def split_gradients(tf):
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    a, b, c = tf.split(x, 3, 1)
    d, e = tf.split(x, [2, 4], 1)
    dx = tf.gradients(a * b * c, x)[0]
    return {
        "dx": dx,
        "ddx": tf.gradients(dx, x)[0],
        "some": tf.gradients(b**2, x)[0],
        "sizes": tf.gradients(d * 2.0, x)[0],
        "both": tf.gradients([d**2, e**2], x)[0],
        "one": tf.gradients(tf.split(x, 1, 1)[0] ** 2, x)[0],
        "feed": {x: _numbers(2, 6)},
    }


def split_uneven_error(tf):
    return {"y": tf.split(tf.zeros([2, 5]), 2, 1)}


def split_sizes_error(tf):
    return {"y": tf.split(tf.zeros([2, 5]), [2, 2], 1)}


def split_run_error(tf):
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    return {"y": tf.split(x, 2, 0), "feed": {x: _numbers(3, 6)}}


def split_scalar_error(tf):
    return {"y": tf.split(tf.zeros([2, 4]), tf.constant(2), 1)}


def meshgrids(tf):
    x = tf.placeholder(tf.float32, [None], name="x")
    return {
        "xy": tf.meshgrid(x, [1.0, 2.0]),
        "ij": tf.meshgrid([1, 2, 3], [4, 5], indexing="ij"),
        "three": tf.meshgrid([1, 2], [3], [4, 5]),
        "feed": {x: [1.0, 2.0, 3.0]},
    }


def parallel_stacks(tf):
    return {"y": tf.parallel_stack([tf.constant([1, 2]), tf.constant([3, 4])])}
