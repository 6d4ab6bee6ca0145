"""Draws from given distributions, and the candidate samplers."""

import numpy as np


def multinomials(tf):
    logits = tf.log([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
    return {
        "classes": tf.multinomial(logits, 6, seed=1),
        "int32": tf.multinomial(logits, 3, seed=2, output_dtype=tf.int32),
        "categorical": tf.random.categorical(logits, 4, seed=3),
        "runs": 3,
    }


def multinomial_known_in_the_run(tf):
    logits = tf.placeholder(tf.float32, [None, 3], name="logits")
    n = tf.placeholder(tf.int32, [], name="n")
    feed = [{logits: np.zeros((2, 3)), n: 3}, {logits: [[0, 9, 0]], n: 5}]
    return {"classes": tf.multinomial(logits, n, seed=4), "feed": feed}


def multinomial_vector_error(tf):
    return {"classes": tf.multinomial([0.5, 0.5], 3, seed=1)}


def gammas(tf):
    return {
        "scalar": tf.random_gamma([4], 0.5, seed=1),
        "both": tf.random_gamma([3, 2], [0.5, 1.0, 4.0], beta=2.0, seed=2),
        "broadcast": tf.random_gamma([2], [[1.0], [3.0]], beta=[1.0, 2.0], seed=3),
        "float64": tf.random.gamma([5], 2.5, dtype=tf.float64, seed=4),
        "runs": 2,
    }


def gamma_gradients(tf):
    alpha = tf.constant([0.3, 1.7, 9.0])
    beta = tf.constant([1.0, 2.0, 0.5])
    x = tf.random_gamma([4], alpha, beta, seed=6)
    return {"x": x, "grads": tf.gradients(x, [alpha, beta])}


def poissons(tf):
    return {
        "floats": tf.random_poisson([0.5, 20.0], [5], seed=1),
        "scalar": tf.random_poisson(3.0, [2, 3], seed=2),
        "ints": tf.random.poisson([1.0, 4.0], [3], dtype=tf.int32, seed=3),
        "runs": 2,
    }


def stateless(tf):
    seed = [3, 14]
    return {
        "uniform": tf.random.stateless_uniform([4], seed),
        "range": tf.random.stateless_uniform([4], seed, -1.0, 3.0, tf.float64, name="r"),
        "ints": tf.random.stateless_uniform([4], seed, 0, 10, tf.int32),
        "normal": tf.random.stateless_normal([2, 3], seed, 1.0, 3.0),
        "truncated": tf.random.stateless_truncated_normal([9], seed),
        "multinomial": tf.random.stateless_multinomial([[0.0, 1.0, 2.0]], 7, seed),
        "categorical": tf.random.stateless_categorical([[0.0, 1.0, 2.0]], 7, seed, tf.int32),
        "again": tf.random.stateless_uniform([4], np.array([-1, 2], np.int32)),
        "runs": 2,
    }


def samplers_with_replacement(tf):
    true = tf.constant([[0, 3], [2, 5]], tf.int64)
    return {
        "uniform": tf.random.uniform_candidate_sampler(true, 2, 5, False, 20, seed=1),
        "log_uniform": tf.random.log_uniform_candidate_sampler(true, 2, 5, False, 20, seed=2),
        "runs": 3,
    }


def samplers_without_replacement(tf):
    true = tf.constant([[0], [7]], tf.int64)
    return {
        "uniform": tf.nn.uniform_candidate_sampler(true, 1, 15, True, 20, seed=1),
        "log_uniform": tf.nn.log_uniform_candidate_sampler(true, 1, 15, True, 20, seed=2),
        "all": tf.nn.all_candidate_sampler(true, 1, 10, True, seed=3),
        "runs": 2,
    }


def samplers_by_frequency(tf):
    true = tf.placeholder(tf.int64, [None, 1], name="true")
    weights = [3.0, 1.0, 1.0, 0.5, 4.0]
    return {
        "learned": tf.nn.learned_unigram_candidate_sampler(true, 1, 6, False, 8, seed=1),
        "fixed": tf.nn.fixed_unigram_candidate_sampler(
            true, 1, 4, True, 7, distortion=0.75, num_reserved_ids=2, unigrams=weights, seed=2
        ),
        "feed": [{true: [[4]]}, {true: [[4], [5]]}, {true: [[1], [2], [4]]}],
    }


def accidental_hits(tf):
    true = tf.constant([[0, 3], [2, 5], [3, 3]], tf.int64)
    sampled = tf.constant([9, 3, 2, 7, 3], tf.int64)
    hits = tf.nn.compute_accidental_hits(true, sampled, 2)
    return {"rows": hits[0], "places": hits[1], "weights": hits[2]}


def sampler_range_too_small_error(tf):
    true = tf.constant([[0]], tf.int64)
    return {"x": tf.nn.uniform_candidate_sampler(true, 1, 5, True, 4, seed=1)}


def sampler_columns_error(tf):
    true = tf.constant([[0, 1]], tf.int64)
    return {"x": tf.nn.uniform_candidate_sampler(true, 1, 3, True, 4, seed=1)}
