"""Sparse tensors: made, reshaped, joined, reduced, multiplied, and their gradients."""

import numpy as np


def _sparse(tf, values=None, dense_shape=(3, 4)):
    values = tf.constant([1.0, 2.0, 3.0, 4.0]) if values is None else values
    return tf.SparseTensor([[0, 1], [0, 3], [2, 0], [2, 3]], values, dense_shape)


def _other(tf):
    return tf.SparseTensor([[0, 1], [1, 2], [2, 3]], [10.0, -20.0, -4.0], [3, 4])


def _fed(tf):
    return tf.sparse_placeholder(tf.float32, name="x")


def _feed(tf, x):
    value = tf.SparseTensorValue([[0, 1], [0, 3], [2, 0]], [1.0, 2.0, 3.0], [3, 4])
    return {x: value}


def dense(tf):
    x = _fed(tf)
    matrix = tf.placeholder(tf.float32, [None, 2], name="matrix")
    words = tf.SparseTensor([[0, 0], [1, 1]], ["a", "b"], [2, 2])
    return {
        "default": tf.sparse_tensor_to_dense(x),
        "filled": tf.sparse.to_dense(_sparse(tf), default_value=-1.0),
        "words": tf.sparse_tensor_to_dense(words, default_value=""),
        "vector": tf.sparse_to_dense([1, 3], [5], 7),
        "matrix": tf.sparse_to_dense([[0, 1], [1, 0]], [2, 2], [1, 2], default_value=-1),
        "unordered": tf.sparse_to_dense([3, 1], [5], [1, 2], validate_indices=False),
        "sparse": tf.sparse.from_dense(matrix),
        "indicator": tf.sparse_to_indicator(
            tf.SparseTensor([[0, 0], [1, 0]], tf.constant([2, 0], tf.int64), [2, 1]), 3
        ),
        "feed": {matrix: [[0.0, 1.0], [2.0, 0.0]], x: _feed(tf, x)[x]},
    }


def dense_order_error(tf):
    i = tf.placeholder(tf.int64, [None], name="i")
    return {"y": tf.sparse_to_dense(i, [5], [1.0, 2.0]), "feed": {i: [3, 1]}}


def dense_bounds_error(tf):
    i = tf.placeholder(tf.int64, [None], name="i")
    return {"y": tf.sparse_to_dense(i, [2], [1.0, 2.0]), "feed": {i: [1, 2]}}


def dense_gradients(tf):
    v = tf.constant([1.0, 2.0, 3.0, 4.0])
    y = tf.sparse_tensor_to_dense(_sparse(tf, v))
    return {"dv": tf.gradients(y**2, v)[0]}


def products(tf):
    x = _fed(tf)
    b = tf.placeholder(tf.float32, [None, 2], name="b")
    y = tf.sparse_tensor_dense_matmul(x, b)
    wide = tf.constant(np.arange(6, dtype=np.float32).reshape(2, 3))
    return {
        "y": y,
        "transposed": tf.sparse.matmul(_sparse(tf), wide, adjoint_a=True, adjoint_b=True),
        "db": tf.gradients(y**2, b)[0],
        "dv": tf.gradients(y**2, x.values)[0],
        "feed": {x: _feed(tf, x)[x], b: np.arange(8, dtype=np.float32).reshape(4, 2)},
    }


def product_gradients(tf):
    v = tf.constant([1.0, 2.0, 3.0, 4.0])
    b = tf.constant(np.arange(6, dtype=np.float32).reshape(2, 3))
    y = tf.sparse_tensor_dense_matmul(_sparse(tf, v), b, adjoint_a=True, adjoint_b=True)
    return {"y": y, "grads": tf.gradients(y**2, [v, b])}


def sums(tf):
    v = tf.constant([1.0, 2.0, 3.0, 4.0])
    x = _sparse(tf, v)
    both = tf.sparse_add(x, _other(tf))
    dense = tf.ones([3, 4])
    mixed = tf.sparse_add(x, dense)
    return {
        "both": both,
        "large": tf.sparse_add(x, _other(tf), thresh=5.0),
        "mixed": mixed,
        "swapped": tf.sparse.add(dense, x),
        "dv": tf.gradients(both.values**2, v)[0],
        "dmixed": tf.gradients(mixed**2, [v, dense]),
        "maximum": tf.sparse_maximum(x, _other(tf)),
        "minimum": tf.sparse_minimum(x, _other(tf)),
    }


def sum_of_dense_error(tf):
    return {"y": tf.sparse_add(tf.ones([2]), tf.ones([2]))}


def operators(tf):
    v = tf.constant([1.0, 2.0, 3.0, 4.0])
    x = _sparse(tf, v)
    y = tf.constant([[2.0], [4.0], [8.0]])
    product, quotient = x * y, x / y
    return {
        "product": product,
        "quotient": quotient,
        "dproduct": tf.gradients(product.values**2, [v, y]),
        "dquotient": tf.gradients(quotient.values**2, [v, y]),
        "negative": tf.negative(x),
        "square": tf.square(x),
    }


def reductions(tf):
    x = _fed(tf)
    v = tf.constant([1.0, 2.0, 3.0, 4.0])
    s = _sparse(tf, v)
    rows = tf.sparse_reduce_sum(s, 1)
    return {
        "all": tf.sparse_reduce_sum(x),
        "rows": rows,
        "kept": tf.sparse_reduce_sum(s, [0], keep_dims=True),
        "old": tf.sparse_reduce_sum(s, reduction_axes=[-1]),
        "largest": tf.sparse_reduce_max(s, 1),
        "sparse": tf.sparse_reduce_sum_sparse(s, 1),
        "sparse_max": tf.sparse_reduce_max_sparse(s, 0, keepdims=True),
        "drows": tf.gradients(rows**2, v)[0],
        "feed": _feed(tf, x),
    }


def orders(tf):
    v = tf.constant([4.0, 1.0, 3.0])
    x = tf.SparseTensor([[2, 0], [0, 1], [0, 3]], v, [3, 4])
    y = tf.sparse_reorder(x)
    fed = _fed(tf)
    return {
        "y": y,
        "dv": tf.gradients(y.values * tf.constant([1.0, 2.0, 3.0]), v)[0],
        "fed": tf.sparse.reorder(fed),
        "transposed": tf.sparse_transpose(y),
        "permuted": tf.sparse.transpose(fed, [1, 0]),
        "feed": _feed(tf, fed),
    }


def reshapes(tf):
    x, s = _fed(tf), _sparse(tf)
    return {
        "known": tf.sparse_reshape(s, [2, 6]),
        "rest": tf.sparse_reshape(s, [-1]),
        "fed": tf.sparse.reshape(x, [4, -1]),
        "expanded": tf.sparse.expand_dims(s, 1),
        "reset": tf.sparse_reset_shape(s, [4, 5]),
        "tight": tf.sparse_reset_shape(x),
        "feed": _feed(tf, x),
    }


def reshape_size_error(tf):
    return {"y": tf.sparse_reshape(_sparse(tf), [5, 5])}


def concats(tf):
    x, s, o = _fed(tf), _sparse(tf), _other(tf)
    return {
        "rows": tf.sparse_concat(0, [s, o]),
        "columns": tf.sparse_concat(axis=1, sp_inputs=[s, x]),
        "old": tf.sparse_concat(sp_inputs=[s, o], concat_dim=-1, axis=None),
        "one": tf.sparse_concat(0, [s]),
        "feed": _feed(tf, x),
    }


def concat_expanded(tf):
    a = tf.SparseTensor([[0, 0]], [1], [1, 2])
    b = tf.SparseTensor([[1, 3]], [2], [2, 4])
    return {"y": tf.sparse_concat(0, [a, b], expand_nonconcat_dim=True)}


def parts(tf):
    v = tf.constant([1.0, 2.0, 3.0, 4.0])
    s = _sparse(tf, v)
    cut = tf.sparse_slice(s, [0, 1], [2, 3])
    filled, empty = tf.sparse_fill_empty_rows(s, 9.0)
    return {
        "cut": cut,
        "dcut": tf.gradients(cut.values**2, v)[0],
        "split": tf.sparse_split(sp_input=s, num_split=2, axis=1),
        "uneven": tf.sparse.split(sp_input=s, num_split=2, axis=0),
        "retained": tf.sparse_retain(s, [True, False, True, False]),
        "filled": filled,
        "empty": empty,
        "dfilled": tf.gradients(filled.values**2, v)[0],
        "eye": tf.sparse.eye(2, 3),
    }


def merges(tf):
    ids = tf.SparseTensor([[0, 0], [1, 0], [1, 1]], [2, 1, 0], [2, 2])
    values = tf.SparseTensor([[0, 0], [1, 0], [1, 1]], [1.0, 2.0, 3.0], [2, 2])
    return {"y": tf.sparse_merge(ids, values, 3)}


def softmaxes(tf):
    v = tf.constant([1.0, 2.0, 3.0, 4.0])
    y = tf.sparse_softmax(_sparse(tf, v))
    return {"y": y, "dv": tf.gradients(y.values * tf.constant([1.0, 2.0, 3.0, 5.0]), v)[0]}
