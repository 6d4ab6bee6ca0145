"""Parts of arrays: indexing in all its forms, slices, masks, and their gradients."""

import numpy as np


def _x(tf, *shape):
    return tf.placeholder(tf.float32, shape or (None, 3, 4), name="x")


def _numbers(*shape):
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape) + 1


_FED = _numbers(2, 3, 4)


def indexing(tf):
    x = _x(tf)
    return {
        "one": x[1],
        "negative": x[-1],
        "two": x[0, 1],
        "column": x[:, 1],
        "range": x[:, 1:3],
        "from_end": x[:, -2:, :-1],
        "steps": x[:, ::2, 1::2],
        "reversed": x[:, ::-1],
        "reversed_part": x[::-1, 2:0:-1, 3::-2],
        "ellipsis": x[..., 0],
        "middle": x[0, ..., 1],
        "new_axis": x[:, tf.newaxis, 0, ..., None],
        "all": x[:],
        "none": x[()],
        "beyond": x[:, 1:100],
        "empty": x[:, 2:1],
        "list": x[[0, 1]],
        "feed": {x: _FED},
    }


def indexing_static(tf):
    x = tf.constant(_FED)
    return {
        "one": x[1],
        "range": x[:, 1:3, ::3],
        "reversed": x[::-1, :, -1],
        "vector": tf.constant([1, 2, 3])[1:],
        "strings": tf.constant([["a", "b"], ["c", "d"]])[:, ::-1],
        "string": tf.constant(["a", "b"])[1],
    }


def indexing_by_tensors(tf):
    x = _x(tf)
    i = tf.placeholder(tf.int32, [], name="i")
    j = tf.placeholder(tf.int64, [], name="j")
    return {
        "one": x[i],
        "pair": x[i, 1],
        "range": x[:, i:],
        "until": x[:, :i, 0],
        "both": x[:, i : i + 1],
        "step": x[:, ::i],
        "wide": x[j],
        "wide_range": x[0, j:],
        "last": x[tf.shape(x)[0] - 1],
        "numpy": x[np.int32(1)],
        "dimension": x[:, : x.shape[1]],
        "feed": {x: _FED, i: 1, j: 1},
    }


def indexing_unknown_rank(tf):
    x = tf.placeholder(tf.float32, name="x")
    return {"one": x[0], "range": x[..., 1:2], "feed": {x: _FED}}


def sizes_from_shapes(tf):
    x = _x(tf)
    n = tf.shape(x)
    batch, rest = n[0], n[1:]
    return {
        "flat": tf.reshape(x, [batch, 12]),
        "tail": tf.zeros(tf.concat([[2], rest], 0)),
        "head": tf.ones(n[:2]),
        "every": tf.ones(n[::2]),
        "product": tf.reshape(x, [batch * 3, -1]),
        "feed": {x: _FED},
    }


def boolean_index(tf):
    x = _x(tf)
    mask = tf.placeholder(tf.bool, [None], name="mask")
    return {
        "mask": x[mask],
        "numpy": x[:, :, 0][np.array([[True, False, True], [False, False, True]])],
        "feed": {x: _FED, mask: [False, True]},
    }


def float_index_error(tf):
    return {"y": _x(tf)[1.0]}


def vector_index_error(tf):
    return {"y": _x(tf)[tf.constant([0, 1])]}


def too_many_indices_error(tf):
    return {"y": _x(tf)[0, 0, 0, 0]}


def index_out_of_bounds_error(tf):
    return {"y": _x(tf)[:, 3]}


def index_out_of_bounds_run_error(tf):
    x, i = _x(tf), tf.placeholder(tf.int32, [], name="i")
    return {"y": x[i], "feed": {x: _FED, i: 2}}


def indexing_gradients(tf):
    x = _x(tf)
    parts = {
        "one": x[1],
        "range": x[:, 1:3],
        "reversed": x[::-1, 2:0:-1, 3::-2],
        "new_axis": x[:, tf.newaxis, 0, ..., None],
        "steps": x[:, ::2, 1::2],
    }
    found = {name: tf.gradients(part**2, x)[0] for name, part in parts.items()}
    found["feed"] = {x: _FED}
    return found


def indexing_second_order(tf):
    x = _x(tf)
    dx = tf.gradients(x[:, 1:, ::2] ** 3, x)[0]
    return {"dx": dx, "ddx": tf.gradients(dx**2, x)[0], "feed": {x: _FED}}


def indexing_static_gradients(tf):
    x = tf.constant(_FED)
    i = tf.constant(1)
    return {"one": tf.gradients(x[0] ** 2, x)[0], "by_tensor": tf.gradients(x[i, :2], x)[0]}


def slices(tf):
    x = _x(tf)
    begin = tf.placeholder(tf.int32, [3], name="begin")
    n = tf.shape(x)[0]
    return {
        "box": tf.slice(x, [0, 1, 1], [2, 1, 2]),
        "rest": tf.slice(x, [0, 1, 2], [-1, -1, -1]),
        "dynamic": tf.slice(x, begin, [1, 2, -1]),
        "size": tf.slice(x, [0, 0, 0], [n, 2, -1]),
        "shape": tf.slice(x, begin, tf.shape(x) - begin),
        "static": tf.slice(tf.constant(_FED), [0, 1, 0], [-1, 2, 3]),
        "strings": tf.slice(tf.constant(["a", "b", "c"]), [1], [2]),
        "feed": {x: _FED, begin: [1, 1, 1]},
    }


def slice_gradients(tf):
    x = _x(tf)
    static = tf.constant(_FED)
    dx = tf.gradients(tf.slice(x, [0, 1, 1], [-1, 2, 2]) ** 3, x)[0]
    return {
        "dx": dx,
        "ddx": tf.gradients(dx**2, x)[0],
        "static": tf.gradients(tf.slice(static, [0, 1, 0], [-1, 2, 3]) ** 2, static)[0],
        "feed": {x: _FED},
    }


def slice_size_error(tf):
    return {"y": tf.slice(tf.zeros([2, 3]), [0, 1], [2, 3])}


def slice_run_error(tf):
    begin = tf.placeholder(tf.int32, [2], name="begin")
    return {"y": tf.slice(tf.zeros([2, 3]), begin, [1, 3]), "feed": {begin: [0, 1]}}


def strided_slices(tf):
    x = _x(tf)
    return {
        "plain": tf.strided_slice(x, [0, 0, 0], [2, 3, 4], [1, 2, 3]),
        "no_strides": tf.strided_slice(x, [0, 1], [2, 3]),
        "masks": tf.strided_slice(
            x, [1, 1, 1], [2, 2, 2], [1, 1, 1], begin_mask=1, end_mask=2, shrink_axis_mask=4
        ),
        "ellipsis": tf.strided_slice(
            x, [0, 0, 1], [0, 0, 3], [1, 1, 1], ellipsis_mask=1, new_axis_mask=2
        ),
        "feed": {x: _FED},
    }


def assigned_slice_error(tf):
    return {"y": _x(tf)[0].assign(1.0)}


def boolean_masks(tf):
    x = _x(tf)
    static = tf.constant(_FED)
    mask = tf.placeholder(tf.bool, [None, 3], name="mask")
    y = tf.boolean_mask(x, mask)
    return {
        "y": y,
        "dx": tf.gradients(y**2, x)[0],
        "first": tf.boolean_mask(static, [True, False]),
        "axis": tf.boolean_mask(static, np.array([True, False, True]), axis=1),
        "strings": tf.boolean_mask(tf.constant(["a", "b"]), [False, True]),
        "feed": {x: _FED, mask: [[True, False, True], [False, True, False]]},
    }


def boolean_mask_shape_error(tf):
    return {"y": tf.boolean_mask(tf.zeros([2, 3]), [True, False, True])}


def sequence_masks(tf):
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    return {
        "fixed": tf.sequence_mask([1, 3, 2], 5),
        "longest": tf.sequence_mask(lengths),
        "floats": tf.sequence_mask(lengths, 4, dtype=tf.float32),
        "wide": tf.sequence_mask(tf.constant([[1, 2], [0, 3]], tf.int64)),
        "maxlen": tf.sequence_mask(lengths, tf.shape(lengths)[0], tf.int32),
        "feed": {lengths: [2, 0, 3]},
    }


def wheres(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.where(x > 2.0, x, -x)
    rows = tf.where([True, False], tf.constant([[1, 2], [3, 4]]), tf.zeros([2, 2], tf.int32))
    return {
        "places": tf.where(x > 2.0),
        "numbers": tf.where(x),
        "python": tf.where([[True, False], [True, True]]),
        "y": y,
        "dx": tf.gradients(y, x)[0],
        "rows": rows,
        "feed": {x: [[1.0, 0.0], [3.0, 4.0]]},
    }


def where_one_branch_error(tf):
    return {"y": tf.where([True], x=[1.0])}


def assigned_slices(tf):
    v = tf.Variable(_numbers(2, 3), name="v", use_resource=False)
    row = v[0].assign([10.0, 20.0, 30.0])
    with tf.control_dependencies([row]):
        column = v[:, ::-2].assign([[5.0, 6.0], [7.0, 8.0]], name="column")
    with tf.control_dependencies([column]):
        last = v[1, 1].assign(9.0)
    return {"last": last, "part": v[:, 1:]}


def assigned_resource_slices(tf):
    v = tf.Variable(_numbers(2, 3), name="v", use_resource=True)
    row = v[0].assign([10.0, 20.0, 30.0])
    with tf.control_dependencies([row]):
        column = v[:, 1].assign([5.0, 6.0]).read_value()
    return {"column": column}


def assigned_slice_shape_error(tf):
    v = tf.Variable(_numbers(2, 3), name="v", use_resource=False)
    return {"row": v[0].assign(1.0)}
