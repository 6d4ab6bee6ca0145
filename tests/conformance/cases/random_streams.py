"""Random tensors: which nodes they are, and what they draw in successive runs."""

import numpy as np


def seeds_of_graph_and_op(tf):
    tf.set_random_seed(42)
    return {
        "both": tf.random_uniform([3], seed=7),
        "graph_only": tf.random_uniform([3]),
        "negative": tf.random_normal([3], seed=-5),
        "large": tf.random_normal([3], seed=2**31 + 5),
        "pairs": [tf.get_seed(0), tf.get_seed(None), tf.get_seed(2**31 - 1)],
        "runs": 3,
    }


def seed_of_op_only(tf):
    return {
        "uniform": tf.random_uniform([2, 3], seed=1),
        "normal": tf.random_normal([2, 3], seed=1),
        "pairs": [tf.get_seed(3), tf.get_seed(None), tf.get_seed(-1)],
        "runs": 2,
    }


def seed_zero(tf):
    tf.set_random_seed(0)
    return {"pair": tf.get_seed(0), "drawn": tf.random_uniform([3], seed=0), "runs": 2}


def op_seeds_count_nodes(tf):
    tf.set_random_seed(1)
    first = tf.random_uniform([2])
    tf.constant(1.0)
    second = tf.random_uniform([2])
    return {"first": first, "second": second}


def uniforms(tf):
    return {
        "float32": tf.random_uniform([5], seed=1),
        "range": tf.random_uniform([2, 2], -3.0, 5.0, seed=2, name="range"),
        "float64": tf.random_uniform([5], dtype=tf.float64, seed=3),
        "float16": tf.random_uniform([5], dtype=tf.float16, seed=4),
        "int32": tf.random_uniform([7], -2, 9, dtype=tf.int32, seed=5),
        "int64": tf.random_uniform([7], maxval=2**40, dtype=tf.int64, seed=6),
        "scalar": tf.random_uniform([], seed=7),
        "empty": tf.random_uniform([0, 3], seed=8),
        "namespace": tf.random.uniform((3,), seed=9),
        "runs": 2,
    }


def normals(tf):
    return {
        "normal": tf.random_normal([2, 3], 1.0, 2.0, seed=1),
        "float64": tf.random_normal([5], dtype=tf.float64, seed=2),
        "truncated": tf.truncated_normal([300], stddev=0.1, seed=3),
        "truncated64": tf.truncated_normal([7], dtype=tf.float64, seed=4, name="t"),
        "runs": 3,
    }


def shapes_known_in_the_run(tf):
    n = tf.placeholder(tf.int32, [], name="n")
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    feeds = [{n: 3, x: np.zeros((1, 2))}, {n: 10, x: np.zeros((4, 2))}]
    return {
        "packed": tf.random_uniform([n, 2], seed=1),
        "like": tf.random_normal(tf.shape(x), seed=2),
        "truncated": tf.truncated_normal(tf.stack([n]), seed=3),
        "feed": feeds,
    }


def dimensions_in_shapes(tf):
    x = tf.zeros([2, 3])
    return {
        "dimension": tf.random_uniform([x.get_shape()[1], 2], seed=1),
        "tensor_shape": tf.random_normal(x.get_shape(), seed=2),
    }


def variables_start_from_draws(tf):
    tf.set_random_seed(3)
    v = tf.Variable(tf.truncated_normal([3, 2], stddev=0.5))
    w = tf.get_variable("w", [2, 2])
    return {"v": v, "w": w, "product": tf.matmul(v, w)}


def sessions_start_over(tf):
    x = tf.random_uniform([2], seed=1)
    values = []
    for _ in range(2):
        with tf.Session() as session:
            values += [session.run(x), session.run(x)]
    return {"values": values}


def two_nodes_with_one_seed(tf):
    return {"a": tf.random_uniform([3], seed=5), "b": tf.random_uniform([3], seed=5), "runs": 2}


def drawn_once_a_run(tf):
    x = tf.random_uniform([2], seed=5)
    return {"x": x, "difference": (x + 1.0) - x, "twice": [x * 2.0, x * 2.0], "runs": 2}


def gradients_pass_by(tf):
    w = tf.constant([1.0, 2.0])
    y = tf.reduce_sum(w * tf.random_uniform([2], seed=1))
    scale = tf.constant(2.0)
    z = tf.random_normal([3], mean=scale, stddev=scale, seed=2)
    return {"dw": tf.gradients(y, w), "dscale": tf.gradients(z, scale), "runs": 2}


def shuffles(tf):
    return {
        "vector": tf.random_shuffle(tf.range(11), seed=1),
        "matrix": tf.random_shuffle(tf.reshape(tf.range(12), [6, 2]), seed=2),
        "strings": tf.random_shuffle(["a", "b", "c", "d"], seed=3),
        "one": tf.random.shuffle([[1, 2]], seed=4),
        "scalar": tf.random_shuffle(5, seed=5),
        "runs": 3,
    }


def crops(tf):
    image = tf.reshape(tf.range(5 * 7 * 3), [5, 7, 3])
    return {"crop": tf.random_crop(image, [2, 3, 3], seed=8), "runs": 3}


def crop_too_large_error(tf):
    return {"crop": tf.random_crop(tf.zeros([2, 2]), [3, 1], seed=1)}


def integers_without_limit_error(tf):
    return {"x": tf.random_uniform([2], dtype=tf.int32)}


def uniform_strings_error(tf):
    return {"x": tf.random_uniform([2], dtype=tf.string)}


def empty_range_error(tf):
    return {"x": tf.random_uniform([2], 5, 5, dtype=tf.int32)}


def negative_size_error(tf):
    n = tf.placeholder(tf.int32, [])
    return {"x": tf.random_uniform([n], seed=1), "feed": {n: -2}}


def shape_of_rank_two_error(tf):
    return {"x": tf.random_uniform([[2, 3]], seed=1)}
