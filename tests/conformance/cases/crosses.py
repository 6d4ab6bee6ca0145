"""Crossed columns: strings and numbers, sparse and dense."""

import numpy as np


def _columns(tf):
    a = tf.SparseTensor(
        [[0, 0], [1, 0], [1, 1], [3, 0]], [b"a", b"b", b"c", b"longer than 16 bytes"], [4, 2]
    )
    b = tf.SparseTensor([[0, 0], [1, 0], [1, 2]], [b"d", b"e", b"f"], [4, 3])
    numbers = tf.constant([[1, -2], [3, 4], [5, 6], [7, 8]])
    return a, b, numbers


def texts(tf):
    a, b, _ = _columns(tf)
    dense = tf.constant([[b"x"], [b"y"], [b"z"], [b""]])
    return {"ab": tf.sparse.cross([a, b]), "dense": tf.sparse.cross([dense, a], name="own")}


def numbers(tf):
    a, _, numbers = _columns(tf)
    return {"a": tf.sparse.cross([a, numbers]), "alone": tf.sparse.cross([numbers, numbers])}


def hashed(tf):
    a, b, numbers = _columns(tf)
    return {
        "ab": tf.sparse.cross_hashed([a, b]),
        "buckets": tf.sparse.cross_hashed([a, b, numbers], num_buckets=100, name="own"),
        "key": tf.sparse.cross_hashed([a, numbers], num_buckets=7, hash_key=11),
        "numbers": tf.sparse.cross_hashed([numbers, numbers]),
    }


def unknown_shapes(tf):
    a = tf.sparse_placeholder(tf.string)
    crossed = tf.sparse.cross_hashed([a, tf.constant([["x", "y"]])], num_buckets=10)
    value = tf.SparseTensorValue([[0, 0]], np.array([b"q"], object), [1, 1])
    return {"crossed": crossed, "feed": {a: value}}


def no_list_error(tf):
    tf.sparse.cross(tf.constant([[b"x"]]))


def no_tensor_error(tf):
    tf.sparse.cross_hashed([[b"x"]])
