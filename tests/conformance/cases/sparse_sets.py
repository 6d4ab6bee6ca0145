"""Sets along the last dimension, structures, and what is known before a run."""

import numpy as np


def _sparse(tf):
    return tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [3, 5, 9], [2, 2])


def dense_sets(tf):
    a = tf.placeholder(tf.int32, [2, None], name="a")
    b = tf.constant([[3, 4], [9, 9]])
    return {
        "intersection": tf.sets.intersection(a, b),
        "union": tf.sets.set_union(a, b),
        "difference": tf.sets.set_difference(a, b),
        "other": tf.sets.difference(a, b, aminusb=False),
        "words": tf.sets.union([["b", "a"]], [["c", "a"]]),
        "feed": {a: [[5, 3, 3], [9, 1, 2]]},
    }


def sparse_sets(tf):
    a, b = _sparse(tf), tf.constant([[3, 4], [9, 9]])
    return {
        "both": tf.sets.intersection(a, _sparse(tf)),
        "mixed": tf.sets.set_difference(a, b),
        "swapped": tf.sets.set_difference(b, a),
        "size": tf.sets.set_size(a),
    }


def set_types_error(tf):
    return {"y": tf.sets.set_union([[1.0]], [[2.0]])}


def unraveled(tf):
    i = tf.placeholder(tf.int32, [None], name="i")
    return {
        "y": tf.unravel_index(i, [2, 3]),
        "scalar": tf.unravel_index(4, [2, 3]),
        "feed": {i: [0, 5, 3]},
    }


def paths(tf):
    nest = tf.contrib.framework.nest
    structure = {"b": [1, (2, 3)], "a": 4}
    named = nest.map_structure_with_paths(lambda path, x: "%s=%d" % (path, x), structure)
    pairs = nest.flatten_with_joined_string_paths(structure)
    return {
        "flat": nest.flatten(structure),
        "named": [named["a"], named["b"][0], named["b"][1][1]],
        "pairs": ["%s:%d" % pair for pair in pairs],
        "packed": nest.pack_sequence_as(structure, [7, 8, 9, 10])["b"][1][0],
        "mapped": tf.nest.map_structure(lambda x, y: x + y, [1, [2]], [3, [4]])[1][0],
        "is_nested": tf.nest.is_nested([1]),
    }


def structure_error(tf):
    return {"y": tf.contrib.framework.nest.assert_same_structure([1, 2], [1])}


def static_values(tf):
    x = tf.placeholder(tf.float32, [2, 3])
    known = tf.contrib.util.constant_value
    return {
        "constant": known(tf.constant([1, 2])),
        "shape": known(tf.shape(x)),
        "cast": known(tf.cast(tf.shape(x), tf.int64)),
        "joined": known(tf.concat([[1], tf.shape(x)], 0)),
        "stacked": known(tf.stack([tf.size(x), 5])),
        "placeholder": known(x) is None,
        "sum": known(tf.constant(1) + 1) is None,
        "tensor": tf.contrib.framework.is_tensor(x),
        "array": tf.contrib.framework.is_tensor(np.zeros(2)),
    }
